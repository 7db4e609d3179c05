"""A draft as a table: a row a step that people do, changed in small forms; the diagram follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import drafts, plan_table_edits, plan_table_rows, plan_table_steps
from services.errors import Refusal
from services.plan_table import PlanTable, TableRow, plan_table
from services.plan_table_edits import LimitChange, StepChange, Told
from services.plan_table_steps import NewStep
from services.uow import UnitOfWork
from views import finding_words, plan_words
from views import studio_table_words as words
from views.kit import Answer, actor, database, me, now, render, run, say, seen, wants_fragment
from views.studio_kit import draft_in_hand, draft_page
from workflows.check_people import CASE_ANCHORS
from workflows.contract import DeploymentError
from workflows.edits.spans import LONGEST, UNITS, Span, of_minutes
from workflows.edits.timers import START

bp = Blueprint("studio_table", __name__, url_prefix="/studio")

#: What a row's form does.
DOINGS: Final = ("change", "add", "review", "remove")
TABLES: Final = ("recipients", "approvals", "archive")
#: The choice that leaves what a limit counts from as it is.
KEEP: Final = "="
_LENGTHS: Final = {"name": 200, "name_en": 200}


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is open on the page: of the row ``path``, or of a row ``key`` of ``table``
    (``key`` "": a new one)."""

    do: str
    path: str = ""
    table: str = ""
    key: str = ""
    values: Mapping[str, Any] | None = None
    errors: Mapping[str, str] | None = None


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
    values = _typed()
    try:
        work = _steps_work(draft_id, path, do, values)
        told = run(work)
    except _Wrong as wrong:
        return _page(draft_id, Form(_shown(do), path, values=values, errors=wrong.errors))
    except Refusal as refusal:
        errors = _errors(refusal)
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
    values = _typed()
    remove = request.form.get("do") == "remove"
    revision = _revision()

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
        errors = _errors(refusal)
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
            table = plan_table(drafts.bundle_of_draft(session, draft))
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
        "values": _values(table, row, form) if form is not None else {},
        "errors": (form.errors or {}) if form is not None else {},
        "words": words,
        "say": plan_words,
        "anchors": _anchors(table),
        "units": [(key, words.UNITS[key]) for key in UNITS],
        "KEEP": KEEP,
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


def _anchors(table: PlanTable) -> list[tuple[str, str]]:
    declared = [str(row["key"]) for row in table.manifest.get("anchors", [])]
    keys = dict.fromkeys([*declared, *sorted(CASE_ANCHORS)])
    return [("", _("轮到本步")), *((k, plan_words.anchor_words(table.manifest, k)) for k in keys)]


def _values(table: PlanTable, row: TableRow | None, form: Form) -> Mapping[str, Any]:
    """What the form holds: what was typed, else what the plan says."""
    if form.values is not None:
        return form.values
    if form.table:
        return _row_values(table, form)
    if row is None or form.do != "change":
        return {"unit": "hours", "anchor": "", "kind": "legal"}
    found: dict[str, Any] = {
        "name": row.element.name, "name_en": row.element.name_en,
        "role": row.roles[0] if row.roles else "",
        "tiers": list(row.tiers or ()), "unit": "hours", "anchor": "",
    }  # fmt: skip
    limit = row.deadline
    if limit is not None and limit.span is not None:
        known = {key for key, _words in _anchors(table)}
        head = "" if limit.head == START else limit.head
        found |= {
            "amount": limit.span.amount, "unit": limit.span.unit,
            "anchor": head if head in known and limit.handed is None else KEEP,
        }  # fmt: skip
        for name, minutes in (("remind", limit.remind), ("escalate", limit.escalate)):
            if minutes is not None:
                span = of_minutes(minutes)
                found |= {name: span.amount, f"{name}_unit": span.unit}
        told = [one.escalate_to for one in row.limits if one.kind == "escalate"]
        found["escalate_to"] = told[0] if told else ""
    return found


def _row_values(table: PlanTable, form: Form) -> Mapping[str, Any]:
    name = "kind" if form.table == "approvals" else "key"
    rows = table.manifest.get(form.table, [])
    row = next((one for one in rows if form.key and one.get(name) == form.key), None)
    if row is None:
        return {"tiers": [], "required": "true"}
    return {**row, "required": "true" if row.get("required", True) else ""}


# ----------------------------------------------------------------------------- what is sent


