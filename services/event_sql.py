"""The SQL that reads stretches of the record along its indexes, and sieves them where they lie.

Neither database may choose another way, since a wrong guess is a scan of everything. SQLite is told
the index. PostgreSQL takes no hints: there the value stands in the row comparison and in ORDER BY
(``(person_id, occurred_at, id) < (7, ...) and person_id >= 7``), an order only that index has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, bindparam
from sqlalchemy.orm import Session

from models.base import UtcDateTime
from services.history import chain_of

#: A place in the order: ``occurred_at`` and ``id``.
Key = tuple[datetime, int]
Name = Literal["cases", "element", "person", "role", "type", "entered_later", "time"]

#: What is read of each event before it is known to be wanted.
_LIGHT = "id, occurred_at"
#: What a sieve may ask about besides.
_ASKED = ("case_id", "type", "person_id", "role_key", "element_path", "recorded_at", "content")
#: No planner reaches into a subquery with a LIMIT; larger than any case.
_FENCE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Index:
    """``column`` leads it ("" for none); ``where`` is the condition of a partial one."""

    name: str
    column: str
    where: str = ""


INDEXES: dict[Name, Index] = {
    "element": Index("ix_history_event_element", "element_path", "element_path <> ''"),
    "person": Index("ix_history_event_person", "person_id", "person_id is not null"),
    "role": Index("ix_history_event_role", "role_key", "role_key <> ''"),
    "type": Index("ix_history_event_type_occurred_at_id", "type"),
    "entered_later": Index(
        "ix_history_event_entered_later", "", "person_id is not null and recorded_at <> occurred_at"
    ),
    "time": Index("ix_history_event_occurred_at_id", ""),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on an event's columns, of the table ``seen``: SQL in which ``{}`` stands for
    each of ``values``, a tuple for "is one of these" (``type {}``), else the value itself."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """The events under ``values`` of an index; ``cases`` (by their ids) has none in this order:
    all of these cases is read and sorted each time. ``entered_later`` and ``time`` take no
    values. Of these events only those are meant that pass the ``tests``."""

    name: Name
    values: tuple[Any, ...] = ()
    tests: tuple[Condition, ...] = ()

    def parts(self) -> list[Stream]:
        """Streams that one range of the index answers."""
        if self.name in ("cases", "entered_later", "time"):
            return [self]
        return [replace(self, values=(value,)) for value in self.values]


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

    def beyond(self, key: Key) -> Span:
        """The rest after a place in the order."""
        return Span(self.since, self.until, key, self.oldest_first)


def any_of(some: Sequence[Condition]) -> Condition:
    """One of the conditions holds; never, without any."""
    return _joined(" or ", some)


def all_of(some: Sequence[Condition]) -> Condition:
    """All of the conditions hold; always, without any."""
    return _joined(" and ", some)


def like(*texts: str) -> Condition:
    """One of the texts stands in the content."""
    escaped = [re.sub("([%_~])", r"~\1", text) for text in texts]
    return any_of([Condition("content like {} escape '~'", (f"%{text}%",)) for text in escaped])


class Asked:
    """A query in the making: its selects, and what they bind."""

    def __init__(self, session: Session, span: Span) -> None:
        self.sqlite = dialect(session) == "sqlite"
        self.span = span
        self.params: list[Any] = []

    def union(self, selects: Sequence[str]) -> str:
        """All rows of the selects, in one select."""
        return " union all ".join(
            f"select * from ({one}) as s{place}" for place, one in enumerate(selects)
        )

    def some(self, part: Stream, size: int, place: int, tests: Sequence[Condition]) -> str:
        """At most ``size`` events of a part of a stream: those ``wanted`` that pass the tests, and
        in any case the last one that was looked at; with it, how many were (``looked``). Of cases
        only those that pass are counted."""
        tests = (*part.tests, *tests)
        if not tests:
            return self.one(part, size, f"{_LIGHT}, {place} as place, 1 as wanted, 1 as looked")
        wanted = " and ".join(f"({self._test(test)})" for test in tests)
        columns = ", ".join([_LIGHT, *(one for one in _ASKED if re.search(rf"\b{one}\b", wanted))])
        if part.name == "cases":  # all of them is read in any case
            what = f"{_LIGHT}, {place} as place, 1 as wanted, 1 as looked"
            return self._of_cases(part, size, what, columns, wanted)
        back = "desc" if self.span.oldest_first else "asc"
        return (
            f"with seen as ({self.one(part, size, columns)}) "
            f"select {_LIGHT}, {place} as place, case when wanted then 1 else 0 end as wanted, "
            "case when ends then (select count(*) from seen) else 0 end as looked from ("
            f"select seen.id, seen.occurred_at, {wanted} as wanted, seen.id = (select id from seen "
            f"order by occurred_at {back}, id {back} limit 1) as ends from seen) as judged "
            "where wanted or ends"
        )

    def one(self, part: Stream, size: int, what: str, skip: int = 0) -> str:
        """A select of at most ``size`` rows of a part of a stream, after ``skip``."""
        if part.name == "cases":
            return self._of_cases(part, size, what, _LIGHT)
        index = INDEXES[part.name]
        value = self._bind(part.values[0]) if part.values else None
        return (
            f"select {what} from history_event{self.hint(index)}"
            f"{self._order(index.column, value, index.where, size, skip)}"
        )

    def _of_cases(self, part: Stream, size: int, what: str, columns: str, wanted: str = "") -> str:
        chains = ", ".join(self._bind(chain_of(id_)) for id_ in part.values)
        return (
            f"select {what} from (select {columns} from history_event where chain in ({chains}) "
            f"limit {_FENCE}) as seen{self._order('', None, wanted, size)}"
        )

    def hint(self, index: Index) -> str:
        """Holds SQLite to the index; PostgreSQL takes no such word and chooses itself."""
        return f" indexed by {index.name}" if self.sqlite else ""

    def _order(self, column: str, value: str | None, where: str, size: int, skip: int = 0) -> str:
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
        return f"{asked} order by {sorted_by} limit {int(size)} offset {int(skip)}"

    def _test(self, test: Condition) -> str:
        return test.sql.format(*(self._operand(value) for value in test.values))

    def _operand(self, value: Any) -> str:
        if not isinstance(value, tuple):
            return self._bind(value)
        if len(value) == 1:
            return f"= {self._bind(value[0])}"
        # One parameter however many there are: SQLite counts them.
        if self.sqlite:
            return f"in (select value from json_each({self._bind(json.dumps(value))}))"
        return f"= any({self._bind(list(value))})"

    def _key(self, key: Key) -> list[str]:
        return [self._bind(key[0], UtcDateTime()), self._bind(key[1], BigInteger())]

    def _bind(self, value: Any, type_: Any = None) -> str:
        name = f"p{len(self.params)}"
        self.params.append(bindparam(name, value, type_=type_))
        return f":{name}"


def dialect(session: Session) -> str:
    """The database's name, as SQLAlchemy has it: ``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def _joined(word: str, some: Sequence[Condition]) -> Condition:
    sql = word.join(f"({one.sql})" for one in some) or ("1 = 0" if word == " or " else "1 = 1")
    return Condition(sql, tuple(value for one in some for value in one.values))
