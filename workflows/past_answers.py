"""The answers of a replay: a stored result as the engine takes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from workflows.answers import untouched, untouched_field
from workflows.contract import Element, FormField

DESTROYED: Final = {"destroyed": True}


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
            return untouched(element, at), ()
        result = {key: "" if value == DESTROYED else value for key, value in stored.items()}
        if isinstance(result.get("last_at"), str):
            result["last_at"] = datetime.fromisoformat(result["last_at"]) + moved
        return result, ()
    values: dict[str, Any] = {}
    for one in element.form_fields:
        if stored is None or one.id not in fields:
            values[one.id] = untouched_field(one, at)
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
