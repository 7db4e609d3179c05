"""A case beside its plan's median, as a chart: where the bars stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Any, Final

from flask_babel import gettext as _

from services.replay_median import Beside, Row
from views.i18n import format_span, loc

#: Units of the drawing: the whole width of the time axis.
WIDTH: Final = 1000
#: Seconds at which the axis has a line.
_TICKS: Final = (
    60, 300, 900, 3600, 3 * 3600, 12 * 3600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400,
    90 * 86_400, 365 * 86_400,
)  # fmt: skip
#: No bar is drawn narrower.
_LEAST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar: its place, what it is (``usual``, ``own``, ``late``, ``cancelled``, ``open``), and in
    words."""

    x: float
    width: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the chart; ``around`` names the call it stands in; ``usual`` and ``own`` say in
    words what the bars show."""

    name: str
    around: str
    path: str
    bars: Sequence[Drawn]
    usual: str
    own: str
    n: int


@dataclass(frozen=True, slots=True)
class Gantt:
    """``lines`` are the tasks the case came to, ``others`` those it did not. On the axis
    x = scale * log(1 + seconds / unit)."""

    lines: Sequence[Line]
    others: Sequence[Line]
    ticks: Sequence[tuple[float, str]]
    scale: float
    unit: int


def gantt(beside: Beside, elements: Mapping[str, Any]) -> Gantt:
    """Short and long times on one axis: it grows by the logarithm, so that the first hour can be
    read beside a month."""
    unit = 300
    longest = max([beside.length, *(_end(row, beside.length) for row in beside.rows), 3600.0])
    scale = WIDTH / log1p(longest * 1.03 / unit)

    def x(seconds: float) -> float:
        return round(scale * log1p(max(seconds, 0.0) / unit), 1)

    lines = [_line(row, elements, x, beside.length) for row in beside.rows]
    ticks: list[tuple[float, str]] = [(0.0, "0")]
    for one in _TICKS:
        if one <= longest and x(one) - ticks[-1][0] >= 70:
            ticks.append((x(one), _tick(one)))
    own = [line for line in lines if line.own]
    return Gantt(own, [line for line in lines if not line.own], ticks, scale, unit)


def _tick(seconds: int) -> str:
    if seconds < 3600:
        return _("%(n)s 分", n=seconds // 60)
    if seconds < 86_400:
        return _("%(n)s 小时", n=seconds // 3600)
    return _("%(n)s 天", n=seconds // 86_400)


def _end(row: Row, length: int) -> float:
    ends = [float(bar.end if bar.end is not None else length) for bar in row.bars]
    return max([*ends, row.usual.start + row.usual.length if row.usual is not None else 0.0])


def _line(row: Row, elements: Mapping[str, Any], x: Any, length: int) -> Line:
    drawn, own = [], []
    usual = ""
    if row.usual is not None:
        usual = _(
            "启动后 %(start)s 开始,历时 %(length)s(%(n)s 件)",
            start=format_span(row.usual.start),
            length=format_span(row.usual.length),
            n=row.usual.n,
        )
        drawn.append(_bar(x, row.usual.start, row.usual.start + row.usual.length, "usual", usual))
    for bar in row.bars:
        end = bar.end if bar.end is not None else length
        kind = "open" if bar.end is None else "cancelled" if bar.cancelled else "own"
        text = _(
            "启动后 %(start)s 开始,历时 %(length)s",
            start=format_span(bar.start),
            length=format_span(end - bar.start),
        )
        if bar.round > 1:
            text = _("第 %(n)s 轮:%(text)s", n=bar.round, text=text)
        notes = [_("超时")] if bar.late else []
        notes += [_("在办")] if bar.end is None else [_("已取消")] if bar.cancelled else []
        if notes:
            text += f"({_('、').join(notes)})"
        own.append(text)
        drawn.append(_bar(x, bar.start, end, "late" if bar.late else kind, text))
    element, around = elements.get(row.path), elements.get(row.path.rpartition("/")[0])
    return Line(
        name=(loc(element) if element is not None else "") or row.path,
        around=loc(around) if around is not None else "",
        path=row.path,
        bars=drawn,
        usual=usual,
        own=_(";").join(own),
        n=row.usual.n if row.usual is not None else 0,
    )


def _bar(x: Any, start: float, end: float, kind: str, text: str) -> Drawn:
    left = x(start)
    width = max(x(end) - left, _LEAST)
    return Drawn(round(min(left, WIDTH - _LEAST), 1), round(width, 1), kind, text)
