"""Showing an auditor the personal data of a case (`services.masking`): for one case, with a reason,
for an hour, on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import Unmasking
from models.cases import Case
from services import access, auditing, history
from services.actor import Actor
from services.errors import Refusal
from services.uow import UnitOfWork

#: How long a case stays unmasked.
SPAN: Final = timedelta(hours=1)
#: Characters of a reason, at least and at most.
LEAST, MOST = 5, 1_000


def unmask(uow: UnitOfWork, case_id: int, reason: str, actor: Actor, now: datetime) -> Unmasking:
    """Show the case's personal data to the auditor until `SPAN` after the wall moment ``now``;
    asked again meanwhile, the hour begins anew, and both reasons are on record.

    The event ``audit.unmasked`` holds the case and until when; the reason is a personal value.
    Raises Refusal ``not_your_role`` 403 for anybody but an auditor, ``case_unknown`` 404,
    ``form_invalid`` 422 (``reason`` missing, too short or too long)."""
    session = uow.session
    person = auditing.auditor(session, actor)
    case = access.require_see_case(session, person, session.get(Case, case_id))
    words = " ".join(reason.split())
    wrong = (
        "required"
        if not words
        else "too_short"
        if len(words) < LEAST
        else "too_long"
        if len(words) > MOST
        else ""
    )
    if wrong:
        raise Refusal("form_invalid", 422, errors={"reason": wrong})
    row = Unmasking(person_id=person.id, case_id=case.id, since=now, until=now + SPAN)
    session.add(row)
    session.flush()
    history.append(
        uow,
        "audit.unmasked",
        actor=Actor(person.id, access.AUDITOR, actor.on_behalf_of),
        occurred_at=now,
        now=now,
        payload={"case": case.id, "until": row.until},
        personal={"reason": words},
        chain=history.AUDIT,
    )
    return row


def running_until(session: Session, person_id: int, case_id: int, now: datetime) -> datetime | None:
    """Until when the case is unmasked for the person, None when it is not."""
    return session.scalar(
        select(Unmasking.until)
        .where(
            Unmasking.person_id == person_id,
            Unmasking.case_id == case_id,
            Unmasking.since <= now,
            Unmasking.until > now,
        )
        .order_by(Unmasking.until.desc())
        .limit(1)
    )
