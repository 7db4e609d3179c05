"""Beginning a statement on a page rather than in a task: a correction of one that is out, or
another one of a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, request
from flask_babel import gettext as _
from flask_login import login_required

from services import access, statement_reading, statements
from services.errors import Refusal
from services.statement_text import KINDS, Parts
from views import statement_terms
from views.forms import Mistakes, Reader
from views.forms.parts import read_parts
from views.kit import Answer, actor, database, me, now, render, row_number, run, say, see_other
from views.refusals import field_errors, sentence
from views.statement_page import released_statements, text_values

bp = Blueprint("statement_new", __name__, url_prefix="/statements")


@bp.get("/new")
@login_required
def show() -> Answer:
    """A correction (``?corrects=ID``) or another statement of a case (``?case=ID``)."""
    return _page()


@bp.post("/new")
@login_required
def create() -> Answer:
    """Begin it; its approvals are then given on its page."""
    try:
        read = Reader(request.form)
        case_id = read.whole("case", required=True)
        kind = read.choice("kind", KINDS, required=True)
        corrects_id = read.whole("corrects_id")
        done = read.flag("investigation_done")
        data = read_parts(read)
        read.finish()
        parts = Parts.read(data)
        made = run(
            lambda uow: statements.create_statement(
                uow,
                case_id or 0,
                kind,
                parts,
                actor(),
                now(),
                corrects_id=corrects_id,
                investigation_done=done,
            )
        )
    except Mistakes as mistakes:
        return _page(422, mistakes.errors)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        errors = field_errors(refusal)
        return _page(refusal.status, errors, "" if errors else sentence(refusal))
    say(_("文稿已建立,请审签人在本页同意。"))
    return see_other("statements.show", statement_id=made.id)


def _page(status: int = 200, errors: Mapping[str, str] | None = None, refused: str = "") -> Answer:
    source = request.form if request.method == "POST" else request.args
    corrects = source.get("corrects_id", type=row_number) or request.args.get(
        "corrects", type=row_number
    )
    with database().read() as session:
        old = statement_reading.find(session, corrects)
        case_id = old.case_id if old is not None else source.get("case", type=row_number)
        case = access.case_seen_by(session, me(), case_id)
        if statement_reading.role_for_wording(session, me(), case) is None:
            raise Refusal("not_your_role", 403)
        defaults: dict[str, Any] = {"kind": "progress"}
        if old is not None:
            before = statement_reading.latest(session, old)
            defaults = {**text_values(before), "kind": "correction", "corrects_id": old.id}
            defaults["title"] = _("关于“%(title)s”的更正", title=before.title)[:300]
            defaults["next_word_at"] = None
        text = render(
            "statements/new.html",
            case=case,
            demo_case=case,
            words=statement_terms,
            corrigible=[
                (s.id, statement_reading.latest(session, s).title)
                for s in released_statements(session, case)
            ],
            values=request.form if request.method == "POST" else defaults,
            errors=errors or {},
            refused=refused,
        )
    return make_response(text, status)
