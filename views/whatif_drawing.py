"""The timeline of a scenario as figures: one lane a role, a bar a task.

Positions are percent of the width, for SVG that needs no style of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from workflows.whatif.play import DISCOVERED, Job
from workflows.whatif.walk import Scenario

#: The lengths between two marks of the scale, in minutes.
_STEPS: Final = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400, 43200, 129600)
_MARKS: Final = 6
_ROW: Final = 22
_HEAD: Final = 22
_LEAST: Final = 0.6


@dataclass(frozen=True, slots=True)
class Bar:
    """A task: from ``x``, ``width`` wide; ``due`` where its limit stands, None for none or one
    beyond the drawing; ``late``: done, or still open, after it."""

    job: Job
    x: float
    width: float
    y: int
    due: float | None
    late: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """The tasks of one role, ``y`` and ``height`` in pixels."""

    role: str
    y: int
    height: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the scale: ``minutes`` after discovery, ``x`` in percent."""

    minutes: int
    x: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole drawing, ``height`` in pixels, as wide as its place."""

    marks: tuple[Mark, ...]
    lanes: tuple[Lane, ...]
    height: int


def timeline(scenario: Scenario) -> Timeline:
    """The scenario's tasks over its own length, from discovery."""
    total = max(1, scenario.minutes)

    def x(moment: datetime) -> float:
        return round(100 * minutes(moment) / total, 2)

    lanes: list[Lane] = []
    y = 0
    for role in dict.fromkeys(job.role for job in scenario.rows):
        own = [job for job in scenario.rows if job.role == role]
        bars: list[Bar] = []
        for job, row in zip(own, _rows(own, total), strict=True):
            end = job.done or _end(total)
            start = min(x(job.opened), 100 - _LEAST)
            due = x(job.due) if job.due is not None else None
            bars.append(
                Bar(
                    job, start, max(_LEAST, round(x(end) - start, 2)), y + _HEAD + row * _ROW,
                    due if due is not None and due <= 100 else None, is_late(job),
                )
            )  # fmt: skip
        height = _HEAD + _ROW * (1 + max((bar.y - y - _HEAD) // _ROW for bar in bars)) + 6
        lanes.append(Lane(role, y, height, tuple(bars)))
        y += height
    return Timeline(_marks(total), tuple(lanes), y + 22)


def is_late(job: Job) -> bool:
    """Done after its limit, or never."""
    return (
        job.due is not None
        and job.outcome != "cancelled"
        and (job.done is None or job.done > job.due)
    )


def minutes(moment: datetime) -> int:
    """Whole minutes from the discovery."""
    return int((moment - DISCOVERED).total_seconds() // 60)


def _end(total: int) -> datetime:
    return DISCOVERED + timedelta(minutes=total)


def _rows(jobs: Sequence[Job], total: int) -> list[int]:
    """In which row of its lane each stands: one that begins while another is open goes below."""
    free: list[datetime] = []
    found: list[int] = []
    for job in jobs:
        row = next((n for n, until in enumerate(free) if until <= job.opened), len(free))
        until = job.done or _end(total)
        if row == len(free):
            free.append(until)
        else:
            free[row] = until
        found.append(row)
    return found


def _marks(total: int) -> tuple[Mark, ...]:
    step = next((one for one in _STEPS if total / one <= _MARKS), _STEPS[-1])
    return tuple(Mark(m, round(100 * m / total, 2)) for m in range(step, int(total * 0.94), step))
