"""Reporting, and the signals that wait."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import func, select

from models.cases import Case
from models.intake import Attachment, Signal
from services import signals
from services.signals import Noticed
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]

REPORT = {
    "classified": "no",
    "text": "舞台支架倒塌,网传五人死亡",
    "link": "https://example.com/v/1",
    "plan": "t01",
}


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    out.seek(0)
    return out


def count(world: World, model: type) -> int:
    return int(world.one(select(func.count()).select_from(model)))


def test_one_sentence_and_a_link_open_a_case(as_: As, world: World) -> None:
    duty = as_("duty")
    assert duty.get("/report").status_code == 200
    answer = duty.post("/report", REPORT)
    case = world.one(select(Case))
    assert (answer.status_code, answer.location) == (303, f"/cases/{case.id}")
    assert case.summary == REPORT["text"]


def test_or_a_screenshot(as_: As, world: World) -> None:
    duty = as_("duty")
    data = {**REPORT, "link": "", "files": (picture(), "现场.png")}
    assert duty.post("/report", data, content_type="multipart/form-data").status_code == 303
    assert world.one(select(Attachment)).name == "现场.png"


def test_neither_is_refused_but_a_phone_call_needs_none(as_: As, world: World) -> None:
    duty = as_("duty")
    refused = duty.post("/report", {**REPORT, "link": ""})
    assert refused.status_code == 422
    assert "请填写链接,或上传截图" in refused.text.replace("\uff0c", ",")
    assert REPORT["text"] in refused.text
    assert duty.post("/report", {**REPORT, "link": "", "medium": "phone"}).status_code == 303


def test_classified_stops_and_keeps_nothing(as_: As, world: World) -> None:
    duty = as_("duty")
    duty.get("/report")
    answer = duty.post("/report", {**REPORT, "classified": "yes", "text": "机密事项"})
    assert "纸质" in answer.text
    assert "机密事项" not in answer.text
    assert count(world, Signal) == count(world, Case) == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"classified": ""}, "classified"),
        ({"text": " "}, "text"),
        ({"text": "x" * 5001}, "text"),
        ({"reads": "很多"}, "reads"),
        ({"reads": "-1"}, "reads"),
        ({"comments": "9" * 30}, "comments"),
        ({"medium": "telepathy"}, "medium"),
        ({"discovered_at": "2999-01-01T00:00"}, "discovered_at"),
        ({"discovered_at": "昨晚"}, "discovered_at"),
    ],
)
def test_mistakes(as_: As, world: World, given: dict[str, str], field: str) -> None:
    duty = as_("duty")
    answer = duty.post("/report", {**REPORT, **given})
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text
    assert REPORT["link"] in answer.text
    assert count(world, Signal) == 0


def test_a_file_that_is_not_what_it_claims(as_: As, world: World) -> None:
    duty = as_("duty")
    data = {**REPORT, "files": (io.BytesIO(b"MZ\x90\x00" + b"x" * 200), "photo.png")}
    answer = duty.post("/report", data, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'href="#f-files"' in answer.text
    assert count(world, Signal) == 0  # nothing half-done


def test_unknown_plan(as_: As, world: World) -> None:
    assert as_("duty").post("/report", {**REPORT, "plan": "p99"}).status_code == 404
    assert count(world, Signal) == 0


def test_without_a_plan_only_the_signal_is_kept(as_: As, world: World) -> None:
    assert as_("duty").post("/report", {**REPORT, "plan": ""}).location == "/report"
    assert (count(world, Signal), count(world, Case)) == (1, 0)


def test_auditors_do_not_report(as_: As) -> None:
    auditor = as_("auditor")
    assert auditor.get("/report").status_code == 403
    assert auditor.post("/report", REPORT).status_code == 403


@pytest.fixture
def signal(world: World) -> Signal:
    return world.db.run(
        lambda uow: signals.record(
            uow,
            Noticed("水厂停水两天无人答复", link="https://example.com/w"),
            world.actor("duty"),
            world.now,
        )
    )


def test_taking_a_signal(as_: As, world: World, signal: Signal) -> None:
    duty = as_("duty")
    assert "水厂停水" in duty.get("/signals").text
    page = duty.get(f"/signals/{signal.id}")
    assert "按预案启动" in page.text
    answer = duty.post(f"/signals/{signal.id}/take", {"plan": "t01", "title": "停水"})
    assert answer.status_code == 303
    again = as_("duty2").post(f"/signals/{signal.id}/take", {"plan": "t01"})
    assert again.status_code == 409
    assert "水厂停水" not in duty.get("/signals").text


def test_setting_aside_needs_a_reason(as_: As, signal: Signal) -> None:
    duty = as_("duty")
    duty.get(f"/signals/{signal.id}")
    assert duty.post(f"/signals/{signal.id}/dismiss", {"reason": ""}).status_code == 422
    assert duty.post(f"/signals/{signal.id}/dismiss", {"reason": "与本县无关"}).status_code == 303


def test_duplicates_are_suggested_and_marked(as_: As, world: World, signal: Signal) -> None:
    other = world.db.run(
        lambda uow: signals.record(
            uow,
            Noticed("水厂停水两天无人答复!", link="https://example.com/w"),
            world.actor("duty"),
            world.now,
        )
    )
    duty = as_("duty")
    assert "标为它的重复" in duty.get(f"/signals/{other.id}").text
    path = f"/signals/{other.id}/duplicate"
    assert duty.post(path, {"of": "x"}).status_code == 422
    assert duty.post(path, {"of": str(other.id)}).status_code == 422
    assert duty.post(path, {"of": str(signal.id)}).status_code == 303


@pytest.mark.parametrize("act", ["take", "dismiss", "duplicate"])
def test_people_without_a_part_do_not_see_signals(as_: As, signal: Signal, act: str) -> None:
    admin = as_("admin")
    assert admin.get(f"/signals/{signal.id}").status_code == 404
    assert "水厂停水" not in admin.get("/signals").text
    data = {"plan": "t01", "reason": "x", "of": "1"}
    assert admin.post(f"/signals/{signal.id}/{act}", data).status_code == 404
    auditor = as_("auditor")
    assert auditor.get(f"/signals/{signal.id}").status_code == 200
    assert auditor.post(f"/signals/{signal.id}/{act}", data).status_code == 403


@pytest.mark.parametrize("path", ["/signals/999", "/signals/99999999999999999999", "/signals/x"])
def test_unknown_signal(as_: As, path: str) -> None:
    assert as_("duty").get(path).status_code == 404
