"""Versions of a plan, for the library's pages. Reads only."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services.errors import Refusal


def version_by_id(session: Session, version_id: int) -> PlanVersion:
    """Raises Refusal ``plan_unknown`` 404."""
    found = session.get(PlanVersion, version_id)
    if found is None:
        raise Refusal("plan_unknown", 404)
    return found


def version_by_number(session: Session, plan_key: str, number: int) -> PlanVersion:
    """Raises Refusal ``plan_unknown`` 404."""
    found = session.scalar(
        select(PlanVersion).where(PlanVersion.plan_key == plan_key, PlanVersion.number == number)
    )
    if found is None:
        raise Refusal("plan_unknown", 404, plan=plan_key)
    return found


def versions_of(session: Session, plan_key: str) -> list[PlanVersion]:
    """All of a plan's versions, the newest first."""
    return list(
        session.scalars(
            select(PlanVersion)
            .where(PlanVersion.plan_key == plan_key)
            .order_by(PlanVersion.number.desc())
        )
    )
