"""Things taken out of a diagram: a step (what led to it leads on), or the clocks on it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workflows.edits.drawing import Drawing, Edge
from workflows.edits.extension import property_node, property_of, set_property
from workflows.edits.faults import faults
from workflows.edits.refusal import CannotEdit
from workflows.edits.route import route
from workflows.edits.tree import Node, Source


def remove_clocks(data: bytes, file: str, host: str) -> bytes:
    """The step without its deadline, reminder and escalation, and without what only they led
    to."""
    source = Source(data, file)
    events = [
        node.id
        for node in source.root.walk()
        if node.get("attachedToRef") == host and property_of(node, "deadlineKind")
    ]
    if not events:
        raise CannotEdit("not_found", "amount")
    drawing = Drawing(source)
    _erase(source, drawing, _only_from(source, events))
    drawing.write(source)
    return source.done()


def remove_step(data: bytes, file: str, id: str) -> bytes:
    """The diagram without the step. A review goes with the decision that only asks what it
    said: the way on when it was agreed stays. Raises CannotEdit ``in_diagram`` where it has not
    one way out or what it says is asked elsewhere."""
    source = Source(data, file)
    drawing = Drawing(source)
    node = source.node(id)
    last, gone = node, [id]
    out = _out(source, id)
    if len(out) != 1:
        raise CannotEdit("in_diagram")
    gate = source.node(out[0].get("targetRef"))
    if gate.name == "exclusiveGateway" and len(_into(source, gate.id)) == 1:
        agreed = [
            flow for flow in _out(source, gate.id)
            if f'{id}.decision = "approve"' in _condition(flow)
        ]  # fmt: skip
        asked = [flow for flow in _out(source, gate.id) if _asks(_condition(flow), id)]
        if len(agreed) == 1 and len(asked) == len(
            [flow for flow in _out(source, gate.id) if _condition(flow)]
        ):
            last, gone, out = gate, [id, gate.id], agreed
    target = out[0].get("targetRef")
    if target in gone or target == "":
        raise CannotEdit("in_diagram")
    events = [one.id for one in source.root.walk() if one.get("attachedToRef") == id]
    all_gone = _only_from(source, [*gone, *events], keep={target})
    _require_unasked(source, id, all_gone)
    _reconnect(source, drawing, id, last.id, out[0], target)
    _erase(source, drawing, all_gone, keep_flows={flow.id for flow in _into(source, id)})
    for other in source.root.walk():
        item = property_node(other, "notSameAs") if other.id else None
        if item is not None and id in item.get("value").split() and other.id not in all_gone:
            rest = [one for one in item.get("value").split() if one != id]
            set_property(source, other, "notSameAs", " ".join(rest))
    drawing.write(source)
    return source.done()


def _require_unasked(source: Source, id: str, gone: set[str]) -> None:
    nodes = [node for node in source.root.walk() if not _within(node, gone)]
    if any(_asks(text, id) for text in _texts(nodes)):
        raise CannotEdit("asked_elsewhere")


def _texts(nodes: Iterable[Node]) -> Iterable[str]:
    for node in nodes:
        if node.name in ("conditionExpression", "timeDate", "timeDuration", "timeCycle"):
            yield node.text
        elif node.name in ("in", "out"):
            yield node.get("sourceExpression") or node.get("source")


def _asks(text: str, id: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(id)}\b", text) is not None


def _within(node: Node, gone: set[str]) -> bool:
    at: Node | None = node
    while at is not None:
        if at.id in gone or at.get("sourceRef") in gone:
            return True
        at = at.parent
    return False


def _reconnect(
    source: Source, drawing: Drawing, id: str, last: str, out: Node, target: str
) -> None:
    """Every flow that led to the step leads to what followed."""
    coming = [flow for flow in _into(source, id) if flow.get("sourceRef") != last]
    if not coming:
        raise CannotEdit("in_diagram")
    before = faults(drawing)
    refs = [one for one in source.node(target).of("incoming") if one.text.strip() == out.id]
    for n, flow in enumerate(coming):
        source.set(flow, "targetRef", target)
        edge, onward = drawing.edges.get(flow.id), drawing.edges.get(out.id)
        if edge is None or onward is None:
            raise CannotEdit("in_diagram")
        drawing.facts.ends[flow.id] = (flow.get("sourceRef"), target)
        joined = _joined(edge, onward)
        trial = drawing.copy()
        for gone in (id, last, out.id):
            trial.erase(gone)
        if joined is not None:
            trial.edges[flow.id].points = joined
        if joined is None or faults(trial) - before:
            found = route(trial, flow.get("sourceRef"), target, flow.id)
            if found is None:
                raise CannotEdit("no_room")
            joined = found
        drawing.edges[flow.id].points = joined
        if refs and n == 0:
            source.set_text(refs[0], flow.id)
    if refs and len(coming) > 1:
        tag = source.tag(refs[0].space, "incoming")
        source.after(refs[0], *(f"<{tag}>{flow.id}</{tag}>" for flow in coming[1:]))


def _joined(edge: Edge, onward: Edge) -> list[tuple[float, float]] | None:
    """Both lines as one, where they are in one line through the step."""
    a, b = edge.points[-2:]
    c, d = onward.points[:2]
    if a[1] == b[1] == c[1] == d[1] or a[0] == b[0] == c[0] == d[0]:
        return [*edge.points[:-1], *onward.points[1:]]
    return None


def _only_from(source: Source, ids: Iterable[str], keep: Iterable[str] = ()) -> set[str]:
    """The nodes given and all that only they lead to."""
    gone, kept = set(ids), set(keep)
    todo = list(gone)
    while todo:
        at = todo.pop()
        for flow in _out(source, at):
            there = flow.get("targetRef")
            if there in gone or there in kept:
                continue
            if all(other.get("sourceRef") in gone for other in _into(source, there)):
                gone.add(there)
                todo.append(there)
        for node in source.root.walk():
            if node.get("attachedToRef") == at and node.id not in gone:
                gone.add(node.id)
                todo.append(node.id)
    return gone


def _erase(
    source: Source, drawing: Drawing, gone: set[str], keep_flows: Iterable[str] = ()
) -> None:
    kept = set(keep_flows)
    flows = {
        node.id: node
        for node in source.root.walk()
        if node.name == "sequenceFlow"
        and (node.get("sourceRef") in gone or node.get("targetRef") in gone)
        and not (node.id in kept and node.get("sourceRef") not in gone)
    }
    for id in gone:
        source.remove(source.node(id))
        drawing.erase(id)
    for id, flow in flows.items():
        drawing.erase(id)
        source.remove(flow)
    for node in source.root.walk():
        text = node.text.strip()
        if node.name == "flowNodeRef" and text in gone:
            source.remove(node)
        if (
            node.name in ("incoming", "outgoing")
            and text in flows
            and node.parent is not None
            and node.parent.id not in gone
            and not _renamed(source, node)
        ):
            source.remove(node)


def _renamed(source: Source, node: Node) -> bool:
    """Whether the reference is being given another text already."""
    return any(start == node.open_end and end == node.close for start, end, _ in source.changes)


def _out(source: Source, id: str) -> list[Node]:
    return [n for n in source.root.walk() if n.name == "sequenceFlow" and n.get("sourceRef") == id]


def _into(source: Source, id: str) -> list[Node]:
    return [n for n in source.root.walk() if n.name == "sequenceFlow" and n.get("targetRef") == id]


def _condition(flow: Node) -> str:
    node = flow.first("conditionExpression")
    return node.text.strip() if node is not None else ""
