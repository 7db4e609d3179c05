"""Who is told of a proposal: those who may agree that it waits, its proposer what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from models.plans import Plan
from models.studio import PlanProposal
from services.notifications import holders, notify_people
from services.uow import UnitOfWork


def tell_deciders(
    uow: UnitOfWork, proposal: PlanProposal, roles: Iterable[str], now: datetime
) -> None:
    """That it waits for one of them; never to whoever proposed it."""
    people = [id for id in holders(uow.session, roles) if id != proposal.submitted_by]
    _tell(uow, proposal, people, "proposal_waiting", now)


def tell_proposer(uow: UnitOfWork, proposal: PlanProposal, now: datetime) -> None:
    """That it was agreed to, or returned."""
    kind = "proposal_agreed" if proposal.status == "approved" else "proposal_returned"
    _tell(uow, proposal, [proposal.submitted_by], kind, now)


def _tell(
    uow: UnitOfWork, proposal: PlanProposal, people: Iterable[int], kind: str, now: datetime
) -> None:
    plan = uow.session.get(Plan, proposal.plan_key)
    title = (plan.title, plan.title_en) if plan is not None else (proposal.plan_key, "")
    args = {"proposal": proposal.id, "title": title[0], "title_en": title[1]}
    notify_people(uow, people, kind, args, now)
