"""The export page: who may, what is refused, progress, stopping, downloading; and what is in the
files: whole, masked, guarded."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import IO, Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from xlsxwriter.exceptions import FileCreateError

from models.audit import ExportJob, Unmasking
from models.cases import Case
from models.history import HistoryEvent
from models.people import Membership, Role
from models.plans import Plan, PlanVersion
from services import export_jobs, export_run, export_tables, history, outbox
from services.actor import Actor
from services.event_filter import EventFilter
from services.export_run import Exports
from services.export_source import Source
from services.xml_text import whole
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]


@pytest.fixture
def exports(app: Flask) -> Iterator[Exports]:
    made: Exports = app.extensions["planroom_exports"]
    yield made
    made.close()


@pytest.fixture
def case(world: World, exports: Exports) -> Case:
    made = world.open(title="=1+2 有人跳楼 电话 13900001234")
    note = {"note": "=HYPERLINK(1) 请联系 13800138000"}
    world.complete(made, "check", "duty", note, world.now + timedelta(minutes=3))
    return made


def wait(exports: Exports, world: World) -> ExportJob:
    """The latest job, once it is over."""
    with world.db.read() as session:
        id_ = session.scalar(select(ExportJob.id).order_by(ExportJob.id.desc()).limit(1)) or 0
    exports.wait(id_, 30)
    with world.db.read() as session:
        return session.get_one(ExportJob, id_)


def exported(browser: Browser, exports: Exports, world: World, format_: str, **flt: Any) -> bytes:
    answer = browser.post("/audit/exports", {"format": format_, **flt})
    assert answer.status_code == 303, answer.text
    job = wait(exports, world)
    assert (job.status, job.error) == ("done", "")
    answer = browser.get(f"/audit/exports/{job.id}/file")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=planroom-")
    assert hashlib.sha256(answer.data).hexdigest() == job.digest
    assert len(answer.data) == job.size
    whole_file: bytes = answer.data
    return whole_file


def test_only_auditors(as_: As, case: Case) -> None:
    for who in ("duty", "office", "admin", "outsider"):
        browser = as_(who)
        assert browser.get("/audit/exports").status_code == 403
        assert browser.post("/audit/exports", {"format": "csv"}).status_code == 403
        assert browser.get(f"/audit/cases/{case.id}/conformance").status_code == 403
    page = as_("auditor").get("/audit/exports").text
    assert "还没有导出" in page and "OCEL 2.0" in page


def test_every_format_of_a_running_case_is_whole_masked_and_guarded(
    as_: As, exports: Exports, world: World, case: Case
) -> None:
    auditor = as_("auditor")
    with world.db.read() as session:
        events = history.events_of_case(session, case.id)
    table = exported(auditor, exports, world, "csv", case=case.number)
    assert table.startswith(b"\xef\xbb\xbf") and b"\r\n" in table
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    assert sorted(int(row["序号"]) for row in rows) == [event.seq for event in events]
    assert {row["校验码"] for row in rows} == {event.hash for event in events}
    assert all(row["事件名称"].startswith("'=1+2") for row in rows)
    # Texts stand in quotes, so that a program that separates by semicolons splits none of them.
    bare = re.sub(r'"(?:[^"]|"")*"', "", table.decode("utf-8-sig"))
    assert set(bare) <= set("0123456789,\r\n")
    book = load_workbook(io.BytesIO(exported(auditor, exports, world, "xlsx", case=case.number)))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert book.active.max_row == len(events) + 1
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert [c.value for c in cells if str(c.value).startswith("'=1+2")]
    xes = exported(auditor, exports, world, "xes_steps", case=case.number).decode()
    ocel = exported(auditor, exports, world, "ocel", case=case.number).decode()
    assert len(json.loads(ocel)["events"]) == len(events)
    shown = " ".join(str(cell.value) for cell in cells)
    for text in (table.decode("utf-8-sig"), shown, xes, ocel):
        assert "13900001234" not in text and "13800138000" not in text
    # On record: what was asked, how much it was, its digest, and that it was masked.
    with world.db.read() as session:
        said = [
            history.payload_of(event)
            for event in history.events_of_chain(session, history.AUDIT)
            if event.type == "audit.exported"
        ]
    assert [one["format"] for one in said] == ["csv", "xlsx", "xes_steps", "ocel"]
    assert all(one["masked"] and one["case"] == case.id for one in said)
    assert said[0]["digest"] == hashlib.sha256(table).hexdigest()


def test_a_table_names_its_keys_in_the_readers_language(
    as_: As, exports: Exports, world: World, case: Case
) -> None:
    auditor = as_("auditor")
    with world.db.read() as session:
        plan = session.get_one(PlanVersion, case.plan_version_id).plan_key
        found = session.get_one(Plan, plan)
        titles = {"zh": found.title, "en": found.title_en or found.title}
        names = {
            role.key: {"zh": role.name, "en": role.name_en or role.name}
            for role in session.scalars(select(Role))
        }
    for locale, columns in (
        ("zh", ("预案", "预案名称", "记录种类", "何种记录", "角色", "角色的名称")),
        ("en", ("Plans", "Plan title", "Kind of event", "Event in words", "Roles", "Role name")),
    ):
        auditor.post("/language", {"locale": locale})
        table = exported(auditor, exports, world, "csv", case=case.number).decode("utf-8-sig")
        rows = [[row[name] for name in columns] for row in csv.DictReader(io.StringIO(table))]
        assert {row[0] for row in rows} == {plan} and {row[1] for row in rows} == {titles[locale]}
        with_role = [row for row in rows if row[4]]
        assert with_role
        for row in with_role:
            assert row[5] == names[row[4]][locale]
        said = {row[2]: row[3] for row in rows}
        assert said["case.opened"] == {"zh": "启动事件", "en": "Case opened"}[locale]
        assert all(said.values())


def test_a_case_that_stands_unmasked_is_exported_in_the_clear(
    as_: As, exports: Exports, world: World, case: Case
) -> None:
    me = world.people["auditor"].id
    world.db.run(
        lambda uow: uow.session.add(
            Unmasking(
                person_id=me, case_id=case.id, since=world.now - timedelta(minutes=1),
                until=world.now + timedelta(hours=1),
            )
        )
    )  # fmt: skip
    auditor = as_("auditor")
    assert b"13800138000" in exported(auditor, exports, world, "csv", case=case.number)
    objects = json.loads(exported(auditor, exports, world, "ocel", case=case.number))["objects"]
    people = [one for one in objects if one["type"] == "person"]
    assert any(a["name"] == "name" for one in people for a in one["attributes"])


def test_no_event_at_all_is_a_whole_file(as_: As, exports: Exports, world: World) -> None:
    auditor = as_("auditor")
    long_ago = {"until": "2001-01-01T00:00"}
    table = exported(auditor, exports, world, "csv", **long_ago)
    assert table.count(b"\r\n") == 1
    assert b"<trace>" not in exported(auditor, exports, world, "xes", **long_ago)
    ocel = json.loads(exported(auditor, exports, world, "ocel", **long_ago))
    assert (ocel["events"], ocel["objects"], ocel["eventTypes"]) == ([], [], [])
    book = load_workbook(io.BytesIO(exported(auditor, exports, world, "xlsx", **long_ago)))
    assert book.active.max_row == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "exe"},
        {"case": "2026-9999"},
        {"plan": "nothing"},
        {"clause": "T01-S1"},
        {"plan": "t01", "clause": "T99"},
        {"since": "2026-03-10T10:00", "until": "2026-03-09T10:00"},
        {"category": "weather"},
        {"types": "no.such"},
        {"person": "99999999999999"},
    ],
)
def test_a_bad_filter_is_explained_and_nothing_is_begun(
    as_: As, world: World, case: Case, wrong: dict[str, str]
) -> None:
    answer = as_("auditor").post("/audit/exports", {"format": "csv", **wrong})
    assert answer.status_code == 422 and 'id="error-summary"' in answer.text
    with world.db.read() as session:
        assert session.scalar(select(ExportJob.id)) is None


def test_another_persons_export_is_not_there(
    as_: As, exports: Exports, world: World, case: Case, clock: Clock
) -> None:
    exported(as_("auditor"), exports, world, "csv")
    other = world.people["outsider"]
    role = Membership(person_id=other.id, role_key="auditor", since=world.now)
    world.db.run(lambda uow: uow.session.add(role))
    stranger = as_("outsider")
    assert stranger.get("/audit/exports").status_code == 200
    assert stranger.get("/audit/exports/1/file").status_code == 404
    assert stranger.get("/audit/exports/1", headers={"HX-Request": "true"}).status_code == 404
    assert stranger.post("/audit/exports/1/cancel").status_code == 404
    # Kept a week, then the file goes and the row says so.
    clock.forward(days=8)
    mine = as_("auditor")
    assert "已过七天" in mine.get("/audit/exports").text
    assert mine.get("/audit/exports/1/file").status_code == 404


# ------------------------------------------------------------------- while it is being made


class Gate:
    """Holds an export after so many events until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = Event(), Event()
        monkeypatch.setattr(export_run, "EVERY", 0.0)
        monkeypatch.setattr(export_run, "write_csv", self._write)

    def _write(self, out: IO[bytes], source: Source, progress: Any, headings: Any) -> int:
        progress(2)
        self.reached.set()
        assert self.go.wait(30)
        progress(3)
        return export_tables.write_csv(out, source, progress, headings)


