"""A place in the drawing for something new on a flow: in line with it where there is room, else
where room is made, else aside in the lane it belongs to.

Every way is tried on a copy and judged by the rules all drawings obey; the first without a new
fault is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from workflows.edits.drawing import Drawing, Edge, Shape
from workflows.edits.faults import faults
from workflows.edits.geometry import Box, Line, Point, around
from workflows.edits.refusal import CannotEdit
from workflows.edits.route import route

#: Between a new shape and what stands before and after it on the flow.
GAP: Final = 40
#: Between a new shape and everything beside the flow.
BESIDE: Final = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the shapes to be put in a row on a flow."""

    id: str
    kind: str
    width: float
    height: float


Finish = Callable[[Drawing], bool]
Attempt = Callable[[], Drawing | None]


def on_flow(
    drawing: Drawing,
    flow: str,
    pieces: Sequence[Piece],
    links: Sequence[str],
    *,
    lanes: Sequence[str] = (),
    finish: Finish = lambda drawing: True,
) -> Drawing:
    """The drawing with the pieces in a row on the flow: the flow then leads to the first,
    ``links`` from each to the next and from the last to the flow's old target. ``lanes`` are
    the lanes it should stand in, if it can. ``finish`` draws what hangs on it and says whether
    that could be done. Raises CannotEdit ``no_room``."""
    before = faults(drawing)
    tries: list[Attempt] = [
        *_in_line(drawing, flow, pieces, links, lanes),
        *(_aside(drawing, flow, pieces, links, lanes) if lanes else ()),
        *_in_line(drawing, flow, pieces, links, ()),
        *_aside(drawing, flow, pieces, links, ()),
    ]
    for attempt in tries:
        made = attempt()
        if made is not None and finish(made) and not faults(made) - before:
            return made
    raise CannotEdit("no_room")


# ------------------------------------------------------------------------------ in line


def _in_line(
    drawing: Drawing, flow: str, pieces: Sequence[Piece], links: Sequence[str],
    lanes: Sequence[str],
) -> Iterator[Attempt]:  # fmt: skip
    points = drawing.edges[flow].points
    parts = sorted(
        range(len(points) - 1),
        key=lambda n: (points[n][1] != points[n + 1][1], -_length((points[n], points[n + 1]))),
    )
    for n in parts:
        for share in (0.5, 0.15, 0.85):
            for lane in _lanes_on(drawing, flow, (points[n], points[n + 1]), lanes):
                yield _bound(_try_in_line, drawing, flow, n, share, pieces, links, lane)


def _bound(function: Callable[..., Drawing | None], *args: object) -> Attempt:
    return lambda: function(*args)


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


def _try_in_line(
    drawing: Drawing, flow: str, n: int, share: float, pieces: Sequence[Piece],
    links: Sequence[str], lane: str,
) -> Drawing | None:  # fmt: skip
    made = drawing.copy()
    edge = made.edges[flow]
    a, b = edge.points[n], edge.points[n + 1]
    level = a[1] == b[1]
    side = 0 if level else 1
    axis = "x" if level else "y"
    size = sum(p.width if level else p.height for p in pieces) + GAP * (len(pieces) - 1)
    thick = max(p.height if level else p.width for p in pieces)
    low, high = sorted((a[side], b[side]))
    if not level and lane:  # only the part of the upright line that is in the lane
        box = made.shapes[lane].box
        low, high = max(low, box.y + 8), min(high, box.bottom - 8)
    room, at = size + 2 * GAP, low + (high - low) * share
    inside = flow in made.facts.inside
    if high - low < room:
        made.make_room("x" if axis == "x" else "y", at, room - (high - low))
        edge = made.edges[flow]
        if len(edge.points) <= n + 1:
            return None
        a, b = edge.points[n], edge.points[n + 1]
        if a[1 - side] != b[1 - side]:
            return None
        high = low + room
        middle = low + room / 2
    else:
        middle = min(max(at, low + room / 2), high - room / 2)
    centre: Point = (middle, a[1]) if level else (a[0], middle)
    box = around(centre, size, thick) if level else around(centre, thick, size)
    for _ in range(3):
        shift = _crowded(made, box, flow, 1 - side, lane if not inside else "")
        if shift == (0, 0):
            break
        cross = centre[1 - side]
        if shift[1]:
            made.make_room("y" if side == 0 else "x", cross + 1, shift[1])
        if shift[0]:
            made.make_room("y" if side == 0 else "x", cross - 1, shift[0])
            centre = (
                (centre[0], centre[1] + shift[0]) if level else (centre[0] + shift[0], centre[1])
            )
        box = around(centre, size, thick) if level else around(centre, thick, size)
    points = made.edges[flow].points
    if n + 1 >= len(points) or points[n][1 - side] != centre[1 - side]:
        return None
    forward = points[n][side] < points[n + 1][side]
    at_side = box.x if side == 0 else box.y
    ordered = list(pieces) if forward else list(reversed(pieces))
    boxes: dict[str, Box] = {}
    for piece in ordered:
        length = piece.width if level else piece.height
        spot = at_side + length / 2
        middle_point = (spot, centre[1]) if level else (centre[0], spot)
        boxes[piece.id] = around(middle_point, piece.width, piece.height)
        at_side += length + GAP
    _draw(made, pieces, boxes, lane)
    ends = [_sides(boxes[p.id], side, forward) for p in pieces]
    made.edges[flow].points = [*points[: n + 1], ends[0][0]]
    for link, (one, other) in zip(links, pairwise([*ends, None]), strict=True):
        assert one is not None
        rest = [other[0]] if other is not None else points[n + 1 :]
        made.edges[link] = Edge([one[1], *rest])
    _ends(made, flow, pieces, links)
    return made


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
        (x1, y1), (x2, y2) = line
        if own[0] in drawing.facts.ends.get(id, ()) and middle in (line[0][side], line[1][side]):
            continue
        boxes.append(Box(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2)).inflated(1))
    for one in boxes:
        if not one.overlaps(wide):
            continue
        if one.end(side) <= middle:
            before = max(before, one.end(side) - _start(wide, side))
        elif _start(one, side) >= middle:
            after = max(after, wide.end(side) - _start(one, side))
    if lane and lane in drawing.shapes and side == 1:
        frame = drawing.shapes[lane].box
        before = max(before, frame.y - (box.y - 8))
        after = max(after, box.bottom + 8 - frame.bottom)
    for id in drawing.around(flow):
        frame = drawing.shapes[id].box.inflated(-8)
        before = max(before, _start(frame, side) - _start(box, side))
        after = max(after, box.end(side) - frame.end(side))
        break
    return max(before, 0.0), max(after, 0.0)


