"""Two people where the plan asks for two: who may not take a task after another."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.people import Role
from models.tasks import UserTask
from services.definitions import static_path
from workflows.contract import Element


def barred(session: Session, task: UserTask, element: Element, person_id: int) -> UserTask | None:
    """The task that keeps the person from this one: they were the last, in this instance, to
    complete one of the elements ``element.not_same_as`` names. None when nothing does."""
    if not element.not_same_as:
        return None
    for other in last_completed(
        session, [(task.instance_id, p) for p in other_paths(task, element)]
    ):
        if other.completed_by == person_id:
            return other
    return None


def other_paths(task: UserTask, element: Element) -> list[str]:
    """The paths ``notSameAs`` means for this very task: within a multi-instance round, that
    round's (``call[2]/draft`` for ``call[2]/approve``)."""
    return [_beside(task.element_path, path) for path in element.not_same_as]


def _beside(here: str, other: str) -> str:
    parts, own = other.split("/"), here.split("/")
    for i, part in enumerate(parts[: len(own)]):
        if static_path(own[i]) != part:
            break
        parts[i] = own[i]
    return "/".join(parts)


def last_completed(session: Session, wanted: Sequence[tuple[str, str]]) -> list[UserTask]:
    """For each (instance id, element path), the task completed there most recently."""
    if not wanted:
        return []
    rows = session.scalars(
        select(UserTask)
        .where(
            # Said twice: SQLite (3.40) reads the whole table for pairs alone, for this it has an
            # index.
            UserTask.instance_id.in_(sorted({instance for instance, _ in wanted})),
            UserTask.element_path.in_(sorted({path for _, path in wanted})),
            tuple_(UserTask.instance_id, UserTask.element_path).in_(sorted(set(wanted))),
            UserTask.status == "completed",
        )
        .order_by(UserTask.completed_at, UserTask.round)
    )
    latest = {(row.instance_id, row.element_path): row for row in rows}
    return list(latest.values())


def superior(session: Session, task: UserTask) -> str:
    """The role above the task's first role, "" when there is none."""
    return session.scalar(select(Role.superior).where(Role.key == task.role_key)) or ""
