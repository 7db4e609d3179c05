"""A draft as a table: a row a step that people do, changed in small forms; the diagram follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import draft_reading, plan_table_edits, plan_table_rows, plan_table_steps
from services.errors import Refusal
from services.plan_table import PlanTable, plan_table
from services.plan_table_draft import Told
from services.uow import UnitOfWork
from views import finding_words, plan_words
from views import studio_table_form as forms
from views import studio_table_words as words
from views.kit import Answer, actor, database, me, now, render, run, say, seen, wants_fragment
from views.refusals import field_errors
from views.studio_kit import draft_in_hand, draft_page
from views.studio_table_form import Form
from workflows.contract import DeploymentError
from workflows.edits.spans import UNITS

bp = Blueprint("studio_table", __name__, url_prefix="/studio")

#: What a row's form does.
DOINGS: Final = ("change", "add", "review", "remove")
TABLES: Final = ("recipients", "approvals", "archive")


@bp.get("/drafts/<int:draft_id>")
@login_required
def show(draft_id: int) -> Answer:
    """The table. ``tier`` and ``role`` leave out rows; ``path`` and ``do`` (or ``table`` and
    ``key``) open a form, which htmx gets alone."""
    given = request.args
    form = None
    if given.get("do") in DOINGS and (given.get("path") or given.get("table") in TABLES):
        table = given.get("table", "") if given.get("table") in TABLES else ""
        form = Form(given["do"], given.get("path", ""), table, given.get("key", ""))
    return _page(draft_id, form)


@bp.post("/drafts/<int:draft_id>/steps")
@login_required
def change(draft_id: int) -> Answer:
    """Change a row, add a step after it, remove or move it."""
    path, do = request.form.get("path", ""), request.form.get("do", "")
    values = forms.typed()
    try:
        work = _steps_work(draft_id, path, do, values)
        told = run(work)
    except forms.Wrong as wrong:
        return _page(draft_id, Form(_shown(do), path, values=values, errors=wrong.errors))
    except Refusal as refusal:
        errors = field_errors(refusal, words.cannot)
        if not errors:
            raise
        return _page(draft_id, Form(_shown(do), path, values=values, errors=errors))
    return _done(draft_id, told, path if do != "remove" else "")


@bp.post("/drafts/<int:draft_id>/rows")
@login_required
def change_row(draft_id: int) -> Answer:
    """Add, change or remove a row of recipients, approvals or the table of contents."""
    table, key = request.form.get("table", ""), request.form.get("key", "")
    if table not in TABLES:
        raise Refusal("step_unknown", 404)
    values = forms.typed()
    remove = request.form.get("do") == "remove"
    revision = forms.revision()

    def work(uow: UnitOfWork) -> list[Told]:
        if remove:
            return plan_table_rows.remove_row(
                uow, draft_id, table, key, actor(), now(), words=_recorded, revision=revision
            )
        return plan_table_rows.save_row(
            uow, draft_id, table, key, values, actor(), now(), words=_recorded, revision=revision
        )

    try:
        told = run(work)
    except Refusal as refusal:
        errors = field_errors(refusal, words.cannot)
        if not errors:
            raise
        form = Form("change", table=table, key=key, values=values, errors=errors)
        return _page(draft_id, form)
    return _done(draft_id, told, "", anchor=table)


# ----------------------------------------------------------------------------- the page


def _page(draft_id: int, form: Form | None) -> Answer:
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        page = draft_page(session, draft, "table")
        try:
            table = plan_table(draft_reading.bundle_of_draft(session, draft))
        except DeploymentError as broken:
            found = [(one, finding_words.sentence(one)) for one in broken.findings]
            return render("studio/table.html", **page, table=None, broken=found)
        if form is not None and not page["may_edit"]:
            form = None
        context = {**page, **_context(draft_id, table, form)}
        if wants_fragment() and form is not None and form.path and not form.errors:
            if table.row(form.path) is None:
                raise Refusal("step_unknown", 404)
            return render("studio/_table_form.html", **context)
        shown = render("studio/table.html", **context, broken=[])
    return (shown, 422) if form is not None and form.errors else shown


def _context(draft_id: int, table: PlanTable, form: Form | None) -> dict[str, Any]:
    tier, role = request.args.get("tier", ""), request.args.get("role", "")
    known = {row["key"] for row in table.manifest.get("tiers", [])}
    keep = {row.path for row in table.rows}
    if tier in known:
        keep &= table.of_tier(tier)
    if role in table.plan.role_named:
        keep &= table.of_role(role)
    row = table.row(form.path) if form is not None and form.path else None
    return {
        "manifest": table.manifest,
        "plan": table.plan,
        "rows": [one for one in table.rows if one.path in keep],
        "tiers": table.manifest.get("tiers", []),
        "tier": tier if tier in known else "",
        "role": role if role in table.plan.role_named else "",
        "roles": table.roles,
        "form": form,
        "row": row,
        "values": forms.values_of(table, row, form) if form is not None else {},
        "errors": (form.errors or {}) if form is not None else {},
        "words": words,
        "say": plan_words,
        "anchors": forms.anchors(table),
        "units": [(key, words.UNITS[key]) for key in UNITS],
        "KEEP": forms.KEEP,
        "row_id": row_id,
        "diagram_address": lambda one: url_for(
            "studio_diagram.show", draft_id=draft_id, file=one.file, element=one.element.id
        ),
        "table": table,
        "can_move": plan_table_steps.moves(table, row) if row is not None else (),
    }


def row_id(path: str) -> str:
    """The id of a row in the page."""
    return "r-" + path.replace("/", ".")


# ----------------------------------------------------------------------------- what is sent


def _steps_work(
    draft_id: int, path: str, do: str, given: Mapping[str, Any]
) -> Callable[[UnitOfWork], list[Told]]:
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        _require_mine(draft)
        table = _table_of(session, draft)
    row = table.row(path)
    if row is None:
        raise Refusal("step_unknown", 404)
    common: dict[str, Any] = {"words": _recorded, "revision": forms.revision()}
    who, at = actor(), now()
    if do == "change":
        wanted = forms.step_change(table, row, given)
        return lambda uow: plan_table_edits.change_step(
            uow, draft_id, path, wanted, who, at, **common
        )
    if do in ("add", "review"):
        step = forms.new_step(table, given, review=do == "review")
        return lambda uow: plan_table_steps.add_step(uow, draft_id, path, step, who, at, **common)
    if do == "remove":
        return lambda uow: plan_table_steps.remove_step(uow, draft_id, path, who, at, **common)
    if do in ("up", "down"):
        return lambda uow: plan_table_steps.move_step(
            uow, draft_id, path, do == "up", who, at, **common
        )
    raise Refusal("step_unknown", 404)


def _require_mine(draft: PlanDraft) -> None:
    """Before anything typed is judged. The services prove it again."""
    if draft.author_id == me().id and draft.status != "open":
        raise Refusal("draft_locked", 409, draft=draft.id)
    if not draft_reading.may_edit(draft, me()):
        raise Refusal("not_your_draft", 403)


def _table_of(session: Session, draft: PlanDraft) -> PlanTable:
    return plan_table(draft_reading.bundle_of_draft(session, draft))


def _shown(do: str) -> str:
    """The form in which a refused act is shown again."""
    return do if do in DOINGS else "change"


def _recorded(told: Sequence[Told], table: PlanTable) -> str:
    """What stays on record of a change."""
    return _(";").join(words.told_words(table, told))[:300]


def _done(draft_id: int, told: Sequence[Told], path: str, anchor: str = "") -> Answer:
    with database().read() as session:
        table = _table_of(session, draft_in_hand(session, draft_id))
    sentences = words.told_words(table, told)
    if sentences:
        say(_(";").join(sentences) + _("。"))
    else:
        say(_("没有改动。"), "info")
    row = table.row(path)
    anchor = anchor or (row_id(path) if row is not None else "")
    keep: dict[str, Any] = {k: v for k, v in request.args.items() if k in ("tier", "role")}
    return seen(url_for("studio_table.show", draft_id=draft_id, _anchor=anchor or None, **keep))
