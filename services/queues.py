"""The queues tasks wait in and the counts beside them, kept in the transaction of the act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CursorResult, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.base import Base
from models.tasks import FAR, QueueCount, TaskQueue

#: `models.tasks.FAR` as a moment: the ``sort_due`` of a task without a due date.
NEVER = datetime.fromisoformat(FAR).replace(tzinfo=UTC)


def upsert(session: Session, model: type[Base]) -> Any:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model)
    return sqlite.insert(model)


def affected(result: Any) -> int:
    """How many rows an UPDATE or DELETE changed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def queue_owner(keys: Iterable[str]) -> str:
    """The `QueueCount.owner` of tasks waiting for exactly these candidate keys."""
    return "role:" + "|".join(sorted(set(keys)))


def person_owner(person_id: int) -> str:
    """The `QueueCount.owner` of a person's inbox."""
    return f"person:{person_id}"


def tally(session: Session, changes: Counter[str]) -> None:
    """Add to the counts, each relative to what it is now. In order of owner, so that two
    transactions never wait for each other crosswise."""
    rows = [{"owner": owner, "n": n} for owner, n in sorted(changes.items()) if n]
    if not rows:
        return
    statement = upsert(session, QueueCount).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[QueueCount.owner],
            set_={"n": QueueCount.n + statement.excluded.n},
        )
    )


def enqueue(session: Session, waiting: Sequence[tuple[str, Sequence[str], datetime]]) -> None:
    """Queue rows for (task id, candidate keys, ``sort_due``)."""
    rows = [
        {"task_id": task_id, "role_key": key, "sort_due": sort_due}
        for task_id, keys, sort_due in waiting
        for key in dict.fromkeys(keys)
    ]
    if rows:
        session.execute(insert(TaskQueue), rows)


def dequeue(session: Session, task_ids: Sequence[str]) -> None:
    """These tasks wait for nobody any more: claimed or ended."""
    if task_ids:
        session.execute(
            delete(TaskQueue)
            .where(TaskQueue.task_id.in_(task_ids))
            .execution_options(synchronize_session=False)
        )
