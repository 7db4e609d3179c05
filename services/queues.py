"""The queues tasks wait in and the counts beside them, kept in the transaction of the act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, insert
from sqlalchemy.orm import Session

from models.tasks import FAR, QueueCount, TaskQueue
from services.rows import dialect_of, table, upsert

#: `models.tasks.FAR` as a moment: the ``sort_due`` of a task without a due date.
NEVER = datetime.fromisoformat(FAR).replace(tzinfo=UTC)

_QUEUE = table(TaskQueue)
_ENQUEUE = insert(_QUEUE)
_DEQUEUE = delete(_QUEUE).where(_QUEUE.c.task_id == bindparam("b_task"))


@cache
def _add_up(dialect: str) -> Any:
    statement = upsert(dialect, QueueCount)
    return statement.on_conflict_do_update(
        index_elements=["owner"], set_={"n": table(QueueCount).c.n + statement.excluded.n}
    )


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
    if rows:
        session.execute(_add_up(dialect_of(session)), rows)


def enqueue(session: Session, waiting: Sequence[tuple[str, Sequence[str], datetime]]) -> None:
    """Queue rows for (task id, candidate keys, ``sort_due``)."""
    rows = [
        {"task_id": task_id, "role_key": key, "sort_due": sort_due}
        for task_id, keys, sort_due in waiting
        for key in dict.fromkeys(keys)
    ]
    if rows:
        session.execute(_ENQUEUE, rows)


def dequeue(session: Session, task_ids: Sequence[str]) -> None:
    """These tasks wait for nobody any more: claimed or ended."""
    if task_ids:
        session.execute(_DEQUEUE, [{"b_task": task_id} for task_id in task_ids])
