"""One step: what the specs ask for while tokens move, and the record of what happened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from SpiffWorkflow.util.task import TaskState

from workflows import decision_table, timers
from workflows.contract import (
    Context,
    DecisionTaken,
    Element,
    ElementPassed,
    IncidentRaised,
    Intent,
    TimerFired,
)
from workflows.feel import Feel, FeelError
from workflows.specs.base import Flow
from workflows.specs.definitions import Trigger
from workflows.specs.events import BoundaryEvent, Catching, EventSubProcess
from workflows.specs.multi import MOST_INSTANCES, MultiInstance
from workflows.tree import PlanTask, PlanWorkflow, static_path

if TYPE_CHECKING:
    from workflows.definition import Definition

_NAME = re.compile(r'"[^"]*"|[^\W\d]\w*(?:\.[^\W\d]\w*)*')


class Halt(Exception):
    """The step cannot be taken: it ends as an incident and the state stays as it was."""

    def __init__(self, code: str, task: PlanTask, message: str, **details: str) -> None:
        path = task.event_path
        self.incident = IncidentRaised(
            code, path, static_path(path).rsplit("/", 1)[-1], message, details
        )
        super().__init__(message)


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

    def choose(
        self, task: PlanTask, flows: Sequence[Flow], exclusive: bool
    ) -> Sequence[Flow]:
        """A gateway's flows. Raises Halt: no_flow_true, condition_null, condition_error,
        expression_timeout."""
        variables = task.variables()
        asked = [flow for flow in flows if flow.condition is not None]
        texts = [str(flow.condition) for flow in asked]
        try:
            answers = self.feel.conditions(
                texts, variables, self.context, until_true=exclusive
            )
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
                task.path, task.task_spec.bpmn_id, "", self._named(texts, variables),
                tuple(flow.id for flow in taken), None,
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
                    task.path, task.task_spec.bpmn_id, one.decision, one.inputs, one.matched,
                    value if one is outcome else one.output, one.rule_texts,
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
                    "expression_error", task, "the cardinality is not a whole number",
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
        schedule = self._schedule(task, element.follow_up, "", self.context.now)
        if schedule is not None:
            task.internal_data["follow"] = schedule.due

    def external(self, task: PlanTask) -> None:
        element = self.element(task.path)
        properties = dict(element.properties) if element else {}
        payload = {**properties, "variables": dict(task.variables())}
        topic = element.topic if element else ""
        self.intents.append(Intent(topic, payload, task.path, str(task.id)))

    # -- events ---------------------------------------------------------------------------

    def arm(self, task: PlanTask) -> None:
        """A catching event starts to wait; a timer's moment is computed."""
        if task.task_spec.event_definition.kind == "timer":
            task.internal_data["armed"] = self.context.now
            self.set_timer(task)

    def set_timer(self, task: PlanTask) -> None:
        """Compute (again) when a timer is due, from when it was armed and from the anchors."""
        data = task.internal_data
        for key in ("due", "left", "every"):
            data.pop(key, None)
        trigger: Trigger = task.task_spec.event_definition
        schedule = self._schedule(task, trigger.text, self._anchor(task), data["armed"])
        data.update(timers.to_data(schedule))
        self._note_due(task)

    def _schedule(
        self, task: PlanTask, text: str, anchor: str, armed: Any
    ) -> timers.Schedule | None:
        variables = task.variables()
        try:
            return timers.first(
                text.strip().removeprefix("=").strip(), anchor, armed, self.context,
                self.definition.anchors, lambda feel: self.evaluate(task, feel, variables),
            )
        except timers.TimerError as error:
            raise Halt("timer_invalid", task, str(error), expression=text) from error

    def _anchor(self, task: PlanTask) -> str:
        element = self.element(task.event_path)
        return element.anchor if element else ""

    def _note_due(self, task: PlanTask) -> None:
        """The host's due moment outlives its timer: tasks opened in it later are due then too."""
        element = self.element(task.event_path)
        parent = task.parent
        if (
            element is not None and element.deadline_kind == "due" and parent is not None
            and isinstance(task.task_spec, BoundaryEvent)
        ):
            if "due" in task.internal_data:
                parent.internal_data["due"] = task.internal_data["due"]
            else:
                parent.internal_data.pop("due", None)

    def timers_following_anchors(self, task: PlanTask) -> bool:
        """Whether a waiting task is a timer whose moment an anchor may move. A cycle that has
        begun keeps its pace."""
        trigger = task.task_spec.event_definition
        if trigger.kind != "timer" or task.internal_data.get("turned"):
            return False
        return bool(timers.depends_on(trigger.text, self._anchor(task), self.definition.anchors))

    def fire_timer(self, task: PlanTask, fired: TimerFired) -> None:
        """A waiting timer's moment has come."""
        self.fired.append(fired)
        schedule = timers.of_data(task.internal_data)
        following = schedule.following(self.context.now, self.zone) if schedule else None
        spec = task.task_spec
        interrupting = getattr(spec, "cancel_activity", getattr(spec, "interrupting", True))
        again = following is not None and not interrupting
        for key in ("due", "left", "every"):
            task.internal_data.pop(key, None)
        if again:
            task.internal_data.update(timers.to_data(following), turned=True)
        spec.fire(task, None, again)

    def throw(self, task: PlanTask, trigger: Trigger) -> None:
        """Messages and signals go to whoever waits in the instance, and a signal, or a message
        nobody waits for, goes outside as an intent. Errors and escalations go outwards."""
        if trigger.kind in ("message", "signal"):
            payload = dict(task.variables())
            caught = self.deliver(task.workflow.top_workflow, trigger, None)
            if not caught or trigger.kind == "signal":
                given = {"name": trigger.name, "variables": payload}
                self.intents.append(Intent(trigger.kind, given, task.path))
        elif trigger.kind in ("error", "escalation"):
            self._outwards(task, trigger)

    def deliver(
        self, workflow: PlanWorkflow, thrown: Trigger, payload: dict[str, Any] | None
    ) -> int:
        """Fire everything that waits for a message or signal. Returns how many did."""
        waiting = [
            task for task in workflow.everywhere()
            if isinstance(task.task_spec, Catching) and task.task_spec.catches(task, thrown)
        ]
        count = 0
        for task in waiting:
            if task.attached and task.state == TaskState.WAITING:
                task.task_spec.fire(task, payload, False)
                count += 1
        return count

    def _outwards(self, task: PlanTask, thrown: Trigger) -> None:
        scope = task.workflow
        while True:
            for watcher in scope.live():
                if isinstance(watcher.task_spec, EventSubProcess) and watcher.task_spec.catches(
                    watcher, thrown
                ):
                    watcher.task_spec.fire(watcher, None, False)
                    return
            host = getattr(scope, "host", None)
            if host is None:
                break
            parent = host.parent
            for event in parent.children if parent is not None else ():
                if isinstance(event.task_spec, BoundaryEvent) and event.task_spec.catches(
                    event, thrown
                ):
                    event.task_spec.fire(event, None, False)
                    if event.task_spec.cancel_activity:
                        host.cancel(by=event.path)
                    return
            scope = host.workflow
        if thrown.kind == "error":
            raise Halt("engine_error", task, f"error {thrown.name!r} is caught by nothing")


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
