"""Deadlines as the database sees them: one row for each time a deadline ran in a case.

The row is the task that carries the last judgement. On a single step that is the task itself. A
deadline on a call or sub-process is judged by the last task in it: tasks that follow each other
without a gap, or that are due at the same moment, are the same time it ran (a clock that was
moved meanwhile stays one). A task done late in fact, or entered late and done in time, is judged by
when it was really done: what the clock noted before stands in history and no longer counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from models.tasks import UserTask
from services.compliance_book import Book, Deadline
from services.rows import dialect_of

#: ``met``, ``missed`` (done late, or taken away after its limit), ``running``, ``overdue`` (past
#: its limit and still open), ``cancelled`` before its limit.
Verdict = Literal["met", "missed", "running", "overdue", "cancelled"]
VERDICTS: Final[tuple[Verdict, ...]] = ("met", "missed", "running", "overdue", "cancelled")
JUDGED: Final = ("met", "missed")
_FAR: Final = "9999-12-31 23:59:59.999999"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at. Cases count by when they were opened: from ``since`` (inclusive) to
    ``until`` (exclusive). ``tier`` None: every tier; "" those not graded. Drills only when asked
    for."""

    plan: str = ""
    tier: str | None = None
    clause: str = ""
    since: datetime | None = None
    until: datetime | None = None
    drills: bool = False

    def cases(self) -> list[ColumnElement[bool]]:
        """Conditions on `Case` and `PlanVersion` rows."""
        found: list[ColumnElement[bool]] = []
        if self.plan:
            found.append(PlanVersion.plan_key == self.plan)
        if self.tier is not None:
            found.append(func.coalesce(Case.tier, "") == self.tier)
        if self.since is not None:
            found.append(Case.opened_at >= self.since)
        if self.until is not None:
            found.append(Case.opened_at < self.until)
        if not self.drills:
            found.append(Case.is_drill.is_(False))
        return found


