"""The page of a draft's decision tables, and the box in which a table is tried."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

from services import plan_decisions
from services.plan_folder import read_folder
from tests.integration.world import World
from tests.web.conftest import Browser
from workflows import decision_table

As = Callable[[str], Browser]
BOX = {"file": "grading.dmn", "decision": "grading"}


def put(world: World, draft: int, name: str, content: str) -> None:
    world.save_draft(draft, {name: content.encode()})


def grading(world: World, draft: int) -> str:
    return world.draft_files(draft)["grading.dmn"].decode()


def editor(html: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        unescape(html.partition("data-plan-editor='")[2].partition("'")[0])
    )
    return found


def test_the_page_hands_the_editor_what_it_needs(as_: As, draft: int) -> None:
    page = as_("author").get(f"/studio/drafts/{draft}/decisions?element=grading")
    assert page.status_code == 200
    data = editor(page.text)
    assert [one["name"] for one in data["files"]] == ["grading.dmn"]
    assert data["files"][0]["address"] == f"/studio/drafts/{draft}/files/grading.dmn"
    assert (data["start"], data["element"], data["may_edit"]) == ("grading.dmn", "grading", True)
    assert data["token"]
    known = {one["name"]: one for one in data["files"][0]["variables"]}
    assert known["signal.reads"]["type"] == "number"
    assert known["check.serious"]["detail"] == "是/否"
    assert known["discovered_at"]["label"] == "发现时间"
    assert "build/decisions.js" in page.text


def test_readers_may_look_and_try(as_: As, draft: int) -> None:
    auditor = as_("auditor")
    page = auditor.get(f"/studio/drafts/{draft}/decisions")
    assert editor(page.text)["may_edit"] is False
    assert 'data-do="undo"' not in page.text
    answer = auditor.post(f"/studio/drafts/{draft}/decisions/try", BOX | {"in_0": "5"})
    assert "一般 (general)" in answer.text
    outsider = as_("outsider")
    for address in (f"/studio/drafts/{draft}/decisions", f"/studio/drafts/{draft}/decisions/try"):
        assert outsider.get(address, query_string=BOX).status_code == 404


def test_a_plan_without_tables_says_so(as_: As, world: World, draft: int) -> None:
    world.save_draft(draft, {"grading.dmn": None})
    page = as_("author").get(f"/studio/drafts/{draft}/decisions").text
    assert "这份草稿没有判定表" in page
    assert "build/decisions.js" not in page


def test_a_table_is_tried(as_: As, world: World, draft: int) -> None:
    author = as_("author")
    here = f"/studio/drafts/{draft}/decisions/try"
    box = author.get(here, query_string=BOX).text
    assert "阅读量" in box
    assert "signal.reads" in box
    before = grading(world, draft)
    for reads, said in (
        ("10000", ("重大 (major)", "第 1 条规则", "阅读量达到一万")),
        ("9999.5", ("一般 (general)", "第 2 条规则", "其他")),
    ):
        answer = author.post(here, BOX | {"in_0": reads})
        assert answer.status_code == 200
        for word in (*said, f'value="{reads}"'):
            assert word in answer.text, word
    assert grading(world, draft) == before


def test_values_that_are_none_are_said_beside_their_field(as_: As, draft: int) -> None:
    answer = as_("author").post(f"/studio/drafts/{draft}/decisions/try", BOX | {"in_0": "<b>many"})
    assert answer.status_code == 422
    assert "请填写数字" in answer.text
    assert "&lt;b&gt;many" in answer.text


def test_a_table_that_gives_no_answer_says_why(as_: As, world: World, draft: int) -> None:
    text = grading(world, draft)
    author = as_("author")
    for old, new, reads, said in (
        ("<text>-</text>", "<text>&lt; 100</text>", "500", "没有一条规则符合"),
        ('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"', "20000", "涉及第 1、2 条规则"),
        ('<text>"major"</text>', "<text>12</text>", "20000", "类型与所在列不符"),
        ("<text>&gt;= 10000</text>", "<text>&gt;= unknown</text>", "500", "算不出来"),
        ("<text>-</text>", "<text>&lt; </text>", "500", "算不出来"),
    ):
        assert old in text
        put(world, draft, "grading.dmn", text.replace(old, new, 1))
        given = BOX | {"in_0": reads}
        answer = author.post(f"/studio/drafts/{draft}/decisions/try", given)
        assert answer.status_code == 200
        assert said in answer.text, said


def test_other_variables_of_the_cells_are_asked_for(as_: As, world: World, draft: int) -> None:
    text = grading(world, draft).replace("&gt;= 10000", "&gt;= limits.high", 1)
    put(world, draft, "grading.dmn", text)
    author = as_("author")
    box = author.get(f"/studio/drafts/{draft}/decisions/try", query_string=BOX).text
    assert 'name="x_limits.high"' in box
    given = BOX | {"in_0": "50", "x_limits.high": "40 + 2"}
    answer = author.post(f"/studio/drafts/{draft}/decisions/try", given)
    assert "重大 (major)" in answer.text
    wrong = author.post(f"/studio/drafts/{draft}/decisions/try", given | {"x_limits.high": "4 +"})
    assert wrong.status_code == 422
    assert "请写成表达式" in wrong.text


def test_a_table_that_cannot_be_read_yet(as_: As, world: World, draft: int) -> None:
    text = grading(world, draft)
    put(world, draft, "grading.dmn", text.replace('hitPolicy="FIRST"', 'hitPolicy="BEST"'))
    author = as_("author")
    assert author.get(f"/studio/drafts/{draft}/decisions").status_code == 200
    box = author.get(f"/studio/drafts/{draft}/decisions/try", query_string=BOX)
    assert "改好后才能试算" in box.text


def test_what_is_not_there(as_: As, draft: int) -> None:
    author = as_("author")
    here = f"/studio/drafts/{draft}/decisions/try"
    assert author.get(here, query_string=BOX | {"file": "no.dmn"}).status_code == 404
    assert author.get(here, query_string=BOX | {"file": "plan.bpmn"}).status_code == 404
    assert author.get(here, query_string=BOX | {"decision": "no"}).status_code == 404
    assert author.get("/studio/drafts/999/decisions").status_code == 404


def test_the_library_s_tables_ask_for_what_their_forms_give(world: World) -> None:
    """Plan 11's trend is chosen from its form's own words; plan 13's duration is computed."""
    bundle = read_folder(Path("bpmn/p11"))
    decision = decision_table.parse(bundle.files["p11_tier.dmn"])["p11_tier"]
    known = plan_decisions.known_variables(bundle.files, ["p11_tier"])
    wanted = plan_decisions.wanted_values(decision, known)
    trend = next(one for one in wanted if one.text == "triage.trend")
    assert ("rising", "发酵趋势明显", "Clearly rising") in trend.choices
    given = {one.key: "false" for one in wanted if one.type == "boolean"}
    given |= {trend.key: "rising", "in_0": "true"}
    tried = plan_decisions.try_decision(decision, wanted, given, world.now)
    assert tried.outcome.output == "extraordinary"
    assert [number for number, _ in tried.rules] == [1]
    assert [number for number, _ in tried.beaten] == [5]

    bundle = read_folder(Path("bpmn/p13"))
    decision = decision_table.parse(bundle.files["p13_pause.dmn"])["p13_pause"]
    wanted = plan_decisions.wanted_values(
        decision, plan_decisions.known_variables(bundle.files, ["p13_pause"])
    )
    given = {
        "x_wall_paused": 'duration("PT1H")',
        "x_stopped_at": "2026-01-01T10:00",
        "x_conditions_ok_at": "2026-01-01T12:30",
    }
    assert {one.key for one in wanted} == set(given)
    tried = plan_decisions.try_decision(decision, wanted, given, world.now)
    assert str(tried.outcome.output) == "3:30:00"
