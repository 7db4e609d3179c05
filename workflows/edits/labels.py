"""A place for the name of a gateway or a flow."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.edits.drawing import Drawing
from workflows.edits.faults import faults
from workflows.edits.geometry import Box


def label_beside(drawing: Drawing, id: str, width: float) -> None:
    """Give a gateway's name or a flow's a place where it lies on nothing; none where there is
    no such place (the editor then shows it at its own default)."""
    before = faults(drawing)
    for box in _spots(drawing, id, width):
        holder = drawing.shapes.get(id) or drawing.edges[id]
        holder.label = box
        if not faults(drawing) - before:
            return
        holder.label = None


def _spots(drawing: Drawing, id: str, width: float) -> Iterator[Box]:
    if id in drawing.shapes:
        box = drawing.shapes[id].box
        x = box.middle[0]
        yield Box(x - width / 2, box.y - 20, width, 16)
        yield Box(x - width / 2, box.bottom + 4, width, 16)
        for top in (box.y - 12, box.bottom - 6):
            yield Box(box.right - 6, top, width, 16)
            yield Box(box.x + 6 - width, top, width, 16)
        return
    (x1, y1), (x2, y2) = drawing.edges[id].points[:2]
    if y1 == y2:
        left = x1 + 4 if x2 > x1 else x1 - 4 - width
        for top in (y1 - 19, y1 + 3):
            yield Box(left, top, width, 16)
    else:
        top = y1 + 4 if y2 > y1 else y1 - 20
        for left in (x1 + 4, x1 - 4 - width):
            yield Box(left, top, width, 16)