def test_progress_one_at_a_time_and_stopping(
    as_: As, exports: Exports, world: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("views.exporting.PATIENCE", 0.0)
    gate, auditor = Gate(monkeypatch), as_("auditor")
    assert auditor.post("/audit/exports", {"format": "csv"}).status_code == 303
    assert gate.reached.wait(30)
    row = auditor.get("/audit/exports/1", headers={"HX-Request": "true"}).text
    assert "导出中" in row and "2 条记录" in row and 'hx-trigger="every 1s"' in row
    assert auditor.get("/audit/exports/1/file").status_code == 409
    again = auditor.post("/audit/exports", {"format": "csv"})
    assert again.status_code == 409
    assert auditor.post("/audit/exports/1/cancel").status_code == 303
    gate.go.set()
    assert (job := wait(exports, world)).status == "stopped" and job.error == "cancelled"
    page = auditor.get("/audit/exports").text
    assert "您停止了这次导出" in page
    assert list(export_jobs.folder_of(exports.data_dir).iterdir()) == []
    with world.db.read() as session:
        types = select(HistoryEvent.type).where(HistoryEvent.chain == history.AUDIT)
        assert "audit.exported" not in set(session.scalars(types))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘已满"),
        (FileCreateError(), "磁盘已满"),
        (ValueError("something else"), "出了故障"),
    ],
)
def test_what_goes_wrong_is_said_in_words(
    as_: As, exports: Exports, world: World, case: Case, monkeypatch: pytest.MonkeyPatch,
    error: Exception, words: str,
) -> None:  # fmt: skip
    def full(*_args: Any) -> int:
        if not isinstance(error, FileCreateError):
            raise error
        try:  # as a workbook says it that is being packed
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as why:
            raise error from why

    monkeypatch.setattr(export_run, "write_csv", full)
    auditor = as_("auditor")
    auditor.post("/audit/exports", {"format": "csv"})
    assert wait(exports, world).status == "failed"
    assert words in auditor.get("/audit/exports").text
    assert list(export_jobs.folder_of(exports.data_dir).iterdir()) == []


