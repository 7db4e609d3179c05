"""The four moments every case is asked about: first report up, first statement, closing, review.

Each counts from the discovery (the anchor as it stands now). The first report is the moment the
first recipient confirmed, the first statement the first release, the review the first after-action
step that was done. Where the plan sets a limit on the task it was done in, it is held against that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import (
    Integer,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    values,
)
from sqlalchemy.orm import Session

from models.cases import Anchor, Case
from models.plans import PlanVersion
from models.tasks import UserTask
from models.words import Release, ReportLine, Statement
from services.anchors import DISCOVERED
from services.compliance_book import Book
from services.compliance_clocks import Scope, seconds

Moment = Literal["report", "statement", "closing", "review"]
MOMENTS: Final[tuple[Moment, ...]] = ("report", "statement", "closing", "review")
_CLOSING: Final = "planroom:closing"
#: Fewer than this are given as the single values.
_FEW: Final = 5


@dataclass(slots=True)
class Times:
    """One moment in one tier: ``n`` of ``cases`` cases have come to it. ``shortest``, ``median``
    and ``longest`` are seconds from discovery; ``values`` the single ones where there are few.
    ``met`` and ``missed`` are those with a limit."""

    cases: int = 0
    n: int = 0
    shortest: int | None = None
    median: float | None = None
    longest: int | None = None
    met: int = 0
    missed: int = 0
    values: list[tuple[int, str, int]] = field(default_factory=list)  # case id, number, seconds


@dataclass(slots=True)
class Moments:
    """``times``: (plan, tier key, moment) -> figures; ``cases``: (plan, tier key) -> how many."""

    times: dict[tuple[str, str, Moment], Times] = field(default_factory=dict)
    cases: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def groups(self) -> list[tuple[str, str]]:
        """Plans and tiers with cases, in order."""
        return list(self.cases)


def moments(session: Session, book: Book, scope: Scope) -> Moments:
    """The figures of a scope; a clause chosen does not narrow them."""
    found = Moments()
    plan, tier = PlanVersion.plan_key, func.coalesce(Case.tier, "").label("tier")
    counted = (
        select(plan, tier, func.count())
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(*scope.cases())
        .group_by(plan, "tier")
        .order_by(plan, "tier")
    )
    for key, of_tier, count in session.execute(counted):
        found.cases[key, of_tier] = count
        for moment in MOMENTS:
            found.times[key, of_tier, moment] = Times(cases=count)
    if found.cases:
        _count(session, reached(session, book, scope), found)
    return found


def reached(session: Session, book: Book, scope: Scope) -> Subquery:
    """A row for each moment a case has come to: ``plan``, ``tier``, ``moment``, ``case_id``,
    ``number``, ``at``, ``due_at`` (None without a limit), ``task_id`` and ``taken`` (seconds from
    discovery)."""
    since = (
        select(Anchor.case_id, func.max(Anchor.occurred_at).label("at"))
        .where(Anchor.name == DISCOVERED, Anchor.superseded.is_(False))
        .group_by(Anchor.case_id)
        .subquery("since")
    )
    parts = [_report(), _statement(), _closing(), _review(book)]
    every = union_all(*parts).subquery("reached")
    began = func.coalesce(since.c.at, Case.opened_at)
    return (
        select(
            PlanVersion.plan_key.label("plan"),
            func.coalesce(Case.tier, "").label("tier"),
            every.c.moment,
            Case.id.label("case_id"),
            Case.number,
            every.c.at,
            every.c.due_at,
            every.c.task_id,
            seconds(session, began, every.c.at).label("taken"),
        )
        .join(Case, Case.id == every.c.case_id)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .outerjoin(since, since.c.case_id == Case.id)
        .where(*scope.cases())
        .subquery("moment")
    )


def _first(moment: Moment, rows: Any) -> Select[Any]:
    """The first row of each case: ``rows`` has ``case_id``, ``at``, ``due_at``, ``task_id``."""
    inner = rows.subquery(f"{moment}_rows")
    placed = select(
        inner,
        func.row_number()
        .over(partition_by=inner.c.case_id, order_by=(inner.c.at, inner.c.task_id))
        .label("place"),
    ).subquery(f"{moment}_placed")
    return select(
        literal(moment, String).label("moment"),
        placed.c.case_id,
        placed.c.at,
        placed.c.due_at,
        placed.c.task_id,
    ).where(placed.c.place == 1)


def _report() -> Select[Any]:
    return _first(
        "report",
        select(
            ReportLine.case_id,
            ReportLine.acknowledged_at.label("at"),
            UserTask.due_at,
            ReportLine.task_id,
        )
        .join(UserTask, UserTask.id == ReportLine.task_id)
        .where(ReportLine.acknowledged_at.is_not(None)),
    )


def _statement() -> Select[Any]:
    return _first(
        "statement",
        select(
            Statement.case_id,
            Release.occurred_at.label("at"),
            UserTask.due_at,
            Release.task_id,
        )
        .join(Statement, Statement.id == Release.statement_id)
        .outerjoin(UserTask, UserTask.id == Release.task_id),
    )


def _closing() -> Select[Any]:
    # The task that closed it; a closing whose criterion was not met closed nothing.
    done = and_(
        UserTask.case_id == Case.id,
        UserTask.form_key == _CLOSING,
        UserTask.status == "completed",
        UserTask.occurred_at == Case.closed_at,
    )
    return _first(
        "closing",
        select(
            Case.id.label("case_id"), Case.closed_at.label("at"), UserTask.due_at,
            UserTask.id.label("task_id"),
        )
        .outerjoin(UserTask, done)
        .where(Case.closed_at.is_not(None)),
    )  # fmt: skip


def _review(book: Book) -> Select[Any]:
    places = (
        values(column("version_id", Integer), column("path", String), name="review_place")
        .data(book.reviews or [(0, "")])
        .cte("review_place")
    )
    return _first(
        "review",
        select(
            UserTask.case_id,
            UserTask.occurred_at.label("at"),
            UserTask.due_at,
            UserTask.id.label("task_id"),
        )
        .join(Case, Case.id == UserTask.case_id)
        .join(
            places,
            and_(
                places.c.version_id == Case.plan_version_id,
                places.c.path == UserTask.element_path,
            ),
        )
        .where(UserTask.status == "completed", UserTask.occurred_at.is_not(None)),
    )


def _count(session: Session, moment: Subquery, found: Moments) -> None:
    group = (moment.c.plan, moment.c.tier, moment.c.moment)
    kept = ("plan", "tier", "moment", "case_id", "at", "due_at", "taken")
    ranked = select(
        *(moment.c[name] for name in kept),
        func.row_number().over(partition_by=group, order_by=moment.c.taken).label("place"),
        func.count().over(partition_by=group).label("among"),
    ).cte("ranked")
    middle = or_(
        ranked.c.place * 2 == ranked.c.among,
        ranked.c.place * 2 == ranked.c.among + 1,
        ranked.c.place * 2 == ranked.c.among + 2,
    )
    met = and_(ranked.c.due_at.is_not(None), ranked.c.at <= ranked.c.due_at)
    missed = and_(ranked.c.due_at.is_not(None), ranked.c.at > ranked.c.due_at)
    few = case((ranked.c.among < _FEW, ranked.c.case_id), else_=cast(null(), Integer))
    # One row a group, and in small groups one a case.
    query = select(
        ranked.c.plan, ranked.c.tier, ranked.c.moment, few.label("single"),
        func.count(),
        func.min(ranked.c.taken),
        func.max(ranked.c.taken),
        func.min(case((middle, ranked.c.taken))),
        func.max(case((middle, ranked.c.taken))),
        func.sum(case((met, 1), else_=0)),
        func.sum(case((missed, 1), else_=0)),
    ).group_by(ranked.c.plan, ranked.c.tier, ranked.c.moment, "single")  # fmt: skip
    middles: dict[tuple[str, str, Moment], list[int]] = {}
    singles: list[tuple[Times, int, int]] = []
    for plan, tier, kind, single, n, low, high, m1, m2, ok, late in session.execute(query):
        times = found.times[plan, tier, kind]
        times.n += n
        times.met += ok
        times.missed += late
        times.shortest = low if times.shortest is None else min(low, times.shortest)
        times.longest = high if times.longest is None else max(high, times.longest)
        middles.setdefault((plan, tier, kind), []).extend(m for m in (m1, m2) if m is not None)
        if single is not None:
            singles.append((times, single, low))
    for key, both in middles.items():
        found.times[key].median = (min(both) + max(both)) / 2
    wanted = select(Case.id, Case.number).where(Case.id.in_({one for _, one, _ in singles}))
    numbers = {row[0]: row[1] for row in session.execute(wanted)}
    for times, case_id, taken in sorted(singles, key=lambda one: one[2]):
        times.values.append((case_id, numbers[case_id], taken))
