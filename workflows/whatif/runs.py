"""Many runs: the share in which each deadline is kept, when people take as long as they do.

Run ``i`` of a seed draws from ``random.Random`` seeded with the run, the task's path and its
round, so that the same seed gives the same figures, however the runs are dealt out, and so that
two versions of a plan are tried with the same people on the same day: what a task takes and what is
answered does not hang on what else the version asks.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any, Final

from workflows.contract import Element, TaskOpened
from workflows.whatif.play import DISCOVERED, Played, Stage, play
from workflows.whatif.questions import TIER, Question, Tier

MOST_RUNS: Final = 5000
#: The standard normal's 0.9 and 0.975 quantiles.
_Z90: Final = 1.2815515655446004
_Z95: Final = 1.959963984540054
#: Nobody takes longer than this for one task, in minutes.
_LONGEST: Final = 60 * 24 * 60
#: Asked more often than this in one run, any answer is as likely as another.
_TIRED: Final = 12


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a role takes for a task, in minutes: half of the tasks at most ``median``, nine of
    ten at most ``p90`` (a lognormal distribution)."""

    median: float
    p90: float


@dataclass(frozen=True, slots=True)
class Chances:
    """How often what is answered. ``tiers`` are weights by tier key. ``returns`` is the share of
    answers that send the work round once more, where a question has such (``back``, as (question
    key, value)). Of the others the usual one (``usual``, else the form's default or first) is
    given in the share ``ordinary``, the rest equally often. All shares lie between 0 and 1."""

    tiers: Mapping[str, float]
    returns: float
    ordinary: float
    back: frozenset[tuple[str, Any]] = frozenset()
    usual: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """All there is to say of a calculation besides the plan: same trial, same figures."""

    seed: int
    runs: int
    paces: Mapping[str, Pace]
    people: Mapping[str, int]
    chances: Chances


@dataclass(slots=True)
class Tally:
    """Sums over some runs; `add` puts two together. ``deadlines`` by path: runs in which it
    applied, in which it was met, and how late it was where it was done late, in minutes.
    ``stuck`` by (how it ended, incident code, element path or the messages): runs, and the
    answers of the first that did. ``waits`` by role: minutes tasks lay before anybody had time,
    and tasks."""

    runs: int = 0
    ended: int = 0
    deadlines: dict[str, list[Any]] = field(default_factory=dict)
    stuck: dict[tuple[str, str, str], list[Any]] = field(default_factory=dict)
    waits: dict[str, list[int]] = field(default_factory=dict)
    minutes: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.runs += other.runs
        self.ended += other.ended
        self.minutes += other.minutes
        for path, (applied, met, late) in other.deadlines.items():
            mine = self.deadlines.setdefault(path, [0, 0, []])
            mine[0] += applied
            mine[1] += met
            mine[2] += late
        for key, (count, first, answers) in other.stuck.items():
            known = self.stuck.setdefault(key, [0, first, answers])
            known[0] += count
            if first < known[1]:
                known[1:] = [first, answers]
        for role, (minutes, tasks) in other.waits.items():
            own = self.waits.setdefault(role, [0, 0])
            own[0] += minutes
            own[1] += tasks


