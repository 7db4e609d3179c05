"""Whether a case's record fits its diagram: the token game, played from the record alone.

Pure: graphs of the versions and the record's acts in, a `Verdict` out. Nothing is evaluated: which
way a gateway chose, when a clock rang and what a person entered is taken from the record; whether
the diagram *allows* it is judged. An act is one event with what the step walked through
(``steps``: ``path`` ended, ``+path`` entered and waiting, ``-path`` cancelled, ``path#2`` in its
second round; ``flows``: ids of the sequence flows taken, in order).

It sees: an element that is not on the diagram, or whose turn it was not; a flow the diagram does
not have there, or none where one must be; a round left out or told twice; a join before its
tokens; a sub-process or call ended with something open inside; something cancelled by nothing, or
left standing by what ends it; a boundary event without its host, or that catches an error or an
escalation nothing threw; a task opened, completed or cancelled against the diagram's turn; a
gateway's decision that names other flows than were taken, or none; an end with something still
open; a change of version that the open elements do not fit.

It cannot see: whether a condition, a clock or a table gave what the record says (that is
`services.past_cases`, which computes); two acts of parallel branches told in the other order; the
end of a *running* case cut off (no record shows what has not come yet); which of two calls of the
same element, under way at once, an inner element belongs to (it fits if one reading does); whether
a clock that rings once rang twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.conformance_acts import Act
from workflows.conformance_choices import Choices
from workflows.conformance_graph import Graph
from workflows.conformance_marking import Unfit
from workflows.conformance_player import Decided, Player, walks

__all__ = ["MOST_READINGS", "Act", "Misfit", "Verdict", "replay"]

#: So many acts are played again for other readings of the record (a second or two); after that
#: it stays undecided whether one of them fits.
MOST_READINGS: Final = 1000
#: So many acts back another reading is still tried.
_MOST_OPEN: Final = 1000


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
    ``begun``: whether the record has a process at all. ``undecided``: the record can be read in
    more ways than were tried (`MOST_READINGS`); none of those tried got past the misfit, which may
    be none."""

    misfit: Misfit | None
    acts: int
    steps: int
    open: tuple[str, ...]
    ended: bool
    begun: bool
    undecided: bool = False

    @property
    def fits(self) -> bool:
        """Whether the whole record can have come from the diagram."""
        return self.misfit is None


def replay(graph_for: Callable[[str], Graph | None], acts: Iterable[Act]) -> Verdict:
    """Play the acts in order. ``graph_for`` gives the graph of a content hash, None for a version
    that is not known here. Where the record can be read in several ways (`Choices`) it fits if
    one of them does; else the misfit is the act that no reading gets past."""
    return _Search(list(acts)).run(Player(graph_for))


class _Search:
    """Depth first: where no reading of an act fits, the last act before it that can be read
    otherwise is played again."""

    def __init__(self, told: Sequence[Act]) -> None:
        self.told = told
        #: Readings not tried yet: (place of the act, player before it, answers).
        self.open: list[tuple[int, Player, Choices]] = []
        self.seen: set[Hashable] = set()
        self.again = 0
        self.dropped = False
        #: How far the best reading came (act, steps, flows), and what stopped it.
        self.far = (-1, 0, 0)
        self.misfit: Misfit | None = None

    def run(self, player: Player) -> Verdict:
        at, choices, reached = 0, Choices(), -1
        best = player
        while at < len(self.told):
            act, before = self.told[at], player
            self.again += at <= reached and walks(act)
            reached = max(reached, at)
            try:
                if walks(act):
                    player = player.copy()
                    try:
                        player.take(act, choices, self._decided(at))
                    finally:
                        self._keep(at, before, choices.another())
                    known = self._known(at, player)
                else:
                    player.take(act, choices, {})
                    known = False
            except Unfit as unfit:
                if self._misfit(at, act, unfit):
                    best = before
                known = True
            if not known:
                at, choices = at + 1, Choices()
                continue
            if not self.open or self.again > MOST_READINGS:
                return _verdict(best, self.misfit, undecided=self.dropped or bool(self.open))
            at, player, choices = self.open.pop()
        try:
            player.settle()
        except Unfit as unfit:
            self.far = (-1, 0, 0)
            self._misfit(at - 1, self.told[-1], unfit)
        else:
            self.misfit = None
        return _verdict(player, self.misfit)

    def _keep(self, at: int, player: Player, choices: Choices | None) -> None:
        if choices is not None:
            self.open.append((at, player, choices))
            if len(self.open) > _MOST_OPEN:
                del self.open[0]
                self.dropped = True

    def _known(self, at: int, player: Player) -> bool:
        """Whether another reading has led to the same already. (What the very first led to is
        not kept: mostly it is the only one.)"""
        if not self.open or not self.again:
            return False
        same = (at, player.same())
        if same in self.seen:
            return True
        self.seen.add(same)
        return False

    def _misfit(self, at: int, act: Act, unfit: Unfit) -> bool:
        """Whether this reading came farther than all before it."""
        far = (at, *unfit.far)
        if far <= self.far:
            return False
        self.far = far
        self.misfit = Misfit(act.seq, act.type, unfit.path or act.path, unfit.code, unfit.detail)
        return True

    def _decided(self, at: int) -> Decided:
        """The flows that the decisions told after an act name."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for n in range(at + 1, len(self.told)):
            act = self.told[n]
            if walks(act):
                break
            if act.type == "decision.taken" and act.chosen is not None:
                found.setdefault(act.path, []).append(act.chosen)
        return found


def _verdict(player: Player, misfit: Misfit | None, *, undecided: bool = False) -> Verdict:
    marking = player.marking
    open_ = marking.open() if marking is not None else ()
    return Verdict(
        misfit, player.acts, player.steps, open_, player.ended, marking is not None, undecided
    )
