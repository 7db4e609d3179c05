"""Deadlines kept and missed as a drawing: a row a deadline, its limit one line down the middle,
each case a mark before or after it. Positions are percent of the width, for SVG without styles.

Time is drawn wide near the limit and narrow far from it. Beyond `MARKS` cases a row shows bars.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.compliance import EDGES, MARKS, SPANS, Judged, Row

_HEAD: Final = 24
_ROW: Final = 78
_FOOT: Final = 24
#: The limit's place, and what is kept free at both ends.
_LIMIT: Final = 54.0
_EDGE: Final = 3.0
_UNIT: Final = 900  # seconds that are drawn about as wide as they are
#: Marks this near each other (percent) are put one above the other, in so many levels.
_NEAR: Final = 2.4
_LEVELS: Final = 4
#: Percent of the width a case's number takes.
_NAME: Final = 17.0
#: How far apart the marks of the scale must be: what their words take on a phone.
_APART: Final = 12.0
_SCALE: Final = (-259200, -86400, -14400, -3600, -900, 900, 3600, 14400, 86400, 259200)


@dataclass(frozen=True, slots=True)
class Mark:
    """One case; ``named`` where there is room to write its number beside it."""

    judged: Judged
    x: float
    y: float
    named: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """How many lie between two edges (seconds; None: beyond)."""

    count: int
    missed: bool
    x: float
    width: float
    y: float
    height: float
    count_y: float
    lowest: int | None
    highest: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    row: Row
    y: int
    base: int
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """``seconds`` before (negative) or after the limit."""

    seconds: int
    x: float


@dataclass(frozen=True, slots=True)
class Drawing:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    limit: float
    height: int


def drawing(rows: Iterable[Row]) -> Drawing | None:
    """The rows with something judged; None when there is none."""
    shown = [row for row in rows if row.all.decided]
    if not shown:
        return None
    every = [one for row in shown for one in _extent(row)]
    place = _Place(min(every), max(every))
    lanes = tuple(_lane(row, n * _ROW, place) for n, row in enumerate(shown))
    ticks: list[Tick] = []
    for seconds in sorted(_SCALE, key=abs):
        x = place.x(seconds)
        inside = place.low < seconds < place.high
        if inside and all(abs(x - other) >= _APART for other in (_LIMIT, *(t.x for t in ticks))):
            ticks.append(Tick(seconds, x))
    return Drawing(lanes, tuple(ticks), _LIMIT, len(lanes) * _ROW + _FOOT)


def _extent(row: Row) -> tuple[int, int]:
    """From how early to how late the drawing must reach for a row, at least an hour each way."""
    whole = row.all
    if whole.decided <= MARKS:
        times = [one.late for one in whole.judged if one.late is not None]
    else:
        used = [n for n, count in enumerate(whole.spans) if count]
        ends = [*EDGES, EDGES[-1] * 3]
        begins = [EDGES[0] * 3, *EDGES]
        times = [edge for n in used for edge in (begins[n], ends[n])]
    return min([-3600, *times]), max([3600, *times])


class _Place:
    """Seconds before or after the limit as percent of the width."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def x(self, seconds: float) -> float:
        if seconds <= 0:
            share = _bent(-seconds) / _bent(-self.low)
            return round(_LIMIT - (_LIMIT - _EDGE) * min(1.0, share), 2)
        share = _bent(seconds) / _bent(self.high)
        # Room is left at the end for the number of the latest.
        # A second late is late, and is seen to be.
        return round(_LIMIT + max(1.0, (100 - _EDGE - _NAME - _LIMIT) * min(1.0, share)), 2)


def _bent(seconds: float) -> float:
    return math.log1p(seconds / _UNIT)


def _lane(row: Row, y: int, place: _Place) -> Lane:
    base = y + _ROW - 14
    whole = row.all
    if whole.decided <= MARKS:
        return Lane(row, y, base, _marks(whole.judged, place, base), ())
    return Lane(row, y, base, (), _bars(whole.spans, place, base))


def _marks(judged: Sequence[Judged], place: _Place, base: int) -> tuple[Mark, ...]:
    def x(one: Judged) -> float:
        return place.x(one.late) if one.late is not None else 100 - _EDGE

    found: list[Mark] = []
    free = [-100.0] * _LEVELS  # how far each level is taken
    named_until = [-100.0] * _LEVELS
    for one in sorted(judged, key=x):
        at = x(one)
        level = next((n for n, taken in enumerate(free) if at - taken >= _NEAR), None)
        if level is None:
            level = min(range(_LEVELS), key=lambda n: free[n])
        free[level] = at
        named = one.verdict == "missed" and at + _NAME <= 100.5 and at >= named_until[level]
        if named:
            free[level] = named_until[level] = at + _NAME - _NEAR
        found.append(Mark(one, at, base - 7 - level * 11, named))
    return tuple(found)


def _bars(spans: Sequence[int], place: _Place, base: int) -> tuple[Bar, ...]:
    most = max(spans) or 1
    found: list[Bar] = []
    for count, (lowest, highest) in zip(spans, SPANS, strict=True):
        if not count:
            continue
        left = place.x(lowest if lowest is not None else place.low)
        right = place.x(highest if highest is not None else place.high)
        height = max(3.0, round(20 * count / most, 1))
        missed = lowest is not None and lowest >= 0
        # Side by side two numbers of narrow bars would run into each other.
        raised = 11 if right - left < 9 and len(found) % 2 else 0
        found.append(
            Bar(
                count, missed, left + 0.2, max(1.0, round(right - left - 0.4, 2)),
                base - height, height, base - height - 3 - raised,
                lowest, highest,
            )
        )  # fmt: skip
    return tuple(found)
