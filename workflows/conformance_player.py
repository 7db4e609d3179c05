"""A record's acts played one after the other: tasks, changes of version and the end, around the
token game of `conformance_walk`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workflows.conformance_acts import Act
from workflows.conformance_choices import Choices
from workflows.conformance_graph import Graph
from workflows.conformance_marking import Marking, Unfit, parse
from workflows.conformance_walk import walk

#: Gateway path -> the flows that each of the decisions told of it names.
Decided = Mapping[str, Sequence[tuple[str, ...]]]


def walks(act: Act) -> bool:
    """Whether an act moves tokens."""
    return bool(act.steps or act.flows) or act.type in ("instance.started", "task.completed")


@dataclass(eq=False)
class Player:
    """A replay as far as it has come: what is open, and what the record has told ahead of or
    behind the act it belongs to. ``graph_for`` as in `conformance.replay`; ``ended`` once the
    record has said so; ``acts`` and ``steps`` are how many were played."""

    graph_for: Callable[[str], Graph | None]
    marking: Marking | None = None
    ended: bool = False
    acts: int = 0
    steps: int = 0
    #: Open tasks by id, as the record opened them.
    tasks: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: Told cancelled, not yet cancelled by an act; and the other way about.
    foretold: Counter[tuple[str, int]] = field(default_factory=Counter)
    untold: Counter[tuple[str, int]] = field(default_factory=Counter)
    choices: Choices = field(default_factory=Choices)
    decided: Decided = field(default_factory=dict)

    def copy(self) -> Player:
        """Another of the same, to go on in a way of its own."""
        marking = self.marking.copy() if self.marking is not None else None
        return replace(
            self,
            marking=marking,
            tasks=dict(self.tasks),
            foretold=self.foretold.copy(),
            untold=self.untold.copy(),
        )

    def same(self) -> Hashable:
        """Equal for two players of the same acts that can only go on alike."""
        return self.marking.same() if self.marking is not None else None

    def take(self, act: Act, choices: Choices, decided: Decided) -> None:
        """Play the next act. ``decided`` are the flows that decisions told after it name, by
        gateway."""
        self.choices, self.decided = choices, decided
        match act.type:
            case "instance.started":
                if self.marking is not None:
                    raise Unfit("started_twice")
                self.marking = Marking(self._graph(act.version))
                self._walk(act)
            case "instance.migrated":
                self._move(act)
            case "instance.completed":
                self._end()
            case "task.opened":
                self._opened(act)
            case "task.cancelled":
                self._cancelled(act)
            case "decision.taken" if act.chosen is not None:
                self._under_way().decided(act.path, act.chosen)
            case _ if walks(act):
                self._walk(act)

    def settle(self) -> None:
        """What every event must find in order: nothing foretold or untold."""
        if self.untold:
            path, _ = next(iter(self.untold))
            raise Unfit("cancel_not_told", path)
        if self.foretold:
            path, _ = next(iter(self.foretold))
            raise Unfit("cancel_without_cause", path)

    # ------------------------------------------------------------------------- the kinds

    def _graph(self, version: str) -> Graph:
        graph = self.graph_for(version)
        if graph is None:
            raise Unfit("version_unknown", detail=version[:12])
        return graph

    def _under_way(self) -> Marking:
        if self.marking is None:
            raise Unfit("not_started")
        if self.ended:
            raise Unfit("after_end")
        return self.marking

    def _walk(self, act: Act) -> None:
        marking = self._under_way()
        if self.untold:
            self.settle()
        marking.all_decided()
        self._nothing_untold(marking)
        if act.type == "task.completed":
            self._completed(act)
        gone_all = act.type == "instance.cancelled"
        cancelled = walk(
            marking, act.steps, act.flows, self.choices, self.decided, all_gone=gone_all
        )
        self.acts += 1
        self.steps += len(act.steps)
        known = {*self.tasks.values(), *self.foretold}
        gone = Counter(one for one in cancelled if one in known)
        both = gone & self.foretold
        self.untold, self.foretold = gone - both, self.foretold - both
        if self.foretold:
            self.settle()

    def _nothing_untold(self, marking: Marking) -> None:
        """Every user task that waits has been opened by an event of its own."""
        told = Counter(self.tasks.values()) + self.foretold
        for one in marking.waiting_tasks():
            if told[one] <= 0:
                raise Unfit("task_not_opened", one[0])

    def _move(self, act: Act) -> None:
        marking = self._under_way()
        self._nothing_untold(marking)
        marking.all_decided()
        marking.move(self._graph(act.version))
        self._walk(act)

    def _end(self) -> None:
        marking = self._under_way()
        marking.all_decided()
        left = marking.open()
        if left:
            raise Unfit("left_open", left[0])
        self.settle()
        self.ended = True

    def _opened(self, act: Act) -> None:
        marking = self._under_way()
        if not marking.is_open(act.path, act.round):
            raise Unfit("not_reached", act.path)
        if act.task in self.tasks or (act.path, act.round) in self.tasks.values():
            raise Unfit("opened_twice", act.path)
        self.tasks[act.task] = (act.path, act.round)

    def _completed(self, act: Act) -> None:
        task = self.tasks.pop(act.task, None)
        if task is None:
            raise Unfit("task_not_open", act.path)
        if task != (act.path, act.round):
            raise Unfit("other_task", act.path, task[0])
        sign, path, round_ = parse(act.steps[0]) if act.steps else ("", "", 0)
        if (sign, path, round_) != ("", act.path, act.round):
            raise Unfit("not_its_step", act.path, path)

    def _cancelled(self, act: Act) -> None:
        task = self.tasks.pop(act.task, None)
        if task is None:
            raise Unfit("task_not_open", act.path)
        if self.untold[task]:
            self.untold -= Counter([task])
        else:
            self.foretold[task] += 1