class _Wrong(Exception):
    """Fields that cannot be read, with the sentence beside each."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        super().__init__(str(errors))


def _typed() -> dict[str, Any]:
    """The form as it was sent, so that nothing typed is lost."""
    given: dict[str, Any] = {k: v.strip()[:1000] for k, v in request.form.items()}
    given["tiers"] = request.form.getlist("tiers")
    given["elements"] = request.form.getlist("elements")
    given.pop("csrf_token", None)
    return given


def _revision() -> int | None:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


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
    common: dict[str, Any] = {"words": _recorded, "revision": _revision()}
    who, at = actor(), now()
    if do == "change":
        wanted = _wanted(table, row, given)
        return lambda uow: plan_table_edits.change_step(
            uow, draft_id, path, wanted, who, at, **common
        )
    if do in ("add", "review"):
        step = _new_step(table, given, review=do == "review")
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
    if not drafts.may_edit(draft, me()):
        raise Refusal("not_your_draft", 403)


def _table_of(session: Session, draft: PlanDraft) -> PlanTable:
    return plan_table(drafts.bundle_of_draft(session, draft))


def _wanted(table: PlanTable, row: TableRow, given: Mapping[str, Any]) -> StepChange:
    errors: dict[str, str] = {}
    name = _text(given, "name", errors, required=True)
    english = _text(given, "name_en", errors)
    role = given.get("role") or None
    limit = _limit(given, errors) if "amount" in given else None
    if errors:
        raise _Wrong(errors)
    asked = "asked_tiers" in given
    return StepChange(
        name=name, name_en=english, role=role if row.kind == "task" else None,
        tiers=frozenset(given["tiers"]) if asked else None, limit=limit,
    )  # fmt: skip


def _new_step(table: PlanTable, given: Mapping[str, Any], *, review: bool) -> NewStep:
    errors: dict[str, str] = {}
    name = _text(given, "name", errors, required=True)
    english = _text(given, "name_en", errors)
    role = str(given.get("role", ""))
    if role not in table.plan.role_named:
        errors["role"] = words.cannot("required") if not role else words.cannot("unknown_role")
    limit = _limit(given, errors)
    form = str(given.get("form", ""))
    kind = str(given.get("kind", ""))
    if not review and form not in words.NEW_FORMS:
        errors["form"] = words.cannot("required")
    if review and kind not in words.APPROVAL_KINDS:
        errors["kind"] = words.cannot("required")
    if errors:
        raise _Wrong(errors)
    return NewStep(
        name=name, name_en=english, role=role, form="planroom:statement-review" if review else form,
        kind=kind if review else "", returns=review, limit=limit,
    )  # fmt: skip


def _text(
    given: Mapping[str, Any], name: str, errors: dict[str, str], *, required: bool = False
) -> str:
    text = str(given.get(name, "")).strip()
    if required and not text:
        errors[name] = words.cannot("required")
    elif len(text) > _LENGTHS[name]:
        errors[name] = words.cannot("too_long")
    return text


def _limit(given: Mapping[str, Any], errors: dict[str, str]) -> LimitChange:
    """The deadline as typed; a span of None where the number was left empty."""
    text = str(given.get("amount", ""))
    unit = next((key for key in UNITS if key == given.get("unit")), UNITS[1])
    anchor = given.get("anchor")
    lowest = 0 if unit == "day_ends" else 1
    amount = _whole(text)
    span = Span(amount, unit) if amount is not None and lowest <= amount <= LONGEST else None
    if text and span is None:
        errors["amount"] = words.cannot("bad_amount")
    beside = {name: _minutes(given, name, errors) for name in ("remind", "escalate")}
    target = str(given.get("escalate_to", ""))
    if span is None and not text and any(one is not None for one in beside.values()):
        errors["amount"] = words.cannot("no_limit")
    if beside["escalate"] is not None and not target:
        errors["escalate_to"] = words.cannot("no_escalate")
    before = beside["remind"]
    if span is not None and span.minutes is not None and before is not None:
        kept = str(given.get("remind_was", "")) == str(before)
        if before >= span.minutes and not kept:
            errors["remind"] = words.cannot("too_long_before")
    return LimitChange(
        span, None if anchor in (None, KEEP) else str(anchor), before, beside["escalate"], target
    )


def _minutes(given: Mapping[str, Any], name: str, errors: dict[str, str]) -> int | None:
    text = str(given.get(name, ""))
    if not text:
        return None
    number = _whole(text)
    if number is None or not 1 <= number <= LONGEST:
        errors[name] = words.cannot("bad_amount")
        return None
    return number * {"minutes": 1, "hours": 60, "days": 1440}.get(given.get(f"{name}_unit", ""), 1)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _errors(refusal: Refusal) -> dict[str, str]:
    errors = refusal.args_.get("errors")
    if refusal.code != "form_invalid" or not isinstance(errors, Mapping):
        return {}
    return {str(name): words.cannot(str(code)) for name, code in errors.items()}


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
