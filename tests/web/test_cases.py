"""The list of cases and a case's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from models.cases import Case
from models.tasks import UserTask
from services.case_diagrams import element_states
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]


@pytest.fixture
def case(world: World) -> Case:
    return world.open()


@pytest.fixture
def graded(world: World, case: Case) -> Case:
    world.complete(case, "check", "duty", {"note": "x", "serious": True, "count": 1})
    world.complete(case, "grade", "duty", {"tier": "general"})
    return case


def test_next_step_who_and_time_left_come_first(as_: As, case: Case) -> None:
    page = as_("duty").get(f"/cases/{case.id}").text
    top = page.index("下一步")
    assert top < page.index("流程图</h2>")
    assert "核查" in page[top : top + 1500]
    assert "剩余 1 小时 0 分" in page[top : top + 2500]


@pytest.mark.parametrize("name", ["outsider", "admin", "author", "leader"])
def test_outsiders_do_not_learn_that_it_exists(as_: As, case: Case, name: str) -> None:
    browser = as_(name)
    for path in ("", "/live", "/record", "/diagram.json"):
        assert browser.get(f"/cases/{case.id}{path}").status_code == 404
    browser.get("/inbox")
    for path in ("/retier", "/anchors/discovered_at", "/incidents/1"):
        data = {"reason": "x", "resolution": "x", "occurred_at": "2026-03-10T09:00"}
        assert browser.post(f"/cases/{case.id}{path}", data).status_code == 404
    assert case.number not in browser.get("/cases").text


def test_list_names_the_next_step(as_: As, case: Case) -> None:
    page = as_("duty").get("/cases?status=open").text
    assert case.number in page
    assert "核查" in page
    assert case.number not in as_("duty").get("/cases?status=archived").text


def test_auditor_reads_without_forms(as_: As, graded: Case) -> None:
    auditor = as_("auditor")
    page = auditor.get(f"/cases/{graded.id}").text
    assert "/retier" not in page
    assert "/anchors/" not in page
    assert auditor.get(f"/cases/{graded.id}/record").status_code == 200
    refused = auditor.post(f"/cases/{graded.id}/retier", {"reason": "x"})
    assert refused.status_code == 403
    assert "核查人员只能查看" in refused.text


def test_record_lists_every_event_in_order(as_: As, graded: Case) -> None:
    page = as_("duty").get(f"/cases/{graded.id}/record").text
    order = [page.index(kind) for kind in ("case.opened", "task.completed", "tier.graded")]
    assert order == sorted(order)


def test_refresh_is_quiet_until_something_changes(as_: As, case: Case, world: World) -> None:
    duty = as_("duty")
    page = duty.get(f"/cases/{case.id}").text
    stamp = page.split("live?stamp=")[1].split('"')[0]
    assert duty.get(f"/cases/{case.id}/live?stamp={stamp}").status_code == 204
    world.complete(case, "check", "duty", {"note": "x", "serious": True, "count": 1})
    fresh = duty.get(f"/cases/{case.id}/live?stamp={stamp}")
    assert fresh.status_code == 200
    assert "定级" in fresh.text


def test_diagram_says_how_each_element_stands(as_: As, case: Case, clock: Clock) -> None:
    duty = as_("duty")
    sheet = duty.get(f"/cases/{case.id}/diagram.json").get_json()["sheets"][0]
    assert sheet["states"]["check"]["state"] == "open"
    assert not sheet["states"]["check"]["late"]
    clock.forward(minutes=61)
    sheet = duty.get(f"/cases/{case.id}/diagram.json").get_json()["sheets"][0]
    assert sheet["states"]["check"]["late"]
    assert "超时" in sheet["states"]["check"]["text"]
    drawing = duty.get(sheet["source"])
    assert drawing.status_code == 200
    assert b"<bpmn:definitions" in drawing.data or b"definitions" in drawing.data
    assert drawing.headers["X-Content-Type-Options"] == "nosniff"


def test_correcting_an_anchor_moves_the_clock(as_: As, case: Case, world: World) -> None:
    duty = as_("duty")
    duty.get(f"/cases/{case.id}")
    path = f"/cases/{case.id}/anchors/discovered_at"
    assert duty.post(path, {"occurred_at": "2026-03-10T09:30"}).status_code == 422
    assert duty.post(path, {"occurred_at": "x", "reason": "x"}).status_code == 422
    future = duty.post(path, {"occurred_at": "2026-03-10T12:00", "reason": "记错"})
    assert future.status_code == 422
    assert "不能晚于现在" in future.text
    right = duty.post(path, {"occurred_at": "2026-03-10T09:30", "reason": "值班日志为准"})
    assert right.status_code == 303
    page = duty.get(right.location).text
    assert "剩余 30 分钟" in page
    assert "值班日志为准" in page
    assert (
        duty.post(
            f"/cases/{case.id}/anchors/none", {"occurred_at": "2026-03-10T09:30", "reason": "x"}
        ).status_code
        == 404
    )


def test_retier_needs_a_reason_and_a_plan_that_allows_it(as_: As, graded: Case) -> None:
    duty = as_("duty")
    duty.get(f"/cases/{graded.id}")
    assert duty.post(f"/cases/{graded.id}/retier", {"reason": " "}).status_code == 422
    # Plan t01 has no point at which it may be graded again.
    assert duty.post(f"/cases/{graded.id}/retier", {"reason": "扩散"}).status_code == 409


@pytest.mark.parametrize("path", ["/cases/0", "/cases/999999", "/cases/99999999999999999999"])
def test_unknown_case(as_: As, path: str) -> None:
    assert as_("duty").get(path).status_code == 404


def test_wrong_paging(as_: As, case: Case) -> None:
    for after in ("x", "-1", "99999999999999"):
        assert as_("duty").get(f"/cases?after={after}&status=zzz").status_code == 200


def test_next_step_names_its_clauses(as_: As, case: Case) -> None:
    page = as_("duty").get(f"/cases/{case.id}").text
    step = page[page.index("下一步") :].split("</section>")[0]
    assert re.search(r"条款 <code>[A-Z0-9-]+</code>", step)


def test_tab_counts_the_open_tasks_only(as_: As, case: Case) -> None:
    sheets = as_("duty").get(f"/cases/{case.id}/diagram.json").get_json()["sheets"]
    assert sheets[0]["open"] == "1 项在办"


def test_done_after_its_limit_stays_marked(as_: As, case: Case, world: World, clock: Clock) -> None:
    clock.forward(minutes=61)
    late = replace(world, now=clock.moment)
    late.complete(case, "check", "duty", {"note": "x", "serious": True, "count": 1})
    check = (
        as_("duty").get(f"/cases/{case.id}/diagram.json").get_json()["sheets"][0]["states"]["check"]
    )
    assert (check["state"], check["late"], check["text"]) == ("done", True, "✓ 已办,超时")


def test_auditor_is_not_offered_the_clock(as_: As, case: Case) -> None:
    assert "/fast-forward" in as_("duty").get(f"/cases/{case.id}").text
    assert "/fast-forward" not in as_("auditor").get(f"/cases/{case.id}").text


def test_what_holds_a_late_task_is_late(now: datetime) -> None:
    inside = [
        UserTask(
            element_path="call[2]/frame/ask", status="open", due_at=now - timedelta(minutes=1)
        ),
        UserTask(element_path="call[2]/other", status="open", due_at=now + timedelta(minutes=1)),
    ]
    states = element_states([{"steps": ["+call[2]", "+call[2]/frame", "before"]}], inside, now)
    assert states == {
        "before": "done",
        "call": "late",
        "call/frame": "late",
        "call/frame/ask": "late",
        "call/other": "open",
    }
