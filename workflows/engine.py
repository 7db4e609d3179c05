"""The engine: (definition, state, command, context) in, an `Advance` out.

Every function is pure but for `start`, which draws the number that makes the instance's ids
unique. The state given is never changed. A command the state does not allow raises
`EngineRefusal`; a fault of the plan or its data comes back as an `Advance` of status
``incident`` with the state as it was.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from workflows import deadlines, throwing
from workflows import state as states
from workflows.contract import (
    Advance,
    Context,
    DueMoved,
    EngineRefusal,
    FeelValue,
    IncidentRaised,
    InstanceStatus,
    TaskClosed,
    TimerFired,
    Variables,
)
from workflows.definition import Definition
from workflows.feel import Feel
from workflows.halt import Halt
from workflows.instance import PlanWorkflow
from workflows.run import run
from workflows.snapshot import Snapshot, Waiting, externals, messages, take
from workflows.specs.definitions import Trigger
from workflows.specs.events import Catching
from workflows.specs.tasks import ExternalTask, UserTask
from workflows.step import FeelEngine, Step
from workflows.task import PlanTask

__all__ = [
    "Waiting", "answer_external", "begin", "carry_out", "complete", "fire_timers", "retime",
    "send_message", "start", "waiting",
]  # fmt: skip

# The library builds a record for every state change; below WARNING that is 6 % of a step.
logging.getLogger("spiff").setLevel(logging.WARNING)

_EMPTY = Snapshot({}, {})


def start(definition: Definition, variables: Variables, context: Context, feel: Feel) -> Advance:
    """Open an instance and run it to where it waits. An incident leaves an empty state."""
    workflow = PlanWorkflow(
        definition.specs, definition.process_id, dict(variables), secrets.randbits(96)
    )
    step = begin(definition, workflow, context, feel)
    return carry_out(step, workflow, _EMPTY, b"", variables, workflow.begin)


def complete(
    definition: Definition,
    state: bytes,
    task_id: str,
    data: Variables,
    context: Context,
    feel: Feel,
) -> Advance:
    """Complete an open user task; ``data`` becomes the variable of its element's id. Raises
    EngineRefusal (task_not_open), and `workflows.state.StateError` for data that are no FEEL
    values."""
    workflow, step, before = _load(definition, state, context, feel)
    task = _open(workflow, task_id, UserTask, TaskState.READY)
    if task is None:
        raise EngineRefusal("task_not_open", task=task_id)

    def work() -> None:
        task.store(task.task_spec.bpmn_id, dict(data))
        task.run()

    return carry_out(step, workflow, before, state, dict(workflow.scope), work)


def fire_timers(
    definition: Definition, state: bytes, timer_ids: Sequence[str], context: Context, feel: Feel
) -> Advance:
    """Fire those of the timers that are due at ``context.now``, oldest first. One that is not
    waiting any more, or whose host an older one has ended, is dropped; one that is not due yet
    (its anchor was corrected) is left. Where one cannot fire, those before it do; the incident
    comes when it is the oldest."""
    workflow, step, before = _load(definition, state, context, feel)
    known = [before.timers[id] for id in dict.fromkeys(timer_ids) if id in before.timers]
    gone = [id for id in dict.fromkeys(timer_ids) if id not in before.timers]
    due = sorted((t for t in known if t.due_at <= context.now), key=lambda t: (t.due_at, t.id))
    fired: list[str] = []

    def work() -> None:
        for timer in due:
            task = _open(workflow, timer.id, Catching, TaskState.WAITING)
            if task is not None:
                deadlines.fire(step, task, timer)
                run(workflow)
            fired.append(timer.id)

    advance = carry_out(step, workflow, before, state, dict(workflow.scope), work, dropped=gone)
    if advance.status == "incident" and fired:
        return fire_timers(definition, state, [*gone, *fired], context, feel)
    return advance


def send_message(
    definition: Definition,
    state: bytes,
    name: str,
    payload: Variables,
    context: Context,
    feel: Feel,
) -> Advance:
    """Hand a message to every element that waits for it; ``payload`` becomes the variable of the
    element's id (or its ``camunda:resultVariable``). Raises EngineRefusal
    (message_not_expected)."""
    workflow, step, before = _load(definition, state, context, feel)
    if name not in messages(workflow):
        raise EngineRefusal("message_not_expected", message=name)

    def work() -> None:
        throwing.deliver(workflow, Trigger("message", name), dict(payload))

    return carry_out(step, workflow, before, state, dict(workflow.scope), work)


def answer_external(
    definition: Definition,
    state: bytes,
    task_id: str,
    result: FeelValue,
    context: Context,
    feel: Feel,
) -> Advance:
    """The outside has done an external task; a ``result`` other than None becomes the variable
    of its id. Raises EngineRefusal (external_not_waiting)."""
    workflow, step, before = _load(definition, state, context, feel)
    task = _open(workflow, task_id, ExternalTask, TaskState.STARTED)
    if task is None:
        raise EngineRefusal("external_not_waiting", task=task_id)

    def work() -> None:
        if result is not None:
            task.store(task.task_spec.bpmn_id, result)
        task.complete()

    return carry_out(step, workflow, before, state, dict(workflow.scope), work)


def retime(definition: Definition, state: bytes, context: Context, feel: Feel) -> Advance:
    """Anchors were recorded or corrected: compute again the timers that depend on them."""
    workflow, step, before = _load(definition, state, context, feel)

    def work() -> None:
        deadlines.retime(step, workflow)

    return carry_out(step, workflow, before, state, dict(workflow.scope), work)


def waiting(definition: Definition, state: bytes) -> Waiting:
    """All an instance waits for."""
    workflow = states.load(state, definition.specs)
    found = take(workflow, definition)
    return Waiting(
        tuple(found.tasks.values()),
        tuple(found.timers.values()),
        externals(workflow, definition),
        messages(workflow),
    )


def begin(definition: Definition, workflow: PlanWorkflow, context: Context, feel: Feel) -> Step:
    """The step in which something will be done to an instance in memory (`carry_out` does it)."""
    step = Step(definition, context, feel)
    workflow.step = step
    workflow.script_engine = FeelEngine(step)
    return step


def _load(
    definition: Definition, state: bytes, context: Context, feel: Feel
) -> tuple[PlanWorkflow, Step, Snapshot]:
    workflow = states.load(state, definition.specs)
    if workflow.idle():
        raise EngineRefusal("not_running")
    step = begin(definition, workflow, context, feel)
    return workflow, step, take(workflow, definition)


def _open(workflow: PlanWorkflow, id: str, kind: type, state: int) -> PlanTask | None:
    """The task of that id, if it is of that kind and in that state."""
    try:
        uuid = UUID(id)
    except ValueError:
        return None
    for scope in (workflow, *workflow.subprocesses.values()):
        task = scope.tasks.get(uuid)
        if task is not None:
            return task if isinstance(task.task_spec, kind) and task.state == state else None
    return None


def carry_out(
    step: Step,
    workflow: PlanWorkflow,
    before: Snapshot,
    state: bytes,
    variables: Variables,
    work: Callable[[], None],
    dropped: Sequence[str] = (),
) -> Advance:
    """Do the work, run to quiet, and say what changed."""
    try:
        work()
        run(workflow)
    except Halt as halt:
        return _incident(state, variables, halt.incident)
    except (SpiffWorkflowException, RecursionError) as error:
        return _incident(state, variables, IncidentRaised("engine_error", "", "", repr(error)))
    status: InstanceStatus = "running"
    if workflow.idle():
        status = "completed"
        for watcher in workflow.live():
            watcher.cancel()
    after = take(workflow, step.definition)
    return Advance(
        state=states.save(workflow),
        status=status,
        variables=workflow.scope,
        end_events=tuple(step.ends),
        opened=tuple(t for id, t in after.tasks.items() if id not in before.tasks),
        closed=tuple(
            TaskClosed(id, t.path, t.element_id, t.round, *_outcome(step, id))
            for id, t in before.tasks.items()
            if id not in after.tasks
        ),
        due_moved=tuple(
            DueMoved(id, t.path, before.tasks[id].due_at, t.due_at)
            for id, t in after.tasks.items()
            if id in before.tasks and before.tasks[id].due_at != t.due_at
        ),
        timers_set=tuple(t for id, t in after.timers.items() if before.timers.get(id) != t),
        timers_dropped=(*dropped, *_ended(before, after, step.fired)),
        timers_fired=tuple(step.fired),
        passed=tuple(step.passes),
        decisions=tuple(step.decisions),
        intents=tuple(step.intents),
    )


def _outcome(step: Step, id: str) -> Any:
    return step.outcomes.get(id, ("cancelled", ""))


def _ended(before: Snapshot, after: Snapshot, fired: Sequence[TimerFired]) -> list[str]:
    done = {timer.id for timer in fired}
    return [id for id in before.timers if id not in after.timers and id not in done]


def _incident(state: bytes, variables: Mapping[str, Any], incident: IncidentRaised) -> Advance:
    return Advance(state, "incident", variables, incidents=(incident,))
