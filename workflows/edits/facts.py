"""What the elements of a BPMN file are to each other, as far as its drawing has to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from workflows.edits.tree import BPMN, Source


@dataclass(slots=True)
class Facts:
    """What the diagram's elements are: ``kinds`` by id, ``hosts`` of boundary events, ``inside``
    which sub-process each stands in, ``ends`` (source, target) of sequence flows, ``lanes`` of
    the nodes named in one."""

    kinds: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Facts:
        return Facts(
            dict(self.kinds), dict(self.hosts), dict(self.inside), dict(self.ends),
            dict(self.lanes),
        )  # fmt: skip


def facts_of(source: Source) -> Facts:
    """The facts of a file's processes."""
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
