"""One act played on a marking: the rules by which a step moves a token.

What ends, waits or is cancelled is judged here; how tokens leave and enter, in
`conformance_tokens`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workflows.conformance_graph import Node
from workflows.conformance_marking import Key, Marking, Opened, Unfit, parse, prefix_of, static
from workflows.conformance_tokens import Cause, Tokens


def walk(
    marking: Marking, steps: Sequence[str], flows: Sequence[str], *, all_gone: bool = False
) -> list[Key]:
    """Play an act's steps; returns what it cancelled. ``all_gone``: the whole instance was
    cancelled. Raises `Unfit` for what the diagram forbids."""
    act = _Walk(marking, [parse(step) for step in steps], flows)
    marking.taken = act.taken
    if not marking.begun:
        marking.begun = True
        act.begin("")
    if all_gone:
        act.causes.append(Cause(marking.age, prefix=""))
    return act.play()


class _Walk(Tokens):
    """One act being played on a marking."""

    def play(self) -> list[Key]:
        for n, (sign, path, round_) in enumerate(self.steps):
            self.step, node = n, self.marking.node(path)
            if sign == "+":
                self._waits(path, round_, node)
            elif sign == "-":
                self._cancel(path, round_)
            else:
                self._complete(path, round_, node)
        self._arrive()
        if self.at < len(self.flows):
            raise Unfit("flow_unexpected", detail=self.flows[self.at])
        for flow, path, age in self.later:
            if not any(cause.covers(path) and age <= cause.age for cause in self.causes):
                raise Unfit("flow_missing", path, flow)
        self._all_told()
        self._all_caused()
        return [key for key, _ in self.cancelled]

    # ------------------------------------------------------------------------ what a step says

    def _waits(self, path: str, round_: int, node: Node) -> None:
        key = (path, round_)
        if node.triggered and key not in self.marking.under_way:
            self._happens(path, node)  # an event sub-process that has just begun
        if self.entered[key] <= self.waits[key]:
            self._arrive()
        if self.entered[key] <= self.waits[key]:
            self._exchange(path, round_, node)
        if self.entered[key] <= self.waits[key]:
            raise Unfit("not_reached", path)
        self.waits[key] += 1

    def _cancel(self, path: str, round_: int) -> None:
        if (path, round_) not in self.marking.under_way:
            self._arrive()
        found = self.marking.under_way.pop((path, round_), None)
        if found is None:
            raise Unfit("not_open", path)
        self.marking.tokens.pop((path, round_), None)
        self.cancelled.append(((path, round_), found.age))
        for key in [k for k in self.marking.races if k[0].startswith(f"{path}/")]:
            del self.marking.races[key]

    def _complete(self, path: str, round_: int, node: Node) -> None:
        marking, key = self.marking, (path, round_)
        if key not in marking.under_way:
            self._arrive()
        if key not in marking.under_way:
            self._exchange(path, round_, node)
        if key not in marking.under_way:
            self._reach(path, round_, node)
        found = marking.under_way.pop(key)
        if node.joins:
            self._join(path, round_, node, found)
        if node.holds or marking.is_body(path, node):
            self._close(path, node)
        self.ended.add(path)
        if path.endswith("]") and node.repeat:
            self._instance_done(path, node)
        elif node.repeat == "loop" and self._turns_again(node, found.via):
            self._enter_one(path, found.via)
        else:
            self._leave(path, round_, node)

    def _reach(self, path: str, round_: int, node: Node) -> None:
        """An element that ends in the moment it is entered, without a flow having led there."""
        marking, around = self.marking, prefix_of(path)
        if node.host:
            host = around + node.host.rpartition("/")[2]
            open_ = any(other == host for other, _ in marking.under_way)
            gone = any(key[0] == host for key, _ in self.cancelled)
            if not gone and (node.interrupting or not (open_ or host in self.ended)):
                raise Unfit("host_not_open", path, host)
            if node.interrupting:
                doubled = marking.several(host)
                self.causes.append(Cause(marking.age, host=host, doubled=doubled))
            self._put(path, "")
        elif node.raced:
            self._race_won(path, node)
        elif static(path) in marking.graph.triggers:
            self._happens(around[:-1], marking.node(around[:-1]))
        if (path, round_) not in marking.under_way:
            known = any(other == path for other, _ in marking.under_way)
            raise Unfit("other_round" if known else "not_reached", path)

    def _happens(self, path: str, node: Node) -> None:
        """An event sub-process begins: its scope must be open."""
        around = prefix_of(path)
        marking = self.marking
        if around and not any(other == around[:-1] for other, _ in marking.under_way):
            raise Unfit("host_not_open", path, around[:-1])
        if self._interrupts(path):
            doubled = marking.doubled(path)
            self.causes.append(Cause(marking.age, around, spared=path, doubled=doubled))
        self._put(path, "")
        self.begin(path)

    def _interrupts(self, path: str) -> bool:
        graph = self.marking.graph
        return any(graph.nodes[start].interrupting for start in graph.starts[static(path)])

    def _race_won(self, path: str, node: Node) -> None:
        marking, around = self.marking, prefix_of(path)
        for key in sorted(marking.races, key=lambda key: marking.races[key]):
            gateway = marking.graph.nodes[static(key[0])]
            if prefix_of(key[0]) != around:
                continue
            for flow, target in gateway.outs:
                if target == node.path:
                    del marking.races[key]
                    self._take(flow, path)
                    self._put(path, flow)
                    return

    def _join(self, path: str, round_: int, node: Node, found: Opened) -> None:
        marking = self.marking
        held = marking.tokens.pop((path, round_), Counter())
        doubled = marking.doubled(path)
        if doubled and node.kind == "parallelGateway":
            self._borrow(path, node, held)
        empty = {flow for flow in node.ins if not held[flow]}
        if node.kind == "parallelGateway" and empty:
            raise Unfit("join_waits", path, min(empty))
        if node.kind == "inclusiveGateway" and (late := self._may_come(path, node, empty)):
            raise Unfit("join_waits", path, late)
        rest = Counter({flow: n - 1 for flow, n in held.items() if n > 1})
        if rest and doubled:
            marking.spare.setdefault(path, Counter()).update(rest)
        elif rest:  # more than one token stood on a flow: they wait for the next time
            marking.tokens[path, round_] = rest
            marking.under_way[path, round_] = found
            del self.entered[path, round_]  # the record says no word of those

    def _exchange(self, path: str, round_: int, node: Node) -> None:
        """Where a scope is under way more than once, a token may have been given to the wrong one
        of its joins: what the record says of another round holds."""
        marking, key = self.marking, (path, round_)
        if not node.joins or not marking.doubled(path):
            return
        for other in [one for one in marking.under_way if one[0] == path and one != key]:
            if self.entered[other] > self.waits[other]:
                if key not in marking.under_way:
                    marking.under_way[key] = marking.under_way.pop(other)
                    marking.tokens[key] = marking.tokens.pop(other, Counter())
                self.entered[key] += 1
                self.entered[other] -= 1
                marking.rounds[path] = max(marking.rounds[path], round_)
                return

    def _borrow(self, path: str, node: Node, held: Counter[str]) -> None:
        """Where a scope is under way more than once, its joins cannot be told apart for certain:
        what one lacks, another of the same path may have been given."""
        marking = self.marking
        others = [one for key, one in marking.tokens.items() if key[0] == path]
        for flow in node.ins:
            for one in (marking.spare.get(path, Counter()), *others):
                if not held[flow] and one[flow]:
                    one[flow] -= 1
                    held[flow] += 1

    def _may_come(self, path: str, node: Node, empty: set[str]) -> str:
        """The path of a token of the scope that could still come by an empty flow and by none that
        has one, "" if there is none (BPMN 2.0.2, 13.4.3)."""
        marking, around = self.marking, prefix_of(path)
        if marking.doubled(path):
            return ""
        held = set(node.ins) - empty
        coming = ((other, 0) for _, other, _ in self.later)
        for other, _ in (*marking.under_way, *marking.races, *coming):
            if other == path or prefix_of(other) != around or other.endswith("]"):
                continue
            reached = marking.graph.into(static(other), node.path)
            if reached & empty and not reached & held:
                return other
        return ""

    def _close(self, path: str, node: Node) -> None:
        """The scope inside must be empty; of a multi-instance, what its end condition leaves
        standing is cancelled by it."""
        marking = self.marking
        if marking.is_body(path, node):
            doubled = marking.several(path)
            self.causes.append(Cause(marking.age, prefix=f"{path}[", doubled=doubled))
            return
        left = next((other for _, other, _ in self.later if other.startswith(f"{path}/")), "")
        left = left or next(marking.inside(path), "")
        if left and not marking.several(path):
            raise Unfit("inside_open", path, left)

    # ------------------------------------------------------------------------ at the act's end

    def _all_told(self) -> None:
        """What was entered and still waits must be said so, and nothing else."""
        for key, n in self.entered.items():
            if self.marking.doubled(key[0]) and self.marking.node(key[0]).joins:
                continue  # which of several it was cannot be told
            if key in self.marking.under_way and self.waits[key] != n:
                raise Unfit("not_told", key[0])
            if key not in self.marking.under_way and self.waits[key]:
                raise Unfit("told_twice", key[0])

    def _all_caused(self) -> None:
        for (path, _), age in self.cancelled:
            if not any(cause.covers(path) and age <= cause.age for cause in self.causes):
                raise Unfit("cancel_without_cause", path)
        for cause in self.causes:
            for (path, _), one in self.marking.under_way.items():
                if cause.covers(path) and one.age <= cause.age and not cause.doubled:
                    raise Unfit("cancel_missing", path)
