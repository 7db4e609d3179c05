"""Exports of many events: how fast, and whether memory stays where it is.

A played case of plan 8 is copied in the database until there are as many events as wanted; each
export runs in a process of its own, by the product's own writers, as an auditor (masks are made
for every case). ``BENCH_EXPORT_EVENTS`` is how many the large record has (200,000; the small one
10,000).
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from sqlalchemy import create_engine, select, text

from migrations import guards
from migrations.run import upgrade
from models.history import HistoryEvent
from models.people import Person, Role
from services.event_filter import EventFilter
from services.export_ocel import write_ocel
from services.export_source import Source
from services.export_tables import COLUMNS, Labels, write_csv, write_xlsx
from services.export_xes import write_xes
from services.history_types import all_types
from services.uow import Database
from tests.acceptance.stories.run import Stage
from tests.benchmarks.figures import Figure, plain, ratio
from tests.benchmarks.inbox import _without_indexes
from tests.integration.world import MORNING

LARGE = int(os.environ.get("BENCH_EXPORT_EVENTS", "200000"))
SMALL = 10_000
FORMATS = ("csv", "xlsx", "xes", "ocel")
#: MB of memory that an export of the large record may take more than one of the small.
MORE_MEMORY = 60.0


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        found: dict[tuple[str, int], dict[str, float]] = {}
        for events in (SMALL, LARGE):
            file = folder / f"{events}.db"
            _fill(file, events)
            for format_ in FORMATS:
                found[format_, events] = _run(file, format_, folder)
            file.unlink()
        for format_ in FORMATS:
            small, large = found[format_, SMALL], found[format_, LARGE]
            yield plain(f"{format_}, {LARGE:,} events", large["rate"], "events/s")
            yield plain(f"{format_}, {LARGE:,} events, file", large["size"] / 1e6, "MB")
            yield plain(f"{format_}, {LARGE:,} events, peak memory", large["rss"], "MB")
            more = large["rss"] - small["rss"]
            yield ratio(f"{format_}, more than at 10,000", more, "at most", MORE_MEMORY, "MB")
            slower = small["rate"] / large["rate"]
            yield ratio(f"{format_}, slower an event than at 10,000", slower, "at most", 2.0)


def _fill(file: Path, events: int) -> None:
    """A played case, copied until there are so many events."""
    url = f"sqlite:///{file}"
    upgrade(url)
    database = Database(url)
    stage = Stage.set(database, "p08", MORNING)
    case = stage.play(importlib.import_module("tests.acceptance.stories.p08").STORIES[0]).case_id
    database.dispose()
    engine = create_engine(url)
    with engine.connect() as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        own = connection.scalar(
            text("SELECT count(*) FROM history_event WHERE case_id = :c"), {"c": case}
        )
        copies = {"n": events // int(own or 1), "c": case}
        guards.remove(connection)
        with _without_indexes(connection, HistoryEvent):  # made when the rows are there
            for table in ("case", "user_task", "history_event", "chain_head"):
                columns = [
                    row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')
                ]
                parts = _parts(table, columns)
                connection.execute(text(_OWN.format(**parts)), {"c": case})
                connection.execute(text(_COPY.format(**parts)), copies)
        connection.commit()
    engine.dispose()


#: From a table of its own: what is selected from the table inserted into is all gathered first.
_OWN = 'CREATE TEMP TABLE "own_{table}" AS SELECT * FROM "{table}" AS t WHERE {mine}'
_COPY = """
INSERT INTO "{table}" ({columns})
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n)
SELECT {values} FROM n CROSS JOIN "own_{table}" AS t WHERE :c = :c
"""
#: A copy begins five minutes after the one before it, so that cases overlap as they do in life.
_LATER = (
    "strftime('%Y-%m-%d %H\\:%M\\:%S', t.{0}, '+' || (n.i * 5) || ' minutes') || substr(t.{0}, 20)"
)
_CHANGED = {
    ("case", "id"): "t.id + 1000 + n.i",
    ("case", "number"): "t.number || '-' || n.i",
    ("user_task", "id"): "n.i || '-' || t.id",
    ("user_task", "case_id"): "t.case_id + 1000 + n.i",
    ("history_event", "content"): """replace(t.content, '"task":"', '"task":"' || n.i || '-')""",
    ("history_event", "case_id"): "t.case_id + 1000 + n.i",
    ("history_event", "chain"): "'case:' || (t.case_id + 1000 + n.i)",
    ("history_event", "occurred_at"): _LATER.format("occurred_at"),
    ("history_event", "recorded_at"): _LATER.format("recorded_at"),
    ("chain_head", "chain"): "'case:' || (:c + 1000 + n.i)",
}


def _parts(table: str, columns: list[str]) -> dict[str, str]:
    if table == "history_event":
        columns = [name for name in columns if name != "id"]
    mine = {"case": "t.id = :c", "chain_head": "t.chain = 'case:' || :c"}
    values = [_CHANGED.get((table, name), f't."{name}"') for name in columns]
    return {
        "table": table,
        "columns": ", ".join(f'"{name}"' for name in columns),
        "values": ", ".join(values),
        "mine": mine.get(table, "t.case_id = :c"),
    }


def _run(file: Path, format_: str, folder: Path) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.exporting", str(file), format_, str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _export(file: str, format_: str, folder: Path) -> None:
    """One export in this process; prints what it took."""
    database = Database(f"sqlite:///{file}")
    out_file = folder / f"out.{format_}"
    begun = perf_counter()
    with database.read() as session, out_file.open("wb") as out:
        person = session.scalars(select(Person).where(Person.username == "auditor")).first()
        person = person or session.scalars(select(Person)).first()
        assert person is not None
        source = Source(session, EventFilter(), person, MORNING)
        words = {name: name for name in COLUMNS}
        types = {type_.name: type_.name for type_ in all_types()}
        roles = {role.key: role.name for role in session.scalars(select(Role))}
        labels = Labels(words, types, {"p08": "p08"}, roles)
        if format_ == "csv":
            events = write_csv(out, source, _quiet, labels)
        elif format_ == "xlsx":
            events = write_xlsx(out, source, _quiet, labels, folder, "Asia/Shanghai")
        elif format_ == "ocel":
            events = write_ocel(out, source, _quiet, folder)
        else:
            events = write_xes(out, source, _quiet, automatic=True)
    seconds = perf_counter() - begun
    # Not ru_maxrss: a child begins with its parent's.
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    rss = int(peak) / 1024
    print(
        json.dumps({"rate": events / seconds, "rss": rss, "size": out_file.stat().st_size,
                    "events": events})
    )  # fmt: skip
    out_file.unlink()


def _quiet(_done: int) -> None:
    pass


if __name__ == "__main__":
    _export(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
