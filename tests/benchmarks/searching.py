"""Searching the history: a page of 50 out of ten million events against one out of ten thousand.

Rows are made in the database, one every 15 seconds of time: ten cases at once of 300 events each,
200 people, 15 plans, 160 element paths; one in fifty belongs to the organisation. Then the
product's own search is measured, small and large in turns, with warm caches.

``BENCH_EVENTS`` is how many the large one has (10,000,000; the smaller ones a thousandth and a
tenth); PostgreSQL is measured with at most a million.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, TextClause, insert, text

from migrations import guards
from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from models.plans import Plan, PlanVersion
from services import event_kinds, event_search
from services.event_filter import EventFilter
from tests.benchmarks.figures import Figure, median, plain, ratio
from tests.benchmarks.house import NOON, House, house, postgres_url, sqlite_url
from tests.benchmarks.inbox import _without_indexes

LARGE = int(os.environ.get("BENCH_EVENTS", "10000000"))
ON_POSTGRES = 1_000_000
REPEATS = 21
EVERY = 15  # seconds
#: What a page may cost more in the large record than in the small one, and in ms.
LIMIT, SLOW = 2.0, 500.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter; ``deep``: the page is taken from the middle of the record. ``worst``: it finds so
    little that it meets the bound of a page, or in a small record the end: only its time counts."""

    name: str
    flt: Callable[[House], EventFilter]
    deep: bool = False
    worst: bool = False


ASKED = (
    Asked("everything", lambda h: EventFilter()),
    Asked("everything, deep", lambda h: EventFilter(), deep=True),
    Asked("all exceptions", lambda h: EventFilter(kinds=event_kinds.all_kinds())),
    Asked("late", lambda h: EventFilter(late=True)),
    Asked("entered later", lambda h: EventFilter(kinds=("entered_later",))),
    Asked("a case", lambda h: EventFilter(case=7)),
    Asked("a person", lambda h: EventFilter(person=17)),
    Asked("a person, completed", lambda h: EventFilter(person=17, types=("task.completed",)),
          worst=True),
    Asked("a role, late", lambda h: EventFilter(role="role3", late=True), worst=True),
    Asked("an element", lambda h: EventFilter(element="step9")),
    Asked("an element in rounds", lambda h: EventFilter(element="ask")),
    Asked("a plan and tier", lambda h: EventFilter(plan="plan3", tier="major"), worst=True),
    Asked("a plan, exceptions", lambda h: EventFilter(plan="plan3", kinds=("late", "oral")),
          worst=True),
    Asked("a rare kind", lambda h: EventFilter(kinds=("tier_overridden",)), worst=True),
    Asked("a rare kind of a person",
          lambda h: EventFilter(kinds=("tier_overridden",), person=18), worst=True),
    Asked("a day's range", lambda h: EventFilter(since=NOON - timedelta(hours=30),
          until=NOON - timedelta(hours=6), role="role3")),
    Asked("never together", lambda h: EventFilter(role="role3", types=("deadline.met",)),
          worst=True),
    Asked("a plan with no such cases",
          lambda h: EventFilter(plan="plan3", tier="none", role="role4"), worst=True),
)  # fmt: skip


