"""How a plan's cases usually go: for each task of the plan, when it is taken up and how long it
takes, half of the finished cases sooner. By element, never by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from models.tasks import UserTask
from services.definitions import static_path
from services.replay import Frames

#: The newest finished cases of a plan that are looked at.
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Usual:
    """A task's first round that was completed, in ``n`` cases: medians, in seconds, of when it
    opened after its case and of how long it was open."""

    start: float
    length: float
    n: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One round of a task in the case at hand: seconds after the case was opened. ``end`` is None
    while it is open; ``late`` tells that its limit passed."""

    round: int
    start: int
    end: int | None
    cancelled: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A task of the plan: how it usually goes (None where no finished case had it) and how it went
    here (empty where the case did not come to it)."""

    path: str
    usual: Usual | None
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A case beside its plan. ``cases`` finished ones were looked at, the case itself and drills
    left out; ``length`` is the case's, in seconds, to its last event."""

    rows: Sequence[Row]
    cases: int
    length: int


def beside_median(session: Session, frames: Frames) -> Beside:
    """The case of ``frames`` beside the finished cases of its plan, tasks in the order in which
    they begin."""
    plan_key = frames.stretches[-1].version.plan_key
    usual, cases = _usual(session, plan_key, frames.case.id)
    bars = bars_of(frames)
    rows = [
        Row(path, usual.get(path), tuple(bars.get(path, ())))
        for path in dict.fromkeys([*usual, *bars])
    ]
    rows.sort(key=_begins)
    whole = frames.recorded[-1] - frames.recorded[0] if frames.recorded else 0
    return Beside(rows, cases, whole)


def _begins(row: Row) -> tuple[float, str]:
    if row.bars:
        return row.bars[0].start, row.path
    return row.usual.start if row.usual is not None else 0.0, row.path


def bars_of(frames: Frames) -> dict[str, list[Bar]]:
    """The case's own tasks, by path without index, from its record."""
    types, zero = frames.types, frames.recorded[0] if frames.recorded else 0
    running: dict[int, Bar] = {}
    ended: list[tuple[str, Bar]] = []
    rounds: dict[int, int] = {}
    late: set[int] = set()
    for n, number in enumerate(frames.type):
        path = frames.path[n]
        name = types[number]
        if name == "deadline.missed":
            late.update(code >> 2 for code in frames.ops[n][::2])
        elif name == "task.opened":
            rounds[path] = rounds.get(path, 0) + 1
            late.discard(path)
            running[path] = Bar(rounds[path], frames.recorded[n] - zero, None, False, False)
        elif name in ("task.completed", "task.cancelled") and path in running:
            bar = running.pop(path)
            # Work entered later was done when it was done, but not before its task was there.
            end = max(frames.occurred[n] - zero, bar.start)
            gone = name == "task.cancelled"
            was_late = path in late or _late_after(frames, n)
            ended.append((frames.paths[path], Bar(bar.round, bar.start, end, gone, was_late)))
    for path, bar in running.items():
        ended.append((frames.paths[path], Bar(bar.round, bar.start, None, False, path in late)))
    found: dict[str, list[Bar]] = {}
    for task, bar in sorted(ended, key=lambda one: one[1].start):
        found.setdefault(static_path(task), []).append(bar)
    return found


def _late_after(frames: Frames, n: int) -> bool:
    """Whether the act at ``n`` is told to have been late: that is noted right after it."""
    for later in range(n + 1, min(n + 40, len(frames.seq))):
        name = frames.types[frames.type[later]]
        if name == "task.completed" or frames.recorded[later] != frames.recorded[n]:
            return False
        if name == "deadline.missed" and frames.path[later] == frames.path[n]:
            return True
    return False


def _usual(session: Session, plan_key: str, but: int) -> tuple[Mapping[str, Usual], int]:
    newest = (
        select(Case.id, Case.opened_at)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(
            PlanVersion.plan_key == plan_key,
            Case.status != "open",
            Case.is_drill.is_(False),
            Case.id != but,
        )
        .order_by(Case.id.desc())
        .limit(MOST)
    )
    opened: dict[int, datetime] = {case.id: case.opened_at for case in session.execute(newest)}
    of_cases = newest.with_only_columns(Case.id).subquery()
    done = func.coalesce(UserTask.occurred_at, UserTask.completed_at)
    tasks = session.execute(
        select(UserTask.case_id, UserTask.element_path, UserTask.created_at, done)
        .where(
            UserTask.case_id.in_(select(of_cases)),
            UserTask.status == "completed",
        )
        .order_by(UserTask.created_at, UserTask.id)
    )
    starts: dict[str, list[float]] = {}
    spans: dict[str, list[float]] = {}
    seen: set[tuple[int, str]] = set()
    for case_id, path, began, finished in tasks:
        key = static_path(path)
        if (case_id, key) in seen:
            continue
        seen.add((case_id, key))
        starts.setdefault(key, []).append((began - opened[case_id]).total_seconds())
        spans.setdefault(key, []).append(max((finished - began).total_seconds(), 0.0))
    usual = {
        path: Usual(median(starts[path]), median(spans[path]), len(starts[path])) for path in starts
    }
    return usual, len(opened)
