"""The text of a statement: its parts, what each kind must say, its digest, and differences.

Pure: no database. The parts are those of a holding statement (what is known, what is not yet
known, what is being done, when the next word comes, whom to contact).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import rfc8785
from diff_match_patch import diff_match_patch

from services.errors import Refusal

KINDS = ("first_facts", "progress", "cause", "correction", "reply")
TEXT_PARTS = ("title", "known", "unknown", "doing", "next_word_note", "contact")
#: Longest text of a part, in characters. A title is what the column holds.
LIMITS = {"title": 300, "next_word_note": 2_000, "contact": 2_000}
LIMIT = 20_000

#: What each kind has to say. First facts and progress say all five things, always.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "first_facts": ("title", "known", "unknown", "doing", "next_word_at", "contact"),
    "progress": ("title", "known", "unknown", "doing", "next_word_at", "contact"),
    "cause": ("title", "known", "contact"),
    "correction": ("title", "known", "contact"),
    "reply": ("title", "known", "contact"),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """One text. ``next_word_at`` is a moment with an offset; the rest is plain text with
    ``\\n`` line ends and no blanks around it."""

    title: str = ""
    known: str = ""
    unknown: str = ""
    doing: str = ""
    next_word_at: datetime | None = None
    next_word_note: str = ""
    contact: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Parts:
        """The parts in ``data`` (absent means empty), tidied. Browsers send ``\\r\\n``; the same
        words must give the same digest whichever way they came.

        Raises `Refusal` ``form_invalid`` (422) where a text part is not text, ``next_word_at`` is
        not a moment with an offset, or a part is too long."""
        values: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for part in TEXT_PARTS:
            raw = data.get(part)
            if raw is None:
                raw = ""
            if not isinstance(raw, str):
                wrong[part] = "not_text"
                continue
            text = "\n".join(line.rstrip() for line in raw.splitlines()).strip()
            if any("\ud800" <= char <= "\udfff" or char == "\0" for char in text):
                wrong[part] = "not_text"
            elif len(text) > LIMITS.get(part, LIMIT):
                wrong[part] = "too_long"
            values[part] = text
        moment = data.get("next_word_at") or None
        if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
            wrong["next_word_at"] = "not_a_moment"
        if wrong:
            raise Refusal("form_invalid", 422, errors=wrong)
        return cls(next_word_at=moment, **values)

    def require(self, kind: str, at: datetime) -> None:
        """Raise `Refusal` ``form_invalid`` (422) where ``kind`` leaves something unsaid, or the
        next word is promised for a moment not after ``at``."""
        if kind not in REQUIRED:
            raise Refusal("form_invalid", 422, errors={"kind": "not_an_option"})
        wrong = {part: "required" for part in REQUIRED[kind] if not getattr(self, part)}
        if self.next_word_at is not None and self.next_word_at <= at:
            wrong["next_word_at"] = "in_past"
        if wrong:
            raise Refusal("form_invalid", 422, errors=wrong)

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON (RFC 8785) of all parts; the moment as UTC."""
        return hashlib.sha256(rfc8785.dumps(digest_body(self))).hexdigest()


PART_NAMES = tuple(field.name for field in fields(Parts))


def digest_body(parts: Parts) -> dict[str, Any]:
    """What a text's digest is made of: all parts by name, the moment as UTC."""
    body: dict[str, Any] = {part: getattr(parts, part) for part in TEXT_PARTS}
    moment = parts.next_word_at
    body["next_word_at"] = moment.astimezone(UTC).isoformat() if moment else None
    return body


def parts_of(holder: object) -> Parts:
    """The parts of a stored version (anything with the parts as attributes)."""
    return Parts(**{name: getattr(holder, name) for name in PART_NAMES})


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text that both versions have (``equal``) or only one of them."""

    op: Literal["equal", "insert", "delete"]
    text: str


@dataclass(frozen=True, slots=True)
class PartDifference:
    """What became of one part. ``segments`` read in order give the newer text without its
    ``delete`` runs, and the older one without its ``insert`` runs."""

    part: str
    changed: bool
    segments: tuple[Segment, ...]


_OPS: Mapping[int, Literal["equal", "insert", "delete"]] = {0: "equal", 1: "insert", -1: "delete"}


def _segments(older: str, newer: str) -> tuple[Segment, ...]:
    # Chinese has no blanks between words, so the comparison is by character; the semantic
    # clean-up then joins scattered single characters into runs a person can read.
    engine = diff_match_patch()
    runs = engine.diff_main(older, newer)
    engine.diff_cleanupSemantic(runs)
    return tuple(Segment(_OPS[op], text) for op, text in runs if text)


def difference(older: Parts, newer: Parts, zone: ZoneInfo) -> tuple[PartDifference, ...]:
    """The difference of two texts, part by part in reading order; moments in ``zone``."""

    def shown(parts: Parts, name: str) -> str:
        value = getattr(parts, name)
        if isinstance(value, datetime):
            return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        return value or ""

    return tuple(
        PartDifference(
            name,
            getattr(older, name) != getattr(newer, name),
            _segments(shown(older, name), shown(newer, name)),
        )
        for name in PART_NAMES
    )
