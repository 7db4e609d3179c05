"""What-if runs of a draft, beside the version in force: prepared, computed, kept for a while.

Nothing is written anywhere: a result follows from the files, the settings and the parameters, and
is computed again whenever it has been let go.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Membership, Person
from models.plans import PlanVersion
from models.studio import PlanDraft
from services import draft_reading, plan_settings, whatif_pool
from services.calendar import calendar_of
from services.plan_reading import version_if_any, version_in_force
from services.tiers import Tier, tiers_of
from workflows import catalogue
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.definition import compile_bundle
from workflows.feel import default_feel
from workflows.whatif import questions
from workflows.whatif.package import Package, play_portion, walk_through
from workflows.whatif.runs import MOST_RUNS, Chances, Pace, Result, Tally, Trial, result
from workflows.whatif.walk import Walk

#: Runs a process is given at a time.
PORTION: Final = 50
#: Walks and results kept in memory.
KEPT: Final = 24
#: What all runs of a plan may cost together (`workflows.whatif.play.Played.work`): six times
#: a thousand of plan 11. Of a plan so large that it is not enough, fewer runs are made.
MOST_WORK: Final = 16_000_000
#: But so many are.
FEWEST: Final = 20

#: Minutes a role takes while nothing better is known: half of its tasks, nine of ten.
USUAL_PACE: Final[Mapping[str, tuple[int, int]]] = {
    "duty": (10, 30), "leader": (30, 120), "secrecy": (30, 90), "legal": (30, 90),
    "spokesperson": (15, 45), "publicity": (30, 90), "office": (20, 60), "unit": (60, 180),
    "archive": (60, 240),
}  # fmt: skip
OTHER_PACE: Final = (30, 90)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan made ready: what is sent to the processes, and what its pages are written from."""

    package: Package
    read: Catalogue
    manifest: Mapping[str, Any]

    @property
    def tiers(self) -> list[Tier]:
        """The plan's tiers, in its own order."""
        return tiers_of(self.manifest)

    @property
    def roles(self) -> list[str]:
        """The roles that have tasks, in the plan's order."""
        groups = [
            element.candidate_groups[0]
            for element in self.read.elements.values()
            if element.kind == "userTask" and element.candidate_groups
        ]
        return list(dict.fromkeys(groups))


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the author asks for. ``paces`` are (median, p90) minutes by role, ``people`` how many
    work in each; ``tiers`` weights by tier; ``returns`` and ``ordinary`` shares in percent."""

    seed: int
    runs: int
    paces: Mapping[str, tuple[int, int]]
    people: Mapping[str, int]
    tiers: Mapping[str, int]
    returns: int
    ordinary: int

    def as_text(self) -> str:
        """Equal parameters give equal text."""
        parts = [self.seed, self.runs, self.returns, self.ordinary]
        tables = [sorted(table.items()) for table in (self.paces, self.people, self.tiers)]
        return repr((parts, tables))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a calculation is: runs ``done`` of ``total``, both versions together."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The draft's figures, and those of the version in force (None where there is none, or where
    it is the same)."""

    after: Result
    before: Result | None


def prepare(session: Session, bundle: Bundle, plan_key: str) -> Prepared:
    """A bundle made ready, with the unit's settings. Raises DeploymentError where it does not
    compile."""
    values = plan_settings.values(session, plan_key, bundle.manifest)
    calendar = calendar_of(session)
    key = _digest(bundle.content_hash, repr(sorted(values.items())), calendar.zone)
    with _lock:
        found = _prepared.get(key)
        if found is not None:
            _prepared.move_to_end(key)
            return found
    definition = compile_bundle(bundle, default_feel())
    read = catalogue.read(bundle.files, bundle.manifest)
    package = Package(
        key=key,
        definition=definition.dump(),
        asked=questions.read(definition, read, bundle.manifest),
        flows=frozenset(read.flows),
        settings=values,
        calendar=calendar,
    )
    return _keep(_prepared, key, Prepared(package, read, bundle.manifest))


def in_force(session: Session, draft: PlanDraft) -> PlanVersion | None:
    """The version a draft is held against: the one in force, else the one it was made from."""
    current = version_in_force(session, draft.plan_key)
    return current or version_if_any(session, draft.base_version_id)


def prepare_draft(session: Session, draft: PlanDraft) -> Prepared:
    """Raises DeploymentError where the draft does not compile."""
    return prepare(session, draft_reading.bundle_of_draft(session, draft), draft.plan_key)


def prepare_version(session: Session, version: PlanVersion) -> Prepared:
    """A deployed version made ready."""
    return prepare(session, draft_reading.version_bundle(session, version), version.plan_key)


