"""All seals and all chains checked, a portion at a time: what the page of the whole house asks
for, one portion after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from models.cases import Case
from models.history import ChainHead, HistoryEvent
from services import auditing
from services.actor import Actor
from services.heads_check import Break, Outcome
from services.history import chain_of
from services.proof import note_check
from services.seal_walk import check_seals
from services.uow import Database
from services.verify import ChainReport, verify_chain

#: How ``audit.verified`` names a portion of the seals: this, and the last one's day.
SEALS: Final = "seals:"


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of all there is checked, the seals before the chains. ``after`` is where the next
    portion goes on, a seal's day or a chain's name; None at the end. ``done`` counts this portion's
    chains, ``total`` all there are. While there are seals left, ``sealed`` counts those checked up
    to here, and all."""

    done: int
    total: int
    broken: Sequence[ChainReport]
    seals: Sequence[Break]
    after: str | None
    sealed: tuple[int, int] | None = None


def check_some(
    db: Database, after: str, actor: Actor, now: datetime, seconds: float = 1.5
) -> Portion:
    """Check what comes behind ``after`` ("" to begin) for about so long: hold the seals against
    the chains in order of days, then recompute the chains in order of name. Which is put on record
    (``audit.verified``). Raises as `auditing.auditor`."""
    begun = time.monotonic()

    def more() -> bool:
        return time.monotonic() - begun < seconds

    with db.read() as session:
        auditing.auditor(session, actor)
        after = after.replace("\x00", "")
        day = _day(after)
        begin = not after or day is not None
        outcome = check_seals(session, day, more) if begin else Outcome()
        if outcome.last is not None:
            found, named, length = _of_seals(session, outcome, outcome.last)
        else:
            found, named = _of_chains(session, "" if begin else after, outcome.breaks, more)
            length = found.done
    payload = {
        "chain": named,
        "ok": not found.broken and not found.seals,
        "length": length,
        "reason": found.broken[0].reason if found.broken else _reason(found.seals),
    }
    db.run(lambda uow: note_check(uow, payload, actor, now))
    return found


def _day(after: str) -> date | None:
    """The day of the seal behind which to go on, where it is not a chain: no chain's name begins
    with a digit."""
    try:
        return date.fromisoformat(after) if len(after) == 10 else None
    except ValueError:
        return None


def _of_seals(session: Session, outcome: Outcome, last: date) -> tuple[Portion, str, int]:
    """A portion of seals with more to come, what it went through, and how many."""
    count = select(func.count()).select_from(HeadSeal)
    upto = session.scalar(count.where(HeadSeal.day <= last)) or 0
    sealed = upto, session.scalar(count) or 0
    found = Portion(0, _total(session), [], outcome.breaks, last.isoformat(), sealed)
    return found, f"{SEALS}{last.isoformat()}", outcome.seals


def _of_chains(
    session: Session, after: str, seals: Sequence[Break], more: Callable[[], bool]
) -> tuple[Portion, str]:
    """A portion of chains, at least one, and what it went through."""
    broken, done, first, last = list[ChainReport](), 0, "", after
    chain = _next(session, after)
    while chain is not None and (not done or more()):
        report = verify_chain(session, chain)
        broken += [] if report.ok else [report]
        first, last, done = first or chain, chain, done + 1
        chain = _next(session, chain)
    if chain is None:
        without = _without_record(session)
        broken += without
        done += len(without)
    going_on = last if chain is not None else None
    found = Portion(done, max(_total(session), done), broken, seals, going_on)
    return found, (f"{first}…{last}" if done > 1 else last) or "-"


def _total(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ChainHead)) or 0


def _reason(seals: Sequence[Break]) -> str:
    return seals[0].reason if seals else ""


def _next(session: Session, after: str) -> str | None:
    """The next chain there are events or a head of: two looks at an index, however many there
    are."""
    found = [
        session.scalar(select(func.min(column)).where(column > after))
        for column in (HistoryEvent.chain, ChainHead.chain)
    ]
    return min((chain for chain in found if chain is not None), default=None)


def _without_record(session: Session) -> list[ChainReport]:
    """Cases that have lost their whole chain, head and all."""
    chains = set(session.scalars(select(ChainHead.chain)))
    names = [chain_of(case_id) for case_id in session.scalars(select(Case.id).order_by(Case.id))]
    reports = [verify_chain(session, chain) for chain in names if chain not in chains]
    return [report for report in reports if report.reason == "missing"]
