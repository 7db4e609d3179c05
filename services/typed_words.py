"""Which parts of a form's result are words a person typed, and what stands where they were
destroyed."""

from __future__ import annotations

from typing import Any, Final

from workflows.contract import Element, FormField

#: Parts of a special form's result that are words, perhaps about people.
WORDS: Final = frozenset({"reason", "comment", "note", "text"})

#: Stands in a finished task's result where words have been destroyed.
DESTROYED: Final[dict[str, Any]] = {"destroyed": True}


def free_fields(element: Element) -> frozenset[str]:
    """The fields of a task's result that hold typed words, or what the plan says is personal data
    (``personal="true"``), be it a figure; the rest are choices and figures."""
    if element.form_key:
        return WORDS
    return frozenset(
        f.id for f in element.form_fields if f.type in ("string", "text") or said_personal(f)
    )


def said_personal(field: FormField) -> bool:
    """Whether the plan says of a field that it holds personal data of members of the public."""
    return field.properties.get("personal", "").strip().lower() == "true"


def is_destroyed(value: object) -> bool:
    """Whether a value of a result is the mark of a destroyed one."""
    return value == DESTROYED
