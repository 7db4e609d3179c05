"""Words to people inside Planroom: reminders, urging, escalation, notices of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Membership, Person
from models.tasks import Notification, UserTask
from services.rows import table
from services.uow import UnitOfWork

_HOLDERS = (
    select(Person.id)
    .join(Membership)
    .where(
        Membership.role_key.in_(bindparam("b_roles", expanding=True)),
        Membership.until.is_(None),
        Person.active.is_(True),
    )
)
_INSERT = insert(table(Notification))


def holders(session: Session, role_keys: Iterable[str]) -> list[int]:
    """Ids of the active people who hold one of the roles now, or are named as ``user:NAME``."""
    keys = list(role_keys)
    if not keys:
        return []
    names = [key.removeprefix("user:") for key in keys if key.startswith("user:")]
    found = set(session.scalars(_HOLDERS, {"b_roles": keys}))
    if names:
        found.update(
            session.scalars(
                select(Person.id).where(Person.username.in_(names), Person.active.is_(True))
            )
        )
    return sorted(found)


def notify_people(
    uow: UnitOfWork,
    person_ids: Iterable[int],
    kind: str,
    args: Mapping[str, Any],
    now: datetime,
    *,
    case: Case | None = None,
    task_id: str | None = None,
) -> int:
    """One notification a person; returns how many. ``kind`` is what the views translate
    (``notification.<kind>``) with ``args`` (JSON values) to fill it; ``now`` is wall time."""
    rows = [
        {
            "person_id": person_id,
            "case_id": case.id if case is not None else None,
            "task_id": task_id,
            "kind": kind,
            "args": dict(args),
            "created_at": now,
        }
        for person_id in dict.fromkeys(person_ids)
    ]
    if rows:
        uow.session.execute(_INSERT, rows)
    return len(rows)


def notify_roles(
    uow: UnitOfWork,
    role_keys: Iterable[str],
    kind: str,
    args: Mapping[str, Any],
    now: datetime,
    *,
    case: Case | None = None,
    task_id: str | None = None,
) -> int:
    """As `notify_people`, to everyone who holds one of the roles now."""
    people = holders(uow.session, role_keys)
    return notify_people(uow, people, kind, args, now, case=case, task_id=task_id)


def notify_task(
    uow: UnitOfWork,
    task: UserTask,
    keys: Iterable[str],
    kind: str,
    args: Mapping[str, Any],
    now: datetime,
    *,
    case: Case,
) -> int:
    """To who has claimed the task, or else to everyone it waits for (``keys``)."""
    people = [task.assignee_id] if task.assignee_id else holders(uow.session, keys)
    return notify_people(uow, people, kind, args, now, case=case, task_id=task.id)


def unread(session: Session, person: Person, limit: int = 20) -> list[Notification]:
    """The newest unread words to a person."""
    return list(
        session.scalars(
            select(Notification)
            .where(Notification.person_id == person.id, Notification.read_at.is_(None))
            .order_by(Notification.id.desc())
            .limit(limit)
        )
    )


def unread_count(session: Session, person: Person, most: int = 100) -> int:
    """How many are unread, counting no further than ``most``."""
    some = (
        select(Notification.id)
        .where(Notification.person_id == person.id, Notification.read_at.is_(None))
        .limit(most)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def mark_read(uow: UnitOfWork, person_id: int, ids: Iterable[int], now: datetime) -> None:
    """The person has seen these; others' are left alone."""
    uow.session.execute(
        update(Notification)
        .where(
            Notification.person_id == person_id,
            Notification.id.in_(list(ids)),
            Notification.read_at.is_(None),
        )
        .values(read_at=now)
    )
