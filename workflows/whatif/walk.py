"""The walk: every tier and every answer once, on the real engine, everybody taking as long as is
said of their role.

A scenario is a tier and what is answered otherwise than usual. Scenarios are tried outwards from
the usual course and kept where they take a flow none took before, or answer at a tier what nobody
answered there yet. Each question is answered otherwise the first time only (after a message the
second time too), so every loop is taken once or twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from workflows.contract import Element, IncidentRaised, TaskOpened
from workflows.whatif.overlaps import Overlap, overlaps
from workflows.whatif.play import DISCOVERED, Job, Kept, Played, Stage, Told, play
from workflows.whatif.questions import TIER, Question, Tier

#: Scenarios kept, and cases played to find them.
MOST: Final = 300
MOST_TRIED: Final = 600
#: Of these, cases with several answers that only differ together.
MOST_PAIRS: Final = 150
#: What may be spent on all of them (`Played.work`); plan 11 takes a third of it.
MOST_WORK: Final = 3_000_000
#: A message is sent so long after it is first waited for.
SEND_AFTER: Final = timedelta(minutes=30)
_NONE: Final = Tier("", 0)


@dataclass(frozen=True, slots=True)
class Script:
    """What is told beforehand of a scenario. ``tiers`` by the times a tier is decided, the last
    for all after; ``given`` are answers as (question key, how often asked) -> value; ``message``
    is sent once; ``late``: everybody with a limit lets it pass."""

    tiers: tuple[Tier, ...]
    given: tuple[tuple[tuple[str, int], Any], ...] = ()
    message: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """A course a case may take. ``answers`` are those that differ from the usual course, as
    (question key, how often asked, value); ``rows`` the tasks in the order they opened; ``told``
    who was called in when; ``ended`` and ``incident`` as in `Played`."""

    key: str
    tier: str
    tiers: tuple[str, ...]
    answers: tuple[tuple[str, int, Any], ...]
    message: str
    late: bool
    rows: tuple[Job, ...]
    told: tuple[Told, ...]
    deadlines: tuple[Kept, ...]
    overlaps: tuple[Overlap, ...]
    ended: str
    incident: IncidentRaised | None
    waits_for: tuple[str, ...]
    ends: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Walk:
    """``flows`` are the paths of all sequence flows, ``missed`` those no scenario took.
    ``returning`` are the answers that make somebody do the same thing again (question key, value).
    ``usual`` are the answers the usual course gives. ``capped``: some answers were not tried;
    ``paired``: not all answers that differ from the usual together were. ``work`` is what a case
    cost on average (`Played.work`)."""

    scenarios: tuple[Scenario, ...]
    flows: int
    missed: tuple[str, ...]
    returning: frozenset[tuple[str, Any]]
    usual: Mapping[str, Any]
    tried: int
    capped: bool
    paired: bool
    work: int = 0


def walk(
    stage: Stage, flows: frozenset[str], minutes: Mapping[str, int], members: Mapping[str, int]
) -> Walk:
    """Walk a plan. ``flows`` are the paths of its sequence flows; ``minutes`` how long each role
    takes for a task; ``members`` how many people each role has."""
    return _Walker(stage, flows, minutes, members).walk()


@dataclass(slots=True)
class _Tried:
    script: Script
    played: Played
    times: Mapping[str, int] = field(default_factory=dict)


class _Walker:
    def __init__(
        self,
        stage: Stage,
        flows: frozenset[str],
        minutes: Mapping[str, int],
        members: Mapping[str, int],
    ) -> None:
        self.stage = stage
        self.flows = flows
        self.minutes, self.members = minutes, members
        self.usual: dict[str, Any] = {}
        self.returning: set[tuple[str, Any]] = set()
        self.seen: set[Any] = set()
        self.kept: list[_Tried] = []
        self.base: dict[str, Mapping[str, int]] = {}
        self.tried = 0
        self.work = 0
        self.next: deque[tuple[Script, Mapping[str, int]]] = deque()
        self.pairs: deque[tuple[Script, Mapping[str, int]]] = deque()
        self.known: set[Script] = set()
        #: Whether the last scenario kept went where none went before.
        self.leads = False

    def walk(self) -> Walk:
        tiers = self.stage.asked.tiers or (_NONE,)
        self._learn(tiers)
        for tier in tiers:
            first = self._try(Script((tier,)))
            self.base[tier.key] = first.times
            self._keep(first)
            self._line_up(first, {})
            self._keep(self._try(Script((tier,), late=True)))
        self._through(self.next, MOST_TRIED)
        capped = bool(self.next)
        self._through(self.pairs, min(MOST_TRIED, self.tried + MOST_PAIRS))
        reached = {item for item in self.seen if isinstance(item, str)}
        order = {tier.key: place for place, tier in enumerate(tiers)}
        self.kept.sort(key=lambda one: order[one.script.tiers[0].key])
        return Walk(
            tuple(self._scenario(place, one) for place, one in enumerate(self.kept)),
            len(self.flows),
            tuple(sorted(self.flows - reached)),
            frozenset(self.returning),
            dict(self.usual),
            self.tried,
            capped,
            bool(self.pairs),
            self.work // self.tried,
        )

    def _through(self, queue: deque[tuple[Script, Mapping[str, int]]], most: int) -> None:
        """Try what is lined up, and what that leads to, until so many have been tried."""
        while queue and self.tried < most and len(self.kept) < MOST and not self._spent:
            script, before = queue.popleft()
            found = self._try(script)
            self._learn_return(found)
            if self._keep(found) and self.leads:
                self._line_up(found, before)

    def _line_up(self, found: _Tried, before: Mapping[str, int]) -> None:
        """What is one answer away: first where the question was not yet asked in the course this
        one came of, then the answers that only differ together."""
        for key, script in self._otherwise(found):
            if script not in self.known:
                self.known.add(script)
                queue = self.pairs if key in before else self.next
                queue.append((script, found.times))

    # ------------------------------------------------------------------------- trying

    def _try(self, script: Script) -> _Tried:
        self.tried += 1
        given = dict(script.given)

        def grades(n: int) -> Tier:
            return script.tiers[min(n, len(script.tiers)) - 1]

        def answers(question: Question, n: int) -> Any:
            if (question.key, n) in given:
                return given[question.key, n]
            if n <= 3:
                return self.usual.get(question.key, question.options[0])
            # Round and round with the usual answer: another one may lead on.
            return question.options[(n - 3) % len(question.options)]

        def takes(element: Element, role: str, round_: int, task: TaskOpened) -> int:
            usual = self.minutes.get(role, 30)
            return usual if not script.late or task.due_at is None else self._past(task, usual)

        send = (script.message, SEND_AFTER) if script.message else None
        played = play(self.stage, grades, answers, takes, send)
        self.work += played.work
        times: dict[str, int] = {}
        for key, n, _ in played.answers:
            times[key] = max(n, times.get(key, 0))
        return _Tried(script, played, times)

    @property
    def _spent(self) -> bool:
        """Whether no more is tried: the plan is larger than anybody waits for."""
        return self.work > MOST_WORK

    def _past(self, task: TaskOpened, usual: int) -> int:
        """Long enough for the limit, and whoever is called in after it, to have come."""
        assert task.due_at is not None
        left = task.due_at - DISCOVERED
        return max(usual, int(left.total_seconds() // 60) + 24 * 60)

    def _otherwise(self, found: _Tried) -> Iterator[tuple[str, Script]]:
        """The scenarios one answer, one message or one later tier away, each with the key of the
        question answered otherwise ("" for others)."""
        script, met = found.script, set()
        for key, n, value in found.played.answers:
            # What is asked again after a return is answered as usual; after a message all is new.
            if n != (2 if script.message else 1) or (key, n) in met or self._full(script):
                continue
            met.add((key, n))
            if key == TIER:
                if n == 2 and len(script.tiers) == 1:
                    for tier in self.stage.asked.tiers:
                        if tier != script.tiers[0]:
                            yield "", replace(script, tiers=(*script.tiers, tier))
                continue
            question = self.stage.asked.question(key)
            if question is None or (question.quiet and not self._leads_quietly(script)):
                continue
            for option in question.options:
                if option != value and (key, n) not in dict(script.given):
                    yield key, replace(script, given=(*script.given, ((key, n), option)))
        if not script.message and not script.given:
            for name in sorted(found.played.expected):
                yield "", replace(script, message=name)
        if not script.late:
            yield "", replace(script, late=True)

    @staticmethod
    def _full(script: Script) -> bool:
        """Whether enough is told of it already: after a message, one answer and one tier."""
        return bool(script.message and script.given) or len(script.given) >= 4

    def _quiet(self, key: str) -> bool:
        """The tier, and what only a table reads: neither makes a course of its own."""
        question = self.stage.asked.question(key)
        return question is None or question.quiet

    def _leads_quietly(self, script: Script) -> bool:
        """Whether to vary what only a table reads: once, at the first tier, in its usual course."""
        tiers = self.stage.asked.tiers or (_NONE,)
        return script == Script((tiers[0],))

    def _keep(self, found: _Tried) -> bool:
        """Keep a scenario that shows something new."""
        script, played = found.script, found.played
        tier = script.tiers[0].key
        items: set[Any] = set(played.flows & self.flows)
        loud = [(key, value) for key, _, value in played.answers if not self._quiet(key)]
        items |= {(tier, key) for key, _ in loud}
        self.leads = not items <= self.seen
        items |= {(tier, key, repr(value)) for key, value in loud}
        if script.message:
            items |= {(tier, script.message)}
        if script.late and (played.told or any(not one.met for one in played.deadlines)):
            items |= {(tier, "late")}
        if played.ended:
            incident = played.incident
            items |= {(played.ended, incident.path if incident else played.messages)}
        new = items - self.seen
        if new or not (script.given or script.late or script.message):
            self.seen |= items
            self.kept.append(found)
            return True
        return False

    # ----------------------------------------------------------------------- learning

    def _learn(self, tiers: tuple[Tier, ...]) -> None:
        """Find the usual answer to what is asked again and again: the one that leads on."""
        for tier in tiers:
            for _ in range(len(self.stage.asked.questions)):
                if self._spent or self.tried >= MOST_TRIED:
                    return
                first = self._try(Script((tier,)))
                again = [key for key, n in first.times.items() if n > 1 and key != TIER]
                unknown = [key for key in again if key not in self.usual]
                if not unknown:
                    break
                for key in unknown:
                    self._settle(tier, key)

    def _settle(self, tier: Tier, key: str) -> None:
        question = self.stage.asked.question(key)
        assert question is not None
        least: tuple[int, int, int] | None = None
        for place, option in enumerate(question.options):
            if self._spent:
                break
            given = tuple(((key, n), option) for n in (1, 2, 3))
            found = self._try(Script((tier,), given))
            score = (bool(found.played.ended), found.times.get(key, 0), place)
            if least is None or score < least:
                least, self.usual[key] = score, option

    def _learn_return(self, found: _Tried) -> None:
        """An answer after which the same thing is asked once more than usually is a return."""
        script = found.script
        if len(script.given) != 1 or script.message or len(script.tiers) > 1:
            return
        ((key, n), value) = script.given[0]
        if found.times.get(key, 0) > self.base[script.tiers[0].key].get(key, 0) and n == 1:
            self.returning.add((key, value))

    # ------------------------------------------------------------------------ showing

    def _scenario(self, place: int, found: _Tried) -> Scenario:
        script, played = found.script, found.played
        return Scenario(
            key=f"s{place + 1}",
            tier=script.tiers[0].key,
            tiers=tuple(tier.key for tier in script.tiers),
            answers=tuple((key, n, value) for (key, n), value in script.given),
            message=script.message,
            late=script.late,
            rows=tuple(played.jobs),
            told=tuple(played.told),
            deadlines=tuple(played.deadlines),
            overlaps=tuple(overlaps(played.jobs, self.members, played.at)),
            ended=played.ended,
            incident=played.incident,
            waits_for=played.messages,
            ends=tuple(played.ends),
            minutes=int((played.at - DISCOVERED).total_seconds() // 60),
        )
