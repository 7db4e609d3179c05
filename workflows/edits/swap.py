"""Two steps of a plain chain in the other order; a step moved into another lane."""

from __future__ import annotations

from dataclasses import replace

from workflows.edits.aside import free_spot
from workflows.edits.drawing import Drawing
from workflows.edits.faults import faults
from workflows.edits.flows import only_flow
from workflows.edits.geometry import around
from workflows.edits.refusal import CannotEdit
from workflows.edits.route import route
from workflows.edits.tree import BPMN, Node, Source


def swap(data: bytes, file: str, first: str, second: str) -> bytes:
    """``first`` leads to ``second`` and nowhere else: the second comes first. Raises CannotEdit
    ``in_diagram`` where they do not stand in a plain chain, ``no_room``."""
    source = Source(data, file)
    coming, between = only_flow(source, first, into=True), only_flow(source, first, into=False)
    onward = only_flow(source, second, into=False)
    if only_flow(source, second, into=True) is not between or between.first("conditionExpression"):
        raise CannotEdit("in_diagram")
    if coming.get("sourceRef") == second or onward.get("targetRef") == first:
        raise CannotEdit("in_diagram")
    drawing = Drawing(source)
    made = _drawn(drawing, first, second, (coming.id, between.id, onward.id))
    source.set(coming, "targetRef", second)
    source.set(between, "sourceRef", second)
    source.set(between, "targetRef", first)
    source.set(onward, "sourceRef", first)
    for id, into, out in ((first, between.id, onward.id), (second, coming.id, between.id)):
        node = source.node(id)
        for name, text in (("incoming", into), ("outgoing", out)):
            for one in node.of(name):
                source.set_text(one, text)
    made.write(source)
    return source.done()


def _drawn(drawing: Drawing, first: str, second: str, flows: tuple[str, str, str]) -> Drawing:
    before = faults(drawing)
    coming, between, onward = flows
    start, end = drawing.facts.ends[coming][0], drawing.facts.ends[onward][1]
    ends = {coming: (start, second), between: (second, first), onward: (first, end)}
    made = drawing.copy()
    made.facts.ends.update(ends)
    hosts = set(made.facts.hosts.values())
    one, other = made.shapes[first].box, made.shapes[second].box
    same_lane = made.facts.lanes.get(first) == made.facts.lanes.get(second)
    if same_lane and not hosts & {first, second} and one.values[2:] == other.values[2:]:
        made.shapes[first].box, made.shapes[second].box = other, one
        if not faults(made) - before:
            return made
    made = drawing.copy()
    made.facts.ends.update(ends)
    for flow in flows:
        made.edges[flow].points = made.edges[flow].points[:2]
    for n, flow in enumerate(flows):
        points = route(made, *ends[flow], *flows[n:])
        if points is None:
            raise CannotEdit("no_room")
        made.edges[flow].points = points
    if faults(made) - before:
        raise CannotEdit("no_room")
    return made


def relane(source: Source, drawing: Drawing, id: str, lane: str) -> Drawing | None:
    """The drawing with the node in another lane, its lines led anew; None where that cannot be
    done without a fault. The source's lanes are written."""
    if id in drawing.facts.hosts.values() or id not in drawing.facts.lanes:
        return None
    before = faults(drawing)
    flows = [flow for flow, ends in drawing.facts.ends.items() if id in ends]
    for widen in (False, True):
        made = drawing.copy()
        if widen:
            frame = made.shapes[lane].box
            made.make_room("y", frame.bottom - 1, made.shapes[id].box.height + 38)
        box = made.shapes[id].box
        for flow in flows:
            made.edges[flow].points = made.edges[flow].points[:2]
        spot = free_spot(made, made.shapes[lane].box, box.width, box.height, box, box)
        if spot is None:
            continue
        made.shapes[id] = replace(made.shapes[id], box=around(spot, box.width, box.height))
        made.facts.lanes[id] = lane
        if _led(made, flows) and not faults(made) - before:
            _write_lane(source, id, lane)
            return made
    return None


def _led(made: Drawing, flows: list[str]) -> bool:
    for n, flow in enumerate(flows):
        points = route(made, *made.facts.ends[flow], *flows[n:])
        if points is None:
            return False
        made.edges[flow].points = points
    return True


def _write_lane(source: Source, id: str, lane: str) -> None:
    for node in source.root.walk():
        if node.name == "flowNodeRef" and node.text.strip() == id:
            source.remove(node)
    holder: Node = source.node(lane)
    refs = list(holder.of("flowNodeRef"))
    tag = source.tag(BPMN, "flowNodeRef")
    if refs:
        source.after(refs[-1], f"<{tag}>{id}</{tag}>")
    else:
        source.into(holder, f"<{tag}>{id}</{tag}>")
