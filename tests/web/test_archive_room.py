"""Keeping and destroying cases on the pages: who sees them, who may do what, what is refused."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from models.retention import DestructionList, LegalHold, PlanRetention, RetentionTerm
from services import destruction_run
from services.uow import Database
from services.verify import verify_all
from tests.integration.archive_world import (
    LATER,
    agreed,
    archived,
    draw_up,
    keep,
    vote,
    with_keepers,
)
from tests.integration.world import MORNING, Made, World, make
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]
WORDS = "住三号楼的申老师发热两日"
PHONE = "13900004444"


@pytest.fixture(scope="module")
def shelf(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two archived cases, kept ten years; one still at work."""

    def work(database: Database) -> World:
        world = with_keepers(World(database, MORNING, dict(furnished[1])))
        keep(world)
        archived(world, WORDS, where=f"申家 {PHONE}")
        archived(world)
        world.open("t11")
        return world

    return make(furnished[0], tmp_path_factory.mktemp("shelf"), work)


@pytest.fixture
def made(shelf: Made) -> Made:
    return shelf


@pytest.fixture
def later(clock: Clock) -> Clock:
    """The day the cases are due."""
    clock.moment = LATER
    return clock


@pytest.fixture
def first(world: World, later: Clock) -> Case:
    found: Case = world.one(select(Case).order_by(Case.id).limit(1))
    return found


def test_only_those_who_take_part_see_the_pages(as_: As, world: World, first: Case) -> None:
    pages = ["/archive", "/archive/cases", "/archive/holds", "/archive/terms",
             f"/archive/cases/{first.id}"]  # fmt: skip
    assert {as_("duty").get(page).status_code for page in pages} == {403}
    assert {as_(who).get("/archive").status_code for who in ("author", "outsider")} == {403}
    assert {as_("archivist").get(page).status_code for page in pages} == {200}
    for who in ("admin", "leader", "office", "lawyer", "auditor"):
        assert as_(who).get(pages[-1]).status_code == 200, who
    running = world.all(select(Case.id).where(Case.status == "open"))[0]
    assert as_("admin").get(f"/archive/cases/{running}").status_code == 404
    assert as_("office").get("/archive/cases?number=9-9").status_code == 404
    assert as_("archivist").get(f"/archive/cases?number={first.number}").status_code == 303
    assert as_("archivist").get("/archive/lists/9").status_code == 404
    assert as_("archivist").get(f"/archive/cases?after={'9' * 30}").status_code == 200


def test_auditors_look_and_send_nothing(as_: As, world: World, first: Case) -> None:
    made = draw_up(world, first)
    auditor = as_("auditor")
    page = auditor.get(f"/archive/lists/{made.id}").text
    assert "等人审批" in page and "同意销毁" not in page
    for path in ("lists", f"lists/{made.id}/vote", f"lists/{made.id}/withdraw",
                 f"lists/{made.id}/carry-out", f"cases/{first.id}/hold", "terms", "terms/y10",
                 "terms/plans/t11"):  # fmt: skip
        assert auditor.post(f"/archive/{path}", {"reason": "x"}).status_code == 403, path
    assert world.one(select(DestructionList.status)) == "open"
    assert world.all(select(LegalHold)) == []


