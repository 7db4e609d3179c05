"""Closing a case (办结): the plan's own criterion has to be confirmed by a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case, Incident
from models.words import ReportLine, Statement
from services import anchors, history, manifest
from services.errors import Refusal
from services.reports import open_lines
from services.submission import Submission
from services.uow import UnitOfWork

#: The moment a case was closed, as clocks of review and archive may count from it.
ANCHOR = "closed_at"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What somebody about to close a case should see: the plan's criterion, and what is open."""

    criterion: manifest.ClosingRule
    drafts: list[Statement]
    unconfirmed: list[ReportLine]
    incidents: list[Incident]


def readiness(session: Session, case: Case) -> Readiness:
    """The criterion, statements still in draft, reports nobody confirmed, engine faults."""
    drafts = select(Statement).where(Statement.case_id == case.id, Statement.status == "draft")
    faults = select(Incident).where(Incident.case_id == case.id, Incident.resolved_at.is_(None))
    return Readiness(
        manifest.closing(manifest.manifest_of(session, case)),
        list(session.scalars(drafts.order_by(Statement.id))),
        open_lines(session, case.id),
        list(session.scalars(faults.order_by(Incident.id))),
    )


def handle_closing(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:closing``. ``s.data``: ``criterion_met`` (True or False, never assumed) and
    ``note``. Confirmed, the case is closed as of ``s.occurred_at`` and the anchor ``closed_at``
    recorded; not met, the plan goes on, and the note says what is wanting.

    Raises `Refusal`: ``form_invalid`` (422), ``case_not_open`` (409)."""
    met = s.data.get("criterion_met")
    note = str(s.data.get("note") or "").strip()
    if not isinstance(met, bool):
        raise Refusal("form_invalid", 422, errors={"criterion_met": "required"})
    if not met and not note:
        raise Refusal("form_invalid", 422, errors={"note": "required"})
    if s.case.status != "open":
        raise Refusal("case_not_open", 409, status_now=s.case.status)
    rule = manifest.closing(manifest.manifest_of(uow.session, s.case))
    history.append(
        uow,
        "closing.confirmed",
        case=s.case,
        actor=s.actor,
        element_path=s.task.element_path,
        payload={
            "met": met,
            "criterion": rule.criterion,
            "clause": rule.clause,
            "task": s.task.id,
        },
        personal={"note": note},
        occurred_at=s.occurred_at,
        now=s.now,
    )
    if met:
        s.case.status = "closed"
        s.case.closed_at = s.occurred_at
        if s.element.properties.get("setsAnchor") != ANCHOR:
            wall = s.case.wall(s.now)
            anchors.record_anchor(
                uow, s.case, ANCHOR, s.occurred_at, s.actor, wall, task_id=s.task.id
            )
        history.append(
            uow,
            "case.closed",
            case=s.case,
            actor=s.actor,
            element_path=s.task.element_path,
            payload={"criterion_met": True},
            occurred_at=s.occurred_at,
            now=s.now,
        )
    return {"criterion_met": met, "note": note}
