"""The exceptions list and the search in the browser: filters, paging, saved searches, Excel."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select, text

from models.audit import SavedSearch
from models.cases import Case
from models.history import HistoryEvent
from services import history, history_types
from services.actor import SYSTEM
from services.history_types import event_type
from tests.integration import event_rows
from tests.integration.world import Made, World, make
from tests.web.conftest import Browser

_ROW = re.compile(r'<li class="list-group-item" data-seq="(\d+)">')
_NEXT = re.compile(r'rel="next" href="([^"]+)"')


@pytest.fixture(scope="module")
def made(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The cast, with some hundreds of events of two plans."""
    people = furnished[1]

    def work(database: object) -> World:
        world = World(database, event_rows.MORNING, dict(people))  # type: ignore[arg-type]
        event_rows.fill(world, 400)
        return world

    path: Path = tmp_path_factory.mktemp("searched")
    return make(furnished[0], path, work)


@pytest.fixture
def auditor(as_: Callable[[str], Browser]) -> Browser:
    return as_("auditor")


def logged(world: World, type_: str) -> list[dict[str, object]]:
    query = select(HistoryEvent).where(HistoryEvent.type == type_).order_by(HistoryEvent.id)
    return [history.payload_of(event) for event in world.all(query)]


def test_only_auditors_come_in(as_: Callable[[str], Browser], visitor: Browser) -> None:
    for name in ("duty", "leader", "admin", "outsider"):
        browser = as_(name)
        for path in ("/audit/exceptions", "/audit/search"):
            assert browser.get(path).status_code == 403, (name, path)
        for path in ("/audit/exceptions/sheet", "/audit/search/saved",
                     "/audit/search/saved/1/remove"):  # fmt: skip
            assert browser.post(path, {"query": "{}", "name": "x"}).status_code == 403, path
    assert visitor.get("/audit/search").status_code in (302, 303)


