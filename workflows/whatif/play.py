"""Playing one case: people take their time, timers come due, whichever is first.

Moments are virtual and whole minutes apart. A role with fewer people than open tasks works them
off in the order they opened, one task a person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final

from workflows.answers import GRADE, untouched
from workflows.contract import Element, IncidentRaised, TaskOpened, TimerSet, WorkCalendar
from workflows.definition import Definition
from workflows.feel import Feel
from workflows.task import static_path
from workflows.whatif.live import LiveRun, Moved
from workflows.whatif.questions import TIER, Asked, Question, Tier, graded

#: A Monday morning, so that working days lie ahead; nothing of it is shown.
DISCOVERED: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
#: From the discovery to the opened case.
OPENED_AFTER: Final = timedelta(minutes=1)
#: A case that takes more steps than this goes round in circles.
MOST_STEPS: Final = 600
#: Or one whose steps have looked at more than this: open tasks, clocks, elements passed.
MOST_WORK: Final = 400_000
#: What passing an element costs beside looking at an open task.
PASSING: Final = 20

#: Minutes somebody takes: (element, role, how often the path has opened, the task) -> minutes.
Takes = Callable[[Element, str, int, TaskOpened], int]
#: An answer: (the question, how often it has been asked) -> value.
Answers = Callable[[Question, int], Any]
#: The tier decided, by how often one has been.
Grades = Callable[[int], Tier]


@dataclass(slots=True)
class Job:
    """A task as it went. ``begun`` and ``done`` are None where it never was; ``outcome`` is
    completed, cancelled or "" (still open at the end)."""

    id: str
    path: str
    role: str
    round: int
    opened: datetime
    due: datetime | None
    begun: datetime | None = None
    done: datetime | None = None
    outcome: str = ""
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A deadline that applied: the path of its timer without indices. ``met`` False and
    ``late`` None: what it is for was never done."""

    path: str
    met: bool
    late: timedelta | None


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was called in because a limit had passed."""

    at: datetime
    path: str
    role: str


@dataclass(slots=True)
class Played:
    """One case from its discovery to its end. ``ended`` is how: "" by itself; ``incident``;
    ``waits`` (for the ``messages``, which nobody sends); ``circles`` (over `MOST_STEPS` or
    `MOST_WORK`). ``work`` is what it cost to play, whatever the machine.
    ``expected`` are all messages that were waited for on the way. ``answers`` are (question key,
    how often asked, value) in order, a tier under the key `TIER`."""

    jobs: list[Job] = field(default_factory=list)
    deadlines: list[Kept] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    answers: list[tuple[str, int, Any]] = field(default_factory=list)
    flows: set[str] = field(default_factory=set)
    ends: list[str] = field(default_factory=list)
    ended: str = ""
    incident: IncidentRaised | None = None
    messages: tuple[str, ...] = ()
    expected: set[str] = field(default_factory=set)
    at: datetime = DISCOVERED
    work: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """What every case of a calculation has in common. ``settings`` is the start variable of that
    name; ``people`` how many work in each role, None for as many as there are tasks."""

    definition: Definition
    asked: Asked
    settings: Mapping[str, Any]
    calendar: WorkCalendar
    feel: Feel
    people: Mapping[str, int] | None = None
    #: Whether to note which messages are waited for on the way.
    listen: bool = False


def play(
    stage: Stage,
    grades: Grades,
    answers: Answers,
    takes: Takes,
    send: tuple[str, timedelta] | None = None,
) -> Played:
    """Play one case to its end. ``send`` is a message to be sent so long after it is first
    waited for."""
    return _Playing(stage, grades, answers, takes, send).play()


class _Playing:
    def __init__(
        self,
        stage: Stage,
        grades: Grades,
        answers: Answers,
        takes: Takes,
        send: tuple[str, timedelta] | None,
    ) -> None:
        self.stage = stage
        self.grades, self.answers, self.takes = grades, answers, takes
        self.send = send
        self.send_at: datetime | None = None
        self.played = Played()
        self.run = LiveRun(
            stage.definition,
            {
                "signal": dict(_SIGNAL),
                "case": {"number": "2026-0001", "title": "…", "tier": None},
                "settings": dict(stage.settings),
            },
            stage.feel,
            DISCOVERED,
            DISCOVERED + OPENED_AFTER,
            stage.calendar,
        )
        self.jobs: dict[str, Job] = {}
        self.agenda: list[tuple[datetime, int, str]] = []
        self.busy: dict[str, int] = {}
        self.queues: dict[str, deque[Job]] = {}
        self.asked: dict[str, int] = {}
        self.dues: dict[tuple[str, str], tuple[str, datetime]] = {}
        self.fired: set[tuple[str, str]] = set()

    def play(self) -> Played:
        run, played = self.run, self.played
        self._absorb(run.start())
        while not run.over:
            played.work += 1 + len(run.tasks) + len(run.timers)
            if run.steps > MOST_STEPS or played.work > MOST_WORK:
                played.ended = "circles"
                break
            done = self._next_done()
            due = min((t.due_at for t in run.timers.values()), default=None)
            sent = self._next_send()
            # At the same moment a person's act comes first: done at the limit is done in time.
            moment = min((m for m in (done, sent, due) if m is not None), default=None)
            if moment is None:
                played.ended, played.messages = "waits", run.messages
                break
            if moment == done:
                self._complete(heappop(self.agenda)[2], moment)
            elif moment == sent and self.send is not None:
                name, self.send, self.send_at = self.send[0], None, None
                self._absorb(run.send(name, {"reason": "…"}, max(moment, run.now)))
            else:
                self._absorb(run.fire(max(moment, run.now)))
        if run.incident is not None:
            played.ended, played.incident = "incident", run.incident
        played.at = run.now
        played.ends = run.ends
        for key, (path, moment) in self.dues.items():
            if key in self.fired or moment < run.now:
                played.deadlines.append(Kept(path, False, None))
        return played

    # ------------------------------------------------------------------------ moments

    def _next_done(self) -> datetime | None:
        while self.agenda and self.jobs[self.agenda[0][2]].outcome:
            heappop(self.agenda)
        return self.agenda[0][0] if self.agenda else None

    def _next_send(self) -> datetime | None:
        if self.send is None:
            return None
        if self.send_at is None and self.send[0] in self.run.messages:
            self.send_at = self.run.now + self.send[1]
        return self.send_at

    # --------------------------------------------------------------------------- acts

    def _complete(self, id: str, moment: datetime) -> None:
        task = self.run.tasks[id]
        element = self.stage.definition.element(task.path)
        self.jobs[id].due = self.run.due_at(id)
        self._absorb(self.run.complete(id, self._form(element, moment), moment))

    def _form(self, element: Element, moment: datetime) -> dict[str, Any]:
        if element.form_key == GRADE:
            if not self.stage.asked.tiers:
                return {}
            n = self.asked[TIER] = self.asked.get(TIER, 0) + 1
            tier = self.grades(n)
            self.played.answers.append((TIER, n, tier.key))
            return graded(tier)
        data = untouched(element, moment)
        for question in self.stage.asked.questions.get(element.path, ()):
            n = self.asked[question.key] = self.asked.get(question.key, 0) + 1
            value = data[question.field] = self.answers(question, n)
            self.played.answers.append((question.key, n, value))
        return data

    def _absorb(self, moved: Moved) -> None:
        now, played = self.run.now, self.played
        played.work += PASSING * len(moved.passed)
        for passed in moved.passed:
            scope = passed.path.rpartition("/")[0]
            if passed.flow:
                path = f"{scope}/{passed.flow}" if scope else passed.flow
                played.flows.add(static_path(path))
            if passed.state != "entered":
                self._settle((scope, passed.element_id), passed.state == "completed", now)
        for closed in moved.closed:
            self._close(self.jobs[closed.id], closed.outcome, now)
        for timer in moved.set:
            self._note(timer)
        for fired in moved.fired:
            host = self._host(fired.path)
            if fired.deadline_kind == "due" and host is not None:
                self.fired.add(host)
            if fired.escalate_to:
                played.told.append(Told(now, fired.path, fired.escalate_to))
        for task in moved.opened:
            self._open(task, now)
        if self.stage.listen:
            played.expected.update(self.run.messages)

    def _open(self, task: TaskOpened, now: datetime) -> None:
        element = self.stage.definition.element(task.path)
        role = element.candidate_groups[0] if element.candidate_groups else ""
        job = Job(task.id, task.path, role, task.round, now, task.due_at)
        job.minutes = max(1, self.takes(element, role, task.round, task))
        self.jobs[task.id] = job
        self.played.jobs.append(job)
        people = self.stage.people
        if people is not None and self.busy.get(role, 0) >= max(1, people.get(role, 1)):
            self.queues.setdefault(role, deque()).append(job)
        else:
            self._begin(job, now)

    def _begin(self, job: Job, now: datetime) -> None:
        job.begun = now
        self.busy[job.role] = self.busy.get(job.role, 0) + 1
        done = now + timedelta(minutes=job.minutes)
        heappush(self.agenda, (done, len(self.played.jobs), job.id))

    def _close(self, job: Job, outcome: str, now: datetime) -> None:
        job.outcome, job.done = outcome, now
        if job.begun is None:
            return
        self.busy[job.role] -= 1
        queue = self.queues.get(job.role)
        while queue:
            following = queue.popleft()
            if not following.outcome:
                self._begin(following, now)
                break

    # ---------------------------------------------------------------------- deadlines

    def _host(self, path: str) -> tuple[str, str] | None:
        """Scope and element id of what a boundary timer stands on."""
        element = self.stage.definition.elements.get(static_path(path))
        if element is None or not element.attached_to:
            return None
        return path.rpartition("/")[0], element.attached_to.rpartition("/")[2]

    def _note(self, timer: TimerSet) -> None:
        host = self._host(timer.path)
        if timer.deadline_kind == "due" and host is not None:
            self.dues[host] = (static_path(timer.path), timer.due_at)
            if timer.due_at > self.run.now:  # an anchor moved: it lies ahead again
                self.fired.discard(host)

    def _settle(self, host: tuple[str, str], completed: bool, now: datetime) -> None:
        """What a deadline is for was done, or was cancelled."""
        found = self.dues.pop(host, None)
        if found is None:
            return
        path, due = found
        fired = host in self.fired
        self.fired.discard(host)
        if completed:
            self.played.deadlines.append(Kept(path, now <= due, max(now - due, timedelta())))
        elif fired:
            self.played.deadlines.append(Kept(path, False, None))


_SIGNAL: Final[Mapping[str, Any]] = {
    "text": "…", "link": "", "medium": "short_video", "reads": 0, "comments": 0, "reposts": 0,
}  # fmt: skip