def places_with_due_dates(session: Session, scope: Scope) -> list[tuple[int, str]]:
    """(version id of the case, element path) of every task in the scope that has a due date."""
    query = (
        select(Case.plan_version_id, UserTask.element_path)
        .join(Case, Case.id == UserTask.case_id)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(UserTask.due_at.is_not(None), *scope.cases())
        .distinct()
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def seconds(session: Session, earlier: Any, later: Any) -> ColumnElement[int]:
    """Whole seconds from one column's moment to another's."""
    if dialect_of(session) == "sqlite":
        return func.unixepoch(later, type_=Integer) - func.unixepoch(earlier, type_=Integer)
    return cast(func.trunc(func.extract("epoch", later - earlier)), Integer)


def clocks(
    session: Session, book: Book, scope: Scope, only: Iterable[Deadline] | None = None
) -> Subquery:
    """A row for each time a deadline ran, of ``only`` where given: ``version_id`` and ``path``
    (which of `Book.places` it is), ``case_id``, ``tier`` ("" for none), ``task_id``, ``role``,
    ``created_at``, ``due_at``, ``done_at``, ``ended_at``, ``verdict`` and ``late`` (whole seconds
    after the due date, negative before it; None unless it was done)."""
    wanted = {one.no for one in only} if only is not None else None
    places = {
        place: deadline
        for place, deadline in book.places.items()
        if wanted is None or deadline.no in wanted
    }
    parts = []
    if any(not one.whole for one in places.values()) or not places:
        parts.append(_single(scope, places, narrow=wanted is not None))
    if any(one.whole for one in places.values()):
        parts.append(_whole(scope, places))
    rows = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("ran")
    done = rows.c.status == "completed"
    verdict = case(
        (and_(done, rows.c.done_at <= rows.c.due_at), "met"),
        (done, "missed"),
        (and_(rows.c.status == "open", rows.c.overdue_at.is_not(None)), "overdue"),
        (rows.c.status == "open", "running"),
        (rows.c.overdue_at.is_not(None), "missed"),
        else_="cancelled",
    )
    plain = ("version_id", "path", "case_id", "tier", "task_id", "role")
    return select(
        *(rows.c[name] for name in (*plain, "created_at", "due_at", "ended_at")),
        case((done, rows.c.done_at), else_=None).label("done_at"),
        verdict.label("verdict"),
        case((done, seconds(session, rows.c.due_at, rows.c.done_at)), else_=None).label("late"),
    ).subquery("clock")


_Places = Mapping[tuple[int, str], Deadline]


def _tasks(scope: Scope) -> Select[Any]:
    """Tasks with a due date."""
    return (
        select(
            Case.plan_version_id.label("version_id"),
            UserTask.element_path.label("path"),
            UserTask.case_id,
            func.coalesce(Case.tier, "").label("tier"),
            UserTask.id.label("task_id"),
            case(
                (UserTask.completed_role != "", UserTask.completed_role), else_=UserTask.role_key
            ).label("role"),
            UserTask.status,
            UserTask.created_at,
            UserTask.due_at,
            UserTask.occurred_at.label("done_at"),
            UserTask.completed_at.label("ended_at"),
            UserTask.overdue_at,
        )
        .join(Case, Case.id == UserTask.case_id)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(UserTask.due_at.is_not(None), *scope.cases())
    )


def _paths(places: _Places, *, whole: bool) -> list[str]:
    return sorted({path for (_version, path), one in places.items() if one.whole is whole})


def _single(scope: Scope, places: _Places, *, narrow: bool) -> Select[Any]:
    """Deadlines on a step: each task is one. Without ``narrow`` all but those in a whole."""
    path = UserTask.element_path
    if narrow:
        return _tasks(scope).where(path.in_(_paths(places, whole=False)), _of_versions(places))
    inside = _paths(places, whole=True)
    return _tasks(scope).where(path.not_in(inside)) if inside else _tasks(scope)


def _of_versions(places: _Places) -> ColumnElement[bool]:
    return Case.plan_version_id.in_(sorted({version for version, _path in places}))


def _whole(scope: Scope, places: _Places) -> Select[Any]:
    """The last task of each time a call or sub-process was gone through. From the one that ended
    last backwards: the last of an earlier time has nothing after it that began before it ended,
    and is due at another moment than what follows."""
    # A case is of one version: the path says which call or sub-process of it a task stands in.
    hosts = sorted({one.path for one in places.values() if one.whole})
    inside = {path: hosts.index(one.path) for (_v, path), one in places.items() if one.whole}
    host = case(inside, value=UserTask.element_path).label("host")
    # Only what it is sorted by goes through the sort; the rest is read of the last ones alone.
    found = (
        select(
            host, UserTask.case_id, UserTask.id.label("task_id"), UserTask.status,
            UserTask.created_at, UserTask.due_at, UserTask.completed_at.label("ended_at"),
        )
        .join(Case, Case.id == UserTask.case_id)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(
            UserTask.due_at.is_not(None),
            UserTask.element_path.in_(sorted(inside)),
            _of_versions(places),
            *scope.cases(),
        )
        .subquery("inside")
    )  # fmt: skip
    order = (
        func.coalesce(found.c.ended_at, _far(found)).desc(),
        found.c.status.desc(),  # what was done counts before what it took away
        found.c.created_at.desc(),
        found.c.task_id.desc(),
    )
    place = (found.c.host, found.c.case_id)
    after = select(
        found,
        func.min(found.c.created_at)
        .over(partition_by=place, order_by=order, rows=(None, -1))
        .label("next_began"),
        func.lag(found.c.due_at).over(partition_by=place, order_by=order).label("next_due"),
    ).subquery("after")
    last = select(after.c.task_id).where(
        or_(
            after.c.next_began.is_(None),
            and_(after.c.next_began > after.c.ended_at, after.c.next_due != after.c.due_at),
        )
    )
    return _tasks(scope).where(UserTask.id.in_(last))


def _far(rows: Any) -> ColumnElement[Any]:
    """A moment after all others, of the columns' own type."""
    far = datetime.fromisoformat(_FAR + "+00:00")
    return literal(far, rows.c.ended_at.type)
