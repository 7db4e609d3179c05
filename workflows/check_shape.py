"""What the engine cannot run, and what cannot flow: kinds, events, flows, starts and ends.

Judged on the diagrams as written, each process once. What SpiffWorkflow 3.2.0 accepts at load
and then ignores or gets wrong is refused here, with the element named.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from workflows import diagram
from workflows.catalogue import Catalogue
from workflows.diagram import Diagrams, Flow, FlowNode, Process, Scope, camunda
from workflows.findings import Findings

#: Element and process ids are FEEL names, since results are variables of that name.
FEEL_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
#: FEEL's keywords (DMN 1.3, 10.3.1.2), and names SpiffWorkflow gives its own tasks.
RESERVED: Final = frozenset(
    {"and", "between", "else", "every", "external", "false", "for", "function", "if", "in",
     "instance", "not", "null", "of", "or", "partial", "return", "satisfies", "some", "then",
     "true", "item", "signal", "case", "now", "today", "Start", "End", "Root", "StartEventSplit",
     "StartEventJoin"}
)  # fmt: skip

_UNSUPPORTED_NODES: Final = frozenset(
    {"scriptTask", "complexGateway", "transaction", "adHocSubProcess"}
)
#: What SpiffWorkflow's event parsers read for each kind; others would pass as none events.
_EVENTS: Final = {
    "startEvent": frozenset({"timer", "message", "signal"}),
    "endEvent": frozenset({"terminate", "message", "error", "escalation"}),
    "intermediateCatchEvent": frozenset({"timer", "message", "signal"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation"}),
    "boundaryEvent": frozenset({"timer", "message", "signal", "error", "escalation"}),
}
#: Camunda extensions that would be code, or silently do nothing here.
_UNSUPPORTED_EXTENSIONS: Final = (
    "executionListener", "taskListener", "connector", "inputOutput", "script", "field",
    "errorEventDefinition", "failedJobRetryTimeCycle",
)  # fmt: skip
_UNSUPPORTED_ATTRIBUTES: Final = (
    "class", "expression", "delegateExpression", "resource", "variableMappingClass",
    "variableMappingDelegateExpression", "caseRef", "formRef",
)  # fmt: skip
_DATA: Final = ("dataInputAssociation", "dataOutputAssociation", "ioSpecification")
MAP_DECISION_RESULT: Final = frozenset(
    {"", "singleEntry", "singleResult", "collectEntries", "resultList"}
)


def check(catalogue: Catalogue, decisions: frozenset[str], found: Findings) -> None:
    """``decisions`` are the ids of all decisions in the bundle's DMN files."""
    diagrams = catalogue.diagrams
    for file, root in diagrams.roots.items():
        ids = Counter(node.get("id") for node in root.iter() if diagram.local(node))
        for id, times in ids.items():
            if id and times > 1:
                found.error("duplicate_id", file, id, times=str(times))
    called = {call.process_id for call in catalogue.calls.values()} | {catalogue.process_id}
    own_names = Counter(list(diagrams.processes))
    for process in diagrams.processes.values():
        own_names.update(scope.host.id for scope in process.scope.walk() if scope.host is not None)
    for process in diagrams.processes.values():
        if process.id in called:
            _process(process, diagrams, decisions, own_names, found)


def _process(
    process: Process, diagrams: Diagrams, decisions: frozenset[str], names: Counter[str],
    found: Findings,
) -> None:  # fmt: skip
    if not process.executable:
        found.error("process_not_executable", process.file, process.id)
    if not FEEL_NAME.fullmatch(process.id):
        found.error("bad_process_id", process.file, process.id)
    for scope in process.scope.walk():
        # The engine keeps processes and sub-processes of all files under one set of names.
        if scope.host is not None and names[scope.host.id] > 1:
            found.error("duplicate_sub_process", process.file, scope.host.id)
        _Scope(scope, diagrams, decisions, found).check()


