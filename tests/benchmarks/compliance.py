"""The audit room's pages of deadlines and clauses over 5,000 cases and 100,000 tasks.

A few cases of plan 11 are told on the product; the rest are cloned from them in the database, each
at another time and done a little earlier or later. Then the pages are asked for as a browser does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, select, text

from app import create_app
from config import Settings
from migrations.run import upgrade
from models.people import Person
from services.uow import Database
from tests.acceptance.stories import p11
from tests.acceptance.stories.run import Stage
from tests.benchmarks.figures import Figure, clocked, milliseconds, plain, ratio
from tests.benchmarks.house import NOON

CASES = 5_000
REPEATS = 7
STORIES = (
    p11.major_case, p11.extraordinary_case_reported_late, p11.major_case_reported_late,
    p11.extraordinary_case_reported_in_time,
)  # fmt: skip
PAGES = {
    "compliance of everything": "/audit/compliance",
    "compliance of a tier": "/audit/compliance?plan=p11&tier=major",
    "cases behind a figure": (
        "/audit/compliance/cases?plan=p11&deadline=report_1h/report_in_time@1&verdict=missed"
    ),
    "clause on a step": "/audit/clauses/p11?clause=P11-D1",
    "clause on a gateway, no case reached it": "/audit/clauses/p11?clause=P11-E4",
    "clause on half the diagram": "/audit/clauses/p11?clause=P11-L655",
}


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'planroom.db'}"
        database = made(url, CASES)
        with database.read() as session:
            tasks = session.scalar(text("select count(*) from user_task")) or 0
            events = session.scalar(text("select count(*) from history_event")) or 0
        yield plain("compliance: cases", CASES, "cases")
        yield plain("compliance: tasks", tasks, "tasks")
        yield plain("compliance: events", events, "events")
        app = create_app(Settings(data_dir=Path(folder)), database=database, clock=lambda: NOON)
        client = app.test_client()
        with database.read() as session:
            auditor = session.scalars(select(Person).where(Person.username == "auditor")).one()
            user = f"{auditor.id}:{auditor.session_epoch}"
        with client.session_transaction() as signed:
            signed["_user_id"] = user
            signed["_fresh"] = True
        for name, path in PAGES.items():
            took: list[float] = []
            for turn in range(REPEATS + 1):
                with clocked(took if turn else []):
                    answer = client.get(path)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status}")
            yield ratio(f"{name}: median", milliseconds(took), "at most", 2_000, "ms")
        database.dispose()


def made(url: str, cases: int) -> Database:
    """A migrated database with so many cases of plan 11."""
    upgrade(url)
    database = Database(url)
    stage = Stage.set(database, "p11", NOON - timedelta(days=900))
    told = [stage.play(story).case_id for story in STORIES]
    with database.engine.begin() as connection:
        connection.execute(text("PRAGMA cache_size = -400000"))
        copies = (cases - len(told)) // len(told)
        for case_id in told:
            _clone(connection, case_id, copies)
        connection.execute(text("ANALYZE"))
    return database


#: Columns that get another value in a clone: ``:n`` of the clone, ``id`` of the case told.
_MOMENTS = (
    "opened_at", "closed_at", "archived_at", "created_at", "claimed_at", "due_at", "completed_at",
    "overdue_at", "escalated_at", "reminded_at", "happened_at", "entered_at", "acknowledged_at",
    "recorded_at", "started_at", "ended_at",
)  # fmt: skip


def _clone(connection: Connection, case_id: int, copies: int) -> None:
    """Rows of a case again, ``copies`` times; ids of cases, tasks and rows moved apart."""
    new_case = f"({case_id} * 1000000 + n.n)"
    uuid = "{column} || '-' || n.n"
    tables: dict[str, dict[str, str]] = {
        "case": {
            "id": new_case, "number": f"'C{case_id}-' || n.n",
            "primary_instance_id": uuid.format(column="t.primary_instance_id"),
        },
        "process_instance": {"id": uuid.format(column="t.id"), "case_id": new_case},
        "anchor": {"id": "null", "case_id": new_case},
        "user_task": {
            "id": uuid.format(column="t.id"), "case_id": new_case,
            "instance_id": uuid.format(column="t.instance_id"),
        },
        "report_line": {
            "id": "null", "case_id": new_case, "task_id": uuid.format(column="t.task_id"),
        },
        "statement": {"id": f"t.id * 100000 + n.n + {new_case}", "case_id": new_case},
        "release": {
            "id": "null", "task_id": uuid.format(column="t.task_id"),
            "statement_id": f"t.statement_id * 100000 + n.n + {new_case}",
        },
        "history_event": {
            "id": "null", "case_id": new_case, "chain": f"'case:' || {new_case}",
        },
    }  # fmt: skip
    for table, values in tables.items():
        rows = connection.execute(text(f'pragma table_info("{table}")')).all()
        names = [row[1] for row in rows]
        chosen = []
        for name in names:
            given = values.get(name)
            if given is None and name in (*_MOMENTS, "occurred_at" if table == "anchor" else ""):
                given = _moved(f"t.{name}", "n.n * 240")
            elif given is None and name == "occurred_at" and table != "anchor":
                # Done, said and released a little earlier or later than in the case told.
                given = _moved("t.occurred_at", "n.n * 240 + n.n % 97 - 20")
            chosen.append(given or f't."{name}"')
        where = "t.case_id" if "case_id" in names else "t.id"
        if table == "release":
            where = "(select case_id from statement where id = t.statement_id)"
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            text(
                "with recursive n(n) as (select 1 union all select n + 1 from n where n < :copies) "
                f'insert into "{table}" ({columns}) select {", ".join(chosen)} '
                f'from "{table}" t cross join n where {where} = :case_id'
            ),
            {"copies": copies, "case_id": case_id},
        )


def _moved(column: str, minutes: str) -> str:
    moved = f"strftime('%Y-%m-%d %H:%M:%S', {column}, ({minutes}) || ' minutes')"
    return f"case when {column} is null then null else {moved} || '.000000' end"
