"""The log of what auditors opened: named as readers know it, filtered, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import select

from models.cases import Case
from services import audit_log, proof
from services.actor import Actor
from services.audit_trail import Opened, record_opened
from services.moments import utc_text
from tests.integration.world import Made, World
from tests.web.conftest import Browser, Clock
from tests.web.public_case import NAMED, found_in, give_role, public_made, the_case
from views.audit_trail import what_words

__all__ = ["public_made"]
As = Callable[[str], Browser]


@pytest.fixture
def made(public_made: Made) -> Made:
    return public_made


def open_page(world: World, who: str, at: datetime, what: str, case: int | None = None) -> None:
    actor = Actor(world.people[who].id, "auditor")
    world.db.run(lambda uow: record_opened(uow, Opened(what, case), actor, at))


def listed(page: str) -> list[str]:
    """The rows shown, as their words."""
    rows = re.findall(r'<tr id="log-\d+">(.*?)</tr>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def asked(browser: Browser, **given: object) -> list[str]:
    query = "&".join(f"{name}={quote(str(value))}" for name, value in given.items())
    answer = browser.get(f"/audit/log?{query}")
    assert answer.status_code == 200
    # The log itself is a page that was opened.
    return [row for row in listed(answer.text) if "查阅:查阅记录" not in row]


def test_a_chain_is_named_by_its_cases_number(as_: As, world: World) -> None:
    case, auditor = the_case(world), as_("auditor")
    auditor.get("/inbox")
    auditor.post(f"/audit/cases/{case.id}/proof")
    auditor.post("/audit/proof/check")
    whole, one = [row for row in asked(auditor) if "核对校验链" in row]
    assert f"核对校验链:{case.number} 完好" in one and one.endswith(case.number)
    assert f"核对校验链:查阅记录的链 到 单位的链 完好 {case.number}" not in whole
    assert "case:" not in whole + one
    # The page a form gave back is that page, also for the filter.
    assert not [row for row in asked(auditor) if "proof." in row]
    heads = asked(auditor, what="proof.heads")
    assert len(heads) == 1 and what_words("proof.heads") in heads[0]
    # A chain whose case is gone is named by the chain.
    note = {"chain": "case:98…case:99", "ok": False, "length": 2}
    by = Actor(world.people["auditor"].id, "auditor")
    world.db.run(lambda uow: proof.note_check(uow, note, by, world.now))
    gone = next(row for row in asked(auditor) if "98" in row)
    assert "事件链 98 到 事件链 99 对不上" in gone


def test_it_is_filtered_by_person_page_period_and_case(as_: As, world: World, clock: Clock) -> None:
    case, morning = the_case(world), world.now
    give_role(world, "both", "auditor")
    world.open("t03")
    other: Case = world.all(select(Case).order_by(Case.id.desc()))[0]
    open_page(world, "auditor", morning, "cases.show", case.id)
    open_page(world, "both", morning + timedelta(hours=1), "cases.live", other.id)
    open_page(world, "auditor", morning + timedelta(hours=2), "tasks.show", case.id)
    open_page(world, "both", morning + timedelta(hours=3), "searching.show")
    clock.forward(hours=5)
    reader = as_("admin")
    both = world.people["both"].id
    assert len(asked(reader)) == 4
    assert [row.split("查阅:")[1] for row in asked(reader, person=both)] == [
        "检索 —", f"事件页 {other.number}",
    ]  # fmt: skip
    # Several addresses are one kind of page.
    assert len(asked(reader, what="cases.show")) == 2
    assert len(asked(reader, what="audit.opened")) == 4
    assert asked(reader, what="audit.unmasked") == []
    assert len(asked(reader, case=case.number)) == 2
    assert len(asked(reader, case=case.number, what="tasks.show")) == 1
    since, until = (utc_text(morning + timedelta(hours=n)) for n in (1, 3))
    between = asked(reader, since=since, until=until)
    assert [row.split("查阅:")[1].split()[0] for row in between] == ["任务", "事件页"]
    assert asked(reader, until=utc_text(morning)) == []
    assert asked(reader, since=utc_text(morning + timedelta(days=9))) == []
    # A page that was asked with words that look like the log's own is not taken for another.
    as_("auditor").get("/audit/log?what=tasks.show&case=" + case.number)
    assert len(asked(reader, what="tasks.show")) == 1
    assert len(asked(reader, case=case.number)) == 2
    # What a search was about counts as about that case, and is named by its number.
    as_("auditor").get(f"/audit/search?go=1&case={case.number}")
    assert any(f"事件编号:{case.number}" in row for row in asked(reader, case=case.number))


def test_what_cannot_be_read_is_said(as_: As, world: World) -> None:
    auditor = as_("auditor")
    for query, word in (
        ("case=2099-9999", "没有这个编号的事件"), ("what=nothing", "请从列出的选项中选择"),
        ("person=x", "请填写整数"), (f"person={2**40}", "请从列出的选项中选择"),
        ("since=yesterday", "日期时间写法不对"),
        ("since=2026-03-02T00:00&until=2026-03-01T00:00", "结束不能早于开始"),
    ):  # fmt: skip
        answer = auditor.get(f"/audit/log?{query}")
        assert answer.status_code == 422 and word in answer.text, query
        assert listed(answer.text) == []


def test_pages_keep_the_filter_and_say_how_far_they_looked(
    as_: As, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = the_case(world)
    for n in range(9):
        what = "tasks.show" if n in (0, 1, 2) else "cases.show"
        open_page(world, "auditor", world.now + timedelta(minutes=n), what, case.id)
    reader, seen = as_("admin"), list[str]()
    monkeypatch.setattr(audit_log, "PAGE", 2)
    monkeypatch.setattr(audit_log, "BOUND", 4)
    path, said = "/audit/log?what=tasks.show", 0
    for _ in range(9):
        page = reader.get(path).text
        seen += listed(page)
        said += "已往前查到" in page
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        path = following.group(1).replace("&amp;", "&")
        assert "what=tasks.show" in path
    assert len(seen) == 3 and said >= 1 and following is None
    assert "回到第一页" in page


def test_lists_of_events_say_which_case_an_act_of_the_room_was_about(as_: As, world: World) -> None:
    case, auditor = the_case(world), as_("auditor")
    auditor.get("/inbox")
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": "倒查通报时间"})
    auditor.post(f"/audit/cases/{case.id}/proof")
    give_role(world, "outsider", "auditor", instead=True)
    other = as_("outsider")
    page = other.get("/audit/exceptions?kinds=unmasked").text
    assert "显示个人信息:倒查通报时间" in page and f"{case.number} " in page
    assert not found_in(page), "the case's title is masked as ever"
    [way] = re.findall(r'href="(/audit/log\?before=\d+)#(log-\d+)"', page)
    assert f'id="{way[1]}"' in other.get(way[0]).text
    search = other.get("/audit/search?go=1&types=audit.verified").text
    assert f"核对校验链:{case.number}" in search and "case:1" not in search


def test_a_name_in_a_reason_is_masked_for_whoever_sees_the_case_masked(
    as_: As, world: World
) -> None:
    case, auditor = the_case(world), as_("auditor")
    reason = f"核对{NAMED['name']}的说法"
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": reason})
    assert any(reason in row for row in asked(auditor, what="audit.unmasked")), "shown to them"
    give_role(world, "outsider", "auditor", instead=True)
    [row] = asked(as_("outsider"), what="audit.unmasked")
    assert "核对〔姓名〕的说法" in row and not found_in(row)


def test_cases_side_by_side_are_named_by_their_numbers(as_: As, world: World) -> None:
    case, auditor = the_case(world), as_("auditor")
    assert auditor.get(f"/audit/compare?a={case.id}").status_code == 200
    (row,) = [row for row in asked(auditor) if "并排回放" in row]
    assert f"一边:{case.number}" in row