def test_the_story_of_a_list(as_: As, world: World, first: Case, later: Clock) -> None:
    clerk = as_("archivist")
    page = clerk.get("/archive").text
    assert page.count('name="case"') == 2 and "2037-01-01" in page and "归档次年 1 月 1 日" in page
    assert "还原不出文字" in page, "what stays and why"
    assert clerk.post("/archive/lists").status_code == 422
    answer = clerk.post("/archive/lists", {"case": [first.id], "note": "已鉴定"})
    assert answer.location == "/archive/lists/1"
    assert "须由另外两人审批" in clerk.get("/archive/lists/1").text
    assert clerk.post("/archive/lists", {"case": [first.id]}).status_code == 409
    leader = as_("leader")
    shown = leader.get("/archive/lists/1").text
    digest = _digest(shown)
    assert leader.post("/archive/lists/1/vote", {"digest": digest}).status_code == 422
    refuse = {"digest": digest, "decision": "refuse"}
    assert "必填" in leader.post("/archive/lists/1/vote", refuse).text
    approve = {"digest": digest, "decision": "approve", "comment": "同意"}
    stale = leader.post("/archive/lists/1/vote", approve | {"digest": "0" * 64})
    assert stale.status_code == 409
    assert leader.post("/archive/lists/1/vote", approve).status_code == 303
    assert leader.post("/archive/lists/1/vote", approve).status_code == 409, "once"
    assert clerk.post("/archive/lists/1/carry-out", {"confirmed": "on"}).status_code == 409
    assert as_("lawyer").post("/archive/lists/1/vote", approve).status_code == 303
    assert clerk.post("/archive/lists/1/carry-out").status_code == 422, "not confirmed"
    assert leader.post("/archive/lists/1/carry-out", {"confirmed": "on"}).status_code == 403
    assert _result_has(world, WORDS)
    done = clerk.post("/archive/lists/1/carry-out", {"confirmed": "on"})
    assert done.status_code == 303
    assert "已销毁 1 件" in clerk.get("/archive/lists/1").text
    assert not _result_has(world, WORDS)
    assert "已销毁" in clerk.get(f"/archive/cases/{first.id}").text
    with world.db.read() as session:
        assert all(report.ok for report in verify_all(session))


