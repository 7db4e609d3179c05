"""A task with all that deciding about it needs, and what every verb about tasks asks of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.people import Person
from models.tasks import UserTask
from services import access, four_eyes, history, recused
from services.actor import Actor
from services.definitions import definition_for, element_in
from services.errors import Refusal, Stale
from services.queues import dequeue, person_owner, queue_owner, tally
from services.task_rows import move
from services.uow import UnitOfWork
from workflows.contract import Element
from workflows.definition import Definition

_TASK = (
    select(UserTask, Case, ProcessInstance)
    .join(Case, Case.id == UserTask.case_id)
    .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
    .where(UserTask.id == bindparam("b_id"))
)


@dataclass(frozen=True, slots=True)
class TaskInHand:
    """``actor`` acts in ``role``, the role that lets the person work the task."""

    task: UserTask
    case: Case
    instance: ProcessInstance
    definition: Definition
    element: Element
    person: Person
    actor: Actor

    @property
    def keys(self) -> tuple[str, ...]:
        """The queues the task waits in while nobody holds it."""
        return access.candidate_keys(self.element)


def task_in_hand(
    session: Session, task_id: str, person: Person
) -> tuple[UserTask, Case, ProcessInstance, Definition, Element]:
    """A task that the person may see, with its case, instance and element, for reading. Raises
    Refusal ``task_unknown`` 404, also for a case that is not theirs to see."""
    found = session.execute(_TASK, {"b_id": task_id}).one_or_none()
    if found is None:
        raise Refusal("task_unknown", 404)
    task, case, instance = found
    definition = definition_for(session, instance.content_hash)
    element = element_in(session, task, instance.content_hash)
    # Whoever may work a task may see its case: the roles of tasks are what opens a case.
    if access.role_for(access.candidate_keys(element), person) is None and not (
        access.can_see_case(session, person, case)
    ):
        raise Refusal("task_unknown", 404)
    return task, case, instance, definition, element


def take_in_hand(
    uow: UnitOfWork, task_id: str, actor: Actor, now: datetime, *, superior: bool = False
) -> TaskInHand:
    """The open task, if the actor may work it (``superior``: or stands above its role). Raises
    Refusal ``read_only`` / ``not_your_task`` 403, ``task_unknown`` 404 (also for a case that is
    not theirs to see), ``task_done`` 409 with who and when, ``task_cancelled`` 409."""
    session = uow.session
    person = access.writer(session, actor)
    found = session.execute(_TASK, {"b_id": task_id}).one_or_none()
    if found is None:
        raise Refusal("task_unknown", 404)
    task, case, instance = found
    definition = definition_for(session, instance.content_hash)
    element = element_in(session, task, instance.content_hash)
    role = _role(session, task, element, person, actor, now)
    if role is None and not access.can_see_case(session, person, case):
        raise Refusal("task_unknown", 404)
    if role is None and superior and access.has_part_in_case(session, person, case):
        role = access.role_for([four_eyes.superior(session, task)], person)
    if role is None:
        raise Refusal("not_your_task", 403)
    if task.status == "completed":
        raise Refusal("task_done", 409, **_who(session, task.completed_by, task.completed_at))
    if task.status == "cancelled":
        raise Refusal("task_cancelled", 409, by=task.ended_by, when=task.completed_at)
    if instance.state is None:
        raise Stale(f"instance {instance.id} has ended")
    acting = Actor(actor.person_id, role, actor.on_behalf_of)
    return TaskInHand(task, case, instance, definition, element, person, acting)


def _role(
    session: Session,
    task: UserTask,
    element: Element,
    person: Person,
    actor: Actor,
    now: datetime,
) -> str | None:
    """The role acted in: the one asked for, if it may, else the first that may."""
    keys = access.candidate_keys(element)
    if actor.on_behalf_of is not None:
        lent = access.deputised_roles(session, person.id, actor.on_behalf_of, now)
        return next((key for key in keys if key in lent), None)
    if actor.role in keys and actor.role in person.role_keys:
        return actor.role
    found = access.role_for(keys, person)
    if found is None and task.assignee_id == person.id:
        return task.role_key
    return found


def require_free(session: Session, hand: TaskInHand) -> None:
    """Raises Refusal ``task_claimed`` 409 with who and when, if somebody else holds it."""
    if hand.task.assignee_id is not None and hand.task.assignee_id != hand.person.id:
        raise claimed(session, hand.task, "task_claimed")


def require_other_person(session: Session, hand: TaskInHand) -> None:
    """Raises Refusal ``four_eyes`` 403 naming the task that keeps the person from this one, and
    ``recused`` 403 where they, or whom they act for, stand back from the case."""
    other = four_eyes.barred(session, hand.task, hand.element, hand.person.id)
    if other is not None:
        raise Refusal("four_eyes", 403, task=other.name, task_en=other.name_en)
    recused.require_not_recused(
        session, hand.case.id, hand.person.id, hand.actor.on_behalf_of, element=hand.element
    )


def claimed(session: Session, task: UserTask, code: str) -> Refusal:
    """A refusal that says who holds the task and since when."""
    return Refusal(code, 409, **_who(session, task.assignee_id, task.claimed_at))


def _who(session: Session, person_id: int | None, when: datetime | None) -> dict[str, object]:
    person = session.get(Person, person_id) if person_id is not None else None
    return {
        "who": person.name if person is not None else "",
        "who_en": person.name_en if person is not None else "",
        "who_id": person_id,
        "when": when,
    }


def take(uow: UnitOfWork, hand: TaskInHand, at: datetime) -> None:
    """The actor holds a waiting task from now on (``at``: case time)."""
    task = hand.task
    move(uow, task, {"assignee_id": hand.person.id, "claimed_at": at})
    dequeue(uow.session, [task.id])
    tally(uow.session, Counter({queue_owner(hand.keys): -1, person_owner(hand.person.id): 1}))
    write(uow, hand, at, "task.claimed")


def write(
    uow: UnitOfWork,
    hand: TaskInHand,
    at: datetime,
    type_: str,
    payload: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> None:
    """An event about the task, happened and recorded at ``at`` (case time)."""
    history.append(
        uow,
        type_,
        case=hand.case,
        actor=hand.actor,
        occurred_at=at,
        now=at,
        element_path=hand.task.element_path,
        payload={"task": hand.task.id, **(payload or {})},
        personal=personal,
    )
