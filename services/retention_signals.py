"""How long signals that never became a case are kept (没有立案的线索): one term for all of them.

Without a setting they are kept for ever: nothing is destroyed by default. A signal that became a
case, or was marked as one more report of one, is kept and destroyed with that case.

**How a term is counted.** As for cases, in whole years from 1 January of the next year, in the
unit's zone: of the year after the one in which the signal was set aside or marked as a duplicate;
for one that nobody has dealt with, after the one in which it was recorded. Set aside on 5 May 2026
with 10 years: due on 1 January 2037. Setting it aside later begins its term anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.intake import Signal
from models.retention import DestructionItem, DestructionList, LegalHold, SignalRetention
from services import history
from services.actor import Actor
from services.calendar import zone_of
from services.retention_table import PERMANENT, Term, setter, term_named, to_be_set
from services.rows import portions
from services.uow import UnitOfWork

#: The one row of the setting.
_ROW: Final = 1
#: The moment from whose year a signal's term is counted.
_counted: Final = func.coalesce(Signal.settled_at, Signal.recorded_at)
#: No case's, and still there.
LOOSE: Final = and_(Signal.case_id.is_(None), Signal.destroyed_at.is_(None))


@dataclass(frozen=True, slots=True)
class SignalTerm:
    """The term signals are under. ``chosen`` is False where the unit has set nothing (permanent);
    ``count`` is how many there are that never became a case."""

    term: Term
    chosen: bool
    count: int


@dataclass(frozen=True, slots=True)
class DueSignal:
    """A signal that never became a case, and the day from which it may be put on a list (None:
    never)."""

    signal: Signal
    term: Term
    due_on: date | None


def set_signal_term(uow: UnitOfWork, term_key: str, actor: Actor, now: datetime) -> None:
    """Say how long signals that never became a case are kept, those set aside already included.
    The same term writes nothing. Raises Refusal ``not_your_role`` / ``read_only`` 403,
    ``term_unknown`` 404, ``term_off`` 409 for a term that is switched off."""
    setter(uow, actor)
    row = uow.session.get(SignalRetention, _ROW, populate_existing=True)
    was = row.term_key if row is not None else None
    if not to_be_set(uow, term_key, was, now):
        return
    if row is None:
        uow.session.add(SignalRetention(id=_ROW, term_key=term_key, set_at=now))
    else:
        row.term_key, row.set_at = term_key, now
    history.append(
        uow, "org.signal_retention_set", actor=actor, occurred_at=now, now=now,
        payload={"term": term_key, "was": was},
    )  # fmt: skip


def signal_term(session: Session) -> SignalTerm:
    """The term signals are under now."""
    row = session.get(SignalRetention, _ROW)
    term = term_named(session, row.term_key if row is not None else PERMANENT)
    count = session.scalar(select(func.count()).select_from(Signal).where(LOOSE)) or 0
    return SignalTerm(term, row is not None, count)


def due_on(signal: Signal, term: Term, zone: ZoneInfo) -> date | None:
    """The first day after the term of a signal that never became a case; None for a permanent
    one."""
    if term.years is None or signal.case_id is not None:
        return None
    year = (signal.settled_at or signal.recorded_at).astimezone(zone).year
    return date(year + 1 + term.years, 1, 1)


def term_of(session: Session, signal: Signal) -> DueSignal:
    """How long one signal is kept."""
    term = _term(session)
    return DueSignal(signal, term, due_on(signal, term, zone_of(session)))


def due(session: Session, now: datetime, limit: int) -> list[DueSignal]:
    """Signals whose term has run out by the wall moment ``now``, the longest due first, at most
    ``limit``: not held, not destroyed already, on no list under way."""
    term, zone = _term(session), zone_of(session)
    over = _over(term, now, zone)
    if over is None:
        return []
    rows = session.scalars(
        select(Signal)
        .where(LOOSE, over, ~held_now(), ~_on_list())
        .order_by(_counted, Signal.id)
        .limit(limit)
    )
    return [DueSignal(signal, term, due_on(signal, term, zone)) for signal in rows]


def due_among(session: Session, ids: Collection[int], now: datetime) -> list[DueSignal]:
    """Those of the signals that `due` may give."""
    term, zone = _term(session), zone_of(session)
    over = _over(term, now, zone)
    found: list[DueSignal] = []
    for some in portions(sorted(ids)) if over is not None else ():
        rows = select(Signal).where(Signal.id.in_(some), LOOSE, over, ~held_now(), ~_on_list())
        found += [DueSignal(one, term, due_on(one, term, zone)) for one in session.scalars(rows)]
    return found


def over(session: Session, ids: Collection[int], now: datetime) -> set[int]:
    """Those of the signals whose term is over by the setting as it stands now, held or not: none
    that has become a case, or was set aside since."""
    condition, found = _over(_term(session), now, zone_of(session)), set[int]()
    for some in portions(sorted(ids)) if condition is not None else ():
        found |= set(
            session.scalars(select(Signal.id).where(Signal.id.in_(some), LOOSE, condition))
        )
    return found


def by_year(session: Session) -> dict[int, int]:
    """How many signals fall due on 1 January of each year, those due already included."""
    term, zone = _term(session), zone_of(session)
    first, last = session.execute(select(func.min(_counted), func.max(_counted)).where(LOOSE)).one()
    if term.years is None or first is None:
        return {}
    years = range(first.astimezone(zone).year, last.astimezone(zone).year + 1)
    # Counted by the database in one pass: there may be very many.
    begins = [datetime(year, 1, 1, tzinfo=zone) for year in (*years, years.stop)]
    sums = [
        func.count().filter(_counted >= begin, _counted < end) for begin, end in pairwise(begins)
    ]
    counts = session.execute(select(*sums).where(LOOSE)).one()
    return {year + 1 + term.years: n for year, n in zip(years, counts, strict=True) if n}


def held_now() -> Any:
    """A condition on `Signal` rows: a hold on it has not been lifted."""
    return exists().where(LegalHold.signal_id == Signal.id, LegalHold.lifted_at.is_(None))


def held_among(session: Session, ids: Sequence[int]) -> set[int]:
    """Those of the signals that are held."""
    found = set[int]()
    for some in portions(ids):
        found |= set(session.scalars(select(Signal.id).where(Signal.id.in_(some), held_now())))
    return found


def _term(session: Session) -> Term:
    row = session.get(SignalRetention, _ROW)
    return term_named(session, row.term_key if row is not None else PERMANENT)


def _over(term: Term, now: datetime, zone: ZoneInfo) -> Any:
    """A condition on `Signal` rows: the term is over; None where it never is."""
    year = now.astimezone(zone).year
    if term.years is None or year <= term.years:
        return None
    return _counted < datetime(year - term.years, 1, 1, tzinfo=zone)


def _on_list() -> Any:
    """On a list that is being decided or carried out."""
    return exists().where(
        DestructionItem.signal_id == Signal.id,
        DestructionItem.list_id == DestructionList.id,
        or_(
            DestructionItem.outcome == "destroyed",
            DestructionList.status.in_(("open", "approved")),
        ),
    )
