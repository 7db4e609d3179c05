"""Wakes somebody to look at the timer and outbox rows: at the earliest due one, when a commit of
this process brings an earlier one, and every few seconds in any case, for other processes' rows.
Once a day it also sweeps stored files that nothing is attached to, and seals the heads of all
chains."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from services import export_jobs, files, heads, outbox, timers, wake
from services.uow import Database

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: Seconds between looks when nothing is known to be due.
EVERY = 3.0
#: Between sweeps of the files; the first one this long after the start, so that a process
#: restarted again and again does not sweep each time.
SWEEP_EVERY, SWEEP_FIRST = timedelta(days=1), timedelta(minutes=10)
#: Between looks whether the day has its seal; the first one this long after the start.
SEAL_EVERY, SEAL_FIRST = timedelta(minutes=10), timedelta(minutes=1)


class Scheduler:
    """Runs `timers.fire_next` and `outbox.deliver_next` in the background.

    ``clock`` gives the wall moment. The job's own clock is the machine's: a clock that differs
    from it (in a test) is only asked what is due, never when to wake. ``data_dir`` is where files
    are kept; None: they are not swept from here.
    """

    def __init__(
        self, db: Database, clock: Clock, every: float = EVERY, data_dir: Path | None = None
    ) -> None:
        self._db = db
        self._data_dir = data_dir
        self._clock = clock
        self._every = every
        self._lock = Lock()
        self._next: datetime | None = None
        self._stopping = Event()
        self._working = Lock()
        self._jobs = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin looking, at once and then by turns."""
        self._stopping.clear()
        self._jobs.add_job(
            self._look,
            IntervalTrigger(seconds=self._every, timezone=UTC),
            id="look",
            next_run_time=datetime.now(UTC),
        )
        if self._data_dir is not None:
            self._jobs.add_job(
                self.sweep,
                IntervalTrigger(seconds=int(SWEEP_EVERY.total_seconds()), timezone=UTC),
                id="sweep",
                next_run_time=datetime.now(UTC) + SWEEP_FIRST,
            )
        self._jobs.add_job(
            self.seal,
            IntervalTrigger(seconds=int(SEAL_EVERY.total_seconds()), timezone=UTC),
            id="seal",
            next_run_time=datetime.now(UTC) + SEAL_FIRST,
        )
        self._jobs.start()
        wake.listen(self._due_at)

    def stop(self) -> None:
        """Finish the step in hand and stop looking."""
        wake.forget(self._due_at)
        self._stopping.set()
        if self._jobs.running:
            self._jobs.shutdown(wait=True)

    def sweep(self) -> int:
        """Remove stored files nothing is attached to; returns how many. A failure is logged and
        the next day's sweep tries again."""
        folder, now = self._data_dir, self._clock()
        if folder is None:
            return 0
        try:
            gone = self._db.run(lambda uow: files.sweep(uow, folder, now))
            gone += self._db.run(lambda uow: export_jobs.sweep(uow, folder, now))
        except Exception:
            log.exception("sweeping files failed; tried again in a day")
            return 0
        if gone:
            log.info("%s unreferenced files swept", gone)
        return gone

    def seal(self) -> bool:
        """Seal the day's heads unless that was done; returns whether it was done now. A failure is
        logged and tried again at the next look."""
        now = self._clock()
        try:
            with self._db.read() as session:
                if not heads.due(session, now):
                    return False
            self._db.run(lambda uow: heads.seal(uow, now))
        except Exception:
            log.exception("sealing the day's heads failed; tried again in %s", SEAL_EVERY)
            return False
        return True

    def _due_at(self, moment: datetime) -> None:
        """Wake at this wall moment unless an earlier waking is set."""
        with self._lock:
            if not self._jobs.running or self._stopping.is_set():
                return
            delay = max(0.0, (moment - self._clock()).total_seconds())
            if delay >= self._every:
                return  # the regular look comes first
            at = datetime.now(UTC) + timedelta(seconds=delay)
            if self._next is not None and self._next <= at:
                return
            self._next = at
            self._jobs.add_job(self._look, "date", run_date=at, id="nudge", replace_existing=True)

    def _look(self) -> None:
        with self._lock:
            self._next = None
        if not self._working.acquire(blocking=False):
            return  # a look is under way and goes on until nothing is due
        try:
            self._drain_and_plan()
        finally:
            self._working.release()

    def _drain_and_plan(self) -> None:
        try:
            self.drain()
            with self._db.read() as session:
                due = [timers.next_due(session), outbox.next_due(session)]
        except Exception:
            log.exception("looking for due work failed; tried again in %s s", self._every)
            return
        soonest = min((moment for moment in due if moment is not None), default=None)
        if soonest is not None and soonest > self._clock():
            self._due_at(soonest)

    def drain(self) -> int:
        """Do everything due, one step at a time; returns how many steps. Stops early when the
        scheduler is being stopped."""
        steps = 0
        while not self._stopping.is_set():
            if timers.fire_next(self._db, self._clock()) or outbox.deliver_next(
                self._db, self._clock()
            ):
                steps += 1
            else:
                break
        return steps
