"""Reading releases (发布): where a statement has gone out, which task waits to let it out, and who
may do so outside a task. `services.releases` records them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import Release, Statement
from services import access, recused, statement_reading
from services.actor import Actor
from services.errors import Refusal

RELEASE_FORM = "planroom:statement-release"


def of_statement(session: Session, statement_id: int) -> list[Release]:
    """Where a statement has gone out, first to latest."""
    found = select(Release).where(Release.statement_id == statement_id).order_by(Release.id)
    return list(session.scalars(found))


def get(session: Session, release_id: int) -> Release:
    """The release. Raises `Refusal` ``release_unknown`` (404)."""
    release = session.get(Release, release_id)
    if release is None:
        raise Refusal("release_unknown", 404)
    return release


def release_roles(session: Session, case: Case) -> set[str]:
    """Roles that release in this case, by its release tasks so far."""
    found = select(UserTask.role_key).where(
        UserTask.case_id == case.id, UserTask.form_key == RELEASE_FORM
    )
    return set(session.scalars(found)) - {""}


def may_release(session: Session, person_roles: list[str], case: Case) -> str | None:
    """The role in which somebody may release in this case outside a task, or None."""
    roles = release_roles(session, case)
    return next((role for role in person_roles if role in roles), None)


def require_may_release(
    session: Session, statement_id: int, actor: Actor
) -> tuple[Statement, Case, Actor]:
    """The statement, its case, and the actor in the role in which they release in it.

    Raises `Refusal`: ``statement_unknown`` (404), those of `access.writer` and of
    `access.require_part_in_case`, ``recused`` (403), and ``not_your_role`` (403) with ``words``:
    the role in which they may word the case's statements, or None."""
    person = access.writer(session, actor)
    statement = statement_reading.get(session, statement_id)
    case = access.require_part_in_case(session, person, session.get(Case, statement.case_id))
    recused.require_not_recused(session, case.id, person.id, actor.on_behalf_of)
    role = may_release(session, person.role_keys, case)
    if role is None:
        # Whoever words a case's statements may see why, but not let them out.
        words = statement_reading.role_for_wording(session, person, case)
        raise Refusal("not_your_role", 403, words=words)
    return statement, case, Actor(person.id, role, actor.on_behalf_of)


def release_task(session: Session, statement: Statement) -> UserTask | None:
    """The open release task that is about this statement, if there is one."""
    found = select(UserTask).where(
        UserTask.case_id == statement.case_id,
        UserTask.form_key == RELEASE_FORM,
        UserTask.status == "open",
    )
    for task in session.scalars(found):
        try:
            about = statement_reading.require_statement_of(session, task)
        except Refusal:
            continue
        if about.id == statement.id:
            return task
    return None
