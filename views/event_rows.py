"""Events of many cases as rows to read: each in the words of its own case's plan, through its own
mask. What a page needs is looked up for all its rows together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from models.plans import PlanVersion
from services import (
    audit_log,
    audit_lookups,
    channels,
    history,
    masked_rows,
    masking,
    masking_events,
)
from services.case_reading import TimelineEvent
from services.definitions import catalogue_for, static_path
from services.directory import people_by_id, roles
from views import org_words, room_words
from views.i18n import loc
from views.names import Names
from views.record_words import RECORD_SENTENCES
from views.sentences import SENTENCES
from views.terms import case_title
from views.timeline import Line, Words, rows_named


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event, ready to show. ``case`` None: it belongs to the organisation or the audit room;
    ``number``, ``title`` and ``plan`` are then of the case that an event of the audit room is
    about, else "". ``replay`` and ``record`` lead to it in its chain, where there is a page for
    that, ``on`` to what an event of the organisation is about, as (address, what it is).
    ``title`` is masked as the sentence is."""

    line: Line
    case: Case | None
    number: str
    title: str
    plan: str
    replay: str
    record: str
    on: tuple[str, str] | None = None


class EventRows:
    """Makes rows for one reader at one moment; keeps what it has looked up from one portion of a
    long list to the next."""

    def __init__(self, session: Session, person: Person, now: datetime) -> None:
        self.session = session
        self.person = person
        self.now = now
        self.hides = False  # whether anything so far came masked
        self._roles = {role.key: role for role in roles(session)}
        self._channels = channels.by_id(session)
        self._cases: dict[int, Case] = {}
        self._versions: dict[int, PlanVersion] = {}
        self._words: dict[int | None, Words] = {}
        self._people: dict[int, Person] = {}
        self._masks: dict[int | None, masking.Mask] = {}

    def rows(self, events: Sequence[HistoryEvent]) -> list[EventRow]:
        """The events as rows, in their order."""
        payloads = [history.payload_of(event) for event in events]
        about = {
            event.id: audit_log.cases_named(payload)
            for event, payload in zip(events, payloads, strict=True)
            if event.chain == history.AUDIT
        }
        named = {id_ for ids in about.values() for id_ in ids}
        self._look_up(events, named, rows_named(payloads))
        names = Names(self.session, self._cases)
        personal = history.personal_by_event(self.session, list(events))
        beside = masking_events.masks_beside(self.session, self.person, events, self.now)
        rows = []
        for event, payload in zip(events, payloads, strict=True):
            kept = personal.get(event.id, {})
            entry = TimelineEvent(
                event=event,
                payload=payload,
                personal=kept,
                person=self._people.get(event.person_id or 0),
                on_behalf_of=self._people.get(event.on_behalf_of or 0),
                lag=int((event.recorded_at - event.occurred_at).total_seconds()),
                erased=history.erased_fields(event, kept),
            )
            row = self._row(entry, beside.get(event.id), names)
            rows.append(self._about(row, event, about[event.id]) if event.id in about else row)
        return rows

    def _about(self, row: EventRow, event: HistoryEvent, cases: Sequence[int]) -> EventRow:
        """The row of an event of the audit room, with the case it is about if that is one."""
        page = url_for("audit_log.show", before=event.seq + 1, _anchor=f"log-{event.seq}")
        case = self._cases.get(cases[0]) if len(cases) == 1 else None
        if case is None:
            return replace(row, record=page)
        return replace(
            row,
            number=case.number,
            title=case_title(case, self._masks[case.id].text(case.title)),
            plan=loc(self._versions[case.plan_version_id].manifest, "title"),
            record=page,
        )

    def _row(self, entry: TimelineEvent, beside: masking.Mask | None, names: Names) -> EventRow:
        event = entry.event
        mask = beside or self._masks[event.case_id]
        self.hides = self.hides or mask.on
        [entry] = masked_rows.timeline(mask, [entry])
        case = self._cases.get(event.case_id or 0)
        if case is None:
            line = self._of_no_case(entry, names) if _has_words(event) else _bare(entry)
            return EventRow(line, None, "", "", "", "", "", _way_on(event, entry.payload))
        version = self._versions[case.plan_version_id]
        line = self._words_of(version).line(entry) if _has_words(event) else _bare(entry)
        replay = ""
        if "replaying.show" in current_app.view_functions:
            replay = url_for("replaying.show", case_id=case.id, at=event.seq)
        return EventRow(
            line=line,
            case=case,
            number=case.number,
            title=case_title(case, mask.text(case.title)),
            plan=loc(version.manifest, "title"),
            replay=replay,
            record=url_for("cases.full_record", case_id=case.id, _anchor=f"event-{event.seq}"),
        )

    def _of_no_case(self, entry: TimelineEvent, names: Names) -> Line:
        """The line of an event of the organisation or of the audit room."""
        event, given, words = entry.event, entry.payload, self._words_of(None)
        if event.chain != history.AUDIT:
            return words.line(entry, org_words.arguments(event.type, given, names))
        line = words.line(entry, room_words.arguments(given, self._cases))
        return replace(
            line, text=" · ".join([line.text, *room_words.about(event.type, given, names)])
        )

    def _look_up(self, events: Sequence[HistoryEvent], about: Set[int], named: Set[int]) -> None:
        session = self.session
        cases = ({event.case_id for event in events} | about) - self._masks.keys()
        self._masks |= masking.masks_for(session, self.person, sorted(cases, key=_none_first),
                                         self.now)  # fmt: skip
        missing = [id_ for id_ in cases if id_ is not None]
        self._cases |= audit_lookups.cases_by_id(session, missing)
        found = [self._cases[id_] for id_ in missing if id_ in self._cases]
        versions = {case.plan_version_id for case in found} - self._versions.keys()
        self._versions |= audit_lookups.versions_by_id(session, versions)
        people = {event.person_id for event in events} | {event.on_behalf_of for event in events}
        people |= named
        self._people |= people_by_id(session, people - self._people.keys())

    def _words_of(self, version: PlanVersion | None) -> Words:
        key = None if version is None else version.id
        if key not in self._words:
            read = None if version is None else catalogue_for(self.session, version)
            self._words[key] = Words.of_plan(
                {} if version is None else version.manifest,
                {} if read is None else _Elements(read.elements),
                {} if read is None else read.flows,
                self.now,
                roles=self._roles,
                people=self._people,
                channels=self._channels,
            )
        return self._words[key]


