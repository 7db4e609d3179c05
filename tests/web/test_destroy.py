"""The page on which a person destroys what a case holds about people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.cases import Case
from models.tasks import UserTask
from tests.integration.test_destruction import TYPED, plan_t09
from tests.integration.world import World
from tests.web.conftest import Browser

WORDS = TYPED["field"]
COMPLETED = select(UserTask).where(UserTask.status == "completed")


@pytest.fixture
def case(world: World) -> Case:
    world.deploy(plan_t09())
    made = world.open("t09", summary=TYPED["summary"])
    given = {"remark": WORDS, "who": TYPED["short"], "count": "3", "abnormal": "true"}
    world.complete(made, "fill", "duty", given)
    return made


def address(world: World, case: Case) -> str:
    return f"/tasks/{world.open_tasks(case)['destroy'].id}"


def test_the_list_says_where_and_how_many_but_not_what(
    world: World, as_: Callable[[str], Browser], case: Case
) -> None:
    page = as_("leader").get(address(world, case)).text
    assert "登记" in page and "启动事件、办结时填写的内容" in page
    assert "突发事件应对法(2024)第八十五条" in page
    assert WORDS not in page


def test_it_must_be_confirmed_with_a_reason(
    world: World, as_: Callable[[str], Browser], case: Case
) -> None:
    leader, task = as_("leader"), address(world, case)
    answer = leader.post(f"{task}/complete", {"reason": "purpose_over"})
    assert answer.status_code == 422 and "销毁后不能恢复" in answer.text
    assert leader.post(f"{task}/complete", {"confirmed": "true"}).status_code == 422
    assert leader.post(f"{task}/complete", {"confirmed": "on", "reason": "x"}).status_code == 422


def test_afterwards_the_pages_say_destroyed(
    world: World, as_: Callable[[str], Browser], case: Case
) -> None:
    leader = as_("leader")
    fill = next(t for t in world.all(COMPLETED) if t.element_id == "fill")
    assert WORDS in leader.get(f"/tasks/{fill.id}").text
    sent = {"confirmed": "on", "reason": "purpose_over"}
    assert leader.post(f"{address(world, case)}/complete", sent).status_code == 303
    page = leader.get(f"/tasks/{fill.id}").text
    assert WORDS not in page and page.count("(已销毁)") == 2
    shown = leader.get(f"/cases/{case.id}").text
    assert "填写的概况和链接已按规定销毁" in shown
    assert "销毁个人信息" in shown and "个人信息保护法第四十七条" in shown
    assert WORDS not in shown and TYPED["summary"] not in shown
    record = as_("auditor").get(f"/cases/{case.id}/record").text
    assert "销毁个人信息" in record and WORDS not in record


def test_only_its_role_may(world: World, as_: Callable[[str], Browser], case: Case) -> None:
    sent = {"confirmed": "on", "reason": "purpose_over"}
    answer = as_("duty").post(f"{address(world, case)}/complete", sent)
    assert answer.status_code == 403
    assert WORDS in str([task.result for task in world.all(COMPLETED)])
