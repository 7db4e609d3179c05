"""Whether somebody is recused (回避) from a case, and from which of its tasks.

Recusal binds people, not posts: who is recused through one role stays so in all others, and when
acting for somebody else. Held against them are the tasks with the property ``notRecused`` (of a
call: all it holds), every form that words, reviews, approves or releases a statement, and the
statements' own page. `services.recusals` records it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models.people import Membership
from models.recusals import Recusal
from models.tasks import UserTask
from services.errors import Refusal
from services.statement_reading import WORDS_FORMS
from workflows.contract import Element

#: Of an element: recused people may not take its task / it waits until a recusal is recorded.
KEEPS_OUT = "notRecused"
WAITS_FOR = "recusalRecorded"


def recused(session: Session, case_id: int, person_id: int | None) -> Recusal | None:
    """The standing recusal that keeps the person from this case's words, None if none does: they
    are named, or hold a recused role now."""
    if person_id is None:
        return None
    found = select(Recusal).where(
        Recusal.case_id == case_id,
        Recusal.lifted_at.is_(None),
        or_(Recusal.person_id == person_id, _holds_it(person_id)),
    )
    return session.scalar(found.order_by(Recusal.id).limit(1))


def cases_recused(session: Session, person_id: int) -> set[int]:
    """Ids of the cases the person stands back from."""
    found = select(Recusal.case_id).where(
        Recusal.lifted_at.is_(None), or_(Recusal.person_id == person_id, _holds_it(person_id))
    )
    return set(session.scalars(found))


def _holds_it(person_id: int) -> ColumnElement[bool]:
    return and_(
        Recusal.person_id.is_(None),
        exists().where(
            Membership.person_id == person_id,
            Membership.role_key == Recusal.role_key,
            Membership.until.is_(None),
        ),
    )


def guarded(element: Element) -> bool:
    """Whether recusal is held against whoever would take this element's task."""
    return element.properties.get(KEEPS_OUT) == "true" or element.form_key in WORDS_FORMS


def keeps_out(session: Session, task: UserTask, element: Element, person_id: int) -> bool:
    """Whether the person is recused from this very task."""
    return guarded(element) and recused(session, task.case_id, person_id) is not None


def require_not_recused(
    session: Session, case_id: int, *person_ids: int | None, element: Element | None = None
) -> None:
    """Refuse whoever is recused: who acts, and for whom. With ``element`` only where it is
    guarded. Raises Refusal ``recused`` 403 with ``reason``."""
    if element is not None and not guarded(element):
        return
    for person_id in dict.fromkeys(person_ids):
        found = recused(session, case_id, person_id)
        if found is not None:
            raise Refusal("recused", 403, reason=found.reason)


def require_recorded(session: Session, case_id: int, element: Element) -> None:
    """For an element that waits for it: some recusal has to stand in the case. Raises Refusal
    ``recusal_missing`` 409."""
    if element.properties.get(WAITS_FOR) != "true":
        return
    found = select(Recusal.id).where(Recusal.case_id == case_id, Recusal.lifted_at.is_(None))
    if session.scalar(found.limit(1)) is None:
        raise Refusal("recusal_missing", 409)
