"""Final approval (签发) of a statement, perhaps given by telephone and entered by another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services.approval_needs import FINAL
from views.forms.base import TaskForm
from views.forms.statement_review import decision_context, parse
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The text to sign, with what changed since it was last decided on."""
    return decision_context(session, task, element, person, now, FINAL)


FORM = TaskForm("forms/statement_decide.html", context, parse, submit=lambda: _("提交签发意见"))
