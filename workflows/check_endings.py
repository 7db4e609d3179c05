"""Ways that can never end: from there no end event can be reached.

A way inside a sub-process that something else ends (a terminate event beside it, an interrupting
event on it or on what it stands in, an interrupting event sub-process) does end; so do called
processes of which every call is ended from outside.
"""

from __future__ import annotations

from collections.abc import Mapping

from workflows.catalogue import Catalogue, Place
from workflows.check_walk import named
from workflows.diagram import FlowNode, Scope
from workflows.findings import Findings


def check(catalogue: Catalogue, found: Findings) -> None:
    """Adds ``never_ends`` (an error), once for each such part of a diagram."""
    scopes: dict[int, Scope] = {}
    own: dict[int, bool] = {}  # by scope: something inside ends all of it
    ended: dict[str, bool] = {}  # by place
    everywhere: dict[int, bool] = {}
    for place in catalogue.root.walk():  # those around before those within
        key = id(place.scope)
        if key not in scopes:
            scopes[key] = place.scope
            own[key] = any(_ends_all(node) for node in place.scope.nodes.values())
        ended[place.path] = own[key] or _struck(place, ended)
        everywhere[key] = everywhere.get(key, True) and ended[place.path]
    for key, scope in scopes.items():
        if not everywhere[key]:
            _scope(scope, found)


def _struck(place: Place, ended: Mapping[str, bool]) -> bool:
    """Whether something outside ends the place."""
    if place.parent is None:
        return False
    host = place.path.rpartition("/")[2]
    struck = any(event.interrupting for event in place.parent.scope.boundaries(host))
    return struck or ended[place.parent.path]


def _ends_all(node: FlowNode) -> bool:
    if node.kind == "endEvent":
        return node.event in ("terminate", "error")
    return (
        node.triggered
        and node.inner is not None
        and any(n.kind == "startEvent" and n.interrupting for n in node.inner.nodes.values())
    )


def _scope(scope: Scope, found: Findings) -> None:
    ends = {
        # What lies open is a finding of its own (`dead_end`).
        node.id for node in scope.nodes.values()
        if node.kind == "endEvent" or node.triggered or not scope.outgoing(node.id)
    }  # fmt: skip
    if not any(scope.nodes[id].kind == "endEvent" for id in ends):
        return  # likewise (`end_missing`)
    waiting, ending = list(ends), set[str]()
    while waiting:
        here = waiting.pop()
        if here in ending:
            continue
        ending.add(here)
        waiting += [flow.source for flow in scope.incoming(here)]
        node = scope.nodes.get(here)
        if node is not None and node.attached_to and node.interrupting:
            waiting.append(node.attached_to)
    lost = [node for node in scope.nodes.values() if node.id not in ending]
    reached = _reached(scope)
    for node in lost:
        if node.id in reached and not any(
            flow.source in scope.nodes and flow.source not in ending
            for flow in scope.incoming(node.id)
        ):
            found.error("never_ends", scope.process.file, node.id, **named("task", node))
            return
    for node in lost:  # a ring, entered at any of its elements
        if node.id in reached and any(flow.source in ending for flow in scope.incoming(node.id)):
            found.error("never_ends", scope.process.file, node.id, **named("task", node))
            return


def _reached(scope: Scope) -> set[str]:
    waiting = [node.id for node in scope.nodes.values() if node.kind == "startEvent"]
    reached: set[str] = set()
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += [flow.target for flow in scope.outgoing(here)]
            waiting += [node.id for node in scope.boundaries(here)]
    return reached
