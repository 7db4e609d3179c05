"""Reading proposals to put a plan in force: which wait, a plan's own, who may decide one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Person
from models.studio import PlanProposal
from services import access
from services.errors import Refusal

#: Who may agree to a proposal (not their own).
DECIDERS: Final = (access.AUTHOR, access.ADMIN, "leader")


def get_proposal(session: Session, proposal_id: int) -> PlanProposal:
    """Raises Refusal ``proposal_unknown`` 404."""
    found = session.get(PlanProposal, proposal_id)
    if found is None:
        raise Refusal("proposal_unknown", 404)
    return found


def proposals_waiting(session: Session) -> list[PlanProposal]:
    """Those nobody has decided, the oldest first."""
    return list(
        session.scalars(
            select(PlanProposal)
            .where(PlanProposal.status == "waiting")
            .order_by(PlanProposal.submitted_at, PlanProposal.id)
        )
    )


def proposals_of(session: Session, plan_key: str, limit: int = 20) -> list[PlanProposal]:
    """A plan's proposals, the newest first."""
    return list(
        session.scalars(
            select(PlanProposal)
            .where(PlanProposal.plan_key == plan_key)
            .order_by(PlanProposal.id.desc())
            .limit(limit)
        )
    )


def rollbacks_of(session: Session, plan_key: str) -> list[PlanProposal]:
    """The times the plan went back to an earlier version, the newest first."""
    return [
        one
        for one in proposals_of(session, plan_key, limit=200)
        if one.kind == "rollback" and one.status == "approved"
    ]


def may_decide(proposal: PlanProposal, person: Person) -> bool:
    """Whether the person is one who may agree to this proposal now."""
    return (
        proposal.status == "waiting"
        and person.active
        and person.id != proposal.submitted_by
        and not set(person.role_keys).isdisjoint(DECIDERS)
    )
