"""A case on the public engine, for what a what-if run is held against: its state is stored and
read again at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from workflows import catalogue, engine
from workflows.answers import anchors_set
from workflows.bundle import Bundle
from workflows.contract import Advance, Context, TaskOpened, TimerFired, TimerSet, WorkCalendar
from workflows.definition import Definition
from workflows.feel import default_feel
from workflows.whatif import questions
from workflows.whatif.package import Package
from workflows.whatif.play import DISCOVERED, OPENED_AFTER

CALENDAR = WorkCalendar()
FIRST = DISCOVERED + OPENED_AFTER


def package(bundle: Bundle, definition: Definition, settings: Mapping[str, Any]) -> Package:
    """What a what-if run of the plan needs."""
    read = catalogue.read(bundle.files, bundle.manifest)
    asked = questions.read(definition, read, bundle.manifest)
    return Package(
        bundle.content_hash, definition.dump(), asked, frozenset(read.flows), settings, CALENDAR
    )


def number(id: str) -> int:
    """The number of a task or timer in its instance: the end of its id."""
    return UUID(id).int & 0xFFFFFFFF


class Durable:
    """One case; ``tasks`` and ``timers`` are those open, by id."""

    def __init__(self, definition: Definition, variables: Mapping[str, Any]) -> None:
        self.definition = definition
        self.now = FIRST
        self.anchors = {"discovered_at": DISCOVERED, "opened_at": FIRST}
        self.passed: list[Any] = []
        self.fired: list[TimerFired] = []
        self.tasks: dict[str, TaskOpened] = {}
        self.timers: dict[str, TimerSet] = {}
        self.state, self.status = b"", "running"
        self._take(engine.start(definition, variables, self.context, default_feel()))

    @property
    def context(self) -> Context:
        return Context(self.now, dict(self.anchors), CALENDAR)

    def complete(self, n: int, data: Mapping[str, Any], now: datetime) -> None:
        """Complete the task of that number."""
        self.now = now
        task = next(task for task in self.tasks.values() if number(task.id) == n)
        named = anchors_set(self.definition.element(task.path), data)
        self.anchors |= dict.fromkeys(named, now)
        feel = default_feel()
        self._take(
            engine.complete(self.definition, self.state, task.id, dict(data), self.context, feel)
        )
        if named and self.status == "running":
            self._take(engine.retime(self.definition, self.state, self.context, feel))

    def fire(self, now: datetime) -> None:
        """Let everything due by now fire."""
        self.now = now
        due = [timer.id for timer in self.timers.values() if timer.due_at <= now]
        feel = default_feel()
        self._take(engine.fire_timers(self.definition, self.state, due, self.context, feel))

    def waiting(self) -> engine.Waiting:
        return engine.waiting(self.definition, self.state)

    def _take(self, advance: Advance) -> None:
        assert not advance.incidents, advance.incidents
        self.state, self.status = advance.state, advance.status
        self.passed += advance.passed
        self.fired += advance.timers_fired
        self.tasks |= {task.id: task for task in advance.opened}
        _drop(self.tasks, (task.id for task in advance.closed))
        _drop(self.timers, advance.timers_dropped)
        _drop(self.timers, (timer.id for timer in advance.timers_fired))
        self.timers |= {timer.id: timer for timer in advance.timers_set}
        for intent in advance.intents:
            if intent.task_id and self.status == "running":
                self._take(
                    engine.answer_external(
                        self.definition, self.state, intent.task_id, None, self.context,
                        default_feel(),
                    )
                )  # fmt: skip


def _drop(there: dict[str, Any], ids: Iterable[str]) -> None:
    for id in ids:
        there.pop(id, None)
