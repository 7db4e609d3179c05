"""The three lists, their paging, and the quiet refresh."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.world import World
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]


def test_waiting_task_is_offered_to_its_role_only(as_: As, world: World) -> None:
    world.open()
    page = as_("duty").get("/inbox")
    assert "核查" in page.text
    assert "剩余 1 小时 0 分" in page.text
    assert "/claim" in page.text
    for name in ("outsider", "leader", "admin"):
        assert "核查" not in as_(name).get("/inbox?tab=queue").text


def test_lists_follow_the_task(as_: As, world: World) -> None:
    case = world.open()
    check = world.open_tasks(case)["check"].id
    duty = as_("duty")
    duty.get("/inbox")
    duty.post(f"/tasks/{check}/claim")
    assert check in duty.get("/inbox?tab=mine").text
    assert check not in duty.get("/inbox?tab=queue").text
    duty.post(f"/tasks/{check}/complete", {"note": "x", "serious": "true", "count": "1"})
    assert check not in duty.get("/inbox?tab=mine").text
    assert "按时办结" in duty.get("/inbox?tab=done").text


def test_overdue_is_counted_and_said(as_: As, world: World, clock: Clock) -> None:
    world.open()
    clock.forward(minutes=61)
    page = as_("duty").get("/inbox").text
    assert "超时 1 分钟" in page
    assert "超时 1 项" in page


def test_paging_by_keyset(as_: As, world: World) -> None:
    for n in range(53):
        world.open(title=f"第{n:02d}件", summary="x")
    duty = as_("duty")
    first = duty.get("/inbox?tab=queue").text
    assert first.count("task-row") == 50
    after = first.split("after=")[-1].split('"')[0]
    second = duty.get(f"/inbox?tab=queue&after={after}").text
    assert second.count("task-row") == 3
    assert "回到第一页" in second


def test_refresh_is_quiet_until_something_changes(as_: As, world: World) -> None:
    world.open()
    duty = as_("duty")
    page = duty.get("/inbox?tab=queue").text
    stamp = page.split("stamp=")[1].split('"')[0]
    assert duty.get(f"/inbox/list?tab=queue&stamp={stamp}").status_code == 204
    world.open(title="又一件", summary="x")
    fresh = duty.get(f"/inbox/list?tab=queue&stamp={stamp}")
    assert fresh.status_code == 200
    assert "又一件" in fresh.text
    assert "<html" not in fresh.text


def test_empty_lists_say_so(as_: As) -> None:
    outsider = as_("outsider")
    assert "没有待办事项" in outsider.get("/inbox?tab=mine").text
    assert "没有待签收的任务" in outsider.get("/inbox?tab=queue").text
    assert "还没有办结的任务" in outsider.get("/inbox?tab=done").text


@pytest.mark.parametrize("after", ["x", "%F0%9F", "e30", "W10", "[]", "MQ"])
def test_bad_cursor(as_: As, after: str) -> None:
    assert as_("duty").get(f"/inbox?tab=queue&after={after}").status_code == 422


@pytest.mark.parametrize("path", ["/inbox", "/inbox/list", "/notifications/panel"])
def test_nobody_is_sent_to_sign_in(visitor: Browser, path: str) -> None:
    assert visitor.get(path).status_code == 303


def test_htmx_of_a_signed_out_page_loads_the_sign_in_page(visitor: Browser) -> None:
    answer = visitor.get("/inbox/list", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/sign-in")
