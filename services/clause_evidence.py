"""The evidence for a clause: every case in which it applied, and the events that show how.

Read from history alone, each case on the versions of its plan it ran on. Words of people stay out:
what is told is what was done, when, by whom in which role, and whether it was in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.plans import PlanVersion
from services import history
from services.clause_reading import Evidence, Item, State, of_target
from services.clause_targets import Target, decisive, events_of, found_by_path, targets_of
from services.definitions import catalogue_for
from services.directory import people_by_id
from services.errors import Refusal
from services.event_streams import element_paths
from services.plan_reading import versions_of

#: How many cases are on a page, and how many at most are looked at for it.
PAGE: Final = 20
LOOKED_AT: Final = 1000
FAR_BATCH: Final = 200


@dataclass(slots=True)
class CaseEvidence:
    """``version`` is the one the case runs on now; ``state`` of the clause as a whole: open while
    something of it is, done once something is, else cancelled or not reached. That a gateway was
    passed or a clock rang counts only where a clause has nothing else."""

    case: Case
    version: PlanVersion
    found: list[Evidence]

    @property
    def state(self) -> State:
        """The clause's state in the case, by the places that decide it (`decisive`)."""
        counts = decisive([one.target for one in self.found])
        states = {one.state for one in self.found if one.target in counts}
        order: tuple[State, ...] = ("open", "done", "cancelled", "quiet")
        return next((one for one in order if one in states), "unreached")

    @property
    def verdict(self) -> Literal["", "met", "missed"]:
        """Missed once one of its deadlines was, met if all judged were, "" without any."""
        verdicts = {one.verdict for one in self.found}
        return "missed" if "missed" in verdicts else "met" if "met" in verdicts else ""


@dataclass(frozen=True, slots=True)
class ClauseVersion:
    """The clause as one version of the plan has it."""

    version: PlanVersion
    clause: Mapping[str, Any]
    targets: tuple[Target, ...]

    @property
    def traced(self) -> bool:
        """Whether it leaves anything in a case."""
        return any(one.kind != "standing" for one in self.targets)


@dataclass(frozen=True, slots=True)
class ClausePage:
    """``versions`` that have the clause, the newest first; ``next`` asks for the cases before
    these (an id). ``looked`` is how many cases were looked at where that was given up for now."""

    versions: tuple[ClauseVersion, ...]
    cases: tuple[CaseEvidence, ...]
    next: int | None
    looked: int = 0

    @property
    def newest(self) -> ClauseVersion:
        """The clause as the newest version that has it words it."""
        return self.versions[0]

    @property
    def traced(self) -> bool:
        """Whether any version's wording leaves something in a case."""
        return any(one.traced for one in self.versions)


def clause_versions(session: Session, plan_key: str, clause_id: str) -> tuple[ClauseVersion, ...]:
    """Raises Refusal ``plan_unknown`` or ``clause_unknown`` 404."""
    versions = versions_of(session, plan_key)
    if not versions:
        raise Refusal("plan_unknown", 404, plan=plan_key)
    found = []
    for version in versions:
        rows = version.clauses.get("clause", [])
        row = next((row for row in rows if row.get("id") == clause_id), None)
        if row is not None:
            read = catalogue_for(session, version)
            found.append(ClauseVersion(version, row, targets_of(read, version.manifest, row)))
    if not found:
        raise Refusal("clause_unknown", 404, clause=clause_id)
    return tuple(found)


def clause_page(
    session: Session,
    plan_key: str,
    clause_id: str,
    *,
    everything: bool = False,
    drills: bool = False,
    before: int | None = None,
) -> ClausePage:
    """A page of evidence, the newest cases first: those in which the clause applied, with
    ``everything`` also those that never came to it. Raises as `clause_versions`."""
    versions = clause_versions(session, plan_key, clause_id)
    if not any(one.traced for one in versions):
        return ClausePage(versions, (), None)
    of_plan = select(PlanVersion.id).where(PlanVersion.plan_key == plan_key)
    query = select(Case).where(Case.plan_version_id.in_(of_plan)).order_by(Case.id.desc())
    if not drills:
        query = query.where(Case.is_drill.is_(False))
    targets = [target for one in versions for target in one.targets]
    shown: list[CaseEvidence] = []
    looked = 0
    while looked < LOOKED_AT:
        # The newest first; where few of them have it, many at a time.
        batch = PAGE + 1 if not looked else FAR_BATCH
        if looked == PAGE + 1 and not everything:
            by_path = found_by_path(targets, lambda: element_paths(session))
            if by_path is not None:
                query = query.where(Case.id.in_(select(HistoryEvent.case_id).where(by_path)))
        some = query if before is None else query.where(Case.id < before)
        cases = list(session.scalars(some.limit(batch)))
        for one in _evidence(session, cases, versions):
            if not everything and one.state == "unreached":
                continue
            if len(shown) == PAGE:
                return ClausePage(versions, tuple(shown), shown[-1].case.id)
            shown.append(one)
        if len(cases) < batch:
            return ClausePage(versions, tuple(shown), None)
        before, looked = cases[-1].id, looked + len(cases)
    return ClausePage(versions, tuple(shown), before, looked)


def _evidence(
    session: Session, cases: Sequence[Case], versions: Sequence[ClauseVersion]
) -> list[CaseEvidence]:
    if not cases:
        return []
    targets = [target for one in versions for target in one.targets]
    events = list(
        session.scalars(
            select(HistoryEvent)
            .where(
                HistoryEvent.chain.in_([history.chain_of(case.id) for case in cases]),
                events_of(targets) | (HistoryEvent.type == "instance.migrated"),
            )
            .order_by(HistoryEvent.chain, HistoryEvent.seq)
        )
    )
    people = people_by_id(
        session, [id_ for event in events for id_ in (event.person_id, event.on_behalf_of)]
    )
    told: dict[int, list[Item]] = {}
    for event in events:
        item = Item(
            event, history.payload_of(event), people.get(event.person_id or 0),
            people.get(event.on_behalf_of or 0),
        )  # fmt: skip
        told.setdefault(event.case_id or 0, []).append(item)
    by_id = {one.version.id: one for one in versions}
    found = []
    for case in cases:
        items = told.get(case.id, [])
        ran_on = [case.plan_version_id]
        ran_on += [
            int(one.payload["from_version"])
            for one in reversed(items)
            if one.event.type == "instance.migrated"
        ]
        version = session.get_one(PlanVersion, case.plan_version_id)
        wanted: dict[tuple[str, str, str], Target] = {}
        for id_ in ran_on:
            for target in by_id[id_].targets if id_ in by_id else ():
                wanted.setdefault((target.kind, target.path, target.key), target)
        shown = [target for target in wanted.values() if target.kind != "standing"]
        found.append(CaseEvidence(case, version, [of_target(one, items) for one in shown]))
    return found
