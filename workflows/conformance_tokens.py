"""How tokens leave elements and enter others, within one act, by the record's flows.

As in the engine a token never rests on a flow: what a step leaves behind is entered at once, so the
record's flows come in exactly the order in which the elements that ended sent them; but for an
activity with boundary events, which the engine enters a moment later (`Tokens.later`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workflows.conformance_graph import Node
from workflows.conformance_marking import Key, Marking, Opened, Unfit, prefix_of, static


@dataclass(slots=True)
class Cause:
    """What ends others: everything below ``prefix``, or the element ``host`` and what is in it,
    that was open before ``age``, but for ``spared`` and what is in it."""

    age: int
    prefix: str | None = None
    host: str = ""
    spared: str = ""
    doubled: bool = False  # the scope or host is under way twice: which one cannot be told

    def covers(self, path: str) -> bool:
        if self.spared and _within(path, self.spared):
            return False
        if self.prefix is not None:
            return path.startswith(self.prefix)
        return _within(path, self.host) or path.startswith(f"{self.host}[")


def _within(path: str, of: str) -> bool:
    return path == of or path.startswith(f"{of}/")


class Tokens:
    """The tokens of one act on their way. ``at`` is the next of the record's flows, ``step`` the
    step being played."""

    def __init__(
        self, marking: Marking, steps: list[tuple[str, str, int]], flows: Sequence[str]
    ) -> None:
        self.marking = marking
        self.steps, self.flows = steps, list(flows)
        self.at = 0  # in flows
        self.step = 0
        self.entered: Counter[Key] = Counter()
        self.ended: set[str] = set()
        self.cancelled: list[tuple[Key, int]] = []
        self.causes: list[Cause] = []
        self.taken: dict[str, list[tuple[str, ...]]] = {}
        self.waits: Counter[Key] = Counter()
        #: On the way into an activity with boundary events: (flow, path, age).
        self.later: list[tuple[str, str, int]] = []

    def begin(self, scope: str) -> None:
        """A scope opens: a token on its start event."""
        for start in self.marking.graph.starts.get(static(scope), ()):
            name = start.rpartition("/")[2]
            self._put(f"{scope}/{name}" if scope else name, "")

    def _put(self, path: str, via: str) -> None:
        marking = self.marking
        marking.rounds[path] += 1
        marking.age += 1
        key = (path, marking.rounds[path])
        marking.under_way[key] = Opened(via, marking.age)
        self.entered[key] += 1

    def _holder(self, path: str) -> Key:
        """The join that a token arrives at: the one that waits there, or a new round of it. Where
        the scope is under way more than once, the record's next word of it says which."""
        marking = self.marking
        waiting = [key for key in marking.under_way if key[0] == path]
        new = (path, marking.rounds[path] + 1)
        if not waiting:
            return new
        if not marking.doubled(path):
            return waiting[0]
        ahead = ((p, r) for _, p, r in self.steps[self.step + 1 :] if p == path)
        return next((key for key in ahead if key in waiting or key == new), waiting[0])

    def _enter_one(self, path: str, flow: str) -> None:
        """One token enters an element (or one instance of it) by a flow."""
        self._take(flow, path)
        self._put(path, flow)
        node = self.marking.node(path)
        if node.holds:
            self.begin(path)

    def _arrive(self) -> None:
        """Let those on the way enter whose flow the record tells next."""
        while self.at < len(self.flows):
            told = self.flows[self.at]
            place = next((n for n, one in enumerate(self.later) if one[0] == told), None)
            if place is None:
                return
            flow, path, _ = self.later.pop(place)
            self._enter(path, flow, now=True)

    def _enter(self, path: str, flow: str, now: bool = False) -> None:
        marking, node = self.marking, self.marking.node(path)
        if node.path in marking.graph.boundaries and not now:
            marking.age += 1
            self.later.append((flow, path, marking.age))
        elif node.joins:
            self._take(flow, path)
            key = self._holder(path)
            if key in marking.under_way:
                self.entered[key] += 1
            else:
                self._put(path, flow)
            marking.tokens.setdefault(key, Counter())[flow] += 1
        elif node.repeat in ("parallel", "sequential"):
            self._take(flow, path)
            self._put(path, flow)
            most = 1 if node.repeat == "sequential" else len(self.flows)
            n = 0
            while n < most and self.flows[self.at : self.at + 1] == [flow]:
                self._enter_one(f"{path}[{n}]", flow)
                n += 1
        elif node.skippable and self.flows[self.at : self.at + 1] != [flow]:
            self._leave(path, 0, node)  # no turn at all: nothing on record
        else:
            self._enter_one(path, flow)

    def _take(self, flow: str, path: str) -> None:
        """The record's next flow must be this one."""
        if self.flows[self.at : self.at + 1] != [flow]:
            self._arrive()
        if self.flows[self.at : self.at + 1] != [flow]:
            raise Unfit("flow_missing", path, flow)
        self.at += 1

    def _instance_done(self, path: str, node: Node) -> None:
        body = path[: path.rfind("[")]
        index = int(path[path.rfind("[") + 1 : -1])
        if node.repeat != "sequential":
            return
        via = next((one.via for (p, _), one in self.marking.under_way.items() if p == body), None)
        if via is None:
            raise Unfit("not_reached", path)
        for _sign, later, _round in self.steps[self.step + 1 :]:
            if later == body:
                return
            if later == f"{body}[{index + 1}]":
                break
        if self.flows[self.at : self.at + 1] == [via]:
            self._enter_one(f"{body}[{index + 1}]", via)

    def _turns_again(self, node: Node, via: str) -> bool:
        following = self.flows[self.at : self.at + 1]
        return following == [via] and via not in {flow for flow, _ in node.outs}

    def _leave(self, path: str, round_: int, node: Node) -> None:
        marking, around = self.marking, prefix_of(path)
        if node.kind == "eventBasedGateway":
            marking.races[path, round_] = marking.age
            return
        if node.kind == "endEvent":
            if node.event == "terminate":
                doubled = marking.doubled(path)
                self.causes.append(Cause(marking.age, prefix=around, doubled=doubled))
            return
        chosen: list[tuple[str, str]] = list(node.outs)
        if node.kind in ("exclusiveGateway", "inclusiveGateway") and len(node.outs) > 1:
            chosen = self._chosen(path, node)
        self.taken.setdefault(path, []).append(tuple(flow for flow, _ in chosen))
        for flow, target in chosen:
            self._enter(around + target.rpartition("/")[2], flow)

    def _chosen(self, path: str, node: Node) -> list[tuple[str, str]]:
        """The flows the record says it took: those told next, and those of activities with
        boundary events told later on."""
        if self.flows[self.at : self.at + 1] and self.flows[self.at] not in dict(node.outs):
            self._arrive()
        found: list[tuple[str, str]] = []
        at = self.at
        for flow, target in self._asked(node):
            if target in self.marking.graph.boundaries:
                before = sum(one[0] == flow for one in self.later)
                if Counter(self.flows[at:])[flow] > before:
                    found.append((flow, target))
            elif self.flows[at : at + 1] == [flow]:
                found.append((flow, target))
                at += self._width(target, flow, at)
            if found and node.kind == "exclusiveGateway":
                return found
        if not found:
            told = self.flows[self.at] if self.at < len(self.flows) else ""
            raise Unfit("flow_missing", path, told)
        return found

    def _asked(self, node: Node) -> list[tuple[str, str]]:
        """The flows in the order in which to look for them."""
        told = self.flows[self.at : self.at + 1]
        if node.kind == "exclusiveGateway":
            return sorted(node.outs, key=lambda out: [out[0]] != told)
        return list(node.outs)

    def _width(self, target: str, flow: str, at: int) -> int:
        """How many of the record's flows entering ``target`` uses up: its instances' too."""
        if self.marking.graph.nodes[target].repeat not in ("parallel", "sequential"):
            return 1
        n = 0
        while at + n < len(self.flows) and self.flows[at + n] == flow:
            n += 1
        return n
