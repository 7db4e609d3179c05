"""Showing an auditor the personal data of a case, or of a signal that is none yet
(`services.masking`): for that one, with a reason, for an hour, on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import Unmasking
from models.cases import Case
from models.people import Person
from services import access, auditing, history, signals
from services.actor import Actor
from services.errors import Refusal
from services.signal_rows import locked
from services.uow import UnitOfWork

#: How long it stays unmasked.
SPAN: Final = timedelta(hours=1)
#: Letters and figures of a reason at least, characters at most.
LEAST, MOST = 5, 1_000


def unmask(uow: UnitOfWork, case_id: int, reason: str, actor: Actor, now: datetime) -> Unmasking:
    """Show the case's personal data to the auditor until `SPAN` after the wall moment ``now``;
    asked again meanwhile, the hour begins anew, and both reasons are on record.

    The event ``audit.unmasked`` holds the case and until when; the reason is a personal value.
    Raises Refusal ``not_your_role`` 403 for anybody but an auditor, ``case_unknown`` 404,
    ``form_invalid`` 422 (``reason`` missing, too short or too long)."""
    person = auditing.auditor(uow.session, actor)
    case = access.require_see_case(uow.session, person, uow.session.get(Case, case_id))
    return _unmask(uow, person, {"case": case.id}, reason, actor, now)


def unmask_signal(
    uow: UnitOfWork, signal_id: int, reason: str, actor: Actor, now: datetime
) -> Unmasking:
    """As `unmask`, for a signal of no case; once it has become one, its case is what is unmasked.
    Raises Refusal ``signal_unknown`` 404, ``signal_taken`` 409, ``signal_destroyed`` 409 where
    there is nothing left to see, and as `unmask`."""
    person = auditing.auditor(uow.session, actor)
    signal = locked(uow.session, signal_id)
    if signal is None or not signals.may_see(person, signal):
        raise Refusal("signal_unknown", 404)
    if signal.case_id is not None:
        raise Refusal("signal_taken", 409)
    if signal.destroyed_at is not None:
        raise Refusal("signal_destroyed", 409)
    return _unmask(uow, person, {"signal": signal.id}, reason, actor, now)


def _unmask(
    uow: UnitOfWork, person: Person, what: dict[str, int], reason: str, actor: Actor, now: datetime
) -> Unmasking:
    words = " ".join(reason.split())
    wrong = (
        "required"
        if not words
        else "too_short"
        if sum(map(str.isalnum, words)) < LEAST  # what cannot be read gives no reason
        else "too_long"
        if len(words) > MOST
        else ""
    )
    if wrong:
        raise Refusal("form_invalid", 422, errors={"reason": wrong})
    row = Unmasking(
        person_id=person.id, case_id=what.get("case"), signal_id=what.get("signal"),
        since=now, until=now + SPAN,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    history.append(
        uow,
        "audit.unmasked",
        actor=Actor(person.id, access.AUDITOR, actor.on_behalf_of),
        occurred_at=now,
        now=now,
        payload={**what, "until": row.until},
        personal={"reason": words},
        chain=history.AUDIT,
    )
    return row


def running_until(session: Session, person_id: int, case_id: int, now: datetime) -> datetime | None:
    """Until when the case is unmasked for the person, None when it is not."""
    return _until(session, person_id, Unmasking.case_id == case_id, now)


def signal_until(
    session: Session, person_id: int, signal_id: int, now: datetime
) -> datetime | None:
    """As `running_until`, for a signal."""
    return _until(session, person_id, Unmasking.signal_id == signal_id, now)


def _until(session: Session, person_id: int, which: Any, now: datetime) -> datetime | None:
    return session.scalar(
        select(Unmasking.until)
        .where(
            Unmasking.person_id == person_id,
            which,
            Unmasking.since <= now,
            Unmasking.until > now,
        )
        .order_by(Unmasking.until.desc())
        .limit(1)
    )
