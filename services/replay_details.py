"""What a replay tells of each event: who, in which role, what was given, what it changed, which
rules matched. Fetched a hundred events at a time, around where the reader is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from services import history, masking
from services.case_diagrams import and_around
from services.case_reading import TimelineEvent
from services.definitions import definition_for, static_path
from services.directory import people_by_id
from services.replay import Stretch, stretches
from workflows.contract import Element, FormField
from workflows.decision_model import Table

#: Events a chunk.
CHUNK: Final = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A value of an element's result: what it was in the element's previous round, what it is
    now. ``was`` is None where there was no such round or no such value."""

    field: str
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that matched: its key and its text ("" where it has none)."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A value a decision was taken on, under the label on record. ``field`` is the question of the
    form that it answers, None where it answers none as it stands."""

    label: str
    value: Any
    field: FormField | None


@dataclass(frozen=True, slots=True)
class Detail:
    """An event with its words masked for the reader. ``element`` is the plan's element as the
    version of that time has it; ``again`` tells that the element had a result before, ``changes``
    what differs from it (everything, the first time); ``inputs`` are what a decision was taken on.
    ``clauses`` are the element's and those of the calls and sub-processes around it."""

    entry: TimelineEvent
    stretch: Stretch
    element: Element | None
    clauses: tuple[str, ...]
    given: Mapping[str, Any]
    again: bool
    changes: tuple[Change, ...]
    rules: tuple[Rule, ...]
    inputs: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """``people`` are those the events name."""

    details: Sequence[Detail]
    people: Mapping[int, Person]


def chunk(
    session: Session, case: Case, person: Person, first: int, now: datetime, limit: int = CHUNK
) -> Chunk:
    """The events of the case from the ``first``-th on (0 is the first), at most ``limit``, as
    ``person`` may read them at the wall moment ``now``."""
    chain = history.chain_of(case.id)
    events = list(
        session.scalars(
            select(HistoryEvent)
            .where(HistoryEvent.chain == chain)
            .order_by(HistoryEvent.seq)
            .offset(first)
            .limit(limit)
        )
    )
    if not events:
        return Chunk((), {})
    ran = stretches(session, case)
    mask = masking.mask_for(session, person, case.id, now)
    personal = history.personal_by_event(session, events)
    payloads = {event.id: history.payload_of(event) for event in events}
    people = people_by_id(session, _named(events, payloads))
    before = _results_before(session, chain, events, mask)
    found = []
    for event in events:
        kept = personal.get(event.id, {})
        payload = mask.payload(event, payloads[event.id])
        entry = TimelineEvent(
            event=event,
            payload=payload,
            personal=mask.event(event, payloads[event.id], kept),
            person=people.get(event.person_id or 0),
            on_behalf_of=people.get(event.on_behalf_of or 0),
            lag=int((event.recorded_at - event.occurred_at).total_seconds()),
            erased=history.erased_fields(event, kept),
        )
        stretch = _stretch_of(ran, event.seq)
        asked = _asked(session, stretch, payload) if payload.get("inputs") else ()
        found.append(_detail(entry, stretch, before, asked))
    return Chunk(found, people)


def _stretch_of(ran: Sequence[Stretch], seq: int) -> Stretch:
    return [one for one in ran if one.first < seq][-1]


#: As many of those told or reminded are named.
_MOST_NAMED = 6


def _named(
    events: Sequence[HistoryEvent], payloads: Mapping[int, Mapping[str, Any]]
) -> list[int | None]:
    ids: list[int | None] = []
    for event in events:
        ids += (event.person_id, event.on_behalf_of)
        for key in ("person", "to", "assignee"):
            value = payloads[event.id].get(key)
            if isinstance(value, int):
                ids.append(value)
        for key in ("to", "persons"):
            value = payloads[event.id].get(key)
            ids += value[:_MOST_NAMED] if isinstance(value, list) else ()
    return ids


