"""The sequence flows of a file, and the nodes that name them."""

from __future__ import annotations

from workflows.edits.refusal import CannotEdit
from workflows.edits.steps import fresh
from workflows.edits.tree import BPMN, Node, Source


def flow_id(source: Source, start: str, end: str, *taken: str) -> str:
    """``start__end``, as flows are called here."""
    return fresh({*source.names, *taken}, f"{start}__{end}")


def only_flow(source: Source, id: str, *, into: bool) -> Node:
    """The one flow into a node, or out of it. Raises CannotEdit ``in_diagram`` for several."""
    end = "targetRef" if into else "sourceRef"
    found = [n for n in source.root.walk() if n.name == "sequenceFlow" and n.get(end) == id]
    if len(found) != 1:
        raise CannotEdit("in_diagram")
    return found[0]


def behind(source: Source, node: Node) -> Node:
    """The last of a node and the boundary events written right after it."""
    parent = node.parent
    assert parent is not None
    at = parent.children.index(node)
    while at + 1 < len(parent.children) and (
        parent.children[at + 1].get("attachedToRef") == node.id
    ):
        at += 1
    return parent.children[at]


def arrive(source: Source, id: str, flow: str) -> None:
    """Name a flow among those that lead to a node, where the file names them."""
    node = source.node(id)
    there = list(node.of("incoming"))
    if there:
        tag = source.tag(BPMN, "incoming")
        source.after(there[-1], f"<{tag}>{flow}</{tag}>")


def leave(source: Source, id: str, flow: str) -> None:
    """Name a flow among those that come from a node."""
    node = source.node(id)
    there = list(node.of("outgoing")) or list(node.of("incoming"))
    if there:
        tag = source.tag(BPMN, "outgoing")
        source.after(there[-1], f"<{tag}>{flow}</{tag}>")
