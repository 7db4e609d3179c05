"""A task's page and its acts, with everything a person may do wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.cases import Case, CaseMember
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

As = Callable[[str], Browser]


@pytest.fixture
def case(world: World) -> Case:
    return world.open()


@pytest.fixture
def check(world: World, case: Case) -> str:
    return f"/tasks/{world.open_tasks(case)['check'].id}"


GOOD = {"note": "现场已核实", "serious": "true", "count": "3"}


def test_page_shows_the_generated_form(as_: As, check: str) -> None:
    page = as_("duty").get(check)
    assert page.status_code == 200
    for part in ('name="note"', 'name="serious"', 'name="count"', "T01-S1", 'maxlength="40"'):
        assert part in page.text


def test_complete_goes_on_to_the_next_task(as_: As, check: str, world: World, case: Case) -> None:
    duty = as_("duty")
    answer = duty.post(f"{check}/complete", GOOD)
    grade = world.open_tasks(case)["grade"].id
    assert (answer.status_code, answer.location) == (303, f"/tasks/{grade}")
    page = duty.get(answer.location)
    assert "已办结" in page.text
    assert "其他" in page.text  # the matched rule's text


def test_without_a_next_task_to_the_case(as_: As, check: str, world: World, case: Case) -> None:
    duty = as_("duty")
    duty.post(f"{check}/complete", GOOD)
    grade = world.open_tasks(case)["grade"].id
    answer = duty.post(f"/tasks/{grade}/complete", {"tier": "general"})
    assert answer.location == f"/cases/{case.id}"


def test_override_needs_a_reason(as_: As, check: str, world: World, case: Case) -> None:
    duty = as_("duty")
    duty.post(f"{check}/complete", GOOD)
    grade = f"/tasks/{world.open_tasks(case)['grade'].id}"
    refused = duty.post(f"{grade}/complete", {"tier": "major"})
    assert refused.status_code == 422
    assert 'href="#f-reason"' in refused.text
    assert 'value="major" class="form-selectgroup-input" checked' in refused.text
    given = {"tier": "major", "reason": "领导批示"}
    assert duty.post(f"{grade}/complete", given).status_code == 303


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({**GOOD, "note": ""}, "note"),
        ({**GOOD, "note": "长" * 41}, "note"),
        ({**GOOD, "count": "三"}, "count"),
        ({**GOOD, "count": "-1"}, "count"),
        ({**GOOD, "serious": "maybe"}, "serious"),
        ({**GOOD, "occurred_at": "yesterday"}, "occurred_at"),
        ({**GOOD, "occurred_at": "2999-01-01T00:00"}, "occurred_at"),
    ],
)
def test_refused_form_keeps_what_was_typed(
    as_: As, check: str, given: dict[str, str], field: str
) -> None:
    answer = as_("duty").post(f"{check}/complete", given)
    assert answer.status_code == 422
    assert f'href="#f-{field}"' in answer.text  # the summary leads to the field
    assert f'id="h-{field}"' in answer.text  # and the field says what is wrong
    for name in ("note", "count"):
        assert given[name] in answer.text


def test_markup_typed_is_shown_as_text(as_: As, check: str) -> None:
    answer = as_("duty").post(f"{check}/complete", {**GOOD, "note": "<b>x</b>", "count": "x"})
    assert "<b>x</b>" not in answer.text
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.text


def test_done_by_another_a_second_ago(as_: As, check: str) -> None:
    first, second = as_("duty"), as_("duty2")
    second.get(check)
    assert first.post(f"{check}/complete", GOOD).status_code == 303
    lost = second.post(f"{check}/complete", {**GOOD, "note": "我也核实了"})
    assert lost.status_code == 409
    assert "duty" in lost.text
    assert "2026-03-10 10:00" in lost.text
    # A form whose task is gone is no form any more, but its words are still there.


def test_double_click(as_: As, check: str) -> None:
    duty = as_("duty")
    assert duty.post(f"{check}/complete", GOOD).status_code == 303
    assert duty.post(f"{check}/complete", GOOD).status_code == 409


def test_claimed_by_another(as_: As, check: str) -> None:
    assert as_("duty").post(f"{check}/claim").status_code == 303
    other = as_("duty2")
    assert "已由" in other.get(check).text
    refused = other.post(f"{check}/claim")
    assert refused.status_code == 409
    assert "签收" in refused.text


def test_claim_release_draft_reassign(as_: As, check: str, world: World, case: Case) -> None:
    duty = as_("duty")
    assert duty.post(f"{check}/claim").location == check
    assert duty.post(f"{check}/draft", {"note": "写到一半", "count": "abc"}).location == check
    page = duty.get(check).text
    assert "写到一半" in page
    assert 'value="abc"' in page
    assert duty.post(f"{check}/unclaim").location == "/inbox?tab=queue"
    wrong = duty.post(f"{check}/reassign", {"to": str(world.people["leader"].id)})
    assert wrong.status_code == 422
    assert duty.post(f"{check}/reassign", {"to": "x"}).status_code == 422
    given = duty.post(f"{check}/reassign", {"to": str(world.people["duty2"].id), "reason": "换班"})
    assert given.status_code == 303
    assert world.open_tasks(case)["check"].assignee_id == world.people["duty2"].id


@pytest.mark.parametrize("act", ["claim", "unclaim", "complete", "draft", "reassign"])
def test_outsiders_learn_nothing(as_: As, check: str, act: str, world: World) -> None:
    outsider = as_("outsider")
    outsider.get("/inbox")
    assert outsider.post(f"{check}/{act}", {**GOOD, "to": "1"}).status_code == 404
    assert outsider.get(check).status_code == 404
    assert outsider.get(f"{check}/state").status_code == 404


@pytest.mark.parametrize("act", ["claim", "complete", "draft"])
def test_auditors_read_and_write_nothing(as_: As, check: str, act: str) -> None:
    auditor = as_("auditor")
    page = auditor.get(check)
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert auditor.post(f"{check}/{act}", GOOD).status_code == 403


def test_four_eyes(as_: As, world: World, case: Case) -> None:
    world.complete(case, "check", "duty", {"note": "x", "serious": True, "count": 1})
    world.complete(case, "grade", "duty", {"tier": "general"})
    world.complete(case, "draft", "both", {"words": "已知三人受伤"})
    approve = f"/tasks/{world.open_tasks(case)['approve'].id}"
    both = as_("both")
    both.get("/inbox")
    refused = both.post(f"{approve}/complete", {"agreed": "true"})
    assert refused.status_code == 403
    assert "另一人" in refused.text
    assert "/claim" not in both.get("/inbox?tab=queue").text


def test_late_entry(as_: As, check: str, clock: Clock, world: World, case: Case) -> None:
    clock.forward(minutes=90)  # past P1H
    duty = as_("duty")
    answer = duty.post(f"{check}/complete", {**GOOD, "occurred_at": "2026-03-10T10:30"})
    assert answer.status_code == 303
    done = duty.get(f"/cases/{case.id}").text
    assert "补录" in done
    assert "按时办结" in done


def test_overdue_is_said_in_words(as_: As, check: str, clock: Clock) -> None:
    clock.forward(minutes=75)
    assert "超时 15 分钟" in as_("duty").get(check).text


def test_state_fragment_is_quiet_until_something_changes(
    as_: As, check: str, world: World, case: Case
) -> None:
    duty = as_("duty")
    page = duty.get(check).text
    stamp = page.split(f"{check}/state?stamp=")[1].split('"')[0]
    assert duty.get(f"{check}/state?stamp={stamp}").status_code == 204
    as_("duty2").post(f"{check}/claim")
    changed = duty.get(f"{check}/state?stamp={stamp}")
    assert changed.status_code == 200
    assert "办理中" in changed.text


@pytest.mark.parametrize("path", ["/tasks/none", "/tasks/00000000-0000-0000-0000-000000000000"])
def test_unknown_task(as_: As, path: str) -> None:
    assert as_("duty").get(path).status_code == 404
    assert as_("duty").post(f"{path}/complete", GOOD).status_code == 404


def test_very_long_text(as_: As, check: str) -> None:
    duty = as_("duty")
    assert duty.post(f"{check}/complete", {**GOOD, "note": "长" * 70_000}).status_code == 422
    huge = duty.post(f"{check}/complete", {**GOOD, "note": "x" * 10_000_000})
    assert huge.status_code == 413
    assert "文字最多" in huge.text


def test_signed_out_meanwhile(app_visitor: Browser, check: str) -> None:
    answer = app_visitor.post(f"{check}/complete", GOOD)
    assert answer.status_code == 401
    assert "请先登录" in answer.text


@pytest.fixture
def app_visitor(visitor: Browser) -> Browser:
    visitor.get("/sign-in")
    return visitor


def test_the_superior_reassigns_what_another_holds(
    as_: As, world: World, case: Case, check: str
) -> None:
    as_("duty2").post(f"{check}/claim")
    # A colleague who does not hold it is not offered it; the superior role is.
    assert "/reassign" not in as_("duty").get(check).text
    office = as_("office")
    member = CaseMember(case_id=case.id, person_id=world.people["office"].id, added_at=world.now)
    world.db.run(lambda uow: uow.session.add(member))
    page = office.get(check).text
    assert f"{check}/reassign" in page
    assert "/complete" not in page
    given = office.post(f"{check}/reassign", {"to": str(world.people["duty"].id), "reason": "急"})
    assert given.status_code == 303
    assert world.open_tasks(case)["check"].assignee_id == world.people["duty"].id
