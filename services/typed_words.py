"""Which parts of a form's result are words a person typed, and what stands where they were
destroyed."""

from __future__ import annotations

from typing import Any, Final

from workflows.contract import Element

#: Parts of a special form's result that are words, perhaps about people.
WORDS: Final = frozenset({"reason", "comment", "note", "text"})

#: Stands in a finished task's result where words have been destroyed.
DESTROYED: Final[dict[str, Any]] = {"destroyed": True}


def free_fields(element: Element) -> frozenset[str]:
    """The fields of a task's result that hold typed words or personal data (`FormField.typed`); the
    rest are choices and figures."""
    if element.form_key:
        return WORDS
    return frozenset(f.id for f in element.form_fields if f.typed)


def is_destroyed(value: object) -> bool:
    """Whether a value of a result is the mark of a destroyed one."""
    return value == DESTROYED
