"""What the proof pages show and do: a chain checked on the screen, link by link; all chains checked
a portion at a time; what the last check found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent
from services import access, auditing, heads_check, history
from services.actor import Actor
from services.canonical import canonical, link_hash
from services.errors import Refusal
from services.heads import heads_of, latest
from services.history import body_of, chain_of, events_of_chain, payload_of
from services.uow import Database, UnitOfWork
from services.verify import ChainReport, verify_chain

#: Links of a chain on one page.
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Link:
    """An event as a link of its chain. ``holds``: its hash, computed again, is the one kept."""

    seq: int
    type: str
    recorded_at: datetime
    previous: str
    hash: str
    holds: bool


def links(session: Session, case_id: int, after: int = 0, limit: int = PAGE) -> list[Link]:
    """A page of a case's chain, those above ``after``. Raises `Refusal` ``chain_unreadable`` (409,
    with ``seq``) where a row holds what no writer of ours could have written."""
    chain = chain_of(case_id)
    try:
        before = events_of_chain(session, chain, after - 1, 1) if after else []
        events = events_of_chain(session, chain, after, limit)
    except (TypeError, ValueError) as error:
        raise Refusal("chain_unreadable", 409, seq=after + 1) from error
    previous = before[0].hash if before and before[0].seq == after else ""
    found = []
    for event in events:
        found.append(
            Link(
                event.seq, event.type, event.recorded_at, previous, event.hash,
                _holds(event, previous),
            )
        )  # fmt: skip
        previous = event.hash
    return found


def _holds(event: HistoryEvent, previous: str) -> bool:
    try:
        return link_hash(previous, canonical(body_of(event))) == event.hash
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the latest seal says of a chain: up to which event, and whether that event is still
    there with that hash."""

    day: str
    seq: int
    holds: bool


def sealed(session: Session, chain: str) -> Sealed | None:
    """None where no seal knows the chain yet."""
    seal = latest(session)
    try:
        head = heads_of(seal).get(chain) if seal is not None else None
    except ValueError:
        return Sealed(seal.day.isoformat(), 0, False) if seal is not None else None
    if seal is None or head is None:
        return None
    found = session.scalar(
        select(HistoryEvent.hash).where(HistoryEvent.chain == chain, HistoryEvent.seq == head.seq)
    )
    return Sealed(seal.day.isoformat(), head.seq, found == head.hash)


# ----------------------------------------------------------------------------------- checks


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and when. ``report`` is the chain's; ``seals`` what does not hold of the
    seals' word about it."""

    report: ChainReport
    seals: Sequence[heads_check.Break]

    @property
    def ok(self) -> bool:
        return self.report.ok and not self.seals


def check_case(db: Database, case_id: int, actor: Actor, now: datetime) -> Checked:
    """Recompute a case's chain, hold it against every seal, and put that on record
    (``audit.verified``). Raises `Refusal` as `auditing.auditor` and `access.require_see_case`."""
    with db.read() as session:
        person = auditing.auditor(session, actor)
        access.case_seen_by(session, person, case_id)
        chain = chain_of(case_id)
        found = Checked(verify_chain(session, chain), heads_check.check_chain(session, chain))
    report = found.report
    first = report.first_break
    reason: str = report.reason
    if report.ok and found.seals:
        reason, first = f"seal_{found.seals[0].reason}", found.seals[0].seq or None
    payload = {
        "chain": chain,
        "ok": found.ok,
        "length": report.length,
        "head": report.head,
        "reason": reason,
        "first_break": first,
        "erased": report.erased,
    }
    db.run(lambda uow: _note(uow, payload, actor, now))
    return found


@dataclass(frozen=True, slots=True)
class Last:
    """The outcome of the last check of a chain that is on record."""

    at: datetime
    ok: bool
    length: int
    reason: str
    first_break: int | None
    erased: int


def last_check(session: Session, chain: str) -> Last | None:
    """None where nobody has checked the chain yet."""
    named = f'"chain":{canonical(chain)},'
    event = session.scalar(
        select(HistoryEvent)
        .where(
            HistoryEvent.type == "audit.verified",
            HistoryEvent.content.contains(named, autoescape=True),
        )
        .order_by(HistoryEvent.occurred_at.desc(), HistoryEvent.id.desc())
        .limit(1)
    )
    if event is None:
        return None
    told = payload_of(event)
    return Last(
        event.occurred_at, told["ok"], told.get("length", 0), told.get("reason", ""),
        told.get("first_break"), told.get("erased", 0),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of all chains checked: ``after`` is where the next portion goes on, None at the end.
    ``done`` counts this portion's chains, ``total`` all there are."""

    done: int
    total: int
    broken: Sequence[ChainReport]
    seals: Sequence[heads_check.Break]
    after: str | None


def check_some(
    db: Database, after: str, actor: Actor, now: datetime, seconds: float = 1.5
) -> Portion:
    """Check chains in order of name, those behind ``after`` ("" to begin), for about so long, and
    put on record which (``audit.verified``). The first portion also holds all seals against the
    chains. Raises as `auditing.auditor`."""
    with db.read() as session:
        auditing.auditor(session, actor)
        after = after.replace("\x00", "")
        total = session.scalar(select(func.count()).select_from(ChainHead)) or 0
        seals = heads_check.check_seals(session).breaks if not after else []
        begun, broken, done, first = time.monotonic(), list[ChainReport](), 0, ""
        chain = _next(session, after)
        last = after
        while chain is not None and (not done or time.monotonic() - begun < seconds):
            report = verify_chain(session, chain)
            broken += [] if report.ok else [report]
            first, last, done = first or chain, chain, done + 1
            chain = _next(session, chain)
        if chain is None:
            without = _without_record(session)
            broken += without
            done += len(without)
    payload = {
        "chain": (f"{first}…{last}" if done > 1 else last) or "-",
        "ok": not broken and not seals,
        "length": done,
        "reason": broken[0].reason if broken else seals[0].reason if seals else "",
    }
    db.run(lambda uow: _note(uow, payload, actor, now))
    return Portion(done, max(total, done), broken, seals, last if chain is not None else None)


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


def _note(uow: UnitOfWork, payload: dict[str, Any], actor: Actor, now: datetime) -> None:
    auditing.auditor(uow.session, actor)
    history.append(
        uow,
        "audit.verified",
        actor=actor,
        occurred_at=now,
        now=now,
        payload=payload,
        chain=history.AUDIT,
    )