# -------------------------------------------------------------------------------- aside


def _aside(
    drawing: Drawing, flow: str, pieces: Sequence[Piece], links: Sequence[str],
    lanes: Sequence[str],
) -> Iterator[Attempt]:  # fmt: skip
    yield _bound(_try_aside, drawing, flow, pieces, links, lanes, False)
    yield _bound(_try_aside, drawing, flow, pieces, links, lanes, True)


def _try_aside(
    drawing: Drawing, flow: str, pieces: Sequence[Piece], links: Sequence[str],
    lanes: Sequence[str], widen: bool,
) -> Drawing | None:  # fmt: skip
    made = drawing.copy()
    source, target = made.facts.ends[flow]
    width = sum(p.width for p in pieces) + GAP * (len(pieces) - 1)
    height = max(p.height for p in pieces)
    frame, lane = _frame(made, flow, lanes)
    if frame is None:
        return None
    if widen:
        made.make_room("y", frame.bottom - 1, height + 2 * BESIDE + 10)
        frame, lane = _frame(made, flow, lanes)
        assert frame is not None
    spot = free_spot(made, frame, width, height, made.shapes[source].box, made.shapes[target].box)
    if spot is None:
        return None
    boxes: dict[str, Box] = {}
    x = spot[0] - width / 2
    for piece in pieces:
        middle = (x + piece.width / 2, spot[1])
        boxes[piece.id] = around(middle, piece.width, piece.height)
        x += piece.width + GAP
    _draw(made, pieces, boxes, lane)
    label = made.edges[flow].label
    first = route(made, source, pieces[0].id, flow)
    if first is None:
        return None
    made.edges[flow].points = first
    made.edges[flow].label = label
    for link, (one, other) in zip(links, pairwise([*(p.id for p in pieces), target]), strict=True):
        points = route(made, one, other)
        if points is None:
            return None
        made.edges[link] = Edge(points)
    _ends(made, flow, pieces, links)
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
    for _, ((x1, y1), (x2, y2)) in drawing.segments():
        boxes.append(Box(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2)).inflated(1))
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


# ------------------------------------------------------------------------------- drawing


def _draw(drawing: Drawing, pieces: Sequence[Piece], boxes: dict[str, Box], lane: str) -> None:
    for piece in pieces:
        drawing.shapes[piece.id] = Shape(boxes[piece.id])
        drawing.facts.kinds[piece.id] = piece.kind
        if lane:
            drawing.facts.lanes[piece.id] = lane


def _ends(drawing: Drawing, flow: str, pieces: Sequence[Piece], links: Sequence[str]) -> None:
    """What leads where, for the rules that ask it."""
    facts = drawing.facts
    source, target = facts.ends[flow]
    facts.ends[flow] = (source, pieces[0].id)
    for link, (one, other) in zip(links, pairwise([*(p.id for p in pieces), target]), strict=True):
        facts.ends[link] = (one, other)
    if flow in facts.inside:
        for id in (*(p.id for p in pieces), *links):
            facts.inside[id] = facts.inside[flow]
    elif facts.lanes:
        for piece in pieces:
            if piece.id not in facts.lanes:
                facts.lanes[piece.id] = _lane_at(drawing, drawing.shapes[piece.id].box, source)


def _lane_at(drawing: Drawing, box: Box, source: str) -> str:
    for id in dict.fromkeys(drawing.facts.lanes.values()):
        if id in drawing.shapes and drawing.shapes[id].box.holds(box):
            return id
    return drawing.lane_of(source)


def label_beside(drawing: Drawing, id: str, width: float) -> None:
    """Give a gateway's name or a flow's a place where it lies on nothing; none where there is
    no such place (the editor then shows it at its own default)."""
    before = faults(drawing)
    for box in _label_spots(drawing, id, width):
        holder = drawing.shapes.get(id) or drawing.edges[id]
        holder.label = box
        if not faults(drawing) - before:
            return
        holder.label = None


def _label_spots(drawing: Drawing, id: str, width: float) -> Iterator[Box]:
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


def _length(line: Line) -> float:
    return abs(line[0][0] - line[1][0]) + abs(line[0][1] - line[1][1])


def _start(box: Box, side: int) -> float:
    return box.x if side == 0 else box.y
