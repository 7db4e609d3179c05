"""Figures: what was measured, against what, and whether it holds."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of ``build/bench.json``. ``target`` is what is asked of ``figure``, as text, and
    ``holds`` whether it is met; both None for a figure that explains another."""

    name: str
    figure: float
    unit: str
    target: str | None = None
    holds: bool | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def ratio(
    name: str,
    value: float,
    sense: Literal["at least", "at most"],
    limit: float,
    unit: str = "times",
) -> Figure:
    """A figure with its target."""
    holds = value >= limit if sense == "at least" else value <= limit
    return Figure(name, round(value, 3), unit, f"{sense} {limit:g}", holds)


def plain(name: str, value: float, unit: str) -> Figure:
    """A figure that explains another."""
    return Figure(name, round(value, 3), unit)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def milliseconds(values: Sequence[float]) -> float:
    """The median of seconds, in ms."""
    return median(values) * 1000


@contextmanager
def clocked(into: list[float]) -> Iterator[None]:
    """Add the seconds the block takes to ``into``."""
    begun = perf_counter()
    yield
    into.append(perf_counter() - begun)
