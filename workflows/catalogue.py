"""Every element of a plan by its path, called processes put in place.

A path joins the ids of the sub-processes and call activities an element stands in:
``respond/approve_release/draft``. The same called process stands once under each of its
callers, with the roles as bound there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workflows import diagram, elements
from workflows.contract import DeploymentError, Element, Finding
from workflows.diagram import Diagrams, Flow, FlowNode, Process, Scope, camunda, extensions, words
from workflows.findings import Findings
from workflows.retold import retell

#: Elements after all calls are expanded; calls that call each other fan-wise grow without bound.
MAX_ELEMENTS: Final = 20_000
MAX_CALL_DEPTH: Final = 20


@dataclass(frozen=True, slots=True)
class DataMapping:
    """One ``camunda:in`` or ``camunda:out``: a variable or a FEEL expression to a variable;
    ``everything`` for ``variables="all"``."""

    source: str = ""
    expression: str = ""
    target: str = ""
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call activity in its place."""

    path: str
    process_id: str
    ins: tuple[DataMapping, ...]
    outs: tuple[DataMapping, ...]


@dataclass(frozen=True, slots=True)
class PlacedFlow:
    """A sequence flow in its place; ``source`` and ``target`` are paths."""

    id: str
    path: str
    source: str
    target: str
    condition: str = ""
    default: bool = False
    name: str = ""
    name_en: str = ""


@dataclass(eq=False, slots=True)
class Place:
    """A process or sub-process in its place: ``path`` is "" for the plan's own process, else the
    path of the call activity or sub-process whose inside it is. ``roles`` binds the role keys
    usable there to roles of the organisation."""

    path: str
    scope: Scope
    roles: Mapping[str, str]
    parent: Place | None = None
    call: Call | None = None  # set when this is the inside of a call activity
    inner: list[Place] = field(default_factory=list)

    def path_of(self, id: str) -> str:
        return f"{self.path}/{id}" if self.path else id

    def up(self) -> Iterator[Place]:
        """This place, then those it stands in."""
        place: Place | None = self
        while place is not None:
            yield place
            place = place.parent

    def walk(self) -> Iterator[Place]:
        yield self
        for place in self.inner:
            yield from place.walk()


@dataclass(eq=False, slots=True)
class Catalogue:
    """``elements``, ``flows`` and ``calls`` are keyed by path. ``findings`` are what was noticed
    while putting calls in place (process missing, a process that calls itself, too many
    elements); `workflows.checks.check` hands them on. ``names`` are the message, signal, error
    and escalation definitions by id."""

    process_id: str
    elements: dict[str, Element]
    flows: dict[str, PlacedFlow]
    calls: dict[str, Call]
    processes: Mapping[str, Process]
    messages: Mapping[str, str]
    signals: Mapping[str, str]
    errors: Mapping[str, str]
    escalations: Mapping[str, str]
    root: Place
    diagrams: Diagrams
    findings: tuple[Finding, ...] = ()

    def file_of(self, element: Element) -> str:
        """The file the element is drawn in."""
        return self.processes[element.process_id].file

    def written(self) -> Iterator[Element]:
        """Each element once, at its first path, however often its process is called."""
        seen = set[tuple[str, str]]()
        for element in self.elements.values():
            key = (element.process_id, element.id)
            if key not in seen:
                seen.add(key)
                yield element


