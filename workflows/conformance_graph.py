"""A version's diagrams as the replay needs them: which element leads where, what stands in what.

Made from the catalogue alone; nothing of the engine is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from workflows.catalogue import Catalogue, Place
from workflows.diagram import SUB_PROCESSES, FlowNode

Repeat = Literal["", "parallel", "sequential", "loop"]


@dataclass(eq=False, slots=True)
class Node:
    """An element in its place. ``path`` is its static path, ``scope`` that of what it stands in
    ("" for the plan's own process). ``outs`` are the flows out of it as (flow id, static path of
    the target), in the order of the file; ``ins`` the ids of the flows into it. ``raced``: it
    waits behind an event-based gateway. ``skippable``: a loop tested before its first turn.
    ``ends_early``: a multi-instance with a condition that ends it before all have ended."""

    path: str
    kind: str
    event: str
    scope: str
    outs: tuple[tuple[str, str], ...] = ()
    ins: tuple[str, ...] = ()
    host: str = ""
    interrupting: bool = True
    triggered: bool = False
    raced: bool = False
    repeat: Repeat = ""
    skippable: bool = False
    ends_early: bool = False

    @property
    def holds(self) -> bool:
        """Whether a scope opens inside it."""
        return self.kind in SUB_PROCESSES or self.kind == "callActivity"

    @property
    def chooses(self) -> bool:
        """Whether it takes some of its flows, by conditions."""
        return self.kind in ("exclusiveGateway", "inclusiveGateway") and len(self.outs) > 1

    @property
    def joins(self) -> bool:
        """Whether it waits for tokens from several flows."""
        return self.kind in ("parallelGateway", "inclusiveGateway") and len(self.ins) > 1


@dataclass(eq=False)
class Graph:
    """``nodes`` by static path; ``starts`` are the start events a token begins at, by scope;
    ``triggers`` the start events of event sub-processes."""

    nodes: dict[str, Node]
    starts: dict[str, tuple[str, ...]]
    _reached: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """Static paths of the start events of event sub-processes."""
        return frozenset(
            start
            for scope, starts in self.starts.items()
            if scope and self.nodes[scope].triggered
            for start in starts
        )

    def into(self, source: str, gateway: str) -> frozenset[str]:
        """Ids of the flows into ``gateway`` that a token at ``source`` may still take."""
        key = (source, gateway)
        if key not in self._reached:
            # Events on the source itself may have happened already: only its own flows count.
            found, seen = set[str](), {source}
            ahead = list(self.nodes[source].outs)
            while ahead:
                flow, target = ahead.pop()
                if target == gateway:
                    found.add(flow)
                elif target not in seen:
                    seen.add(target)
                    ahead += self._onwards(target)
            self._reached[key] = frozenset(found)
        return self._reached[key]

    def _onwards(self, path: str) -> Iterator[tuple[str, str]]:
        yield from self.nodes[path].outs
        for node in self.boundaries.get(path, ()):
            yield from node.outs

    @cached_property
    def boundaries(self) -> dict[str, tuple[Node, ...]]:
        """Boundary events by the path of their host."""
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.nodes.values():
            if node.host:
                found[node.host] = (*found.get(node.host, ()), node)
        return found


def graph_of(read: Catalogue) -> Graph:
    """The graph of a catalogue."""
    nodes: dict[str, Node] = {}
    starts: dict[str, tuple[str, ...]] = {}
    for place in read.root.walk():
        raced = {
            flow.target
            for flow in place.scope.flows
            if place.scope.nodes[flow.source].kind == "eventBasedGateway"
        }
        for one in place.scope.nodes.values():
            node = _node(place, one)
            node.raced = one.id in raced
            nodes[node.path] = node
        starts[place.path] = tuple(place.path_of(id) for id in _begins(place))
    return Graph(nodes, starts)


def _begins(place: Place) -> list[str]:
    events = [one for one in place.scope.nodes.values() if one.kind == "startEvent"]
    plain = [one.id for one in events if not one.event_definitions]
    return plain or [one.id for one in events[:1]]


def _node(place: Place, one: FlowNode) -> Node:
    scope = place.scope
    outs = tuple((flow.id, place.path_of(flow.target)) for flow in scope.outgoing(one.id))
    repeat: Repeat = ""
    skippable = ends_early = False
    if one.loop is not None:
        ends_early = one.loop.find("{*}completionCondition") is not None
        if str(one.loop.tag).endswith("}standardLoopCharacteristics"):
            repeat = "loop"
            skippable = one.loop.get("testBefore") == "true"
        else:
            repeat = "sequential" if one.loop.get("isSequential") == "true" else "parallel"
    return Node(
        path=place.path_of(one.id),
        kind=one.kind,
        event=one.event,
        scope=place.path,
        outs=outs,
        ins=tuple(flow.id for flow in scope.incoming(one.id)),
        host=place.path_of(one.attached_to) if one.attached_to else "",
        interrupting=one.interrupting,
        triggered=one.triggered,
        repeat=repeat,
        skippable=skippable,
        ends_early=ends_early,
    )
