"""Who may approve a statement's text: whoever holds the approving role, and a second pair of eyes.

Four eyes: who finally approves may be neither the one who drafted the statement nor the one who
wrote the text approved. 修改后同意 makes the approver the writer of the new version; the second
pair of eyes is then the writer of the version that was edited, so that one, too, has to be
somebody else. (A small unit may give all other roles to the same people.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Person
from models.words import Approval, Statement, StatementVersion
from services import access
from services.actor import Actor
from services.errors import Refusal


def require_four_eyes(
    session: Session, statement: Statement, person_id: int | None, text: StatementVersion
) -> None:
    """Refuse ``person_id`` as final approver of ``text`` (the version shown; for 修改后同意 the one
    edited). Raises `Refusal` ``four_eyes`` (403)."""
    edited_by_them = session.scalar(
        select(Approval.id).where(
            Approval.version_id == text.id,
            Approval.person_id == person_id,
            Approval.decision == "approve_with_edits",
        )
    )
    own_text = text.author_id == person_id and edited_by_them is None
    if own_text or statement.created_by == person_id:
        raise Refusal("four_eyes", 403, task="拟稿", task_en="Drafting")


def holds(session: Session, actor: Actor, role: str, now: datetime) -> bool:
    """Whether the actor holds the role, or stands in at ``now`` (wall time) for somebody who does
    (``actor.on_behalf_of``)."""
    if actor.person_id is None:
        return False
    if actor.on_behalf_of is not None:
        return role in access.deputised_roles(
            session, actor.person_id, actor.on_behalf_of, now
        ) and has_role(session, actor.on_behalf_of, (role,))
    return has_role(session, actor.person_id, (role,))


def has_role(session: Session, person_id: int | None, roles: Sequence[str]) -> bool:
    """Whether the person is active and holds one of the roles."""
    person = session.get(Person, person_id) if person_id is not None else None
    return person is not None and person.active and not set(roles).isdisjoint(person.role_keys)


def require_holder(session: Session, person_id: int | None, roles: Sequence[str]) -> None:
    """Refuse who holds none of the roles as the one who decided by telephone. Raises `Refusal`
    ``form_invalid`` (422)."""
    if not has_role(session, person_id, roles):
        raise Refusal("form_invalid", 422, errors={"oral_by": "not_an_approver"})
