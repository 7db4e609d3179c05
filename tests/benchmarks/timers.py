"""Timers due at once, two processes competing for them, one killed half-way.

The cases are put in place in bulk (their opening is measured nowhere here); what fires is the
product: `services.timers.fire_next` in worker processes. The one that is killed leaves its lease;
when that has run out the last worker takes what it held.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from models.base import Base
from models.cases import Case, ProcessInstance
from models.history import HistoryEvent
from models.tasks import Timer, UserTask
from services import timers
from services.context import context_of
from services.definitions import definition_for
from services.uow import Database, UnitOfWork
from tests.benchmarks import plan
from tests.benchmarks.figures import Figure, plain
from tests.benchmarks.house import House, house, postgres_url, sqlite_url
from workflows import engine
from workflows.contract import Context
from workflows.feel import default_feel

TIMERS = 10_000
#: report_1 and watch of each case are due by then.
A_CASE, LATER = 2, timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``fired`` counts timer rows that say so; ``told`` the history events of them, ``distinct``
    the timers those name. ``left`` are still waiting."""

    per_second: float
    fired: int
    told: int
    distinct: int
    left: int
    killed_at: int
    held: int  # left by the killed one, fired once its lease had run out


def measure() -> Iterator[Figure]:
    yield from _on("SQLite", sqlite_url)
    yield from _on("PostgreSQL", postgres_url)


def _on(name: str, made: Callable[[], AbstractContextManager[str]]) -> Iterator[Figure]:
    with made() as url:
        place = house(url)
        put_in_place(place, TIMERS // A_CASE)
        found = race(place.url, place.db, place.now + LATER, TIMERS)
        place.db.dispose()
    where = f"{TIMERS:,} timers due at once, {name}"
    lost, doubled = TIMERS - found.distinct, found.told - found.distinct
    yield plain(f"{where}: rate", found.per_second, "per s")
    yield Figure(f"{where}: lost", lost, "timers", "at most 0", lost == 0 and found.left == 0)
    yield Figure(f"{where}: fired twice", doubled, "timers", "at most 0", doubled == 0)
    yield plain(f"{where}: fired when one was killed", found.killed_at, "timers")
    yield plain(f"{where}: held by it until its lease ran out", found.held, "timers")


def race(url: str, db: Database, now: datetime, total: int) -> Outcome:
    """Fire all ``total`` timers due at ``now`` with two processes, of which one is killed when
    half are fired."""
    workers = [start_worker(url, now) for _ in range(2)]
    for worker in workers:
        release(worker)
    begun = time.perf_counter()
    while (killed_at := _fired(db)) < total // 2:
        time.sleep(0.005)
    workers[0].send_signal(signal.SIGKILL)
    workers[0].wait()
    if workers[1].wait(timeout=600) != 0:
        raise RuntimeError("a worker failed")
    took = time.perf_counter() - begun
    before = _fired(db)
    last = start_worker(url, now + timers.LEASE + timedelta(seconds=2))
    release(last)
    if last.wait(timeout=600) != 0:
        raise RuntimeError("a worker failed")
    after = _fired(db)
    with db.read() as session:
        left = session.scalar(select(func.count()).where(Timer.status == "waiting"))
        events = session.execute(
            select(HistoryEvent.case_id, HistoryEvent.element_path).where(
                HistoryEvent.type == "deadline.missed", HistoryEvent.person_id.is_(None)
            )
        ).all()
    return Outcome(
        before / took, after, len(events), len(set(events)), left or 0, killed_at, after - before
    )


def _fired(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).where(Timer.status == "fired")) or 0


def start_worker(url: str, now: datetime) -> subprocess.Popen[str]:
    """A process that is ready to fire what is due at ``now`` until nothing is free."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.timers", url, now.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdout is not None
    if worker.stdout.readline() != "ready\n":
        raise RuntimeError("a worker did not start")
    return worker


def release(worker: subprocess.Popen[str]) -> None:
    """Let it begin."""
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()


def main(url: str, now: str) -> None:
    """The worker."""
    db, moment = Database(url), datetime.fromisoformat(now)
    default_feel().evaluate("1", {}, Context(moment))  # V8 is up before the race
    print("ready", flush=True)
    sys.stdin.readline()
    while timers.fire_next(db, moment):
        pass


def put_in_place(place: House, cases: int) -> None:
    """That many cases as they stand after opening, their timers not due before `LATER`: copies
    of one that was opened, each with an engine state, tasks and timers of its own."""
    opened = place.open()

    def work(uow: UnitOfWork) -> None:
        session = uow.session
        case = session.get(Case, opened.id)
        instance = session.get(ProcessInstance, opened.primary_instance_id)
        assert case is not None and instance is not None
        tasks = _by_path(session.scalars(select(UserTask).where(UserTask.case_id == case.id)))
        clocks = _by_path(session.scalars(select(Timer).where(Timer.case_id == case.id)))
        definition = definition_for(session, instance.content_hash)
        context = context_of(session, case, place.now)
        rows: dict[type[Base], list[dict[str, Any]]] = {
            model: [] for model in (Case, ProcessInstance, UserTask, Timer)
        }
        for n in range(1, cases):
            advance = engine.start(definition, plan.variables(), context, default_feel())
            ids = {"instance_id": f"i{n}", "case_id": case.id + n}
            rows[Case].append(
                _row(case) | {"id": case.id + n, "number": f"B{n}", "primary_instance_id": f"i{n}"}
            )
            rows[ProcessInstance].append(
                _row(instance) | {"id": f"i{n}", "case_id": case.id + n, "state": advance.state}
            )
            rows[UserTask] += [tasks[t.path] | ids | {"id": t.id} for t in advance.opened]
            rows[Timer] += [
                clocks[t.path] | ids | {"id": t.id, "task_id": t.task_id}
                for t in advance.timers_set
            ]
        for model, values in rows.items():
            session.execute(insert(model), values)

    place.db.run(work)


def _row(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}


def _by_path(rows: Any) -> dict[str, dict[str, Any]]:
    return {row.element_path: _row(row) for row in rows}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
