"""Who is told of a destruction list: those who may decide on it that it waits, who drew it up what
they decided. Each telling is on record, with the list's own event, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from models.retention import DestructionList
from services import history, notifications
from services.actor import SYSTEM
from services.uow import UnitOfWork

#: What is said of a list that has been decided, by its status.
_DECIDED: Final = {"approved": "destruction_agreed", "refused": "destruction_refused"}


def deciders(session: Session, found: DestructionList, roles: Sequence[str]) -> list[int]:
    """Ids of those who hold one of the ``roles`` and may still say something to the list: neither
    who drew it up nor who has voted."""
    out = {found.drawn_by, *(vote.person_id for vote in found.votes)}
    return [id_ for id_ in notifications.holders(session, roles) if id_ not in out]


def tell_deciders(
    uow: UnitOfWork, made: DestructionList, roles: Sequence[str], now: datetime
) -> None:
    """That it waits for them."""
    _tell(uow, made, deciders(uow.session, made, roles), "destruction_waiting", now)


def tell_author(uow: UnitOfWork, found: DestructionList, now: datetime) -> None:
    """That enough have agreed, or that somebody refused; nothing while it is undecided."""
    kind = _DECIDED.get(found.status)
    if kind is not None:
        _tell(uow, found, [found.drawn_by], kind, now)


def _tell(
    uow: UnitOfWork, found: DestructionList, people: list[int], kind: str, now: datetime
) -> None:
    if not people:
        return
    args = {"list": found.id, "n": len(found.items)}
    notifications.notify_people(uow, people, kind, args, now)
    history.append(
        uow,
        "notification.sent",
        actor=SYSTEM,
        occurred_at=now,
        now=now,
        payload={"kind": kind, "to": people, "args": args},
    )
