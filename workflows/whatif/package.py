"""A plan packed for what-if runs, to be sent to another process, and what is done there.

Everything here is plain data and module-level functions: a worker gets a `Package` by pickle, and
keeps the plan unpacked for the next portion of work on it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from workflows.contract import WorkCalendar
from workflows.definition import Definition
from workflows.feel import default_feel
from workflows.whatif.memo import MemoFeel
from workflows.whatif.play import Stage
from workflows.whatif.questions import Asked
from workflows.whatif.runs import Tally, Trial, tally
from workflows.whatif.walk import Walk, walk

#: Plans a process keeps unpacked: a draft and the version it is held against, for a few people.
KEPT: Final = 6


@dataclass(frozen=True, slots=True)
class Package:
    """A compiled plan with what a case of it starts with. ``key`` stands for all of it: equal keys
    are equal packages. ``flows`` are the paths of its sequence flows."""

    key: str
    definition: bytes
    asked: Asked
    flows: frozenset[str]
    settings: Mapping[str, Any]
    calendar: WorkCalendar


def play_portion(
    place: int, package: Package, trial: Trial, numbers: Sequence[int]
) -> tuple[int, Tally]:
    """Play the runs with these numbers; ``place`` is handed back, for whoever asked for several
    plans at once."""
    return place, tally(_stage(package, trial.people, listen=False), trial, numbers)


def walk_through(package: Package, minutes: Mapping[str, int], members: Mapping[str, int]) -> Walk:
    """Walk the plan once."""
    return walk(_stage(package, None, listen=True), package.flows, minutes, members)


_unpacked: OrderedDict[str, tuple[Definition, MemoFeel]] = OrderedDict()


def _stage(package: Package, people: Mapping[str, int] | None, *, listen: bool) -> Stage:
    found = _unpacked.pop(package.key, None)
    if found is None:
        found = (Definition.load(package.definition), MemoFeel(default_feel()))
    _unpacked[package.key] = found
    while len(_unpacked) > KEPT:
        _unpacked.popitem(last=False)
    definition, feel = found
    return Stage(
        definition, package.asked, package.settings, package.calendar, feel, people, listen
    )
