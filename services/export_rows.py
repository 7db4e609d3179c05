"""The record read for an export, as plain rows: an object of the ORM costs more than all the rest
of writing an event. A row has the columns of `HistoryEvent` under their names and serves wherever
an event is only read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent, PersonalValue
from models.plans import PlanVersion
from services import event_search, history
from services.event_conditions import Conditions
from services.event_filter import EventFilter

#: Events read together.
BATCH = 2000
#: Values one query asks for.
_AT_ONCE = 500
_EVENT = HistoryEvent.__table__.c
#: A planner that is given chains and types may take the index of types, which is most of the
#: record; none reaches into a subquery with a LIMIT. Larger than any case.
_FENCE = 1_000_000_000


def by_time(session: Session, flt: EventFilter) -> Iterator[Sequence[Any]]:
    """Everything the filter keeps, the earliest first, in batches. Raises as
    `event_search.stream` does."""
    if replace(flt, since=None, until=None) != EventFilter():
        events = event_search.stream(session, flt, BATCH)
        while batch := list(itertools.islice(events, BATCH)):
            yield batch
        return
    order = (_EVENT.occurred_at, _EVENT.id)
    query = select(*_EVENT).order_by(*order).limit(BATCH)
    if flt.until is not None:
        query = query.where(_EVENT.occurred_at < flt.until)
    first = query if flt.since is None else query.where(_EVENT.occurred_at >= flt.since)
    rows = session.execute(first).all()
    while rows:
        yield rows
        last = rows[-1]
        rows = session.execute(
            query.where(tuple_(*order) > tuple_(last.occurred_at, last.id))
        ).all()  # fmt: skip


def by_case(session: Session, flt: EventFilter, types: Sequence[str]) -> Iterator[Sequence[Any]]:
    """The events of ``types`` that the filter keeps and that belong to a case, in batches: case by
    case, each in the order of its record. Raises as `event_search.stream` does."""
    asked = Conditions(session, flt)
    if asked.nothing:
        return
    for chains, after, upto in _portions(session, flt):
        inner = select(*_EVENT).where(_EVENT.chain.in_(chains))
        if upto is not None:
            inner = inner.where(_EVENT.seq > after, _EVENT.seq <= upto)
        found = inner.limit(_FENCE).subquery()
        query = select(found).where(found.c.type.in_(types))
        if flt.since is not None:
            query = query.where(found.c.occurred_at >= flt.since)
        if flt.until is not None:
            query = query.where(found.c.occurred_at < flt.until)
        rows: Any = session.execute(query).all()
        rows.sort(key=lambda row: (row.case_id, row.seq))
        yield asked.keep_events(asked.keep(rows))


def _portions(session: Session, flt: EventFilter) -> Iterator[tuple[list[str], int, int | None]]:
    """Chains of cases, in order of the cases, to be read together: as many as have some `BATCH`
    events, or of a long one the part after a number up to another."""
    together: list[str] = []
    events = 0
    for chain, length in _chains(session, flt):
        if together and events + length > BATCH:
            yield together, 0, None
            together, events = [], 0
        if length > 2 * BATCH:
            for after in range(0, length, BATCH):
                yield [chain], after, after + BATCH
            continue
        together.append(chain)
        events += length
    if together:
        yield together, 0, None


def _chains(session: Session, flt: EventFilter) -> Iterator[tuple[str, int]]:
    """The chains of the cases that may be meant with their lengths, in order of the cases."""
    query = select(Case.id).order_by(Case.id).limit(_AT_ONCE)
    if flt.case is not None:
        query = query.where(Case.id == flt.case)
    if flt.plan:
        of_plan = select(PlanVersion.id).where(PlanVersion.plan_key == flt.plan)
        query = query.where(Case.plan_version_id.in_(of_plan))
    after = 0
    while ids := session.scalars(query.where(Case.id > after)).all():
        chains = [history.chain_of(one) for one in ids]
        heads = select(ChainHead.chain, ChainHead.seq).where(ChainHead.chain.in_(chains))
        lengths = {row.chain: row.seq for row in session.execute(heads)}
        yield from ((chain, lengths.get(chain, 0)) for chain in chains)
        after = ids[-1]


def payload_of(event: Any) -> dict[str, Any]:
    """As `history.payload_of`, faster; a figure of more than 64 bits may lose its last digits."""
    found: dict[str, Any] = orjson.loads(event.content)["data"]
    return found


def personal_of(session: Session, events: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """As `history.personal_by_event`, for a batch: event id -> field -> value."""
    wanted: dict[str, tuple[int, str]] = {}
    for event in events:
        if '"personal":' in event.content:  # most have none, and need not be read for that
            for name, commitment in history.content_of(event).get("personal", {}).items():
                wanted[commitment] = (event.id, name)
    found: dict[int, dict[str, Any]] = {}
    keys = list(wanted)
    for start in range(0, len(keys), _AT_ONCE):
        query = select(PersonalValue.commitment, PersonalValue.value).where(
            PersonalValue.commitment.in_(keys[start : start + _AT_ONCE])
        )
        for commitment, value in session.execute(query):
            event_id, name = wanted[commitment]
            found.setdefault(event_id, {})[name] = json.loads(value)
    return found
