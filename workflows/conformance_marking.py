"""The tokens of a replay: what is open on the diagram.

An element under way is known by its path (with the index in a multi-instance) and its round, and
by what it stands in: a sub-process that is under way twice has two insides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from workflows.conformance_graph import Graph, Node

Key = tuple[str, int]
#: What something stands in, the outermost first: sub-processes, calls, multi-instance bodies.
Within = tuple[Key, ...]
_INDEX = re.compile(r"\[\d+\]")


class Unfit(Exception):
    """The diagram does not allow it. ``path`` is the element, ``code`` why; ``far`` how much of
    the act did fit (steps, flows)."""

    far = (0, 0)

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


@dataclass(frozen=True, slots=True)
class Token:
    """``via`` is the flow it came by."""

    via: str
    within: Within


@dataclass(frozen=True, slots=True)
class Join:
    """A gateway that has tokens: ``held`` are (flow, how many), in the order of their ids. Once
    it is ready what comes later opens its next round; ``ready`` is 0 (it waits), 1 (perhaps: it
    hangs on clocks that may have rung) or 2."""

    path: str
    round: int
    within: Within
    held: tuple[tuple[str, int], ...]
    ready: int = 0

    @property
    def key(self) -> Key:
        """Path and round."""
        return self.path, self.round


@dataclass(eq=False)
class Marking:
    """What is open; `conformance_walk.walk` moves it by one act."""

    graph: Graph
    under_way: dict[Key, Token] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    #: Event-based gateways that still wait.
    races: dict[Key, Within] = field(default_factory=dict)
    rounds: Counter[str] = field(default_factory=Counter)
    begun: bool = False
    #: Of the last act: gateway path -> the flows each pass of it took.
    taken: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def copy(self) -> Marking:
        """Another of the same, to be moved by itself."""
        return Marking(
            self.graph,
            dict(self.under_way),
            list(self.joins),
            dict(self.races),
            self.rounds.copy(),
            self.begun,
            {path: list(passes) for path, passes in self.taken.items()},
        )

    def same(self) -> Hashable:
        """Equal for two markings from which the record can only go on alike."""
        return (
            frozenset(self.under_way.items()),
            frozenset(Counter(self.joins).items()),
            frozenset(self.races.items()),
            frozenset(self.rounds.items()),
            tuple((path, tuple(passes)) for path, passes in sorted(self.taken.items())),
        )

    def all(self) -> Iterator[tuple[Key, Within]]:
        """All that is open, with what it stands in; the oldest first among each kind."""
        for key, token in self.under_way.items():
            yield key, token.within
        for join in self.joins:
            yield join.key, join.within
        yield from self.races.items()

    def open(self) -> tuple[str, ...]:
        """Paths of what is under way, the innermost first."""
        return tuple(sorted((path for (path, _), _ in self.all()), key=lambda p: -p.count("/")))

    def is_open(self, path: str, round_: int) -> bool:
        """Whether that round of the element is under way."""
        return (path, round_) in self.under_way

    def inside(self, key: Key) -> Iterator[str]:
        """Paths of what is open inside a sub-process, a call or a multi-instance body."""
        return (path for (path, _), within in self.all() if key in within)

    def waiting_tasks(self) -> Iterator[Key]:
        """The user tasks under way (of a multi-instance: its instances)."""
        for path, round_ in self.under_way:
            node = self.graph.nodes[static(path)]
            if node.kind == "userTask" and not self.is_body(path, node):
                yield path, round_

    def move(self, graph: Graph) -> None:
        """On to another version: the same elements must be there, of the same kind."""
        for (path, _), _within in self.all():
            was, now = self.graph.nodes[static(path)], graph.nodes.get(static(path))
            if now is None or now.kind != was.kind:
                raise Unfit("not_in_version", path)
        for n, join in enumerate(self.joins):
            ins = graph.nodes[static(join.path)].ins
            held = tuple(one for one in join.held if one[0] in ins)
            self.joins[n] = Join(join.path, join.round, join.within, held)
        self.graph = graph

    def decided(self, path: str, flows: tuple[str, ...]) -> None:
        """A gateway's decision on record names the flows it took in the act before."""
        taken = self.taken.get(path)
        if not taken:
            raise Unfit("not_reached", path)
        if taken[0] != flows:
            raise Unfit("decided_otherwise", path, ", ".join(taken[0]))
        del taken[0]

    def all_decided(self) -> None:
        """Every choice of the last act has been told as a decision."""
        for path, passes in self.taken.items():
            node = self.graph.nodes[static(path)]
            if passes and node.chooses:
                raise Unfit("not_decided", path)

    def node(self, path: str) -> Node:
        """The element at a path. Raises `Unfit` for one that is not on the diagram."""
        node = self.graph.nodes.get(static(path))
        if node is None:
            raise Unfit("unknown_element", path)
        return node

    def is_body(self, path: str, node: Node) -> bool:
        """Whether it is the body of a multi-instance rather than one of its instances."""
        return node.repeat in ("parallel", "sequential") and not path.endswith("]")
