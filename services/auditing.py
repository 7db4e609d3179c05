"""Who works in the audit room. Auditors read everything and change nothing: their own writes there
(a search kept, an export, an unmasking, a verification) touch no case."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.people import Person
from services import access
from services.actor import Actor
from services.errors import Refusal


def require_auditor(person: Person) -> None:
    """Raises Refusal ``not_your_role`` 403 for anybody who is no auditor, ``not_active`` 403 for an
    account that has been switched off."""
    if not person.active:
        raise Refusal("not_active", 403)
    access.require_role(person, access.AUDITOR)


def auditor(session: Session, actor: Actor) -> Person:
    """The auditor behind an actor, for the audit room's own writes. Raises Refusal
    ``not_a_person``, ``not_active`` or ``not_your_role`` (403)."""
    person = access.person_of(session, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise Refusal("not_a_person", 403)
    require_auditor(person)
    return person
