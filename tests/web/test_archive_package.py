"""The archive package: plan 13's own list, played on the services, against what is in the file."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from PIL import Image
from sqlalchemy import select

from app import create_app
from config import Settings
from models.cases import Case
from models.intake import ArchiveItem
from services import files, people
from services.uow import Database, UnitOfWork
from tests.acceptance.stories import p13
from tests.acceptance.stories.run import Stage, Story
from tests.web.conftest import COMPILED, Browser
from tools.planroom_verify import verify

CALLER = "13900005555"
PATROL = "巡查记录一月"


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    return out.getvalue()


def frozen_wall(s: Story, folder: Path) -> None:
    """A wall pipe repaired, with a photograph and a patrol note, archived by the plan's list."""
    p13.report(s, "wall", active=True, caller_phone=CALLER)
    for name, content in (("现场.png", _picture()), (f"{PATROL}.txt", "桥头小区已查".encode())):
        s.db.run(
            lambda uow, name=name, content=content: files.add_to_case(  # type: ignore[misc]
                uow, folder, s.case_id, name, content, s.actor("duty"), s.now
            )
        )
    p13.go(s)
    s.do(p13.WALL, outcome="done")
    s.finish()


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a database in which the story has been told; the case's id."""
    folder = tmp_path_factory.mktemp("p13")
    shutil.copyfile(sqlite_template, folder / "planroom.db")
    database = Database(f"sqlite:///{folder / 'planroom.db'}")
    moment = datetime.fromisoformat("2026-01-13T02:00:00+00:00")
    story = Stage.set(database, "p13", moment).play(lambda s: frozen_wall(s, folder))
    assert story.case.status == "archived"
    database.dispose()
    return folder, story.case_id


@dataclass
class Shelf:
    """A copy of it, and the package as somebody gets it."""

    folder: Path
    case_id: int
    db: Database

    def package(self, who: str, locale: str = "zh") -> zipfile.ZipFile:
        app = create_app(Settings(data_dir=self.folder, demo=True), database=self.db)
        app.jinja_env.bytecode_cache = COMPILED
        with self.db.read() as session:
            person = people.person_by_username(session, who)
            assert person is not None
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = f"{person.id}:{person.session_epoch}"
            cookie["_fresh"] = True
        browser = Browser(client)
        if locale != "zh":
            browser.post("/language", {"locale": locale, "next": "/archive"})
        answer = browser.get(f"/archive/cases/{self.case_id}/package")
        assert answer.status_code == 200, answer.text[-500:]
        (self.folder / "package.zip").write_bytes(answer.data)
        return zipfile.ZipFile(self.folder / "package.zip")

    def breaks(self) -> list[object]:
        """What the tool that checks bundles finds wrong with it."""
        return list(verify(self.folder / "package.zip").breaks)


@pytest.fixture
def shelf(told: tuple[Path, int], tmp_path: Path) -> Iterator[Shelf]:
    folder = tmp_path / "data"
    shutil.copytree(told[0], folder)
    database = Database(f"sqlite:///{folder / 'planroom.db'}")
    yield Shelf(folder, told[1], database)
    database.dispose()


def test_plan_13_s_list_with_what_there_is_of_it(shelf: Shelf) -> None:
    with shelf.package("archive") as box:
        names = box.namelist()
        contents = box.read("contents.html").decode()
        for item in ("电话记录", "巡查记录", "现场照片", "事故处理总结报告"):
            assert item in contents
        # The telephone log as it was written, the patrol's file, the photograph, the report.
        calls = [n for n in names if n.startswith("items/01-call_notes/")]
        assert len(calls) == 1 and CALLER in box.read(calls[0]).decode()
        assert box.read(f"items/02-patrol_notes/01-{PATROL}.txt").decode() == "桥头小区已查"
        assert box.read("items/03-photos/01-现场.png").startswith(b"\x89PNG")
        report = [n for n in names if n.startswith("items/04-summary/")]
        assert len(report) == 1 and report[0] in contents
        # Not held here: where it lies.
        assert "存于:卷内" in contents and "永久" in contents
        rows = [[c.text for c in row.cells] for row in _tables(box.read("contents.docx"))[1].rows]
        assert rows[0] == ["序号", "题名", "日期", "责任者", "份数/位置", "备注"]
        assert [row[0] for row in rows[1:5]] == ["1", "1.1", "2", "2.1"]
        assert rows[2][4] == calls[0] and "duty" in rows[2][3]
        listed = {one["name"] for one in json.loads(box.read("manifest.json"))["files"]}
        assert set(names) - listed == {"manifest.json", "manifest.sig", "key.pub"}
        assert {"events.jsonl", "plan/plans.json", "archive.json"} <= listed
    assert shelf.breaks() == []


def test_an_auditors_package_is_masked(shelf: Shelf) -> None:
    with shelf.package("auditor", "en") as box:
        bodies = b"".join(box.read(name) for name in box.namelist())
        assert CALLER.encode() not in bodies and PATROL.encode() not in bodies
        assert "桥头小区已查".encode() not in bodies and b"\x89PNG" not in bodies
        assert json.loads(box.read("manifest.json"))["masked"] is True
        contents = box.read("contents.html").decode()
        assert "Call notes" in contents and '<html lang="en">' in contents
    assert shelf.breaks() == []


def test_of_a_case_nobody_has_archived_it_says_what_there_is_by_now(shelf: Shelf) -> None:
    """And of a file whose content is gone, that it is."""

    def work(uow: UnitOfWork) -> None:
        for row in uow.session.scalars(select(ArchiveItem)):
            uow.session.delete(row)
        case = uow.session.get_one(Case, shelf.case_id)
        case.status, case.archived_at = "open", None

    shelf.db.run(work)
    stored = [path for path in (shelf.folder / "files").rglob("*") if path.is_file()]
    next(path for path in stored if path.read_bytes().startswith(b"\x89PNG")).unlink()
    with shelf.package("office") as box:
        assert {"report.html", "report.docx"} <= set(box.namelist())
        contents = box.read("contents.html").decode()
    assert "事件尚未归档" in contents and "尚未登记" in contents and "存储中已找不到" in contents


def _tables(content: bytes) -> list[Any]:
    return list(Document(io.BytesIO(content)).tables)
