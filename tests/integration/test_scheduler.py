"""The scheduler wakes for what is due, for what a commit brings, and stops cleanly."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from models.tasks import Outbox, UserTask
from services.scheduler import Scheduler
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process


def wait_for(true: Callable[[], bool], seconds: float = 8.0) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "did not happen"
        time.sleep(0.02)
    return time.monotonic() - began


def test_what_is_due_at_the_start_is_done_at_once(world: World) -> None:
    world.open()
    scheduler = Scheduler(world.db, lambda: world.now + timedelta(minutes=21), every=60)
    scheduler.start()
    try:
        wait_for(lambda: world.one(select(UserTask.reminded_at)) is not None)
    finally:
        scheduler.stop()


def test_a_commit_that_brings_something_earlier_wakes_it(world: World) -> None:
    p = Process("t07").start("s").service_task("tell", "notify", properties={"to": "duty"})
    world.deploy(bundle(p.end("e").chain("s", "tell", "e"), roles=["duty"]))
    scheduler = Scheduler(world.db, lambda: world.now, every=60)
    scheduler.start()
    try:
        time.sleep(0.3)  # the look at the start is over
        world.open("t07")
        wait_for(lambda: world.one(select(Outbox.status)) == "done", 5)
    finally:
        scheduler.stop()


def test_a_clock_that_jumps_is_noticed_by_the_regular_look(world: World) -> None:
    world.open()
    moment: list[datetime] = [world.now]
    scheduler = Scheduler(world.db, lambda: moment[0], every=0.2)
    scheduler.start()
    try:
        time.sleep(0.5)
        assert world.one(select(UserTask.reminded_at)) is None
        moment[0] = world.now + timedelta(minutes=30)
        wait_for(lambda: world.one(select(UserTask.reminded_at)) is not None)
    finally:
        scheduler.stop()
    moment[0] = world.now + timedelta(hours=2)
    time.sleep(0.5)
    assert world.one(select(UserTask.overdue_at)) is None  # stopped is stopped


def test_files_without_a_row_are_swept_once_a_day(world: World, tmp_path: Path) -> None:
    stray = tmp_path / "files" / "ab" / ("ab" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"left behind")
    old = (world.now - timedelta(days=2)).timestamp()
    os.utime(stray, (old, old))
    assert Scheduler(world.db, lambda: world.now).sweep() == 0 and stray.exists()
    scheduler = Scheduler(world.db, lambda: world.now, every=60, data_dir=tmp_path)
    scheduler.start()
    try:
        job = scheduler._jobs.get_job("sweep")
        assert job is not None and job.trigger.interval == timedelta(days=1)
        assert stray.exists()  # not at the start
        scheduler._jobs.modify_job("sweep", next_run_time=datetime.now(UTC))
        wait_for(lambda: not stray.exists())
    finally:
        scheduler.stop()
