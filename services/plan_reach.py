"""What a case can come to in a plan: steps that only a caller's literals close off are left out (a
report without a limit never comes to the escalation of one that has)."""

from __future__ import annotations

from services.plan_text_moments import constant
from workflows.catalogue import Catalogue, Place


def paths(read: Catalogue) -> frozenset[str]:
    """Paths of all elements a case can come to."""
    reach = Reach()
    return frozenset(place.path_of(id) for place in read.root.walk() for id in reach.alive(place))


class Reach:
    """Answers for one catalogue, each place worked out once."""

    def __init__(self) -> None:
        self._alive: dict[str, frozenset[str]] = {}

    def alive(self, place: Place) -> frozenset[str]:
        """Ids of the nodes a case can come to in this place."""
        if place.path not in self._alive:
            self._alive[place.path] = self._reached(place)
        return self._alive[place.path]

    def _reached(self, place: Place) -> frozenset[str]:
        if place.parent is not None:
            _, _, host = place.path.rpartition("/")
            if host not in self.alive(place.parent):
                return frozenset()
        scope = place.scope
        todo = [n.id for n in scope.nodes.values() if n.kind == "startEvent" or n.triggered]
        seen = set(todo)
        while todo:
            node = scope.nodes[todo.pop()]
            flows = scope.outgoing(node.id)
            met = {flow.id: constant(flow.condition, place) for flow in flows if flow.condition}
            certain = node.kind == "exclusiveGateway" and any(met.values())
            ways = [
                flow.target
                for flow in flows
                if met.get(flow.id) is not False and not (certain and flow.default)
            ]
            for target in (*ways, *(boundary.id for boundary in scope.boundaries(node.id))):
                if target in scope.nodes and target not in seen:
                    seen.add(target)
                    todo.append(target)
        return frozenset(seen)
