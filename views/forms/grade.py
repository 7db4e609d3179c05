"""Grading: what the plan's table proposed and why, and the person's own decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services.grading import latest_proposal
from services.manifest import manifest_of
from services.tiers import tiers_of
from views.forms.base import FormInput, Reader, TaskForm
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The plan's tiers, the proposal with its matched rules and the inputs it was made from."""
    manifest = manifest_of(session, case)
    proposal = latest_proposal(session, case.id, manifest)
    return {
        "tiers": list(reversed(tiers_of(manifest))),
        "proposal": proposal,
        "was": next((t for t in tiers_of(manifest) if t.key == case.tier), None),
        "defaults": {"tier": proposal.tier.key} if proposal is not None else {},
    }


def parse(form: FormInput) -> dict[str, Any]:
    """``tier`` and ``reason``; the service knows which tiers there are and when a reason is
    needed."""
    read = Reader(form)
    data = {"tier": read.text("tier", limit=60), "reason": read.text("reason", limit=4000)}
    read.finish()
    return data


FORM = TaskForm("forms/grade.html", context, parse)
