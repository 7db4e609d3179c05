"""In which order a plan's elements are told, and under which numbers.

A process is told from its start along its sequence flows: what follows an element stands after
it (loops aside), the branches of a choice one after the other, what a timer leads to right after
the step it watches over. Called processes are parts with letters, each told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.plan_reach import Reach
from workflows.catalogue import Catalogue, Place, bindings
from workflows.diagram import ACTIVITIES, FlowNode, Scope, camunda, words

_CHOICES: Final = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})
_MIDDLE: Final = frozenset({"intermediateCatchEvent", "intermediateThrowEvent"})


@dataclass(eq=False, slots=True)
class Told:
    """A scope as it is told: its nodes in order, and in how many places it stands."""

    scope: Scope
    places: list[Place]
    order: list[FlowNode]
    prefix: str


@dataclass(eq=False, slots=True)
class Numbering:
    """``number`` by (scope, node id) of what has a number of its own; ``rank`` its place in
    reading order. ``letters`` by process id; "" is the plan's own."""

    read: Catalogue
    manifest: Mapping[str, Any]
    told: dict[int, Told] = field(default_factory=dict)
    number: dict[tuple[int, str], str] = field(default_factory=dict)
    rank: dict[str, int] = field(default_factory=dict)
    letters: dict[str, str] = field(default_factory=dict)
    _reach: Reach = field(default_factory=Reach)

    def __post_init__(self) -> None:
        places: dict[int, list[Place]] = {}
        for place in self.read.root.walk():
            places.setdefault(id(place.scope), []).append(place)
        waiting = [(self.read.process_id, self.read.root)]
        self.letters[self.read.process_id] = ""
        while waiting:
            process_id, place = waiting.pop(0)
            for called, inside in self._tell(place, self.letters[process_id], places):
                if called not in self.letters:
                    self.letters[called] = _letter(len(self.letters) - 1)
                    waiting.append((called, inside))

    def _tell(
        self, place: Place, prefix: str, places: Mapping[int, list[Place]]
    ) -> Iterator[tuple[str, Place]]:
        """Number one scope and the groups within it; yields the processes called, in order."""
        order = ordered(place.scope)
        self.told[id(place.scope)] = Told(place.scope, places[id(place.scope)], order, prefix)
        inner = {inside.path: inside for inside in place.inner}
        count = 0
        for node in order:
            if not numbered(node):
                continue
            count += 1
            number = f"{prefix}{count}"
            self.number[id(place.scope), node.id] = number
            self.rank[number] = len(self.rank)
            inside = inner.get(place.path_of(node.id))
            if inside is None:
                continue
            if inside.call is not None:
                yield inside.call.process_id, inside
            else:
                yield from self._tell(inside, f"{number}.", places)

    def of_path(self, path: str) -> str:
        """The number of the element at a path, "" where it has none of its own."""
        for place in self.read.root.walk():
            head, _, last = path.rpartition("/")
            if place.path == head and last in place.scope.nodes:
                return self.number.get((id(place.scope), last), "")
        return ""

    def caller(self, place: Place) -> str:
        """The number of the step that calls the process ``place`` stands in, "" for none."""
        around: Place | None = place
        while around is not None and around.call is None:
            around = around.parent
        if around is None or around.parent is None:
            return ""
        _, _, last = around.path.rpartition("/")
        return self.number.get((id(around.parent.scope), last), "")

    def alive(self, place: Place) -> frozenset[str]:
        """Ids of the nodes a case can come to in this place (`services.plan_reach`)."""
        return self._reach.alive(place)

    def plan_role(self, place: Place, key: str) -> str:
        """The key of the plan's ``[roles]`` that a role key written in ``place`` means, calls
        that bind it anew taken into account."""
        around: Place | None = place
        while around is not None:
            if around.call is not None and around.parent is not None:
                _, _, last = around.path.rpartition("/")
                call = around.parent.scope.nodes[last]
                key = call.properties.get(f"role.{key}", key)
            around = around.parent
        return key

    def roles(self, place: Place, node: FlowNode) -> tuple[str, ...]:
        """Keys of the plan's roles that may do the task."""
        named = words(camunda(node.node, "candidateGroups"))
        if named:
            return tuple(dict.fromkeys(self.plan_role(place, key) for key in named))
        bound = bindings(self.manifest)
        groups = self.read.elements[place.path_of(node.id)].candidate_groups
        return tuple(
            next((key for key, role in bound.items() if role == group), group) for group in groups
        )


def mainline(scope: Scope) -> frozenset[str]:
    """Ids of the nodes the work itself comes to: not those only a timer or message beside it
    leads to."""
    todo = [node.id for node in scope.nodes.values() if node.kind == "startEvent"]
    seen = set(todo)
    while todo:
        id = todo.pop()
        breaks = [one.id for one in scope.boundaries(id) if one.interrupting]
        for target in (*(flow.target for flow in scope.outgoing(id)), *breaks):
            if target in scope.nodes and target not in seen:
                seen.add(target)
                todo.append(target)
    return frozenset(seen)


def numbered(node: FlowNode) -> bool:
    """Whether the node has a number of its own: work, waits, and choices that several ways lead
    to (a choice only one step leads to is told with that step)."""
    if node.kind in ACTIVITIES or node.kind in _MIDDLE:
        return True
    scope = node.scope
    if node.kind in _CHOICES and len(scope.outgoing(node.id)) > 1:
        sources = [scope.nodes.get(flow.source) for flow in scope.incoming(node.id)]
        return len(sources) != 1 or sources[0] is None or sources[0].kind == "startEvent"
    return False


def ordered(scope: Scope) -> list[FlowNode]:
    """The scope's nodes as they are told."""
    nodes = scope.nodes
    starts = [node for node in nodes.values() if node.kind == "startEvent"]
    watches = [node for node in nodes.values() if node.triggered]
    finished: list[FlowNode] = []
    seen: set[str] = set()
    for root in reversed([*starts, *watches, *nodes.values()]):
        if root.id in seen or (root not in starts and _led_to(root) and not root.triggered):
            continue
        _walk(root, seen, finished)
    for node in nodes.values():  # circles that nothing leads into
        if node.id not in seen:
            _walk(node, seen, finished)
    return finished[::-1]


def _walk(root: FlowNode, seen: set[str], finished: list[FlowNode]) -> None:
    """Depth first, last way first: ``finished`` backwards is the order of reading."""
    seen.add(root.id)
    todo = [(root, iter(_ways(root)))]
    while todo:
        node, ways = todo[-1]
        target = next((way for way in ways if way.id not in seen), None)
        if target is None:
            todo.pop()
            finished.append(node)
        else:
            seen.add(target.id)
            todo.append((target, iter(_ways(target))))


def _ways(node: FlowNode) -> list[FlowNode]:
    scope = node.scope
    ahead = [scope.nodes[f.target] for f in scope.outgoing(node.id) if f.target in scope.nodes]
    return [*scope.boundaries(node.id), *ahead][::-1]


def _led_to(node: FlowNode) -> bool:
    return bool(node.scope.incoming(node.id)) or bool(node.attached_to)


def _letter(index: int) -> str:
    """A, B, ... Z, AA, ..."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text
