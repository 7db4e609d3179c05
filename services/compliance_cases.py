"""The cases behind a figure: each with its moments and the event that says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.tasks import UserTask
from services.compliance_book import Book, Deadline, book_of, versions_with_cases
from services.compliance_clocks import JUDGED, Scope, Verdict, clocks, places_with_due_dates
from services.compliance_moments import Moment, reached
from services.definitions import static_path
from services.errors import Refusal
from services.history import chain_of
from services.moments import utc_text

#: How many are on a page.
PAGE: Final = 50
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ClockCase:
    """One time a deadline ran. ``done_at`` None: not done. ``late`` seconds after the limit,
    negative before. ``lag`` is how much later than done it was entered (seconds). ``seq`` is the
    event that tells the verdict, ``noted`` the clock's own earlier note of a miss where the
    last judgement is another; both None where there is no such event."""

    case_id: int
    number: str
    title: str
    drill: bool
    tier: str
    role: str
    verdict: Verdict
    opened_at: datetime
    due_at: datetime
    done_at: datetime | None
    ended_at: datetime | None
    late: int | None
    lag: int
    seq: int | None
    noted: int | None


@dataclass(frozen=True, slots=True)
class MomentCase:
    """One case that came to a moment; ``taken`` seconds from its discovery, ``late`` seconds after
    the limit, None without one."""

    case_id: int
    number: str
    title: str
    drill: bool
    tier: str
    at: datetime
    due_at: datetime | None
    taken: int
    late: int | None
    seq: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """``next`` asks for the cases before these (an id), None at the end."""

    rows: Sequence[Any]
    next: int | None


def deadline_of(session: Session, scope: Scope, key: str) -> tuple[Book, Deadline]:
    """The deadline a page names by `Deadline.key`. Raises Refusal ``deadline_unknown`` 404."""
    path, _, number = key.rpartition("@")
    versions = versions_with_cases(session, scope.plan) if scope.plan else []
    book = book_of(session, versions, places_with_due_dates(session, scope))
    for one in book.deadlines:
        if one.path == path and number.isascii() and number in map(str, one.versions):
            return book, one
    raise Refusal("deadline_unknown", 404)


def clock_cases(
    session: Session,
    book: Book,
    scope: Scope,
    deadline: Deadline,
    *,
    verdict: str = "",
    role: str | None = None,
    before: int | None = None,
) -> Page:
    """The times it ran, the latest cases first; of one verdict or one role where given ("": of
    none)."""
    clock = clocks(session, book, scope, [deadline])
    query = select(clock, Case.number, Case.title, Case.is_drill).join(
        Case, Case.id == clock.c.case_id
    )
    if verdict:
        query = query.where(clock.c.verdict == verdict)
    if role is not None:
        query = query.where(clock.c.role == role)
    if before is not None:
        query = query.where(clock.c.case_id < before)
    query = query.order_by(clock.c.case_id.desc(), clock.c.created_at.desc(), clock.c.task_id)
    found = session.execute(query.limit(PAGE + 1)).all()
    rows, following = _cut(found, lambda row: row.case_id)
    if len({row.case_id for row in found}) == 1:  # a case that fills a page is told to its end
        rows = session.execute(query.where(clock.c.case_id == found[0].case_id)).all()
    told = _Told(session, [row.case_id for row in rows])
    return Page([_clock_case(row, deadline, told) for row in rows], following)


def moment_cases(
    session: Session,
    scope: Scope,
    moment: Moment,
    *,
    verdict: str = "",
    before: int | None = None,
) -> Page:
    """The cases that came to it, the latest first; only those in time (``met``) or after the limit
    (``missed``) where asked."""
    book = book_of(session, versions_with_cases(session, scope.plan), [])
    some = reached(session, book, scope)
    query = select(some, Case.title, Case.is_drill).join(Case, Case.id == some.c.case_id)
    query = query.where(some.c.moment == moment)
    if verdict in JUDGED:
        in_time = some.c.at <= some.c.due_at
        query = query.where(some.c.due_at.is_not(None), in_time if verdict == "met" else ~in_time)
    if before is not None:
        query = query.where(some.c.case_id < before)
    found = session.execute(query.order_by(some.c.case_id.desc()).limit(PAGE + 1)).all()
    rows, following = _cut(found, lambda row: row.case_id)
    told = _Told(session, [row.case_id for row in rows])
    return Page(
        [
            MomentCase(
                row.case_id, row.number, row.title, row.is_drill, row.tier, row.at,
                row.due_at, row.taken,
                int((row.at - row.due_at).total_seconds()) if row.due_at is not None else None,
                told.moment(row.case_id, moment, row.task_id, row.at),
            )
            for row in rows
        ],
        following,
    )  # fmt: skip


def judgement_of(session: Session, task_id: str) -> tuple[int, int]:
    """The case of a task and the event that judged its deadline last (else that ended or opened
    it). Raises Refusal ``task_unknown`` 404."""
    case_id = session.scalar(select(UserTask.case_id).where(UserTask.id == task_id))
    if case_id is None:
        raise Refusal("task_unknown", 404)
    seq = _Told(session, [case_id]).judgement(case_id, task_id)
    if seq is None:
        raise Refusal("task_unknown", 404)
    return case_id, seq


def _cut(found: Sequence[R], case_of: Callable[[R], int]) -> tuple[Sequence[R], int | None]:
    """A page never ends within a case, unless that case alone fills it: `clock_cases` takes the
    rest of it."""
    if len(found) <= PAGE:
        return found, None
    last = case_of(found[PAGE])
    whole = [row for row in found if case_of(row) != last]
    rows = whole or found[:PAGE]
    return rows, case_of(rows[-1])


def _clock_case(row: Any, deadline: Deadline, told: _Told) -> ClockCase:
    noted = told.note(row.case_id, row.task_id, deadline, row.due_at)
    seq, lag = told.verdict(row.case_id, row.task_id, row.verdict)
    if noted is not None and row.verdict in ("missed", "overdue") and row.done_at is None:
        seq = noted  # nobody has judged since
    return ClockCase(
        row.case_id, row.number, row.title, row.is_drill, row.tier, row.role, row.verdict,
        row.created_at, row.due_at, row.done_at, row.ended_at, row.late, lag, seq,
        noted if row.verdict == "met" else None,
    )  # fmt: skip


#: Which event tells a verdict, the best first.
_TELLS: Final = {
    "met": ("deadline.met", "task.completed"),
    "missed": ("deadline.missed", "task.completed", "task.cancelled"),
    "overdue": ("deadline.missed", "task.opened"),
    "running": ("task.opened",),
    "cancelled": ("task.cancelled", "task.opened"),
}
_OF_MOMENT: Final[dict[Moment, tuple[str, ...]]] = {
    "report": ("report.line_acknowledged", "report.line_corrected"),
    "statement": ("statement.released",),
    "closing": ("case.closed", "closing.confirmed"),
    "review": ("task.completed",),
}
_TYPES: Final = sorted(
    {name for names in (*_TELLS.values(), *_OF_MOMENT.values()) for name in names}
)


class _Told:
    """What the events of a page's cases say of tasks and moments."""

    def __init__(self, session: Session, case_ids: Iterable[int]) -> None:
        chains = [chain_of(case_id) for case_id in sorted(set(case_ids))]
        rows = session.execute(
            select(
                HistoryEvent.case_id, HistoryEvent.seq, HistoryEvent.type, HistoryEvent.person_id,
                HistoryEvent.element_path, HistoryEvent.occurred_at, HistoryEvent.recorded_at,
                HistoryEvent.content,
            )
            .where(HistoryEvent.chain.in_(chains), HistoryEvent.type.in_(_TYPES))
            .order_by(HistoryEvent.chain, HistoryEvent.seq)
        )  # fmt: skip
        self.by_task: dict[tuple[int, str, str], Any] = {}
        self.notes: dict[tuple[int, str], Any] = {}
        self.of_type: dict[tuple[int, str], list[tuple[Any, dict[str, Any]]]] = {}
        for row in rows:
            data = json.loads(row.content)["data"]
            self.of_type.setdefault((row.case_id, row.type), []).append((row, data))
            if row.type == "deadline.missed" and row.person_id is None:
                due = str(data.get("due"))
                if data.get("task"):
                    self.notes[row.case_id, f"{data['task']} {due}"] = row
                self.notes[row.case_id, f"{static_path(row.element_path)} {due}"] = row
            elif data.get("task"):
                self.by_task[row.case_id, row.type, str(data["task"])] = row

    def verdict(self, case_id: int, task_id: str, verdict: Verdict) -> tuple[int | None, int]:
        """The seq of the event that tells it, and the lag of its entry in seconds."""
        for type_ in _TELLS[verdict]:
            row = self.by_task.get((case_id, type_, task_id))
            if row is not None:
                return row.seq, int((row.recorded_at - row.occurred_at).total_seconds())
        return None, 0

    def judgement(self, case_id: int, task_id: str) -> int | None:
        """The seq of the last judgement of a task; of what ended or opened it without one."""
        for type_ in ("deadline.met", "deadline.missed", "task.completed"):
            row = self.by_task.get((case_id, type_, task_id))
            if row is not None:
                return int(row.seq)
        for key, row in self.notes.items():
            if key[0] == case_id and key[1].startswith(f"{task_id} "):
                return int(row.seq)
        for type_ in ("task.cancelled", "task.opened"):
            row = self.by_task.get((case_id, type_, task_id))
            if row is not None:
                return int(row.seq)
        return None

    def note(self, case_id: int, task_id: str, deadline: Deadline, due: datetime) -> int | None:
        """The clock's own note that this limit passed."""
        names = [task_id, *([deadline.timer] if deadline.whole and deadline.timer else [])]
        for name in names:
            row = self.notes.get((case_id, f"{name} {utc_text(due)}"))
            if row is not None:
                return int(row.seq)
        return None

    def moment(self, case_id: int, moment: Moment, task: str | None, at: datetime) -> int | None:
        for type_ in _OF_MOMENT[moment]:
            rows = self.of_type.get((case_id, type_), [])
            exact = [row for row, data in rows if row.occurred_at == at]
            of_task = [row for row, data in rows if task and data.get("task") == task]
            both = [row for row in exact if row in of_task]
            for found in (both, exact, of_task):
                if found:
                    return int(found[-1].seq)
        return None
