"""Boxes and lines, upright and level."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Box:
    """From its upper left corner, in pixels. A ``side`` is 0 along x, 1 along y."""

    x: float
    y: float
    width: float
    height: float

    @property
    def values(self) -> tuple[float, float, float, float]:
        return self.x, self.y, self.width, self.height

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def start(self, side: int) -> float:
        return self.x if side == 0 else self.y

    def end(self, side: int) -> float:
        return self.right if side == 0 else self.bottom

    def shifted(self, side: int, by: float) -> Box:
        x, y = (self.x + by, self.y) if side == 0 else (self.x, self.y + by)
        return Box(x, y, self.width, self.height)

    def grown(self, side: int, by: float) -> Box:
        """Longer at its far end."""
        if side == 0:
            return Box(self.x, self.y, self.width + by, self.height)
        return Box(self.x, self.y, self.width, self.height + by)

    def inflated(self, by: float) -> Box:
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.right and other.x < self.right
            and self.y < other.bottom and other.y < self.bottom
        )  # fmt: skip

    def holds(self, other: Box) -> bool:
        return (
            self.x <= other.x and other.right <= self.right
            and self.y <= other.y and other.bottom <= self.bottom
        )  # fmt: skip

    def crossed_by(self, line: Line) -> bool:
        """Whether a line passes through the inside."""
        (x1, y1), (x2, y2) = line
        return (
            min(x1, x2) < self.right - 1 and self.x + 1 < max(x1, x2) + 0.5
            and min(y1, y2) < self.bottom - 1 and self.y + 1 < max(y1, y2) + 0.5
        )  # fmt: skip

    def diamond_overlaps(self, other: Box) -> bool:
        """Whether the diamond drawn inside this box overlaps another box."""
        middle_x, middle_y = self.middle
        near_x = min(max(middle_x, other.x), other.right)
        near_y = min(max(middle_y, other.y), other.bottom)
        return abs(near_x - middle_x) + abs(near_y - middle_y) < self.width / 2


def around(middle: Point, width: float, height: float) -> Box:
    return Box(middle[0] - width / 2, middle[1] - height / 2, width, height)


def along(line: Line) -> Box:
    """The box round a line, a pixel wider on every side."""
    (x1, y1), (x2, y2) = line
    return Box(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2)).inflated(1)
