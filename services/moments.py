"""Moments as text, one way everywhere."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(moment: datetime) -> str:
    """``2026-11-22T14:30:00Z``, with microseconds only when there are any. Raises ValueError for
    a moment without an offset."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The moment `utc_text` wrote. Raises ValueError for any other text, TypeError for no text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a moment without an offset: {text}")
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"no moment of ours: {text}") from error
    return moment
