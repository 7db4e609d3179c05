"""Exports asked for: the rows, and who may have the file. The work is `services.export_run`.

A job is *queued*, *running*, *done*, *failed* or *stopped* (by its owner, or because the process
that made it ended). Its file is kept for `KEPT`; then it is swept and the row stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.audit import ExportJob
from services import history
from services.actor import Actor
from services.audit_trail import filter_told
from services.auditing import auditor
from services.errors import Refusal, Stale
from services.event_conditions import Conditions
from services.event_filter import EventFilter
from services.rows import affected
from services.uow import UnitOfWork

#: Format -> ending of the file and its type.
FORMATS: Final = {
    "csv": ("csv", "text/csv"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "xes": ("xes", "application/xml"),
    "xes_steps": ("xes", "application/xml"),
    "ocel": ("json", "application/json"),
}
KEPT: Final = timedelta(days=7)
UNDER_WAY: Final = ("queued", "running")
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Download:
    """A finished file under the name it is given."""

    path: Path
    name: str
    mime: str
    digest: str


def folder_of(data_dir: Path) -> Path:
    """Where the files lie; made when first wanted."""
    folder = data_dir / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def part_of(data_dir: Path, job_id: int) -> Path:
    """The file while it is being written. Whoever writes it holds a lock on it."""
    return folder_of(data_dir) / f"{job_id}.part"


def request(
    uow: UnitOfWork, format_: str, flt: EventFilter, locale: str, actor: Actor, now: datetime
) -> ExportJob:
    """Ask for a file. ``now`` is wall time. Raises Refusal of `auditing.auditor` (403),
    ``export_format`` 422, ``export_under_way`` 409 while another of the person's is being made,
    and those of `Conditions` for a filter that means nothing; Stale where they asked twice in the
    same moment."""
    session = uow.session
    person = auditor(session, actor)
    if format_ not in FORMATS:
        raise Refusal("export_format", 422)
    Conditions(session, flt)
    if mine_under_way(session, person.id) is not None:
        raise Refusal("export_under_way", 409)
    job = ExportJob(
        person_id=person.id,
        format=format_,
        query=flt.to_dict(),
        locale=locale,
        status="queued",
        created_at=now,
    )
    session.add(job)
    session.flush()
    if len(_under_way(session, person.id)) > 1:  # somebody asked twice in the same moment
        raise Stale("two exports at once")
    return job


def mine_under_way(session: Session, person_id: int) -> ExportJob | None:
    """The person's job that is not yet over."""
    return next(iter(_under_way(session, person_id)), None)


def _under_way(session: Session, person_id: int) -> Sequence[ExportJob]:
    query = select(ExportJob).where(
        ExportJob.person_id == person_id, ExportJob.status.in_(UNDER_WAY)
    )
    return session.scalars(query.order_by(ExportJob.id)).all()


def jobs_of(session: Session, person_id: int) -> Sequence[ExportJob]:
    """The person's latest jobs, the latest first."""
    query = select(ExportJob).where(ExportJob.person_id == person_id)
    return session.scalars(query.order_by(ExportJob.id.desc()).limit(SHOWN)).all()


def job_of(session: Session, job_id: int, person_id: int) -> ExportJob:
    """A job of the person. Raises Refusal ``export_unknown`` 404 for anybody else's."""
    job = session.get(ExportJob, job_id)
    if job is None or job.person_id != person_id:
        raise Refusal("export_unknown", 404)
    return job


def cancel(uow: UnitOfWork, job_id: int, actor: Actor, now: datetime) -> bool:
    """Stop one's own job; whoever makes it notices within a second. False when it was over
    already. Raises Refusal ``export_unknown`` 404 and those of `auditing.auditor`."""
    person = auditor(uow.session, actor)
    job_of(uow.session, job_id, person.id)
    return end(uow, job_id, now, "stopped", "cancelled")


def end(uow: UnitOfWork, job_id: int, now: datetime, status: str, error: str) -> bool:
    """Say that a job is over without a file, unless it is over already."""
    ended = update(ExportJob).where(ExportJob.id == job_id, ExportJob.status.in_(UNDER_WAY))
    values: dict[str, Any] = {"status": status, "error": error, "finished_at": now}
    return affected(uow.session.execute(ended.values(**values))) == 1


def finish(
    uow: UnitOfWork, job: ExportJob, *, name: str, size: int, digest: str, events: int,
    masked: bool, now: datetime,
) -> bool:  # fmt: skip
    """Say that the file is there, and record it (``audit.exported``). False, and nothing written,
    when the job had been stopped meanwhile."""
    done = update(ExportJob).where(ExportJob.id == job.id, ExportJob.status == "running")
    values = {
        "status": "done", "done": events, "total": events, "file_name": name, "size": size,
        "digest": digest, "finished_at": now,
    }  # fmt: skip
    if affected(uow.session.execute(done.values(**values))) != 1:
        return False
    payload: dict[str, Any] = {
        "format": job.format, "job": job.id, "filter": filter_told(job.query), "events": events,
        "size": size, "digest": digest, "masked": masked,
    }  # fmt: skip
    if case := job.query.get("case"):
        payload["case"] = case
    history.append(
        uow,
        "audit.exported",
        actor=Actor(job.person_id, "auditor"),
        occurred_at=now,
        now=now,
        payload=payload,
        chain=history.AUDIT,
    )
    return True


def download(session: Session, data_dir: Path, job_id: int, person_id: int) -> Download:
    """The file of one's own finished job. Raises Refusal ``export_unknown`` 404,
    ``export_not_ready`` 409, ``export_gone`` 404 for one that has been swept."""
    job = job_of(session, job_id, person_id)
    if job.status in UNDER_WAY:
        raise Refusal("export_not_ready", 409)
    path = folder_of(data_dir) / job.file_name
    if job.status != "done" or not job.file_name or not path.is_file():
        raise Refusal("export_gone", 404)
    ending, mime = FORMATS[job.format]
    return Download(path, f"planroom-{job.id}.{ending}", mime, job.digest)


def left_behind(session: Session, data_dir: Path, before: datetime) -> list[int]:
    """Jobs under way that were asked for ``before`` and that nobody makes any more: the process
    that did has ended."""
    jobs = session.scalars(
        select(ExportJob.id).where(ExportJob.status.in_(UNDER_WAY), ExportJob.created_at < before)
    )
    return [id_ for id_ in jobs if not _held(part_of(data_dir, id_))]


def sweep(uow: UnitOfWork, data_dir: Path, now: datetime) -> int:
    """Remove files that are older than `KEPT`, and what stopped jobs left. Returns how many."""
    session = uow.session
    old = session.scalars(
        select(ExportJob).where(
            ExportJob.finished_at < now - KEPT, ExportJob.status == "done", ExportJob.size > 0
        )
    ).all()
    made = select(ExportJob.file_name).where(ExportJob.status == "done", ExportJob.file_name != "")
    kept = set(session.scalars(made))
    folder = folder_of(data_dir)
    doomed = [folder / job.file_name for job in old if job.file_name]
    for job in old:
        job.file_name = ""
    doomed += [
        path
        for path in folder.iterdir()
        if path.name not in kept and not _held(path) and _aged(path, now)
    ]

    def remove() -> None:
        for path in doomed:
            if path.is_dir():  # what a process that was killed had gathered
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    uow.after_commit(remove)
    return len(doomed)


def _aged(path: Path, now: datetime) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime < (now - timedelta(days=1)).timestamp()
    return False


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a part file for as long as the block runs; it is made when not there."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _held(path: Path) -> bool:
    """Whether some process writes it."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)
