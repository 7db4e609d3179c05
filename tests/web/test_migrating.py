"""Which cases run on which version, what a migration would do, and moving them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from tests.integration.test_case_migration import HALF_HOUR, NO_CHECK, OFFICE_CHECKS, changed
from tests.integration.world import World
from tests.web.conftest import Browser

SignIn = Callable[[str], Browser]
PAGE = "/plans/t01/migrate"


@pytest.mark.parametrize("who", ["author", "admin", "auditor", "leader"])
def test_the_table_names_each_running_case_and_its_version(
    world: World, as_: SignIn, who: str
) -> None:
    case = world.open()
    page = as_(who).get(PAGE).text
    assert case.number in page and "第 1 版" in page and "只有一个版本" in page
    # authors and administrators look after plans, not cases: no title for them
    assert (case.title in page) is (who == "auditor")


def test_outsiders_do_not_see_it(world: World, as_: SignIn, visitor: Browser) -> None:
    world.open()
    assert as_("outsider").get(PAGE).status_code == 403
    assert as_("duty").get(PAGE).status_code == 403
    assert visitor.get(PAGE).status_code == 303
    assert as_("author").get("/plans/none/migrate").status_code == 404


def test_preview_then_move_one_of_two(world: World, as_: SignIn) -> None:
    case, other = world.open(), world.open()
    world.claim(world.open_tasks(case)["check"].id, "duty")
    new = world.deploy(changed(HALF_HOUR, OFFICE_CHECKS))
    author = as_("author")
    plain = author.get(PAGE).text
    assert f'value="{case.id}"' in plain and "迁移这" not in plain
    shown = author.get(f"{PAGE}?to=2&case={case.id}").text
    for words in ("核实", "已签收", "签收人不担任新的角色", "重新计算", "迁移这 1 件"):
        assert words in shown, words
    refused = author.post(PAGE, {"case": case.id, "to_version": new.id, "reason": ""})
    assert refused.status_code == 422 and "迁移这 1 件" in refused.text
    answer = author.post(PAGE, {"case": case.id, "to_version": new.id, "reason": "限时改短"})
    assert answer.status_code == 303
    after = author.get(answer.headers["Location"]).text
    assert f"已把 {case.number} 迁到第 2 版" in after
    rows = world.all(select(Case).order_by(Case.id))
    assert [row.plan_version_id == new.id for row in rows] == [True, False]
    assert other.id == rows[1].id
    record = as_("auditor").get(f"/cases/{case.id}/record").text
    assert "由第 1 版迁到第 2 版" in record and "限时改短" in record


def test_what_cannot_be_moved_is_said(world: World, as_: SignIn) -> None:
    world.deploy(changed(NO_CHECK))
    case = world.open()
    back = world.deploy(changed())
    author = as_("author")
    shown = author.get(f"{PAGE}?case={case.id}").text
    assert "正在办的“受理”在新版本里没有" in shown and "迁移这" not in shown
    answer = author.post(PAGE, {"case": case.id, "to_version": back.id, "reason": "改回"})
    assert "正在办的“受理”在新版本里没有" in author.get(answer.headers["Location"]).text
    assert world.one(select(HistoryEvent).where(HistoryEvent.type == "org.cases_migrated")) is None


@pytest.mark.parametrize("who", ["auditor", "leader", "duty"])
def test_who_may_not_move(world: World, as_: SignIn, who: str) -> None:
    case = world.open()
    new = world.deploy(changed(HALF_HOUR))
    data = {"case": case.id, "to_version": new.id, "reason": "改"}
    assert as_(who).post(PAGE, data).status_code == 403


def test_odd_input(world: World, as_: SignIn) -> None:
    case = world.open()
    new = world.deploy(changed(HALF_HOUR))
    author = as_("author")
    assert author.get(f"{PAGE}?to=99&case=x&case=-1").status_code == 404
    assert author.get(f"{PAGE}?to=x&case=999").status_code == 200
    assert author.post(PAGE, {"to_version": "x", "reason": "改"}).status_code == 404
    answer = author.post(PAGE, {"case": [case.id, 9999], "to_version": new.id, "reason": "改"})
    assert "其中一件已不在运行" in author.get(answer.headers["Location"]).text
    again = author.post(PAGE, {"case": case.id, "to_version": new.id, "reason": "改"})
    assert "已在这一版" in author.get(again.headers["Location"]).text
