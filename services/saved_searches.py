"""Searches of the history: that one was made, and those an auditor keeps for another day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.audit import SavedSearch
from models.history import HistoryEvent
from models.people import Person
from services import access, auditing, history
from services.actor import Actor
from services.audit_trail import filter_told
from services.errors import Refusal
from services.event_filter import EventFilter
from services.uow import UnitOfWork

#: Searches one person may keep, and characters of a name.
MOST, NAME = 50, 120


def save(uow: UnitOfWork, name: str, flt: EventFilter, actor: Actor, now: datetime) -> SavedSearch:
    """Keep a search. Raises Refusal ``not_your_role`` 403, ``search_empty`` 422 for a filter that
    asks for nothing, ``searches_full`` 409, ``form_invalid`` 422 for the name."""
    person = auditing.auditor(uow.session, actor)
    name = " ".join(name.split())
    if not name or len(name) > NAME:
        raise Refusal("form_invalid", 422, errors={"name": "too_long" if name else "required"})
    if not flt.to_dict():
        raise Refusal("search_empty", 422)
    kept = uow.session.scalar(
        select(func.count()).select_from(SavedSearch).where(SavedSearch.person_id == person.id)
    )
    if (kept or 0) >= MOST:
        raise Refusal("searches_full", 409, most=MOST)
    search = SavedSearch(person_id=person.id, name=name, query=flt.to_dict(), created_at=now)
    uow.session.add(search)
    uow.session.flush()
    _record(
        uow,
        "audit.search_saved",
        actor,
        now,
        {"search": search.id, "filter": filter_told(search.query)},
        name,
    )
    return search


def remove(uow: UnitOfWork, search_id: int, actor: Actor, now: datetime) -> None:
    """Forget a search of one's own. Raises Refusal ``not_your_role`` 403, ``search_unknown``
    404."""
    person = auditing.auditor(uow.session, actor)
    search = uow.session.get(SavedSearch, search_id)
    if search is None or search.person_id != person.id:
        raise Refusal("search_unknown", 404)
    uow.session.delete(search)
    _record(uow, "audit.search_removed", actor, now, {"search": search_id})


def own(session: Session, person: Person) -> list[SavedSearch]:
    """The person's searches, by name."""
    query = select(SavedSearch).where(SavedSearch.person_id == person.id)
    return list(session.scalars(query.order_by(SavedSearch.name, SavedSearch.id)))


def record_search(uow: UnitOfWork, flt: EventFilter, actor: Actor, now: datetime) -> HistoryEvent:
    """Put on record what was searched for. Raises Refusal ``not_your_role`` 403."""
    auditing.auditor(uow.session, actor)
    return _record(uow, "audit.searched", actor, now, {"filter": filter_told(flt.to_dict())})


def _record(
    uow: UnitOfWork,
    type_: str,
    actor: Actor,
    now: datetime,
    payload: dict[str, object],
    name: str = "",
) -> HistoryEvent:
    return history.append(
        uow,
        type_,
        actor=Actor(actor.person_id, access.AUDITOR),
        occurred_at=now,
        now=now,
        payload=payload,
        personal={"name": name},
        chain=history.AUDIT,
    )
