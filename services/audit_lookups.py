"""What pages of the audit room look up to name things: cases, versions, plans. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import Plan, PlanVersion
from models.tasks import UserTask
from services.tiers import Tier, tiers_of


@dataclass(frozen=True, slots=True)
class VersionTiers:
    """The tiers of a plan version, lowest first."""

    version_id: int
    plan: str
    tiers: Sequence[Tier]


def cases_by_id(session: Session, ids: Iterable[int]) -> dict[int, Case]:
    """The cases behind ids; unknown ones are left out."""
    return {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(list(ids))))}


def versions_by_id(session: Session, ids: Iterable[int]) -> dict[int, PlanVersion]:
    """The plan versions behind ids; unknown ones are left out."""
    found = session.scalars(select(PlanVersion).where(PlanVersion.id.in_(list(ids))))
    return {version.id: version for version in found}


def tasks_by_id(session: Session, ids: Iterable[str]) -> dict[str, UserTask]:
    """The tasks behind ids; unknown ones are left out."""
    found = session.scalars(select(UserTask).where(UserTask.id.in_(list(ids))))
    return {task.id: task for task in found}


def plans(session: Session) -> Sequence[Plan]:
    """Every plan, by key."""
    return session.scalars(select(Plan).order_by(Plan.key)).all()


def version_tiers(session: Session, plan: str = "") -> list[VersionTiers]:
    """The tiers of every plan version, or of a plan's, whether in force or not: cases keep theirs.
    In order of the plans' keys, then of the versions."""
    query = select(PlanVersion.id, PlanVersion.plan_key, PlanVersion.manifest["tiers"])
    if plan:
        query = query.where(PlanVersion.plan_key == plan)
    found = session.execute(query.order_by(PlanVersion.plan_key, PlanVersion.id))
    return [VersionTiers(id_, key, tiers_of({"tiers": rows or []})) for id_, key, rows in found]


def case_id_of(session: Session, text: str) -> int | None:
    """A case by its number, as people know it, or by its row's id, as links carry it."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return session.scalar(select(Case.id).where(Case.id == int(text)))
    return session.scalar(select(Case.id).where(Case.number == text))
