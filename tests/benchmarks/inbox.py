"""The inbox page over a million open tasks against the same page over a thousand.

Rows are put in place in bulk, each cloned in the database from a case that the product opened;
then the product's own queries and page are measured, small and large in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import cast

from flask import Flask
from sqlalchemy import Connection, Table, select, text

from models.base import Base
from models.tasks import TaskQueue, UserTask
from services import inbox
from tests.benchmarks import plan
from tests.benchmarks.figures import Figure, clocked, median, p95, plain, ratio
from tests.benchmarks.house import House, house, postgres_url, sqlite_url
from tests.benchmarks.http_steps import signed_in
from tests.benchmarks.server import application

SMALL, LARGE = 1_000, 1_000_000
#: One open task in so many is in the viewer's queue; one case has so many open tasks.
SHARE, A_CASE = 10, 10
REPEATS = 120
_FIRST, _DEEP = "first page", "deep page"


@dataclass(frozen=True, slots=True)
class Place:
    """A database with its application, and the address and cursor of its deep page."""

    house: House
    app: Flask
    deep: str


def measure() -> Iterator[Figure]:
    yield from _on("SQLite", sqlite_url)
    yield from _on("PostgreSQL", postgres_url)


def _on(name: str, made: Callable[[], AbstractContextManager[str]]) -> Iterator[Figure]:
    with ExitStack() as stack:
        small, large = (_place(stack.enter_context(made()), n) for n in (SMALL, LARGE))
        for page in (_FIRST, _DEEP):
            yield from _figures(f"inbox {page}, {name}", page, small, large)
        for place in (small, large):
            place.app.extensions["planroom"].database.dispose()
            place.house.db.dispose()


def _figures(name: str, page: str, small: Place, large: Place) -> Iterator[Figure]:
    asked = {"page": _pages, "queries": _queries}
    for what, make in asked.items():
        ask_small, ask_large = make(small, page), make(large, page)
        took_small: list[float] = []
        took_large: list[float] = []
        for turn in range(REPEATS + 10):
            with clocked(took_small if turn >= 10 else []):
                ask_small()
            with clocked(took_large if turn >= 10 else []):
                ask_large()
        words = name if what == "page" else f"{name}, its queries alone"
        yield ratio(
            f"{words}: p95 at {LARGE:,} / at {SMALL:,} open tasks",
            p95(took_large) / p95(took_small),
            "at most",
            1.3,
        )
        yield plain(f"{words}: p95 at {LARGE:,}", p95(took_large) * 1000, "ms")
        yield plain(f"{words}: median at {LARGE:,} / at {SMALL:,}",
                    median(took_large) / median(took_small), "times")  # fmt: skip


def _pages(place: Place, page: str) -> Callable[[], object]:
    """The whole page as the browser gets it."""
    client, headers, _ = signed_in(place.app)
    path = "/inbox?tab=queue" + (f"&after={place.deep}" if page == _DEEP else "")

    def ask() -> None:
        answer = client.get(path, headers=headers)
        if answer.status_code != 200 or answer.text.count("/tasks/") < inbox.PAGE:
            raise RuntimeError(f"{path}: {answer.status}")

    return ask


def _queries(place: Place, page: str) -> Callable[[], object]:
    """What the page reads: a page of the queue, the counts, the change stamp."""
    cursor = place.deep if page == _DEEP else None
    person = place.house.person

    def ask() -> None:
        with place.house.db.read() as session:
            rows = inbox.queue(session, person, cursor).rows
            inbox.counts(session, person, place.house.now)
            inbox.stamp(session, person)
        if len(rows) != inbox.PAGE:
            raise RuntimeError(f"{len(rows)} rows")

    return ask


# ----------------------------------------------------------------------------- making rows


def _place(url: str, tasks: int) -> Place:
    place = house(url)
    case = place.open()
    with place.db.engine.begin() as connection:
        if place.db.dialect == "sqlite":
            connection.execute(text("PRAGMA cache_size = -500000"))
        else:  # keys are right by construction; checking each of a million takes minutes
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        with _without_indexes(connection, UserTask, TaskQueue):
            _fill(connection, case.id, tasks)
    place.db.dispose()
    if place.db.dialect == "postgresql":
        with place.db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))  # what its own daemon does in time
    halfway = (
        select(TaskQueue.sort_due, TaskQueue.task_id)
        .where(TaskQueue.role_key == plan.ROLE)
        .order_by(TaskQueue.sort_due, TaskQueue.task_id)
        .offset(tasks // SHARE // 2 - 1)
        .limit(1)
    )
    with place.db.read() as session:
        cursor = inbox._cursor(*session.execute(halfway).one())
    return Place(place, application(url), cursor)


@contextmanager
def _without_indexes(connection: Connection, *models: type[Base]) -> Iterator[None]:
    """Indexes are made after the rows: sorted at once, and as dense as ever."""
    indexes = [index for model in models for index in cast(Table, model.__table__).indexes]
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def _fill(connection: Connection, case_id: int, tasks: int) -> None:
    """``tasks`` open tasks in cases of `A_CASE`, the case's own among them not counted."""
    postgres = connection.dialect.name == "postgresql"
    series = (
        "SELECT i FROM generate_series(1, :n) AS s(i)" if postgres else
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < :n)"
        " SELECT i FROM s"
    )  # fmt: skip
    connection.execute(text("CREATE TABLE bench_n (i BIGINT PRIMARY KEY, id VARCHAR(36))"))
    random_id = "gen_random_uuid()::text" if postgres else "lower(hex(randomblob(18)))"
    connection.execute(
        text(f"INSERT INTO bench_n SELECT i, {random_id} FROM ({series}) AS n"), {"n": tasks}
    )
    # Due from half an hour ago on, one a second, in no order of their ids.
    seconds = f"((n.i * 7919) % {tasks} - 1800)"
    due = (
        f"t.sort_due + make_interval(secs => {seconds})" if postgres else
        f"strftime('%Y-%m-%d %H:%M:%f', t.sort_due, {seconds} || ' seconds') || '000'"
    )  # fmt: skip
    case, instance = f"1000 + n.i / {A_CASE}", f"'i' || (n.i / {A_CASE})"
    role = f"CASE WHEN n.i % {SHARE} = 0 THEN '{plan.ROLE}' ELSE 'office' END"
    a_case = f"(n.i % {A_CASE} = 0 OR n.i = 1)"
    changed = {"id": case, "number": "'B' || n.i", "primary_instance_id": instance}
    _clone(connection, "case", f"t.id = {case_id} AND {a_case}", changed)
    changed = {"id": instance, "case_id": case}
    _clone(connection, "process_instance", f"t.case_id = {case_id} AND {a_case}", changed)
    changed = {
        "id": "n.id", "instance_id": instance, "case_id": case, "role_key": role,
        "sort_due": due, "due_at": due,
    }  # fmt: skip
    one = f"t.case_id = {case_id} AND t.element_id = 'report_1'"
    _clone(connection, "user_task", one, changed)
    for statement in (
        "INSERT INTO task_queue (task_id, role_key, sort_due)"
        " SELECT t.id, t.role_key, t.sort_due FROM bench_n n JOIN user_task t ON t.id = n.id"
        " ORDER BY t.id",
        "DELETE FROM queue_count",
        "INSERT INTO queue_count (owner, n)"
        " SELECT 'role:' || role_key, count(*) FROM task_queue GROUP BY role_key",
    ):
        connection.execute(text(statement))


def _clone(connection: Connection, name: str, which: str, changed: Mapping[str, str]) -> None:
    """For each number n a row like the one that ``which`` finds, but for ``changed``."""
    table: Table = Base.metadata.tables[name]
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(changed.get(c.name, f't."{c.name}"') for c in table.columns)
    connection.execute(
        text(
            f'INSERT INTO "{name}" ({columns})'
            f' SELECT {values} FROM "{name}" t, bench_n n WHERE {which} ORDER BY n.id'
        )
    )
