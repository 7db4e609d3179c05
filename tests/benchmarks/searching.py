"""Searching the history: a page of 50 out of ten million events against one out of ten thousand.

Two records are made (`searching_rows`), and each filter's pages are walked by the product's own
search, one page of the small record and one of the large in turns, so that whatever else the
machine does falls on both; the caches are warm. Reported are p50 and p95 of a page, and large
against small.

``BENCH_EVENTS`` is how many the large record has: 1,000,000 by default, which takes some five
minutes on both databases together. The whole::

    BENCH_EVENTS=10000000 python -m tests.benchmarks --only searching

makes 10 million on SQLite and on PostgreSQL one after the other, with 6 GB of disk for the one and
12 GB for the other (TMPDIR says where), and takes about an hour on two cores that nobody else uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

from sqlalchemy import text

from models.history import HistoryEvent
from services import event_kinds, event_search
from services.event_filter import EventFilter
from tests.benchmarks.figures import Figure, median, p95, plain, ratio
from tests.benchmarks.house import NOON, House, postgres_url, sqlite_url
from tests.benchmarks.searching_rows import PLAN, filled

SMALL = 10_000
LARGE = int(os.environ.get("BENCH_EVENTS", "1000000"))
PAGES = 40
#: What a page may cost more in the large record than in the small one, and in ms.
LIMIT, SLOW = 2.0, 200.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter; ``deep``: its pages begin in the middle of the record. ``worst``: what it finds
    lies so thin that it meets the bound of a page, or in a small record the end: only its time
    counts."""

    name: str
    flt: EventFilter
    deep: bool = False
    worst: bool = False


ASKED = (
    Asked("everything", EventFilter()),
    Asked("everything, deep", EventFilter(), deep=True),
    Asked("all exceptions", EventFilter(kinds=event_kinds.all_kinds())),
    Asked("late", EventFilter(late=True)),
    Asked("in time", EventFilter(late=False)),
    Asked("entered later", EventFilter(kinds=("entered_later",))),
    Asked("a category", EventFilter(category="task")),
    Asked("a case", EventFilter(case=7)),
    Asked("a person", EventFilter(person=17)),
    Asked("a person, completed", EventFilter(person=17, types=("task.completed",)), worst=True),
    Asked("a role", EventFilter(role="role3")),
    Asked("a role, late", EventFilter(role="role3", late=True), worst=True),
    Asked("an element", EventFilter(element="step9"), worst=True),
    Asked("an element in rounds", EventFilter(element="ask")),
    Asked("a clause", EventFilter(plan=PLAN, clause="step2"), worst=True),
    Asked("a plan and tier", EventFilter(plan=PLAN, tier="重大"), worst=True),
    Asked("a tier", EventFilter(tier="重大")),
    Asked("a plan, exceptions", EventFilter(plan=PLAN, kinds=("late", "oral")), worst=True),
    Asked("a rare kind", EventFilter(kinds=("tier_overridden",)), worst=True),
    Asked("a kind there is none of", EventFilter(kinds=("oral",)), worst=True),
    Asked("a rare kind of a person", EventFilter(kinds=("tier_overridden",), person=18),
          worst=True),
    Asked("a day's range", EventFilter(since=NOON - timedelta(hours=30),
          until=NOON - timedelta(hours=6), role="role3")),
    Asked("never together", EventFilter(role="role3", types=("deadline.met",)), worst=True),
    Asked("a plan with no such cases", EventFilter(plan=PLAN, tier="无", role="role4"), worst=True),
)  # fmt: skip


def measure() -> Iterator[Figure]:
    yield from _on("SQLite", sqlite_url)
    yield from _on("PostgreSQL", postgres_url)


def _on(name: str, made: Callable[[], AbstractContextManager[str]]) -> Iterator[Figure]:
    with ExitStack() as stack:
        places = []
        for size in (SMALL, LARGE):
            begun = perf_counter()
            places.append(filled(stack.enter_context(made()), size))
            yield plain(f"{name}: {size:,} events made", perf_counter() - begun, "s")
        yield from figures(name, places)
        for place in places:
            place.db.dispose()


def figures(name: str, places: Sequence[House], large: int = LARGE) -> Iterator[Figure]:
    """Of every filter, on a small record and a large one."""
    for asked in ASKED:
        walks = [_Walk(place, asked) for place in places]
        for turn in range(PAGES + 3):
            for walk in walks:
                walk.page(counts=turn >= 3)
        small, big = walks
        words = f"{name}, {asked.name}"
        for size, walk in ((SMALL, small), (large, big)):
            yield plain(f"{words}: p50 at {size:,}", median(walk.took) * 1000, "ms")
        yield plain(f"{words}: p95 at {SMALL:,}", p95(small.took) * 1000, "ms")
        yield ratio(f"{words}: p95 at {large:,}", p95(big.took) * 1000, "at most", SLOW, "ms")
        grown = median(big.took) / median(small.took)
        label = f"{words}: {large:,} / {SMALL:,}"
        if asked.worst:
            yield plain(f"{label}, p50", grown, "times")
        else:
            yield ratio(f"{label}, p50", grown, "at most", LIMIT)
        yield plain(f"{label}, p95", p95(big.took) / p95(small.took), "times")


class _Walk:
    """A filter's pages one after the other, from the first again after the last."""

    def __init__(self, place: House, asked: Asked) -> None:
        self.place = place
        self.flt = asked.flt
        self.took: list[float] = []  # seconds
        self.begin = _middle(place) if asked.deep else None
        self.cursor = self.begin

    def page(self, counts: bool) -> None:
        begun = perf_counter()
        with self.place.db.read() as session:
            found = event_search.page(session, self.flt, self.cursor)
        if counts:
            self.took.append(perf_counter() - begun)
        self.cursor = found.next_cursor or self.begin


def _middle(place: House) -> str:
    with place.db.read() as session:
        middle = session.scalar(text("select max(id) / 2 from history_event"))
        row = session.get_one(HistoryEvent, middle)
        return event_search._cursor((row.occurred_at, row.id))
