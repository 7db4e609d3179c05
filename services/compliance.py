"""How deadlines were kept: per plan, tier and clause, how often met, how late, in which role.

Facts, never verdicts on people: roles are counted, persons are not. The database counts; what
comes back is a few rows however many tasks there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from services.compliance_book import Book, Deadline, book_of, versions_with_cases
from services.compliance_clocks import (
    JUDGED,
    Scope,
    Verdict,
    clocks,
    places_with_due_dates,
)
from services.errors import Refusal
from services.tiers import tiers_of

#: Fewer than this are shown as the single values, without percentages.
FEW: Final = 5
#: A drawing has a mark for each case up to so many; beyond them bars.
MARKS: Final = 40
_M, _H, _D = 60, 3600, 86400
#: The spans lateness is sorted into: seconds after the limit (negative: before), each up to and
#: including the next. The limit itself, 0, is in time.
EDGES: Final = (-3 * _D, -_D, -4 * _H, -_H, -15 * _M, 0, 15 * _M, _H, 4 * _H, _D, 3 * _D)
#: The spans themselves: above the first, up to and including the second; None without an end.
SPANS: Final[tuple[tuple[int | None, int | None], ...]] = (
    (None, EDGES[0]),
    *pairwise(EDGES),
    (EDGES[-1], None),
)


@dataclass(slots=True)
class Figures:
    """One deadline in one tier. ``counts`` by verdict, ``roles``: role key -> verdict -> count;
    ``spans``: how many judged ones lie in each span between `EDGES`, the first below the lowest.
    ``median`` and ``longest`` are seconds, of those missed after, of those met before the limit.
    ``never`` of the missed were taken away after their limit and never done. ``judged`` are the
    single ones where there are not many."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    roles: dict[str, Counter[Verdict]] = field(default_factory=dict)
    spans: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    late_median: float | None = None
    late_longest: int | None = None
    spare_median: float | None = None
    never: int = 0
    judged: list[Judged] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All deadlines counted, whatever their verdict."""
        return sum(self.counts.values())

    @property
    def decided(self) -> int:
        """Met or missed."""
        return self.counts["met"] + self.counts["missed"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One time a deadline was met or missed; ``late`` None: never done."""

    case_id: int
    number: str
    task_id: str
    verdict: Verdict
    late: int | None


@dataclass(slots=True)
class Row:
    """A deadline with its figures, by tier key ("" where the case was not graded)."""

    deadline: Deadline
    tiers: dict[str, Figures] = field(default_factory=dict)

    @property
    def all(self) -> Figures:
        """Its tiers together; medians are not added up."""
        whole = Figures()
        for one in self.tiers.values():
            whole.counts += one.counts
            whole.spans = [a + b for a, b in zip(whole.spans, one.spans, strict=True)]
            whole.judged += one.judged
            whole.never += one.never
        return whole


@dataclass(slots=True)
class Compliance:
    """``rows`` in the order of the plans; ``book`` what they are about."""

    scope: Scope
    book: Book
    rows: list[Row]


def compliance(session: Session, scope: Scope) -> Compliance:
    """The figures of a scope. Raises Refusal ``form_invalid`` 422 for a tier or clause the plan
    does not have, for either without a plan, and for a time that ends before it begins;
    ``plan_unknown`` 404."""
    versions = versions_with_cases(session)
    _check(session, scope)
    book = book_of(session, versions, places_with_due_dates(session, scope))
    asked = [one for one in book.deadlines if not scope.clause or scope.clause in one.clauses]
    rows = {one.no: Row(one) for one in asked}
    _count(session, book, scope, asked, rows)
    _name(session, book, scope, rows)
    shown = [row for row in rows.values() if row.tiers]
    order = {version.plan_key: n for n, version in enumerate(versions)}
    shown.sort(key=lambda row: (order[row.deadline.plan], row.deadline.clauses[:1] or ("~",)))
    return Compliance(scope, book, shown)


