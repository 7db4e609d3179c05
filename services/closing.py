"""Closing a case (办结): the plan's own criterion has to be confirmed by a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case, Incident
from models.tasks import UserTask
from models.words import ReportLine, Statement, StatementVersion
from services import anchors, history, manifest
from services.errors import Refusal
from services.report_reading import open_lines
from services.submission import Submission
from services.uow import UnitOfWork
from workflows.answers import REPORT_UP

#: The moment a case was closed, as clocks of review and archive may count from it.
ANCHOR = "closed_at"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What somebody about to close a case should see: the plan's criterion, and what is open.
    ``reports`` are open tasks of reporting up none of whose lines is among ``unconfirmed``."""

    criterion: manifest.ClosingRule
    drafts: list[Statement]
    unconfirmed: list[ReportLine]
    reports: list[UserTask]
    incidents: list[Incident]

    @property
    def open_work(self) -> bool:
        """Whether closing needs a reason: words or reports would be left half-way. An engine
        fault is shown and does not ask for one: the next step taken is its end."""
        return bool(self.drafts or self.unconfirmed or self.reports)


def readiness(session: Session, case: Case) -> Readiness:
    """The criterion, statements still in draft, reports nobody confirmed or made, engine
    faults."""
    drafts = select(Statement).where(Statement.case_id == case.id, Statement.status == "draft")
    faults = select(Incident).where(Incident.case_id == case.id, Incident.resolved_at.is_(None))
    lines = open_lines(session, case.id)
    reports = select(UserTask).where(
        UserTask.case_id == case.id,
        UserTask.status == "open",
        UserTask.form_key == REPORT_UP,
        UserTask.id.not_in({line.task_id for line in lines}),
    )
    return Readiness(
        manifest.closing(manifest.manifest_of(session, case)),
        list(session.scalars(drafts.order_by(Statement.id))),
        lines,
        list(session.scalars(reports.order_by(UserTask.created_at, UserTask.id))),
        list(session.scalars(faults.order_by(Incident.id))),
    )


def handle_closing(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:closing``. ``s.data``: ``criterion_met`` (True or False, never assumed),
    ``note``, and ``open_work_reason``: why the case may close although statements are still in
    draft or reports unconfirmed. Confirmed, the case is closed as of ``s.occurred_at`` and the
    anchor ``closed_at`` recorded; not met, the plan goes on, and the note says what is wanting.

    Raises `Refusal`: ``form_invalid`` (422), ``case_not_open`` (409), ``closing_open_work`` (409)
    with ``drafts`` and ``unconfirmed`` (lists of names) when such work is open and no reason was
    given."""
    met = s.data.get("criterion_met")
    note = str(s.data.get("note") or "").strip()
    reason = str(s.data.get("open_work_reason") or "").strip()
    if not isinstance(met, bool):
        raise Refusal("form_invalid", 422, errors={"criterion_met": "required"})
    if not met and not note:
        raise Refusal("form_invalid", 422, errors={"note": "required"})
    if s.case.status != "open":
        raise Refusal("case_not_open", 409, status_now=s.case.status)
    there = readiness(uow.session, s.case)
    rule = there.criterion
    payload: dict[str, Any] = {
        "met": met,
        "criterion": rule.criterion,
        "clause": rule.clause,
        "task": s.task.id,
    }
    personal = {"note": note}
    if met and there.open_work:
        if not reason:
            raise _open_work(uow.session, there)
        payload |= {
            "drafts": [statement.id for statement in there.drafts],
            "unconfirmed": [line.id for line in there.unconfirmed],
            "reports": [task.id for task in there.reports],
        }
        personal["open_work_reason"] = reason
    history.append(
        uow,
        "closing.confirmed",
        case=s.case,
        actor=s.actor,
        element_path=s.task.element_path,
        payload=payload,
        personal=personal,
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


def _open_work(session: Session, there: Readiness) -> Refusal:
    """Names what is open, each statement by its newest title."""
    titles = dict(
        session.execute(
            select(StatementVersion.statement_id, StatementVersion.title)
            .where(StatementVersion.statement_id.in_([draft.id for draft in there.drafts]))
            .order_by(StatementVersion.number)
        ).all()
    )
    open_: list[ReportLine | UserTask] = [*there.unconfirmed, *there.reports]
    names = dict.fromkeys((one.name, one.name_en or one.name) for one in open_)
    return Refusal(
        "closing_open_work",
        409,
        drafts=[titles.get(draft.id) or f"#{draft.id}" for draft in there.drafts],
        unconfirmed=[name for name, _ in names],
        unconfirmed_en=[name_en for _, name_en in names],
    )
