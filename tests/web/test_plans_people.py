"""The library, the people page, and the bell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.people import Person
from services.notifications import notify_people
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


def test_library(as_: As) -> None:
    author = as_("author")
    assert "t01" in author.get("/plans").text
    assert "T01-S1" in author.get("/plans/t01/written").text
    sheets = author.get("/plans/versions/1/diagram.json").get_json()["sheets"]
    assert [sheet["key"] for sheet in sheets] == ["t01"]
    file = author.get(sheets[0]["source"])
    assert file.status_code == 200
    assert file.headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize(
    "path",
    [
        "/plans/none",
        "/plans/t01?version=9",
        "/plans/versions/9/diagram.json",
        "/plans/versions/1/files/../../config.py",
        "/plans/versions/1/files/none.bpmn",
        "/plans/versions/99/files/plan.bpmn",
    ],
)
def test_unknown_plan_parts(as_: As, path: str) -> None:
    assert as_("author").get(path).status_code == 404


def test_administrator_sets_roles(as_: As, world: World) -> None:
    admin = as_("admin")
    assert "duty2" in admin.get("/people").text
    person = world.people["duty2"].id
    path = f"/people/{person}/roles"
    assert admin.post(path, {"role": ["office", "duty"]}).status_code == 303
    row = world.one(select(Person).where(Person.id == person))
    assert set(row.role_keys) == {"office", "duty"}
    assert admin.post(path, {"role": ["emperor"]}).status_code == 422
    assert admin.post("/people/999/roles", {"role": "duty"}).status_code == 404


def test_an_auditor_reads_who_holds_which_role(as_: As) -> None:
    browser = as_("auditor")
    page = browser.get("/people")
    assert page.status_code == 200 and "duty2" in page.text
    assert 'action="/people' not in page.text and 'name="role"' not in page.text
    assert browser.post("/people/1/roles", {"role": "admin"}).status_code == 403


@pytest.mark.parametrize("name", ["duty", "author", "outsider"])
def test_nobody_else_may(as_: As, world: World, name: str) -> None:
    browser = as_(name)
    assert browser.get("/people").status_code == 403
    browser.get("/inbox")
    assert browser.post("/people/1/roles", {"role": "admin"}).status_code == 403


def test_bell(as_: As, world: World) -> None:
    args = {"case": "2026-0001", "title": "塌台", "task": "核查", "task_en": "Check"}
    duty = world.people["duty"]
    world.db.run(lambda uow: notify_people(uow, [duty.id], "deadline_reminder", args, world.now))
    browser, other = as_("duty"), as_("duty2")
    assert "条未读" in browser.get("/inbox").text
    panel = browser.get("/notifications/panel").text
    assert "提醒" in panel
    assert "核查" in panel
    number = panel.split('name="id" value="')[1].split('"')[0]
    other.get("/inbox")
    other.post("/notifications/read", {"id": number})
    assert "核查" in browser.get("/notifications/panel").text  # not theirs to tick off
    assert browser.post("/notifications/read", {"id": number, "go": "//evil"}).location == "/inbox"
    assert "没有未读通知" in browser.get("/notifications/panel").text
    assert browser.get("/notifications/badge?n=0").status_code == 204
    browser.post("/notifications/read", {"id": "x" * 50})