def _detail(
    entry: TimelineEvent,
    stretch: Stretch,
    before: dict[str, Mapping[str, Any]],
    asked: tuple[Asked, ...],
) -> Detail:
    event, payload, read = entry.event, entry.payload, stretch.read
    path = static_path(event.element_path)
    element = read.elements.get(path)
    given: Mapping[str, Any] = {}
    changes: tuple[Change, ...] = ()
    was: Mapping[str, Any] | None = None
    if event.type == "task.completed":
        given = _given(payload, entry.personal)
        was = before.get(event.element_path)
        changes = tuple(_changes(was or {}, given))
        before[event.element_path] = given
    around = and_around(path) if path else []
    if element is not None and element.attached_to:
        around += and_around(element.attached_to)
    clauses = dict.fromkeys(
        clause for one in around if one in read.elements for clause in read.elements[one].clauses
    )
    return Detail(
        entry=entry,
        stretch=stretch,
        element=element,
        clauses=tuple(clauses),
        given=given,
        again=was is not None,
        changes=changes,
        rules=tuple(_rules(event, payload)),
        inputs=asked,
    )


def _asked(session: Session, stretch: Stretch, payload: Mapping[str, Any]) -> tuple[Asked, ...]:
    """The record keeps a table's inputs by the columns' labels, a gateway's by their names."""
    names: dict[str, str] = {}
    if payload.get("decision"):
        tables = definition_for(session, stretch.version.content_hash).tables
        table = tables.get(payload["decision"])
        if table is not None and isinstance(table.logic, Table):
            names = {column.label: column.text.strip() for column in table.logic.inputs}
    fields = {
        f"{element.id}.{one.id}": one
        for element in stretch.read.elements.values()
        for one in element.form_fields
    }
    return tuple(
        Asked(label, value, fields.get(names.get(label, label)))
        for label, value in payload["inputs"].items()
    )


def _given(payload: Mapping[str, Any], personal: Mapping[str, Any]) -> Mapping[str, Any]:
    """Figures and choices, then words: one answer, whatever part of it is personal."""
    parts: dict[str, Any] = {}
    for part in (payload.get("result"), personal.get("result"), personal.get("text")):
        if isinstance(part, Mapping):
            parts |= part
    return parts


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    return [
        Change(name, was.get(name), now.get(name))
        for name in dict.fromkeys([*now, *was])
        if was.get(name) != now.get(name)
    ]


def _rules(event: HistoryEvent, payload: Mapping[str, Any]) -> list[Rule]:
    keys = payload.get("rules" if event.type.startswith("tier.") else "matched") or ()
    texts = payload.get("texts") or ()
    # Rules without a text are left out of ``texts``: then which text is whose is not known.
    if len(texts) == len(keys):
        return [Rule(str(key), text) for key, text in zip(keys, texts, strict=True)]
    return [Rule(str(key), "") for key in keys] + [Rule("", text) for text in texts]


def _results_before(
    session: Session, chain: str, events: Sequence[HistoryEvent], mask: masking.Mask
) -> dict[str, Mapping[str, Any]]:
    """By element path, what the element's last round before these events gave, masked."""
    paths = {one.element_path for one in events if one.type == "task.completed"}
    if not paths:
        return {}
    latest = (
        select(func.max(HistoryEvent.seq))
        .where(
            HistoryEvent.chain == chain,
            HistoryEvent.type == "task.completed",
            HistoryEvent.element_path.in_(paths),
            HistoryEvent.seq < events[0].seq,
        )
        .group_by(HistoryEvent.element_path)
    )
    earlier = list(
        session.scalars(
            select(HistoryEvent).where(HistoryEvent.chain == chain, HistoryEvent.seq.in_(latest))
        )
    )
    personal = history.personal_by_event(session, earlier)
    found = {}
    for event in earlier:
        payload, kept = history.payload_of(event), personal.get(event.id, {})
        found[event.element_path] = _given(
            mask.payload(event, payload), mask.event(event, payload, kept)
        )
    return found
