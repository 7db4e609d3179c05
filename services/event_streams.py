"""The record read along its indexes: what makes a page of ten million events as cheap as a page of
ten thousand.

A stream is the events under some values of an index, in order of (``occurred_at``, ``id``). Each
value is read by keyset in chunks that grow, and the values are merged; so what is read depends on
how far somebody looks, never on how large the table is.

Neither database may choose another way, since a wrong guess is a scan of everything. SQLite is told
the index. PostgreSQL takes no hints: there the value stands in the row comparison and in ORDER BY
(``(person_id, occurred_at, id) < (7, ...) and person_id >= 7``), an order only that index has.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import BigInteger, Row, bindparam, func, select, text
from sqlalchemy.orm import Session

from models.base import UtcDateTime
from models.history import ChainHead, HistoryEvent
from services.history import chain_of

#: A place in the order: ``occurred_at`` and ``id``.
Key = tuple[datetime, int]
Name = Literal["cases", "element", "person", "role", "type", "entered_later", "time"]

#: Most rows one query brings.
CHUNK = 2000
#: Values whose first rows are fetched by one query (SQLite joins at most 500 selects).
TOGETHER = 100
#: What is read of each event before it is known to be wanted.
_LIGHT = "id, occurred_at, case_id, type, person_id, role_key, element_path"
_AT_ONCE = 500
#: ``occurred_at`` and ``id`` by their places in `_LIGHT`.
_ORDER = itemgetter(1, 0)
#: No planner reaches into a subquery with a LIMIT; larger than any case.
_FENCE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Index:
    """``column`` leads it ("" for none); ``where`` is the condition of a partial one."""

    name: str
    column: str
    where: str = ""


_INDEXES: dict[Name, _Index] = {
    "element": _Index("ix_history_event_element", "element_path", "element_path <> ''"),
    "person": _Index("ix_history_event_person", "person_id", "person_id is not null"),
    "role": _Index("ix_history_event_role", "role_key", "role_key <> ''"),
    "type": _Index("ix_history_event_type_occurred_at_id", "type"),
    "entered_later": _Index(
        "ix_history_event_entered_later", "", "person_id is not null and recorded_at <> occurred_at"
    ),
    "time": _Index("ix_history_event_occurred_at_id", ""),
}


@dataclass(frozen=True, slots=True)
class Stream:
    """The events under ``values`` of an index; ``cases`` (by their ids) has none in this order:
    all of these cases is read and sorted each time. ``entered_later`` and ``time`` take no
    values."""

    name: Name
    values: tuple[Any, ...] = ()

    def parts(self) -> list[Stream]:
        """Streams that one range of the index answers."""
        if self.name in ("cases", "entered_later", "time"):
            return [self]
        return [Stream(self.name, (value,)) for value in self.values]


@dataclass(frozen=True, slots=True)
class Span:
    """What of a stream is read: from ``since`` (inclusive) to ``until`` (exclusive), beyond
    ``after``; the latest first unless ``oldest_first``."""

    since: datetime | None = None
    until: datetime | None = None
    after: Key | None = None
    oldest_first: bool = False

    def bounds(self) -> tuple[Key | None, Key | None]:
        """Keys that all of it lies strictly above and below."""
        low = (self.since, 0) if self.since is not None else None
        high = (self.until, 0) if self.until is not None else None
        if self.after is not None and self.oldest_first:
            low = max(low, self.after) if low else self.after
        elif self.after is not None:
            high = min(high, self.after) if high else self.after
        return low, high

    def beyond(self, row: Row[Any]) -> Span:
        """The rest after a row."""
        return Span(self.since, self.until, key_of(row), self.oldest_first)


def rows(session: Session, streams: Sequence[Stream], span: Span, first: int) -> Iterator[Row[Any]]:
    """The events of any of the streams, each once, in order, as rows of the few columns that most
    filters ask about (``occurred_at`` as the database gives it: `key_of`). ``first`` is how many
    the reader probably wants: the size of the first chunk."""
    sources = [_Source(session, part, span) for stream in streams for part in stream.parts()]
    share = max(4, first if len(sources) == 1 else 2 * first // max(len(sources), 1))
    for start in range(0, len(sources), TOGETHER):
        _fill(session, sources[start : start + TOGETHER], min(share, CHUNK))
    if len(sources) == 1:
        yield from sources[0]
        return
    last = None
    for row in heapq.merge(*sources, key=_ORDER, reverse=not span.oldest_first):
        if row.id != last:  # of two streams
            yield row
        last = row.id


def key_of(row: Row[Any]) -> Key:
    """A row's place in the order."""
    moment = row.occurred_at
    if isinstance(moment, str):  # SQLite keeps UTC, as text
        moment = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment, row.id