def people_by_role(session: Session) -> dict[str, int]:
    """How many active people hold each role."""
    rows = session.execute(
        select(Membership.role_key, func.count(Person.id))
        .join(Person, Person.id == Membership.person_id)
        .where(Person.active.is_(True), Membership.until.is_(None))
        .group_by(Membership.role_key)
    )
    return dict(rows.all())


def kept_walk(prepared: Prepared, parameters: Parameters) -> Walk | None:
    """The walk, if it was done lately."""
    with _lock:
        return _walks.get(_walk_key(prepared, parameters))


def walk(prepared: Prepared, parameters: Parameters, *, processes: bool = True) -> Walk:
    """Walk every tier and answer of a plan, each role taking its median."""
    key = _walk_key(prepared, parameters)
    with _lock:
        found = _walks.get(key)
    if found is not None:
        return found
    work = (walk_through, _walk_arguments(prepared, parameters))
    (found,) = whatif_pool.as_done([work], processes=processes)
    return _keep(_walks, key, found)


def kept_outcome(
    draft: Prepared, version: Prepared | None, parameters: Parameters
) -> Outcome | None:
    """The result, if it was computed lately."""
    with _lock:
        return _outcomes.get(_outcome_key(draft, version, parameters))


def compute(
    draft: Prepared, version: Prepared | None, parameters: Parameters, *, processes: bool = True
) -> Generator[Progress, None, Outcome]:
    """Play the runs of the draft and, with the same chances, of the version. Yields how far it
    is; returns the outcome, which is then kept. Closing the generator stops the work."""
    plans = [draft]
    if version is not None and version.package.key != draft.package.key:
        plans.append(version)
    runs = parameters.runs
    total = runs * len(plans)
    yield Progress(0, total)
    tallies: list[Tally] = []
    trials = []
    for plan in plans:
        learned = walk(plan, parameters, processes=processes)
        trials.append(_trial(plan, parameters, learned))
        tallies.append(Tally())
        runs = min(runs, max(FEWEST, MOST_WORK // max(1, learned.work)))
        yield Progress(0, total)
    total = runs * len(plans)
    # Large cases by fewer at a time, so that there is progress and stopping is soon done.
    portion = max(1, PORTION * runs // parameters.runs)
    works = [
        (play_portion, (place, plan.package, trial, range(first, min(first + portion, runs))))
        for first in range(0, runs, portion)
        for place, (plan, trial) in enumerate(zip(plans, trials, strict=True))
    ]
    done = 0
    for place, found in whatif_pool.as_done(works, processes=processes):
        tallies[place].add(found)
        done += found.runs
        yield Progress(done, total)
    results = [result(one) for one in tallies]
    outcome = Outcome(results[0], results[1] if len(results) > 1 else None)
    return _keep(_outcomes, _outcome_key(draft, version, parameters), outcome)


# ------------------------------------------------------------------------------ the parts


def _trial(plan: Prepared, parameters: Parameters, learned: Walk) -> Trial:
    paces = {role: Pace(median, p90) for role, (median, p90) in parameters.paces.items()}
    chances = Chances(
        tiers={key: float(weight) for key, weight in parameters.tiers.items()},
        returns=parameters.returns / 100,
        ordinary=parameters.ordinary / 100,
        back=learned.returning,
        usual=learned.usual,
    )
    runs = min(parameters.runs, MOST_RUNS)
    return Trial(parameters.seed, runs, paces, dict(parameters.people), chances)


def _walk_arguments(prepared: Prepared, parameters: Parameters) -> tuple[Any, ...]:
    minutes = {role: median for role, (median, _) in parameters.paces.items()}
    return prepared.package, minutes, dict(parameters.people)


def _walk_key(prepared: Prepared, parameters: Parameters) -> str:
    _, minutes, people = _walk_arguments(prepared, parameters)
    return _digest(
        prepared.package.key, repr(sorted(minutes.items())), repr(sorted(people.items()))
    )


def _outcome_key(draft: Prepared, version: Prepared | None, parameters: Parameters) -> str:
    other = version.package.key if version is not None else ""
    return _digest(draft.package.key, other, parameters.as_text())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


_lock = Lock()
_prepared: OrderedDict[str, Prepared] = OrderedDict()
_walks: OrderedDict[str, Walk] = OrderedDict()
_outcomes: OrderedDict[str, Outcome] = OrderedDict()


V = TypeVar("V")


def _keep(kept: OrderedDict[str, V], key: str, value: V) -> V:
    with _lock:
        kept[key] = value
        kept.move_to_end(key)
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return value
