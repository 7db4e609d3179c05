"""What is drawn in a BPMN file, to be moved, added to and written back.

Only values that changed are written; everything else in the file stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from workflows.diagram import ACTIVITIES, EVENTS, GATEWAYS
from workflows.edits.facts import facts_of
from workflows.edits.geometry import Box, Line, Point
from workflows.edits.interchange import (
    bounds_text,
    label_text,
    points_text,
    read_box,
    read_label,
    read_points,
    set_box,
    set_label,
    set_points,
)
from workflows.edits.steps import fresh
from workflows.edits.tree import DI, Node, Source, attribute

Axis = Literal["x", "y"]
_NODES: Final = ACTIVITIES | EVENTS | GATEWAYS
#: What holds other shapes and is stretched rather than moved.
_FRAMES: Final = frozenset({"participant", "lane", "subProcess", "transaction", "adHocSubProcess"})


@dataclass(slots=True)
class Shape:
    """A node as drawn. ``label`` is where its name stands (None: the editor's default), ``node``
    its element in the file (None: to be added)."""

    box: Box
    label: Box | None = None
    node: Node | None = None

    def copy(self) -> Shape:
        return Shape(self.box, self.label, self.node)


@dataclass(slots=True)
class Edge:
    """A line as drawn; ``label`` and ``node`` as of a `Shape`."""

    points: list[Point]
    label: Box | None = None
    node: Node | None = None

    def copy(self) -> Edge:
        return Edge(list(self.points), self.label, self.node)


class Drawing:
    """The first plane of a file."""

    def __init__(self, source: Source) -> None:
        self.shapes: dict[str, Shape] = {}
        self.edges: dict[str, Edge] = {}
        self.facts = facts_of(source)
        self.plane = next((n for n in source.root.walk() if n.name == "BPMNPlane"), None)
        for node in self.plane.children if self.plane is not None else ():
            id = node.get("bpmnElement")
            if node.name == "BPMNShape":
                box = read_box(node)
                if box is not None:
                    self.shapes[id] = Shape(box, read_label(node), node)
            elif node.name == "BPMNEdge":
                points = read_points(node)
                if len(points) > 1:
                    self.edges[id] = Edge(points, read_label(node), node)
        self.first = {id: one.copy() for id, one in self.shapes.items()}
        self.drawn = {id: one.copy() for id, one in self.edges.items()}
        self.gone: list[Node] = []

    def copy(self) -> Drawing:
        """Another to try things out on."""
        made = object.__new__(Drawing)
        made.shapes = {id: one.copy() for id, one in self.shapes.items()}
        made.edges = {id: one.copy() for id, one in self.edges.items()}
        made.facts = self.facts.copy()
        made.plane, made.first, made.drawn = self.plane, self.first, self.drawn
        made.gone = list(self.gone)
        return made

    # ------------------------------------------------------------------- questions

    def is_frame(self, id: str) -> bool:
        """Whether others stand in it: a pool, a lane, an open sub-process."""
        if self.facts.kinds.get(id) not in _FRAMES:
            return False
        shape = self.shapes[id]
        return shape.node is None or shape.node.get("isExpanded") != "false"

    def solid(self) -> Iterator[tuple[str, Box]]:
        """Nodes that are no frame: what lines may not run through."""
        for id, shape in self.shapes.items():
            if self.facts.kinds.get(id) in _NODES and not self.is_frame(id):
                yield id, shape.box

    def labels(self) -> Iterator[tuple[str, Box]]:
        """The boxes of names, by what they name."""
        for id, shape in self.shapes.items():
            if shape.label is not None and self.facts.kinds.get(id) in _NODES:
                yield id, shape.label
        for id, edge in self.edges.items():
            if edge.label is not None:
                yield id, edge.label

    def segments(self, *without: str) -> Iterator[tuple[str, Line]]:
        """Every straight part of every line, by the line's id, but those of ``without``."""
        for id, edge in self.edges.items():
            if id not in without:
                for line in pairwise(edge.points):
                    yield id, line

    def lane_of(self, id: str) -> str:
        """The lane a node is listed in, through the sub-processes it stands in."""
        while id not in self.facts.lanes and id in self.facts.inside:
            id = self.facts.inside[id]
        return self.facts.lanes.get(id, "")

    def around(self, id: str) -> Iterator[str]:
        """The sub-processes a node or flow stands in, from the innermost."""
        while id in self.facts.inside:
            id = self.facts.inside[id]
            yield id

    # --------------------------------------------------------------------- moving

    def make_room(self, axis: Axis, at: float, by: float) -> None:
        """Push everything at or beyond ``at`` away by ``by``; frames the cut goes through are
        stretched, lines over it become longer."""
        if by <= 0:
            return
        side = 0 if axis == "x" else 1
        starts = {shape.box.start(side) for id, shape in self.shapes.items()
                  if self.facts.kinds.get(id) in _FRAMES}  # fmt: skip
        while at in starts:  # the frame before the cut has to be stretched, too
            at -= 1
        moved = {id: self._moves(id, side, at) for id in self.shapes}
        for id, shape in self.shapes.items():
            framed = self.facts.kinds.get(id) in _FRAMES and self.is_frame(id)
            box = shape.box
            if framed and not moved[id] and box.end(side) > at:
                shape.box = box.grown(side, by)
            elif moved[id]:
                shape.box = box.shifted(side, by)
            if shape.label is not None and moved[id]:
                shape.label = shape.label.shifted(side, by)
        for id, edge in self.edges.items():
            self._stretch(id, edge, side, at, by, moved)

    def _moves(self, id: str, side: int, at: float) -> bool:
        host = self.facts.hosts.get(id)
        if host is not None and host in self.shapes and not self.is_frame(host):
            id = host
        box = self.shapes[id].box
        if self.facts.kinds.get(id) in _FRAMES and self.is_frame(id):
            return box.start(side) >= at
        return box.middle[side] >= at

    def _stretch(
        self, id: str, edge: Edge, side: int, at: float, by: float, moved: dict[str, bool]
    ) -> None:
        points = edge.points
        flags = [point[side] >= at for point in points]
        ends = self.facts.ends.get(id, ("", ""))
        for end, spot, step in ((ends[0], 0, 1), (ends[1], len(points) - 1, -1)):
            if end in moved and not self.is_frame(end):
                flags[spot] = moved[end]
                on = spot + step
                while 0 < on < len(points) - 1 and points[on][side] == points[spot][side]:
                    flags[on] = moved[end]
                    on += step
        made = [_shifted(p, side, by) if flag else p for p, flag in zip(points, flags, strict=True)]
        straight: list[Point] = [made[0]]
        for before, after, old, new in zip(points, points[1:], made, made[1:], strict=False):
            if old[0] != new[0] and old[1] != new[1] and (
                before[0] == after[0] or before[1] == after[1]
            ):  # fmt: skip
                half = (old[1 - side] + new[1 - side]) / 2
                bends = [(old[0], half), (new[0], half)]
                straight += bends if side == 0 else [(half, old[1]), (half, new[1])]
            straight.append(new)
        edge.points = straight
        if edge.label is not None:
            level = points[0][1 - side] == points[1][1 - side]
            beyond = edge.label.middle[side] >= at if level else flags[0]
            if beyond:
                edge.label = edge.label.shifted(side, by)

    # --------------------------------------------------------------------- writing

    def write(self, source: Source) -> None:
        """Note every changed value in the source."""
        for node in self.gone:
            source.remove(node)
        for id, shape in self.shapes.items():
            if shape.node is None:
                continue
            was = self.first[id]
            if shape.box != was.box:
                set_box(source, shape.node, shape.box)
            set_label(source, shape.node, shape.label, was.label)
        for id, edge in self.edges.items():
            if edge.node is None:
                continue
            drawn = self.drawn[id]
            if edge.points != drawn.points:
                set_points(source, edge.node, edge.points)
            set_label(source, edge.node, edge.label, drawn.label)
        self._add(source)

    def _add(self, source: Source) -> None:
        if self.plane is None:
            return
        new_shapes = [
            self._shape_text(source, id, s) for id, s in self.shapes.items() if s.node is None
        ]
        new_edges = [
            self._edge_text(source, id, e) for id, e in self.edges.items() if e.node is None
        ]
        there = [node for node in self.plane.children if node not in self.gone]
        shapes = [node for node in there if node.name == "BPMNShape"]
        edges = [node for node in there if node.name == "BPMNEdge"]
        last = (edges or shapes)[-1]
        if shapes and edges and shapes[-1].start < edges[-1].start:
            if new_shapes:
                source.after(shapes[-1], *new_shapes)
            if new_edges:
                source.after(last, *new_edges)
        elif new_shapes or new_edges:
            source.after(there[-1], *new_shapes, *new_edges)

    def _shape_text(self, source: Source, id: str, shape: Shape) -> str:
        tag = source.tag(DI, "BPMNShape")
        visible = self.facts.kinds.get(id) == "exclusiveGateway"
        marker = attribute("isMarkerVisible", "true") if visible else ""
        named = attribute("id", fresh(source.names, f"{id}_di")) + attribute("bpmnElement", id)
        inner = bounds_text(source, shape.box) + label_text(source, shape.label)
        return f"<{tag}{named}{marker}>{inner}</{tag}>"

    def _edge_text(self, source: Source, id: str, edge: Edge) -> str:
        tag = source.tag(DI, "BPMNEdge")
        named = attribute("id", fresh(source.names, f"{id}_di")) + attribute("bpmnElement", id)
        inner = points_text(source, edge.points) + label_text(source, edge.label)
        return f"<{tag}{named}>{inner}</{tag}>"

    def erase(self, id: str) -> None:
        """Take a shape or a line out of the drawing."""
        for one in (self.shapes.pop(id, None), self.edges.pop(id, None)):
            if one is not None and one.node is not None:
                self.gone.append(one.node)


def _shifted(point: Point, side: int, by: float) -> Point:
    return (point[0] + by, point[1]) if side == 0 else (point[0], point[1] + by)
