"""What a drawing must not show: things that lie on each other, slanting lines, lines through
shapes and words, nodes outside their lane."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from workflows.edits.drawing import Drawing
from workflows.edits.geometry import Box, along

Fault = tuple[str, str, str]


def faults(drawing: Drawing) -> set[Fault]:
    """Every fault as (kind, one id, other id)."""
    return {
        *_overlaps(drawing), *_frames(drawing), *_lines(drawing), *_lanes(drawing),
    }  # fmt: skip


def _overlaps(drawing: Drawing) -> Iterator[Fault]:
    boxes = [(id, False, box) for id, box in drawing.solid()]
    boxes += [(id, True, box) for id, box in drawing.labels()]
    boxes.sort(key=lambda one: one[2].x)
    for at, (a, a_label, one) in enumerate(boxes):
        for b, b_label, other in boxes[at + 1 :]:
            if other.x >= one.right:
                break
            if not one.overlaps(other):
                continue
            hosts = drawing.facts.hosts
            if not (a_label or b_label) and (hosts.get(a) == b or hosts.get(b) == a):
                continue
            if not a_label and _diamond(drawing, a) and not one.diamond_overlaps(other):
                continue
            if not b_label and _diamond(drawing, b) and not other.diamond_overlaps(one):
                continue
            first, last = sorted((f"{a}/{a_label}", f"{b}/{b_label}"))
            yield "overlap", first, last


def _diamond(drawing: Drawing, id: str) -> bool:
    return drawing.facts.kinds[id].endswith("Gateway")


def _frames(drawing: Drawing) -> Iterator[Fault]:
    facts = drawing.facts
    frames = [
        id for id in drawing.shapes
        if facts.kinds.get(id) == "subProcess" and drawing.is_frame(id)
    ]  # fmt: skip
    for id in frames:
        frame = drawing.shapes[id].box
        for other, box in drawing.solid():
            if id in drawing.around(other):
                if not frame.holds(box):
                    yield "outside", id, other
            elif facts.hosts.get(other) != id and frame.overlaps(box):
                yield "overlap", id, other


def _lines(drawing: Drawing) -> Iterator[Fault]:
    solid, labels = list(drawing.solid()), list(drawing.labels())
    frames = [
        (id, drawing.shapes[id].box) for id in drawing.shapes
        if drawing.facts.kinds.get(id) == "subProcess" and drawing.is_frame(id)
    ]  # fmt: skip
    for flow, edge in drawing.edges.items():
        ends = drawing.facts.ends.get(flow)
        if ends is None:
            continue
        free = {*ends, *(drawing.facts.hosts.get(end, "") for end in ends)}
        inside = set(drawing.around(flow))
        for end, point in zip(ends, (edge.points[0], edge.points[-1]), strict=True):
            if end in drawing.shapes and not _touches(drawing.shapes[end].box, point):
                yield "loose", flow, end
        for line in pairwise(edge.points):
            (x1, y1), (x2, y2) = line
            if x1 != x2 and y1 != y2:
                yield "slant", flow, ""
            reach = along(line)
            for id, box in solid:
                if reach.overlaps(box) and id not in free and box.crossed_by(line):
                    yield "through", flow, id
            for id, box in frames:
                if id not in free and id not in inside and box.crossed_by(line):
                    yield "through", flow, id
            for id, box in labels:
                if reach.overlaps(box) and box.crossed_by(line):
                    yield "struck", flow, id


def _touches(box: Box, point: tuple[float, float]) -> bool:
    """Whether a line's end lies on the border of the shape."""
    x, y = point
    on_side = min(abs(x - box.x), abs(x - box.right)) <= 2 and box.y - 2 <= y <= box.bottom + 2
    on_edge = min(abs(y - box.y), abs(y - box.bottom)) <= 2 and box.x - 2 <= x <= box.right + 2
    return on_side or on_edge


def _lanes(drawing: Drawing) -> Iterator[Fault]:
    for id, lane in drawing.facts.lanes.items():
        if id in drawing.facts.hosts or id not in drawing.shapes or lane not in drawing.shapes:
            continue
        if not drawing.shapes[lane].box.holds(drawing.shapes[id].box):
            yield "lane", id, lane
