"""FEEL values as Python holds them, and their wire form to and from the V8 isolate.

JSON carries null, booleans, numbers, strings, lists and contexts as themselves. Everything
else is tagged ``{"$": tag, "v": text}``; a context with a ``$`` key of its own is wrapped.
``frontend/feel/values.js`` is the other side.

FEEL numbers are decimals in the standard and IEEE doubles in feelin: whole numbers come back
as int, all others as float, and an int or Decimal beyond 2**53 is rounded to the nearest double.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from workflows.contract import Context, FeelValue, Variables

MICROSECOND: Final = timedelta(microseconds=1)
MAX_DEPTH: Final = 100


Wire = Any  # JSON-serialisable


@dataclass(frozen=True, slots=True, order=True)
class YearsMonthsDuration:
    """FEEL's years and months duration (``P1Y2M``), which no timedelta can hold. ``months`` is
    the whole length in months, negative for a duration backwards."""

    months: int


class EncodingError(ValueError):
    """A Python value that is no FEEL value (a naive datetime, NaN, bytes, ...)."""


def encode(value: FeelValue, zone: ZoneInfo, depth: int = 0) -> Wire:
    """``value`` in wire form. Moments are shown on the clock of ``zone``, so that ``.hour`` and
    ``date(x)`` mean what staff mean. Raises EncodingError."""
    if depth > MAX_DEPTH:
        raise EncodingError(f"nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool() | str():
            return value
        case int() | float() | Decimal():
            return _number(value)
        case datetime():
            return {"$": "dt", "v": moment(value, zone)}
        case date():
            return {"$": "d", "v": value.isoformat()}
        case time():
            return {"$": "t", "v": _time(value)}
        case timedelta():
            return {"$": "dur", "v": _duration(value)}
        case YearsMonthsDuration():
            sign = "-" if value.months < 0 else ""
            return {"$": "dur", "v": f"{sign}P{abs(value.months)}M"}
        case Mapping():
            return _context(value, zone, depth)
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [encode(item, zone, depth + 1) for item in value]
    raise EncodingError(f"{type(value).__name__} is not a FEEL value")


def encode_variables(variables: Variables, zone: ZoneInfo) -> Wire:
    """Variables in wire form, each under its name. Raises EncodingError naming the variable."""
    wire = {}
    for name, value in variables.items():
        try:
            wire[name] = encode(value, zone)
        except EncodingError as err:
            raise EncodingError(f"{name}: {err}") from None
    return wire


def environment(context: Context, *, clock: bool, calendar: bool) -> Wire:
    """What `now()`, `today()` and the calendar functions need; the moment only if ``clock`` and
    the days off only if ``calendar``, so that a request speaks of nothing its answer does not
    depend on."""
    days = context.calendar
    zone = ZoneInfo(days.zone)
    return {
        "now": moment(context.now, zone) if clock else None,
        "zone": days.zone,
        "holidays": sorted(d.isoformat() for d in days.holidays) if calendar else [],
        "workdays": sorted(d.isoformat() for d in days.workdays) if calendar else [],
    }


def moment(value: datetime, zone: ZoneInfo) -> str:
    """FEEL date and time text on ``zone``'s clock, ``2026-11-22T23:02:00@Asia/Shanghai``; in the
    hour a zone's clock shows twice, with the offset. Raises EncodingError for a naive datetime."""
    if value.utcoffset() is None:
        raise EncodingError("a date and time without offset")
    local = value.astimezone(zone)
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        return local.isoformat()
    return f"{local.replace(tzinfo=None).isoformat()}@{zone.key}"


def decode(wire: Wire) -> FeelValue:
    """The Python value of a wire form. Moments come back in UTC, days and time durations as
    timedelta. Raises EncodingError for what Python cannot hold (year 10000)."""
    match wire:
        case float() if wire.is_integer():
            return int(wire)
        case list():
            return [decode(item) for item in wire]
        case {"$": "ctx", "v": dict() as inner}:
            return {key: decode(item) for key, item in inner.items()}
        case {"$": str() as tag, "v": text}:
            try:
                return _decode_tagged(tag, text)
            except (ValueError, OverflowError) as err:
                raise EncodingError(f"{text} is out of range") from err
        case dict():
            return {key: decode(item) for key, item in wire.items()}
    return wire


def type_name(value: FeelValue) -> str:
    """The FEEL type of a Python value, as DMN spells it ("date and time", "number", ...)."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "string"
        case datetime():
            return "date and time"
        case date():
            return "date"
        case time():
            return "time"
        case timedelta():
            return "days and time duration"
        case YearsMonthsDuration():
            return "years and months duration"
        case Mapping():
            return "context"
    return "list"


def _number(value: int | float | Decimal) -> int | float:
    if isinstance(value, int):
        return value
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise EncodingError(f"{value} is not a finite number")
    return number


def _time(value: time) -> str:
    if isinstance(value.tzinfo, ZoneInfo):
        return f"{value.replace(tzinfo=None).isoformat()}@{value.tzinfo.key}"
    return value.isoformat()


def _duration(value: timedelta) -> str:
    micros = value // MICROSECOND
    seconds, rest = divmod(abs(micros), 1_000_000)
    return f"{'-' if micros < 0 else ''}PT{seconds}.{rest:06d}S"


def _context(value: Mapping[Any, Any], zone: ZoneInfo, depth: int) -> Wire:
    inner = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise EncodingError(f"a context key must be text, not {type(key).__name__}")
        inner[key] = encode(item, zone, depth + 1)
    return {"$": "ctx", "v": inner} if "$" in inner else inner


def _decode_tagged(tag: str, text: Any) -> FeelValue:
    match tag:
        case "dt":
            return datetime.fromisoformat(text).astimezone(UTC)
        case "d":
            return date.fromisoformat(text)
        case "t":
            clock, _, zone = text.partition("@")
            parsed = time.fromisoformat(clock)
            return parsed.replace(tzinfo=ZoneInfo(zone)) if zone else parsed
        case "dur":
            return timedelta(microseconds=round(text))
        case "ym":
            return YearsMonthsDuration(int(text))
    raise EncodingError(f"unknown tag {tag}")
