"""How long each role took for its tasks so far: from the work done here, drills left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask

#: Fewer tasks than this say nothing.
LEAST: Final = 5
#: The newest tasks of all roles that are looked at.
MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class AnsweringTime:
    """Minutes from a task's opening to when its work was done: of ``tasks`` tasks, half within
    ``median``, nine of ten within ``p90``, whole minutes, at least 1."""

    median: int
    p90: int
    tasks: int


def answering_times(session: Session) -> Mapping[str, AnsweringTime]:
    """By role key, for roles that have done `LEAST` tasks or more."""
    done = func.coalesce(UserTask.occurred_at, UserTask.completed_at)
    rows = session.execute(
        select(UserTask.role_key, UserTask.created_at, done)
        .join(Case, Case.id == UserTask.case_id)
        .where(
            UserTask.status == "completed",
            UserTask.role_key != "",
            UserTask.completed_at.is_not(None),
            Case.is_drill.is_(False),
        )
        .order_by(UserTask.completed_at.desc())
        .limit(MOST)
    )
    minutes: dict[str, list[int]] = {}
    for role, opened, ended in rows:
        minutes.setdefault(role, []).append(_minutes(opened, ended))
    return {role: _of(spent) for role, spent in minutes.items() if len(spent) >= LEAST}


def _minutes(opened: datetime, ended: datetime) -> int:
    # Work entered later may be older than its task: it was at hand at once.
    return max(1, round((ended - opened).total_seconds() / 60))


def _of(spent: list[int]) -> AnsweringTime:
    tenths = quantiles(spent, n=10, method="inclusive")
    return AnsweringTime(max(1, round(tenths[4])), max(1, round(tenths[8])), len(spent))
