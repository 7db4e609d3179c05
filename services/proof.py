"""What the proof pages of a case show and do: its chain checked on the screen, link by link; what
the last check found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from services import access, auditing, heads_check, history
from services.actor import Actor
from services.canonical import canonical, link_hash
from services.errors import Refusal
from services.heads import latest
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
        head = heads_check.last_head(session, chain)
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
    db.run(lambda uow: note_check(uow, payload, actor, now))
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


def cases_of(session: Session, person: Person, chains: Iterable[str]) -> Mapping[str, Case]:
    """By chain, the cases these are the record of, those the person may see."""
    ids = {chain.removeprefix("case:") for chain in chains if chain.startswith("case:")}
    wanted = [int(id_) for id_ in ids if id_.isascii() and id_.isdigit() and len(id_) < 10]
    rows = select(Case).where(Case.id.in_(wanted), access.visible_cases(person))
    return {chain_of(case.id): case for case in session.scalars(rows)}


def note_check(uow: UnitOfWork, payload: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Put what a check found on record (``audit.verified``)."""
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
