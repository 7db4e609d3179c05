"""The diagrams of a bundle as written: processes, scopes, flow nodes and sequence flows.

This is the BPMN before called processes are put in place (`workflows.catalogue` does that) and
before anything is judged (`workflows.checks`). Element names are those of BPMN 2.0.2
(OMG formal/13-12-09), chapter 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from workflows import xml
from workflows.contract import DeploymentError, Finding

CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
_BPMN: Final = f"{{{xml.BPMN}}}"
_CAMUNDA: Final = f"{{{CAMUNDA}}}"

TASKS: Final = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "businessRuleTask", "sendTask",
     "receiveTask", "scriptTask"}
)  # fmt: skip
SUB_PROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES: Final = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway",
     "complexGateway"}
)  # fmt: skip
EVENTS: Final = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent",
     "boundaryEvent"}
)  # fmt: skip
#: Children of a process or sub-process that neither run nor are run.
_SILENT: Final = frozenset(
    {"documentation", "extensionElements", "laneSet", "sequenceFlow", "incoming", "outgoing",
     "dataObject", "dataObjectReference", "dataStoreReference", "textAnnotation", "association",
     "group", "property", "artifact", "multiInstanceLoopCharacteristics",
     "standardLoopCharacteristics", "auditing", "monitoring", "ioSpecification", "ioBinding",
     "dataInputAssociation", "dataOutputAssociation", "resourceRole", "potentialOwner",
     "performer", "humanPerformer", "correlationSubscription", "supports",
     "completionCondition"}
)  # fmt: skip


def local(node: etree._Element) -> str:
    """The BPMN local name, or "" for a node of another namespace."""
    tag = str(node.tag)
    return tag[len(_BPMN) :] if tag.startswith(_BPMN) else ""


def children(node: etree._Element, *names: str) -> Iterator[etree._Element]:
    """BPMN children by local name, in document order."""
    for child in node:
        if local(child) in names:
            yield child


def child_text(node: etree._Element, name: str) -> str:
    """The stripped text of the first such child, "" if there is none."""
    for child in children(node, name):
        return (child.text or "").strip()
    return ""


def extensions(node: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Camunda extension elements of this very node, by local name."""
    wanted = {_CAMUNDA + name for name in names}
    for holder in children(node, "extensionElements"):
        for child in holder:
            if child.tag in wanted:
                yield child


def camunda(node: etree._Element, name: str) -> str:
    """An attribute of the camunda namespace, stripped, "" if absent."""
    return (node.get(_CAMUNDA + name) or "").strip()


def properties(node: etree._Element) -> dict[str, str]:
    """``camunda:properties`` as a mapping; a name given twice keeps its last value."""
    found: dict[str, str] = {}
    for holder in extensions(node, "properties"):
        for item in holder.iterchildren(_CAMUNDA + "property"):
            name = item.get("name")
            if name:
                found[name] = item.get("value") or ""
    return found


