"""The daily seal: the heads of all chains in one list, its digest chained to the day before's.

A chain alone does not show that its end was cut off, head and all, nor that it was rewritten whole.
A seal does, as long as the seal itself is safe; that is what lodging is for: the list as a file, or
its one line by mail or on paper, kept where nobody who can write to this database can reach it.

A seal is made on the day it carries, never for a day gone by: after days without one the next says
since when (``was``). It stores what changed since the seal before; the whole list is rebuilt from
that (`seal_lists`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from models.audit import HeadSeal
from models.history import ChainHead, HistoryEvent
from services import auditing, history, seal_lists
from services.actor import CLOCK, Actor
from services.calendar import zone_of
from services.directory import organization
from services.errors import Refusal
from services.history import HEADS
from services.moments import utc_text
from services.seal_lists import Head, HeadList
from services.uow import UnitOfWork

How = Literal["file", "mail", "print"]
#: What a lodged file says it is.
FORMAT: Final = "planroom-heads/1"


def today(session: Session, now: datetime) -> date:
    """The day in the organisation's zone."""
    return now.astimezone(zone_of(session)).date()


def latest(session: Session) -> HeadSeal | None:
    """The last seal made."""
    return session.scalar(select(HeadSeal).order_by(HeadSeal.day.desc()).limit(1))


def get(session: Session, day: date) -> HeadSeal:
    """A day's seal. Raises `Refusal` ``seal_unknown`` (404)."""
    found = find(session, day)
    if found is None:
        raise Refusal("seal_unknown", 404, day=day.isoformat())
    return found


def find(session: Session, day: date | None) -> HeadSeal | None:
    """A day's seal, where there is one."""
    return session.get(HeadSeal, day) if day is not None else None


def page(session: Session, before: date | None = None, limit: int = 30) -> list[HeadSeal]:
    """Seals, the latest first, those before a day; without what they store."""
    query = select(HeadSeal).options(defer(HeadSeal.changes, raiseload=True))
    query = query.order_by(HeadSeal.day.desc()).limit(limit)
    if before is not None:
        query = query.where(HeadSeal.day < before)
    return list(session.scalars(query))


def due(session: Session, now: datetime) -> bool:
    """Whether the day has no seal yet. Not before there is a unit with a record, nor on a day
    before that of the last seal (`seal`)."""
    last = session.scalar(select(func.max(HeadSeal.day)))
    return (last is None or last < today(session, now)) and session.scalar(
        select(ChainHead.chain).limit(1)
    ) is not None


def ahead(session: Session, now: datetime) -> date | None:
    """The day of the last seal, where it is one to come: sealing waits for it (`seal`)."""
    last = session.scalar(select(func.max(HeadSeal.day)))
    return last if last is not None and last > today(session, now) else None


def seal(uow: UnitOfWork, now: datetime, actor: Actor = CLOCK) -> HeadSeal:
    """Seal the heads of all chains as they are now, once a day: a day that has its seal gives that
    one back and writes nothing. So does, with the last seal, a day before that one's: where a clock
    or the unit's zone was set back, a seal of an earlier day would know more than those after it,
    and look like one somebody has changed."""
    session = uow.session
    day = today(session, now)
    before = latest(session)
    if before is not None and before.day >= day:
        return find(session, day) or before
    uow.flush()
    rows = session.execute(select(ChainHead.chain, ChainHead.seq, ChainHead.hash))
    whole = HeadList({chain: Head(seq, hash_) for chain, seq, hash_ in rows})
    digest, chains = whole.digest(day), len(whole.heads)
    since, changes = seal_lists.changes_now(session, before, day, whole)
    event = history.append(
        uow,
        "heads.sealed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "day": day.isoformat(),
            "chains": chains,
            "digest": digest,
            "was": before.day.isoformat() if before is not None else None,
        },
        chain=HEADS,
    )
    uow.flush()
    made = HeadSeal(
        day=day,
        seq=event.seq,
        chains=chains,
        digest=digest,
        hash=event.hash,
        since=since,
        changes=changes,
        sealed_at=now,
    )
    session.add(made)
    session.flush()
    return made


def listed(session: Session, seal: HeadSeal) -> HeadList:
    """The whole list a seal's digest was made of. Raises `Refusal` ``seal_spoiled`` (409) where it
    is another one now."""
    try:
        found = seal_lists.rebuilt(session, seal.day)
    except ValueError as error:
        raise Refusal("seal_spoiled", 409, day=seal.day.isoformat()) from error
    if found.digest(seal.day) != seal.digest:
        raise Refusal("seal_spoiled", 409, day=seal.day.isoformat())
    return found


# ----------------------------------------------------------------------------------- lodging


def lodge(uow: UnitOfWork, day: date, how: str, actor: Actor, now: datetime) -> HeadSeal:
    """Record that an auditor takes a day's seal elsewhere. Raises `Refusal` ``seal_unknown`` (404),
    ``form_invalid`` (422) for a way there is none of, as `listed` for a file of what does not meet
    its digest, and as `auditing.auditor`."""
    auditing.auditor(uow.session, actor)
    if how not in get_args(How):
        raise Refusal("form_invalid", 422, errors={"how": "not_an_option"})
    found = get(uow.session, day)
    if how == "file":
        listed(uow.session, found)
    note_lodged(uow, found, how, actor, now)
    return found


def note_lodged(uow: UnitOfWork, seal: HeadSeal, how: str, actor: Actor, now: datetime) -> None:
    """Put on record that a seal is taken elsewhere, whoever does it (``flask history heads``)."""
    history.append(
        uow,
        "heads.lodged",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"day": seal.day.isoformat(), "how": how},
        chain=HEADS,
    )


def line(seal: HeadSeal) -> str:
    """The seal in one line: day, number and hash of its event. The hash covers the list's digest
    and, through the chain of seals, every seal before."""
    return f"planroom {seal.day.isoformat()} {seal.seq} {seal.hash}"


def lodged_file(session: Session, seal: HeadSeal, fingerprint: str) -> bytes:
    """The seal with all its heads as a file to lodge, also for ``planroom-verify --heads``. Raises
    as `listed`."""
    unit = organization(session)
    told: dict[str, Any] = {
        "format": FORMAT,
        "installation": unit.name if unit is not None else "",
        "key": fingerprint,
        "day": seal.day.isoformat(),
        "sealed_at": utc_text(seal.sealed_at),
        "line": line(seal),
        "digest": seal.digest,
        "chains": [[name, *head] for name, head in sorted(listed(session, seal).heads.items())],
    }
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Lodging:
    """That somebody took a day's seal elsewhere."""

    how: str
    at: datetime
    person_id: int | None


def lodgings(session: Session, days: list[date]) -> Mapping[str, list[Lodging]]:
    """By day (ISO), where the seals of these days were taken, in order."""
    wanted = {day.isoformat() for day in days}
    rows = select(HistoryEvent).where(
        HistoryEvent.type == "heads.lodged", HistoryEvent.chain == HEADS
    )
    found: dict[str, list[Lodging]] = {}
    for event in session.scalars(rows.order_by(HistoryEvent.seq)):
        told = history.payload_of(event)
        if told["day"] in wanted:
            one = Lodging(told["how"], event.occurred_at, event.person_id)
            found.setdefault(told["day"], []).append(one)
    return found
