"""The written plan and the table of changes as documents that open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from docx import Document
from flask import Flask, session

from services.plan_diff import diff, plan_text
from services.plan_text_clauses import coverage
from tests.integration.world import World
from tests.unit.test_plan_diff import KEYS, THE_FOUR, edited, text
from tests.web.conftest import Browser
from tests.web.county import county_made as county_made
from tests.web.county import draft_of
from tests.web.county import made as made
from views.i18n import loc
from views.plan_docx import written_docx
from views.plan_docx_issue import Issue

As = Callable[[str], Browser]


def words(body: bytes) -> str:
    """All that a document says, tables, header and footer included."""
    document: Any = Document(io.BytesIO(body))
    section = document.sections[0]
    texts = [node.text or "" for node in document.element.body.iter() if node.tag.endswith("}t")]
    margins = (*section.header.paragraphs, *section.footer.paragraphs)
    return "\n".join((*texts, *(one.text for one in margins)))


def table(body: bytes, at: int = -1) -> list[list[str]]:
    document: Any = Document(io.BytesIO(body))
    return [[cell.text for cell in row.cells] for row in document.tables[at].rows]


def issue(key: str, **keys: Any) -> Issue:
    here = text(key)
    given: dict[str, Any] = {
        "text": here, "unit": "试验单位", "unit_roles": {}, "version": "第 2 版",
        "in_force": "2026-03-10 10:00", "made_at": datetime(2026, 3, 10, 2, 0, tzinfo=UTC),
        "document_number": "某办发〔2026〕3号", "review_on": date(2027, 3, 1),
        "coverage": coverage(here.read, here.bundle.manifest, here.clauses),
    }  # fmt: skip
    return Issue(**given | keys)


@pytest.mark.parametrize("key", KEYS)
def test_every_plan_of_the_library_as_a_document(app: Flask, key: str) -> None:
    with app.test_request_context():
        body = written_docx(issue(key))
        told = words(body)
        plan = text(key).plan
        for step in plan.by_number.values():
            assert loc(step.element) in told, step.number
        for role in plan.roles:
            assert loc(role) in told
        for row in text(key).clauses:
            assert str(row["id"]) in told
        if any(row.get("fate") == "lost" for row in text(key).clauses):
            assert "原文缺失" in told
        assert "某办发〔2026〕3号" in told
        assert "2027-03-01" in told
    assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None


def test_in_english(app: Flask) -> None:
    with app.test_request_context():
        session["locale"] = "en"
        told = words(written_docx(issue("p11")))
    for step in text("p11").plan.by_number.values():
        assert (step.element.name_en or step.element.name) in told
    assert "Who: Duty officer" in told
    assert "Annex 1" in told


def test_characters_no_document_can_hold_are_left_out(app: Flask) -> None:
    odd = "某\x01办\ufffe\x1f发 <b>&</b>"
    with app.test_request_context():
        told = words(written_docx(issue("p11", document_number=odd, unit="\x00")))
    assert "某办发 <b>&</b>" in told


def test_the_changes_stand_in_an_annex(app: Flask) -> None:
    found = diff(text("p11"), plan_text(edited(text("p11").bundle, *THE_FOUR)))
    with app.test_request_context():
        body = written_docx(
            issue("p11", changes=found, earlier="第 1 版", reasons="县里要求半小时内报送")
        )
    rows = table(body)
    assert rows[0] == ["序号", "条款或步骤", "修订前", "修订后", "理由"]
    assert rows[1][0] == "1"
    assert "P11-D1" in rows[1][1]
    assert rows[1][2:] == ["1 小时", "30 分钟", "县里要求半小时内报送"]
    assert [row[2] for row in rows[2:]] == ["(没有)", "法制 (限重大、特别重大)", '"fast"']
    assert [row[3] for row in rows[3:]] == ["(删去)", '"slow"']


def test_head_rows_stand_again_on_every_page_of_a4(app: Flask) -> None:
    with app.test_request_context():
        body = written_docx(issue("p11"))
    document: Any = Document(io.BytesIO(body))
    assert document.tables
    for one in document.tables:
        assert "w:tblHeader" in one.rows[0]._tr.xml
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert " PAGE " in section.footer._element.xml
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia")


# ---------------------------------------------------------------------- the addresses


def test_documents_of_a_version(as_: As, world: World) -> None:
    browser = as_("duty")
    answer = browser.get("/plans/p11/written.docx")
    assert answer.status_code == 200
    assert str(answer.mimetype).endswith("wordprocessingml.document")
    name = unquote(answer.headers["Content-Disposition"].split("UTF-8''")[1])
    assert name == "舆情应急处置预案(县直单位) 成文预案 第 2 版.docx"
    assert "修订对照表(与第 1 版对照)" in words(answer.data)
    assert "文号:____________" in words(answer.data)
    assert browser.get("/plans/p11/written.docx").data == answer.data
    first = words(browser.get("/plans/p11/written.docx?version=1").data)
    assert "修订对照表(" not in first
    rows = table(browser.get("/plans/p11/changes.docx?from=1&to=2").data)
    assert [row[0] for row in rows] == ["序号", "1", "2", "3", "4"]
    assert browser.get("/plans/p11/changes.docx?from=1&to=1").status_code == 404
    assert browser.get("/plans/t01/changes.docx").status_code == 404
    assert browser.get("/plans/p11/written.docx?version=9").status_code == 404


def test_documents_of_a_draft(as_: As, world: World) -> None:
    draft = draft_of(world, ("plan.bpmn", 'name="研判核实"', 'name="研判"'))
    browser = as_("author")
    told = words(browser.get(f"/studio/drafts/{draft}/written.docx").data)
    assert "草稿(依据第 2 版)" in told
    rows = table(browser.get(f"/studio/drafts/{draft}/changes.docx").data)
    assert [row[2:4] for row in rows[1:]] == [["研判核实", "研判"]]
    for what in ("written", "changes"):
        for who in ("duty", "outsider"):
            assert as_(who).get(f"/studio/drafts/{draft}/{what}.docx").status_code == 404
    broken = draft_of(world, ("plan.bpmn", '<bpmn:process id="p11"', '<bpmn:process id="x"'))
    answer = browser.get(f"/studio/drafts/{broken}/written.docx")
    assert answer.status_code == 422
    assert "草稿现在读不出来" in answer.text


def test_nobody_signed_in_gets_none(visitor: Browser, world: World) -> None:
    for address in ("/plans/p11/written.docx", "/studio/drafts/1/changes.docx"):
        assert visitor.get(address).status_code == 303
