"""A finished case played again: its recorded answers, on any version, under a virtual clock.

Pure: the record in, the course it takes out. A task is answered as it was in the record (same
path, same round): at the recorded moment if it is open by then, else as long after its opening as
it took. What never came up in the record is, where asked (``fill``), completed with what its form
holds untouched, after the role's usual time; what came up and was cancelled waits until all of the
record is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from workflows import engine
from workflows.answers import REPORT_UP, anchors_set
from workflows.contract import (
    Advance,
    Context,
    EngineRefusal,
    IncidentRaised,
    TaskOpened,
    TimerSet,
)
from workflows.definition import Definition
from workflows.feel import Feel
from workflows.past_answers import values_of
from workflows.past_course import Choice, Course, How, Step
from workflows.past_record import Answer, Corrected, Record, Sent
from workflows.task import static_path

#: A course longer than this goes round in a circle of default answers.
MOST_STEPS: Final = 1000


def play(definition: Definition, record: Record, feel: Feel, *, fill: bool) -> Course:
    """The course of the record on a version. ``fill``: answer what it has no answer for; without,
    such a task stays open (the check that a record can be trusted)."""
    return _Player(definition, record, feel, fill).play()


@dataclass(order=True, slots=True)
class _Next:
    at: datetime
    rank: int
    seq: int
    act: Any = field(compare=False)


class _Player:
    def __init__(self, definition: Definition, record: Record, feel: Feel, fill: bool) -> None:
        self.definition, self.record, self.feel, self.fill = definition, record, feel, fill
        self.now = record.started
        self.anchors = dict(record.anchors)
        self.answers = {(one.path, one.round): one for one in record.answers}
        self.pending: list[Sent | Corrected] = sorted(
            (*record.messages, *record.corrections), key=lambda one: (one.at, one.seq)
        )
        self.state = b""
        self.status: Literal["completed", "running", "incident"] = "running"
        self.open: dict[str, tuple[TaskOpened, datetime, datetime | None]] = {}
        self.timers: dict[str, TimerSet] = {}
        self.steps: list[Step] = []
        self.choices: list[Choice] = []
        self.ends: tuple[str, ...] = ()
        self.unheard: list[str] = []
        self.stuck: IncidentRaised | None = None

    @property
    def context(self) -> Context:
        return Context(self.now, dict(self.anchors), self.record.calendar)

    def play(self) -> Course:
        self._take(
            engine.start(self.definition, dict(self.record.variables), self.context, self.feel)
        )
        for _ in range(MOST_STEPS):
            if self.status != "running":
                break
            following = self._following()
            if following is None:
                break
            self.now = max(self.now, following.at)
            self._do(following.act)
        left = [
            Step(task.path, task.round, opened, due) for task, opened, due in self.open.values()
        ]
        return Course(
            (*self.steps, *left),
            tuple(self.choices),
            self.ends,
            self.status,
            self.now,
            tuple(self.unheard),
            self.stuck,
        )

    # ------------------------------------------------------------------ what comes next

    def _following(self) -> _Next | None:
        acts = [_Next(one.at, 1, one.seq, one) for one in self.pending[:1]]
        acts += [one for task_id in self.open if (one := self._answered(task_id)) is not None]
        clocks = [_Next(timer.due_at, 0, 0, timer) for timer in self.timers.values()]
        if acts:
            return min(acts + clocks)
        # Only clocks are left, and tasks that something else ended in the record.
        clocks = [one for one in clocks if not self.open or one.at <= self.record.finished]
        if not clocks and self.fill:
            clocks = [self._by_default(task_id) for task_id in self.open]
        return min(clocks, default=None)

    def _answered(self, task_id: str) -> _Next | None:
        task, opened, _due = self.open[task_id]
        answer = self.answers.get((task.path, task.round))
        if answer is not None:
            at = answer.completed
            if at < opened:
                at = opened + max(answer.completed - answer.opened, timedelta())
            return _Next(at, 1, answer.seq, (task_id, answer))
        if self.fill and (task.path, task.round) not in self.record.cancelled:
            return self._by_default(task_id)
        return None

    def _by_default(self, task_id: str) -> _Next:
        task, opened, _due = self.open[task_id]
        groups = self.definition.element(task.path).candidate_groups
        minutes = self.record.usual.get(groups[0] if groups else "", 30.0)
        return _Next(max(self.now, opened + timedelta(minutes=minutes)), 2, 0, (task_id, None))

    def _do(self, act: Any) -> None:
        match act:
            case TimerSet():
                self._take(
                    engine.fire_timers(
                        self.definition, self.state, [act.id], self.context, self.feel
                    )
                )
            case Sent():
                self.pending.remove(act)
                self._send(act)
            case Corrected():
                self.pending.remove(act)
                self.anchors[act.name] = act.happened
                self._retime()
            case (str(task_id), answer):
                self._complete(task_id, answer)

    def _send(self, message: Sent) -> None:
        try:
            advance = engine.send_message(
                self.definition,
                self.state,
                message.name,
                dict(message.payload),
                self.context,
                self.feel,
            )
        except EngineRefusal:
            self.unheard.append(message.name)
            return
        self._take(advance)

    def _retime(self) -> None:
        if self.status == "running":
            self._take(engine.retime(self.definition, self.state, self.context, self.feel))

    # ------------------------------------------------------------------ answering

    def _complete(self, task_id: str, answer: Answer | None) -> None:
        task, opened, due = self.open[task_id]
        element = self.definition.element(task.path)
        moved = self.now - answer.completed if answer is not None else timedelta()
        happened = answer.happened + moved if answer is not None else self.now
        fields = self.record.fields.get(static_path(task.path), frozenset())
        result, filled = values_of(
            element, answer.result if answer else None, fields, happened, moved
        )
        if element.form_key == REPORT_UP and (answer is None or due is not None):
            result["met"] = due is None or happened <= due
        names = anchors_set(element, result)
        self.anchors |= dict.fromkeys(names, happened)
        how: How = "default" if answer is None else "later" if moved else "recorded"
        self.open.pop(task_id)
        step = Step(task.path, task.round, opened, due, self.now, happened, how, filled)
        self.steps.append(step)
        advance = engine.complete(
            self.definition, self.state, task_id, result, self.context, self.feel
        )
        self._take(advance)
        if self.stuck is not None:
            self.steps[self.steps.index(step)] = replace(
                step, completed=None, happened=None, how="open"
            )
        elif names:
            self._retime()

    # ------------------------------------------------------------------ what a step did

    def _take(self, advance: Advance) -> None:
        if advance.status == "incident":
            self.status, self.stuck = "incident", advance.incidents[0]
            return
        self.state, self.status = advance.state, advance.status
        if advance.end_events:
            self.ends = advance.end_events
        for closed in advance.closed:
            if closed.id in self.open:
                task, opened, due = self.open.pop(closed.id)
                self.steps.append(Step(task.path, task.round, opened, due, how="cancelled"))
        for task in advance.opened:
            self.open[task.id] = (task, self.now, task.due_at)
        for moved in advance.due_moved:
            if moved.id in self.open:
                task, opened, _was = self.open[moved.id]
                self.open[moved.id] = (task, opened, moved.due_at)
        for fired in advance.timers_fired:
            self.timers.pop(fired.id, None)
        for dropped in advance.timers_dropped:
            self.timers.pop(dropped, None)
        self.timers |= {timer.id: timer for timer in advance.timers_set}
        self.choices += [
            Choice(one.path, one.decision, one.matched, one.output) for one in advance.decisions
        ]
        for intent in advance.intents:
            if intent.task_id and self.status == "running":
                self._take(
                    engine.answer_external(
                        self.definition, self.state, intent.task_id, None, self.context, self.feel
                    )
                )