class _Scope:
    def __init__(
        self, scope: Scope, diagrams: Diagrams, decisions: frozenset[str], found: Findings
    ) -> None:
        self.scope = scope
        self.diagrams = diagrams
        self.decisions = decisions
        self.found = found
        self.file = scope.process.file
        self.triggered = scope.host is not None and scope.host.triggered

    def error(self, code: str, id: str, **args: str) -> None:
        self.found.error(code, self.file, id, **args)

    def check(self) -> None:
        for stranger in self.scope.strangers:
            self.error("unsupported_element", stranger.get("id") or "", kind=str(
                diagram.local(stranger)))  # fmt: skip
        for id in self.scope.twins:
            self.error("duplicate_id", id, times="2")
        for node in self.scope.nodes.values():
            self._name(node)
            self._kind(node)
            self._extensions(node)
            self._events(node)
            self._flows(node)
        self._flow_ends()
        self._starts()
        self._ends()
        self._unreachable()

    # ---------------------------------------------------------------- nodes

    def _name(self, node: FlowNode) -> None:
        if not FEEL_NAME.fullmatch(node.id):
            self.error("bad_element_id", node.id)
        elif node.id in RESERVED:
            self.error("reserved_id", node.id)

    def _kind(self, node: FlowNode) -> None:
        xml = node.node
        if node.kind in _UNSUPPORTED_NODES:
            self.error("unsupported_element", node.id, kind=node.kind)
        if xml.get("isForCompensation") == "true":
            self.error("unsupported_element", node.id, kind="compensation")
        if node.kind in {"sendTask", "receiveTask"}:
            self._message(node)
        if node.kind == "serviceTask":
            if camunda(xml, "type") != "external":
                self.error("service_not_external", node.id)
            elif not camunda(xml, "topic"):
                self.error("topic_missing", node.id)
        if node.kind == "businessRuleTask":
            self._decision(node)
        if node.kind == "callActivity" and not xml.get("calledElement"):
            self.error("called_process_missing", node.id, process="")

    def _decision(self, node: FlowNode) -> None:
        reference = camunda(node.node, "decisionRef")
        if not reference:
            self.error("decision_missing", node.id)
        elif reference not in self.decisions:
            self.error("decision_unknown", node.id, decision=reference)
        mapping = camunda(node.node, "mapDecisionResult")
        if mapping not in MAP_DECISION_RESULT:
            self.error("bad_decision_mapping", node.id, mapping=mapping)
        variable = camunda(node.node, "resultVariable")
        if variable and not FEEL_NAME.fullmatch(variable):
            self.error("bad_variable_name", node.id, name=variable)

    def _extensions(self, node: FlowNode) -> None:
        for item in diagram.extensions(node.node, *_UNSUPPORTED_EXTENSIONS):
            self.error("unsupported_extension", node.id, name=str(item.tag).rpartition("}")[2])
        holders = [node.node, *node.event_definitions]
        for name in _UNSUPPORTED_ATTRIBUTES:
            if any(camunda(holder, name) for holder in holders):
                self.error("unsupported_extension", node.id, name=name)
        for item in diagram.children(node.node, *_DATA):
            self.error("unsupported_extension", node.id, name=diagram.local(item))

    # --------------------------------------------------------------- events

    def _events(self, node: FlowNode) -> None:
        if node.kind not in diagram.EVENTS:
            return
        if len(node.event_definitions) > 1:
            self.error("several_event_definitions", node.id)
        if any(True for _ in diagram.children(node.node, "eventDefinitionRef")):
            self.error("unsupported_element", node.id, kind="eventDefinitionRef")
        if node.event and node.event not in _EVENTS[node.kind]:
            self.error("unsupported_event", node.id, event=node.event, kind=node.kind)
            return
        if not node.event and node.kind in {"boundaryEvent", "intermediateCatchEvent"}:
            self.error("event_without_trigger", node.id)
        if node.event == "message":
            self._message(node)
        if node.event in {"signal", "error", "escalation"}:
            self._reference(node)
        if node.kind == "boundaryEvent":
            self._boundary(node)

    def _message(self, node: FlowNode) -> None:
        reference = node.message_ref
        if not reference:
            self.error("message_missing", node.id)
        elif not self.diagrams.messages.get(reference):
            self.error("message_unknown", node.id, message=reference)

    def _reference(self, node: FlowNode) -> None:
        defined = {
            "signal": self.diagrams.signals, "error": self.diagrams.errors,
            "escalation": self.diagrams.escalations,
        }[node.event]  # fmt: skip
        reference = node.event_definitions[0].get(f"{node.event}Ref") or ""
        # Catching any error or escalation, without naming one, is allowed.
        if not reference and (node.event == "signal" or node.kind == "endEvent"):
            self.error(f"{node.event}_missing", node.id)
        elif reference and reference not in defined:
            self.error(f"{node.event}_unknown", node.id, **{node.event: reference})

    def _boundary(self, node: FlowNode) -> None:
        host = self.scope.nodes.get(node.attached_to)
        if host is None or host.kind not in diagram.ACTIVITIES or host.triggered:
            self.error("boundary_without_host", node.id, host=node.attached_to)
        elif node.event == "error" and not node.interrupting:
            self.error("error_must_interrupt", node.id)

    # ---------------------------------------------------------------- flows

    def _flows(self, node: FlowNode) -> None:
        outgoing = self.scope.outgoing(node.id)
        incoming = self.scope.incoming(node.id)
        if node.kind == "endEvent":
            if outgoing:
                self.error("end_has_outgoing", node.id)
            return
        if node.triggered:
            if outgoing or incoming:
                self.error("event_sub_process_has_flow", node.id)
            return
        if not outgoing:
            self.error("dead_end", node.id)
        if incoming and node.kind in {"startEvent", "boundaryEvent"}:
            self.error("event_has_incoming", node.id)
        if len(outgoing) > 1 and node.kind not in diagram.GATEWAYS:
            self.error("several_outgoing", node.id)
        if node.kind in {"exclusiveGateway", "inclusiveGateway"}:
            self._choice(node, outgoing)
        else:
            for flow in outgoing:
                if flow.condition:
                    self.error("condition_without_choice", flow.id, source=node.id)
            if node.node.get("default"):
                self.error("default_without_choice", node.id)
        if node.kind == "eventBasedGateway":
            self._event_gateway(node, outgoing)

    def _choice(self, node: FlowNode, outgoing: list[Flow]) -> None:
        default = node.node.get("default") or ""
        if default and default not in {flow.id for flow in outgoing}:
            self.error("default_unknown", node.id, flow=default)
        if len(outgoing) < 2:
            return
        for flow in outgoing:
            if flow.id == default:
                if flow.condition:
                    self.error("default_has_condition", flow.id, gateway=node.id)
            elif not flow.condition:
                self.error("condition_missing", flow.id, gateway=node.id)
        if not default:
            self.found.warning("no_default_flow", self.file, node.id)

    def _event_gateway(self, node: FlowNode, outgoing: list[Flow]) -> None:
        if len(outgoing) < 2:
            self.error("event_gateway_needs_events", node.id)
        for flow in outgoing:
            target = self.scope.nodes.get(flow.target)
            if target is not None and target.kind != "intermediateCatchEvent":
                self.error("event_gateway_needs_events", node.id, target=target.id)

    def _flow_ends(self) -> None:
        for flow in self.scope.flows:
            for end in (flow.source, flow.target):
                if end not in self.scope.nodes:
                    self.error("flow_end_missing", flow.id, end=end)

    # ------------------------------------------------------ starts and ends

    def _starts(self) -> None:
        starts = [node for node in self.scope.nodes.values() if node.kind == "startEvent"]
        holder = self.scope.host.id if self.scope.host else self.scope.process.id
        if not starts:
            self.error("start_missing", holder)
        elif len(starts) > 1:
            self.error("several_starts", holder, starts=", ".join(node.id for node in starts))
        for node in starts:
            if self.triggered and not node.event:
                self.error("event_without_trigger", node.id)
            elif not self.triggered and node.event:
                # A case starts from the intake, a called process from its call.
                self.error("start_must_be_plain", node.id, event=node.event)

    def _ends(self) -> None:
        ends = [node for node in self.scope.nodes.values() if node.kind == "endEvent"]
        holder = self.scope.host.id if self.scope.host else self.scope.process.id
        if not ends:
            self.error("end_missing", holder)
        # Our floor closes a scope in which only event sub-processes wait, as the standard asks.
        # The stock engine, and others, need a terminate end event for that.
        clock = next((node for node in self.scope.nodes.values() if _waits_for_clock(node)), None)
        if clock is not None:
            for node in ends:
                if node.event != "terminate":
                    self.found.warning("timer_keeps_open", self.file, clock.id, end=node.id)

    def _unreachable(self) -> None:
        waiting = [
            node.id for node in self.scope.nodes.values()
            if node.kind == "startEvent" or node.triggered
        ]  # fmt: skip
        reached: set[str] = set()
        while waiting:
            id = waiting.pop()
            if id in reached:
                continue
            reached.add(id)
            waiting.extend(flow.target for flow in self.scope.outgoing(id))
            waiting.extend(node.id for node in self.scope.boundaries(id))
        for node in self.scope.nodes.values():
            if node.id not in reached:
                self.error("unreachable", node.id)


def _waits_for_clock(node: FlowNode) -> bool:
    """An event sub-process started by a timer."""
    return (
        node.triggered
        and node.inner is not None
        and any(n.kind == "startEvent" and n.event == "timer" for n in node.inner.nodes.values())
    )
