"""Who may see a case and who may work a task.

A case is seen by the roles that have or had a task in it, by the people added to it, by who
opened it, and by auditors. Administrators look after people and plans, not cases: without one
of those roles they see none. Auditors read everything and write nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, or_, select, true
from sqlalchemy.orm import Session, joinedload

from models.cases import Case, CaseMember, CaseRole
from models.people import Deputy, Person
from models.tasks import UserTask
from services.actor import Actor
from services.definitions import element_of
from services.errors import Refusal
from workflows.contract import Element

AUDITOR = "auditor"
ADMIN = "admin"
AUTHOR = "author"


def is_auditor(person: Person) -> bool:
    """Holds the auditor's role (perhaps beside others)."""
    return AUDITOR in person.role_keys


def require_write(person: Person) -> None:
    """Raises Refusal ``read_only`` 403 for someone who is an auditor and nothing else, and
    ``not_active`` 403 for an account that has been switched off."""
    if not person.active:
        raise Refusal("not_active", 403)
    roles = person.role_keys
    if roles and all(role == AUDITOR for role in roles):
        raise Refusal("read_only", 403)


_PERSON = (
    select(Person).options(joinedload(Person.memberships)).where(Person.id == bindparam("b_id"))
)


def person_of(session: Session, person_id: int) -> Person | None:
    """A person with their roles, in one query."""
    return session.execute(_PERSON, {"b_id": person_id}).unique().scalar_one_or_none()


def writer(session: Session, actor: Actor) -> Person:
    """The person behind an actor, allowed to write. Raises Refusal ``read_only``,
    ``not_active`` or ``not_a_person`` (403)."""
    person = person_of(session, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise Refusal("not_a_person", 403)
    require_write(person)
    return person


def require_role(person: Person, *roles: str) -> str:
    """The first of ``roles`` the person holds. Raises Refusal ``not_your_role`` 403."""
    held = set(person.role_keys)
    for role in roles:
        if role in held:
            return role
    raise Refusal("not_your_role", 403, roles=list(roles))


def require_writer(session: Session, actor: Actor) -> None:
    """As `writer`, for what the clock and Planroom itself do as well."""
    if actor.kind == "person":
        writer(session, actor)


def require_administrator(session: Session, actor: Actor) -> None:
    """For what the administrator does, and Planroom itself (the command line, the demonstration).
    Raises Refusal as `writer`, and ``not_your_role`` 403."""
    if actor.kind == "person":
        require_role(writer(session, actor), ADMIN)


def visible_cases(person: Person) -> ColumnElement[bool]:
    """A condition on `Case` rows: those the person may see."""
    if is_auditor(person):
        return true()
    return or_(
        Case.opened_by == person.id,
        exists().where(CaseMember.case_id == Case.id, CaseMember.person_id == person.id),
        exists().where(CaseRole.case_id == Case.id, CaseRole.role_key.in_(person.role_keys)),
    )


def can_see_case(session: Session, person: Person, case: Case) -> bool:
    """Whether the person may read the case."""
    return person.active and (is_auditor(person) or has_part_in_case(session, person, case))


def has_part_in_case(session: Session, person: Person, case: Case) -> bool:
    """Whether the person sees the case otherwise than as an auditor: whoever does not, changes
    nothing in it, whatever other roles they hold."""
    if not person.active:
        return False
    if case.opened_by == person.id:
        return True
    found = select(CaseRole.role_key).where(
        CaseRole.case_id == case.id,
        CaseRole.role_key.in_(set(person.role_keys) - {AUDITOR}),
    )
    if session.scalar(found.limit(1)) is not None:
        return True
    member = select(CaseMember.person_id).where(
        CaseMember.case_id == case.id, CaseMember.person_id == person.id
    )
    return session.scalar(member.limit(1)) is not None


def require_see_case(session: Session, person: Person, case: Case | None) -> Case:
    """The case, if there is one and the person may read it. Raises Refusal ``case_unknown``
    404 in either other case: an outsider does not learn which numbers exist."""
    if case is None or not can_see_case(session, person, case):
        raise Refusal("case_unknown", 404)
    return case


def case_seen_by(session: Session, person: Person, case_id: int | None) -> Case:
    """The case of an id, for whoever may read it. Raises as `require_see_case`."""
    case = session.get(Case, case_id) if case_id is not None else None
    return require_see_case(session, person, case)


def require_part_in_case(session: Session, person: Person, case: Case | None) -> Case:
    """The case, for a write to it. Raises Refusal ``case_unknown`` 404 as `require_see_case`, and
    ``read_only`` 403 for who sees it as an auditor only."""
    found = require_see_case(session, person, case)
    if not has_part_in_case(session, person, found):
        raise Refusal("read_only", 403)
    return found


def queue_keys(person: Person) -> list[str]:
    """The keys under which tasks wait for this person: roles held, and the person by name."""
    return [*sorted(set(person.role_keys) - {AUDITOR}), f"user:{person.username}"]


def candidate_keys(element: Element) -> tuple[str, ...]:
    """The queues an open, unclaimed task of this element waits in: its candidate groups, and
    ``user:NAME`` for each candidate user."""
    return (*element.candidate_groups, *(f"user:{name}" for name in element.candidate_users))


def role_for(keys: Iterable[str], person: Person) -> str | None:
    """The first of a task's candidate keys that the person answers to, as a role ("" when
    named in person), or None."""
    held = set(person.role_keys) - {AUDITOR}
    for key in keys:
        if key in held:
            return key
        if key == f"user:{person.username}":
            return ""
    return None


def can_work_task(session: Session, person: Person, task: UserTask) -> str | None:
    """The role in which the person may work the task, or None. The one who has claimed it (or
    was given it) may work it in the task's first role, though not holding it."""
    if not person.active:
        return None
    role = role_for(candidate_keys(element_of(session, task)), person)
    if role is None and task.assignee_id == person.id and not _read_only(person):
        return task.role_key
    return role


def _read_only(person: Person) -> bool:
    return bool(person.role_keys) and set(person.role_keys) == {AUDITOR}


def deputised_roles(session: Session, person_id: int, principal_id: int, now: datetime) -> set[str]:
    """The roles in which ``person_id`` may act for ``principal_id`` at the wall moment."""
    return set(
        session.scalars(
            select(Deputy.role_key).where(
                Deputy.deputy_id == person_id,
                Deputy.principal_id == principal_id,
                Deputy.since <= now,
                or_(Deputy.until.is_(None), Deputy.until > now),
            )
        )
    )
