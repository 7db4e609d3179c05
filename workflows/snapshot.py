"""What an instance waits for at one moment; two of them give what a step opened and closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from SpiffWorkflow.util.task import TaskState

from workflows.contract import Intent, TaskOpened, TimerSet
from workflows.instance import PlanWorkflow
from workflows.specs.events import BoundaryEvent, Catching, Split
from workflows.specs.tasks import ExternalTask, UserTask
from workflows.task import PlanTask, static_path

if TYPE_CHECKING:
    from workflows.definition import Definition


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open user tasks, set timers, unanswered external tasks, names of expected messages."""

    tasks: tuple[TaskOpened, ...]
    timers: tuple[TimerSet, ...]
    externals: tuple[Intent, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Open user tasks and set timers by their ids, in the tree's order."""

    tasks: dict[str, TaskOpened]
    timers: dict[str, TimerSet]


def take(workflow: PlanWorkflow, definition: Definition) -> Snapshot:
    tasks: dict[str, TaskOpened] = {}
    timers: dict[str, TimerSet] = {}
    for task in workflow.everywhere():
        spec = task.task_spec
        if isinstance(spec, UserTask) and task.state == TaskState.READY:
            data = task.internal_data
            tasks[str(task.id)] = TaskOpened(
                str(task.id),
                task.path,
                spec.bpmn_id,
                data.get("round", 1),
                due_of(task),
                data.get("follow"),
            )
        elif (
            isinstance(spec, Catching)
            and task.state == TaskState.WAITING
            and "due" in task.internal_data
        ):
            timers[str(task.id)] = _timer(workflow, task, definition)
    return Snapshot(tasks, timers)


def messages(workflow: PlanWorkflow) -> tuple[str, ...]:
    """Names of the messages that something waits for, each once."""
    names = [
        task.task_spec.event_definition.name
        for task in workflow.everywhere()
        if isinstance(task.task_spec, Catching)
        and task.state == TaskState.WAITING
        and task.task_spec.event_definition.kind == "message"
    ]
    return tuple(dict.fromkeys(names))


def externals(workflow: PlanWorkflow, definition: Definition) -> tuple[Intent, ...]:
    """The external tasks without an answer, as the intents they were."""
    found = []
    for task in workflow.everywhere():
        if isinstance(task.task_spec, ExternalTask) and task.state == TaskState.STARTED:
            element = definition.elements.get(static_path(task.path))
            properties = dict(element.properties) if element else {}
            payload = {**properties, "variables": dict(task.variables())}
            topic = element.topic if element else ""
            found.append(Intent(topic, payload, task.path, str(task.id)))
    return tuple(found)


def _hosts(task: PlanTask) -> Iterator[PlanTask]:
    """The task, the body it is an instance of, then what it stands in, outwards."""
    current: PlanTask | None = task
    while current is not None:
        yield current
        parent = current.parent
        if parent is not None and parent.state == TaskState.STARTED:
            yield parent
        current = getattr(current.workflow, "host", None)


def due_of(task: PlanTask) -> datetime | None:
    """When a task is due: by the nearest timer marked so, its own, else of what it stands in."""
    for host in _hosts(task):
        split = host.parent
        if (
            split is not None
            and isinstance(split.task_spec, Split)
            and (host.task_spec.name == split.task_spec.main)
        ):
            due: datetime | None = split.internal_data.get("due")
            if due is not None:
                return due
    return None


def _timer(workflow: PlanWorkflow, task: PlanTask, definition: Definition) -> TimerSet:
    path = task.event_path
    element = definition.elements.get(static_path(path))
    return TimerSet(
        id=str(task.id),
        path=path,
        element_id=element.id if element else task.task_spec.bpmn_id,
        due_at=task.internal_data["due"],
        task_id=_task_of(workflow, task, definition),
        deadline_kind=element.deadline_kind if element else None,
        escalate_to=element.escalate_to if element else "",
        anchor=element.anchor if element else "",
    )


def _task_of(workflow: PlanWorkflow, timer: PlanTask, definition: Definition) -> str | None:
    """The open user task whose deadline a timer is: its host, or the only user task there is in
    the sub-process or called process it stands on."""
    split = timer.parent
    if not isinstance(timer.task_spec, BoundaryEvent) or split is None:
        return None
    host = next((c for c in split.children if c.task_spec.name == split.task_spec.main), None)
    if host is None:
        return None
    if isinstance(host.task_spec, UserTask):
        return str(host.id) if host.state == TaskState.READY else None
    if host.id not in workflow.subprocesses:
        return None
    inside = static_path(host.path) + "/"
    tasks = [e for e in definition.elements.values() if e.kind == "userTask"]
    if sum(e.path.startswith(inside) for e in tasks) != 1:
        return None
    open_ = [
        t
        for t in workflow.everywhere()
        if isinstance(t.task_spec, UserTask)
        and t.state == TaskState.READY
        and t.path.startswith(host.path + "/")
    ]
    return str(open_[0].id) if len(open_) == 1 else None
