"""Boxes, points and labels in a file's BPMN diagram interchange: read, set, and written anew.

Only a value that differs is written.
"""

from __future__ import annotations

from typing import Final

from workflows.edits.geometry import Box, Point
from workflows.edits.tree import DC, DD, DI, Node, Source

_BOUNDS: Final = ("x", "y", "width", "height")


def read_box(shape: Node) -> Box | None:
    """The bounds of a ``BPMNShape`` (or a label); None for one without."""
    bounds = shape.first("Bounds", space=DC)
    if bounds is None:
        return None
    return Box(*(_number(bounds, name) for name in _BOUNDS))


def read_points(edge: Node) -> list[Point]:
    """The waypoints of a ``BPMNEdge``."""
    return [(_number(one, "x"), _number(one, "y")) for one in edge.of("waypoint", space=DD)]


def read_label(holder: Node) -> Box | None:
    """Where the name of a shape or an edge stands; None where the file leaves it to the editor."""
    label = holder.first("BPMNLabel", space=DI)
    return read_box(label) if label is not None else None


def set_box(source: Source, shape: Node, box: Box) -> None:
    """Note what differs in the bounds of a shape (or a label); nothing for one without."""
    bounds = shape.first("Bounds", space=DC)
    if bounds is None:
        return
    for name, value in zip(_BOUNDS, box.values, strict=True):
        if _number(bounds, name) != value:
            source.set(bounds, name, _text(value))


def set_points(source: Source, edge: Node, points: list[Point]) -> None:
    """Note what differs in an edge's waypoints; all are written anew where their number does."""
    there = list(edge.of("waypoint", space=DD))
    if len(there) == len(points):
        for node, point in zip(there, points, strict=True):
            for name, value in zip("xy", point, strict=True):
                if _number(node, name) != value:
                    source.set(node, name, _text(value))
        return
    between = source.data[there[0].end : there[1].start].decode("utf-8")
    body = between.join(_point_text(source, point) for point in points)
    source.replace(there[0].start, there[-1].end, body)


def set_label(source: Source, holder: Node, label: Box | None, was: Box | None) -> None:
    """Note where a name stands now, if that differs from ``was`` and the file says it at all."""
    node = holder.first("BPMNLabel", space=DI)
    if label is not None and label != was and node is not None:
        set_box(source, node, label)


def _point_text(source: Source, point: Point) -> str:
    tag = source.tag(DD, "waypoint")
    return f'<{tag} x="{_text(point[0])}" y="{_text(point[1])}" />'


def bounds_text(source: Source, box: Box) -> str:
    """A ``Bounds`` element, with the file's prefixes (as all texts here)."""
    tag = source.tag(DC, "Bounds")
    x, y, width, height = map(_text, box.values)
    return f'<{tag} x="{x}" y="{y}" width="{width}" height="{height}" />'


def points_text(source: Source, points: list[Point]) -> str:
    """A ``waypoint`` element for each point."""
    return "".join(_point_text(source, point) for point in points)


def label_text(source: Source, label: Box | None) -> str:
    """A ``BPMNLabel`` element; "" where the place of the name is left to the editor."""
    if label is None:
        return ""
    tag = source.tag(DI, "BPMNLabel")
    return f"<{tag}>{bounds_text(source, label)}</{tag}>"


def _number(node: Node, name: str) -> float:
    return float(node.get(name) or 0)


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
