"""One act played on a marking: the rules by which a step moves a token.

What ends, waits or is cancelled is judged here; how tokens leave and enter, in
`conformance_tokens`; when a join goes on, in `conformance_joins`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workflows.conformance_begun import Begun, Cause
from workflows.conformance_choices import Choices
from workflows.conformance_graph import Node
from workflows.conformance_joins import count, lacks, may_come
from workflows.conformance_marking import (
    Join,
    Key,
    Marking,
    Token,
    Unfit,
    Within,
    parse,
    static,
)


def walk(
    marking: Marking,
    steps: Sequence[str],
    flows: Sequence[str],
    choices: Choices,
    decided: Mapping[str, Sequence[tuple[str, ...]]],
    *,
    all_gone: bool = False,
) -> list[Key]:
    """Play an act's steps; returns what it cancelled. ``decided``: the flows that the decisions
    told after the act name, by gateway; ``all_gone``: the whole instance was cancelled. Raises
    `Unfit` for what the diagram forbids."""
    act = _Walk(marking, [parse(step) for step in steps], flows, choices, decided)
    marking.taken = act.taken
    try:
        if not marking.begun:
            marking.begun = True
            act.begin(None, ())
        if all_gone:
            act.causes.append(Cause())
        return act.play()
    except Unfit as unfit:
        unfit.far = (act.step, act.at)
        raise


class _Walk(Begun):
    """One act being played on a marking."""

    #: How often each element has been told to wait.
    waits: Counter[Key]

    def play(self) -> list[Key]:
        self.waits = Counter()
        for n, (sign, path, round_) in enumerate(self.steps):
            self.step, node = n, self.marking.node(path)
            if sign == "+":
                self._waits((path, round_), node)
            elif sign == "-":
                self._cancel((path, round_))
            else:
                self._complete((path, round_), node)
            self._make_ready()
        self.step = len(self.steps)
        while self._arrive():
            pass
        if self.next:
            raise Unfit("flow_unexpected", detail=self.next)
        for one in self.later:
            raise Unfit("flow_missing", one.path, one.flow)
        self._all_told()
        self._none_idle()
        self._all_caused()
        return [key for key, _ in self.cancelled]

    # ------------------------------------------------------------------------ what a step says

    def _waits(self, key: Key, node: Node) -> None:
        if node.triggered and key not in self.marking.under_way:
            self._happens(key[0])  # an event sub-process that has just begun
        while self.entered[key] <= self.waits[key] and self._arrive():
            pass
        if self.entered[key] <= self.waits[key]:
            raise Unfit("not_reached", key[0])
        self.waits[key] += 1

    def _cancel(self, key: Key) -> None:
        marking = self.marking
        while not (found := self._found(key)) and self._arrive():
            pass
        if not found:
            raise Unfit("not_open", key[0])
        gone = self.choices.pick(found)
        if isinstance(gone, Join):
            marking.joins.remove(gone)
        else:
            del marking.under_way[key]
            self._forget(key=key)
            if left := next(marking.inside(key), ""):
                raise Unfit("cancel_missing", left)
        self.cancelled.append((key, gone.within))

    def _found(self, key: Key) -> list[Token | Join]:
        token = self.marking.under_way.get(key)
        joins = dict.fromkeys(one for one in self.marking.joins if one.key == key)
        return [*([token] if token is not None else ()), *joins]

    def _complete(self, key: Key, node: Node) -> None:
        marking, (path, _) = self.marking, key
        if node.joins:
            self._join(key, node)
            return
        while key not in marking.under_way and self._arrive():
            pass
        if key not in marking.under_way:
            self._reach(key, node)
        token = marking.under_way.pop(key)
        if node.holds or marking.is_body(path, node):
            self._close(key, node)
        self.completed.append((key, token.within))
        if path.endswith("]"):
            self._instance_done(path, token, node)
        elif node.repeat == "loop":
            self._turn_done(path, token, node)
        elif node.kind == "eventBasedGateway":
            marking.races[key] = token.within
        elif node.kind == "endEvent":
            if node.event == "terminate":
                self.causes.append(Cause(scope=token.within))
                self._forget(scope=token.within)
        else:
            self._leave(path, token.within, node)

    def _close(self, key: Key, node: Node) -> None:
        """The inside must be empty; of a multi-instance, what its end condition leaves standing
        has been cancelled by it."""
        while any(key in one.within for one in self.later) and self._arrive():
            pass
        left = next((one.path for one in self.later if key in one.within), "")
        left = left or next(self.marking.inside(key), "")
        if left:
            raise Unfit("inside_open", key[0], left)
        if node.ends_early and self.marking.is_body(key[0], node):
            self.causes.append(Cause(host=key, body=True))

    def _instance_done(self, path: str, token: Token, node: Node) -> None:
        body = token.within[-1]
        following = f"{body[0]}[{int(path[path.rfind('[') + 1 : -1]) + 1}]"
        if node.repeat != "sequential":
            return
        if self._fresh(following) not in self.said or token.via not in self.flows[self.at :]:
            return
        if self.choices.pick((True, False)):
            self._take(token.via, following)
            self._enter_one(following, token.via, token.within)

    def _turn_done(self, path: str, token: Token, node: Node) -> None:
        again = self._fresh(path) in self.said and token.via in self.flows[self.at :]
        if again and self.choices.pick((True, False)):
            self._take(token.via, path)
            self._enter_one(path, token.via, token.within)
        else:
            self._leave_loop(path, token.within, node)

    # ----------------------------------------------------------------------------- joins

    def _join(self, key: Key, node: Node) -> None:
        marking, (path, _) = self.marking, key
        while not (found := self._ready(key, node)) and self._arrive():
            pass
        if not found:
            self._no_join(key, node)
        join = self.choices.pick(found)
        marking.joins.remove(join)
        self.completed.append((key, join.within))
        self._leave(path, join.within, node)
        rest = Counter({flow: n - 1 for flow, n in join.held if n > 1})
        if rest:  # more than one token stood on a flow: they wait for the next time
            full = node.kind == "parallelGateway" and set(rest) == set(node.ins)
            held = count(rest)
            marking.joins.append(
                Join(path, marking.rounds[path], join.within, held, 2 if full else 0)
            )

    def _ready(self, key: Key, node: Node) -> list[Join]:
        found = []
        for one in dict.fromkeys(one for one in self.marking.joins if one.key == key):
            if one.ready or (
                node.kind == "inclusiveGateway" and not may_come(self, one, node, sure=True)
            ):
                found.append(one)
        return found

    def _no_join(self, key: Key, node: Node) -> None:
        path = key[0]
        there = [one for one in self.marking.joins if one.path == path]
        for one in there:
            if one.key == key:
                late = min(lacks(one, node))
                if node.kind == "inclusiveGateway":
                    late = may_come(self, one, node, sure=True)
                raise Unfit("join_waits", path, late)
        raise Unfit("other_round" if there else "not_reached", path)

    def _make_ready(self) -> None:
        """Inclusive joins to which nothing more can come may be ready from now on, whatever the
        tokens elsewhere do next."""
        for n, one in enumerate(self.marking.joins):
            node = self.marking.graph.nodes[static(one.path)]
            if one.ready or node.kind != "inclusiveGateway":
                continue
            if not may_come(self, one, node, sure=True):
                self.marking.joins[n] = replace(one, ready=1)

    # ------------------------------------------------------------------------ at the act's end

    def _all_told(self) -> None:
        """What was entered and still waits must be said so, and nothing else."""
        for key, n in self.entered.items():
            if key not in self.ends and self.waits[key] != n:
                raise Unfit("not_told", key[0])
            if key in self.ends and self.waits[key]:
                raise Unfit("told_twice", key[0])

    def _none_idle(self) -> None:
        """A join that nothing more can come to has gone on; a sub-process, call or multi-instance
        in which nothing is left has ended."""
        marking = self.marking
        for n, one in enumerate(marking.joins):
            node = marking.graph.nodes[static(one.path)]
            if one.ready == 2 or (
                node.kind == "inclusiveGateway" and not may_come(self, one, node, sure=False)
            ):
                raise Unfit("not_told", one.path)
            marking.joins[n] = replace(one, ready=0)
        full = {key for _, within in marking.all() for key in within}
        for key in marking.under_way:
            node = marking.graph.nodes[static(key[0])]
            if (node.holds or marking.is_body(key[0], node)) and key not in full:
                raise Unfit("not_told", key[0])

    def _all_caused(self) -> None:
        for path, host, event in self.caught:
            if not any(self._throws(key, within, host, event) for key, within in self._over()):
                raise Unfit("not_thrown", path, host[0])
        for key, within in self.cancelled:
            if not any(cause.covers(key, within) for cause in self.causes):
                raise Unfit("cancel_without_cause", key[0])
        for cause in self.causes:
            for key, within in self.marking.all():
                if cause.covers(key, within):
                    raise Unfit("cancel_missing", key[0])

    def _over(self) -> Iterator[tuple[Key, Within]]:
        yield from self.completed
        yield from self.cancelled  # what throws is cancelled where what it throws ends its scope

    def _throws(self, key: Key, within: Within, host: Key, event: str) -> bool:
        node = self.marking.node(key[0])
        return host in within and node.event == event and node.kind != "boundaryEvent"
