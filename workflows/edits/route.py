"""A way for a line from one shape to another around everything else, of level and upright parts.

The corners are looked for on the lines that run beside and through the middle of the shapes there
are (A* with a price for every bend, for crossing, and for running along another line).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from workflows.edits.drawing import Drawing
from workflows.edits.geometry import Box, Line, Point

#: How far a line keeps from shapes.
CLEAR: Final = 10
_BESIDE: Final = (14, 24)
_BEND: Final = 60
_ALONG: Final = 5  # times the length run along another line
_TAKEN: Final = 400  # for leaving or reaching a shape where another line does
_TOO_FAR: Final = 40_000  # corners looked at before it is given up

_FAR: Final = float("inf")

#: Ways to go: right, down, left, up; and what leaving (reaching) by that side costs.
_STEPS: Final = ((1, 0), (0, 1), (-1, 0), (0, -1))
_LEAVE: Final = (0, 25, 90, 25)
_REACH: Final = (0, 25, 90, 25)  # going right one reaches the left side


def route(drawing: Drawing, source: str, target: str, *without: str) -> list[Point] | None:
    """The points of a line from one shape to another; None where there is no way. ``without``
    are lines that will be gone."""
    field = _Field(drawing, source, target, without)
    return field.search()


class _Field:
    def __init__(self, drawing: Drawing, source: str, target: str, without: Iterable[str]) -> None:
        self.drawing = drawing
        self.source, self.target = drawing.shapes[source].box, drawing.shapes[target].box
        inside = set(drawing.around(source)) & set(drawing.around(target))
        self.blocks = [
            box.inflated(CLEAR) for id, box in drawing.solid() if id not in (source, target)
        ]
        self.blocks += [box.inflated(2) for _, box in drawing.labels()]
        self.blocks += [box.inflated(1) for box in (self.source, self.target)]
        for id, shape in drawing.shapes.items():
            if id in inside or id in (source, target) or not drawing.is_frame(id):
                continue
            if drawing.facts.kinds.get(id) == "subProcess":
                self.blocks.append(shape.box.inflated(CLEAR))
        self.bounds = self._bounds(inside)
        gone = set(without)
        self.lines = [line for id, line in drawing.segments() if id not in gone]
        self.docked = {
            point
            for id, edge in drawing.edges.items()
            if id not in gone
            for point in (edge.points[0], edge.points[-1])
        }
        self.xs, self.ys = self._corners(0), self._corners(1)
        self.shut = self._shut()
        #: prices from each corner to the next, of a row and of a column, as they are needed
        self.level: dict[int, list[float]] = {}
        self.upright: dict[int, list[float]] = {}

    def _bounds(self, inside: set[str]) -> Box:
        """Where the line may run: the sub-process, else the pool, else all that is drawn."""
        shapes = self.drawing.shapes
        kinds = self.drawing.facts.kinds
        frames = [shapes[id].box for id in inside if id in shapes]
        if frames:
            return min(frames, key=lambda box: box.width).inflated(-CLEAR)
        pools = [shape.box for id, shape in shapes.items() if kinds.get(id) == "participant"]
        holding = [box for box in pools if box.holds(self.source)]
        if holding:
            pool = holding[0]
            lanes = any(kinds.get(id) == "lane" for id in shapes)
            left = 60 if lanes else 30
            return Box(pool.x + left, pool.y + 8, pool.width - left - 8, pool.height - 16)
        boxes = [shape.box for shape in shapes.values()]
        x, y = min(box.x for box in boxes), min(box.y for box in boxes)
        right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
        return Box(x, y, right - x, bottom - y).inflated(80)

    def _corners(self, side: int) -> list[float]:
        found: set[float] = set()
        for id, box in self.drawing.solid():
            found.add(box.middle[side])
            for off in _BESIDE if id not in self.drawing.facts.hosts else _BESIDE[:1]:
                found |= {box.start(side) - off, box.end(side) + off}
        for _, box in self.drawing.labels():
            found |= {box.start(side) - 4, box.end(side) + 4, box.middle[side]}
        for box in (self.source, self.target):
            found |= {spot[side] for way in range(4) for spot in _docks(box, way)}
            found |= {box.middle[side], box.start(side) - _BESIDE[0], box.end(side) + _BESIDE[0]}
        low, high = self.bounds.start(side), self.bounds.end(side)
        found |= {low, high}
        return sorted(value for value in found if low <= value <= high)

    def _shut(self) -> list[bytearray]:
        """Corners that lie in a shape, by column."""
        shut = [bytearray(len(self.ys)) for _ in self.xs]
        for box in self.blocks:
            top, bottom = bisect_right(self.ys, box.y), bisect_left(self.ys, box.bottom)
            for column in range(bisect_right(self.xs, box.x), bisect_left(self.xs, box.right)):
                shut[column][top:bottom] = b"\x01" * max(0, bottom - top)
        return shut

    def _prices(self, side: int, at: float) -> list[float]:
        """What the way from each corner to the next costs on the line at ``at``: its length, and
        more for every bit along another line."""
        beside = [
            (min(a[1 - side], b[1 - side]), max(a[1 - side], b[1 - side]))
            for a, b in self.lines
            if a[side] == b[side] and abs(a[side] - at) < 7
        ]
        corners = self.xs if side == 1 else self.ys
        return [
            b - a + _ALONG * sum(max(0.0, min(b, high) - max(a, low)) for low, high in beside)
            for a, b in pairwise(corners)
        ]

    def _row(self, iy: int) -> list[float]:
        found = self.level.get(iy)
        if found is None:
            found = self.level[iy] = self._prices(1, self.ys[iy])
        return found

    def _column(self, ix: int) -> list[float]:
        found = self.upright.get(ix)
        if found is None:
            found = self.upright[ix] = self._prices(0, self.xs[ix])
        return found

    # -------------------------------------------------------------------- search

    def search(self) -> list[Point] | None:
        xs, ys, shut = self.xs, self.ys, self.shut
        width, height = len(xs), len(ys)
        aim = self.target.middle
        off_x, off_y = [abs(x - aim[0]) for x in xs], [abs(y - aim[1]) for y in ys]
        near = self.target.width / 2 + self.target.height / 2
        best: dict[int, float] = {}  # by corner and way
        queued: dict[int, float] = {}
        queue: list[tuple[float, float, int, int, int, tuple[Point, ...]]] = []
        for ix, iy, way, price, port in self._ports(self.source, leaving=True):
            cost = price + abs(xs[ix] - port[0]) + abs(ys[iy] - port[1])
            heapq.heappush(queue, (cost, cost, ix, iy, way, (port,)))
        ends: dict[int, dict[int, tuple[float, Point]]] = {}
        for ix, iy, way, price, port in self._ports(self.target, leaving=False):
            ends.setdefault(ix * height + iy, {})[way] = (price, port)
        looked = 0
        done: tuple[float, tuple[Point, ...]] | None = None
        while queue:
            guess, cost, ix, iy, way, path = heapq.heappop(queue)
            if done is not None and guess >= done[0]:
                break
            corner = ix * height + iy
            if best.get(corner * 4 + way, _FAR) <= cost:
                continue
            best[corner * 4 + way] = cost
            looked += 1
            if looked > _TOO_FAR:
                break
            here = (xs[ix], ys[iy])
            row, column = self._row(iy), self._column(ix)
            for end_way, end in ends.get(corner, {}).items():
                if (end_way - way) % 4 != 2:
                    whole = cost + end[0] + (_BEND if end_way != way else 0)
                    if done is None or whole < done[0]:
                        done = (whole, (*path, here, end[1]))
            for turn in (0, 1, 3):
                new = (way + turn) % 4
                jx, jy = ix + _STEPS[new][0], iy + _STEPS[new][1]
                if not (0 <= jx < width and 0 <= jy < height) or shut[jx][jy]:
                    continue
                total = cost + (row[min(ix, jx)] if new % 2 == 0 else column[min(iy, jy)])
                if turn:
                    total += _BEND
                then = (jx * height + jy) * 4 + new
                if best.get(then, _FAR) <= total or queued.get(then, _FAR) < total:
                    continue
                queued[then] = total
                guess = total + off_x[jx] + off_y[jy] - near
                on = (*path, here) if turn else path
                heapq.heappush(queue, (max(guess, total), total, jx, jy, new, on))
        return _tidy(done[1]) if done is not None else None

    def _ports(self, box: Box, *, leaving: bool) -> list[tuple[int, int, int, float, Point]]:
        """Corners beside the middle of each side: where a line leaves or reaches a shape, which
        way it then goes, and what that costs."""
        found: list[tuple[int, int, int, float, Point]] = []
        for way, (x, y) in [(n, spot) for n in range(4) for spot in _docks(box, n)]:
            side = way if leaving else (way + 2) % 4
            port = (
                box.right if _STEPS[side][0] > 0 else box.x if _STEPS[side][0] < 0 else x,
                box.bottom if _STEPS[side][1] > 0 else box.y if _STEPS[side][1] < 0 else y,
            )
            out = _STEPS[side]
            if x not in self.xs or y not in self.ys:
                continue
            ix, iy = bisect_left(self.xs, x), bisect_left(self.ys, y)
            while 0 <= ix < len(self.xs) and 0 <= iy < len(self.ys):
                spot = (self.xs[ix], self.ys[iy])
                beyond = (spot[0] - port[0]) * out[0] + (spot[1] - port[1]) * out[1]
                if beyond >= 12 or (beyond > 0 and not self.shut[ix][iy]):
                    break
                ix, iy = ix + out[0], iy + out[1]
            else:
                continue
            if self.shut[ix][iy] or not self._open(port, (self.xs[ix], self.ys[iy]), box):
                continue
            taken = sum(
                1 for point in self.docked
                if abs(point[0] - port[0]) < 3 and abs(point[1] - port[1]) < 3
            )  # fmt: skip
            price = float((_LEAVE if leaving else _REACH)[way] + taken * _TAKEN)
            found.append((ix, iy, way, price, port))
        return found

    def _open(self, port: Point, spot: Point, own: Box) -> bool:
        """Whether nothing lies between a port and its corner."""
        line: Line = (port, spot)
        return not any(
            box.crossed_by(line) for box in self.blocks if box.values != own.inflated(1).values
        )


def _docks(box: Box, way: int) -> list[Point]:
    """Where a line going that way may meet the shape's border: the middle of the side, of a task
    also beside it above and below."""
    x, y = box.middle
    if way % 2 == 0 or box.width < 80:
        return [(x, y)]
    off = min(box.width / 4, 40)
    return [(x, y), (x - off, y), (x + off, y)]


def _tidy(points: Sequence[Point]) -> list[Point]:
    """Without doubled points and points in the middle of a straight part."""
    found: list[Point] = []
    for point in points:
        if found and found[-1] == point:
            continue
        while len(found) > 1 and (
            found[-2][0] == found[-1][0] == point[0] or found[-2][1] == found[-1][1] == point[1]
        ):
            found.pop()
        found.append(point)
    return found
