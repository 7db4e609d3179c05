"""The archive's table of contents: what there is, where it lies, why something is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services.archive import WHERE_LIMIT, holdings
from views.forms.base import FormInput, Reader, TaskForm
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The plan's items; those Planroom holds itself are ticked to begin with."""
    found = holdings(session, case)
    ticked = {f"items.{h.rule.key}.present": "true" for h in found if h.found}
    return {"holdings": found, "defaults": ticked}


def parse(form: FormInput) -> dict[str, Any]:
    """``items``: key -> present, where, note."""
    read = Reader(form)
    keys = {
        name.split(".")[1] for name in form if name.startswith("items.") and name.count(".") == 2
    }
    items = {
        key: {
            "present": read.flag(f"items.{key}.present"),
            "where": read.text(f"items.{key}.where", limit=WHERE_LIMIT),
            "note": read.text(f"items.{key}.note", limit=2_000),
        }
        for key in sorted(keys)
    }
    read.finish()
    return {"items": items}


FORM = TaskForm("forms/archive.html", context, parse, submit=lambda: _("归档"))
