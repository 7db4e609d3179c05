"""Lengths of time as authors type them, and as timers have them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["minutes", "hours", "days", "day_ends", "working_days"]
UNITS: Final[tuple[Unit, ...]] = ("minutes", "hours", "days", "day_ends", "working_days")
#: Of a length of time; the two others are ends of days.
PLAIN: Final[tuple[Unit, ...]] = ("minutes", "hours", "days")
_MINUTES: Final = {"minutes": 1, "hours": 60, "days": 1440}
_ISO: Final = re.compile(
    r"P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
#: The longest limit that can be typed.
LONGEST: Final = 9999


@dataclass(frozen=True, slots=True)
class Span:
    """``amount`` of ``unit``. ``day_ends``: the end of that day after the moment counted from, 0
    for the same day; ``working_days`` likewise, days off not counted."""

    amount: int
    unit: Unit

    @property
    def minutes(self) -> int | None:
        """Of a plain length; None for the end of a day."""
        return self.amount * _MINUTES[self.unit] if self.unit in PLAIN else None

    @property
    def iso(self) -> str:
        """Of a plain length."""
        return {"minutes": "PT{}M", "hours": "PT{}H", "days": "P{}D"}[self.unit].format(self.amount)

    @property
    def clock(self) -> str:
        """As ``[[clocks]]`` has it: a limit of days is that of the day."""
        return self.iso if self.unit in PLAIN else f"P{self.amount}D"


def read_iso(text: str) -> Span | None:
    """A duration in the largest unit that says it whole; None for seconds, months, years."""
    found = _ISO.fullmatch(text) if len(text) > 1 else None
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if seconds:
        return None
    days += weeks * 7
    if days and not hours and not minutes:
        return Span(days, "days")
    return of_minutes(days * 1440 + hours * 60 + minutes)


def of_minutes(minutes: int) -> Span:
    """In hours where that is whole; never in days, which an author writes as such."""
    if minutes and minutes % 60 == 0:
        return Span(minutes // 60, "hours")
    return Span(minutes, "minutes")


def iso_of(minutes: int) -> str:
    """Minutes as an ISO 8601 duration."""
    return of_minutes(minutes).iso