def words(text: str) -> tuple[str, ...]:
    """A list written with commas or spaces."""
    return tuple(text.replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow. ``condition`` is FEEL without a leading "="; "" when there is none."""

    id: str
    source: str
    target: str
    condition: str = ""
    default: bool = False
    name: str = ""
    name_en: str = ""


@dataclass(eq=False, slots=True)
class FlowNode:
    """One flow node as written; ``node`` is its XML."""

    id: str
    kind: str
    node: etree._Element
    scope: Scope
    inner: Scope | None = None  # of a sub-process

    @property
    def name(self) -> str:
        return (self.node.get("name") or "").strip()

    @property
    def properties(self) -> dict[str, str]:
        return properties(self.node)

    @property
    def event_definitions(self) -> list[etree._Element]:
        return [child for child in self.node if local(child).endswith("EventDefinition")]

    @property
    def event(self) -> str:
        """What the event waits for or throws: timer, message, signal, error, escalation,
        terminate, ...; "" for a none event or another kind of node. Of several, the first."""
        for definition in self.event_definitions:
            return local(definition).removesuffix("EventDefinition")
        return ""

    @property
    def timer(self) -> tuple[str, str]:
        """(date | duration | cycle, text as written), or ("", "")."""
        for definition in self.event_definitions:
            for kind in ("date", "duration", "cycle"):
                for holder in children(definition, f"time{kind.capitalize()}"):
                    return kind, (holder.text or "").strip()
        return "", ""

    @property
    def attached_to(self) -> str:
        return self.node.get("attachedToRef") or ""

    @property
    def interrupting(self) -> bool:
        """Of a boundary event or the start event of an event sub-process."""
        name = "cancelActivity" if self.kind == "boundaryEvent" else "isInterrupting"
        return (self.node.get(name) or "true").lower() != "false"

    @property
    def triggered(self) -> bool:
        """An event sub-process."""
        return self.kind == "subProcess" and self.node.get("triggeredByEvent") == "true"

    @property
    def loop(self) -> etree._Element | None:
        names = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
        return next(children(self.node, *names), None)

    @property
    def message_ref(self) -> str:
        """The id of the message it sends or waits for."""
        for holder in (self.node, *self.event_definitions):
            if holder.get("messageRef"):
                return holder.get("messageRef") or ""
        return ""


@dataclass(eq=False, slots=True)
class Scope:
    """The inside of a process or of an embedded sub-process."""

    process: Process
    node: etree._Element
    host: FlowNode | None = None  # the sub-process it is the inside of
    nodes: dict[str, FlowNode] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    strangers: list[etree._Element] = field(default_factory=list)  # BPMN we do not know
    twins: list[str] = field(default_factory=list)  # ids that stood here already

    _out: dict[str, list[Flow]] = field(default_factory=dict)
    _in: dict[str, list[Flow]] = field(default_factory=dict)
    _on: dict[str, list[FlowNode]] = field(default_factory=dict)

    def add_node(self, node: FlowNode) -> None:
        self.nodes[node.id] = node
        if node.attached_to:
            self._on.setdefault(node.attached_to, []).append(node)

    def add_flow(self, flow: Flow) -> None:
        self.flows.append(flow)
        self._out.setdefault(flow.source, []).append(flow)
        self._in.setdefault(flow.target, []).append(flow)

    def outgoing(self, id: str) -> list[Flow]:
        return self._out.get(id, [])

    def incoming(self, id: str) -> list[Flow]:
        return self._in.get(id, [])

    def boundaries(self, id: str) -> list[FlowNode]:
        """The boundary events on that activity."""
        return self._on.get(id, [])

    def walk(self) -> Iterator[Scope]:
        """This scope and all within it."""
        yield self
        for node in self.nodes.values():
            if node.inner is not None:
                yield from node.inner.walk()


@dataclass(frozen=True, slots=True)
class Lane:
    """``role`` is the lane's camunda property "role", a key of the plan's roles."""

    id: str
    name: str
    name_en: str = ""
    role: str = ""


@dataclass(eq=False, slots=True)
class Process:
    """One ``bpmn:process`` of one file."""

    id: str
    file: str
    node: etree._Element
    executable: bool
    lanes: dict[str, Lane] = field(default_factory=dict)  # flow node id -> innermost lane
    scope: Scope = field(init=False)

    @property
    def name(self) -> str:
        return (self.node.get("name") or "").strip()


@dataclass(frozen=True, slots=True)
class Diagrams:
    """All BPMN files of a bundle. ``messages``, ``signals``, ``errors`` and ``escalations`` map
    an id to a name (of an error or escalation: its code)."""

    processes: Mapping[str, Process]
    messages: Mapping[str, str]
    signals: Mapping[str, str]
    errors: Mapping[str, str]
    escalations: Mapping[str, str]
    roots: Mapping[str, etree._Element]  # file -> definitions
    findings: tuple[Finding, ...]


def read(files: Mapping[str, bytes]) -> Diagrams:
    """Read every ``*.bpmn`` of ``files``. Raises DeploymentError with what `workflows.xml.parse`
    found, for all files at once."""
    roots: dict[str, etree._Element] = {}
    faults: list[Finding] = []
    for file in sorted(name for name in files if name.lower().endswith(".bpmn")):
        try:
            roots[file] = xml.parse(files[file], file)
        except DeploymentError as error:
            faults.extend(error.findings)
    if faults:
        raise DeploymentError(faults)
    findings: list[Finding] = []
    processes: dict[str, Process] = {}
    named: dict[str, dict[str, str]] = {
        "message": {}, "signal": {}, "error": {}, "escalation": {}
    }  # fmt: skip
    for file, root in roots.items():
        for node in children(root, *named):
            texts = named[local(node)]
            key = {"error": "errorCode", "escalation": "escalationCode"}.get(local(node), "name")
            texts[node.get("id") or ""] = (node.get(key) or node.get("name") or "").strip()
        for node in children(root, "process"):
            process = _process(node, file)
            if process.id in processes:
                findings.append(Finding("duplicate_process", "error", file, process.id))
            else:
                processes[process.id] = process
    return Diagrams(
        processes=processes, messages=named["message"], signals=named["signal"],
        errors=named["error"], escalations=named["escalation"], roots=roots,
        findings=tuple(findings),
    )  # fmt: skip


def _process(node: etree._Element, file: str) -> Process:
    executable = (node.get("isExecutable") or "true") == "true"
    process = Process(node.get("id") or "", file, node, executable)
    process.scope = _scope(process, node, None)
    for lane_set in children(node, "laneSet"):
        _lanes(lane_set, process.lanes)
    return process


def _lanes(lane_set: etree._Element, lanes: dict[str, Lane]) -> None:
    for node in children(lane_set, "lane"):
        own = properties(node)
        lane = Lane(
            node.get("id") or "", (node.get("name") or "").strip(), own.get("name.en", ""),
            own.get("role", ""),
        )  # fmt: skip
        for reference in children(node, "flowNodeRef"):
            lanes[(reference.text or "").strip()] = lane
        for inner in children(node, "childLaneSet"):  # after the outer: the innermost wins
            _lanes(inner, lanes)


def _scope(process: Process, holder: etree._Element, host: FlowNode | None) -> Scope:
    scope = Scope(process, holder, host)
    defaults = {child.get("default") for child in holder if child.get("default")}
    for child in holder:
        kind = local(child)
        id = child.get("id") or ""
        if kind in ACTIVITIES | GATEWAYS | EVENTS:
            if id in scope.nodes:
                scope.twins.append(id)
                continue
            made = FlowNode(id, kind, child, scope)
            if kind in SUB_PROCESSES:
                made.inner = _scope(process, child, made)
            scope.add_node(made)
        elif kind == "sequenceFlow":
            scope.add_flow(_flow(child, id in defaults))
        elif kind and kind not in _SILENT and not kind.endswith("EventDefinition"):
            scope.strangers.append(child)
    return scope


def _flow(node: etree._Element, default: bool) -> Flow:
    condition = child_text(node, "conditionExpression")
    return Flow(
        id=node.get("id") or "",
        source=node.get("sourceRef") or "",
        target=node.get("targetRef") or "",
        condition=condition.removeprefix("=").strip(),
        default=default,
        name=(node.get("name") or "").strip(),
        name_en=properties(node).get("name.en", ""),
    )
