"""Who stands back from a case: recorded, shown and lifted on its page, and refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from models.cases import Case
from models.recusals import Recusal
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process
from tests.web.conftest import Browser

As = Callable[[str], Browser]


@pytest.fixture
def case(world: World) -> Case:
    """A case whose two steps keep recused people out."""
    plan = Process("t06", "回避预案")
    plan.start("s")
    keep = {"name.en": "Draft", "notRecused": "true"}
    plan.user_task("draft", "office", name="拟稿", properties=keep)
    plan.user_task("approve", "leader,office", name="签发", properties=keep)
    plan.end("e")
    plan.chain("s", "draft", "approve", "e")
    world.deploy(bundle(plan, roles=["office", "leader"]))
    return world.open("t06", who="office")


def recuse(browser: Browser, case: Case, **data: object) -> object:
    page = browser.get(f"/cases/{case.id}").text
    assert "登记回避" in page
    return browser.post(f"/cases/{case.id}/recusals", {"reason": "文稿说的是本部门", **data})


def test_the_office_records_and_the_page_says_who_and_why(
    as_: As, world: World, case: Case
) -> None:
    office = as_("office")
    assert "没有人登记回避" in office.get(f"/cases/{case.id}").text
    answer = recuse(office, case, person_ids=world.people["both"].id)
    assert answer.status_code == 303  # type: ignore[attr-defined]
    page = office.get(f"/cases/{case.id}").text
    card = page[page.index('id="recusals"') :]
    assert "both" in card and "文稿说的是本部门" in card
    assert "登记回避:both,文稿说的是本部门" in page, "the timeline names them"

    both = as_("both")
    task = world.open_tasks(case)["draft"]
    queue = both.get("/inbox?tab=queue").text
    assert "您在本事件中已登记回避" in queue
    assert f"/tasks/{task.id}/claim" not in queue
    refused = both.post(f"/tasks/{task.id}/claim")
    assert refused.status_code == 403
    assert "您在本事件中已登记回避,不能办理这一步。回避原因:文稿说的是本部门" in refused.text
    assert office.post(f"/tasks/{task.id}/claim").status_code == 303


def test_lifted_with_a_reason(as_: As, world: World, case: Case) -> None:
    office = as_("office")
    recuse(office, case, role_keys="leader")
    (row, *_) = world.all(select(Recusal).order_by(Recusal.id))
    page = office.get(f"/cases/{case.id}").text
    card = page[page.index('id="recusals"') :]
    assert re.search(r"包括:leader、both|包括:both、leader", card), "everybody of the role"
    path = f"/cases/{case.id}/recusals/{row.id}/lift"
    assert office.post(path, {"lift_reason": ""}).status_code == 422
    assert office.post(path, {"lift_reason": "登记有误"}).status_code == 303
    page = office.get(f"/cases/{case.id}").text
    assert "没有人登记回避" in page and "解除回避:leader,登记有误" in page


@pytest.mark.parametrize(
    ("data", "field"),
    [({}, "person_ids"), ({"person_ids": "99"}, "person_ids"), ({"role_keys": "x"}, "role_keys"),
     ({"person_ids": "甲"}, "person_ids"), ({"role_keys": "leader", "reason": " "}, "reason")],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(
    as_: As, case: Case, data: dict[str, str], field: str
) -> None:
    answer = recuse(as_("office"), case, **data)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "error-summary" in answer.text or field in answer.text  # type: ignore[attr-defined]


def test_others_see_no_form_and_are_refused(as_: As, world: World, case: Case) -> None:
    world.complete(case, "draft", "office", {})
    leader = as_("leader")
    assert 'id="recusal-new"' not in leader.get(f"/cases/{case.id}").text
    data = {"person_ids": world.people["office"].id, "reason": "x"}
    assert leader.post(f"/cases/{case.id}/recusals", data).status_code == 403
    assert as_("outsider").post(f"/cases/{case.id}/recusals", data).status_code == 404
    assert as_("auditor").post(f"/cases/{case.id}/recusals", data).status_code == 403
    assert world.all(select(Recusal)) == []


def test_plans_without_such_steps_show_nothing(as_: As, world: World) -> None:
    page = as_("duty").get(f"/cases/{world.open().id}").text
    assert 'id="recusals"' not in page
