"""New shapes in line with their flow: on one of its parts, where room is made if there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from workflows.edits.drawing import Axis, Drawing, Edge
from workflows.edits.geometry import Box, Line, Point, along, around
from workflows.edits.pieces import BESIDE, GAP, Piece, Row, join, stand


def ways(
    drawing: Drawing, row: Row, lanes: Sequence[str]
) -> Iterator[Callable[[], Drawing | None]]:
    """On the level parts of the flow before the upright ones, the longest first; in the middle,
    then nearer to an end. Each is tried on a copy, and None where it cannot be done."""
    points = drawing.edges[row.flow].points
    parts = sorted(
        range(len(points) - 1),
        key=lambda n: (points[n][1] != points[n + 1][1], -_length((points[n], points[n + 1]))),
    )
    for n in parts:
        for share in (0.5, 0.15, 0.85):
            for lane in _lanes_on(drawing, row.flow, (points[n], points[n + 1]), lanes):
                yield partial(_try, drawing, row, n, share, lane)


def _lanes_on(drawing: Drawing, flow: str, line: Line, wanted: Sequence[str]) -> list[str]:
    """The lanes a part of a flow runs through, of those wanted; [""] where there are none, and
    in a sub-process, which is in one lane as a whole."""
    if flow in drawing.facts.inside:
        return [""]
    found = []
    for id, shape in drawing.shapes.items():
        if drawing.facts.kinds.get(id) != "lane" or (wanted and id not in wanted):
            continue
        if any(id == lane for lane in drawing.facts.lanes.values()):
            box = shape.box
            level = line[0][1] == line[1][1]
            low, high = sorted((line[0][1], line[1][1]))
            if (level and box.y < low < box.bottom) or (
                not level and min(high, box.bottom) - max(low, box.y) > 20
            ):
                found.append(id)
    return found or ([] if wanted else [""])


def _try(drawing: Drawing, row: Row, n: int, share: float, lane: str) -> Drawing | None:
    """The pieces on the flow's part ``n``, at that share of its length."""
    made = drawing.copy()
    a, b = made.edges[row.flow].points[n : n + 2]
    side = 0 if a[1] == b[1] else 1
    sizes = [(piece.width, piece.height) for piece in row.pieces]
    length = sum(size[side] for size in sizes) + GAP * (len(sizes) - 1)
    thick = max(size[1 - side] for size in sizes)
    centre = _room_along(made, row.flow, n, side, share, length, lane)
    if centre is None:
        return None
    centre, box = _room_across(made, row.flow, side, centre, length, thick, lane)
    points = made.edges[row.flow].points
    if n + 1 >= len(points) or points[n][1 - side] != centre[1 - side]:
        return None
    forward = points[n][side] < points[n + 1][side]
    boxes = _boxes(row.pieces, side, forward, centre, box.start(side))
    stand(made, row, boxes, lane)
    ends = [_sides(boxes[piece.id], side, forward) for piece in row.pieces]
    made.edges[row.flow].points = [*points[: n + 1], ends[0][0]]
    for at, link in enumerate(row.links):
        rest = [ends[at + 1][0]] if at + 1 < len(ends) else points[n + 1 :]
        made.edges[link] = Edge([ends[at][1], *rest])
    join(made, row)
    return made


def _room_along(
    made: Drawing, flow: str, n: int, side: int, share: float, length: float, lane: str
) -> Point | None:
    """The middle of room for that length on the part, made where there is too little; None where
    the part is not what it was then."""
    a, b = made.edges[flow].points[n : n + 2]
    low, high = sorted((a[side], b[side]))
    if side == 1 and lane:  # only the part of the upright line that is in the lane
        box = made.shapes[lane].box
        low, high = max(low, box.y + 8), min(high, box.bottom - 8)
    room, at = length + 2 * GAP, low + (high - low) * share
    if high - low >= room:
        return _point(side, min(max(at, low + room / 2), high - room / 2), a)
    made.make_room(_axis(side), at, room - (high - low))
    points = made.edges[flow].points
    if len(points) <= n + 1:
        return None
    a, b = points[n : n + 2]
    if a[1 - side] != b[1 - side]:
        return None
    return _point(side, low + room / 2, a)


def _room_across(
    made: Drawing, flow: str, side: int, centre: Point, length: float, thick: float, lane: str
) -> tuple[Point, Box]:
    """The box for that length and thickness about the middle, and where the middle is when room
    has been made beside the flow."""
    lane = "" if flow in made.facts.inside else lane
    size = (length, thick) if side == 0 else (thick, length)
    box = around(centre, *size)
    for _ in range(3):
        before, after = _crowded(made, box, flow, 1 - side, lane)
        if before == after == 0:
            break
        cross = centre[1 - side]
        made.make_room(_axis(1 - side), cross + 1, after)
        made.make_room(_axis(1 - side), cross - 1, before)
        x, y = centre
        centre = (x, y + before) if side == 0 else (x + before, y)
        box = around(centre, *size)
    return centre, box


def _boxes(
    pieces: Sequence[Piece], side: int, forward: bool, centre: Point, start: float
) -> dict[str, Box]:
    """The pieces' boxes in a row from ``start`` on, in the direction of the flow."""
    boxes: dict[str, Box] = {}
    for piece in pieces if forward else reversed(pieces):
        length = (piece.width, piece.height)[side]
        middle = _point(side, start + length / 2, centre)
        boxes[piece.id] = around(middle, piece.width, piece.height)
        start += length + GAP
    return boxes


def _point(side: int, at: float, like: Point) -> Point:
    """``like``, but at ``at`` along the side."""
    return (at, like[1]) if side == 0 else (like[0], at)


def _axis(side: int) -> Axis:
    return "x" if side == 0 else "y"


def _sides(box: Box, side: int, forward: bool) -> tuple[Point, Point]:
    """Where a line along the axis reaches the box and where it leaves it."""
    x, y = box.middle
    near, far = ((box.x, y), (box.right, y)) if side == 0 else ((x, box.y), (x, box.bottom))
    return (near, far) if forward else (far, near)


def _crowded(drawing: Drawing, box: Box, flow: str, side: int, lane: str) -> tuple[float, float]:
    """How much room is missing across the flow: before it (above, left) and after it."""
    middle = box.middle[side]
    wide = box.inflated(BESIDE)
    before = after = 0.0
    own = drawing.facts.ends.get(flow, ("", ""))
    boxes = [one for id, one in drawing.solid() if id not in own]
    boxes += [one for _, one in drawing.labels()]
    for id, line in drawing.segments(flow):
        if own[0] in drawing.facts.ends.get(id, ()) and middle in (line[0][side], line[1][side]):
            continue
        boxes.append(along(line))
    for one in boxes:
        if not one.overlaps(wide):
            continue
        if one.end(side) <= middle:
            before = max(before, one.end(side) - wide.start(side))
        elif one.start(side) >= middle:
            after = max(after, wide.end(side) - one.start(side))
    if lane and lane in drawing.shapes and side == 1:
        frame = drawing.shapes[lane].box
        before = max(before, frame.y - (box.y - 8))
        after = max(after, box.bottom + 8 - frame.bottom)
    for id in drawing.around(flow):
        frame = drawing.shapes[id].box.inflated(-8)
        before = max(before, frame.start(side) - box.start(side))
        after = max(after, box.end(side) - frame.end(side))
        break
    return max(before, 0.0), max(after, 0.0)


def _length(line: Line) -> float:
    return abs(line[0][0] - line[1][0]) + abs(line[0][1] - line[1][1])