def test_a_search_is_walked_to_its_end_and_put_on_record_once(
    auditor: Browser, world: World
) -> None:
    person = world.people["duty"].id
    before = len(logged(world, "audit.searched"))
    page = auditor.get(f"/audit/search?person={person}&category=task")
    seen, pages = len(_ROW.findall(page.text)), 1
    while found := _NEXT.search(page.text):
        page = auditor.get(unescape(found.group(1)))
        assert page.status_code == 200
        seen, pages = seen + len(_ROW.findall(page.text)), pages + 1
    wanted = select(func.count()).where(
        HistoryEvent.person_id == person, HistoryEvent.type.like("task.%")
    )
    assert seen == world.one(wanted) and pages == -(-seen // 50)
    searched = logged(world, "audit.searched")[before:]
    assert searched == [{"filter": {"person": person, "category": "task"}}]
    # The chain keeps it for ever: what was typed stands in it masked.
    auditor.get("/audit/search?element=13800138000&role=duty&tier=a@b.cn")
    asked = logged(world, "audit.searched")[-1]["filter"]
    assert asked == {"element": "〔电话〕", "role": "duty", "tier": "〔邮箱〕"}


def test_a_row_leads_to_its_place_in_the_case(auditor: Browser, world: World) -> None:
    case = world.one(select(Case).order_by(Case.id).limit(1))
    page = auditor.get(f"/audit/search?case={case.number}&types=tier.overridden")
    event = world.all(
        select(HistoryEvent)
        .where(HistoryEvent.case_id == case.id, HistoryEvent.type == "tier.overridden")
        .order_by(HistoryEvent.occurred_at.desc(), HistoryEvent.id.desc())
    )[0]
    assert f"/cases/{case.id}/record#event-{event.seq}" in page.text
    assert "改定为重大" in page.text and case.number in page.text
    assert auditor.get(f"/audit/search?case={case.id}").status_code == 200


#: Argument of the address -> what is said.
UNREADABLE = {
    "person=abc": "请填写整数",
    "person=0": "请从列出的选项中选择",
    "since=yesterday": "日期时间写法不对",
    "since=2026-03-11T00:00&until=2026-03-10T00:00": "结束不能早于开始",
    "case=2020-9999": "没有这个编号的事件",
    "case=99999999999999999999": "没有这个编号的事件",
    "plan=p99": "没有这个预案",
    "clause=T01-S1": "请先选择预案",
    "types=no.such": "请从列出的选项中选择",
    "kinds=' or 1=1": "请从列出的选项中选择",
    "category=x": "请从列出的选项中选择",
    "role=" + "r" * 61: "最多 60 个字",
    "role=a%00b": "含有不能保存的字符",
    "go=1&cursor=AAAA": "翻页地址不对",
}


def test_what_cannot_be_read_is_said_at_its_field(auditor: Browser, world: World) -> None:
    for asked, words in UNREADABLE.items():
        for path in ("search", "exceptions"):
            page = auditor.get(f"/audit/{path}?{asked}")
            assert page.status_code == 422 and words in page.text, (path, asked)
    assert not logged(world, "audit.searched")


def test_a_hidden_filter_no_form_wrote_is_refused(auditor: Browser, world: World) -> None:
    """What JSON can say and no database keeps: SQLite lets some of it by, PostgreSQL none."""
    for given in (r'{"role": "\u0000"}', r'{"element": "a\ud800"}', '{"x": 1}', "[]", "{", "nan"):
        assert auditor.post("/audit/exceptions/sheet", {"query": given}).status_code == 422, given
        saved = auditor.post("/audit/search/saved", {"query": given, "name": "n"})
        assert saved.status_code == 422, given
    assert not logged(world, "audit.search_saved")


def test_a_kept_search_nobody_can_read_any_more_does_not_close_the_page(
    auditor: Browser, world: World
) -> None:
    given = {"query": json.dumps({"category": "task"}), "name": "旧的"}
    assert auditor.post("/audit/search/saved", given).status_code == 303
    with world.db.engine.begin() as connection:
        connection.execute(text("UPDATE saved_search SET query = '{\"gone\": 1}'"))
    page = auditor.get("/audit/search?category=task")
    assert page.status_code == 200 and "(条件已不能用)" in page.text
    (id_,) = re.findall(r'action="/audit/search/saved/(\d+)/remove"', page.text)
    assert auditor.post(f"/audit/search/saved/{id_}/remove").status_code == 303
    assert "旧的" not in auditor.get("/audit/search").text


def test_each_name_of_a_tier_is_offered_once_and_found_in_every_plan(
    auditor: Browser, world: World
) -> None:
    """Two plans know 一般, under different keys; ``major`` is 重大 in one and 严重 in the other."""
    offered = {
        "zh": [("重大", "重大"), ("严重", "严重"), ("一般", "一般")],
        "en": [("重大", "Major"), ("严重", "Serious"), ("一般", "General / Ordinary")],
    }
    for locale, wanted in offered.items():
        auditor.post("/language", {"locale": locale})
        for path in ("search", "exceptions", "exports"):
            page = auditor.get(f"/audit/{path}")
            chooser = re.search(r'<select[^>]* name="tier".*?</select>', page.text, re.S)
            assert chooser is not None
            given = re.findall(r'<option value="([^"]+)">([^<]*)<', chooser[0])
            assert given == wanted, (path, locale)
    auditor.post("/language", {"locale": "zh"})
    held = world.all(select(Case).where(Case.tier.is_not(None)).order_by(Case.number))
    for tier, keys in (("一般", {"general", "ordinary"}), ("严重", {"major"})):
        page = auditor.get(f"/audit/search?tier={tier}")
        assert f'<option value="{tier}" selected>' in page.text
        found = set(re.findall(r'href="/cases/(\d+)', page.text))
        of_t02 = {case.id for case in held if case.number[-1] in "36"}
        meant = {case.id for case in held if case.tier in keys}
        meant = meant & of_t02 if tier == "严重" else meant
        assert found == {str(id_) for id_ in meant} and meant


def test_a_search_is_kept_run_again_and_forgotten(
    auditor: Browser, as_: Callable[[str], Browser], world: World
) -> None:
    flt = {"role": "duty", "late": True, "since": "2026-03-10T02:10:00Z"}
    auditor.get("/audit/search?role=duty&late=yes")
    answer = auditor.post(
        "/audit/search/saved", {"query": json.dumps(flt), "name": " 值班员  超时 "}
    )
    assert answer.status_code == 303
    page = auditor.get(answer.location)
    assert page.status_code == 200 and "值班员 超时" in page.text
    kept = world.one(select(SavedSearch))
    assert kept.query == flt and kept.name == "值班员 超时"
    link = re.search(r'href="([^"]+)">值班员 超时</a>', page.text)
    assert link is not None
    assert "超时" in auditor.get(unescape(link.group(1))).text
    assert logged(world, "audit.searched")[-1] == {"filter": flt}
    for wrong in ({"query": "{", "name": "x"}, {"query": '{"x":1}', "name": "x"}):
        assert auditor.post("/audit/search/saved", wrong).status_code == 422
    unnamed = auditor.post("/audit/search/saved", {"query": json.dumps(flt), "name": " "})
    assert unnamed.status_code == 422 and "必填" in unnamed.text
    assert auditor.post("/audit/search/saved/999/remove").status_code == 404
    assert auditor.post(f"/audit/search/saved/{kept.id}/remove").status_code == 303
    assert world.one(select(SavedSearch)) is None
    assert logged(world, "audit.search_removed") == [{"search": kept.id}]


def test_the_list_is_filtered_by_kind_and_says_what_came_after(
    auditor: Browser, world: World
) -> None:
    page = auditor.get("/audit/exceptions")
    assert page.status_code == 200 and len(_ROW.findall(page.text)) == 50
    for word in ("迟报", "瞒报", "违规", "13800138000"):
        assert word not in page.text
    for chip in ("超时", "补录", "口头同意", "一人启用预案", "管理操作"):
        assert chip in page.text
    page = auditor.get("/audit/exceptions?kinds=oral")
    assert "尚未补签" in page.text and "task.claimed" not in page.text


def test_the_excel_file_holds_the_list_and_no_formula(auditor: Browser, world: World) -> None:
    auditor.get("/audit/exceptions?kinds=late&kinds=oral")
    flt = {"kinds": ["late", "oral"]}
    answer = auditor.post("/audit/exceptions/sheet", {"query": json.dumps(flt)})
    assert answer.status_code == 200 and "spreadsheetml" in answer.headers["Content-Type"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    head, *rows = [list(row) for row in sheet.iter_rows()]
    titles = [cell.value for cell in head]
    assert titles[:3] == ["发生时间", "录入时间", "例外"]
    payloads = {"deadline.missed", "approval.given", "report.line_acknowledged"}
    events = world.all(select(HistoryEvent).where(HistoryEvent.type.in_(payloads)))
    wanted = [
        event for event in events if event_type(event.type).exceptions_of(history.payload_of(event))
    ]
    assert len(rows) == len(wanted) > 60
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert {row[titles.index("事件")].value[:2] for row in rows} == {"'="}  # titles begin with =
    local = max(event.occurred_at for event in wanted) + timedelta(hours=8)
    assert not any("13800138000" in str(cell.value) for row in rows for cell in row)
    assert rows[0][0].value == local.replace(tzinfo=None)
    [taken] = logged(world, "audit.exported")
    assert taken["events"] == len(rows) and taken["filter"] == flt and taken["masked"] is True


def test_a_kind_that_joins_the_registry_joins_the_page(
    auditor: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_REGISTRY", "_CURRENT"):
        monkeypatch.setattr(history_types, name, dict(getattr(history_types, name)))
    history_types._add("case.unheard_of", "case", {}, {}, exceptions={"unheard_of": {}})
    case = world.one(select(Case).limit(1))
    world.db.run(
        lambda uow: history.append(
            uow, "case.unheard_of", case=case, actor=SYSTEM, occurred_at=world.now,
            now=world.now, payload={},
        )
    )  # fmt: skip
    page = auditor.get("/audit/exceptions?kinds=unheard_of")
    assert page.status_code == 200 and len(_ROW.findall(page.text)) == 1
    assert "case.unheard_of" in page.text
    assert 'aria-current="true">unheard_of</a>' in page.text
