"""In the demonstration one visitor plays every part. The switch is on the record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from models.words import Statement
from services import access, history
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


def may_open(
    session: Session,
    person: Person,
    *,
    case_id: int | None = None,
    task_id: str | None = None,
    statement_id: int | None = None,
) -> bool:
    """Whether the person would be shown this case, or the case of this task or statement."""
    if task_id is not None:
        task = session.get(UserTask, task_id)
        case_id = task.case_id if task is not None else 0
    if statement_id is not None:
        statement = session.get(Statement, statement_id)
        case_id = statement.case_id if statement is not None else 0
    case = session.get(Case, case_id)
    return case is not None and access.can_see_case(session, person, case)
