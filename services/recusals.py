"""Recusal (回避): whoever the matter is about words, reviews and approves nothing in it.

The office records who stands back from a case, and why; anybody may record themselves. What that
keeps them from is in `services.recused`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.people import Person, Role
from models.recusals import Recusal
from models.tasks import UserTask
from services import access, history, manifest
from services.actor import Actor
from services.definitions import definition_for
from services.errors import Refusal
from services.notifications import holders
from services.queues import enqueue, person_owner, queue_owner, tally
from services.recused import KEEPS_OUT, keeps_out, require_not_recused
from services.stamps import touch_case
from services.task_rows import move
from services.uow import UnitOfWork
from workflows.contract import Element

OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of who stands back: a person, or a role with the people it keeps out through it.
    ``id`` is the row whose lifting lifts them all."""

    id: int
    person: Person | None
    role: Role | None
    reason: str
    recorded_at: datetime
    recorded_by: Person
    through: tuple[Person, ...]


# ---------------------------------------------------------------------------------- reading


def of_case(session: Session, case_id: int) -> list[Standing]:
    """Who stands back from the case now, in the order recorded."""
    rows = session.scalars(
        select(Recusal)
        .where(Recusal.case_id == case_id, Recusal.lifted_at.is_(None))
        .order_by(Recusal.id)
    ).all()
    people = {
        person.id: person
        for person in session.scalars(
            select(Person).where(
                Person.id.in_({id_ for r in rows for id_ in (r.person_id, r.recorded_by) if id_})
            )
        )
    }
    roles = {role.key: role for role in session.scalars(select(Role))}
    lines = []
    for row in rows:
        if row.person_id is not None and row.role_key:
            continue  # named under its role
        through = [
            people[one.person_id]
            for one in rows
            if row.role_key and one.role_key == row.role_key and one.person_id is not None
        ]
        lines.append(
            Standing(
                id=row.id,
                person=people.get(row.person_id) if row.person_id is not None else None,
                role=roles.get(row.role_key),
                reason=row.reason,
                recorded_at=row.recorded_at,
                recorded_by=people[row.recorded_by],
                through=tuple(through),
            )
        )
    return lines


def provided_for(elements: Iterable[Element]) -> bool:
    """Whether a plan has steps that keep recused people out."""
    return any(element.properties.get(KEEPS_OUT) == "true" for element in elements)


def may_record(session: Session, case: Case, person: Person) -> bool:
    """Whether the person keeps this case's list of who stands back: a holder of the role its
    plan calls the office."""
    return _office(session, case) in set(person.role_keys)


def _office(session: Session, case: Case) -> str:
    roles = manifest.manifest_of(session, case).get("roles", {})
    bound = roles.get(OFFICE) if isinstance(roles, Mapping) else None
    return str(bound.get("role") or OFFICE) if isinstance(bound, Mapping) else OFFICE


# --------------------------------------------------------------------------------- changing


def record(
    uow: UnitOfWork,
    case_id: int,
    actor: Actor,
    now: datetime,
    *,
    person_ids: Sequence[int] = (),
    role_keys: Sequence[str] = (),
    reason: str,
) -> list[Recusal]:
    """Record that people, or everybody of a role, stand back from a case. Guarded tasks they
    hold go back to their queues. Who stands back already is left as they are.

    Raises Refusal ``case_unknown`` 404, ``case_archived`` 409, ``not_your_role`` 403 (neither the
    office nor oneself), ``form_invalid`` 422 (nobody named, an unknown person or role, no
    reason)."""
    session = uow.session
    case, person, acting = _in_hand(session, case_id, actor, alone=list(person_ids), more=role_keys)
    people = {p.id for p in session.scalars(select(Person).where(Person.id.in_(person_ids)))}
    roles = set(session.scalars(select(Role.key).where(Role.key.in_(role_keys))))
    wrong: dict[str, str] = {}
    if not person_ids and not role_keys:
        wrong["person_ids"] = "required"
    elif set(person_ids) - people:
        wrong["person_ids"] = "not_an_option"
    if set(role_keys) - roles:
        wrong["role_keys"] = "not_an_option"
    if not reason.strip():
        wrong["reason"] = "required"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    at = case.at(now)
    touch_case(uow, case)
    written: list[Recusal] = []
    for key in dict.fromkeys(role_keys):
        written += _write(uow, case, None, key, reason, acting, at)
        for holder in holders(session, [key]):
            written += _write(uow, case, holder, key, reason, acting, at)
    for id_ in dict.fromkeys(person_ids):
        written += _write(uow, case, id_, "", reason, acting, at)
    _give_back(uow, case, acting, at, person)
    return written


