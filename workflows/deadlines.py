"""The timers of a running instance: armed, moved, fired."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from SpiffWorkflow.util.task import TaskState

from workflows import timers
from workflows.contract import TimerFired, TimerSet
from workflows.halt import Halt
from workflows.instance import PlanWorkflow
from workflows.specs.definitions import Trigger
from workflows.specs.events import Catching, Split
from workflows.task import PlanTask

if TYPE_CHECKING:
    from workflows.step import Step


def arm(step: Step, task: PlanTask) -> None:
    """A catching event starts to wait; a timer's moment is computed."""
    if task.task_spec.event_definition.kind == "timer":
        task.internal_data["armed"] = step.context.now
        set_timer(step, task)


def set_timer(step: Step, task: PlanTask) -> None:
    """Compute (again) when a timer is due, from when it was armed and from the anchors."""
    data = task.internal_data
    for key in ("due", "left", "every"):
        data.pop(key, None)
    trigger: Trigger = task.task_spec.event_definition
    element = step.element(task.event_path)
    found = schedule(step, task, trigger.text, element.anchor if element else "", data["armed"])
    data.update(timers.to_data(found))
    split = task.parent
    if element is None or element.deadline_kind is None or split is None:
        return
    if isinstance(split.task_spec, Split):
        # Outlives the timer, which a corrected anchor may have to set again after it has fired.
        split.internal_data["armed"] = data["armed"]
        if element.deadline_kind == "due":
            # So does the host's due moment: tasks opened in it later are due then too.
            _note(split, found)


def _note(split: PlanTask, found: timers.Schedule | None) -> None:
    if found is None:
        split.internal_data.pop("due", None)
    else:
        split.internal_data["due"] = found.due


def schedule(
    step: Step, task: PlanTask, text: str, anchor: str, armed: datetime
) -> timers.Schedule | None:
    """The first moment of a timer; None while an anchor is missing. Raises Halt
    (timer_invalid, expression_error, expression_timeout)."""
    variables = task.variables()
    try:
        return timers.first(
            text.strip().removeprefix("=").strip(),
            anchor,
            armed,
            step.context,
            step.definition.anchors,
            lambda feel: step.evaluate(task, feel, variables),
        )
    except timers.TimerError as error:
        raise Halt("timer_invalid", task, str(error), expression=text) from error


def retime(step: Step, workflow: PlanWorkflow) -> None:
    """Anchors moved: so do the timers that wait for them, and the due moments of timers that
    have fired. A deadline that has fired and whose moment now lies ahead waits again. A cycle
    that has begun keeps its pace, unless its first turn now lies ahead."""
    for task in list(workflow.everywhere()):
        waits = task.state == TaskState.WAITING and isinstance(task.task_spec, Catching)
        if waits and _follows(step, task) and not _goes_on(step, task):
            task.internal_data.pop("turned", None)
            set_timer(step, task)
    for scope in (workflow, *workflow.subprocesses.values()):
        for split in list(scope.tasks.values()):
            if isinstance(split.task_spec, Split) and "armed" in split.internal_data:
                _correct(step, split)


def _goes_on(step: Step, task: PlanTask) -> bool:
    """Whether a timer is a cycle that has begun, by its anchor too."""
    if not task.internal_data.get("turned"):
        return False
    element = step.element(task.event_path)
    text, anchor = task.task_spec.event_definition.text, element.anchor if element else ""
    found = schedule(step, task, text, anchor, task.internal_data["armed"])
    return found is None or found.due <= step.context.now


def _correct(step: Step, split: PlanTask) -> None:
    """The deadlines of a host whose timers have fired. Other timers are left: what they began
    has begun."""
    here = {child.task_spec.name: child for child in split.children}
    host = here.get(split.task_spec.main)
    armed: datetime = split.internal_data["armed"]
    for flow in split.task_spec.flows[1:]:
        spec = split.spec_of(flow)
        element = step.element(f"{split.workflow.prefix}{spec.bpmn_id}")
        if flow.target in here or host is None or element is None:
            continue
        if element.deadline_kind is None or not timers.depends_on(
            element.timer, element.anchor, step.definition.anchors
        ):
            continue
        found = schedule(step, host, element.timer, element.anchor, armed)
        if element.deadline_kind == "due":
            _note(split, found)
        if found is not None and found.due > step.context.now:
            again = split.child(spec, flow.id)
            spec._update(again)
            again.internal_data["armed"] = armed
            set_timer(step, again)


def _follows(step: Step, task: PlanTask) -> bool:
    trigger: Trigger = task.task_spec.event_definition
    element = step.element(task.event_path)
    anchor = element.anchor if element else ""
    return trigger.kind == "timer" and bool(
        timers.depends_on(trigger.text, anchor, step.definition.anchors)
    )


def fire(step: Step, task: PlanTask, timer: TimerSet) -> None:
    """A waiting timer's moment has come. ``timer`` is how it was set."""
    step.fired.append(
        TimerFired(
            timer.id,
            timer.path,
            timer.element_id,
            timer.due_at,
            timer.task_id,
            timer.deadline_kind,
            timer.escalate_to,
        )
    )
    current = timers.of_data(task.internal_data)
    following = current.following(step.context.now, step.zone) if current else None
    spec = task.task_spec
    interrupting = getattr(spec, "cancel_activity", getattr(spec, "interrupting", True))
    again = following is not None and not interrupting
    for key in ("due", "left", "every"):
        task.internal_data.pop(key, None)
    if again:
        task.internal_data.update(timers.to_data(following), turned=True)
    spec.fire(task, None, again)
