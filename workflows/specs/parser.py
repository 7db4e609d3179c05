"""Reads BPMN through SpiffWorkflow's Camunda parser into specs of ours.

What the stock parser drops or leaves to run time is carried or decided here: the flows with
their ids and conditions, ``camunda:in``/``out``, decision references, timers as text (never
evaluated at load), event sub-processes by their attribute. The attributes for people
(candidate groups, forms, priority ...) are read by `workflows.catalogue` into `Element`.
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import full_tag
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    EventBasedGatewayParser,
    EventDefinitionParser,
    IntermediateCatchEventParser,
    IntermediateThrowEventParser,
    ReceiveTaskParser,
    SendTaskParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import (
    ConditionalGatewayParser,
    GatewayParser,
    SubprocessParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.camunda.parser import CamundaParser
from SpiffWorkflow.camunda.parser.task_spec import CAMUNDA_MODEL_NS
from SpiffWorkflow.specs.base import TaskSpec

from workflows.specs import events, gateways, multi, scopes, tasks
from workflows.specs.base import Flow, PassThrough
from workflows.specs.definitions import Trigger

_CAMUNDA = f"{{{CAMUNDA_MODEL_NS}}}"
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def feel(text: str | None) -> str:
    """An expression as authors write it: surrounding space and one leading ``=`` dropped."""
    return (text or "").strip().removeprefix("=").strip()


class _Node(TaskParser):
    """Shared by all node parsers of ours; comes first among a parser's bases."""

    task: Any
    spec_class: Any

    def camunda(self, name: str, node: etree._Element | None = None) -> str:
        return str((self.node if node is None else node).get(_CAMUNDA + name, ""))

    def create_task(self) -> TaskSpec:
        return self.spec_class(self.spec, self.bpmn_id, **self.attributes(), **self.bpmn_attributes)

    def attributes(self) -> dict[str, Any]:
        """Constructor arguments beyond the common ones."""
        return {}

    def connect_outgoing(
        self, outgoing_task: TaskSpec, sequence_flow_node: etree._Element, is_default: bool
    ) -> None:
        condition = self.parse_condition(sequence_flow_node)
        if not isinstance(self, ConditionalGatewayParser) or is_default:
            condition = None
        elif not feel(condition):
            self.raise_validation_exception(
                f"Flow {sequence_flow_node.get('id')} has no condition and is not the default"
            )
        flow = Flow(
            str(sequence_flow_node.get("id")),
            outgoing_task.name,
            feel(condition) if condition is not None else None,
            is_default,
        )
        TaskSpec.connect(self.task, outgoing_task)
        self.task.flows = (*self.task.flows, flow)

    def _add_loop_task(self, loop_characteristics: etree._Element) -> None:
        maximum = loop_characteristics.get("loopMaximum")
        condition = feel(loop_characteristics.findtext(f"{_BPMN}loopCondition"))
        if maximum is None and not condition:
            self.raise_validation_exception("A loop needs a loopMaximum or a loopCondition")
        original = self.spec.task_specs.pop(self.task.name)
        self.task = multi.Loop(
            self.spec,
            original.name,
            maximum=int(maximum) if maximum is not None else None,
            condition=condition or None,
            test_before=loop_characteristics.get("testBefore") == "true",
        )
        self._copy_task_attrs(original)

    def _add_multiinstance_task(self, loop_characteristics: etree._Element) -> None:
        cardinality = feel(loop_characteristics.findtext(f"{_BPMN}loopCardinality"))
        collection = feel(self.camunda("collection", loop_characteristics))
        if bool(cardinality) == bool(collection):
            self.raise_validation_exception(
                "A multi-instance activity needs either a loopCardinality or a camunda:collection"
            )
        original = self.spec.task_specs.pop(self.task.name)
        self.task = multi.MultiInstance(
            self.spec,
            original.name,
            sequential=loop_characteristics.get("isSequential") == "true",
            cardinality=cardinality,
            collection=collection,
            element=self.camunda("elementVariable", loop_characteristics),
            condition=feel(loop_characteristics.findtext(f"{_BPMN}completionCondition")),
        )
        self._copy_task_attrs(original)


class _RuleTask(_Node):
    @staticmethod
    def get_decision_ref(node: etree._Element) -> str:
        return str(node.get(_CAMUNDA + "decisionRef", ""))

    def attributes(self) -> dict[str, Any]:
        return {
            "decision": self.get_decision_ref(self.node),
            "result": self.camunda("resultVariable"),
            "mapping": self.camunda("mapDecisionResult"),
        }


class _ServiceTask(_Node):
    def create_task(self) -> TaskSpec:
        if self.camunda("type") != "external" or not self.camunda("topic"):
            self.raise_validation_exception("A service task needs type external and a topic")
        return super().create_task()


class _SubProcess(_Node):
    def create_task(self) -> TaskSpec:
        if self.node.get("triggeredByEvent") == "true":
            self.spec_class = events.EventSubProcess
        return super().create_task()

    def attributes(self) -> dict[str, Any]:
        own: dict[str, Any] = {"subworkflow_spec": SubprocessParser.get_subprocess_spec(self)}
        if self.spec_class is events.EventSubProcess:
            start = self.node.find(f"{_BPMN}startEvent")
            own["interrupting"] = start is None or start.get("isInterrupting") != "false"
        return own


class _CallActivity(_Node):
    def attributes(self) -> dict[str, Any]:
        def mappings(tag: str) -> list[dict[str, str]]:
            path = f"{_BPMN}extensionElements/{_CAMUNDA}{tag}"
            found = [dict(node.attrib) for node in self.node.findall(path)]
            for one in found:
                if "sourceExpression" in one:
                    one["sourceExpression"] = feel(one["sourceExpression"])
            return found

        return {
            "subworkflow_spec": SubprocessParser.get_call_activity_spec(self),
            "ins": mappings("in"),
            "outs": mappings("out"),
        }


