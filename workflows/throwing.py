"""Messages, signals, errors and escalations inside an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

from workflows.contract import Intent
from workflows.halt import Halt
from workflows.instance import PlanWorkflow
from workflows.specs.definitions import Trigger
from workflows.specs.events import BoundaryEvent, Catching, EventSubProcess
from workflows.task import PlanTask

if TYPE_CHECKING:
    from workflows.step import Step


def throw(step: Step, task: PlanTask, trigger: Trigger) -> None:
    """Messages and signals go to whoever waits in the instance, and a signal, or a message
    nobody waits for, goes outside as an intent. Errors and escalations go outwards."""
    if trigger.kind in ("message", "signal"):
        payload = dict(task.variables())
        caught = deliver(task.workflow.top_workflow, trigger, None)
        if not caught or trigger.kind == "signal":
            given = {"name": trigger.name, "variables": payload}
            step.intents.append(Intent(trigger.kind, given, task.path))
    elif trigger.kind in ("error", "escalation"):
        _outwards(step, task, trigger)


def deliver(workflow: PlanWorkflow, thrown: Trigger, payload: dict[str, Any] | None) -> int:
    """Fire everything that waits for a message or signal. Returns how many did."""
    waiting = [
        task
        for task in workflow.everywhere()
        if isinstance(task.task_spec, Catching) and task.task_spec.catches(task, thrown)
    ]
    count = 0
    for task in waiting:
        if task.attached and task.state == TaskState.WAITING:
            task.task_spec.fire(task, payload, False)
            count += 1
    return count


def _outwards(step: Step, task: PlanTask, thrown: Trigger) -> None:
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
