"""Who does a step: its candidate group, and the lane that says whose steps it holds."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.edits.extension import property_of, set_property
from workflows.edits.tree import CAMUNDA, Node, Source


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane and the roles (keys of ``[roles]``) whose steps stand in it."""

    node: Node
    roles: tuple[str, ...]
    holds: frozenset[str]


def lanes(source: Source) -> list[Lane]:
    """The innermost lanes of the file's process."""
    found = []
    for node in source.root.walk():
        if node.name != "lane" or node.first("childLaneSet") is not None:
            continue
        holds = frozenset(one.text.strip() for one in node.of("flowNodeRef"))
        found.append(Lane(node, tuple(property_of(node, "roles").split()), holds))
    return found


def lane_of(source: Source, id: str) -> Lane | None:
    """The lane a node stands in, through the sub-processes it is in."""
    there = lanes(source)
    node: Node | None = source.node(id)
    while node is not None:
        for lane in there:
            if node.id and node.id in lane.holds:
                return lane
        node = node.parent
    return None


def admit(source: Source, lane: Lane | None, role: str) -> bool:
    """Name the role among the lane's; whether that was needed."""
    if lane is None or not lane.roles or role in lane.roles:
        return False
    set_property(source, lane.node, "roles", " ".join((*lane.roles, role)))
    return True


def assign(source: Source, id: str, role: str) -> None:
    """Let one role take the task, nobody else."""
    node = source.node(id)
    source.set(node, "candidateGroups", role, CAMUNDA)
    for other in ("candidateUsers", "assignee"):
        written = source.tag(CAMUNDA, other)
        if written in node.values:
            source.unset(node, written)
