"""Drafting a statement: known, not yet known, being done, next word, contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services import statement_reading
from services.statement_text import KINDS
from views import statement_terms
from views.forms.base import FormInput, Reader, TaskForm
from views.forms.parts import read_parts
from views.statement_page import frame, released_statements, text_values
from workflows.contract import Element


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """The text so far and why it came back, or an empty one; the contact is taken over from the
    case's last statement."""
    statement = statement_reading.drafted_before(session, task)
    corrigible = released_statements(session, case)
    shared = {
        "words": statement_terms,
        "corrigible": [
            (s.id, statement_reading.latest(session, s).title or str(s.id)) for s in corrigible
        ],
    }
    if statement is not None:
        shown = frame(session, statement, now)
        no = [d for d in shown["decisions"] if d.decision in ("return", "reject")]
        return {
            **shared,
            **shown,
            "returned": no[-1] if no else None,
            "defaults": {**text_values(shown["current"]), "kind": statement.kind},
        }
    earlier = statement_reading.of_case(session, case.id)
    contact = statement_reading.latest(session, earlier[-1]).contact if earlier else ""
    kind = "progress" if corrigible else "first_facts"
    title = _("关于%(title)s的情况通报", title=case.title)[:300]
    return {
        **shared,
        "statement": None,
        "current": None,
        "returned": None,
        "defaults": {"kind": kind, "contact": contact, "title": title},
    }


def parse(form: FormInput) -> dict[str, Any]:
    """The kind (first round only), the parts, and the digest of the text that was edited."""
    read = Reader(form)
    data = {
        "kind": read.choice("kind", KINDS),
        "corrects_id": read.whole("corrects_id"),
        "investigation_done": read.flag("investigation_done"),
        "digest": read.text("digest", limit=64),
        "note": read.text("note", limit=1_000),
        **read_parts(read),
    }
    read.finish()
    return data


FORM = TaskForm("forms/statement_draft.html", context, parse, submit=lambda: _("送审"))
