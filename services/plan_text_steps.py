"""The values a plan's text is made of: numbered steps, where each leads, and their limits.

Nothing here is words: names come in the plan's two languages, everything else as codes that
the pages put into the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.plan_text_moments import Moment, Term
from workflows.contract import DeadlineKind, Element

StepKind = Literal["task", "call", "group", "rule", "notify", "send", "wait", "choice", "pass"]
RouteKind = Literal["step", "end", "choice", "any", "together", "first", "join"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a choice. ``condition`` is FEEL, "" for none; ``default`` the way taken
    when no other is."""

    name: str
    name_en: str
    condition: str
    default: bool
    to: Route


@dataclass(frozen=True, slots=True)
class Route:
    """Where the work goes on: to the step ``number`` (``back`` when that stands no later), to
    an end (``name``; ``stops`` when everything else stops too, ``side`` when only what a timer or
    message set going beside the work ends there), by a choice of one (``choice``)
    or any number (``any``) of ``branches``, to all of them at once (``together``), to whichever
    happens first (``first``), or past a ``join`` once all that runs beside it is done."""

    kind: RouteKind
    number: str = ""
    back: bool = False
    name: str = ""
    name_en: str = ""
    stops: bool = False
    side: bool = False
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """A clock of a step. ``kind`` None: an ordinary timer. ``beyond`` is what it adds to the
    step's due moment where it is told from that. ``to`` leads on from it (None: only noted).
    ``calls`` are the numbers of the calling steps it holds for, empty for all."""

    kind: DeadlineKind | None
    moment: Moment
    name: str
    name_en: str
    origin: str
    interrupting: bool
    escalate_to: str = ""
    beyond: Term | None = None
    to: Route | None = None
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """What may happen while a step is open, other than a timer: ``event`` is message, signal,
    error, escalation, conditional or compensate."""

    event: str
    name: str
    name_en: str
    interrupting: bool
    origin: str
    to: Route | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A step done once for each of ``collection`` (FEEL), one after the other or all at once."""

    collection: str
    sequential: bool


@dataclass(frozen=True, slots=True)
class Step:
    """``number`` is unique in the plan: "7", "7.2" within a group, "B3" in a part. ``paths`` are
    all places the step stands in (one for each call of its part); ``element`` is the first.
    ``roles`` are keys of the plan's ``[roles]``. ``part`` is the letter of the part a call
    goes through; ``inside`` the limits its steps have in this call only. ``used`` is False where
    no call ever comes this way. ``not_same_as`` are steps (numbers) of which nobody may do both."""

    number: str
    kind: StepKind
    element: Element
    paths: tuple[str, ...]
    roles: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    happenings: tuple[Happening, ...] = ()
    to: Route | None = None
    plain: bool = False  # leads to the very next step and nowhere else
    part: str = ""
    inside: tuple[tuple[str, Limit], ...] = ()
    starts: tuple[Start, ...] = ()
    steps: tuple[Step, ...] = ()
    repeat: Repeat | None = None
    used: bool = True
    not_same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """How a part or group begins. ``event`` is "" for a plain start, else what it waits for."""

    element: Element
    event: str
    interrupting: bool
    to: Route | None


@dataclass(frozen=True, slots=True)
class Part:
    """The plan's own process (``letter`` ""), or a process it calls. ``callers`` are the
    numbers of the steps that go through it."""

    key: str
    letter: str
    name: str
    name_en: str
    documentation: str
    documentation_en: str
    starts: tuple[Start, ...]
    steps: tuple[Step, ...]
    callers: tuple[str, ...] = ()


def every(steps: tuple[Step, ...]) -> list[Step]:
    """The steps and those within them, in reading order."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        found += every(step.steps)
    return found


def targets(route: Route | None) -> list[str]:
    """Numbers of the steps a route may lead to."""
    if route is None:
        return []
    if route.kind == "step":
        return [route.number]
    return [number for branch in route.branches for number in targets(branch.to)]


def ends(route: Route | None) -> bool:
    """Whether a route may end the part, group or plan it stands in."""
    if route is None or route.kind == "end":
        return route is None or not route.side
    return any(ends(branch.to) for branch in route.branches)
