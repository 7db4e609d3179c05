"""Signals (舆情线索): recorded in half a minute, then taken up as a case, set aside with a reason,
or marked as one more report of something known.

Names and telephone numbers of members of the public never stand in a signal's row: the event of
its recording commits to them, and retention may delete them. The fingerprint stands in the row
alone, never in an event: it is a plain hash, by which a guessed text or link can be confirmed, and
goes when the signal is destroyed (`services.destruction_signals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.intake import Signal
from models.people import Person
from services import access, cases, history
from services.actor import Actor
from services.errors import Refusal
from services.fingerprints import fingerprint
from services.signal_rows import locked, reports_of
from services.stamps import touch_case
from services.uow import UnitOfWork

SOURCES = ("person", "phone", "sample")
MEDIA = (
    "weibo",
    "wechat",
    "short_video",
    "forum",
    "news",
    "app",
    "phone",
    "letter",
    "other",
)
TEXT_LIMIT = 5_000
LINK_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class Contact:
    """Who told us, where that was a member of the public."""

    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A signal as entered. ``discovered_at`` is wall time with an offset; counts are as seen."""

    text: str
    link: str = ""
    medium: str = ""
    source: str = "person"
    reads: int | None = None
    comments: int | None = None
    reposts: int | None = None
    discovered_at: datetime | None = None
    contact: Contact = Contact()


def may_see(person: Person, signal: Signal) -> bool:
    """Everybody with a part in handling incidents sees signals; accounts that only look after
    people or plans do not, but for what they reported themselves."""
    if not person.active:
        return False
    handling = set(person.role_keys) - {access.ADMIN, access.AUTHOR}
    return bool(handling) or signal.recorded_by == person.id


def record(
    uow: UnitOfWork,
    noticed: Noticed,
    actor: Actor,
    now: datetime,
    *,
    extra: Mapping[str, Any] | None = None,
) -> Signal:
    """Record a signal. Duplicates are suggested
    (`services.signal_likeness`), never dropped.

    Raises `Refusal` ``form_invalid`` (422), and those of `access.require_writer` (403)."""
    access.require_writer(uow.session, actor)
    discovered = noticed.discovered_at or now
    _check(noticed, discovered, now)
    signal = Signal(
        text=noticed.text.strip(),
        link=noticed.link.strip(),
        medium=noticed.medium,
        source=noticed.source,
        reads=noticed.reads,
        comments=noticed.comments,
        reposts=noticed.reposts,
        fingerprint=fingerprint(noticed.text, noticed.link),
        discovered_at=discovered,
        recorded_at=now,
        recorded_by=actor.person_id,
        extra=dict(extra or {}),
    )
    uow.session.add(signal)
    uow.session.flush()
    contact = {"name": noticed.contact.name.strip(), "phone": noticed.contact.phone.strip()}
    event = history.append(
        uow,
        "signal.recorded",
        actor=actor,
        occurred_at=discovered,
        now=now,
        payload={
            "signal": signal.id,
            "medium": signal.medium,
            "source": signal.source,
        },
        personal={
            "text": signal.text,
            "link": signal.link,
            "extra": contact if any(contact.values()) else None,
        },
    )
    if any(contact.values()):
        uow.flush()
        # Where the contact's details are, not what they are.
        signal.extra = {**signal.extra, "contact_seq": event.seq}
    return signal


def _check(noticed: Noticed, discovered: datetime, now: datetime) -> None:
    wrong: dict[str, str] = {}
    if not noticed.text.strip():
        wrong["text"] = "required"
    elif len(noticed.text) > TEXT_LIMIT:
        wrong["text"] = "too_long"
    if len(noticed.link) > LINK_LIMIT:
        wrong["link"] = "too_long"
    if noticed.medium and noticed.medium not in MEDIA:
        wrong["medium"] = "not_an_option"
    if noticed.source not in SOURCES:
        wrong["source"] = "not_an_option"
    for name in ("reads", "comments", "reposts"):
        count = getattr(noticed, name)
        if count is not None and not 0 <= count < 2**31:
            wrong[name] = "too_small" if count < 0 else "too_large"
    if discovered > now:
        wrong["discovered_at"] = "in_future"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)


def contact_of(session: Session, signal: Signal) -> Contact:
    """Who told us; empty where nobody was named, or retention has deleted it."""
    event = session.scalar(
        select(HistoryEvent).where(
            HistoryEvent.chain == history.ORG,
            HistoryEvent.seq == signal.extra.get("contact_seq", 0),
        )
    )
    found = history.personal_of(session, event).get("extra") if event is not None else None
    return Contact(**found) if found else Contact()


