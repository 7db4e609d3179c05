"""What an export reads: events a batch at a time, with their masks, and the names around them.

Memory is bounded by a batch and a few small caches, whatever there is. All of an export is read
from one session, so from one state of the database.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent
from models.people import Person
from models.plans import PlanVersion
from services import event_search, history, masking
from services.definitions import catalogue_for, static_path
from services.event_conditions import Conditions
from services.event_filter import EventFilter
from services.masking import Mask
from services.tiers import tier_named
from workflows.contract import Element

BATCH = 500
#: Cases whose masks are kept: of many that run at the same time each comes again and again.
_MOST_KEPT = 2000


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


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with what an export may say of it. Where words were asked for, ``payload`` and
    ``personal`` are there and masked; else ``payload`` is as it stands, for keys, figures and
    moments only, and ``personal`` is empty. ``case`` is there with words and case by case."""

    event: HistoryEvent
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

    def total(self, types: tuple[str, ...] = ()) -> int | None:
        """How many events there will be, of ``types`` in cases where those are given; None where
        only reading can tell."""
        if self.flt not in (EventFilter(), EventFilter(case=self.flt.case)):
            return None
        if types:
            event = HistoryEvent.__table__.c
            of: list[Any] = [event.type.in_(types), event.case_id.is_not(None)]
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
        return self._entries(event_search.stream(self.session, self.flt, BATCH), words, words)

    def by_case(self, types: tuple[str, ...]) -> Iterator[Entry]:
        """The events of ``types`` that the filter keeps and that belong to a case: case by case,
        each in the order of its record."""
        return self._entries(self._sweep(types), False, True)

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
        read = catalogue_for(self.session, self.version(case.version_id))
        return read.elements.get(static_path(path))

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

    # ------------------------------------------------------------------------------ reading

    def _entries(self, events: Iterator[HistoryEvent], words: bool, cases: bool) -> Iterator[Entry]:
        while batch := list(itertools.islice(events, BATCH)):
            if cases:
                self._load({event.case_id for event in batch})
            values = history.personal_by_event(self.session, batch) if words else {}
            for event in batch:
                payload = history.payload_of(event)
                given: Mapping[str, Any] = {}
                if words:
                    mask = self._masks[event.case_id]
                    given = mask.event(event, payload, values.get(event.id, {}))
                    payload = dict(mask.payload(event, payload))
                yield Entry(event, payload, given, self._cases.get(event.case_id or 0))
            while len(self._masks) > _MOST_KEPT:
                gone, _ = self._masks.popitem(last=False)
                self._cases.pop(gone or 0, None)
            # What was read for the batch is not needed again; versions and people are few and stay.
            for one in list(self.session.identity_map.values()):
                if type(one).__module__ not in ("models.plans", "models.people"):
                    self.session.expunge(one)

    def _load(self, asked: set[int | None]) -> None:
        for one in asked & self._masks.keys():
            self._masks.move_to_end(one)
        ids = asked - self._masks.keys()
        if not ids:
            return
        found = masking.masks_for(self.session, self.person, ids, self.now)
        self.masked = self.masked or any(mask.on for mask in found.values())
        self._masks |= found
        wanted = [one for one in ids if one is not None]
        for case in self.session.scalars(select(Case).where(Case.id.in_(wanted))):
            version = self.version(case.plan_version_id)
            tier = tier_named(version.manifest, case.tier)
            self._cases[case.id] = CaseFacts(
                case.id, case.number, self._masks[case.id].text(case.title), version.plan_key,
                version.number, version.id, case.tier or "", tier.name if tier else "",
                case.is_drill, case.opened_at, case.status,
            )  # fmt: skip

    def _sweep(self, types: tuple[str, ...]) -> Iterator[HistoryEvent]:
        """Case by case, each by its chain."""
        asked = Conditions(self.session, self.flt)
        if asked.nothing:
            return
        for chain in self._chains():
            query = select(HistoryEvent).where(
                HistoryEvent.chain == chain, HistoryEvent.type.in_(types)
            )
            if self.flt.since is not None:
                query = query.where(HistoryEvent.occurred_at >= self.flt.since)
            if self.flt.until is not None:
                query = query.where(HistoryEvent.occurred_at < self.flt.until)
            query = query.order_by(HistoryEvent.seq).limit(4 * BATCH)
            after = 0
            while found := self.session.scalars(query.where(HistoryEvent.seq > after)).all():
                for event in found:
                    self.session.expunge(event)
                after = found[-1].seq
                rows: Any = found  # to the first look an event is as good as a row
                kept: Any = asked.keep(rows)
                yield from asked.keep_events(kept)
                if len(found) < 4 * BATCH:
                    break

    def _chains(self) -> Iterator[str]:
        """The chains of the cases that may be meant, in order of the cases."""
        if self.flt.case is not None:
            yield history.chain_of(self.flt.case)
            return
        query = select(Case.id).order_by(Case.id).limit(BATCH)
        if self.flt.plan:
            of_plan = select(PlanVersion.id).where(PlanVersion.plan_key == self.flt.plan)
            query = query.where(Case.plan_version_id.in_(of_plan))
        after = 0
        while ids := self.session.scalars(query.where(Case.id > after)).all():
            yield from (history.chain_of(one) for one in ids)
            after = ids[-1]


Progress = Callable[[int], None]