def _check(session: Session, scope: Scope) -> None:
    """Whether plan, tier and clause belong together, in any of the plan's versions."""
    from_now = scope.since is not None and scope.until is not None and scope.since >= scope.until
    errors = {"until": "ends_before_begin"} if from_now else {}
    if scope.plan:
        versions = versions_with_cases(session, scope.plan)
        if not versions:
            raise Refusal("plan_unknown", 404, plan=scope.plan)
        tiers = {tier.key for one in versions for tier in tiers_of(one.manifest)}
        clauses = {str(row.get("id")) for one in versions for row in one.clauses.get("clause", [])}
        if scope.tier and scope.tier not in tiers:
            errors["tier"] = "not_an_option"
        if scope.clause and scope.clause not in clauses:
            errors["clause"] = "not_an_option"
    elif scope.tier or scope.clause:
        # Keys mean something within one plan only.
        errors["plan"] = "required"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)


def _count(
    session: Session, book: Book, scope: Scope, asked: Sequence[Deadline], rows: dict[int, Row]
) -> None:
    """Counts, spans and medians. The database counts how many were how late to the second: its
    answer grows with the spread of what was done, not with how much was."""
    if not rows:
        return
    narrow = asked if len(asked) < len(book.deadlines) else None
    clock = clocks(session, book, scope, narrow)
    group = [clock.c[name] for name in ("version_id", "path", "tier", "role", "verdict", "late")]
    query = select(*group, func.count()).group_by(*group)
    spread: dict[tuple[int, str, Verdict], Counter[int]] = {}
    answer: Any = session.execute(query)
    for version_id, path, tier, role, verdict, late, count in answer:
        deadline = book.places.get((version_id, path))
        if deadline is None or deadline.no not in rows:
            continue
        figures = rows[deadline.no].tiers.setdefault(tier, Figures())
        figures.counts[verdict] += count
        figures.roles.setdefault(role, Counter())[verdict] += count
        if late is not None:
            figures.spans[bisect_left(EDGES, late)] += count
            spread.setdefault((deadline.no, tier, verdict), Counter())[late] += count
        elif verdict == "missed":
            figures.never += count
    for (no, tier, verdict), found in spread.items():
        figures = rows[no].tiers[tier]
        if verdict == "missed":
            figures.late_median, figures.late_longest = _median(found), max(found)
        else:
            figures.spare_median = -_median(found)


def _median(found: Counter[int]) -> float:
    """Of values that each occur so many times."""
    total, seen = found.total(), 0
    middle: list[int] = []
    for value in sorted(found):
        seen += found[value]
        if not middle and seen * 2 >= total:
            middle.append(value)
        if seen * 2 > total:
            return (middle[0] + value) / 2
    raise ValueError("nothing to take the median of")


def _name(session: Session, book: Book, scope: Scope, rows: dict[int, Row]) -> None:
    """The single ones of those rows that have few."""
    few = [row.deadline for row in rows.values() if 0 < row.all.decided <= MARKS]
    few += [
        row.deadline
        for row in rows.values()
        if row.all.decided > MARKS and any(0 < one.decided < FEW for one in row.tiers.values())
    ]
    if not few:
        return
    clock = clocks(session, book, scope, few)
    few_of_tier = func.count().over(partition_by=(clock.c.version_id, clock.c.path, clock.c.tier))
    picked = select(clock, few_of_tier.label("among")).where(clock.c.verdict.in_(JUDGED)).subquery()
    names = ("version_id", "path", "tier", "case_id", "task_id", "verdict", "late")
    query = (
        select(*(picked.c[name] for name in names), Case.number)
        .join(Case, Case.id == picked.c.case_id)
        .where(picked.c.among <= MARKS)
        .order_by(picked.c.late, picked.c.case_id)
    )
    answer: Any = session.execute(query)
    for version_id, path, tier, case_id, task_id, verdict, late, number in answer:
        deadline = book.places.get((version_id, path))
        if deadline is not None and deadline.no in rows:
            one = Judged(case_id, number, task_id, verdict, late)
            rows[deadline.no].tiers[tier].judged.append(one)