def get(session: Session, signal_id: int) -> Signal:
    """The signal. Raises `Refusal` ``signal_unknown`` (404)."""
    signal = session.get(Signal, signal_id)
    if signal is None:
        raise Refusal("signal_unknown", 404)
    return signal


def case_of(session: Session, signal: Signal) -> Case | None:
    """The case the signal has become, or belongs to."""
    return session.get(Case, signal.case_id) if signal.case_id is not None else None


def waiting(session: Session, limit: int = 50, before: int | None = None) -> list[Signal]:
    """New signals, the latest discovered first; ``before`` is the id a page ended with. What was
    destroyed waits for nobody."""
    found = select(Signal).where(Signal.status == "new", Signal.destroyed_at.is_(None))
    if before is not None:
        last = get(session, before)
        found = found.where(
            (Signal.discovered_at < last.discovered_at)
            | ((Signal.discovered_at == last.discovered_at) & (Signal.id < last.id))
        )
    found = found.order_by(Signal.discovered_at.desc(), Signal.id.desc()).limit(limit)
    return list(session.scalars(found))


def take(
    uow: UnitOfWork,
    signal_id: int,
    *,
    plan_key: str,
    title: str,
    summary: str,
    actor: Actor,
    now: datetime,
) -> Case:
    """Open a case from a signal (`services.cases.open_case`), discovered when the signal was. What
    was marked as one more report of it belongs to the case from now on, and is kept as long.

    Raises `Refusal`: ``signal_unknown`` (404), ``signal_settled`` (409, with ``status_now`` and
    ``case`` when somebody took it already), ``signal_destroyed`` (409), and those of
    `open_case`."""
    person = access.writer(uow.session, actor)
    signal = _new(uow.session, signal_id, person)
    reports = reports_of(uow.session, signal)
    case = cases.open_case(
        uow,
        plan_key=plan_key,
        title=title,
        summary=summary or signal.text,
        link=signal.link,
        signal=signal,
        discovered_at=signal.discovered_at,
        actor=actor,
        now=now,
    )
    for one in reports:
        one.case_id = case.id
    return case


def dismiss(uow: UnitOfWork, signal_id: int, reason: str, actor: Actor, now: datetime) -> Signal:
    """Set a signal aside. Raises `Refusal` as `take`, and ``form_invalid`` without a reason."""
    if not reason.strip():
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    person = access.writer(uow.session, actor)
    signal = _new(uow.session, signal_id, person)
    signal.status, signal.settled_at = "dismissed", now
    _event(uow, "signal.dismissed", actor, now, {"signal": signal.id}, {"reason": reason.strip()})
    return signal


def mark_duplicate(uow: UnitOfWork, signal_id: int, of: int, actor: Actor, now: datetime) -> Signal:
    """Mark a signal as one more report of ``of``; it joins that one's case, if there is one, and so
    does what was marked as a report of it.

    Raises `Refusal` as `take`, and ``duplicate_of`` (422: itself, or itself a duplicate)."""
    session = uow.session
    person = access.writer(session, actor)
    signal = _new(session, signal_id, person)
    original = locked(session, of)
    if original is None:
        raise Refusal("signal_unknown", 404)
    if original.id == signal.id or original.status == "duplicate":
        raise Refusal("duplicate_of", 422)
    if original.destroyed_at is not None:
        raise Refusal("signal_destroyed", 409)
    signal.status, signal.settled_at = "duplicate", now
    signal.duplicate_of = original.id
    for one in (signal, *reports_of(session, signal)):
        one.case_id = original.case_id
    _event(uow, "signal.duplicate", actor, now, {"signal": signal.id, "of": original.id})
    case = case_of(session, original)
    if case is not None:
        touch_case(uow, case)
    return signal


def _new(session: Session, signal_id: int, person: Person) -> Signal:
    """The signal, locked until this unit ends: of two people who take the same one, the second
    finds it gone and is told who has it."""
    signal = locked(session, signal_id)
    if signal is None or not may_see(person, signal):
        raise Refusal("signal_unknown", 404)
    if signal.destroyed_at is not None:
        raise Refusal("signal_destroyed", 409)
    if signal.status != "new":
        raise Refusal("signal_settled", 409, status_now=signal.status, case=signal.case_id)
    return signal


def _event(
    uow: UnitOfWork,
    type_: str,
    actor: Actor,
    now: datetime,
    payload: Mapping[str, Any],
    personal: Mapping[str, Any] | None = None,
) -> None:
    history.append(
        uow,
        type_,
        actor=actor,
        occurred_at=now,
        now=now,
        payload=payload,
        personal=personal,
    )
