"""A drill's record is a drill's wherever it is read: nobody takes it for an incident."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from docx import Document
from openpyxl import load_workbook

from models.cases import Case
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


@pytest.fixture
def drill(world: World) -> Case:
    """Late, so that it is among the exceptions."""
    case = world.open(title="桌面推演", extra={"is_drill": True})
    world.complete(case, "check", "duty", {"note": "推演"}, world.now.replace(hour=9))
    return case


def test_pages_say_so(as_: As, drill: Case) -> None:
    auditor = as_("auditor")
    for path in (
        "/audit/cases", f"/audit/search?case={drill.number}", f"/audit/exceptions?case={drill.id}",
        f"/audit/cases/{drill.id}/replay", f"/audit/compare?a={drill.id}",
        f"/audit/compare?a={drill.id}&b={drill.id}", f"/audit/cases/{drill.id}/proof",
        "/audit/compliance/cases?plan=t01&deadline=check@1&drills=1", "/audit/compliance?drills=1",
    ):  # fmt: skip
        page = auditor.get(path)
        assert page.status_code == 200 and "演练" in page.text, path
        rows = page.text.partition("<main")[2] or page.text
        assert "演练" in rows.replace("包括演练", "").replace("演练和本件除外", "") or (
            path == "/audit/compliance?drills=1"
        ), path


def test_what_is_taken_away_says_so(as_: As, drill: Case) -> None:
    auditor = as_("auditor")
    auditor.get("/audit/exceptions")
    sheet = auditor.post("/audit/exceptions/sheet", {"query": f'{{"case": {drill.id}}}'})
    cells = [
        str(c.value) for r in load_workbook(io.BytesIO(sheet.data)).active.iter_rows() for c in r
    ]
    assert any("桌面推演 · 演练" in cell for cell in cells)
    auditor.get(f"/audit/cases/{drill.id}/proof")
    answer = auditor.post(f"/audit/cases/{drill.id}/bundle")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as box:
        assert f"佐证报告 {drill.number} · 演练" in box.read("report.html").decode()
        paper = Document(io.BytesIO(box.read("report.docx")))
        assert any("· 演练" in one.text for one in paper.paragraphs)
