"""Setting what a plan leaves to the unit: shown on the plan page, changed on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from models.people import Organization
from services.plan_settings import values
from services.plans import current_version
from tests.integration.settings_plan import plan_t03
from tests.integration.world import World
from tests.web.conftest import Browser, Clock
from workflows.bundle import Bundle

As = Callable[[str], Browser]
PAGE = "/plans/t03/settings/"
WHY = {"reason": "办公会议定"}


@pytest.fixture
def world(world: World) -> World:
    world.deploy(plan_t03())
    return world


def standing(world: World) -> dict[str, object]:
    with world.db.read() as session:
        return values(session, "t03", current_version(session, "t03").manifest)


def test_the_plan_page_shows_what_the_unit_sets(as_: As, world: World) -> None:
    page = as_("author").get("/plans/t03").text
    for word in ("由单位设定", "先核查", "不启用", "未设定", "某办法第3条", "依上位规定加入"):
        assert word in page, word
    assert f"{PAGE}check" in page
    assert f"{PAGE}check" not in as_("duty").get("/plans/t03").text


@pytest.mark.parametrize(
    ("key", "form", "shown", "stored"),
    [
        ("check", {"value": "true"}, "启用", "True"),
        ("limit", {"value": "12", "unit": "hours"}, "12 小时", "12:00:00"),
        ("limit", {"value": "030", "unit": "minutes"}, "30 分钟", "0:30:00"),
        ("limit", {"value": "3", "unit": "days"}, "3 天", "3 days, 0:00:00"),
        ("since", {"value": "2026-04-01"}, "2026-04-01", "2026-04-01"),
    ],
)
def test_a_setting_is_changed(
    as_: As, world: World, key: str, form: dict[str, str], shown: str, stored: str
) -> None:
    author = as_("author")
    assert author.get(PAGE + key).status_code == 200
    answer = author.post(PAGE + key, form | WHY)
    assert (answer.status_code, answer.location) == (303, "/plans/t03#settings")
    page = author.get("/plans/t03").text
    assert shown in page
    assert "本单位已设" in page
    assert str(standing(world)[key]) == stored
    # What stands is what the form begins with.
    again = author.get(PAGE + key).text
    assert form["value"].lstrip("0") in again


def test_emptied_it_is_not_set(as_: As, world: World) -> None:
    admin = as_("admin")
    admin.get(PAGE + "limit")
    admin.post(PAGE + "limit", {"value": "2", "unit": "days"} | WHY)
    admin.post(PAGE + "limit", {"value": "", "unit": "days"} | WHY)
    assert standing(world)["limit"] is None


@pytest.mark.parametrize(
    ("key", "form", "said"),
    [
        ("check", {"value": "true"}, "必填"),
        ("check", {"value": "perhaps"} | WHY, "请选择是或否"),
        ("limit", {"value": "soon", "unit": "hours"} | WHY, "请填写整数和单位"),
        ("limit", {"value": "12", "unit": "moons"} | WHY, "请填写整数和单位"),
        ("limit", {"value": "0", "unit": "hours"} | WHY, "数值过小"),
        ("limit", {"value": "99999999", "unit": "days"} | WHY, "请填写整数和单位"),
        ("limit", {"value": "99999", "unit": "days"} | WHY, "数值过大"),
        ("since", {"value": "2026-02-30"} | WHY, "日期写法不对"),
    ],
)
def test_what_will_not_do_comes_back_with_what_was_typed(
    as_: As, world: World, key: str, form: dict[str, str], said: str
) -> None:
    author = as_("author")
    author.get(PAGE + key)
    answer = author.post(PAGE + key, form)
    assert answer.status_code == 422
    assert said in answer.text
    assert "error-summary" in answer.text
    if "reason" in form:
        assert WHY["reason"] in answer.text
    assert standing(world) == {"check": False, "limit": None, "since": None}


@pytest.mark.parametrize("who", ["duty", "auditor", "outsider"])
def test_nobody_else_may(as_: As, world: World, who: str) -> None:
    browser = as_(who)
    assert browser.get(PAGE + "check").status_code == 403
    browser.get("/inbox")
    assert browser.post(PAGE + "check", {"value": "true"} | WHY).status_code == 403
    assert standing(world)["check"] is False


def test_what_is_not_there(as_: As, world: World) -> None:
    author = as_("author")
    assert author.get(PAGE + "none").status_code == 404
    assert author.get("/plans/none/settings/check").status_code == 404
    author.get("/inbox")
    assert author.post(PAGE + "none", WHY).status_code == 404


def test_the_visitor_signs_in_first(visitor: Browser, world: World) -> None:
    assert "/sign-in" in visitor.get(PAGE + "check").location
    with world.db.read() as session:
        unit = session.get(Organization, 1)
    assert unit is not None and not unit.settings


def test_the_next_review_counts_from_when_the_version_came_into_force(
    as_: As, world: World, clock: Clock
) -> None:
    plan = plan_t03()
    regular = {"key": "review_period", "type": "duration", "default": "", "name": "评审周期"}
    files = {**plan.files, "plan.bpmn": plan.files["plan.bpmn"] + b"\n"}
    settings = [*plan.manifest["settings"], regular]
    world.deploy(Bundle(files, {**plan.manifest, "settings": settings}))
    author = as_("author")
    assert "下次评审" not in author.get("/plans/t03").text, "nobody has set a period"
    author.post(f"{PAGE}review_period", {"value": "30", "unit": "days"} | WHY)
    page = author.get("/plans/t03").text
    assert "下次评审" in page
    assert (world.now + timedelta(days=30)).strftime("%m-%d") in page
    assert "已到期" not in page
    clock.forward(days=31)
    assert "已到期" in as_("author").get("/plans/t03").text
