"""A review of a statement (审核, 保密审查, 法制审核, 会签): a decision on the text shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services import statement_reading
from services.approvals import DECISIONS
from views.forms.base import FormInput, Reader, TaskForm
from views.forms.parts import read_parts
from views.statement_page import decision_frame
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The text to decide on, with what changed since it was last decided on."""
    kind = element.properties.get("approvalKind") or "review"
    return decision_context(session, task, element, person, now, kind)


def decision_context(
    session: Session, task: UserTask, element: Element, person: Person, now: datetime, kind: str
) -> dict[str, Any]:
    """As `context`, for an approval of ``kind``."""
    statement = statement_reading.statement_of(session, task)
    if statement is None:
        return {"statement": None}
    return decision_frame(session, statement, kind, person, element.candidate_groups, now)


def parse(form: FormInput) -> dict[str, Any]:
    """The decision, the digest of the text shown, and the edited parts where there are any."""
    read = Reader(form)
    decision = read.choice("decision", DECISIONS, required=True)
    data: dict[str, Any] = {
        "decision": decision,
        "digest": read.text("digest", limit=64),
        "comment": read.text("comment", limit=4_000),
    }
    if read.flag("oral"):
        data["oral_by"] = read.whole("oral_by", required=True)
    if decision == "approve_with_edits":
        data |= read_parts(read)
    read.finish()
    return data


FORM = TaskForm("forms/statement_decide.html", context, parse, submit=lambda: _("提交意见"))