@dataclass(frozen=True, slots=True)
class Share:
    """A deadline's figures: the path of its timer; runs in which it ``applied`` and was ``met``;
    the share with its 95 % interval (Wilson), all between 0 and 1; ``late`` is the median
    lateness in minutes of those done late, None where none was."""

    path: str
    applied: int
    met: int
    share: float
    low: float
    high: float
    late: int | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """Runs that came to no end: ``ended`` as in `Played`; ``path`` where; ``answers`` of the first
    such run (question key, how often asked, value)."""

    ended: str
    code: str
    path: str
    runs: int
    first: int
    answers: tuple[tuple[str, int, Any], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a calculation found. ``waits`` are minutes a task lay on average before somebody of
    the role had time for it, by role. ``median_minutes`` is from discovery to the end."""

    runs: int
    ended: int
    shares: tuple[Share, ...]
    stuck: tuple[Stuck, ...]
    waits: Mapping[str, float]
    median_minutes: int | None


def tally(stage: Stage, trial: Trial, numbers: Iterable[int]) -> Tally:
    """Play the runs with these numbers. ``stage.people`` is taken from the trial."""
    total = Tally()
    drawing = _Drawing(trial, stage.asked.tiers)
    for number in numbers:
        drawing.number = number
        played = play(stage, drawing.grade, drawing.answer, drawing.takes)
        _count(total, number, played)
    return total


def result(total: Tally) -> Result:
    """The figures of all runs."""
    shares = [
        Share(
            path, applied, met, met / applied, *wilson(met, applied),
            late=round(median(late)) if late else None,
        )
        for path, (applied, met, late) in sorted(total.deadlines.items())
    ]  # fmt: skip
    stuck = [
        Stuck(ended, code, path, count, first, tuple(answers))
        for (ended, code, path), (count, first, answers) in sorted(total.stuck.items())
    ]
    return Result(
        total.runs,
        total.ended,
        tuple(shares),
        tuple(sorted(stuck, key=lambda one: -one.runs)),
        {role: minutes / tasks for role, (minutes, tasks) in sorted(total.waits.items())},
        round(median(total.minutes)) if total.minutes else None,
    )


def wilson(met: int, applied: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score)."""
    if not applied:
        return 0.0, 1.0
    share, z2 = met / applied, _Z95 * _Z95
    middle = share + z2 / (2 * applied)
    spread = _Z95 * math.sqrt(share * (1 - share) / applied + z2 / (4 * applied * applied))
    width = 1 + z2 / applied
    return max(0.0, (middle - spread) / width), 1.0 if met == applied else min(
        1.0, (middle + spread) / width
    )


class _Drawing:
    """What is drawn for one run."""

    def __init__(self, trial: Trial, tiers: Sequence[Tier]) -> None:
        self.trial = trial
        self.number = 0
        self.tiers = tiers
        weights = [max(0.0, trial.chances.tiers.get(tier.key, 0.0)) for tier in tiers]
        self.weights = weights if sum(weights) > 0 else [1.0] * len(tiers)
        self.split: dict[str, tuple[list[Any], list[Any]]] = {}

    def grade(self, n: int) -> Tier:
        # Decided once: a case stays what it is, however often it is graded again.
        return self._random(TIER, 1).choices(self.tiers, self.weights)[0]

    def answer(self, question: Question, n: int) -> Any:
        if question.quiet:  # it leads nowhere; the walk has answered it in all ways
            return question.options[0]
        chance = self._random(question.key, n)
        if n > _TIRED:
            return chance.choice(question.options)
        on, back = self._split(question)
        # Both are drawn always, so that one version's question uses up as much as the other's.
        again, plain = chance.random(), chance.random()
        if back and on and again < self.trial.chances.returns:
            return chance.choice(back)
        on = on or back
        if len(on) == 1 or plain < self.trial.chances.ordinary:
            return on[0]
        return chance.choice(on[1:])

    def takes(self, element: Element, role: str, round_: int, task: TaskOpened) -> int:
        pace = self.trial.paces.get(role, DEFAULT_PACE)
        sigma = math.log(max(pace.p90, pace.median) / pace.median) / _Z90
        drawn = self._random(task.path, round_).lognormvariate(math.log(pace.median), sigma)
        return max(1, min(round(drawn), _LONGEST))

    def _split(self, question: Question) -> tuple[list[Any], list[Any]]:
        """The answers that lead on, the usual one first, and those that lead back."""
        found = self.split.get(question.key)
        if found is None:
            chances = self.trial.chances
            usual = chances.usual.get(question.key, question.options[0])
            options = sorted(question.options, key=lambda one: one != usual)
            back = [one for one in options if (question.key, one) in chances.back]
            on = [one for one in options if (question.key, one) not in chances.back]
            found = self.split[question.key] = (on, back)
        return found

    def _random(self, what: str, n: int) -> random.Random:
        return random.Random(f"{self.trial.seed}:{self.number}:{what}:{n}")


DEFAULT_PACE: Final = Pace(30, 90)


def _count(total: Tally, number: int, played: Played) -> None:
    total.runs += 1
    if not played.ended:
        total.ended += 1
        total.minutes.append(_minutes(played.at - DISCOVERED))
    else:
        incident = played.incident
        place = incident.path if incident is not None else " ".join(played.messages)
        key = (played.ended, incident.code if incident is not None else "", place)
        known = total.stuck.setdefault(key, [0, number, list(played.answers)])
        known[0] += 1
    # A deadline that applied twice in a run is met if it was met each time.
    runs: dict[str, list[Any]] = {}
    for one in played.deadlines:
        seen = runs.setdefault(one.path, [True, []])
        seen[0] = seen[0] and one.met
        if not one.met and one.late is not None:
            seen[1].append(_minutes(one.late))
    for path, (met, late) in runs.items():
        mine = total.deadlines.setdefault(path, [0, 0, []])
        mine[0] += 1
        mine[1] += met
        if late:
            mine[2].append(max(late))
    for job in played.jobs:
        if job.begun is not None:
            own = total.waits.setdefault(job.role, [0, 0])
            own[0] += _minutes(job.begun - job.opened)
            own[1] += 1


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
