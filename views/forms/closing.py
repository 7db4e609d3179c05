"""Closing a case: is the plan's criterion met?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services.closing import readiness
from views.forms.base import FormInput, Reader, TaskForm
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The criterion in the plan's words, and what is still open in the case."""
    return {"readiness": readiness(session, case)}


def parse(form: FormInput) -> dict[str, Any]:
    """``criterion_met`` (yes or no, never assumed), ``note`` and ``open_work_reason``."""
    read = Reader(form)
    said = read.choice("criterion_met", {"true", "false"}, required=True)
    data: dict[str, Any] = {"criterion_met": said == "true", "note": read.text("note", limit=4_000)}
    data["open_work_reason"] = read.text("open_work_reason", limit=2_000)
    if said == "false" and not data["note"]:
        read.wrong("note", _("标准未达到时,请写明还差什么。"))
    read.finish()
    return data


FORM = TaskForm("forms/closing.html", context, parse)
