"""What auditors open is itself on record: once, as what it was, and never unseen."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from models.history import HistoryEvent
from services import audit_log, audit_trail, case_reading
from tests.integration.world import Made, World
from tests.web.conftest import Browser, Clock
from tests.web.public_case import (
    SECRETS,
    found_in,
    give_role,
    opened,
    public_made,
    the_case,
)
from views.audit_trail import NOT_RECORDED, RECORDED

__all__ = ["public_made"]
As = Callable[[str], Browser]


@pytest.fixture
def made(public_made: Made) -> Made:
    return public_made


def test_every_address_that_is_read_is_in_one_of_the_tables(app: Flask) -> None:
    endpoints = {r.endpoint for r in app.url_map.iter_rules() if "GET" in (r.methods or set())}
    assert endpoints == set(RECORDED) | NOT_RECORDED
    assert not set(RECORDED) & NOT_RECORDED


def test_what_is_opened_is_recorded_once(as_: As, world: World, clock: Clock) -> None:
    case, auditor = the_case(world), as_("auditor")
    page = f"/cases/{case.id}"
    for _ in range(3):
        auditor.get(page)
        auditor.get(f"{page}/live")  # what the open page asks for is that page
        auditor.get("/notifications/badge")
        auditor.get("/inbox")
    auditor.get("/cases/999")  # nothing to see
    assert opened(world) == [{"what": "cases.show", "case": case.id}]
    clock.forward(minutes=11)
    auditor.get(page)
    auditor.get("/statements/1?a=1&b=2")
    auditor.get("/cases?status=open&q=13812345678")
    assert opened(world)[1:] == [
        {"what": "cases.show", "case": case.id},
        {"what": "statements.show", "case": case.id, "id": 1, "args": {"a": "1", "b": "2"}},
        {"what": "cases.index", "args": {"q": "〔电话〕", "status": "open"}},
    ]
    with world.db.read() as session:  # and it leaves no trace in the case
        types = {event.type for event in case_reading.case_events(session, case.id)}
    assert not {one for one in types if one.startswith("audit.")}


def test_who_works_on_the_case_opens_it_as_such(as_: As, world: World) -> None:
    case = the_case(world)
    give_role(world, "duty", "auditor")
    duty = as_("duty")
    assert found_in(duty.get(f"/cases/{case.id}").text)
    assert opened(world) == []
    duty.get("/cases")  # but the list of all cases is the auditor's
    assert [one["what"] for one in opened(world)] == ["cases.index"]
    # Who is no auditor leaves no trace, whatever they open.
    as_("leader").get(f"/cases/{case.id}")
    assert len(opened(world)) == 1


def test_a_refused_form_shows_an_auditor_no_page(as_: As, world: World) -> None:
    case, auditor = the_case(world), as_("auditor")
    auditor.get("/inbox")
    answer = auditor.post(f"/cases/{case.id}/retier", {})
    assert answer.status_code == 403
    assert case.number not in answer.text
    # Who has another role beside it gets the page again, and that is on record.
    give_role(world, "outsider", "auditor")
    other = as_("outsider")
    other.get("/inbox")
    assert other.post(f"/cases/{case.id}/retier", {}).status_code == 422
    assert opened(world) == [{"what": "cases.retier", "case": case.id}]
    # Another role changes nothing in a case that only the auditor's opens.
    for path, data in (
        ("retier", {}),
        ("anchors/discovered_at", {"occurred_at": "2026-03-10T09:00"}),
        ("files", {"file": (io.BytesIO(b"x"), "x.txt")}),
    ):
        refused = other.post(f"/cases/{case.id}/{path}", {"reason": "x", **data})
        assert refused.status_code == 403, path
    changes = {"digest": "", "title": "x", "known": "x", "contact": "x"}
    assert other.post("/statements/1/versions", changes).status_code == 403


def test_what_cannot_be_recorded_is_not_shown(
    as_: As, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, auditor = the_case(world), as_("auditor")

    def fails(*_args: object) -> None:
        raise RuntimeError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(audit_trail, "record_opened", fails)
        answer = auditor.get(f"/cases/{case.id}")
        assert answer.status_code == 503
        assert case.number not in answer.text and "查阅没有记录下来" in answer.text
        assert "script-src" in answer.headers["Content-Security-Policy"]
        assert as_("duty").get(f"/cases/{case.id}").status_code == 200
    assert auditor.get(f"/cases/{case.id}").status_code == 200
    assert len(opened(world)) == 1


def test_a_reason_is_shown_in_the_log_as_the_case_is(as_: As, world: World, clock: Clock) -> None:
    case, auditor = the_case(world), as_("auditor")
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": f"核对{SECRETS['mobile']}是谁"})
    said, masked = f"显示个人信息:核对{SECRETS['mobile']}是谁", "显示个人信息:核对〔电话〕是谁"
    assert said in auditor.get("/audit/log").text
    assert masked in as_("admin").get("/audit/log").text
    clock.forward(minutes=61)
    page = as_("auditor").get("/audit/log").text
    assert masked in page and not found_in(page)


def test_the_log_says_who_opened_what(
    as_: As, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "PAGE", 3)
    case, auditor = the_case(world), as_("auditor")
    auditor.get(f"/cases/{case.id}")
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": f"核对{SECRETS['mobile']}是谁"})
    page = auditor.get("/audit/log")
    assert page.status_code == 200
    assert "查阅:事件页" in page.text and case.number in page.text
    assert "显示个人信息:核对" in page.text
    for n in range(audit_log.PAGE + 1):
        auditor.get(f"/cases?after={n}")
    first = auditor.get("/audit/log").text
    assert "查阅:事件页" not in first
    below = world.one(select(func.max(HistoryEvent.seq)).where(HistoryEvent.chain == "audit"))
    below -= audit_log.PAGE
    assert f"before={below + 1}" in first or f"before={below}" in first
    assert "查阅:事件页" in auditor.get(f"/audit/log?before={below}").text
    assert as_("admin").get("/audit/log").status_code == 200
    assert as_("duty").get("/audit/log").status_code == 403
    assert as_("auditor").get("/audit/log?before=abc").status_code == 200
