"""In the demonstration one visitor plays every part. The switch is on the record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models.people import Person
from services import history
from services.actor import Actor
from services.directory import organization
from services.errors import Refusal
from services.uow import UnitOfWork


def switch_person(
    uow: UnitOfWork, username: str, actor: Actor, address: str, now: datetime
) -> Person:
    """The person to go on as. ``actor`` is who switches. Raises Refusal ``not_demo`` 403 in an
    organisation that is not the demonstration's, ``person_unknown`` 404."""
    unit = organization(uow.session)
    if unit is None or not unit.is_demo:
        raise Refusal("not_demo", 403)
    person = uow.session.scalar(
        select(Person).where(Person.username == username, Person.active.is_(True))
    )
    if person is None:
        raise Refusal("person_unknown", 404)
    history.append(
        uow,
        "org.switched_person",
        case=None,
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"person": person.id, "from": actor.person_id, "demo": True},
        personal={"address": address},
    )
    return person
