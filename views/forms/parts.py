"""Reading the parts of a statement from a form."""

from __future__ import annotations

from typing import Any

from views.forms.base import Reader


def read_parts(read: Reader) -> dict[str, Any]:
    """The parts a form sent. What a kind has to say is the service's to know."""
    return {
        "title": read.text("title", limit=300),
        "known": read.text("known"),
        "unknown": read.text("unknown"),
        "doing": read.text("doing"),
        "next_word_at": read.moment("next_word_at"),
        "next_word_note": read.text("next_word_note", limit=2_000),
        "contact": read.text("contact", limit=2_000),
    }
