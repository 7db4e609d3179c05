"""What a filter of the history means: which indexes can answer it, and which of the events read
from one of them it keeps."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.history import HistoryEvent
from services import event_kinds, event_settled, history
from services.canonical import canonical
from services.errors import Refusal
from services.event_cases import CasesAsked
from services.event_filter import EventFilter
from services.event_paths import paths_meant
from services.event_sql import INDEXES, Condition, Span, Stream, all_of, any_of, like
from services.event_streams import count
from services.history_types import all_types

#: Cases of a plan or tier that are still read case by case, and events they may have together.
FEW_CASES = 200
FEW_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """Streams that together hold every event asked for; ``meets`` names the conditions
    that all of theirs meet. The lower the rank, the sooner it is taken where it is not known to be
    the longer way."""

    rank: int
    streams: tuple[Stream, ...]
    meets: Set[str] = frozenset()


#: Event types, each with the texts of which one must stand in its content; none: any may be.
Marks = dict[str, frozenset[str]]


class Conditions:
    """A filter made ready: ``ways`` are the indexes that can answer it (the whole record by time
    is always one), `tests` what the database is to ask besides, `keep_events` what only the whole
    event tells. ``nothing`` is True where no event can be meant.

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
        self._kinds = event_kinds.marks_of(self.kinds)
        self._judged = None if flt.late is None else event_kinds.marks_judged(flt.late)
        self._of_plans = _types_naming_a_plan() if flt.plan else set()
        self._cases = CasesAsked(session, flt.plan, flt.tier) if flt.plan or flt.tier else None
        self.paths = paths_meant(session, flt)
        self.ways = self._ways()
        self.nothing = not self.ways
        #: Whether `keep_events` may drop any.
        self.judges = bool(flt.plan or self.kinds or flt.late is not None)

    def tests(self, way: Way) -> list[Condition]:
        """What the way's events must meet besides, to be meant as far as their columns, their
        cases and a glance at their content tell."""
        return [test for name, test in self._conditions().items() if name not in way.meets]

    def keep(self, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
        """As `tests`, for events that were read in another way."""
        found = [event for event in events if self._event(event)]
        if self._cases is not None:
            self._cases.look_up(event.case_id for event in found)
            holds = self._cases.holds
            found = [event for event in found if event.case_id is None or holds(event.case_id)]
        return found

    def keep_events(self, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
        """Those of the events that `tests` or `keep` left which are meant, now that all of them is
        known."""
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

    def _ways(self) -> list[Way]:
        flt = self.flt
        if self.types == frozenset() or self.paths == set():
            return []
        if self._cases is not None and self._cases.nothing:
            return []
        if flt.case is not None:
            return [Way(0, (Stream("cases", (flt.case,)),), {"case"})]
        ways = [Way(9, (Stream("time"),))]
        few = self._few_cases()
        if few is not None:
            of_none = self._of_no_case()
            of_plan = _by_marks(dict.fromkeys(self._of_plans, frozenset()), of_none)
            streams = (Stream("cases", tuple(few)), *(of_plan if of_none else ()))
            ways.append(Way(0, tuple(one for one in streams if one.values), {"place"}))
        if self.paths is not None:
            ways.append(Way(1, (Stream("element", tuple(sorted(self.paths))),), {"element"}))
        if flt.person is not None:
            ways.append(Way(2, (Stream("person", (flt.person,)),), {"person"}))
        if flt.role:
            ways.append(Way(3, (Stream("role", (flt.role,)),), {"role"}))
        if self.kinds:
            later = (Stream("entered_later"),) if self._entered_later else ()
            ways.append(Way(4, (*_by_marks(self._within_types(self._kinds)), *later), {"kinds"}))
        elif self.types is not None:
            types = dict.fromkeys(self.types, frozenset[str]())
            streams = _by_marks(self._within_types(self._judged or types))
            ways.append(Way(4, streams, {"types", "late"}))
        # A way without a stream holds nothing, and so does the answer.
        return [] if any(not way.streams for way in ways) else ways

    def _within_types(self, marks: Marks) -> Marks:
        if self.types is None:
            return marks
        return {name: texts for name, texts in marks.items() if name in self.types}

    def _few_cases(self) -> list[int] | None:
        """The cases of the plan and tier, where they are few and short."""
        found = self._cases.few(FEW_CASES) if self._cases is not None else None
        if found is None:
            return None
        streams = [Stream("cases", tuple(found))]
        short = count(self.session, streams, Span(), FEW_EVENTS) < FEW_EVENTS
        return found if short else None

    # ------------------------------------------------------------------- what is kept of them

    def _conditions(self) -> dict[str, Condition]:
        """By name; those that need least come first."""
        flt = self.flt
        found: dict[str, Condition] = {}
        if flt.case is not None:
            found["case"] = Condition("case_id = {}", (flt.case,))
        if flt.person is not None:
            found["person"] = Condition("person_id = {}", (flt.person,))
        if flt.role:
            found["role"] = Condition("role_key = {}", (flt.role,))
        if self.types is not None:
            found["types"] = Condition("type {}", (tuple(sorted(self.types)),))
        if self.paths is not None:
            found["element"] = Condition("element_path {}", (tuple(sorted(self.paths)),))
        if self.kinds:
            later = [Condition(INDEXES["entered_later"].where)] if self._entered_later else []
            found["kinds"] = any_of([*_of_marks(self._kinds), *later])
        if self._judged is not None:
            found["late"] = any_of(_of_marks(self._judged))
        if self._cases is not None:
            found["place"] = self._cases.condition(self._of_no_case())
        return found

    def _of_no_case(self) -> Condition | None:
        """Of no case those events are meant that name the plan."""
        if not self.flt.plan or self.flt.tier:
            return None
        names_it = like(f'"plan":{canonical(self.flt.plan)}')
        return all_of([Condition("type {}", (tuple(sorted(self._of_plans)),)), names_it])

    def _event(self, event: HistoryEvent) -> bool:
        flt = self.flt
        return (
            (flt.case is None or event.case_id == flt.case)
            and (flt.person is None or event.person_id == flt.person)
            and (not flt.role or event.role_key == flt.role)
            and (self.types is None or event.type in self.types)
            and (self.paths is None or event.element_path in self.paths)
            and (not self.kinds or event.type in self._kinds or self._entered_later)
            and (event.case_id is not None or not flt.tier)
            and (event.case_id is not None or not flt.plan or event.type in self._of_plans)
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


def _by_marks(marks: Marks, of_all: Condition | None = None) -> tuple[Stream, ...]:
    """The events of the types, each with a text that it must have in its content."""
    found = []
    for texts, names in _same_marks(marks):
        tests = [like(*texts)] if texts else []
        tests += [of_all] if of_all is not None else []
        found.append(Stream("type", names, tuple(tests)))
    return tuple(found)


def _of_marks(marks: Marks) -> list[Condition]:
    """Conditions of which such an event meets one."""
    of_type = [(Condition("type {}", (names,)), texts) for texts, names in _same_marks(marks)]
    return [all_of([type_, like(*texts)]) if texts else type_ for type_, texts in of_type]


def _same_marks(marks: Marks) -> list[tuple[list[str], tuple[str, ...]]]:
    found: dict[frozenset[str], list[str]] = {}
    for name in sorted(marks):
        found.setdefault(marks[name], []).append(name)
    return [(sorted(texts), tuple(names)) for texts, names in found.items()]


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
