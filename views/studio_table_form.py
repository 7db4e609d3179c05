"""The forms of a draft's table: what they hold, and what was typed in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import request
from flask_babel import gettext as _

from services.plan_table import PlanTable, TableRow
from services.plan_table_edits import StepChange
from services.plan_table_limits import LimitChange
from services.plan_table_steps import NewStep
from views import plan_words
from views import studio_table_words as words
from workflows.check_people import CASE_ANCHORS
from workflows.edits.spans import LONGEST, UNITS, Span, of_minutes
from workflows.edits.timers import START

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


# ---------------------------------------------------------------------------- what it holds


def anchors(table: PlanTable) -> list[tuple[str, str]]:
    """What a limit may count from, as (key, words); "" is the step's opening."""
    declared = [str(row["key"]) for row in table.manifest.get("anchors", [])]
    keys = dict.fromkeys([*declared, *sorted(CASE_ANCHORS)])
    return [("", _("轮到本步")), *((k, plan_words.anchor_words(table.manifest, k)) for k in keys)]


def values_of(table: PlanTable, row: TableRow | None, form: Form) -> Mapping[str, Any]:
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
        known = {key for key, _words in anchors(table)}
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


# --------------------------------------------------------------------------- what was typed


class Wrong(Exception):
    """Fields that cannot be read, with the sentence beside each."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        super().__init__(str(errors))


def typed() -> dict[str, Any]:
    """The form as it was sent, so that nothing typed is lost."""
    given: dict[str, Any] = {k: v.strip()[:1000] for k, v in request.form.items()}
    given["tiers"] = request.form.getlist("tiers")
    given["elements"] = request.form.getlist("elements")
    given.pop("csrf_token", None)
    return given


def revision() -> int | None:
    """The draft's revision the page was made of; None where the form does not say."""
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def step_change(table: PlanTable, row: TableRow, given: Mapping[str, Any]) -> StepChange:
    """What a row's form asks for. Raises Wrong."""
    errors: dict[str, str] = {}
    name = _text(given, "name", errors, required=True)
    english = _text(given, "name_en", errors)
    role = given.get("role") or None
    limit = _limit(given, errors) if "amount" in given else None
    if errors:
        raise Wrong(errors)
    asked = "asked_tiers" in given
    return StepChange(
        name=name, name_en=english, role=role if row.kind == "task" else None,
        tiers=frozenset(given["tiers"]) if asked else None, limit=limit,
    )  # fmt: skip


def new_step(table: PlanTable, given: Mapping[str, Any], *, review: bool) -> NewStep:
    """The step a form describes; ``review``: one that sends a text back. Raises Wrong."""
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
        raise Wrong(errors)
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
