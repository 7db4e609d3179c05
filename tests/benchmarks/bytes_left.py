"""What a finished case of seven tasks leaves in the database, and in which tables.

The case is what a report of one sentence and a link opens; each task is answered with a note of
30 characters.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text

from models.base import Base
from models.cases import Case
from services.uow import Database
from tests.benchmarks import plan
from tests.benchmarks.figures import Figure, plain, ratio
from tests.benchmarks.house import House, house, sqlite_url

CASES = 50
REPORT = "网传某县体育场舞台桁架在彩排时坠落,称有五人死亡,现场视频正在转发。"
#: Tables said by name; the others together.
SHOWN = 6


def measure(cases: int = CASES) -> list[Figure]:
    with sqlite_url() as url:
        place = house(url)
        finished_case(place, 0)
        before, tables_before = file_size(place.db), table_sizes(place.db)
        for nonce in range(1, cases + 1):
            finished_case(place, nonce)
        after, tables_after = file_size(place.db), table_sizes(place.db)
        place.db.dispose()
    figures = [
        ratio("bytes a finished 7-task case leaves", (after - before) / cases / 1000,
              "at most", 25, "kB")
    ]  # fmt: skip
    grown = {name: (size - tables_before[name]) / cases for name, size in tables_after.items()}
    largest = sorted(grown, key=lambda name: -grown[name])
    for name in largest[:SHOWN]:
        figures.append(plain(f"of these in {name}", grown[name] / 1000, "kB"))
    rest = sum(grown[name] for name in largest[SHOWN:])
    return [*figures, plain("of these in other tables", rest / 1000, "kB")]


def finished_case(place: House, nonce: int) -> Case:
    """A case opened and worked to its end, every task in time."""
    case = place.open(summary=REPORT)
    for element, _ in plan.script(plan.SMALL):
        task_id = place.open_tasks(case.id)[element]
        place.complete(task_id, plan.answer_to(element, nonce))
    return case


def file_size(db: Database) -> int:
    """Bytes of a SQLite database, nothing unused in it."""
    _autocommit(db, "VACUUM")
    pages, size = (int(_autocommit(db, f"PRAGMA {p}") or 0) for p in ("page_count", "page_size"))
    return pages * size


def table_sizes(db: Database) -> Counter[str]:
    """Table to bytes of its pages and its indexes'."""
    sizes: Counter[str] = Counter()
    query = text(
        "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m ON m.name = d.name"
        " GROUP BY m.tbl_name"
    )
    with db.engine.connect() as connection:
        for name, size in connection.execute(query):
            if name in Base.metadata.tables:
                sizes[name] += size
    return sizes


def _autocommit(db: Database, statement: str) -> Any:
    raw = db.engine.raw_connection()
    try:
        row = raw.cursor().execute(statement).fetchone()
    finally:
        raw.close()
    return row[0] if row else None
