"""The ways through a plan, called processes and sub-processes put in place.

An edge leads from an element to what may come next: along a sequence flow, into a call or a
sub-process, out of its end to what follows it, and to the boundary events that may strike
meanwhile. What may strike anywhere inside a scope hangs on a node of its own (`_inside`), which
every element of the scope leads to: a path, not an element.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field

from workflows.catalogue import Catalogue, Place, PlacedFlow
from workflows.contract import Element
from workflows.diagram import FlowNode

#: Events that end a scope by going up instead of on.
_THROWN = frozenset({"error", "escalation", "terminate"})


@dataclass(slots=True)
class Walk:
    """``next`` and ``before`` are edges by path. ``joins`` are parallel gateways and the elements
    that must all have been passed before each."""

    next: Mapping[str, Collection[str]]
    before: Mapping[str, Collection[str]]
    joins: Mapping[str, frozenset[str]]
    flows: Mapping[str, list[PlacedFlow]] = field(default_factory=dict)  # by source
    start: str = ""

    def reach(self, seeds: Iterable[str], *, not_past: Set[str] = frozenset()) -> set[str]:
        """What may be reached from ``seeds`` (with them). One of ``not_past`` is reached, but
        nothing through it. A join counts once all its branches that can be reached from there at
        all are."""
        waiting = list(seeds)
        free = self._all(waiting) if not_past else None
        reached: set[str] = set()
        while waiting:
            here = waiting.pop()
            if here in reached:
                continue
            needed = self.joins.get(here)
            if needed and free is not None and not (needed & free) <= reached - not_past:
                continue
            reached.add(here)
            if here not in not_past:
                waiting.extend(self.next.get(here, ()))
        return reached

    def back(self, seed: str, *, not_past: Set[str] = frozenset()) -> set[str]:
        """What may come before ``seed``; nothing behind one of ``not_past``."""
        waiting, reached = list(self.before.get(seed, ())), set[str]()
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                if here not in not_past:
                    waiting.extend(self.before.get(here, ()))
        return reached

    def _all(self, seeds: Iterable[str]) -> set[str]:
        waiting, reached = list(seeds), set[str]()
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting.extend(self.next.get(here, ()))
        return reached


def walk(catalogue: Catalogue) -> Walk:
    """The whole plan's ways, each place of a called process by itself."""
    edges: dict[str, dict[str, None]] = defaultdict(dict)  # dicts, for a steady order
    joins: dict[str, frozenset[str]] = {}
    flows: dict[str, list[PlacedFlow]] = defaultdict(list)
    for flow in catalogue.flows.values():
        flows[flow.source].append(flow)
    for place in catalogue.root.walk():
        _place(place, edges, joins)
    before: dict[str, dict[str, None]] = defaultdict(dict)
    for source, targets in edges.items():
        for target in targets:
            before[target][source] = None
    start = next((n.id for n in catalogue.root.scope.nodes.values() if n.kind == "startEvent"), "")
    return Walk(edges, before, joins, flows, start)


def named(key: str, element: Element | FlowNode) -> dict[str, str]:
    """An element's name as arguments of a finding, in both languages; its id where it has none."""
    name = element.name or element.id
    english = element.name_en if isinstance(element, Element) else element.properties.get("name.en")
    return {key: name, f"{key}_en": english or name}


def _inside(place: Place) -> str:
    """The node for "somewhere inside"; no element's path begins with a space."""
    return f" {place.path}"


def _place(
    place: Place, edges: dict[str, dict[str, None]], joins: dict[str, frozenset[str]]
) -> None:
    scope = place.scope
    inner = {inside.path: inside for inside in place.inner}
    hub = _inside(place)
    if place.parent is not None:
        edges[hub][_inside(place.parent)] = None
        for event in place.parent.scope.boundaries(place.path.rpartition("/")[2]):
            edges[hub][place.parent.path_of(event.id)] = None
    for node in scope.nodes.values():
        path = place.path_of(node.id)
        inside = inner.get(path)
        edges[path][hub] = None
        if node.triggered:
            edges[hub][path] = None
        for event in scope.boundaries(node.id):
            edges[path][place.path_of(event.id)] = None
        onward = [place.path_of(flow.target) for flow in scope.outgoing(node.id)]
        if inside is None:
            edges[path].update(dict.fromkeys(onward))
            continue
        for held in inside.scope.nodes.values():
            if held.kind == "startEvent":
                edges[path][inside.path_of(held.id)] = None
            elif held.kind == "endEvent" and held.event not in _THROWN - {"terminate"}:
                edges[inside.path_of(held.id)].update(dict.fromkeys(onward))
    for node in scope.nodes.values():
        if node.kind == "parallelGateway" and len(scope.incoming(node.id)) > 1:
            joins[place.path_of(node.id)] = frozenset(
                place.path_of(flow.source) for flow in scope.incoming(node.id)
            )