def test_a_long_list_shows_how_far_it_is_and_goes_on(
    as_: As, world: World, first: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    second: Case = world.all(select(Case).order_by(Case.id))[1]
    made, clerk = agreed(world, first, second), as_("archivist")
    path, sure = f"/archive/lists/{made.id}", {"confirmed": "on"}
    real = destruction_run.carry_out
    monkeypatch.setattr(destruction_run, "carry_out", partial(real, seconds=0))
    clerk.get(path)
    page = clerk.post(f"{path}/carry-out", sure)
    assert page.status_code == 200 and "已办 1 件,共 2 件" in page.text
    assert '<progress class="progress mb-2" max="2" value="1">' in page.text
    assert 'hx-trigger="load, submit"' in page.text and "撤回清册" not in page.text
    left = clerk.get(path).text
    assert "没有执行完" in left and "接着执行" in left and "撤回清册" in left, "interrupted"
    assert "等档案人员接着执行" in as_("leader").get(path).text
    htmx = {"HX-Request": "true"}
    refused = as_("leader").post(f"{path}/carry-out", sure, headers=htmx)
    assert refused.headers["HX-Redirect"] == path
    done = clerk.post(f"{path}/carry-out", sure, headers=htmx)
    assert done.headers["HX-Redirect"] == path
    assert "已销毁 2 件" in clerk.get(path).text
    again = clerk.post(f"{path}/carry-out", sure, headers=htmx)
    assert again.headers["HX-Redirect"] == path
    assert "不能执行" in clerk.get(path).text


def test_a_notice_leads_to_the_list(as_: As, world: World, first: Case) -> None:
    as_("archivist").get("/archive")
    made = draw_up(world, first)
    leader = as_("leader")
    panel = leader.get("/notifications/panel").text
    assert "销毁清册第 1 号(1 件)等您审批" in panel
    assert f'value="/archive/lists/{made.id}"' in panel
    assert "等您审批" not in as_("archivist").get("/notifications/panel").text
    vote(world, made, "leader", "refuse", comment="再等等")
    assert "未获同意" in as_("archivist").get("/notifications/panel").text
    clerk = as_("archivist")
    clerk.post("/language", {"locale": "en"})
    assert "list 1 was refused" in clerk.get("/notifications/panel").text


def _digest(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found
    return found.group(1)


def _result_has(world: World, words: str) -> bool:
    with world.db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT result FROM user_task").all()
    return words in str(rows)


def test_who_drew_it_up_does_not_agree_to_it(as_: As, world: World, first: Case) -> None:
    made = draw_up(world, first)
    clerk = as_("archivist")
    given = {"decision": "approve", "digest": made.digest}
    assert clerk.post(f"/archive/lists/{made.id}/vote", given).status_code == 403
    vote(world, made, "leader")
    assert clerk.post(f"/archive/lists/{made.id}/withdraw").status_code == 303
    late = as_("lawyer").post(f"/archive/lists/{made.id}/vote", given)
    assert late.status_code == 409


def test_a_hold_placed_after_the_votes_is_respected(as_: As, world: World, first: Case) -> None:
    made, lawyer = agreed(world, first), as_("lawyer")
    lawyer.get(f"/archive/cases/{first.id}")
    assert lawyer.post(f"/archive/cases/{first.id}/hold", {"reason": " "}).status_code == 422
    assert as_("office").post(f"/archive/cases/{first.id}/hold", {"reason": "x"}).status_code == 403
    held = lawyer.post(f"/archive/cases/{first.id}/hold", {"reason": f"诉讼,当事人 {PHONE}"})
    assert held.status_code == 303
    clerk = as_("archivist")
    assert "暂缓中,不会销毁" in clerk.get(f"/archive/lists/{made.id}").text
    clerk.post(f"/archive/lists/{made.id}/carry-out", {"confirmed": "on"})
    page = clerk.get(f"/archive/lists/{made.id}").text
    assert "暂缓,未销毁" in page and "暂缓 1 件" in page
    assert _result_has(world, WORDS)
    assert PHONE in clerk.get("/archive/holds").text
    assert PHONE not in as_("auditor").get("/archive/holds").text, "masked"
    lift = f"/archive/cases/{first.id}/holds/1/lift"
    assert lawyer.post(lift, {"lift_1": ""}).status_code == 422
    assert lawyer.post(lift, {"lift_1": "已结案"}).status_code == 303
    assert lawyer.post(lift, {"lift_1": "已结案"}).status_code == 409
    assert lawyer.post(lift.replace("/1/", "/77/"), {"lift_77": "x"}).status_code == 404


def test_the_table_and_the_plans_terms(as_: As, world: World, later: Clock) -> None:
    admin = as_("admin")
    assert "保管到 2036 年 12 月 31 日" in admin.get("/archive/terms").text
    add = {"name": "十五年", "ends": "years", "years": "15"}
    assert admin.post("/archive/terms", add).status_code == 303
    again = admin.post("/archive/terms", add)
    assert again.status_code == 422 and 'value="十五年"' in again.text
    assert admin.post("/archive/terms", {**add, "name": "零", "years": "0"}).status_code == 422
    assert admin.post("/archive/terms", {**add, "name": "空", "years": ""}).status_code == 422
    assert admin.post("/archive/terms/y15", {"name_y15": "15 年"}).status_code == 303
    assert world.one(select(RetentionTerm.active).where(RetentionTerm.key == "y15")) is False
    off = admin.post("/archive/terms/plans/t11", {"term": "y15"})
    assert off.status_code == 409
    needed = admin.post("/archive/terms/permanent", {"name_permanent": "永久"})
    assert needed.status_code == 409
    assert admin.post("/archive/terms/y77", {"name_y77": "x"}).status_code == 404
    assert admin.post("/archive/terms/plans/t11", {"term": "y77"}).status_code == 404
    assert admin.post("/archive/terms/plans/none", {"term": "y30"}).status_code == 404
    assert admin.post("/archive/terms/plans/t11", {"term": "y30"}).status_code == 303
    assert world.one(select(PlanRetention.term_key)) == "y30"
    assert "没有保管期满的事件" in admin.get("/archive").text
    assert as_("leader").post("/archive/terms", add).status_code == 403


def test_who_takes_a_package(as_: As, world: World, first: Case, tmp_path: Path) -> None:
    path = f"/archive/cases/{first.id}/package"
    assert {as_(who).get(path).status_code for who in ("leader", "admin", "duty")} == {403}
    assert path not in as_("leader").get(f"/archive/cases/{first.id}").text
    for who in ("archivist", "office", "auditor"):
        answer = as_(who).get(path)
        assert answer.status_code == 200 and answer.mimetype == "application/zip"
        assert f"archive-{first.number}.zip" in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.data)) as box:
            masked = json.loads(box.read("manifest.json"))["masked"]
            report = box.read("report.html").decode() + box.read("contents.html").decode()
            everything = b"".join(box.read(name) for name in box.namelist())
            assert "report.docx" in box.namelist() and first.number in report
        # The report is made of the same record: masked where that is, and nowhere else.
        assert masked is (who == "auditor")
        assert (PHONE in report) is (PHONE.encode() in everything) is (who != "auditor")
    made = world.all(select(HistoryEvent).where(HistoryEvent.type == "audit.bundle_made"))
    assert [(event.role_key, event.chain) for event in made] == [
        ("archive", "audit"), ("office", "audit"), ("auditor", "audit"),
    ]  # fmt: skip
