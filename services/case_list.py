"""What a list of cases shows beside their titles, and a case's cheap change stamp. Reads only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.plans import PlanVersion
from models.tasks import UserTask
from services.access import case_seen_by
from services.tiers import Tier, tier_named


@dataclass(frozen=True, slots=True)
class Summary:
    """``next`` is the open task that is due first, ``open`` how many there are."""

    version: PlanVersion
    tier: Tier | None
    next: UserTask | None
    open: int


def summaries(session: Session, cases: Sequence[Case]) -> dict[int, Summary]:
    """By case id, for the cases of one page."""
    if not cases:
        return {}
    ids = [case.id for case in cases]
    versions = {
        version.id: version
        for version in session.scalars(
            select(PlanVersion).where(PlanVersion.id.in_({case.plan_version_id for case in cases}))
        )
    }
    place = (
        func.row_number()
        .over(partition_by=UserTask.case_id, order_by=(UserTask.sort_due, UserTask.created_at))
        .label("place")
    )
    waiting = (
        select(UserTask.id, UserTask.case_id, place)
        .where(UserTask.case_id.in_(ids), UserTask.status == "open")
        .subquery()
    )
    first = {
        task.case_id: task
        for task in session.scalars(
            select(UserTask).join(waiting, waiting.c.id == UserTask.id).where(waiting.c.place == 1)
        )
    }
    counted = session.execute(
        select(UserTask.case_id, func.count())
        .where(UserTask.case_id.in_(ids), UserTask.status == "open")
        .group_by(UserTask.case_id)
    )
    counts = {row[0]: row[1] for row in counted}
    return {
        case.id: Summary(
            version=versions[case.plan_version_id],
            tier=tier_named(versions[case.plan_version_id].manifest, case.tier),
            next=first.get(case.id),
            open=counts.get(case.id, 0),
        )
        for case in cases
    }


def change_stamp(session: Session, case_id: int, person: Person) -> str:
    """Changes with every write to the case, and with who holds its open tasks. Raises Refusal
    ``case_unknown`` 404."""
    case = case_seen_by(session, person, case_id)
    held = session.execute(
        select(UserTask.id, UserTask.assignee_id, UserTask.sort_due)
        .where(UserTask.case_id == case.id, UserTask.status == "open")
        .order_by(UserTask.id)
    )
    seen = repr([tuple(row) for row in held])
    return f"{case.stamp}-{hashlib.sha256(seen.encode()).hexdigest()[:8]}"
