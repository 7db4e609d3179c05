"""How long cases are kept: the term of each plan, and the cases whose term has run out.

A plan without a setting keeps its cases for ever: nothing is destroyed by default. Signals that
never became a case have a term of their own (`services.retention_signals`).

**How a term is counted.** In whole years from 1 January of the year after the one in which the
case was archived, in the unit's zone, as archives usually count (归档次年1月1日起算). Archived on
5 May 2026 with 10 years: kept until 31 December 2036, due on 1 January 2037. It is counted from
archiving, not from closing, which is never later. Terms run in the wall's time: a drill whose clock
was moved ahead is not due a day sooner.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import Signal
from models.plans import Plan, PlanVersion
from models.retention import DestructionItem, DestructionList, LegalHold, PlanRetention
from models.tasks import UserTask
from services import history
from services.actor import Actor
from services.calendar import zone_of
from services.errors import Refusal
from services.retention_table import PERMANENT, Term, setter, term_named, terms, to_be_set
from services.uow import UnitOfWork

#: Most cases one look may give: a list of destruction holds no more (its event names them all).
MOST_DUE: Final = 5_000


@dataclass(frozen=True, slots=True)
class PlanTerm:
    """A plan and how long its cases are kept. ``chosen`` is False where the unit has set nothing
    (permanent); ``archived`` counts its archived cases."""

    plan: Plan
    term: Term
    chosen: bool
    archived: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """An archived case, the term it is under, and the day from which it may be put on a list
    (None: never)."""

    case: Case
    plan_key: str
    term: Term
    due_on: date | None


# ------------------------------------------------------------------------- terms of plans


def set_plan_term(
    uow: UnitOfWork, plan_key: str, term_key: str, actor: Actor, now: datetime
) -> None:
    """Say how long the cases of a plan are kept, those archived already included. The same term
    writes nothing. Raises Refusal ``not_your_role`` / ``read_only`` 403, ``plan_unknown`` and
    ``term_unknown`` 404, ``term_off`` 409 for a term that is switched off."""
    setter(uow, actor)
    if uow.session.get(Plan, plan_key) is None:
        raise Refusal("plan_unknown", 404)
    row = uow.session.get(PlanRetention, plan_key, populate_existing=True)
    was = row.term_key if row is not None else None
    if not to_be_set(uow, term_key, was, now):
        return
    if row is None:
        uow.session.add(PlanRetention(plan_key=plan_key, term_key=term_key, set_at=now))
    else:
        row.term_key, row.set_at = term_key, now
    history.append(
        uow, "org.retention_set", actor=actor, occurred_at=now, now=now,
        payload={"plan": plan_key, "term": term_key, "was": was},
    )  # fmt: skip


def plan_terms(session: Session) -> list[PlanTerm]:
    """Every plan of the unit with its term, by key."""
    chosen = {row.plan_key: row.term_key for row in session.scalars(select(PlanRetention))}
    table = {term.key: term for term in terms(session)}
    archived = (
        select(PlanVersion.plan_key, func.count())
        .join(Case, Case.plan_version_id == PlanVersion.id)
        .where(Case.status == "archived")
        .group_by(PlanVersion.plan_key)
    )
    counts = {row[0]: row[1] for row in session.execute(archived)}
    plans = session.scalars(select(Plan).order_by(Plan.key)).all()
    return [
        PlanTerm(
            plan, table[chosen.get(plan.key, PERMANENT)], plan.key in chosen,
            counts.get(plan.key, 0),
        )
        for plan in plans
    ]  # fmt: skip


# ------------------------------------------------------------------------------ what is due


def due_on(case: Case, term: Term, zone: ZoneInfo) -> date | None:
    """The first day after the term of an archived case; None for a permanent one, or a case that
    is not archived."""
    if term.years is None or case.archived_at is None:
        return None
    year = case.wall(case.archived_at).astimezone(zone).year
    return date(year + 1 + term.years, 1, 1)


def term_of(session: Session, case: Case) -> Due:
    """How long one case is kept."""
    version = session.get_one(PlanVersion, case.plan_version_id)
    row = session.get(PlanRetention, version.plan_key)
    term = term_named(session, row.term_key if row is not None else PERMANENT)
    return Due(case, version.plan_key, term, due_on(case, term, zone_of(session)))


def due(session: Session, now: datetime, limit: int = MOST_DUE) -> list[Due]:
    """Archived cases whose term has run out by the wall moment ``now``, the longest due first, at
    most ``limit``: not held, not destroyed already, on no list under way, and nothing of them still
    waits to be done."""
    free = and_(~held_now(), ~_on_list(), ~_at_work())
    today = now.astimezone(zone_of(session)).date()
    found = [one for one in _timed(session, free) if one.due_on is not None and one.due_on <= today]
    found.sort(key=lambda one: (one.due_on or today, one.case.id))
    return found[:limit]


def over(session: Session, case_ids: Collection[int], now: datetime) -> set[int]:
    """Those of the cases whose term is over by the table as it stands now, held or not."""
    today = now.astimezone(zone_of(session)).date()
    ids, found = sorted(case_ids), set[int]()
    for start in range(0, len(ids), 500):
        rows = _timed(session, Case.id.in_(ids[start : start + 500]))
        found |= {one.case.id for one in rows if one.due_on and one.due_on <= today}
    return found


def by_year(session: Session) -> dict[int, int]:
    """How many cases fall due on 1 January of each year, those due already included; destroyed
    ones left out, permanent ones not counted."""
    counts: dict[int, int] = {}
    for one in _timed(session, ~_destroyed()):
        if one.due_on is not None:
            counts[one.due_on.year] = counts.get(one.due_on.year, 0) + 1
    return dict(sorted(counts.items()))


def _timed(session: Session, where: Any) -> Sequence[Due]:
    """Archived cases of plans whose term ends, that meet ``where``."""
    zone = zone_of(session)
    table = {term.key: term for term in terms(session)}
    ending = [term.key for term in table.values() if term.years is not None]
    rows = session.execute(
        select(Case, PlanRetention.plan_key, PlanRetention.term_key)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .join(PlanRetention, PlanRetention.plan_key == PlanVersion.plan_key)
        .where(Case.status == "archived", PlanRetention.term_key.in_(ending), where)
    )
    return [
        Due(case, plan, table[term], due_on(case, table[term], zone)) for case, plan, term in rows
    ]


def days_due(session: Session, cases: Collection[Case]) -> dict[int, date]:
    """Case id -> the day from which it may be put on a list, for those that have one."""
    rows = _timed(session, Case.id.in_([case.id for case in cases]))
    return {one.case.id: one.due_on for one in rows if one.due_on is not None}


def held_among(session: Session, case_ids: Collection[int]) -> set[int]:
    """Those of the cases (a page of them) that are held."""
    return set(session.scalars(select(Case.id).where(Case.id.in_(case_ids), held_now())))


def held_now() -> Any:
    """A condition on `Case` rows: a hold on it, or on a signal of it, has not been lifted."""
    return exists().where(of_case(Case.id), LegalHold.lifted_at.is_(None))


def of_case(case_id: Any) -> Any:
    """A condition on `LegalHold` rows: it holds the case, itself or by one of its signals."""
    signals = select(Signal.id).where(Signal.case_id == case_id)
    return or_(LegalHold.case_id == case_id, LegalHold.signal_id.in_(signals))


def _destroyed() -> Any:
    return exists().where(
        DestructionItem.case_id == Case.id, DestructionItem.outcome == "destroyed"
    )


def _on_list() -> Any:
    """Destroyed, or on a list that is being decided or carried out."""
    return exists().where(
        DestructionItem.case_id == Case.id,
        DestructionItem.list_id == DestructionList.id,
        or_(
            DestructionItem.outcome == "destroyed",
            DestructionList.status.in_(("open", "approved")),
        ),
    )


def _at_work() -> Any:
    """A task of the case is open (archiving ends no branch that runs beside it)."""
    return exists().where(UserTask.case_id == Case.id, UserTask.status == "open")


def is_destroyed(session: Session, case_id: int) -> bool:
    """Whether a destruction list has been carried out on the case."""
    found = select(DestructionItem.list_id).where(
        DestructionItem.case_id == case_id, DestructionItem.outcome == "destroyed"
    )
    return session.scalar(found.limit(1)) is not None
