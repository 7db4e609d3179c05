"""The tokens of a replay: what is open on the diagram.

An element under way is known by its path (with the index in a multi-instance) and its round.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.conformance_graph import Graph, Node

Key = tuple[str, int]
_INDEX = re.compile(r"\[\d+\]")


class Unfit(Exception):
    """The diagram does not allow it. ``path`` is the element, ``code`` why."""

    def __init__(self, code: str, path: str = "", detail: str = "") -> None:
        self.code, self.path, self.detail = code, path, detail
        super().__init__(f"{code} {path} {detail}")


def static(path: str) -> str:
    """``call[2]/ask[0]`` -> ``call/ask``."""
    return _INDEX.sub("", path) if "[" in path else path


def parse(step: str) -> tuple[str, str, int]:
    """A step as (sign, path, round); the sign is "", "+" or "-"."""
    sign = step[:1] if step[:1] in ("+", "-") else ""
    path, _, round_ = step[len(sign) :].partition("#")
    return sign, path, int(round_) if round_.isdigit() else 1


def prefix_of(path: str) -> str:
    """What the path of everything in the same scope begins with."""
    return path[: path.rfind("/") + 1]


@dataclass(slots=True)
class Opened:
    """``via`` is the flow it came by; ``age`` orders all entries."""

    via: str
    age: int


@dataclass(eq=False)
class Marking:
    """What is open; `conformance_walk.walk` moves it by one act."""

    graph: Graph
    under_way: dict[Key, Opened] = field(default_factory=dict)
    rounds: Counter[str] = field(default_factory=Counter)
    #: Tokens waiting at a join: flow id -> how many.
    tokens: dict[Key, Counter[str]] = field(default_factory=dict)
    #: Of joins in scopes under way more than once: tokens of none for certain, by path.
    spare: dict[str, Counter[str]] = field(default_factory=dict)
    #: Event-based gateways that still wait, by path and round -> age.
    races: dict[Key, int] = field(default_factory=dict)
    age: int = 0
    begun: bool = False
    #: Of the last act: gateway path -> the flows each pass of it took.
    taken: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def open(self) -> tuple[str, ...]:
        """Paths of what is under way, the innermost first, the oldest first among them."""
        found = sorted(
            [(-path.count("/"), one.age, path) for (path, _), one in self.under_way.items()]
            + [(-path.count("/"), age, path) for (path, _), age in self.races.items()]
        )
        return tuple(path for _, _, path in found)

    def is_open(self, path: str, round_: int) -> bool:
        """Whether that round of the element is under way."""
        return (path, round_) in self.under_way

    def waiting_tasks(self) -> Iterator[Key]:
        """The user tasks under way (of a multi-instance: its instances)."""
        for path, round_ in self.under_way:
            node = self.graph.nodes[static(path)]
            if node.kind == "userTask" and not self.is_body(path, node):
                yield path, round_

    def move(self, graph: Graph) -> None:
        """On to another version: the same elements must be there, of the same kind."""
        for path in [path for path, _ in (*self.under_way, *self.races)]:
            was, now = self.graph.nodes[static(path)], graph.nodes.get(static(path))
            if now is None or now.kind != was.kind:
                raise Unfit("not_in_version", path)
        for (path, _), held in self.tokens.items():
            ins = graph.nodes[static(path)].ins
            for flow in [flow for flow in held if flow not in ins]:
                del held[flow]
        self.graph = graph

    def decided(self, path: str, flows: tuple[str, ...]) -> None:
        """A gateway's decision on record names the flows it took in the act before."""
        taken = self.taken.get(path)
        if not taken:
            raise Unfit("not_reached", path)
        if taken[0] != flows:
            raise Unfit("decided_otherwise", path, ", ".join(taken[0]))
        del taken[0]

    def node(self, path: str) -> Node:
        """The element at a path. Raises `Unfit` for one that is not on the diagram."""
        node = self.graph.nodes.get(static(path))
        if node is None:
            raise Unfit("unknown_element", path)
        return node

    def is_body(self, path: str, node: Node) -> bool:
        return node.repeat in ("parallel", "sequential") and not path.endswith("]")

    def inside(self, path: str) -> Iterator[str]:
        """Paths under way inside a sub-process, a call or a multi-instance body."""
        for other, _ in (*self.under_way, *self.races):
            if other.startswith((f"{path}/", f"{path}[")):
                yield other

    def several(self, path: str) -> bool:
        """Whether the element, or a scope it stands in, is under way once more beside this one:
        what is inside cannot be told apart."""
        return any(other == path for other, _ in self.under_way) or self.doubled(path)

    def doubled(self, path: str) -> bool:
        """Whether a scope that the element stands in is under way more than once."""
        count = Counter(other for other, _ in self.under_way)
        parts = path.split("/")
        return any(count["/".join(parts[:n])] > 1 for n in range(1, len(parts)))