def test_a_restart_is_said_in_words(as_: As, exports: Exports, world: World, clock: Clock) -> None:
    """A job whose process has ended holds no lock on its file any more."""
    actor = Actor(world.people["auditor"].id, "auditor")
    job = world.db.run(
        lambda uow: export_jobs.request(uow, "csv", EventFilter(), "zh", actor, clock())
    )
    part = export_jobs.part_of(exports.data_dir, job.id)
    clock.forward(minutes=1)
    with export_jobs.held(part):  # another process is at it
        assert "等候中" in as_("auditor").get("/audit/exports").text
    assert "服务重启" in as_("auditor").get("/audit/exports").text
    gathered = part.with_name(".objects-1")
    gathered.mkdir()
    (gathered / "objects.db").write_bytes(b"x")
    as_("auditor").get("/audit/exports")
    assert gathered.exists()  # another process may be at that, too
    for left in (part, gathered):  # what it left lies there for a day
        os.utime(left, (0, 0))
    as_("auditor").get("/audit/exports")
    assert not part.exists() and not gathered.exists()


def test_sheets_are_split_where_excel_ends(world: World, case: Case, app: Flask) -> None:
    labels = export_tables.Labels(dict.fromkeys(export_tables.COLUMNS, "x"))
    with world.db.read() as session:
        person = session.merge(world.people["auditor"], load=False)
        source = Source(session, EventFilter(case=case.id), person, world.now)
        out = io.BytesIO()
        n = export_tables.write_xlsx(
            out, source, lambda n: None, labels,
            export_jobs.folder_of(app.extensions["planroom"].settings.data_dir),
            "Asia/Shanghai", most=5,
        )  # fmt: skip
    sheets = load_workbook(out).worksheets
    assert [sheet.max_row - 1 for sheet in sheets] == [5] * (n // 5) + ([n % 5] if n % 5 else [])
    assert len(sheets) > 1


@pytest.mark.parametrize("packing", [False, True])
def test_a_workbook_that_is_stopped_is_not_packed(
    world: World, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: bool
) -> None:
    """Neither when it is stopped among its rows nor when packing, which may take minutes, has
    begun; and nothing is left lying about."""
    monkeypatch.setattr(export_tables, "BATCH", 10**6 if packing else 1)
    (folder := tmp_path / "exports").mkdir()
    told: list[int] = []

    def stop(n: int) -> None:
        told.append(n)
        raise export_run.Stopped

    with world.db.read() as session:
        person = session.merge(world.people["auditor"], load=False)
        source = Source(session, EventFilter(case=case.id), person, world.now)
        total = source.total()
        out = io.BytesIO()
        with pytest.raises(export_run.Stopped):
            labels = export_tables.Labels(dict.fromkeys(export_tables.COLUMNS, "x"))
            export_tables.write_xlsx(out, source, stop, labels, folder, "UTC")
    assert told == [total if packing else 1]
    assert b"worksheets" not in out.getvalue()
    assert list(folder.iterdir()) == []


def test_what_xml_cannot_carry() -> None:
    assert whole("a\x00b\x0bc\ud800d\n") == "a\ufffdb\ufffdc\ufffdd\n"


# ----------------------------------------------------------------------------- conformance


def test_a_case_is_held_against_its_diagram(as_: As, world: World, case: Case) -> None:
    while outbox.deliver_next(world.db, world.now):
        pass
    auditor = as_("auditor")
    page = auditor.get(f"/audit/cases/{case.id}/conformance")
    assert "记录与流程图相符" in page.text and "流程还在进行" in page.text
    part = auditor.get(f"/audit/cases/{case.id}/conformance", headers={"HX-Request": "true"})
    assert "<html" not in part.text and "相符" in part.text
    assert auditor.get("/audit/cases/999/conformance").status_code == 404
