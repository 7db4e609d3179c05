"""Timers that are due at once: none lost, none doubled, a poisoned one never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from models.cases import Incident, ProcessInstance
from models.history import HistoryEvent
from models.tasks import Timer
from services import timers
from tests.integration.world import World

CASES = 12


def reminded(world: World) -> int:
    return int(
        world.one(
            select(func.count())
            .select_from(HistoryEvent)
            .where(HistoryEvent.type == "deadline.reminded")
        )
    )


def test_a_taken_timer_is_left_alone_until_its_lease_runs_out(world: World) -> None:
    world.open()
    due = world.now + timedelta(minutes=20)
    taken = world.db.run(lambda uow: timers.take(uow, due))
    assert taken is not None
    assert world.db.run(lambda uow: timers.take(uow, due)) is None
    assert not timers.fire_next(world.db, due)
    later = due + timers.LEASE + timedelta(seconds=2)
    assert timers.fire_next(world.db, later)
    assert reminded(world) == 1
    # The first taker wakes up again: what it held is no longer its own.
    world.db.run(lambda uow: timers.fire(uow, taken, later))
    assert reminded(world) == 1


def test_a_poisoned_timer_is_pushed_back_and_stops_no_other(world: World) -> None:
    bad, good = world.open(), world.open()
    world.db.run(
        lambda uow: uow.session.execute(
            update(ProcessInstance)
            .where(ProcessInstance.case_id == bad.id)
            .values(state=b"not a state")
        )
    )
    due = world.now + timedelta(minutes=20)
    steps = 0
    while timers.fire_next(world.db, due):
        steps += 1
    assert steps == 2
    assert world.open_tasks(good)["check"].reminded_at == due
    row = world.one(select(Timer).where(Timer.case_id == bad.id, Timer.deadline_kind == "remind"))
    assert (row.status, row.attempts, row.leased_until) == ("waiting", 1, None)
    assert row.wall_due_at == due + timers.FIRST_DELAY
    assert row.last_error
    incident = world.one(select(Incident))
    assert (incident.case_id, incident.code) == (bad.id, "engine_error")
    assert timers.fire_next(world.db, due + timers.FIRST_DELAY)
    row = world.one(select(Timer).where(Timer.id == row.id))
    assert row.wall_due_at == due + timers.FIRST_DELAY * 3  # doubled
    assert len(world.all(select(Incident))) == 1


WORKER = """
    import sys, time
    from datetime import datetime
    from services import timers
    from services.uow import Database
    db, now, pause = Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), float(sys.argv[3])
    print("ready", flush=True)
    while True:
        if pause:
            # Dies between taking and firing: what a killed process leaves.
            taken = db.run(lambda uow: timers.take(uow, now))
            print("taken", flush=True)
            time.sleep(pause)
        if not timers.fire_next(db, now):
            break
"""


def start_worker(world: World, script: Path, now: str, pause: float) -> subprocess.Popen[str]:
    url = world.db.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, str(script), url, now, str(pause)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": "."},
    )


def test_two_processes_one_killed_half_way(world: World, tmp_path: Path) -> None:
    for _ in range(CASES):
        world.open()
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    due = world.now + timedelta(minutes=20)
    doomed = start_worker(world, script, due.isoformat(), 30)
    assert doomed.stdout is not None
    assert doomed.stdout.readline() == "ready\n"
    assert doomed.stdout.readline() == "taken\n"
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    pair = [start_worker(world, script, due.isoformat(), 0) for _ in range(2)]
    for process in pair:
        assert process.wait(timeout=60) == 0
    assert reminded(world) == CASES - 1  # the killed one's lease still holds one
    late = (due + timers.LEASE + timedelta(seconds=2)).isoformat()
    last = start_worker(world, script, late, 0)
    assert last.wait(timeout=60) == 0
    assert reminded(world) == CASES
    rows = world.all(select(Timer).where(Timer.deadline_kind == "remind"))
    assert {row.status for row in rows} == {"fired"}
    assert len(rows) == CASES
