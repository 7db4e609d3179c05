"""What a filter of the history means: which indexes can answer it, and which of the events read
from one of them it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.history import HistoryEvent
from models.plans import Plan, PlanVersion
from services import event_kinds, event_settled, history
from services.definitions import catalogue_for, static_path
from services.errors import Refusal
from services.event_cases import CasesAsked
from services.event_filter import EventFilter
from services.event_streams import Span, Stream, count, element_paths
from services.history_types import all_types

#: Cases of a plan or tier that are still read case by case, and events they may have together.
FEW_CASES = 200
FEW_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """Streams that together hold every event asked for. The lower the rank, the sooner it is
    taken where it is not known to be the longer way."""

    rank: int
    streams: tuple[Stream, ...]


class Conditions:
    """A filter made ready: ``ways`` are the indexes that can answer it (the whole record by time
    is always one), ``keep`` the rest of the question. ``nothing`` is True where no event can be
    meant, ``exact`` where ``keep`` drops none of the only way's events.

    Raises Refusal ``filter_unreadable`` 422 for types, kinds or categories that do not exist,
    ``clause_needs_plan`` 422, ``plan_unknown`` 404 and ``clause_unknown`` 422 for a clause that no
    version of the plan has.
    """

    def __init__(self, session: Session, flt: EventFilter) -> None:
        self.session = session
        self.flt = flt
        self.kinds = flt.kinds or (event_kinds.all_kinds() if flt.open_only else ())
        _require_known(flt)
        self.types = _types(flt)
        self._entered_later = event_kinds.ENTERED_LATER in self.kinds
        self._kind_types = event_kinds.types_of(self.kinds)
        self._of_plans = _types_naming_a_plan() if flt.plan else set()
        self._cases = CasesAsked(session, flt.plan, flt.tier) if flt.plan or flt.tier else None
        self.paths = self._paths()
        self.ways = self._ways()
        self.nothing = not self.ways
        self.exact = len(self.ways) == 1 and self._looks_at_nothing_else()

    def keep(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Those of the rows (`event_streams.rows`) that are meant, in their order, as far as they
        themselves and their cases tell."""
        found = [row for row in rows if self._row(row)]
        if self._cases is not None:
            self._cases.look_up(row.case_id for row in found)
            holds = self._cases.holds
            found = [row for row in found if row.case_id is None or holds(row.case_id)]
        return found

    def keep_events(self, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
        """Those of the events that `keep` kept which are meant, now that all of them is known."""
        found = list(events)
        if self.flt.plan:
            found = [event for event in found if event.case_id or self._names_plan(event)]
        if self.kinds or self.flt.late is not None:
            found = [event for event in found if self._of_kind(event)]
        if self.flt.open_only:
            settled = event_settled.settled(self.session, found)
            found = [event for event in found if self._is_open(event, settled.get(event.id, {}))]
        return found

    # ------------------------------------------------------------- the ways to get at them

    def _paths(self) -> set[str] | None:
        """The paths of the record that are meant; None where any is."""
        flt = self.flt
        if not (flt.element or flt.clause):
            return None
        found = set(element_paths(self.session))
        if flt.element:
            found = {path for path in found if _is_at(static_path(path), flt.element)}
        if flt.clause:
            covered = covered_by(self.session, flt.plan, flt.clause)
            found = {path for path in found if static_path(path) in covered}
        return found

    def _ways(self) -> list[Way]:
        flt = self.flt
        if self.types == frozenset() or self.paths == set():
            return []
        if self._cases is not None and self._cases.nothing:
            return []
        if flt.case is not None:
            return [Way(0, (Stream("cases", (flt.case,)),))]
        ways = [Way(9, (Stream("time"),))]
        few = self._few_cases()
        if few is not None:
            of_plan = tuple(sorted(self._of_plans)) if not flt.tier else ()
            streams = (Stream("cases", tuple(few)), Stream("type", of_plan))
            ways.append(Way(0, tuple(stream for stream in streams if stream.values)))
        if self.paths is not None:
            ways.append(Way(1, (Stream("element", tuple(sorted(self.paths))),)))
        if flt.person is not None:
            ways.append(Way(2, (Stream("person", (flt.person,)),)))
        if flt.role:
            ways.append(Way(3, (Stream("role", (flt.role,)),)))
        if self.kinds:
            types = self._kind_types if self.types is None else self._kind_types & self.types
            later = (Stream("entered_later"),) if self._entered_later else ()
            streams = (Stream("type", tuple(sorted(types))), *later)
            ways.append(Way(4, tuple(s for s in streams if s.values or s.name != "type")))
        elif self.types is not None:
            ways.append(Way(4, (Stream("type", tuple(sorted(self.types))),)))
        # A way without a stream holds nothing, and so does the answer.
        return [] if any(not way.streams for way in ways) else ways

    def _few_cases(self) -> list[int] | None:
        """The cases of the plan and tier, where they are few and short."""
        found = self._cases.few(FEW_CASES) if self._cases is not None else None
        if found is None:
            return None
        streams = [Stream("cases", tuple(found))]
        short = count(self.session, streams, Span(), FEW_EVENTS) < FEW_EVENTS
        return found if short else None

    def _looks_at_nothing_else(self) -> bool:
        flt = self.flt
        asked = (flt.plan, flt.tier, self.kinds, flt.open_only, flt.late is not None)
        others = (flt.person is not None, flt.role, self.types is not None, self.paths is not None)
        return not any(asked) and not any(others)

    # ------------------------------------------------------------------- what is kept of them

    def _row(self, row: Row[Any]) -> bool:
        flt = self.flt
        return (
            (flt.case is None or row.case_id == flt.case)
            and (flt.person is None or row.person_id == flt.person)
            and (not flt.role or row.role_key == flt.role)
            and (self.types is None or row.type in self.types)
            and (self.paths is None or row.element_path in self.paths)
            and (not self.kinds or row.type in self._kind_types or self._entered_later)
            and (row.case_id is not None or not flt.tier)
            and (row.case_id is not None or not flt.plan or row.type in self._of_plans)
        )

    def _names_plan(self, event: HistoryEvent) -> bool:
        return history.payload_of(event).get("plan") == self.flt.plan

    def _of_kind(self, event: HistoryEvent) -> bool:
        content = history.content_of(event)
        if self.kinds and not set(self.kinds) & set(event_kinds.kinds_of(event, content)):
            return False
        late = self.flt.late
        return late is None or event_kinds.lateness(event, content) is late

    def _is_open(self, event: HistoryEvent, settled: event_settled.Facts) -> bool:
        mine = set(self.kinds) & set(event_kinds.kinds_of(event))
        return bool(mine - settled.keys())


def covered_by(session: Session, plan: str, clause: str) -> set[str]:
    """The static paths a clause of a plan stands for, in any of its versions: of the elements that
    name it, of what stands inside those, and of what is attached to either. Raises Refusal
    ``clause_needs_plan``, ``plan_unknown`` or ``clause_unknown``."""
    if not plan:
        raise Refusal("clause_needs_plan", 422)
    if session.get(Plan, plan) is None:
        raise Refusal("plan_unknown", 404)
    covered: set[str] = set()
    for version in session.scalars(select(PlanVersion).where(PlanVersion.plan_key == plan)):
        elements = catalogue_for(session, version).elements
        own = {path for path, element in elements.items() if clause in element.clauses}
        inside = {path for path in elements if any(around in own for around in _around(path))}
        covered |= inside
        covered |= {path for path, element in elements.items() if element.attached_to in inside}
    if not covered:
        raise Refusal("clause_unknown", 422, clause=clause)
    return covered


def _around(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _is_at(path: str, element: str) -> bool:
    return path == element or ("/" not in element and element in path.split("/"))


def _require_known(flt: EventFilter) -> None:
    types = all_types()
    known = (
        set(flt.types) <= {type_.name for type_ in types}
        and flt.category in {"", *(type_.category for type_ in types)}
        and set(flt.kinds) <= set(event_kinds.all_kinds())
    )
    if not known:
        raise Refusal("filter_unreadable", 422)


def _types(flt: EventFilter) -> frozenset[str] | None:
    """The types the filter leaves; None where any is meant."""
    sets: list[set[str]] = []
    if flt.types:
        sets.append(set(flt.types))
    if flt.category:
        sets.append({type_.name for type_ in all_types() if type_.category == flt.category})
    if flt.late is not None:
        sets.append(event_kinds.types_judged(flt.late))
    return frozenset(set.intersection(*sets)) if sets else None


def _types_naming_a_plan() -> set[str]:
    """Types of events that belong to no case and say which plan they are about."""
    return {
        type_.name
        for type_ in all_types()
        if "plan" in {**type_.required, **type_.optional} and type_.name != "case.opened"
    }
