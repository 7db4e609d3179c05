"""The record read along its indexes: what makes a page of ten million events as cheap as a page of
ten thousand.

A stream is the events under some values of an index, in order of (``occurred_at``, ``id``). Each
value is read by keyset in chunks that grow, sieved by the database, and the values are merged; so
what is read depends on how far somebody looks, never on how large the table is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import itemgetter
from time import perf_counter
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from models.history import ChainHead, HistoryEvent
from services.event_sql import INDEXES, Asked, Condition, Key, Span, Stream, dialect
from services.history import chain_of

#: Most rows one query brings.
CHUNK = 2000
#: Values whose first rows are fetched by one query (SQLite joins at most 500 selects).
TOGETHER = 100
#: How much larger a chunk is than the one before, if that took less than `_SOON` seconds; where
#: it took longer than `_LATE` (what it read stood on a slow disk), so much smaller.
_GROWTH = 4
_SOON, _LATE = 0.02, 0.1
_LEAST = 200
_AT_ONCE = 500
#: ``occurred_at`` and ``id`` by their places in a row.
_ORDER = itemgetter(1, 0)


class Seen(NamedTuple):
    """A step through the record: ``looked`` is how many events were looked at since the one
    before, this one among them, and ``wanted`` whether it passed the tests."""

    row: Row[Any]
    wanted: bool
    looked: int


def steady(session: Session) -> None:
    """For the rest of the transaction, no range of an index is gathered whole and sorted where a
    few of its first rows are asked for: PostgreSQL underrates how many it has."""
    if dialect(session) == "postgresql":
        session.execute(text("select set_config('enable_bitmapscan', 'off', true)"))


def rows(
    session: Session,
    streams: Sequence[Stream],
    span: Span,
    first: int,
    tests: Sequence[Condition] = (),
) -> Iterator[Seen]:
    """The events of any of the streams that pass the tests, each once, in order, as rows of
    ``id`` and ``occurred_at`` (as the database gives it: `key_of`); among them some that do not,
    where reading has got so far without one that does. ``first`` is how many the reader probably
    wants to look at: the size of the first chunk."""
    sources = [_Source(session, part, span, tests) for one in streams for part in one.parts()]
    share = max(4, first if len(sources) == 1 else 2 * first // max(len(sources), 1))
    for start in range(0, len(sources), TOGETHER):
        _fill(session, sources[start : start + TOGETHER], min(share, CHUNK))
    merged = heapq.merge(*sources, key=_ORDER, reverse=not span.oldest_first)
    last = None
    for row in sources[0] if len(sources) == 1 else merged:
        # What two streams have is wanted once; what one passes over the other may still want.
        yield Seen(row, bool(row.wanted) and row.id != last, row.looked)
        last = row.id if row.wanted else last


def key_of(row: Row[Any]) -> Key:
    """A row's place in the order."""
    moment = row.occurred_at
    if isinstance(moment, str):  # SQLite keeps UTC, as text
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment, row.id


def events(session: Session, ids: Sequence[int]) -> list[HistoryEvent]:
    """The whole events, in the order of their ids as given, as objects outside the session: it
    does not grow with what is read."""
    found: dict[int, HistoryEvent] = {}
    # One that lives for this reading, in the same transaction, which closing it leaves alone.
    with Session(session.connection(), join_transaction_mode="rollback_only") as reading:
        for start in range(0, len(ids), _AT_ONCE):
            query = select(HistoryEvent).where(HistoryEvent.id.in_(ids[start : start + _AT_ONCE]))
            found |= {event.id: event for event in reading.scalars(query)}
    return [found[id_] for id_ in ids]


def count(session: Session, streams: Sequence[Stream], span: Span, most: int) -> int:
    """How many events the streams have, counted up to ``most`` in the indexes alone (for cases:
    the lengths of their chains, whatever the span)."""
    found = 0
    for stream in streams:
        if stream.name == "cases":
            chains = [chain_of(id_) for id_ in stream.values]
            found += session.scalar(
                select(func.coalesce(func.sum(ChainHead.seq), 0)).where(
                    ChainHead.chain.in_(chains)
                )
            ) or 0  # fmt: skip
            continue
        parts = stream.parts()
        for start in range(0, len(parts), TOGETHER):
            if found >= most:
                break
            asked = Asked(session, span)
            selects = [asked.one(part, most, "1 as n") for part in parts[start : start + TOGETHER]]
            query = f"select count(*) from ({asked.union(selects)} limit {int(most)}) as counted"
            found += session.scalar(text(query).bindparams(*asked.params)) or 0
    return min(found, most)


def stretch(session: Session, streams: Sequence[Stream], span: Span, events: int) -> Span | None:
    """The part of the span in which a stream of a single value has its first ``events``; None
    where the streams are several, or have not so many."""
    parts = [part for stream in streams for part in stream.parts()]
    if len(parts) != 1 or parts[0].name == "cases":
        return None
    asked = Asked(session, span)
    query = asked.one(parts[0], 1, "id, occurred_at", skip=events - 1)
    row = session.execute(text(query).bindparams(*asked.params)).first()
    if row is None:
        return None
    moment = key_of(row)[0]
    return replace(span, until=moment) if span.oldest_first else replace(span, since=moment)


def element_paths(session: Session) -> list[str]:
    """Every element path that stands in the record, found by leaping from one to the next in the
    index: as many steps as there are paths, however many events."""
    hint = Asked(session, Span()).hint(INDEXES["element"])
    step = (
        f"select element_path from history_event{hint} "
        "where element_path <> '' and element_path > {} order by element_path limit 1"
    )
    query = (
        f"with recursive leap(path) as (select * from ({step.format(repr(''))}) as a union all "
        f"select ({step.format('leap.path')}) from leap where leap.path is not null) "
        "select path from leap where path is not null"
    )
    return list(session.scalars(text(query)))


class _Source:
    """One part of a stream, read in chunks that grow."""

    def __init__(
        self, session: Session, part: Stream, span: Span, tests: Sequence[Condition]
    ) -> None:
        self.session = session
        self.part = part
        self.span = span
        self.tests = tests
        self.size = 0
        self.took = 0.0  # seconds, for the last chunk
        self.buffer: list[Row[Any]] = []

    def __iter__(self) -> Iterator[Row[Any]]:
        while self.buffer:
            chunk, self.buffer = self.buffer, []
            yield from chunk
            if sum(row.looked for row in chunk) < self.size:
                return
            self.span = self.span.beyond(key_of(chunk[-1]))
            _fill(self.session, [self], self._next())

    def _next(self) -> int:
        if self.took > _LATE:
            return min(self.size, max(self.size // _GROWTH, _LEAST))
        return min(self.size * (_GROWTH if self.took < _SOON else 1), CHUNK)


def _fill(session: Session, sources: Sequence[_Source], size: int) -> None:
    """The next ``size`` events of each, by one query."""
    span = sources[0].span
    asked = Asked(session, span)
    found: dict[int, list[Row[Any]]] = {}
    selects = []
    for place, source in enumerate(sources):
        # What is sorted as a whole is not sorted again for a few.
        source.size = max(size, CHUNK // 4) if source.part.name == "cases" else size
        selects.append(asked.some(source.part, source.size, place, source.tests))
    begun = perf_counter()
    for row in session.execute(text(asked.union(selects)).bindparams(*asked.params)):
        found.setdefault(row.place, []).append(row)
    took = perf_counter() - begun
    for place, source in enumerate(sources):
        source.took = took / len(sources)
        source.buffer = sorted(found.get(place, []), key=_ORDER, reverse=not span.oldest_first)
