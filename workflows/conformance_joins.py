"""When a join may go on: a parallel one with a token on every flow, an inclusive one when no other
token of its scope can still come by an empty flow (BPMN 2.0.2, 13.4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from workflows.conformance_graph import Node
from workflows.conformance_marking import Join, Within, static

if TYPE_CHECKING:
    from workflows.conformance_tokens import Tokens


def count(held: Counter[str]) -> tuple[tuple[str, int], ...]:
    """As `Join.held`."""
    return tuple(sorted((flow, n) for flow, n in held.items() if n > 0))


def lacks(join: Join, node: Node) -> set[str]:
    """Ids of its empty flows."""
    return set(node.ins) - {flow for flow, _ in join.held}


def may_come(tokens: Tokens, join: Join, node: Node, *, sure: bool) -> str:
    """The path of a token that could still come by an empty flow of an inclusive join and by none
    that has one, "" if there is none. A clock that interrupts nothing may have rung before: it
    counts unless ``sure``."""
    empty = lacks(join, node)
    held = set(node.ins) - empty
    for path, reached in _ahead(tokens, join, sure):
        if reached & empty and not reached & held:
            return path
    return ""


def _ahead(tokens: Tokens, join: Join, sure: bool) -> Iterator[tuple[str, Set[str]]]:
    """What else is in the scope, with the flows into the gateway it can still take."""
    marking = tokens.marking
    graph, gateway = marking.graph, static(join.path)
    for (path, _), token in marking.under_way.items():
        if token.within == join.within:
            yield path, graph.into(static(path), gateway)
            yield from _events(tokens, path, gateway, sure)
    for other in marking.joins:
        if other.within == join.within and other.path != join.path:
            yield other.path, graph.into(static(other.path), gateway)
    for (path, _), within in marking.races.items():
        if within == join.within:
            for _flow, target in graph.nodes[static(path)].outs:
                yield path, graph.into(target, gateway)
    for one in tokens.later:
        if one.within == join.within:
            own = frozenset({one.flow} if static(one.path) == gateway else ())
            yield one.path, own or graph.into(static(one.path), gateway)
            yield from _events(tokens, one.path, gateway, sure)


def _events(
    tokens: Tokens, path: str, gateway: str, sure: bool
) -> Iterator[tuple[str, frozenset[str]]]:
    graph = tokens.marking.graph
    for event in graph.boundaries.get(static(path), ()):
        if not sure or event.interrupting or event.event != "timer":
            yield path, graph.into(event.path, gateway)


def within_of(within: Within, scope: Within) -> bool:
    """Whether something stands in a scope, at any depth."""
    return within[: len(scope)] == scope