class _Elements(dict[str, Any]):
    """A plan's elements, found by paths of the record too (``ask[2]``)."""

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(static_path(path), default)


def _has_words(event: HistoryEvent) -> bool:
    return event.type in SENTENCES or event.type in RECORD_SENTENCES


def _bare(entry: TimelineEvent) -> Line:
    """A type that has no sentence yet, by its key."""
    event = entry.event
    who = loc(entry.person) if entry.person is not None else ""
    return Line(
        event.occurred_at, event.recorded_at, who, event.type, "note", "", event.seq, event.type
    )


def _way_on(event: HistoryEvent, given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The page of the signal, plan or destruction list an event is about."""
    if event.type.startswith(("signal.", "hold.")) and "signal" in given:
        return url_for("intake.signal", signal_id=given["signal"]), _("线索")
    if event.type.startswith("org.destruction_"):
        return url_for("archive_room.show_list", list_id=given["list"]), _("销毁清册")
    if event.type in ("org.plan_deployed", "org.plan_rolled_back", "org.cases_migrated"):
        return url_for("plans.show", key=given["plan"], part="versions"), _("预案")
    if event.type.startswith("org.plan_") and "proposal" in given:
        return url_for("proposing.proposal", proposal_id=given["proposal"]), _("启用申请")
    return None


def _none_first(id_: int | None) -> int:
    return id_ or 0
