"""Reporting up: one row for each recipient. Rows are entered one at a time (`views.reports`);
the task is completed once the last recipient has confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services import report_reading
from services.directory import people_by_id
from views import statement_terms
from views.forms.base import FormInput, TaskForm
from workflows.contract import Element


def rows_context(session: Session, task: UserTask, case: Case, now: datetime) -> dict[str, Any]:
    """The report's rows as the template shows them."""
    report = report_reading.overview(session, task, case)
    people = people_by_id(session, [r.line.entered_by for r in report.rows if r.line])
    return {
        "report": report,
        "report_task": task,
        "enterers": people,
        "words": statement_terms,
        "case_now": now,
    }


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The rows, for the task page."""
    return {**rows_context(session, task, case, now), "back": "task"}


def parse(form: FormInput) -> dict[str, Any]:
    """Nothing: every row has been entered already."""
    return {}


FORM = TaskForm("forms/report_up.html", context, parse, submit=lambda: _("全部报送完毕,办结"))
