"""What is drawn in a BPMN file, as plain boxes and lines, for tests of its layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DD = "{http://www.omg.org/spec/DD/20100524/DI}"

Point = tuple[float, float]

#: How the BPMN names of flow nodes end.
NODE_KINDS = ("Task", "Event", "Gateway", "callActivity", "subProcess")


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width and other.x < self.x + self.width
            and self.y < other.y + other.height and other.y < self.y + self.height
        )  # fmt: skip

    def holds(self, other: Box) -> bool:
        return (
            self.x <= other.x and other.x + other.width <= self.x + self.width
            and self.y <= other.y and other.y + other.height <= self.y + self.height
        )  # fmt: skip

    def diamond_overlaps(self, other: Box) -> bool:
        """Whether the diamond drawn inside this box overlaps ``other``."""
        middle_x, middle_y = self.x + self.width / 2, self.y + self.height / 2
        near_x = min(max(middle_x, other.x), other.x + other.width)
        near_y = min(max(middle_y, other.y), other.y + other.height)
        return abs(near_x - middle_x) + abs(near_y - middle_y) < self.width / 2

    def crossed_by(self, line: tuple[Point, Point]) -> bool:
        """Whether an upright or level line passes through the inside."""
        (x1, y1), (x2, y2) = line
        return (
            min(x1, x2) < self.x + self.width - 1 and self.x + 1 < max(x1, x2) + 0.5
            and min(y1, y2) < self.y + self.height - 1 and self.y + 1 < max(y1, y2) + 0.5
        )  # fmt: skip


class Drawing:
    """``shapes`` and ``labels`` by element id, ``lines`` by flow id; ``hosts`` maps a boundary
    event to the activity it stands on, ``inside`` an element to the sub-process it is in,
    ``ends`` a flow to its source and target."""

    def __init__(self, data: bytes) -> None:
        root = etree.fromstring(data)
        self.shapes: dict[str, Box] = {}
        self.labels: dict[str, Box] = {}
        self.lines: dict[str, list[Point]] = {}
        for shape in root.iter(f"{DI}BPMNShape"):
            id = str(shape.get("bpmnElement"))
            self.shapes[id] = _box(shape)
            self._label(id, shape)
        for edge in root.iter(f"{DI}BPMNEdge"):
            id = str(edge.get("bpmnElement"))
            self.lines[id] = [
                (float(str(p.get("x"))), float(str(p.get("y"))))
                for p in edge.iterchildren(f"{DD}waypoint")
            ]
            self._label(id, edge)
        by_id = {str(node.get("id")): node for node in root.iter() if node.get("id")}
        self.kinds = {id: str(node.tag).removeprefix(BPMN) for id, node in by_id.items()}
        self.names = {id: node.get("name") or "" for id, node in by_id.items()}
        self.hosts = {
            id: str(node.get("attachedToRef"))
            for id, node in by_id.items() if node.get("attachedToRef")
        }  # fmt: skip
        self.inside = {
            id: str(parent.get("id"))
            for id, node in by_id.items()
            if (parent := node.getparent()) is not None and parent.tag == f"{BPMN}subProcess"
        }
        self.ends = {
            id: (str(node.get("sourceRef")), str(node.get("targetRef")))
            for id, node in by_id.items() if node.tag == f"{BPMN}sequenceFlow"
        }  # fmt: skip
        self.nodes = {id for id, kind in self.kinds.items() if kind.endswith(NODE_KINDS)}

    def _label(self, id: str, holder: etree._Element) -> None:
        for label in holder.iterchildren(f"{DI}BPMNLabel"):
            if label.find(f"{DC}Bounds") is not None:
                self.labels[id] = _box(label)

    def undrawn(self) -> list[str]:
        """Flow nodes without a shape and flows without a line."""
        return [id for id in self.nodes if id not in self.shapes] + [
            id for id in self.ends if len(self.lines.get(id, [])) < 2
        ]

    def overlaps(self) -> Iterator[tuple[str, str]]:
        """Pairs of shapes or labels that lie on each other and should not."""
        boxes = [
            (id, False, self.shapes[id]) for id in self.nodes
            if self.kinds[id] != "subProcess"
        ] + [(id, True, box) for id, box in self.labels.items()]  # fmt: skip
        for (a, a_label, one), (b, b_label, other) in combinations(boxes, 2):
            on_host = not (a_label or b_label) and (
                self.hosts.get(a) == b or self.hosts.get(b) == a
            )
            if on_host or not one.overlaps(other):
                continue
            if not a_label and self._diamond(a) and not one.diamond_overlaps(other):
                continue
            if not b_label and self._diamond(b) and not other.diamond_overlaps(one):
                continue
            yield a + (" label" if a_label else ""), b + (" label" if b_label else "")
        for id, kind in self.kinds.items():
            if kind != "subProcess":
                continue
            frame = self.shapes[id]
            for other_id in self.nodes - {id}:
                box = self.shapes[other_id]
                if self.inside.get(other_id) == id:
                    if not frame.holds(box):
                        yield id, other_id
                elif self.hosts.get(other_id) != id and frame.overlaps(box):
                    yield id, other_id

    def _diamond(self, id: str) -> bool:
        return self.kinds[id].endswith("Gateway")

    def slanting(self) -> list[str]:
        """Flows with a part that is neither upright nor level."""
        return [
            id for id, points in self.lines.items()
            if any(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(points))
        ]  # fmt: skip

    def crossings(self) -> Iterator[tuple[str, str]]:
        """Flows that pass through a shape they neither leave nor reach."""
        for flow, points in self.lines.items():
            for line in pairwise(points):
                for id in self.nodes:
                    if id in self.ends[flow] or id in {self.hosts.get(e) for e in self.ends[flow]}:
                        continue
                    if self.kinds[id] == "subProcess" and self.inside.get(flow) == id:
                        continue
                    if self.shapes[id].crossed_by(line):
                        yield flow, id

    def struck_labels(self) -> Iterator[tuple[str, str]]:
        """Flows that run through a label."""
        for flow, points in self.lines.items():
            for line in pairwise(points):
                for id, label in self.labels.items():
                    if label.crossed_by(line):
                        yield flow, id


def _box(holder: etree._Element) -> Box:
    bounds = holder.find(f"{DC}Bounds")
    assert bounds is not None
    return Box(*(float(str(bounds.get(key))) for key in ("x", "y", "width", "height")))
