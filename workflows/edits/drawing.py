"""What is drawn in a BPMN file, to be moved, added to and written back.

Only values that changed are written; everything else in the file stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from workflows.diagram import ACTIVITIES, EVENTS, GATEWAYS
from workflows.edits.geometry import Box, Line, Point
from workflows.edits.tree import BPMN, DC, DD, DI, Node, Source, attribute

Axis = Literal["x", "y"]
_NODES: Final = ACTIVITIES | EVENTS | GATEWAYS
#: What holds other shapes and is stretched rather than moved.
_FRAMES: Final = frozenset({"participant", "lane", "subProcess", "transaction", "adHocSubProcess"})


@dataclass(slots=True)
class Shape:
    box: Box
    label: Box | None = None
    node: Node | None = None  # None: to be added


@dataclass(slots=True)
class Edge:
    points: list[Point]
    label: Box | None = None
    node: Node | None = None


@dataclass(slots=True)
class Facts:
    """What the diagram's elements are: ``kinds`` by id, ``hosts`` of boundary events, ``inside``
    which sub-process each stands in, ``ends`` of sequence flows, ``lanes`` of the nodes named in
    one, ``refs`` the diagram element's id in ``bpmnElement``."""

    kinds: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)


class Drawing:
    """The first plane of a file."""

    def __init__(self, source: Source) -> None:
        self.shapes: dict[str, Shape] = {}
        self.edges: dict[str, Edge] = {}
        self.facts = _facts(source)
        self.plane = next((n for n in source.root.walk() if n.name == "BPMNPlane"), None)
        for node in self.plane.children if self.plane is not None else ():
            id = node.get("bpmnElement")
            if node.name == "BPMNShape":
                bounds = node.first("Bounds", space=DC)
                if bounds is not None:
                    self.shapes[id] = Shape(_box(bounds), _label(node), node)
            elif node.name == "BPMNEdge":
                points = [(_number(p, "x"), _number(p, "y")) for p in node.of("waypoint", space=DD)]
                if len(points) > 1:
                    self.edges[id] = Edge(points, _label(node), node)
        self.first = {id: deepcopy_shape(one) for id, one in self.shapes.items()}
        self.drawn = {id: (list(one.points), deepcopy(one.label)) for id, one in self.edges.items()}
        self.gone: list[Node] = []

    def copy(self) -> Drawing:
        """Another to try things out on."""
        made = object.__new__(Drawing)
        made.shapes = {id: deepcopy_shape(one) for id, one in self.shapes.items()}
        made.edges = {
            id: Edge(list(e.points), deepcopy(e.label), e.node) for id, e in self.edges.items()
        }
        facts = self.facts
        made.facts = Facts(
            dict(facts.kinds), dict(facts.hosts), dict(facts.inside), dict(facts.ends),
            dict(facts.lanes),
        )  # fmt: skip
        made.plane, made.first, made.drawn = self.plane, self.first, self.drawn
        made.gone = list(self.gone)
        return made

    # ------------------------------------------------------------------- questions

    def is_frame(self, id: str) -> bool:
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
        for id, shape in self.shapes.items():
            if shape.label is not None and self.facts.kinds.get(id) in _NODES:
                yield id, shape.label
        for id, edge in self.edges.items():
            if edge.label is not None:
                yield id, edge.label

    def segments(self, *without: str) -> Iterator[tuple[str, Line]]:
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
        starts = {self._start(box.box, side) for id, box in self.shapes.items()
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

    def _start(self, box: Box, side: int) -> float:
        return box.x if side == 0 else box.y

    def _moves(self, id: str, side: int, at: float) -> bool:
        host = self.facts.hosts.get(id)
        if host is not None and host in self.shapes and not self.is_frame(host):
            id = host
        box = self.shapes[id].box
        if self.facts.kinds.get(id) in _FRAMES and self.is_frame(id):
            return self._start(box, side) >= at
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
                bounds = shape.node.first("Bounds", space=DC)
                assert bounds is not None
                _set_box(source, bounds, shape.box)
            _write_label(source, shape.node, shape.label, was.label)
        for id, edge in self.edges.items():
            if edge.node is None:
                continue
            points, label = self.drawn[id]
            if edge.points != points:
                _set_points(source, edge.node, edge.points)
            _write_label(source, edge.node, edge.label, label)
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
        named = attribute("id", _fresh(source, f"{id}_di")) + attribute("bpmnElement", id)
        inner = _bounds_text(source, shape.box) + _label_text(source, shape.label)
        return f"<{tag}{named}{marker}>{inner}</{tag}>"

    def _edge_text(self, source: Source, id: str, edge: Edge) -> str:
        tag = source.tag(DI, "BPMNEdge")
        named = attribute("id", _fresh(source, f"{id}_di")) + attribute("bpmnElement", id)
        points = "".join(_point_text(source, point) for point in edge.points)
        return f"<{tag}{named}>{points}{_label_text(source, edge.label)}</{tag}>"

    def erase(self, id: str) -> None:
        """Take a shape or a line out of the drawing."""
        for one in (self.shapes.pop(id, None), self.edges.pop(id, None)):
            if one is not None and one.node is not None:
                self.gone.append(one.node)


def deepcopy_shape(shape: Shape) -> Shape:
    return Shape(shape.box, shape.label, shape.node)


def _facts(source: Source) -> Facts:
    facts = Facts()
    for node in source.root.walk():
        if node.space != BPMN or not node.id:
            continue
        facts.kinds[node.id] = node.name
        if node.get("attachedToRef"):
            facts.hosts[node.id] = node.get("attachedToRef")
        parent = node.parent
        if parent is not None and parent.name in ("subProcess", "transaction", "adHocSubProcess"):
            facts.inside[node.id] = parent.id
        if node.name == "sequenceFlow":
            facts.ends[node.id] = (node.get("sourceRef"), node.get("targetRef"))
        if node.name == "lane" and node.first("childLaneSet") is None:
            for one in node.of("flowNodeRef"):
                facts.lanes[one.text.strip()] = node.id
    return facts


def _number(node: Node, name: str) -> float:
    return float(node.get(name) or 0)


def _box(node: Node) -> Box:
    return Box(*(_number(node, name) for name in ("x", "y", "width", "height")))


def _label(node: Node) -> Box | None:
    label = node.first("BPMNLabel", space=DI)
    bounds = label.first("Bounds", space=DC) if label is not None else None
    return _box(bounds) if bounds is not None else None


def _shifted(point: Point, side: int, by: float) -> Point:
    return (point[0] + by, point[1]) if side == 0 else (point[0], point[1] + by)


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def _set_box(source: Source, bounds: Node, box: Box) -> None:
    for name, value in zip(("x", "y", "width", "height"), box.values, strict=True):
        if _number(bounds, name) != value:
            source.set(bounds, name, _text(value))


def _set_points(source: Source, edge: Node, points: list[Point]) -> None:
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


def _write_label(source: Source, holder: Node, label: Box | None, was: Box | None) -> None:
    if label is None or label == was:
        return
    node = holder.first("BPMNLabel", space=DI)
    bounds = node.first("Bounds", space=DC) if node is not None else None
    if bounds is not None:
        _set_box(source, bounds, label)


def _point_text(source: Source, point: Point) -> str:
    tag = source.tag(DD, "waypoint")
    return f'<{tag} x="{_text(point[0])}" y="{_text(point[1])}" />'


def _bounds_text(source: Source, box: Box) -> str:
    tag = source.tag(DC, "Bounds")
    x, y, width, height = map(_text, box.values)
    return f'<{tag} x="{x}" y="{y}" width="{width}" height="{height}" />'


def _label_text(source: Source, label: Box | None) -> str:
    if label is None:
        return ""
    tag = source.tag(DI, "BPMNLabel")
    return f"<{tag}>{_bounds_text(source, label)}</{tag}>"


def _fresh(source: Source, wanted: str) -> str:
    found, n = wanted, 2
    while found in source.names:
        found, n = f"{wanted}_{n}", n + 1
    return found
