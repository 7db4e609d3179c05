"""One instance kept in memory from its first step to its last, with a clock that is told the time.

It does what `workflows.engine` does, step by step and in the same order
(`tests/unit/test_whatif.py` holds them against each other), but loads and stores no state between
steps and keeps no record for history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from workflows import deadlines, throwing
from workflows.answers import anchors_set
from workflows.contract import (
    Context,
    ElementPassed,
    IncidentRaised,
    TaskClosed,
    TaskOpened,
    TimerFired,
    TimerSet,
    Variables,
    WorkCalendar,
)
from workflows.definition import Definition
from workflows.feel import Feel
from workflows.halt import Halt
from workflows.instance import PlanWorkflow
from workflows.run import run
from workflows.snapshot import due_of, messages
from workflows.specs.definitions import Trigger
from workflows.specs.tasks import UserTask
from workflows.step import FeelEngine, Step
from workflows.task import PlanTask, static_path


@dataclass(slots=True)
class Moved:
    """What one step did, as an `Advance` says it."""

    opened: list[TaskOpened] = field(default_factory=list)
    closed: list[TaskClosed] = field(default_factory=list)
    set: list[TimerSet] = field(default_factory=list)
    fired: list[TimerFired] = field(default_factory=list)
    passed: list[ElementPassed] = field(default_factory=list)


class LiveRun:
    """``tasks`` and ``timers`` are what is open and set, by id, in the tree's order. ``incident``
    is set, and the run over, once a step could not be taken."""

    def __init__(
        self,
        definition: Definition,
        variables: Variables,
        feel: Feel,
        discovered_at: datetime,
        opened_at: datetime,
        calendar: WorkCalendar,
    ) -> None:
        self.definition = definition
        self.now = opened_at
        self.anchors = {"discovered_at": discovered_at, "opened_at": opened_at}
        self.tasks: dict[str, TaskOpened] = {}
        self.timers: dict[str, TimerSet] = {}
        self.over = False
        self.incident: IncidentRaised | None = None
        self.ends: list[str] = []
        self.steps = 0
        self._calendar = calendar
        self._workflow = _LiveWorkflow(
            definition.specs, definition.process_id, dict(variables), seed=0
        )
        self._step = _LiveStep(definition, self._context(), feel)
        self._workflow.step = self._step
        self._workflow.script_engine = FeelEngine(self._step)

    def start(self) -> Moved:
        """Open the instance and run it to where it waits."""
        return self._take(self._workflow.begin)

    def complete(self, task_id: str, data: Mapping[str, Any], now: datetime) -> Moved:
        """Complete an open task at ``now``; the anchors that records are set, as the product
        does, before the step."""
        opened = self.tasks[task_id]
        task = self._task(task_id)
        self.now = now
        named = anchors_set(self.definition.element(opened.path), data)
        for name in named:
            self.anchors[name] = now

        def work() -> None:
            task.store(task.task_spec.bpmn_id, dict(data))
            task.run()

        moved = self._take(work)
        if named and not self.over:
            self._merge(moved, self._take(lambda: deadlines.retime(self._step, self._workflow)))
        return moved

    def fire(self, now: datetime) -> Moved:
        """Fire the timers due at ``now``, the oldest first."""
        self.now = now
        due = sorted((t for t in self.timers.values() if t.due_at <= now), key=_by_due)

        def work() -> None:
            for timer in due:
                task = self._find(timer.id)
                if task is not None and task.state == TaskState.WAITING:
                    deadlines.fire(self._step, task, timer)
                    run(self._workflow)

        return self._take(work)

    def send(self, name: str, payload: Mapping[str, Any], now: datetime) -> Moved:
        """Hand a message to what waits for it."""
        self.now = now
        trigger = Trigger("message", name)
        return self._take(lambda: throwing.deliver(self._workflow, trigger, dict(payload)))

    @property
    def messages(self) -> tuple[str, ...]:
        return () if self.over else messages(self._workflow)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The root scope."""
        return self._workflow.scope

    # ------------------------------------------------------------------------- inside

    def _context(self) -> Context:
        return Context(self.now, dict(self.anchors), self._calendar)

    def _find(self, id: str) -> PlanTask | None:
        number: Any = int(id)
        for scope in (self._workflow, *self._workflow.subprocesses.values()):
            task = scope.tasks.get(number)
            if task is not None:
                return task
        return None

    def due_at(self, task_id: str) -> datetime | None:
        """By when an open task is to be done, as it stands now: a corrected anchor moves it."""
        return due_of(self._task(task_id))

    def _task(self, id: str) -> PlanTask:
        found = self._find(id)
        assert found is not None
        return found

    def _take(self, work: Callable[[], object]) -> Moved:
        self.steps += 1
        step, workflow = self._step, self._workflow
        step.begin(self._context())
        moved = Moved()
        try:
            work()
            run(workflow)
            while step.waiting_outside:
                outside = step.waiting_outside.pop(0)
                if outside.attached and outside.state == TaskState.STARTED:
                    outside.complete()
                    run(workflow)
        except Halt as halt:
            return self._stopped(halt.incident, moved)
        except (SpiffWorkflowException, RecursionError) as error:
            return self._stopped(IncidentRaised("engine_error", "", "", repr(error)), moved)
        self.ends += step.ends
        tasks, timers = self.tasks, self.timers
        if workflow.idle():
            self.over = True
            self.tasks, self.timers = {}, {}
        else:
            self._look()
        moved.opened = [t for id, t in self.tasks.items() if id not in tasks]
        moved.closed = [
            TaskClosed(id, t.path, t.element_id, t.round, *step.outcome(id))
            for id, t in tasks.items()
            if id not in self.tasks
        ]
        moved.set = [t for id, t in self.timers.items() if timers.get(id) != t]
        moved.fired, moved.passed = step.fired, step.passes
        return moved

    def _look(self) -> None:
        """What is open and set now; what already was is not read again."""
        known, tasks = self.tasks, {}
        armed, timers = self.timers, {}
        for task in self._workflow.everywhere():
            spec, state = task.task_spec, task._state
            if state == TaskState.READY and isinstance(spec, UserTask):
                id = str(task.id)
                tasks[id] = known.get(id) or self._opened(id, task)
            elif state == TaskState.WAITING and "due" in task.internal_data:
                id = str(task.id)
                timer = armed.get(id)
                if timer is None or timer.due_at != task.internal_data["due"]:
                    timer = self._timer(id, task)
                timers[id] = timer
        self.tasks, self.timers = tasks, timers

    @staticmethod
    def _opened(id: str, task: PlanTask) -> TaskOpened:
        data = task.internal_data
        return TaskOpened(
            id, task.path, task.task_spec.bpmn_id, data.get("round", 1), due_of(task),
            data.get("follow"),
        )  # fmt: skip

    def _timer(self, id: str, task: PlanTask) -> TimerSet:
        path = task.event_path
        element = self.definition.elements.get(static_path(path))
        due = task.internal_data["due"]
        if element is None:
            return TimerSet(id, path, task.task_spec.bpmn_id, due)
        return TimerSet(
            id, path, element.id, due, None, element.deadline_kind, element.escalate_to,
            element.anchor,
        )  # fmt: skip

    def _stopped(self, incident: IncidentRaised, moved: Moved) -> Moved:
        self.incident, self.over = incident, True
        return moved

    @staticmethod
    def _merge(moved: Moved, then: Moved) -> None:
        moved.opened += then.opened
        moved.closed += then.closed
        moved.set += then.set
        moved.fired += then.fired
        moved.passed += then.passed


class _LiveWorkflow(PlanWorkflow):
    """An instance that never leaves memory: its tasks' ids are their bare numbers."""

    def id_of(self, n: int) -> Any:
        return n


class _LiveStep(Step):
    """A step that goes on: its record is emptied at each `begin`, choices are not recorded, and
    external tasks are kept to be answered at once."""

    def __init__(self, definition: Definition, context: Context, feel: Feel) -> None:
        super().__init__(definition, context, feel)
        self.waiting_outside: list[PlanTask] = []

    def begin(self, context: Context) -> None:
        self.context = context
        self.passes, self.fired, self.ends, self.outcomes = [], [], [], {}
        self.decisions, self.intents, self.waiting_outside = [], [], []

    def outcome(self, id: str) -> Any:
        return self.outcomes.get(id, ("cancelled", ""))

    def external(self, task: PlanTask) -> None:
        self.waiting_outside.append(task)

    def _named(self, texts: Sequence[str], variables: Mapping[str, Any]) -> dict[str, Any]:
        return {}


def _by_due(timer: TimerSet) -> tuple[datetime, str]:
    return timer.due_at, timer.id
