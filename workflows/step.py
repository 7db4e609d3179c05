"""One step: what the specs ask for while tokens move, and the record of what happened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workflows import deadlines, decision_table, throwing
from workflows.contract import (
    Context,
    DecisionTaken,
    Element,
    ElementPassed,
    Intent,
    TimerFired,
)
from workflows.feel import Feel, FeelError
from workflows.halt import Halt
from workflows.specs.base import Flow
from workflows.specs.definitions import Trigger
from workflows.specs.multi import MOST_INSTANCES, MultiInstance
from workflows.task import PlanTask, static_path

if TYPE_CHECKING:
    from workflows.definition import Definition

_NAME = re.compile(r'"[^"]*"|[^\W\d]\w*(?:\.[^\W\d]\w*)*')


class Step:
    """Lives for one call of `workflows.engine`. ``context`` is all it knows of the world."""

    def __init__(self, definition: Definition, context: Context, feel: Feel) -> None:
        self.definition = definition
        self.context = context
        self.feel = feel
        self.zone = ZoneInfo(context.calendar.zone)
        self.passes: list[ElementPassed] = []
        self.decisions: list[DecisionTaken] = []
        self.intents: list[Intent] = []
        self.fired: list[TimerFired] = []
        self.ends: list[str] = []
        #: id of a user task that ended in this step -> (outcome, by)
        self.outcomes: dict[str, tuple[str, str]] = {}

    def element(self, path: str) -> Element | None:
        return self.definition.elements.get(static_path(path))

    # -- the record -----------------------------------------------------------------------

    def passed(self, task: PlanTask, state: Any) -> None:
        """An element on the diagram was entered, completed or cancelled."""
        spec = task.task_spec
        if not spec.kind:
            return
        path = task.path
        element = self.element(path)
        round_ = task.internal_data.get("round", 1)
        flow = task.via if state == "entered" else ""
        kind = element.kind if element else spec.kind
        self.passes.append(ElementPassed(path, spec.bpmn_id, kind, state, flow, round_))
        if spec.manual and state != "entered":
            self.outcomes[str(task.id)] = (state, task.internal_data.get("by", ""))

    def ended(self, task: PlanTask) -> None:
        self.ends.append(task.path)

    # -- expressions ----------------------------------------------------------------------

    def evaluate(self, task: PlanTask, text: str, variables: Mapping[str, Any]) -> Any:
        try:
            return self.feel.evaluate(text, variables, self.context)
        except FeelError as error:
            raise self._halt(error, task, "expression_error") from error

    def holds(self, task: PlanTask, text: str, variables: Mapping[str, Any]) -> bool:
        try:
            return self.feel.conditions([text], variables, self.context)[0]
        except FeelError as error:
            raise self._halt(error, task, "condition_error") from error

    def _halt(self, error: FeelError, task: PlanTask, otherwise: str, **details: str) -> Halt:
        code = error.code
        if code == "expression_error":
            code = otherwise
        elif code not in _CODES:
            code = "expression_error"
        if error.expression:
            details["expression"] = error.expression
        return Halt(code, task, error.message, **details)

    def choose(self, task: PlanTask, flows: Sequence[Flow], exclusive: bool) -> Sequence[Flow]:
        """A gateway's flows. Raises Halt: no_flow_true, condition_null, condition_error,
        expression_timeout."""
        variables = task.variables()
        asked = [flow for flow in flows if flow.condition is not None]
        texts = [str(flow.condition) for flow in asked]
        try:
            answers = self.feel.conditions(texts, variables, self.context, until_true=exclusive)
        except FeelError as error:
            flow_id = asked[error.index].id if error.index < len(asked) else ""
            raise self._halt(error, task, "condition_error", flow=flow_id) from error
        taken = [flow for flow, true in zip(asked, answers, strict=True) if true]
        if exclusive:
            taken = taken[:1]
        taken = taken or [flow for flow in flows if flow.condition is None]
        if not taken:
            raise Halt("no_flow_true", task, "no condition is true and there is no default flow")
        self.decisions.append(
            DecisionTaken(
                task.path,
                task.task_spec.bpmn_id,
                "",
                self._named(texts, variables),
                tuple(flow.id for flow in taken),
                None,
            )
        )
        return taken

    def _named(self, texts: Sequence[str], variables: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the names that conditions mention: what the choice was made on."""
        known = {**variables, **self.context.anchors}
        found: dict[str, Any] = {}
        for name in _NAME.findall("\n".join(texts)):
            first, *rest = name.split(".")
            if first not in known:
                continue
            value: Any = known[first]
            for part in rest:
                value = value.get(part) if isinstance(value, Mapping) else None
            found[name] = value
        return found

    def decide(self, task: PlanTask, decision: str, mapping: str) -> Any:
        """A business rule task's result. Raises Halt: decision_no_match, decision_overlap,
        expression_error ..."""
        table = self.definition.tables.get(decision)
        if table is None:
            raise Halt("engine_error", task, f"decision {decision} is not in the plan")
        try:
            outcome = decision_table.evaluate(table, task.variables(), self.context, self.feel)
            value = decision_table.map_result(outcome, mapping)  # type: ignore[arg-type]
        except FeelError as error:
            raise self._halt(error, task, "expression_error", decision=decision) from error
        for one in (*outcome.required, outcome):
            self.decisions.append(
                DecisionTaken(
                    task.path,
                    task.task_spec.bpmn_id,
                    one.decision,
                    one.inputs,
                    one.matched,
                    value if one is outcome else one.output,
                    one.rule_texts,
                )
            )
        return value

    def instances(self, task: PlanTask, body: MultiInstance) -> list[Any]:
        """The items of a multi-instance activity: of its collection, or 0, 1, 2 ..."""
        text = body.collection or body.cardinality
        value = self.evaluate(task, text, task.variables())
        if body.collection:
            if not isinstance(value, list):
                raise Halt(
                    "expression_error", task, "the collection is not a list", expression=text
                )
            items = value
        else:
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise Halt(
                    "expression_error",
                    task,
                    "the cardinality is not a whole number",
                    expression=text,
                )
            items = list(range(min(value, MOST_INSTANCES + 1)))
        if len(items) > MOST_INSTANCES:
            raise Halt("engine_error", task, f"more than {MOST_INSTANCES} instances")
        return items

    # -- tasks of people and of the outside -----------------------------------------------

    def opening(self, task: PlanTask) -> None:
        """A user task opens: its follow-up moment is computed once."""
        element = self.element(task.path)
        if element is None or not element.follow_up:
            return
        schedule = deadlines.schedule(self, task, element.follow_up, "", self.context.now)
        if schedule is not None:
            task.internal_data["follow"] = schedule.due

    def external(self, task: PlanTask) -> None:
        element = self.element(task.path)
        properties = dict(element.properties) if element else {}
        payload = {**properties, "variables": dict(task.variables())}
        topic = element.topic if element else ""
        self.intents.append(Intent(topic, payload, task.path, str(task.id)))

    # -- what specs ask of other modules --------------------------------------------------

    def arm(self, task: PlanTask) -> None:
        deadlines.arm(self, task)

    def throw(self, task: PlanTask, trigger: Trigger) -> None:
        throwing.throw(self, task, trigger)


_CODES = frozenset(
    {"condition_null", "condition_error", "decision_no_match", "decision_overlap",
     "expression_error", "expression_timeout"}
)  # fmt: skip


class FeelEngine:
    """Stands where SpiffWorkflow has its Python script engine, should any of its code ask:
    expressions are FEEL, scripts and services do not exist."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def evaluate(self, task: PlanTask, expression: str, external_context: object = None) -> Any:
        return self._step.evaluate(task, expression, task.variables())

    def execute(self, task: PlanTask, script: str, external_context: object = None) -> bool:
        raise Halt("engine_error", task, "scripts are not run")

    def call_service(self, task: PlanTask, **kwargs: Any) -> Any:
        raise Halt("engine_error", task, "services are not called inside a step")
