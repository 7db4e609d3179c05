"""Records altered so that no run of the diagram can have left them, each with where it must show.

A record is a list of acts as `services.conformance_check.acts_of` gives them; the place is that of
the first event that may and the last that must be named (positions in the altered record, from 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workflows.conformance import Act
from workflows.conformance_graph import Node
from workflows.conformance_marking import parse, static


@dataclass(frozen=True)
class Mutant:
    """``first`` to ``last``: the events one of which must be named."""

    kind: str
    acts: list[Act]
    first: int
    last: int


@dataclass
class Mutator:
    """Of one record that fits. ``pick`` draws."""

    acts: list[Act]
    nodes: Mapping[str, Node]
    pick: Callable[[Sequence[int]], int]

    def __post_init__(self) -> None:
        acts = self.acts
        self.walked = [n for n, act in enumerate(acts) if act.steps]
        self.done = [n for n, act in enumerate(acts) if act.type == "task.completed"]
        self.opened = {act.task: n for n, act in enumerate(acts) if act.type == "task.opened"}
        self.ended = any(act.type == "instance.completed" for act in acts)

    def all(self) -> Iterator[Mutant]:
        if self.done and self.ended:
            yield from self.dropped()
        yield from self.out_of_turn()
        yield from self.inserted()
        yield from self.other_branch()
        yield from self.decided_otherwise()
        yield from self.ended_early()
        yield from self.inside_an_act()
        yield from self.tasks()
        yield from self.cancelled()

    def group(self, n: int) -> tuple[int, int]:
        """From the first to behind the last event of the step that an act belongs to."""
        begin, end = n, n + 1
        while begin > 0 and self.acts[begin - 1].type == "task.cancelled":
            begin -= 1
        while end < len(self.acts) and self.acts[end].type in ("decision.taken", "task.opened"):
            end += 1
        return begin, end

    def with_(self, n: int, act: Act) -> list[Act]:
        return [*self.acts[:n], act, *self.acts[n + 1 :]]

    def open_before(self, n: int) -> dict[str, Act]:
        """The tasks open then, by id."""
        found: dict[str, Act] = {}
        for act in self.acts[:n]:
            if act.type == "task.opened":
                found[act.task] = act
            elif act.type in ("task.completed", "task.cancelled"):
                found.pop(act.task, None)
        return found

    # ------------------------------------------------------------------- the kinds

    def dropped(self) -> Iterator[Mutant]:
        acts, n = self.acts, self.pick(self.done)
        begin, end = self.group(n)
        made = {act.task for act in acts[begin:end] if act.type == "task.opened"}
        rest = [*acts[:begin], *acts[end:]]
        touched = [k for k in range(begin, len(rest)) if rest[k].task in made]
        last = touched[0] + 1 if touched else len(rest)
        yield Mutant("a step dropped whole", rest, begin + 1, last)
        last = n + 1 if end > n + 1 else len(acts) - 1
        yield Mutant("a completion dropped", [*acts[:n], *acts[n + 1 :]], n + 1, last)

    def out_of_turn(self) -> Iterator[Mutant]:
        acts = self.acts
        late = [n for n in self.done if self.opened.get(acts[n].task, 0) > 0]
        if late:
            n = self.pick(late)
            at = self.opened[acts[n].task]
            early = [*acts[:at], acts[n], *acts[at:n], *acts[n + 1 :]]
            yield Mutant("completed before it was opened", early, at + 1, at + 1)
        pairs = [k for k, n in enumerate(self.done[1:]) if self.opened[acts[n].task] > self.done[k]]
        if pairs:
            k = self.pick(pairs)
            a, b = self.group(self.done[k]), self.group(self.done[k + 1])
            moved = acts[b[0] : b[1]]
            swapped = [
                *acts[: a[0]], *moved, *acts[a[1] : b[0]], *acts[a[0] : a[1]], *acts[b[1] :]
            ]  # fmt: skip
            last = next(n for n, act in enumerate(moved, a[0]) if act.type == "task.completed")
            yield Mutant("two of one branch swapped", swapped, a[0] + 1, last + 1)

    def inserted(self) -> Iterator[Mutant]:
        tasks = sorted(
            path
            for path, node in self.nodes.items()
            if node.kind == "userTask" and not node.repeat and "/" not in path
        )
        if not tasks or len(self.walked) < 2:
            return
        at = self.pick(self.walked[1:])
        closed = set(tasks) - {act.path for act in self.open_before(at).values()}
        if not closed:
            return
        path = sorted(closed)[self.pick(range(len(closed)))]
        rounds = [parse(step) for act in self.acts[:at] for step in act.steps]
        round_ = max((r for _, p, r in rounds if p == path), default=0) + 1
        step = path if round_ == 1 else f"{path}#{round_}"
        flow = self.nodes[path].outs[0][0]
        for act in (
            Act(0, "task.opened", path, task="none", round=round_),
            Act(0, "element.passed", steps=(step,), flows=(flow,)),
        ):
            kind = f"not enabled, inserted ({act.type})"
            yield Mutant(kind, [*self.acts[:at], act, *self.acts[at:]], at + 1, at + 1)

    def other_branch(self) -> Iterator[Mutant]:
        gates: list[tuple[int, str, str]] = []
        for n in self.walked:
            act = self.acts[n]
            ended = {static(parse(step)[1]) for step in act.steps if step[0] not in "+-"}
            gates += [
                (n, path, flow)
                for path in sorted(ended)
                if self.nodes[path].chooses
                for flow, _ in self.nodes[path].outs
                if flow in act.flows
            ]
        if not gates:
            return
        n, path, flow = gates[self.pick(range(len(gates)))]
        outs, act = dict(self.nodes[path].outs), self.acts[n]
        others = [one for one, to in outs.items() if to != outs[flow] and one not in act.flows]
        if not others:
            return
        other = others[self.pick(range(len(others)))]

        def swap(flows: tuple[str, ...]) -> tuple[str, ...]:
            at = flows.index(flow)
            return (*flows[:at], other, *flows[at + 1 :])

        acts = self.with_(n, replace(act, flows=swap(act.flows)))
        yield Mutant("another branch", list(acts), n + 1, n + 1)
        for k in range(n + 1, self.group(n)[1]):
            chosen = acts[k].chosen
            if static(acts[k].path) == path and chosen is not None and flow in chosen:
                acts[k] = replace(acts[k], chosen=swap(chosen))
                break
        yield Mutant("another branch, the decision too", acts, n + 1, n + 1)

    def decided_otherwise(self) -> Iterator[Mutant]:
        decided = [n for n, act in enumerate(self.acts) if act.chosen is not None]
        if not decided:
            return
        n = self.pick(decided)
        act = self.acts[n]
        assert act.chosen is not None
        outs = [flow for flow, _ in self.nodes[static(act.path)].outs]
        others = [flow for flow in outs if flow not in act.chosen]
        if others:
            chosen = (others[self.pick(range(len(others)))], *act.chosen[1:])
            yield Mutant(
                "decided otherwise", self.with_(n, replace(act, chosen=chosen)), n + 1, n + 1
            )
        rest = [*self.acts[:n], *self.acts[n + 1 :]]
        last = next(
            (k + 1 for k in range(n, len(rest)) if rest[k].steps or rest[k].type in _ENDS), 0
        )
        if last:
            yield Mutant("a decision dropped", rest, 1, last)

    def ended_early(self) -> Iterator[Mutant]:
        n = self.pick(self.walked)
        _, end = self.group(n)
        if self.open_before(end):
            acts = [*self.acts[:end], Act(0, "instance.completed")]
            yield Mutant("ended early", acts, end + 1, end + 1)

    def inside_an_act(self) -> Iterator[Mutant]:
        n = self.pick(self.walked)
        act = self.acts[n]
        at = self.pick(range(len(act.steps)))
        rest = (*act.steps[:at], *act.steps[at + 1 :])
        if rest or act.flows:
            yield Mutant("a step of an act", self.with_(n, replace(act, steps=rest)), n + 1, n + 1)
        sign, path, round_ = parse(act.steps[at])
        if self.nodes[static(path)].holds:
            # Which of several like scopes has ended the record does not say: one never begun has
            # not, for certain.
            round_ = max(r for a in self.acts for _, p, r in map(parse, a.steps) if p == path)
        steps = (*act.steps[:at], f"{sign}{path}#{round_ + 1}", *act.steps[at + 1 :])
        yield Mutant("another round", self.with_(n, replace(act, steps=steps)), n + 1, n + 1)
        if act.flows:
            at = self.pick(range(len(act.flows)))
            flows = (*act.flows[:at], *act.flows[at + 1 :])
            yield Mutant("a flow of an act", self.with_(n, replace(act, flows=flows)), n + 1, n + 1)

    def tasks(self) -> Iterator[Mutant]:
        for kind in ("task.opened", "task.cancelled"):
            told = [n for n, act in enumerate(self.acts) if act.type == kind]
            if told and (self.ended or kind == "task.cancelled"):
                n = self.pick(told)
                rest = [*self.acts[:n], *self.acts[n + 1 :]]
                yield Mutant(f"{kind} dropped", rest, 1, len(rest))

    def cancelled(self) -> Iterator[Mutant]:
        struck = [n for n in self.walked if any(s[0] == "-" for s in self.acts[n].steps)]
        if struck:
            n = self.pick(struck)
            act = self.acts[n]
            at = self.pick([k for k, step in enumerate(act.steps) if step[0] == "-"])
            steps = (*act.steps[:at], *act.steps[at + 1 :])
            yield Mutant(
                "a cancellation dropped", self.with_(n, replace(act, steps=steps)), n + 1, n + 1
            )
        n = self.pick(self.walked)
        act = self.acts[n]
        gone = {parse(step)[1] for step in act.steps}
        left = [a for a in self.open_before(n).values() if a.path not in gone]
        if left:
            other = left[self.pick(range(len(left)))]
            step = f"-{other.path}" + (f"#{other.round}" if other.round > 1 else "")
            said = Act(0, "task.cancelled", other.path, task=other.task)
            struck_ = replace(act, steps=(*act.steps, step))
            acts = [*self.acts[:n], said, struck_, *self.acts[n + 1 :]]
            yield Mutant("cancelled by nothing", acts, n + 1, n + 2)


_ENDS = ("instance.completed",)
