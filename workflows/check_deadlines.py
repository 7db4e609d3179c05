"""A deadline nobody above hears of when it passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workflows import diagram
from workflows.catalogue import Catalogue, Place
from workflows.check_walk import named
from workflows.contract import Element
from workflows.findings import Findings

_ACTS: Final = frozenset({"serviceTask", "callActivity", "sendTask"})


def check(catalogue: Catalogue, found: Findings) -> None:
    """Adds the warning ``due_without_escalation``."""
    elements = catalogue.elements
    escalated = {e.attached_to for e in elements.values() if e.deadline_kind == "escalate"}
    onward: dict[tuple[str, ...], bool] = {}
    for place in catalogue.root.walk():
        for node in place.scope.nodes.values():
            due = elements[place.path_of(node.id)]
            if due.kind != "boundaryEvent" or due.deadline_kind != "due":
                continue
            if any(host in escalated for host in _around(due.attached_to)):
                continue
            targets = [flow.target for flow in place.scope.outgoing(node.id)]
            key = (place.path, due.attached_to, str(due.interrupting), *targets)
            if key not in onward:
                onward[key] = _acted_on(catalogue, place, due, targets)
            if not onward[key]:
                host = elements.get(due.attached_to, due)
                found.warning(
                    "due_without_escalation", catalogue.file_of(due), due.id, **named("task", host)
                )


def _around(path: str) -> Iterator[str]:
    """An element and all it stands in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _acted_on(catalogue: Catalogue, place: Place, due: Element, targets: list[str]) -> bool:
    """Whether the deadline's own way leads to somebody else (an interrupting one: to anybody)."""
    host = catalogue.elements.get(due.attached_to)
    held = set(host.candidate_groups) if host is not None else set()
    waiting, seen = list(targets), set[str]()
    while waiting:
        here = waiting.pop()
        node = place.scope.nodes.get(here)
        if node is None or here in seen:
            continue
        seen.add(here)
        if node.kind == "userTask":
            groups = set(catalogue.elements[place.path_of(here)].candidate_groups)
            if due.interrupting or not groups <= held:
                return True
        if node.kind in _ACTS or node.kind in diagram.SUB_PROCESSES:
            return True
        if node.event in ("message", "signal", "escalation", "error"):
            return True
        waiting += [flow.target for flow in place.scope.outgoing(here)]
    return False
