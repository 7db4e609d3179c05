"""Whether plans come into force with a second person's agreement: a setting of the unit.

It is on by default. Switching it off is an exception, on record with its reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from services import access, history
from services.actor import Actor
from services.directory import organization
from services.errors import Refusal
from services.organisation import locked
from services.uow import UnitOfWork

#: Key in the organisation's settings; absent means on.
FOUR_EYES: Final = "plan_four_eyes"
REASON_LIMIT: Final = 2_000


def needs_second_person(session: Session) -> bool:
    """Whether a proposal waits for somebody else."""
    unit = organization(session)
    return unit is None or unit.settings.get(FOUR_EYES, True) is not False


def set_four_eyes(uow: UnitOfWork, on: bool, reason: str, actor: Actor, now: datetime) -> None:
    """Switch the second person off, or on again. Raises Refusal ``not_your_role`` 403 for all but
    administrators, ``form_invalid`` 422 without a reason for switching off."""
    access.require_role(access.writer(uow.session, actor), access.ADMIN)
    unit = locked(uow.session)
    was = unit.settings.get(FOUR_EYES, True) is not False
    if was == on:
        return
    if not on and not reason.strip():
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    unit.settings = {**unit.settings, FOUR_EYES: on}
    history.append(
        uow, "org.four_eyes_changed", actor=actor, occurred_at=now, now=now,
        payload={"on": on, "was": was, "reason": reason.strip()[:REASON_LIMIT]},
    )  # fmt: skip
