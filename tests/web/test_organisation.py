"""The administrator's page of the unit: its kind, its plans, its names for roles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from models.people import Organization, Role
from models.plans import Plan
from tests.integration.library import small_library
from tests.integration.world import World
from tests.web.conftest import Browser
from views import organisation as page_of

As = Callable[[str], Browser]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of three small plans instead of the shipped one."""
    folder = tmp_path / "library"
    folder.mkdir()
    monkeypatch.setattr(page_of, "library", lambda: folder)
    return small_library(folder)


@pytest.fixture
def admin(as_: As, library: Path) -> Browser:
    browser = as_("admin")
    browser.get("/organisation")
    return browser


def test_the_kind_is_chosen_and_its_plans_come_first(admin: Browser, world: World) -> None:
    assert "没有专为这类单位写的预案" in admin.get("/organisation").text
    answer = admin.post("/organisation/kind", {"kind": "school"})
    assert (answer.status_code, answer.location) == (303, "/organisation#plans")
    assert world.one(select(Organization.kind)) == "school"
    page = admin.get("/organisation").text
    fitting, others = page.split("其他预案", 1)
    assert 'value="s01" checked' in fitting
    assert 'value="u01"' in others and 'value="u01" checked' not in others
    assert "校园预案残本" in fitting
    assert admin.post("/organisation/kind", {"kind": "circus"}).status_code == 422
    assert admin.post("/organisation/kind").status_code == 422


def test_ticked_plans_are_taken_with_their_roles(admin: Browser, world: World) -> None:
    assert "会新增角色:" in admin.get("/organisation").text
    answer = admin.post("/organisation/plans", {"plan": ["u01", "s02", "u01"]})
    assert answer.status_code == 303
    assert sorted(world.all(select(Plan.key))) == ["s02", "t01", "u01"]
    assert world.one(select(Role.name).where(Role.key == "lab")) == "实验室"
    page = admin.get("/organisation").text
    assert "已启用:抢修预案、校园预案残本。" in page
    assert "新增角色:" in page
    assert page.count("使用中") == 2
    assert "无人担任" in page
    assert admin.get("/plans/u01").status_code == 200


def test_nothing_ticked_or_nothing_there(admin: Browser, world: World) -> None:
    answer = admin.post("/organisation/plans")
    assert (answer.status_code, "请至少勾选一个预案" in answer.text) == (422, True)
    assert admin.post("/organisation/plans", {"plan": "none"}).status_code == 404
    assert admin.post("/organisation/plans", {"plan": "../t01"}).status_code == 404


def test_a_plan_with_a_fault_is_named_and_none_is_taken(
    admin: Browser, world: World, library: Path
) -> None:
    (library / "u01" / "plan.bpmn").write_text("<no", "utf-8")
    answer = admin.post("/organisation/plans", {"plan": ["s01", "u01"]})
    assert answer.status_code == 422
    assert "plan.bpmn" in answer.text
    assert world.all(select(Plan.key)) == ["t01"]


def test_roles_get_the_units_names_everywhere(admin: Browser, as_: As, world: World) -> None:
    form = {"name_duty": "总值班室", "en_duty": "Duty room", "name_leader": "leader"}
    answer = admin.post("/organisation/roles", form)
    assert (answer.status_code, answer.location) == (303, "/organisation#roles")
    page = admin.get("/organisation").text
    assert "已更名 1 个角色。" in page
    assert 'value="总值班室"' in page
    assert "总值班室" in as_("duty").get("/inbox").text  # in the header
    assert "总值班室" in admin.get("/people").text
    duty = as_("duty")
    duty.post("/language", {"locale": "en", "next": "/inbox"})
    assert "Duty room" in duty.get("/inbox").text
    admin.post("/organisation/roles", form)
    assert "名称没有改动。" in admin.get("/organisation").text


def test_a_name_that_will_not_do_comes_back(admin: Browser, world: World) -> None:
    form = {"name_duty": "office", "name_leader": " ", "name_office": "办公室"}
    answer = admin.post("/organisation/roles", form)
    assert answer.status_code == 422
    assert "必填" in answer.text
    assert 'value="办公室"' in answer.text
    # All or none.
    assert set(world.all(select(Role.name))) == set(world.all(select(Role.key)))


def test_an_auditor_reads_it(as_: As) -> None:
    browser = as_("auditor")
    assert 'href="/organisation"' in browser.get("/inbox").text
    page = browser.get("/organisation")
    assert page.status_code == 200
    assert "现由谁担任" in page.text and "单位类型" in page.text
    assert 'action="/organisation' not in page.text
    for path in ("kind", "plans", "roles"):
        answer = browser.post(f"/organisation/{path}", {"kind": "school", "plan": "p11"})
        assert answer.status_code == 403


@pytest.mark.parametrize("who", ["duty", "author", "outsider"])
def test_nobody_else_may(as_: As, world: World, who: str) -> None:
    browser = as_(who)
    assert browser.get("/organisation").status_code == 403
    assert "/organisation" not in browser.get("/inbox").text
    for path in ("kind", "plans", "roles"):
        answer = browser.post(f"/organisation/{path}", {"kind": "school", "plan": "p11"})
        assert answer.status_code == 403
    assert world.one(select(Organization.kind)) == "government"


def test_the_way_there_is_in_the_header(as_: As) -> None:
    assert 'href="/organisation"' in as_("admin").get("/inbox").text


def test_the_shipped_library_is_offered(as_: As) -> None:
    page = as_("admin").get("/organisation").text
    assert "公司舆情监测及应急处置预案" in page