def read(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Catalogue:
    """The catalogue of a bundle (``files``: name to bytes; ``manifest``: plan.toml).

    The plan's own process is ``manifest["process"]`` (``key`` if that is absent). Raises
    DeploymentError when a file cannot be read (`workflows.xml`), or with ``process_missing`` when
    no file holds the plan's process. Everything else wrong is left to `workflows.checks`.
    """
    diagrams = diagram.read(files)
    process_id = str(manifest.get("process") or manifest.get("key") or "")
    main = diagrams.processes.get(process_id)
    if main is None:
        found = ", ".join(sorted(diagrams.processes))
        args = {"process": process_id, "found": found}
        raise DeploymentError([Finding("process_missing", "error", "plan.toml", args=args)])
    return _Reader(diagrams, manifest).read(main)


def bindings(manifest: Mapping[str, Any]) -> dict[str, str]:
    """``[roles]`` of plan.toml as abstract key to the organisation's role key."""
    roles = manifest.get("roles") or {}
    bound = {}
    for key, value in roles.items():
        role = value.get("role", key) if isinstance(value, Mapping) else value
        bound[str(key)] = str(role)
    return bound


class _Reader:
    def __init__(self, diagrams: Diagrams, manifest: Mapping[str, Any]) -> None:
        self.diagrams = diagrams
        self.manifest = manifest
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, PlacedFlow] = {}
        self.calls: dict[str, Call] = {}
        self.findings = Findings()
        self.lane_roles = _lane_roles(manifest)
        self.full = False

    def read(self, main: Process) -> Catalogue:
        root = Place("", main.scope, bindings(self.manifest))
        self._place(root, (main.id,))
        self._read_elements(root)
        elements.hand_down(self.elements)
        retell(self.elements, self.manifest, self.findings)
        return Catalogue(
            process_id=main.id, elements=self.elements, flows=self.flows, calls=self.calls,
            processes=self.diagrams.processes, messages=self.diagrams.messages,
            signals=self.diagrams.signals, errors=self.diagrams.errors,
            escalations=self.diagrams.escalations, root=root, diagrams=self.diagrams,
            findings=(*self.diagrams.findings, *self.findings.all()),
        )  # fmt: skip

    # First the places, so that names can be looked up anywhere; then the elements.

    def _place(self, place: Place, chain: tuple[str, ...], count: int = 0) -> int:
        """Puts everything inside ``place`` in place; ``chain`` are the processes being called.
        Returns how many elements stand so far."""
        count += len(place.scope.nodes)
        for node in place.scope.nodes.values():
            if count > MAX_ELEMENTS:
                if not self.full:
                    self._find("too_many_elements", node, limit=str(MAX_ELEMENTS))
                self.full = True
                return count
            if node.inner is not None:
                inside = Place(place.path_of(node.id), node.inner, place.roles, place)
            elif node.kind == "callActivity":
                called = self._called(place, node, chain)
                if called is None:
                    continue
                inside = called
            else:
                continue
            place.inner.append(inside)
            called_now = chain if inside.call is None else (*chain, inside.call.process_id)
            count = self._place(inside, called_now, count)
        return count

    def _called(self, place: Place, node: FlowNode, chain: tuple[str, ...]) -> Place | None:
        process_id = node.node.get("calledElement") or ""
        path = place.path_of(node.id)
        call = Call(path, process_id, _mappings(node, "in"), _mappings(node, "out"))
        self.calls[path] = call
        process = self.diagrams.processes.get(process_id)
        if process is None:
            self._find("called_process_missing", node, process=process_id)
            return None
        if process_id in chain:
            self._find("recursive_call", node, process=" > ".join((*chain, process_id)))
            return None
        if len(chain) > MAX_CALL_DEPTH:
            self._find("calls_too_deep", node, limit=str(MAX_CALL_DEPTH))
            return None
        roles = dict(place.roles)
        for name, value in node.properties.items():
            if name.startswith("role.") and len(name) > len("role."):
                bound = place.roles.get(value, value)
                if bound not in place.roles.values():
                    self._find("unknown_role", node, role=value, property=name)
                else:
                    roles[name.removeprefix("role.")] = bound
        return Place(path, process.scope, roles, place, call)

    def _read_elements(self, root: Place) -> None:
        lanes: dict[str, diagram.Lane | None] = {}
        for place in root.walk():
            for flow in place.scope.flows:
                path = place.path_of(flow.id)
                self.flows[path] = _placed(flow, path, place)
            for node in place.scope.nodes.values():
                path = place.path_of(node.id)
                lane = place.scope.process.lanes.get(node.id)
                if lane is None and place.call is None:  # an embedded sub-process hands its own on
                    lane = lanes.get(place.path)
                lanes[path] = lane
                self.elements[path] = elements.read(
                    node,
                    path=path,
                    host_path=place.path_of(node.attached_to) if node.attached_to else "",
                    lane=lane,
                    groups=self._groups(node, place, lane),
                    escalate_to=_bound(node.properties.get("escalateTo", ""), place),
                    not_same_as=tuple(
                        resolve(place, name) or name
                        for name in words(node.properties.get("notSameAs", ""))
                    ),
                )

    def _groups(self, node: FlowNode, place: Place, lane: diagram.Lane | None) -> tuple[str, ...]:
        named = words(camunda(node.node, "candidateGroups"))
        if not named and node.kind == "userTask" and lane is not None:
            named = words(lane.role) or words(self.lane_roles.get(lane.name, ""))
        return tuple(dict.fromkeys(_bound(key, place) for key in named))

    def _find(self, code: str, node: FlowNode, **args: str) -> None:
        self.findings.error(code, node.scope.process.file, node.id, **args)


def resolve(place: Place, name: str) -> str:
    """The path of the element that ``name`` (an id or a path) means when written in ``place``:
    the nearest, looking outwards. "" when there is none."""
    *through, last = name.split("/")
    for around in place.up():
        here = _inside(around, through)
        if here is not None and last in here.scope.nodes:
            return here.path_of(last)
    return ""


def _inside(place: Place, through: list[str]) -> Place | None:
    for step in through:
        path = place.path_of(step)
        found = next((inside for inside in place.inner if inside.path == path), None)
        if found is None:
            return None
        place = found
    return place


def _bound(key: str, place: Place) -> str:
    return place.roles.get(key, key)


def _lane_roles(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Lane name -> role key, for lanes named exactly as a role of the plan."""
    roles = manifest.get("roles") or {}
    return {
        str(value["name"]): str(key)
        for key, value in roles.items()
        if isinstance(value, Mapping) and value.get("name")
    }


def _placed(flow: Flow, path: str, place: Place) -> PlacedFlow:
    return PlacedFlow(
        flow.id, path, place.path_of(flow.source), place.path_of(flow.target), flow.condition,
        flow.default, flow.name, flow.name_en,
    )  # fmt: skip


def _mappings(node: FlowNode, tag: str) -> tuple[DataMapping, ...]:
    return tuple(
        DataMapping(
            source=(item.get("source") or "").strip(),
            expression=(item.get("sourceExpression") or "").strip().removeprefix("=").strip(),
            target=(item.get("target") or "").strip(),
            everything=item.get("variables") == "all",
        )
        for item in extensions(node.node, tag)
        if not item.get("businessKey")
    )