def measure() -> Iterator[Figure]:
    sizes = [LARGE // 1000, LARGE // 10, LARGE]
    yield from _on("SQLite", sqlite_url, sizes)
    yield from _on("PostgreSQL", postgres_url, [n for n in sizes if n <= ON_POSTGRES])


def _on(
    name: str, made: Callable[[], AbstractContextManager[str]], sizes: list[int]
) -> Iterator[Figure]:
    with ExitStack() as stack:
        places = []
        for size in sizes:
            begun = perf_counter()
            places.append(filled(stack.enter_context(made()), size))
            yield plain(f"{name}: {size:,} events made", perf_counter() - begun, "s")
        for asked in ASKED:
            took = [_measured(place, asked) for place in places]
            words = f"{name}, {asked.name}"
            for size, seconds in zip(sizes, took, strict=True):
                yield plain(f"{words}: a page at {size:,}", seconds * 1000, "ms")
            grown = took[-1] / took[0]
            if asked.worst:
                yield ratio(f"{words}: at {sizes[-1]:,}", took[-1] * 1000, "at most", SLOW, "ms")
            else:
                label = f"{words}: {sizes[-1]:,} / {sizes[0]:,}"
                yield ratio(label, grown, "at most", LIMIT)
        for place in places:
            place.db.dispose()


def _measured(place: House, asked: Asked) -> float:
    """The median of seconds that a page takes."""
    flt = asked.flt(place)
    took = []
    cursor = None
    if asked.deep:
        with place.db.read() as session:
            middle = session.scalar(text("select max(id) / 2 from history_event"))
            row = session.get_one(HistoryEvent, middle)
            cursor = event_search._cursor((row.occurred_at, row.id))
    for turn in range(REPEATS + 3):
        begun = perf_counter()
        with place.db.read() as session:
            event_search.page(session, flt, cursor)
        if turn >= 3:
            took.append(perf_counter() - begun)
    return median(took)


# ----------------------------------------------------------------------------- making rows

#: Of a hundred events; what is rare comes of the number itself.
TYPES = (
    ("task.opened", 22), ("timer.set", 12), ("element.passed", 12), ("task.claimed", 12),
    ("task.completed", 15), ("deadline.met", 8), ("task.draft_saved", 9), ("deadline.missed", 2),
    ("report.line_acknowledged", 3), ("approval.given", 3), ("tier.graded", 2),
)  # fmt: skip
DATA = {
    "report.line_acknowledged": '{"met":true,"recipient":"county"}',
    "approval.given": '{"decision":"approve","kind":"final","statement":1,"version":1}',
    "tier.graded": '{"tier":"major"}',
    "element.passed": '{"steps":["a","b"]}',
    "deadline.missed": '{"due":"2026-03-10T02:00:00Z","late":0,"task":"u","timer":"t"}',
}
OTHER = '{"round":1,"task":"0123456789abcdef0123456789abcdef"}'


def filled(url: str, events: int) -> House:
    """A house with that many events, the last at `NOON`."""
    place = house(url, stages=())
    postgres = place.db.dialect == "postgresql"
    with place.db.engine.begin() as connection:
        if postgres:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        else:
            connection.execute(text("PRAGMA foreign_keys = off"))
            connection.execute(text("PRAGMA cache_size = -1000000"))
        guards.remove(connection)
        connection.execute(text("delete from history_event"))
        with _without_indexes(connection, HistoryEvent):  # made when the rows are there
            _fill(connection, events)
        connection.execute(text(
            "insert into chain_head (chain, seq, hash) select chain, max(seq), min(hash)"
            " from history_event where chain like 'case:%' group by chain"
        ))  # fmt: skip
    if postgres:
        with place.db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    place.db.dispose()
    return place


def _fill(connection: Connection, events: int) -> None:
    postgres = connection.dialect.name == "postgresql"

    def series(n: int) -> str:
        if postgres:
            return f"(select i::bigint from generate_series(1, {n}) as g(i)) as s"
        return (
            f"(with recursive g(i) as (select 1 union all select i + 1 from g where i < {n})"
            " select i from g) as s"
        )

    def at(seconds: str) -> str:
        """So many seconds before noon."""
        if postgres:
            return f"(timestamptz '{NOON.isoformat()}' - make_interval(secs => {seconds}))"
        return (
            f"strftime('%Y-%m-%d %H:%M:%S.000000', '{NOON:%Y-%m-%d %H:%M:%S}', "
            f"'-' || ({seconds}) || ' seconds')"
        )

    for model, rows in (
        (Person, [_person(n) for n in range(1, 201)]),
        (Plan, [{"key": f"plan{n}", "title": "plan"} for n in range(15)]),
        (PlanVersion, [_version(n) for n in range(15)]),
        (Case, [_case(n) for n in range(1, events // 300 + 11)]),
    ):
        connection.execute(insert(model), rows)
    connection.execute(_plain(_events(events, series(events), at, postgres)))


def _events(events: int, series: str, at: Callable[[str], str], postgres: bool) -> str:
    def draw(factor: int, below: int) -> str:
        """Numbers spread evenly, those of different factors independent of each other."""
        return f"((i * {factor}) % 4294967291 / 7 % {below})"

    types, edge = [], 0
    for name, share in TYPES:
        edge += share
        types.append(f"when {draw(2654435761, 100)} < {edge} then '{name}'")
    type_ = (
        "case when i % 50 = 0 then 'org.signed_in' when i % 5003 = 0 then 'approval.voided'"
        f" when i % 20011 = 0 then 'tier.overridden' {' '.join(types)} end"
    )
    # Nobody acts when a deadline is met or a clock set; person 17 acts in one event of thirty.
    nobody = "type in ('deadline.met', 'timer.set')"
    who = f"case when {draw(1597334677, 30)} = 0 then 17 else {draw(3812015801, 200)} + 11 end"
    person = f"(case when {nobody} then null else {who} end)"
    role = f"(case when {nobody} then '' else 'role' || {draw(3266489917, 12)} end)"
    place = f"'step' || {draw(668265263, 150)}"
    round_ = f"'ask[' || {draw(374761393, 10)} || ']'"
    path = (
        f"(case when i % 50 = 0 then '' when {draw(2246822519, 40)} = 0 then {round_}"
        f" else {place} end)"
    )
    data = " ".join(f"when '{name}' then '{value}'" for name, value in DATA.items())
    late = f"(case when {draw(2246822507, 97)} = 0 then 600 else 0 end)"
    case = "(i / 3000 * 10 + i % 10 + 1)"
    before = f"(({events} - i) * {EVERY})"
    return (
        "insert into history_event (id, chain, seq, case_id, type, person_id, role_key,"
        " on_behalf_of, element_path, occurred_at, recorded_at, content, hash)"
        f" select i, case when i % 50 = 0 then 'org' else 'case:' || {case} end,"
        f" case when i % 50 = 0 then i / 50 else i % 3000 / 10 + 1 end,"
        f" case when i % 50 = 0 then null else {case} end, type, {person}, {role}, null, {path},"
        f" {at(f'{before} + {late}')}, {at(before)},"
        ' case when type = \'org.signed_in\' then \'{"data":{"person":1},"v":1}\' else'
        f" '{{\"data\":' || (case type {data} when 'tier.overridden' then '{{\"tier\":\"major\"}}'"
        " when 'approval.voided' then '{\"statement\":1}'"
        f" else '{OTHER}' end) || ',\"v\":1}}' end,"
        f" '{'0' * 64}' from (select i, {type_} as type from {series}) as t"
    )


def _person(n: int) -> dict[str, Any]:
    return {"id": n + 10, "username": f"p{n}", "name": f"p{n}", "password_hash": "x"} | {
        "created_at": NOON
    }


def _version(n: int) -> dict[str, Any]:
    return {"id": n + 100, "plan_key": f"plan{n}", "number": 1, "content_hash": f"h{n}"} | {
        "manifest": {}, "clauses": {}, "deployed_at": NOON
    }  # fmt: skip


def _case(n: int) -> dict[str, Any]:
    tier = (None, "general", "major")[n // 15 % 3]
    return {"id": n, "number": f"B{n}", "title": "舞台桁架坠落", "summary": "网传五人死亡" * 20} | {
        "plan_version_id": 100 + n % 15, "tier": tier, "status": "closed", "opened_at": NOON,
        "opened_by": 11,
    }  # fmt: skip


def _plain(statement: str) -> TextClause:
    # A colon in what is inserted is no parameter.
    return text(statement.replace(":", "\\:"))
