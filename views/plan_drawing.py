"""Small drawings of a plan as figures: how much of its text is done, how long its clocks are.

Positions are percent of the width, for SVG that needs no style of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.plan_settings import span_of

#: Marks of the axis, in minutes, with the ISO 8601 text to be put into words.
_MARKS: Final = ((1, "PT1M"), (5, "PT5M"), (30, "PT30M"), (60, "PT1H"), (120, "PT2H"),
                 (720, "PT12H"), (1440, "PT24H"), (2880, "PT48H"), (4320, "P3D"),
                 (14400, "P10D"), (43200, "P30D"))  # fmt: skip
_DAY: Final = 1440
#: Percent of the width kept free at the right for the longest bar's end.
_WIDTH: Final = 96.0
_APART: Final = 16.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: from ``x``, ``width`` wide (percent)."""

    key: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    iso: str
    x: float


@dataclass(frozen=True, slots=True)
class ClockBar:
    """``open``: the end is that of a calendar day, not a fixed length."""

    clock: Mapping[str, Any]
    width: float
    open: bool


@dataclass(frozen=True, slots=True)
class ClockChart:
    marks: tuple[Mark, ...]
    bars: tuple[ClockBar, ...]


def segments(counts: Mapping[str, int]) -> list[Segment]:
    """The counts as one bar, in their order; empty ones left out."""
    total = sum(counts.values())
    found: list[Segment] = []
    x = 0.0
    for key, count in counts.items():
        if count:
            width = 100 * count / total
            found.append(Segment(key, count, round(x, 2), round(width, 2)))
            x += width
    return found


def clock_chart(clocks: Sequence[Mapping[str, Any]]) -> ClockChart:
    """The clocks with a length on one logarithmic axis, the shortest first."""
    lengths = [(minutes, clock) for clock in clocks if (minutes := _minutes(clock))]
    if not lengths:
        return ClockChart((), ())
    lengths.sort(key=lambda pair: pair[0])
    first, last = lengths[0][0] / 3, lengths[-1][0]

    def x(minutes: float) -> float:
        return round(_WIDTH * math.log(minutes / first) / math.log(last / first), 2)

    wanted = {length for length, _ in lengths}
    marks: list[Mark] = []
    # Those that a clock ends at first, then the others where there is room.
    for minutes, iso in sorted(_MARKS, key=lambda mark: mark[0] not in wanted):
        at = x(minutes) if first < minutes <= last else -1.0
        if at > 0 and all(abs(at - mark.x) >= _APART for mark in marks):
            marks.append(Mark(iso, at))
    bars = tuple(
        ClockBar(clock, x(minutes), clock.get("kind") == "day") for minutes, clock in lengths
    )
    return ClockChart(tuple(sorted(marks, key=lambda mark: mark.x)), bars)


def _minutes(clock: Mapping[str, Any]) -> float:
    """How long a clock runs at most, 0 for one without a length."""
    if clock.get("kind") not in ("hard", "day"):
        return 0
    iso = str(clock.get("iso", ""))
    if iso == "P0D":
        return _DAY
    span = span_of(iso.rpartition("/")[2])
    return span.total_seconds() / 60 if span is not None else 0
