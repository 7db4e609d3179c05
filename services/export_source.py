"""What an export reads: events a batch at a time, with their masks, and the names around them.

Memory is bounded by a batch and a few small caches, whatever there is. All of an export is read
from one session, so from one state of the database.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent
from models.people import Person
from models.plans import PlanVersion
from services import export_rows, history, masking, masking_events
from services.definitions import catalogue_for, static_path
from services.event_filter import EventFilter
from services.masking import Mask
from services.tiers import tier_named
from workflows.contract import Element

#: Cases whose masks are kept: of many that run at the same time each comes again and again.
_MOST_KEPT = 2000
#: Plan versions whose elements are kept.
_VERSIONS_KEPT = 64
_AT_ONCE = 500
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as an export names it; ``title`` is masked where the reader's is."""

    id: int
    number: str
    title: str
    plan: str
    version: int
    version_id: int
    tier: str
    tier_name: str
    drill: bool
    opened_at: datetime
    status: str


class Entry(NamedTuple):
    """An event (a row of its columns) with what an export may say of it. Where words were asked
    for, ``payload`` and ``personal`` are there and masked; else ``payload`` is as it stands, for
    keys, figures and moments only, and ``personal`` is empty. ``case`` is there with words and case
    by case."""

    event: Any
    payload: Mapping[str, Any]
    personal: Mapping[str, Any]
    case: CaseFacts | None


class Source:
    """The events of one export, for one reader at one wall moment.

    ``masked`` tells, after reading, whether anything was held back. Raises Refusal as
    `event_search.stream` does for a filter that means nothing.
    """

    def __init__(self, session: Session, flt: EventFilter, person: Person, now: datetime) -> None:
        self.session, self.flt, self.person, self.now = session, flt, person, now
        self.masked = False
        self._masks: OrderedDict[int | None, Mask] = OrderedDict()
        self._cases: OrderedDict[int, CaseFacts] = OrderedDict()
        self._people: dict[int, Person] = {}
        self._versions: dict[int, PlanVersion] = {}
        self._elements: dict[int, Mapping[str, Element]] = {}

    def total(self, types: tuple[str, ...] = ()) -> int | None:
        """How many events there will be, of ``types`` in cases where those are given; None where
        only reading can tell."""
        if self.flt not in (EventFilter(), EventFilter(case=self.flt.case)):
            return None
        if types:
            event = HistoryEvent.__table__.c
            of: list[Any] = [event.type.in_(types)]  # in the index alone: they are all of cases
            if self.flt.case is not None:
                of = [event.chain == history.chain_of(self.flt.case), event.type.in_(types)]
            counted = select(func.count()).where(*of)
            return int(self.session.scalar(counted) or 0)
        heads = select(func.coalesce(func.sum(ChainHead.seq), 0))
        if self.flt.case is not None:
            heads = heads.where(ChainHead.chain == history.chain_of(self.flt.case))
        return int(self.session.scalar(heads) or 0)

    def by_time(self, *, words: bool = False) -> Iterator[Entry]:
        """Everything the filter keeps, the earliest first."""
        return self._entries(export_rows.by_time(self.session, self.flt), words, words)

    def by_case(self, types: tuple[str, ...]) -> Iterator[Entry]:
        """The events of ``types`` that the filter keeps and that belong to a case: case by case,
        each in the order of its record."""
        return self._entries(export_rows.by_case(self.session, self.flt, types), False, True)

    # ------------------------------------------------------------------------------ names

    def person_named(self, id_: int | None) -> Person | None:
        """A person of the unit."""
        if id_ is None:
            return None
        if id_ not in self._people:
            found = self.session.get(Person, id_)
            if found is None:
                return None
            self._people[id_] = found
        return self._people[id_]

    def version(self, id_: int) -> PlanVersion:
        """A plan version, its files not loaded."""
        if id_ not in self._versions:
            self._versions[id_] = self.session.get_one(PlanVersion, id_)
        return self._versions[id_]

    def element(self, case: CaseFacts | None, path: str) -> Element | None:
        """The element behind a path, on the version the case has now; None where it has no such."""
        if case is None or not path:
            return None
        elements = self._elements.get(case.version_id)
        if elements is None:
            if len(self._elements) == _VERSIONS_KEPT:
                self._elements.clear()
            elements = catalogue_for(self.session, self.version(case.version_id)).elements
            self._elements[case.version_id] = elements
        return elements.get(static_path(path) if "[" in path else path)

    def mask_of(self, case_id: int | None) -> Mask:
        """The reader's mask for a case."""
        if case_id not in self._masks:
            self._load({case_id})
        return self._masks[case_id]

    def case(self, case_id: int | None) -> CaseFacts | None:
        """A case's facts."""
        if case_id is None:
            return None
        if case_id not in self._cases:
            self._load({case_id})
        return self._cases[case_id]

    def cases(self, ids: Sequence[int]) -> list[CaseFacts]:
        """The facts of those of the cases that there are, in the order given."""
        self._load(set(ids))
        return [self._cases[one] for one in ids if one in self._cases]

    # ------------------------------------------------------------------------------ reading

    def _entries(
        self, batches: Iterator[Sequence[Any]], words: bool, cases: bool
    ) -> Iterator[Entry]:
        for batch in batches:
            if cases:
                self._load({event.case_id for event in batch})
            values = export_rows.personal_of(self.session, batch) if words else {}
            beside = self._beside(batch) if words else {}
            for event in batch:
                payload = export_rows.payload_of(event) if not words else history.payload_of(event)
                given: Mapping[str, Any] = _NOTHING
                if words:
                    mask = beside.get(event.id) or self._masks[event.case_id]
                    given = mask.event(event, payload, values.get(event.id, {}))
                    payload = dict(mask.payload(event, payload))
                yield Entry(event, payload, given, self._cases.get(event.case_id or 0))

    def _beside(self, batch: Sequence[Any]) -> dict[int, Mask]:
        found = masking_events.masks_beside(self.session, self.person, batch, self.now)
        self.masked = self.masked or any(mask.on for mask in found.values())
        return found

    def _load(self, asked: set[int | None]) -> None:
        """Have the masks and facts of these cases, and forget those not asked for longest."""
        for one in asked & self._masks.keys():
            self._masks.move_to_end(one)
        ids = asked - self._masks.keys()
        if not ids:
            return
        found = masking.masks_for(self.session, self.person, ids, self.now)
        self.masked = self.masked or any(mask.on for mask in found.values())
        self._masks |= found
        wanted = [one for one in ids if one is not None]
        for start in range(0, len(wanted), _AT_ONCE):
            query = select(
                Case.id, Case.number, Case.title, Case.plan_version_id, Case.tier, Case.is_drill,
                Case.opened_at, Case.status,
            ).where(Case.id.in_(wanted[start : start + _AT_ONCE]))  # fmt: skip
            for case in self.session.execute(query):
                version = self.version(case.plan_version_id)
                tier = tier_named(version.manifest, case.tier)
                self._cases[case.id] = CaseFacts(
                    case.id, case.number, self._masks[case.id].text(case.title), version.plan_key,
                    version.number, version.id, case.tier or "", tier.name if tier else "",
                    case.is_drill, case.opened_at, case.status,
                )  # fmt: skip
        while len(self._masks) > max(_MOST_KEPT, len(asked)):
            gone, _ = self._masks.popitem(last=False)
            self._cases.pop(gone or 0, None)


Progress = Callable[[int], None]
