"""The answers of a replay: a stored result as the engine takes it, and what a form holds where
nobody has answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from workflows.contract import Element, FormField

REPORT_UP: Final = "planroom:report-up"
GRADE: Final = "planroom:grade"
CLOSING: Final = "planroom:closing"
DESTROYED: Final = {"destroyed": True}

#: What a special form returns where nobody has answered it.
_FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "planroom:statement-draft": {"statement_id": 0, "kind": "", "version": 1, "digest": "0" * 64},
    "planroom:statement-review": {"decision": "approve", "version": 1, "digest": "0" * 64},
    "planroom:statement-approve": {"decision": "approve", "version": 1, "digest": "0" * 64},
    "planroom:statement-release": {"released": True, "release_id": 0, "version": 1},
    "planroom:closing": {"criterion_met": True, "note": ""},
    "planroom:archive": {"items": 0, "missing": 0},
    "planroom:destroy": {"values": 0, "drafts": 0, "files": 0},
}


def anchors_set(element: Element, result: Mapping[str, Any]) -> list[str]:
    """The moments completing a task records, as `services.tasks` has it."""
    met = result.get("criterion_met") is not False
    own = {GRADE: "graded_at", CLOSING: "closed_at" if met else ""}.get(element.form_key, "")
    named = element.properties.get("setsAnchor", "") if met else ""
    return list(dict.fromkeys(name for name in (own, named) if name))


def values_of(
    element: Element,
    stored: Mapping[str, Any] | None,
    fields: frozenset[str],
    at: datetime,
    moved: timedelta,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A stored result as the engine is given it, and the fields its form did not have then
    (``fields`` are those it had), which are taken untouched. ``moved`` is how much later than
    recorded the act is."""
    if element.form_key:
        if stored is None:
            given = dict(_FORMS.get(element.form_key, {}))
            if element.form_key == REPORT_UP:
                given = {"complete": True, "last_at": at, "met": True}
            return given, ()
        result = {key: "" if value == DESTROYED else value for key, value in stored.items()}
        if isinstance(result.get("last_at"), str):
            result["last_at"] = datetime.fromisoformat(result["last_at"]) + moved
        return result, ()
    values: dict[str, Any] = {}
    for one in element.form_fields:
        if stored is None or one.id not in fields:
            values[one.id] = _untouched(one, at)
        else:  # a field left empty is not stored
            values[one.id] = _typed(one, stored.get(one.id))
    new = (one.id for one in element.form_fields if one.id not in fields)
    return values, tuple(new) if stored is not None else ()


def _typed(one: FormField, value: Any) -> Any:
    if value == DESTROYED:
        return ""
    try:
        if one.type == "date" and isinstance(value, str):
            return date.fromisoformat(value)
        if one.type == "datetime" and isinstance(value, str):
            return datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def _untouched(one: FormField, at: datetime) -> Any:
    """What a field holds when a person fills in no more than they must."""
    if one.type == "boolean":
        return one.default == "true"
    if one.type == "enum":
        return one.default or (one.options[0][0] if one.required and one.options else None)
    if not one.required:
        return None
    least = one.constraints.get("min")
    match one.type:
        case "date":
            return at.date()
        case "datetime":
            return at
        case "long":
            return int(least or 1)
        case "double":
            return float(least or 1)
    return "—"
