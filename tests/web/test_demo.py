"""The demonstration's switch and fast-forward, and that they are nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from models.history import HistoryEvent
from models.people import Organization
from services.timers import fire_next
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]


def test_switch_is_recorded(as_: As, world: World) -> None:
    duty = as_("duty")
    assert 'id="demo-person"' in duty.get("/inbox").text
    assert duty.post("/demo/switch", {"username": "leader", "next": "/cases"}).location == "/cases"
    assert "现在是 leader" in duty.get("/inbox").text
    event = world.one(select(HistoryEvent).where(HistoryEvent.type == "org.switched_person"))
    assert event.person_id == world.people["duty"].id
    assert duty.post("/demo/switch", {"username": "nobody"}).status_code == 404


def test_switch_leads_to_a_page_the_other_may_see(as_: As, world: World) -> None:
    case = world.open()
    task = world.open_tasks(case)["check"].id
    for path in (f"/cases/{case.id}", f"/tasks/{task}", "/people", "/statements/9", "/nowhere"):
        duty = as_("duty")
        duty.get("/inbox")
        answer = duty.post("/demo/switch", {"username": "outsider", "next": path})
        assert answer.location == "/inbox", path
    duty = as_("duty")
    duty.get("/inbox")
    answer = duty.post("/demo/switch", {"username": "duty2", "next": f"/tasks/{task}?x=1"})
    assert answer.location == f"/tasks/{task}?x=1"


def test_fast_forward_fires_what_falls_due(as_: As, world: World, clock: Clock) -> None:
    case = world.open()
    duty = as_("duty")
    duty.get(f"/cases/{case.id}")
    path = f"/demo/cases/{case.id}/fast-forward"
    assert duty.post(path, {"minutes": "40"}).location == f"/cases/{case.id}"
    while fire_next(world.db, clock()):
        pass
    page = duty.get(f"/cases/{case.id}").text
    assert "剩余 20 分钟" in page
    assert "提醒" in page
    for wrong in ("0", "-5", "x", "99999999", ""):
        assert duty.post(path, {"minutes": wrong}).status_code == 400
    assert as_("outsider").post(path, {"minutes": "40"}).status_code == 404


def test_from_another_machine_it_is_refused(as_: As, world: World) -> None:
    duty = as_("duty")
    duty.get("/inbox")
    answer = duty.post(
        "/demo/switch", {"username": "leader"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert answer.status_code == 403


def test_not_in_a_real_organisation(as_: As, world: World) -> None:
    def real(uow: object) -> None:
        uow.session.scalar(select(Organization)).is_demo = False  # type: ignore[attr-defined]

    world.db.run(real)
    duty = as_("duty")
    duty.get("/inbox")
    assert duty.post("/demo/switch", {"username": "leader"}).status_code == 403


@pytest.mark.parametrize("path", ["/demo/switch", "/demo/cases/1/fast-forward"])
def test_without_demo_there_is_no_such_address(real_app: Flask, world: World, path: str) -> None:
    browser = Browser(real_app.test_client())
    browser.get("/sign-in")
    assert browser.post(path, {"username": "leader"}).status_code == 404