def lift(
    uow: UnitOfWork, recusal_id: int, actor: Actor, now: datetime, reason: str
) -> list[Recusal]:
    """Say that a recusal holds no longer; of a role also for those it kept out through it. Rows
    stay. Nobody lifts their own.

    Raises Refusal ``read_only`` 403, ``recusal_unknown`` 404, ``not_your_role`` 403, ``recused``
    403, ``case_archived`` 409, ``form_invalid`` 422 (no reason)."""
    session = uow.session
    access.writer(session, actor)
    row = session.get(Recusal, recusal_id)
    if row is None:
        raise Refusal("recusal_unknown", 404)
    case, person, acting = _in_hand(session, row.case_id, actor)
    if row.lifted_at is not None:
        return []
    require_not_recused(session, case.id, person.id, actor.on_behalf_of)
    if not reason.strip():
        raise Refusal("form_invalid", 422, errors={"lift_reason": "required"})
    at = case.at(now)
    touch_case(uow, case)
    rows = [row]
    if row.role_key and row.person_id is None:
        through = select(Recusal).where(
            Recusal.case_id == case.id,
            Recusal.role_key == row.role_key,
            Recusal.person_id.is_not(None),
            Recusal.lifted_at.is_(None),
        )
        rows += session.scalars(through.order_by(Recusal.id))
    for one in rows:
        one.lifted_at, one.lifted_by, one.lift_reason = at, person.id, reason.strip()
        _note(uow, case, "recusal.lifted", one, reason, acting, at)
    return rows


def _in_hand(
    session: Session,
    case_id: int,
    actor: Actor,
    *,
    alone: Sequence[int] = (),
    more: Sequence[str] = (),
) -> tuple[Case, Person, Actor]:
    """The open case, and the person in the office's role; ``alone`` may be themselves only."""
    person = access.writer(session, actor)
    case = access.require_part_in_case(session, person, session.get(Case, case_id))
    if case.status == "archived":
        raise Refusal("case_archived", 409)
    role = _office(session, case)
    if role in person.role_keys:
        return case, person, Actor(person.id, role, actor.on_behalf_of)
    if list(alone) == [person.id] and not more:
        return case, person, actor
    raise Refusal("not_your_role", 403, roles=[role])


def _write(
    uow: UnitOfWork,
    case: Case,
    person_id: int | None,
    role_key: str,
    reason: str,
    actor: Actor,
    at: datetime,
) -> list[Recusal]:
    same = select(Recusal.id).where(
        Recusal.case_id == case.id,
        Recusal.lifted_at.is_(None),
        Recusal.role_key == role_key,
        Recusal.person_id.is_not_distinct_from(person_id),
    )
    if uow.session.scalar(same.limit(1)) is not None:
        return []
    row = Recusal(
        case_id=case.id,
        person_id=person_id,
        role_key=role_key,
        reason=reason.strip(),
        recorded_at=at,
        recorded_by=actor.person_id,
    )
    uow.session.add(row)
    uow.session.flush()
    _note(uow, case, "recusal.recorded", row, reason, actor, at)
    return [row]


def _note(
    uow: UnitOfWork, case: Case, type_: str, row: Recusal, reason: str, actor: Actor, at: datetime
) -> None:
    payload = {"id": row.id, "person": row.person_id, "role": row.role_key}
    history.append(
        uow,
        type_,
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload=payload,
        personal={"reason": reason.strip()},
    )


def _give_back(uow: UnitOfWork, case: Case, actor: Actor, at: datetime, by: Person) -> None:
    """Guarded tasks that somebody recused holds wait for the others of their roles."""
    session = uow.session
    held = session.execute(
        select(UserTask, ProcessInstance.content_hash)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(
            UserTask.case_id == case.id,
            UserTask.status == "open",
            UserTask.assignee_id.is_not(None),
        )
        .order_by(UserTask.id)
    ).all()
    for task, content_hash in held:
        holder = task.assignee_id
        element = definition_for(session, content_hash).element(task.element_path)
        if holder is None or not keeps_out(session, task, element, holder):
            continue
        keys = access.candidate_keys(element)
        # What they typed goes with them: it is not to be the next person's draft.
        move(uow, task, {"assignee_id": None, "claimed_at": None, "draft": None, "draft_at": None})
        enqueue(session, [(task.id, keys, task.sort_due)])
        tally(session, Counter({person_owner(holder): -1, queue_owner(keys): 1}))
        history.append(
            uow,
            "task.unclaimed",
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            element_path=task.element_path,
            payload={"task": task.id},
            personal={"reason": "回避" if holder != by.id else "本人回避"},
        )
