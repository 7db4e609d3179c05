"""An export that ends in the very moment in which a case it holds is destroyed: whichever is first,
no file stays; on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from models.audit import ExportJob
from models.cases import Case
from services import destruction_rows, export_jobs
from services.event_filter import EventFilter
from services.uow import UnitOfWork
from tests.integration.world import World


def test_no_file_outlives_what_it_was_made_of(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, auditor, now = world.open(), world.actor("auditor"), world.now
    job = world.db.run(
        lambda uow: export_jobs.request(uow, "csv", EventFilter(), "zh", auditor, now)
    )
    world.db.run(lambda uow: uow.session.execute(update(ExportJob).values(status="running")))
    whole = export_jobs.folder_of(tmp_path) / f"{job.id}.csv"
    whole.write_text("来电人", "utf-8")

    def ends() -> None:
        """As `export_run` ends."""
        kept = world.db.run(
            lambda uow: export_jobs.finish(
                uow, job, name=whole.name, size=9, digest="d" * 64, events=1, masked=True, now=now
            )
        )
        if not kept:
            whole.unlink()

    ending = threading.Thread(target=ends)
    plain = destruction_rows._cases_of

    def meanwhile(query: object, otherwise: int) -> set[int]:
        if not ending.ident:
            ending.start()
            ending.join(0.5)  # it has to wait: the row is held
        return plain(query, otherwise)

    monkeypatch.setattr(destruction_rows, "_cases_of", meanwhile)

    def destroyed(uow: UnitOfWork) -> None:
        of = uow.session.get_one(Case, case.id)
        of.stamp += 1
        uow.flush()
        destruction_rows.remove_exports(uow, of, tmp_path, now)

    world.db.run(destroyed)
    ending.join()
    with world.db.read() as session:
        row = session.get_one(ExportJob, job.id)
        assert (row.status, row.error, row.file_name) == ("stopped", "destroyed", "")
    assert not whole.exists()


def test_a_file_left_of_a_stopped_export_is_swept(world: World, tmp_path: Path) -> None:
    auditor, now = world.actor("auditor"), world.now
    job = world.db.run(
        lambda uow: export_jobs.request(uow, "csv", EventFilter(), "zh", auditor, now)
    )
    left = export_jobs.folder_of(tmp_path) / f"{job.id}.csv"
    left.write_text("来电人", "utf-8")
    values = {"status": "stopped", "file_name": left.name, "finished_at": now}
    world.db.run(lambda uow: uow.session.execute(update(ExportJob).values(**values)))
    later = now + timedelta(days=40_000)  # by the file's own clock, too
    assert world.db.run(lambda uow: export_jobs.sweep(uow, tmp_path, later)) == 1
    assert not left.exists()
