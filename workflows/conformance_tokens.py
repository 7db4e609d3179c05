"""How tokens leave elements and enter others, within one act, by the record's flows.

As in the engine a token never rests on a flow: what a step leaves behind is entered at once, so the
record's flows come in exactly the order in which the elements that ended sent them; but for an
activity with boundary events, and for what follows a loop, which the engine enters a moment later
(`Tokens.later`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from workflows.conformance_choices import Choices
from workflows.conformance_graph import Node
from workflows.conformance_joins import count, may_come
from workflows.conformance_marking import (
    Join,
    Key,
    Marking,
    Token,
    Unfit,
    Within,
    prefix_of,
    static,
)

#: More choices than this at one inclusive gateway are not tried in all combinations.
_MOST_SUBSETS = 5


@dataclass(frozen=True, slots=True)
class Later:
    """On the way into an element, by a flow that the record has still to tell."""

    flow: str
    path: str
    within: Within


class Tokens:
    """The tokens of one act on their way. ``at`` is the next of the record's flows, ``step`` the
    step being played; ``decided`` are the flows that the decisions after the act name."""

    def __init__(
        self,
        marking: Marking,
        steps: list[tuple[str, str, int]],
        flows: Sequence[str],
        choices: Choices,
        decided: Mapping[str, Sequence[tuple[str, ...]]],
    ) -> None:
        self.marking = marking
        self.steps, self.flows = steps, list(flows)
        self.choices, self.decided = choices, decided
        self.at = 0  # in flows
        self.step = 0
        self.said = {(path, round_) for _, path, round_ in steps}
        self.ends = {(path, round_) for sign, path, round_ in steps if sign != "+"}
        self.entered: Counter[Key] = Counter()
        self.taken: dict[str, list[tuple[str, ...]]] = {}
        self.later: list[Later] = []

    @property
    def next(self) -> str:
        """The record's next flow, "" after the last."""
        return self.flows[self.at] if self.at < len(self.flows) else ""

    # ------------------------------------------------------------------------- entering

    def begin(self, host: Key | None, within: Within) -> None:
        """A scope opens: a token on its start event."""
        scope = host[0] if host is not None else ""
        inner = (*within, host) if host is not None else ()
        for start in self.marking.graph.starts.get(static(scope), ()):
            name = start.rpartition("/")[2]
            self._put(f"{scope}/{name}" if scope else name, "", inner)

    def _fresh(self, path: str) -> Key:
        return path, self.marking.rounds[path] + 1

    def _put(self, path: str, via: str, within: Within) -> Key:
        """A new round of an element; whatever is entered is told in the same act."""
        key = self._fresh(path)
        if key not in self.said:
            raise Unfit("not_told", path)
        self.marking.rounds[path] += 1
        self.marking.under_way[key] = Token(via, within)
        self.entered[key] += 1
        return key

    def _enter_one(self, path: str, flow: str, within: Within) -> None:
        """One token enters an element (or one instance of it)."""
        key = self._put(path, flow, within)
        if self.marking.node(path).holds:
            self.begin(key, within)

    def _enter(self, path: str, flow: str, within: Within) -> None:
        """By a flow: at once, or a moment later."""
        node = self.marking.node(path)
        if node.path in self.marking.graph.boundaries:
            self._delay(flow, path, within, node)
        elif not node.skippable:
            self._take(flow, path)
            self._entered(path, flow, within, node)
        elif self._turns(flow, path):
            self._take(flow, path)
            self._enter_one(path, flow, within)
        else:
            self._leave_loop(path, within, node)

    def _entered(self, path: str, flow: str, within: Within, node: Node) -> None:
        """The record has told the flow."""
        if node.joins:
            self._gather(path, flow, within, node)
        elif node.repeat in ("parallel", "sequential"):
            body = self._put(path, flow, within)
            n = 0
            while self._fresh(f"{path}[{n}]") in self.said and self.next == flow:
                self.at += 1
                self._enter_one(f"{path}[{n}]", flow, (*within, body))
                n += 1
                if node.repeat == "sequential":
                    break
            if n == 0 and body not in self.ends:
                raise Unfit("not_told", f"{path}[0]")
        else:
            self._enter_one(path, flow, within)

    def _delay(self, flow: str, path: str, within: Within, node: Node) -> None:
        if not node.skippable or self._turns(flow, path):
            self.later.append(Later(flow, path, within))
        else:
            self._leave_loop(path, within, node)

    def _turns(self, flow: str, path: str) -> bool:
        """Whether a loop takes a (first) turn: told by a flow and a round, neither of which says
        for certain that it is this one's."""
        round_ = self.marking.rounds[path]
        may = any(p == path and r > round_ for p, r in self.said) and flow in self.flows[self.at :]
        return self.choices.pick((True, False)) if may else False

    def _leave_loop(self, path: str, within: Within, node: Node) -> None:
        """A loop takes no further turn: of that there is no word but what follows."""
        for flow, target in node.outs:
            onto = prefix_of(path) + target.rpartition("/")[2]
            self._delay(flow, onto, within, self.marking.node(onto))
        self._took(path, node.outs)

    # -------------------------------------------------------------- the record's flows

    def _take(self, flow: str, path: str) -> None:
        """The record's next flow must be this one."""
        while self.next != flow and self._arrive():
            pass
        while self.next == flow and any(one.flow == flow for one in self.later):
            if self.choices.pick((True, False)):
                break
            self._arrive()
        if self.next != flow:
            raise Unfit("flow_missing", path, flow)
        self.at += 1

    def _arrive(self) -> bool:
        """Let one of those on the way enter whose flow the record tells next."""
        ready = [one for one in dict.fromkeys(self.later) if one.flow == self.next]
        ready = [one for one in ready if self._may_enter(one)]
        if not ready:
            return False
        # Which of several paths comes first makes no difference; which of several insides does.
        one = self.choices.pick([other for other in ready if other.path == ready[0].path])
        self.later.remove(one)
        self.at += 1
        self._entered(one.path, one.flow, one.within, self.marking.node(one.path))
        return True

    def _may_enter(self, one: Later) -> bool:
        return self.marking.node(one.path).joins or self._fresh(one.path) in self.said

    def _gather(self, path: str, flow: str, within: Within, node: Node) -> None:
        """A token arrives at a join: at what waits there, or it opens a new round."""
        marking = self.marking
        open_ = [one for one in marking.joins if one.path == path and one.within == within]
        waiting: list[Join | None] = [one for one in open_ if one.ready < 2]
        if (
            not waiting
            or any(one is not None and one.ready for one in waiting)
            or (
                node.kind == "inclusiveGateway"
                and waiting[0] is not None
                and not may_come(self, waiting[0], node, sure=True)
            )
        ):
            waiting.append(None)
        old = self.choices.pick(waiting)
        if old is None:
            marking.rounds[path] += 1
        else:
            marking.joins.remove(old)
        # As the engine counts: an older round goes on under the newest number.
        held = Counter(dict(old.held) if old is not None else {})
        held[flow] += 1
        new = Join(path, marking.rounds[path], within, count(held))
        if new.key not in self.said:
            raise Unfit("not_told", path)
        self.entered[new.key] += 1
        full = node.kind == "parallelGateway" and set(held) == set(node.ins)
        marking.joins.append(Join(path, new.round, within, new.held, 2 if full else 0))

    # -------------------------------------------------------------------------- leaving

    def _leave(self, path: str, within: Within, node: Node) -> None:
        chosen: Sequence[tuple[str, str]] = node.outs
        if node.chooses:
            chosen = self._chosen(path, node)
        self._took(path, chosen)
        around = prefix_of(path)
        for flow, target in chosen:
            self._enter(around + target.rpartition("/")[2], flow, within)

    def _took(self, path: str, chosen: Sequence[tuple[str, str]]) -> None:
        self.taken.setdefault(path, []).append(tuple(flow for flow, _ in chosen))

    def _chosen(self, path: str, node: Node) -> Sequence[tuple[str, str]]:
        """The flows the record says the gateway took: the likeliest first."""
        outs = dict(node.outs)
        while self.next not in outs and self._arrive():
            pass
        told = self.decided.get(path, ())[len(self.taken.get(path, ())) :][:1]
        ways = self._one_of(node) if node.kind == "exclusiveGateway" else self._some_of(node)
        found = list(dict.fromkeys(ways))
        if not found:
            raise Unfit("flow_missing", path, self.next)
        found.sort(key=lambda way: [tuple(way)] != [tuple(one) for one in told])
        return [(flow, outs[flow]) for flow in self.choices.pick(found)]

    def _one_of(self, node: Node) -> Iterator[tuple[str, ...]]:
        for flow, target in sorted(node.outs, key=lambda out: out[0] != self.next):
            if flow == self.next or self._told_later(flow, target):
                yield (flow,)

    def _some_of(self, node: Node) -> Iterator[tuple[str, ...]]:
        """Those told next, in the order of the diagram, and any of those told later."""
        order = [flow for flow, _ in node.outs]
        open_ = [flow for flow, target in node.outs if self._told_later(flow, target)]
        now, at = [], self.at
        for flow, target in node.outs:
            if flow not in open_ and self.flows[at : at + 1] == [flow]:
                now.append(flow)
                at += self._width(target, flow, at)
        few = len(open_) <= _MOST_SUBSETS
        sizes = range(len(open_), -1, -1) if few else (len(open_),)
        for more in chain.from_iterable(combinations(open_, size) for size in sizes):
            if now or more:
                yield tuple(sorted((*now, *more), key=order.index))

    def _told_later(self, flow: str, target: str) -> bool:
        """Whether a target that is not entered at once may still be by what the record tells."""
        node = self.marking.graph.nodes[target]
        if node.skippable:
            return True
        if target not in self.marking.graph.boundaries:
            return False
        return self.flows[self.at :].count(flow) > sum(one.flow == flow for one in self.later)

    def _width(self, target: str, flow: str, at: int) -> int:
        """How many of the record's flows entering ``target`` uses up: its instances' too."""
        if self.marking.graph.nodes[target].repeat not in ("parallel", "sequential"):
            return 1
        n = 0
        while at + n < len(self.flows) and self.flows[at + n] == flow:
            n += 1
        return n
