"""Canonical JSON (RFC 8785), and the hashes history is made of."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import rfc8785

from services.history_schema import PayloadError
from services.moments import utc_text

#: Whole numbers beyond this are not exact in JSON (RFC 8785 refuses them).
_EXACT = 2**53


def canonical(value: Any) -> str:
    """RFC 8785 canonical JSON. Raises `PayloadError` for what it cannot carry."""
    try:
        return rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeError, ValueError) as error:
        raise PayloadError(f"not canonical JSON: {error}") from error


def link_hash(previous: str, body: str) -> str:
    """The hash of an event that follows ``previous`` (hex, "" for the first)."""
    return hashlib.sha256((previous + body).encode()).hexdigest()


def commitment_of(salt: str, value: str) -> str:
    """The commitment to a canonical JSON ``value`` under a ``salt`` of 32 hex digits."""
    return hashlib.sha256(bytes.fromhex(salt) + value.encode()).hexdigest()


def plain(value: Any) -> Any:
    """The value as JSON has it: moments as UTC text, days and durations as ISO 8601, decimals as
    numbers. A fresh copy. Raises `PayloadError` for anything that canonical JSON cannot carry, so
    that it is refused where it was given and not when the unit is flushed."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise PayloadError("half a surrogate pair cannot stand in an event")
        return value
    if isinstance(value, int | float):
        if not abs(value) < _EXACT if isinstance(value, int) else not math.isfinite(value):
            raise PayloadError(f"the number {value} cannot stand in an event")
        return value
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "S"
    if isinstance(value, Decimal):
        return plain(int(value) if value == value.to_integral_value() else float(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise PayloadError(f"{type(value).__name__} cannot stand in an event")