def events(session: Session, rows: Sequence[Row[Any]]) -> list[HistoryEvent]:
    """The whole events of the rows, in their order, as objects outside the session: it does not
    grow with what is read."""
    found: dict[int, HistoryEvent] = {}
    ids = [row.id for row in rows]
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
            asked = _Asked(_dialect(session), span)
            selects = [asked.one(part, most, "1 as n") for part in parts[start : start + TOGETHER]]
            query = f"select count(*) from ({asked.union(selects)} limit {int(most)}) as counted"
            found += session.scalar(text(query).bindparams(*asked.params)) or 0
    return min(found, most)


def element_paths(session: Session) -> list[str]:
    """Every element path that stands in the record, found by leaping from one to the next in the
    index: as many steps as there are paths, however many events."""
    hint = _hint(_dialect(session), _INDEXES["element"])
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
    """One part of a stream, read in chunks that double."""

    def __init__(self, session: Session, stream: Stream, span: Span) -> None:
        self.session = session
        self.stream = stream
        self.span = span
        self.size = 0
        self.buffer: list[Row[Any]] = []

    def __iter__(self) -> Iterator[Row[Any]]:
        while self.buffer:
            chunk, self.buffer = self.buffer, []
            yield from chunk
            if len(chunk) < self.size:
                return
            self.span = self.span.beyond(chunk[-1])
            _fill(self.session, [self], min(2 * self.size, CHUNK))


def _fill(session: Session, sources: Sequence[_Source], size: int) -> None:
    """The next ``size`` rows of each, by one query."""
    asked = _Asked(_dialect(session), sources[0].span)
    found: dict[int, list[Row[Any]]] = {}
    selects = []
    for place, source in enumerate(sources):
        # What is sorted as a whole is not sorted again for a few.
        source.size = max(size, CHUNK // 4) if source.stream.name == "cases" else size
        selects.append(asked.one(source.stream, source.size, f"{_LIGHT}, {place} as place"))
    for row in session.execute(text(asked.union(selects)).bindparams(*asked.params)):
        found.setdefault(row.place, []).append(row)
    for place, source in enumerate(sources):
        source.buffer = found.get(place, [])


class _Asked:
    """A query in the making: its selects, and what they bind."""

    def __init__(self, dialect: str, span: Span) -> None:
        self.dialect = dialect
        self.span = span
        self.params: list[Any] = []

    def union(self, selects: Sequence[str]) -> str:
        return " union all ".join(
            f"select * from ({one}) as s{place}" for place, one in enumerate(selects)
        )

    def one(self, stream: Stream, size: int, what: str) -> str:
        """A select of at most ``size`` rows of a part of a stream."""
        if stream.name == "cases":
            chains = ", ".join(self._bind(chain_of(id_)) for id_ in stream.values)
            return (
                f"select {what} from (select {_LIGHT} from history_event where chain in ({chains}) "
                f"limit {_FENCE}) as fenced{self._order('', None, '', size)}"
            )
        index = _INDEXES[stream.name]
        value = self._bind(stream.values[0]) if stream.values else None
        return (
            f"select {what} from history_event{_hint(self.dialect, index)}"
            f"{self._order(index.column, value, index.where, size)}"
        )

    def _order(self, column: str, value: str | None, where: str, size: int) -> str:
        low, high = self.span.bounds()
        order = [column] if column else []
        conditions = [where] if where else []
        for sign, open_sign, bound in ((">", ">=", low), ("<", "<=", high)):
            if bound is not None:
                given = [value, *self._key(bound)] if value is not None else self._key(bound)
                names = ", ".join([*order, "occurred_at", "id"])
                conditions.append(f"({names}) {sign} ({', '.join(given)})")
            elif value is not None:
                conditions.append(f"{column} {open_sign} {value}")
        way = "asc" if self.span.oldest_first else "desc"
        sorted_by = ", ".join(f"{name} {way}" for name in [*order, "occurred_at", "id"])
        asked = f" where {' and '.join(conditions)}" if conditions else ""
        return f"{asked} order by {sorted_by} limit {int(size)}"

    def _key(self, key: Key) -> list[str]:
        return [self._bind(key[0], UtcDateTime()), self._bind(key[1], BigInteger())]

    def _bind(self, value: Any, type_: Any = None) -> str:
        name = f"p{len(self.params)}"
        self.params.append(bindparam(name, value, type_=type_))
        return f":{name}"


def _hint(dialect: str, index: _Index) -> str:
    return f" indexed by {index.name}" if dialect == "sqlite" else ""


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
