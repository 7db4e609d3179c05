"""Exports being made, in threads of this process: one at a time for a person, two for all.

Each reads one state of the database, writes ``exports/ID.part`` and renames it when it is whole. It
says once a second how far it is; by that it also learns that it has been stopped.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as futures_wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import IO, Final

from sqlalchemy import update

from models.audit import ExportJob
from models.people import Person
from services import auditing, export_jobs
from services.directory import organization
from services.errors import Refusal
from services.event_filter import EventFilter
from services.export_ocel import write_ocel
from services.export_source import Progress, Source
from services.export_tables import Labels, write_csv, write_xlsx
from services.export_xes import AUTOMATIC, TYPES, write_xes
from services.rows import affected
from services.uow import Database

log = logging.getLogger(__name__)

EVERY: Final = 1.0  # seconds between two words of progress
#: A job as young as this may not have reached its thread yet.
GRACE: Final = timedelta(seconds=10)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Stopped(Exception):
    """The job was stopped meanwhile."""


@dataclass(frozen=True, slots=True)
class _Made:
    events: int
    masked: bool


class Exports:
    """The threads of one application. ``clock`` gives the wall moment."""

    def __init__(self, db: Database, data_dir: Path, clock: Callable[[], datetime]) -> None:
        self._db, self.data_dir, self._clock = db, data_dir, clock
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="export")
        self._lock = Lock()
        self._mine: dict[int, Future[None]] = {}

    def submit(self, job_id: int, labels: Labels) -> Future[None]:
        """Begin a job that has been asked for. ``labels`` are the words of a table."""
        with self._lock:
            future = self._pool.submit(self._make, job_id, labels)
            self._mine[job_id] = future
        return future

    def wait(self, job_id: int, seconds: float) -> None:
        """Until the job is over or the time is up."""
        with self._lock:
            future = self._mine.get(job_id)
        if future is not None:
            futures_wait([future], timeout=seconds)

    def close(self) -> None:
        """Wait for what is being made; nothing more is taken on."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def settle(self) -> int:
        """Say of jobs whose process has ended that they were stopped, and remove files past their
        time. Returns how many were stopped."""
        now = self._clock()
        with self._lock:
            mine = set(self._mine)
        with self._db.read() as session:
            left = [
                id_
                for id_ in export_jobs.left_behind(session, self.data_dir, now - GRACE)
                if id_ not in mine
            ]
        for id_ in left:
            self._end(id_, "stopped", "interrupted")
        self._db.run(lambda uow: export_jobs.sweep(uow, self.data_dir, now))
        return len(left)

    # ------------------------------------------------------------------------------ one job

    def _make(self, job_id: int, labels: Labels) -> None:
        part = export_jobs.part_of(self.data_dir, job_id)
        try:
            with export_jobs.held(part):
                self._begun(job_id)
                made, job = self._write(job_id, part, labels)
                self._finish(job, part, made)
        except Stopped:
            pass
        except Refusal as refusal:
            self._end(job_id, "failed", refusal.code)
        except Exception as error:
            # What packs a workbook says it in an error of its own.
            errors = (error, error.__context__)
            full = any(isinstance(one, OSError) and one.errno in _FULL for one in errors)
            full = full or "disk is full" in str(error)
            if not full:
                log.exception("export %s failed", job_id)
            self._end(job_id, "failed", "disk_full" if full else "broken")
        finally:
            part.unlink(missing_ok=True)
            with self._lock:
                self._mine.pop(job_id, None)

    def _write(self, job_id: int, part: Path, labels: Labels) -> tuple[_Made, ExportJob]:
        with self._db.read() as session:
            job = session.get_one(ExportJob, job_id)
            session.expunge(job)
            person = session.get_one(Person, job.person_id)
            # A mask is off for whoever is no auditor; whoever is none any more gets no file.
            auditing.require_auditor(person)
            flt = EventFilter.from_dict(job.query)
            source = Source(session, flt, person, job.created_at)
            types = {"xes": TYPES, "xes_steps": AUTOMATIC}.get(job.format, ())
            progress = self._progress(job_id, source.total(types))
            unit = organization(session)
            zone = unit.zone if unit is not None else "Asia/Shanghai"
            with part.open("r+b") as out:
                events = self._format(job.format, out, source, progress, labels, zone)
            return _Made(events, source.masked), job

    def _format(
        self,
        format_: str,
        out: IO[bytes],
        source: Source,
        progress: Progress,
        labels: Labels,
        zone: str,
    ) -> int:
        folder = export_jobs.folder_of(self.data_dir)
        if format_ == "csv":
            return write_csv(out, source, progress, labels)
        if format_ == "xlsx":
            return write_xlsx(out, source, progress, labels, folder, zone)
        if format_ == "ocel":
            return write_ocel(out, source, progress, folder)
        return write_xes(out, source, progress, automatic=format_ == "xes_steps")

    def _finish(self, job: ExportJob, part: Path, made: _Made) -> None:
        digest = _digest(part)
        size = part.stat().st_size
        whole = part.with_name(f"{job.id}.{export_jobs.FORMATS[job.format][0]}")
        part.replace(whole)
        now = self._clock()
        kept = self._db.run(
            lambda uow: export_jobs.finish(
                uow, job, name=whole.name, size=size, digest=digest, events=made.events,
                masked=made.masked, now=now,
            )
        )  # fmt: skip
        if not kept:
            whole.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------ progress

    def _begun(self, job_id: int) -> None:
        self._still(job_id, {"status": "running"})

    def _progress(self, job_id: int, total: int | None) -> Progress:
        self._still(job_id, {"total": total})
        last = time.monotonic()

        def tell(done: int) -> None:
            nonlocal last
            if time.monotonic() - last < EVERY:
                return
            last = time.monotonic()
            self._still(job_id, {"done": done})

        return tell

    def _still(self, job_id: int, values: Mapping[str, object]) -> None:
        """Write down how it stands. Raises `Stopped` when it is no longer wanted."""
        wanted = update(ExportJob).where(
            ExportJob.id == job_id, ExportJob.status.in_(export_jobs.UNDER_WAY)
        )
        if not self._db.run(lambda uow: affected(uow.session.execute(wanted.values(**values)))):
            raise Stopped

    def _end(self, job_id: int, status: str, error: str) -> None:
        now = self._clock()
        try:
            self._db.run(lambda uow: export_jobs.end(uow, job_id, now, status, error))
        except Exception:  # a full disk takes no word either: `settle` says it later
            log.exception("export %s: could not say that it is %s", job_id, status)


def _digest(path: Path) -> str:
    with path.open("rb") as whole:
        return hashlib.file_digest(whole, "sha256").hexdigest()
