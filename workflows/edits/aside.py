"""New shapes aside of their flow: on a free spot of the lane or frame they belong to, the flow led
there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from workflows.edits.drawing import Drawing, Edge
from workflows.edits.geometry import Box, Point, along, around
from workflows.edits.pieces import BESIDE, GAP, Row, join, stand
from workflows.edits.route import route


def ways(
    drawing: Drawing, row: Row, lanes: Sequence[str]
) -> Iterator[Callable[[], Drawing | None]]:
    """Where there is a free spot; then with the frame made wider for it. Each is tried on a copy,
    and None where it cannot be done."""
    yield partial(_try, drawing, row, lanes, False)
    yield partial(_try, drawing, row, lanes, True)


def _try(drawing: Drawing, row: Row, lanes: Sequence[str], widen: bool) -> Drawing | None:
    made = drawing.copy()
    source, target = made.facts.ends[row.flow]
    width = sum(piece.width for piece in row.pieces) + GAP * (len(row.pieces) - 1)
    height = max(piece.height for piece in row.pieces)
    frame, lane = _frame(made, row.flow, lanes)
    if frame is None:
        return None
    if widen:
        made.make_room("y", frame.bottom - 1, height + 2 * BESIDE + 10)
        frame, lane = _frame(made, row.flow, lanes)
        assert frame is not None
    spot = free_spot(made, frame, width, height, made.shapes[source].box, made.shapes[target].box)
    if spot is None:
        return None
    boxes: dict[str, Box] = {}
    x = spot[0] - width / 2
    for piece in row.pieces:
        middle = (x + piece.width / 2, spot[1])
        boxes[piece.id] = around(middle, piece.width, piece.height)
        x += piece.width + GAP
    stand(made, row, boxes, lane)
    first = route(made, source, row.pieces[0].id, row.flow)
    if first is None:
        return None
    made.edges[row.flow].points = first
    for link, one, other in row.ways(target):
        points = route(made, one, other)
        if points is None:
            return None
        made.edges[link] = Edge(points)
    join(made, row)
    return made


def _frame(drawing: Drawing, flow: str, lanes: Sequence[str]) -> tuple[Box | None, str]:
    """The frame the new shapes have to stand in, and its lane."""
    for id in drawing.around(flow):
        return drawing.shapes[id].box, ""
    for id in lanes:
        if id in drawing.shapes:
            return drawing.shapes[id].box, id
    source = drawing.facts.ends[flow][0]
    lane = drawing.lane_of(source)
    if lane in drawing.shapes:
        return drawing.shapes[lane].box, lane
    pools = [
        s.box for id, s in drawing.shapes.items() if drawing.facts.kinds.get(id) == "participant"
    ]
    return (pools[0] if pools else None), ""


def free_spot(
    drawing: Drawing, frame: Box, width: float, height: float, source: Box, target: Box
) -> Point | None:
    """The middle of a free spot of that size in the frame, the nearest to the two shapes."""
    boxes = [box for _, box in drawing.solid()] + [box for _, box in drawing.labels()]
    boxes += [along(line) for _, line in drawing.segments()]
    frames = [
        shape.box for id, shape in drawing.shapes.items()
        if drawing.facts.kinds.get(id) == "subProcess" and not shape.box.holds(frame)
    ]  # fmt: skip
    near = [box for box in (*boxes, *frames) if box.overlaps(frame)]
    left = frame.x + (40 if frame.x < 260 else 16)
    spots: list[tuple[float, Point]] = []
    aim = ((source.right + target.x) / 2, (source.middle[1] + target.middle[1]) / 2)
    y = frame.y + height / 2 + 12
    while y <= frame.bottom - height / 2 - 12:
        x = left + width / 2
        while x <= frame.right - width / 2 - 16:
            far = abs(x - aim[0]) + abs(y - aim[1])
            spots.append((far, (x, y)))
            x += 20
        y += 10
    for _, spot in sorted(spots):
        wide = around(spot, width + 2 * 26, height + 2 * BESIDE)
        if not any(box.overlaps(wide) for box in near):
            return spot
    return None
