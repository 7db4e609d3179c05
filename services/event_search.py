"""The history searched across cases: a page at a time for reading, or all of it for an export.

What it costs depends on how much is read, not on how much there is: one index is chosen
(`services.event_streams`), read in its order, and the rest of the filter is applied to what comes.
A filter so rare that nothing turns up stops at a bound, of events and of time, and says how far
back it has looked.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from sqlalchemy.orm import Session

from models.history import HistoryEvent
from services import event_streams
from services.errors import Refusal
from services.event_conditions import Conditions, Way
from services.event_filter import EventFilter
from services.event_sql import Key, Span
from services.event_streams import key_of
from services.moments import from_text, utc_text

LIMIT = 50
#: Events looked at for one page.
BOUND = 10_000
#: Seconds after which a page that has looked at so many shows what it has: what they are read
#: from may be a slow disk.
PATIENCE, AT_LEAST = 0.1, 500
#: Events that are counted in the indexes to tell the shorter way.
_PROBE = 2000
#: What a whole event counts for where only that tells whether it is meant.
_WHOLE = 5
#: Most whole events fetched at once.
_MOST = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Events, the latest first. ``next_cursor`` leads on, None at the end. Where ``complete`` is
    False the search stopped at its bound before the page was full: all later than ``searched_to``
    has been looked at, and the cursor goes on from there."""

    events: list[HistoryEvent]
    next_cursor: str | None
    searched_to: datetime | None
    complete: bool


def page(
    session: Session,
    flt: EventFilter,
    cursor: str | None = None,
    limit: int = LIMIT,
    bound: int = BOUND,
) -> Page:
    """The next ``limit`` events that the filter keeps, by when they happened (then by id), the
    latest first. Events written meanwhile never make one of the others appear twice or not at
    all. They are objects outside the session.

    ``person`` and ``role`` are who did it and as what; what was done for somebody else stands
    under who did it. A plan's events are those of its cases, and of no case those that name it.

    Raises Refusal ``cursor_invalid`` 422, and what `Conditions` raises.
    """
    after = _read_cursor(cursor) if cursor else None
    asked = Conditions(session, flt)
    if asked.nothing:
        return Page([], None, None, True)
    span = Span(flt.since, flt.until, after)
    found: list[HistoryEvent] = []
    begun, read = monotonic(), 0
    for some, looked, last in _portions(session, asked, span, limit, bound):
        found += some
        read += looked
        if len(found) > limit:
            found = found[:limit]
            end = found[-1]
            return Page(found, _cursor((end.occurred_at, end.id)), end.occurred_at, True)
        tired = read >= AT_LEAST and monotonic() - begun > PATIENCE
        if last is not None and (read >= bound or tired):
            return Page(found, _cursor(last), last[0], len(found) == limit)
    return Page(found, None, None, True)


def stream(session: Session, flt: EventFilter, batch: int = 500) -> Iterator[HistoryEvent]:
    """Every event that the filter keeps, the earliest first, as objects outside the session;
    memory is bounded by ``batch``, whatever there is. Raises as `page` does, at the first event."""
    asked = Conditions(session, flt)
    if asked.nothing:
        return
    span = Span(flt.since, flt.until, oldest_first=True)
    way = _way(session, asked, span, BOUND)
    steps = event_streams.rows(session, way.streams, span, batch, asked.tests(way))
    wanted = (row.id for row, is_wanted, _ in steps if is_wanted)
    while some := list(itertools.islice(wanted, batch)):
        yield from asked.keep_events(event_streams.events(session, some))


def _portions(
    session: Session, asked: Conditions, span: Span, limit: int, bound: int
) -> Iterator[tuple[list[HistoryEvent], int, Key | None]]:
    """What the filter keeps, a portion at a time, with how many events were looked at for it (a
    whole one counts more) and how far; None at the end."""
    way = _way(session, asked, span, bound)
    tests = asked.tests(way)
    first = min(bound, 4 * (limit + 1) if tests or asked.judges else limit + 1)
    wanted: list[int] = []
    looked = judged = kept = 0
    # No more whole events than the page may still need.
    size = limit + 1
    for row, is_wanted, more in event_streams.rows(session, way.streams, span, first, tests):
        looked += more
        if is_wanted:
            wanted.append(row.id)
        if len(wanted) < size and looked < min(bound, AT_LEAST):
            continue
        some = asked.keep_events(event_streams.events(session, wanted))
        judged, kept = judged + len(wanted), kept + len(some)
        yield some, looked + (_WHOLE * len(wanted) if asked.judges else 0), key_of(row)
        size = min(max(limit + 1 - kept, 1) * max(judged, 1) // max(kept, 1), _MOST)
        wanted, looked = [], 0
    yield asked.keep_events(event_streams.events(session, wanted)), looked, None


def _way(session: Session, asked: Conditions, span: Span, bound: int) -> Way:
    """The way to read: the shortest of those that are short, else that with the fewest events in
    the stretch of time in which one of them has so many, else that of the lowest rank."""
    event_streams.steady(session)
    bound = min(bound, _PROBE)
    ways = sorted(asked.ways, key=lambda way: way.rank)
    bounded = span.since is not None
    chosen = [way for way in ways if way.rank < 9 or bounded or len(ways) == 1]
    if len(chosen) == 1:
        return chosen[0]
    counts = [event_streams.count(session, way.streams, span, bound) for way in chosen]
    if min(counts) < bound:
        return chosen[counts.index(min(counts))]
    for way in chosen:
        stretch = event_streams.stretch(session, way.streams, span, bound)
        if stretch is not None:
            counts = [event_streams.count(session, one.streams, stretch, bound) for one in chosen]
            return chosen[counts.index(min(counts))]
    return chosen[0]


def _cursor(key: Key) -> str:
    text = json.dumps([utc_text(key[0]), key[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> Key:
    """Raises Refusal ``cursor_invalid`` 422 for a cursor that is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        moment, id_ = json.loads(text)
        if not isinstance(id_, int) or isinstance(id_, bool) or not 0 <= id_ < 2**63:
            raise ValueError
        return from_text(moment), id_
    except (ValueError, TypeError, RecursionError, binascii.Error) as wrong:
        raise Refusal("cursor_invalid", 422) from wrong
