"""What a task is answered with where nobody answers it, and the moments an answer records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from workflows.contract import Element, FormField

GRADE: Final = "planroom:grade"
REPORT_UP: Final = "planroom:report-up"
CLOSING: Final = "planroom:closing"

#: What the special forms return when all goes well (docs/developers.md).
FORMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "planroom:statement-draft": {
        "statement_id": 1, "kind": "first_facts", "version": 1, "digest": "0" * 64,
    },
    "planroom:statement-review": {
        "decision": "approve", "version": 1, "digest": "0" * 64, "comment": "",
    },
    "planroom:statement-approve": {
        "decision": "approve", "version": 1, "digest": "0" * 64, "comment": "",
    },
    "planroom:statement-release": {"released": True, "release_id": 1, "version": 1},
    CLOSING: {"criterion_met": True, "note": ""},
    "planroom:archive": {"items": 7, "missing": 0},
    "planroom:destroy": {"values": 0, "drafts": 0, "files": 0},
}  # fmt: skip


def untouched(element: Element, at: datetime) -> dict[str, Any]:
    """What a task's form gives when a person fills in no more than they must."""
    if element.form_key == REPORT_UP:
        return {"complete": True, "last_at": at, "met": True}
    if element.form_key:
        return dict(FORMS.get(element.form_key, {}))
    return {field.id: untouched_field(field, at) for field in element.form_fields}


def untouched_field(field: FormField, at: datetime) -> Any:
    """What one field holds when it is filled in only if it must be; a day is a week later."""
    if field.type == "boolean":
        return field.default == "true"
    if field.type == "enum":
        return field.default or (field.options[0][0] if field.required and field.options else None)
    if not field.required:
        return None
    least = field.constraints.get("min")
    return {
        "date": date.fromordinal(at.date().toordinal() + 7),
        "datetime": at,
        "long": int(float(least or 1)),
        "double": float(least or 1),
    }.get(field.type, "…")


def anchors_set(element: Element, result: Mapping[str, Any]) -> list[str]:
    """The anchors that completing a task records, as the services have it; a closing whose
    criterion is not met records none."""
    met = result.get("criterion_met") is not False
    own = {GRADE: "graded_at", CLOSING: "closed_at" if met else ""}.get(element.form_key, "")
    named = element.properties.get("setsAnchor", "") if met else ""
    return list(dict.fromkeys(name for name in (own, named) if name))
