"""Whether a case's record fits its diagram: the token game, played from the record alone.

Pure: graphs of the versions and the record's acts in, a `Verdict` out. Nothing is evaluated: which
way a gateway chose, when a clock rang and what a person entered is taken from the record; whether
the diagram *allows* it is judged. An act is one event with what the step walked through
(``steps``: ``path`` ended, ``+path`` entered and waiting, ``-path`` cancelled, ``path#2`` in its
second round; ``flows``: ids of the sequence flows taken, in order).

It sees: an element that is not on the diagram, or whose turn it was not; a flow the diagram does
not have there, or none where one must be; a round left out or told twice; a join before its
tokens; a sub-process or call ended with something open inside; something cancelled by nothing, or
left standing by what ends it; a boundary event without its host; a task opened, completed or
cancelled against the diagram's turn; a gateway's decision that names other flows than were taken;
an end with something still open; a change of version that the open elements do not fit.

It cannot see: whether a condition, a clock or a table gave what the record says (that is
`services.past_cases`, which computes); two acts of parallel branches told in the other order; the
end of a *running* case cut off (no record shows what has not come yet); which of two calls of the
same element, under way at once, an inner element belongs to; whether a clock that rings once rang
twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from workflows.conformance_graph import Graph
from workflows.conformance_marking import Marking, Unfit, parse
from workflows.conformance_walk import walk


@dataclass(frozen=True, slots=True)
class Act:
    """An event of a case's record. ``path`` is its element path; ``task`` the task's id, ``round``
    its round; ``chosen`` the flows a gateway's decision names (None: no such decision);
    ``version`` the content hash a case starts on or moves to."""

    seq: int
    type: str
    path: str = ""
    steps: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    task: str = ""
    round: int = 1
    chosen: tuple[str, ...] | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first event that does not fit: its ``seq`` and type, the element, and why (``code`` and
    what fills its sentence)."""

    seq: int
    type: str
    path: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``acts`` and ``steps`` are how many were replayed (up to the misfit); ``open`` what the
    diagram still has open after them, ``ended`` whether the record says the process ended.
    ``begun``: whether the record has a process at all."""

    misfit: Misfit | None
    acts: int
    steps: int
    open: tuple[str, ...]
    ended: bool
    begun: bool

    @property
    def fits(self) -> bool:
        return self.misfit is None


def replay(graph_for: Callable[[str], Graph | None], acts: Iterable[Act]) -> Verdict:
    """Play the acts in order. ``graph_for`` gives the graph of a content hash, None for a version
    that is not known here. Stops at the first misfit."""
    player = _Player(graph_for)
    misfit = None
    act = Act(0, "")
    try:
        for act in acts:
            player.take(act)
        player.settle()
    except Unfit as unfit:
        misfit = Misfit(act.seq, act.type, unfit.path or act.path, unfit.code, unfit.detail)
    return Verdict(
        misfit,
        player.acts,
        player.steps,
        player.marking.open() if player.marking is not None else (),
        player.ended,
        player.marking is not None,
    )


@dataclass(eq=False)
class _Player:
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

    def take(self, act: Act) -> None:
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
            case _ if act.steps or act.flows or act.type == "task.completed":
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
        self._nothing_untold(marking)
        if act.type == "task.completed":
            self._completed(act)
        gone_all = act.type == "instance.cancelled"
        cancelled = walk(marking, act.steps, act.flows, all_gone=gone_all)
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
        marking.move(self._graph(act.version))
        self._walk(act)

    def _end(self) -> None:
        marking = self._under_way()
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
