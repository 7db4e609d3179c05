"""What begins without a flow that leads to it, and what ends others: boundary events, event
sub-processes, the first of several events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflows.conformance_choices import Choices
from workflows.conformance_graph import Node
from workflows.conformance_joins import within_of
from workflows.conformance_marking import Key, Marking, Unfit, Within, prefix_of, static
from workflows.conformance_tokens import Tokens


@dataclass(slots=True)
class Cause:
    """What ends others: the element ``host`` and what is in it (of a multi-instance ``body``: only
    that), or everything in ``scope`` but for ``spared`` and what is in it."""

    host: Key | None = None
    body: bool = False
    scope: Within = ()
    spared: Key | None = None

    def covers(self, key: Key, within: Within) -> bool:
        """Whether it ends the element that stands there."""
        if self.host is not None:
            return self.host in within or (key == self.host and not self.body)
        spared = self.spared is not None and (key == self.spared or self.spared in within)
        return within_of(within, self.scope) and not spared


class Begun(Tokens):
    """The tokens of one act, with what has been ended in it."""

    def __init__(
        self,
        marking: Marking,
        steps: list[tuple[str, str, int]],
        flows: Sequence[str],
        choices: Choices,
        decided: Mapping[str, Sequence[tuple[str, ...]]],
    ) -> None:
        super().__init__(marking, steps, flows, choices, decided)
        self.cancelled: list[tuple[Key, Within]] = []
        self.completed: list[tuple[Key, Within]] = []
        #: Cancelled hosts that a boundary event has answered for.
        self.struck: set[Key] = set()
        self.causes: list[Cause] = []
        #: Errors and escalations caught: (the event's path, the host, which of both).
        self.caught: list[tuple[str, Key, str]] = []
        #: How often an event has happened in this act, by its path and by where. What all hear
        #: happens once to each: the likeliest is where it has not happened yet.
        self.heard: Counter[tuple[str, Key | Within]] = Counter()

    def _reach(self, key: Key, node: Node) -> None:
        """An element that ends in the moment it is entered, without a flow having led there."""
        marking, (path, _), around = self.marking, key, prefix_of(key[0])
        if node.host:
            self._strike(path, around + node.host.rpartition("/")[2], node)
        elif node.raced:
            self._race_won(path, node)
        elif static(path) in marking.graph.triggers:
            self._happens(around[:-1])
        if key not in marking.under_way:
            known = any(other == path for (other, _), _ in marking.all())
            raise Unfit("other_round" if known else "not_reached", path)

    def _strike(self, path: str, host: str, node: Node) -> None:
        """A boundary event: one that interrupts comes after its host was cancelled."""
        hosts = [one for one in self.cancelled if one[0][0] == host]
        if node.interrupting:
            hosts.sort(key=lambda one: one[0] in self.struck)
        else:
            open_ = [(k, t.within) for k, t in self.marking.under_way.items() if k[0] == host]
            hosts = [*open_, *(one for one in self.completed if one[0][0] == host), *hosts]
        if not hosts:
            raise Unfit("host_not_open", path, host)
        if not node.interrupting:
            hosts.sort(key=lambda one: self.heard[path, one[0]])
        if node.event in ("error", "escalation"):
            key, within = self.choices.pick(hosts)
            self.caught.append((path, key, node.event))
        else:  # which of two hosts that stand in the same it was makes no difference
            first: dict[Within, tuple[Key, Within]] = {}
            for one in hosts:
                first.setdefault(one[1], one)
            key, within = self.choices.pick(list(first.values()))
        self.heard[path, key] += 1
        if node.interrupting:
            self.struck.add(key)
            self.causes.append(Cause(host=key))
        self._put(path, "", within)

    def _happens(self, path: str) -> None:
        """An event sub-process begins: its scope must be open."""
        marking, around = self.marking, prefix_of(path)[:-1]
        scopes: Iterable[Within] = [()]
        if around:
            scopes = [(*t.within, k) for k, t in marking.under_way.items() if k[0] == around]
        if not scopes:
            raise Unfit("host_not_open", path, around)
        scope = self.choices.pick(sorted(scopes, key=lambda one: self.heard[path, one]))
        self.heard[path, scope] += 1
        key = self._put(path, "", scope)
        starts = marking.graph.starts[static(path)]
        if any(marking.graph.nodes[start].interrupting for start in starts):
            self.causes.append(Cause(scope=scope, spared=key))
            self._forget(scope=scope, spared=key)
        self.begin(key, scope)

    def _race_won(self, path: str, node: Node) -> None:
        marking, around = self.marking, prefix_of(path)
        found: dict[tuple[Within, str], Key] = {}
        for key, within in marking.races.items():
            if prefix_of(key[0]) == around:
                for flow, target in marking.graph.nodes[static(key[0])].outs:
                    if target == node.path:
                        found.setdefault((within, flow), key)
        if found:
            (within, flow), key = self.choices.pick(list(found.items()))
            del marking.races[key]
            self._take(flow, path)
            self._put(path, flow, within)

    def _forget(
        self, *, key: Key | None = None, scope: Within = (), spared: Key | None = None
    ) -> None:
        """What is on its way, or races, in something that has been ended: it leaves no trace."""

        def gone(within: Within) -> bool:
            if key is not None:
                return key in within
            return within_of(within, scope) and (spared is None or spared not in within)

        self.later = [one for one in self.later if not gone(one.within)]
        for race in [one for one, within in self.marking.races.items() if gone(within)]:
            del self.marking.races[race]
