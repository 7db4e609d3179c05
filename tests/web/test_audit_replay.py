"""A case's replay and two cases side by side: who may open them, what is masked, bad addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from models.cases import Case
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]
#: A telephone number of a member of the public, in words somebody typed.
PHONE = "13800138000"


@pytest.fixture
def case(world: World) -> Case:
    """Checked twice in a way: graded, drafted, sent back and drafted again."""
    case = world.open()
    at = world.now + timedelta(minutes=70)
    note = {"note": f"群众来电{PHONE}", "serious": True, "count": 1}
    world.complete(case, "check", "duty", note, at, occurred_at=at - timedelta(minutes=30))
    world.complete(case, "grade", "duty", {"tier": "general"}, at)
    world.complete(case, "draft", "office", {"words": "初稿"}, at)
    world.complete(case, "approve", "leader", {"agreed": False}, at)
    world.complete(case, "draft", "office", {"words": "二稿"}, at)
    return case


def test_only_who_may_see_the_case(as_: As, case: Case) -> None:
    for path in ("", ".json", "/events?from=0", "?at=1"):
        address = f"/audit/cases/{case.id}/replay{path}"
        for name in ("auditor", "duty", "leader"):
            assert as_(name).get(address).status_code == 200, (path, name)
        for name in ("outsider", "admin", "author"):
            answer = as_(name).get(address)
            assert answer.status_code == 404 and case.title not in answer.text, (path, name)
        assert as_("auditor").get(address.replace(f"/{case.id}/", "/9999/")).status_code == 404


def test_frames_are_small_and_whole(as_: As, case: Case) -> None:
    answer = as_("auditor").get(f"/audit/cases/{case.id}/replay.json")
    told = json.loads(answer.text)
    events = len(told["seq"])
    assert events > 20 and told["seq"] == list(range(1, events + 1))
    columns = ("type", "path", "occurred", "recorded", "ops", "flows")
    assert {len(told[name]) for name in columns} == {events}
    [stretch] = told["stretches"]
    assert len(stretch["places"]) == len(told["paths"])
    assert as_("auditor").get(stretch["sheets"][0]["source"]).mimetype == "application/xml"
    assert {kind for _, kind in told["marks"]} >= {"decision", "entered_later"}
    # Only figures and keys travel this way: no word a person typed.
    assert PHONE not in answer.text and "初稿" not in answer.text


def article(page: str, sentence: str, nth: int = 0) -> str:
    found = [one for one in page.split("<article")[1:] if f'data-sentence="{sentence}' in one]
    return found[nth]


def test_details_say_who_when_what_and_what_changed(as_: As, case: Case) -> None:
    page = as_("leader").get(f"/audit/cases/{case.id}/replay/events?from=0").text
    check = article(page, "办结:核查")
    for said in ("duty", "2026-03-10 10:40:00", "2026-03-10 11:10:00", "补录,晚 30 分钟", "T01-S1"):
        assert said in check, said
    assert "填写的内容" in check and PHONE in check
    again = article(page, "办结:拟稿", 1)
    assert "第 2 轮" in again and "数据的变化" in again
    assert re.search(r"<del>初稿</del>.*<ins>二稿</ins>", again)
    table = article(page, "判定表建议:一般")
    assert "其他" in table and "依据的规则" in table and "阅读量" in table
    way = article(page, "走向:")
    assert "approve.agreed" in way and "其他情况" in way
    # From the record on to the form that was filled in.
    assert re.search(r'<a href="/tasks/[^"]+">看任务</a>', check)
    assert as_("leader").get(re.findall(r'href="(/tasks/[^"]+)"', check)[0]).status_code == 200


def test_an_auditor_reads_no_personal_data_of_the_public(as_: As, case: Case) -> None:
    page = as_("auditor").get(f"/audit/cases/{case.id}/replay/events?from=0").text
    assert PHONE not in page and "群众来电" in article(page, "办结:核查")


def test_a_link_to_no_event_opens_the_replay_all_the_same(as_: As, case: Case) -> None:
    duty, address = as_("duty"), f"/audit/cases/{case.id}/replay"
    read = {"abc": 0, "-4": 0, "0": 0, "": 0, "１": 0, "99999999999999999999": 0, "5000": 5000}
    for at, number in read.items():
        answer = duty.get(f"{address}?at={at}")
        assert answer.status_code == 200 and f'data-at="{number}"' in answer.text, at
        some = duty.get(f"{address}/events?from={at}")
        assert some.status_code == 200 and ("<article" in some.text) == (number == 0), at


def test_comparing_is_the_auditors(as_: As, world: World, case: Case) -> None:
    other = world.open(title="另一件")
    both = as_("auditor").get(f"/audit/compare?a={case.id}&b={other.id}")
    assert both.status_code == 200 and case.number in both.text and other.number in both.text
    assert as_("duty").get(f"/audit/compare?a={case.id}&b={other.id}").status_code == 403
    for bad in ("", "?a=", "?a=x", "?a=9999", f"?a={case.id}&b=x", f"?a={case.id}&b=99999999999"):
        assert as_("auditor").get(f"/audit/compare{bad}").status_code == 404, bad


def test_a_case_beside_the_median_names_tasks_and_nobody(as_: As, world: World, case: Case) -> None:
    page = as_("auditor").get(f"/audit/compare?a={case.id}").text
    chart = page[page.index('class="gantt"') :]
    assert "还没有其他已办结的事件" in page
    for name in ("核查", "拟稿", "签发"):
        assert name in chart
    assert "gantt-own" in chart and "gantt-usual" not in chart
    for person in world.people.values():
        assert f">{person.name}<" not in chart