class _Event(_Node, EventDefinitionParser):
    """Event definitions become `Trigger`."""

    def parse_timer_event(self, event: etree._Element) -> Trigger:
        for kind, tag in (("date", "Date"), ("duration", "Duration"), ("cycle", "Cycle")):
            text = event.findtext(f"{_BPMN}time{tag}")
            if text is not None:
                return Trigger("timer", text=feel(text), timer_kind=kind)
        return self.raise_validation_exception("A timer needs a date, a duration or a cycle")

    def parse_message_event(self, message_event: etree._Element) -> Trigger:
        found = self.process_parser.parser.messages.get(message_event.get("messageRef"))
        if not found:
            self.raise_validation_exception("The message of this event is not defined")
        return Trigger("message", found, result=message_event.get(_CAMUNDA + "resultVariable", ""))

    def parse_signal_event(self, signal_event: etree._Element) -> Trigger:
        found = self.process_parser.parser.signals.get(signal_event.get("signalRef"))
        if not found:
            self.raise_validation_exception("The signal of this event is not defined")
        return Trigger("signal", found)

    def parse_error_event(self, error_event: etree._Element) -> Trigger:
        found = self.process_parser.parser.errors.get(error_event.get("errorRef"), {})
        return Trigger("error", found.get("error_code") or "")

    def parse_escalation_event(self, escalation_event: etree._Element) -> Trigger:
        escalations = self.process_parser.parser.escalations
        found = escalations.get(escalation_event.get("escalationRef"), {})
        return Trigger("escalation", found.get("escalation_code") or "")

    def parse_terminate_event(self, event: etree._Element) -> Trigger:
        return Trigger("terminate")

    def parse_cancel_event(self, event: etree._Element) -> Trigger:
        return self.raise_validation_exception("Cancel events are not supported")

    def parse_conditional_event(self, event: etree._Element) -> Trigger:
        return self.raise_validation_exception("Conditional events are not supported")

    def get_event_definition(self, xpaths: list[str]) -> Trigger:
        found = super().get_event_definition(xpaths)
        if isinstance(found, Trigger):
            return found
        if type(found).__name__ == "NoneEventDefinition":
            return Trigger("none")
        return self.raise_validation_exception("More than one event definition")

    def _create_task(
        self, event_definition: Any, cancel_activity: bool | None = None, parallel: Any = None
    ) -> TaskSpec:
        given = event_definition if isinstance(event_definition, Trigger) else Trigger("none")
        more: dict[str, Any] = {}
        if cancel_activity is not None:
            more["cancel_activity"] = cancel_activity
        return self.spec_class(
            self.spec, self.bpmn_id, event_definition=given, **more, **self.bpmn_attributes
        )

    def create_task(self) -> TaskSpec:
        # Past `_Node`, to the stock parser of this kind of event.
        return super(_Node, self).create_task()


class _StartEvent(_Event, StartEventParser):
    pass


class _EndEvent(_Event, EndEventParser):
    pass


class _CatchEvent(_Event, IntermediateCatchEventParser):
    pass


class _ThrowEvent(_Event, IntermediateThrowEventParser):
    pass


class _BoundaryEvent(_Event, BoundaryEventParser):
    pass


class _SendTask(_Event, SendTaskParser):
    pass


class _ReceiveTask(_Event, ReceiveTaskParser):
    pass


class _EventBased(_Event, EventBasedGatewayParser):
    pass


class _Gateway(_Node, GatewayParser):
    pass


class _Conditional(_Node, ConditionalGatewayParser):
    pass


class _Process(ProcessParser):
    def get_position(self, node_id: str) -> dict[str, float]:
        """Always the same: flows keep the order of the file. (The stock parser sorts them by
        their height on the drawing, so that moving a box changed which condition was tried
        first.)"""
        return {"x": 0.0, "y": 0.0}


class PlanParser(CamundaParser):
    """One BPMN file; feed it with `add_bpmn_xml`. Raises
    `SpiffWorkflow.bpmn.parser.ValidationException` for what cannot run."""

    PROCESS_PARSER_CLASS = _Process
    OVERRIDE_PARSER_CLASSES = {
        full_tag(tag): pair
        for tag, pair in {
            "startEvent": (_StartEvent, events.StartEvent),
            "endEvent": (_EndEvent, events.EndEvent),
            "intermediateCatchEvent": (_CatchEvent, events.CatchEvent),
            "intermediateThrowEvent": (_ThrowEvent, events.ThrowEvent),
            "boundaryEvent": (_BoundaryEvent, events.BoundaryEvent),
            "receiveTask": (_ReceiveTask, events.ReceiveTask),
            "sendTask": (_SendTask, events.SendTask),
            "userTask": (_Node, tasks.UserTask),
            "task": (_Node, PassThrough),
            "manualTask": (_Node, PassThrough),
            "serviceTask": (_ServiceTask, tasks.ExternalTask),
            "businessRuleTask": (_RuleTask, tasks.RuleTask),
            "exclusiveGateway": (_Conditional, gateways.ExclusiveGateway),
            "inclusiveGateway": (_Conditional, gateways.InclusiveGateway),
            "parallelGateway": (_Gateway, gateways.ParallelGateway),
            "eventBasedGateway": (_EventBased, gateways.EventBasedGateway),
            "subProcess": (_SubProcess, scopes.SubProcess),
            "transaction": (_SubProcess, scopes.Transaction),
            "callActivity": (_CallActivity, scopes.CallActivity),
            # Never run: refused here although the stock table would take them.
            "scriptTask": (None, None),
            "adHocSubProcess": (None, None),
            "complexGateway": (None, None),
        }.items()
    }
