"""Report up in the browser: one row a recipient, the rest of the forms of words beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.integration.world import World
from tests.web.conftest import Browser, Clock
from tests.web.words_case import Desk, open_desk, typed


@pytest.fixture
def desk(world: World, as_: Callable[[str], Browser], clock: Clock) -> Desk:
    return open_desk(world, as_, clock)


def test_rows_are_entered_confirmed_and_the_limit_is_judged(desk: Desk) -> None:
    duty, task = desk.as_("duty"), desk.task("report")
    assert "党政办" in duty.get(task).text
    first = {"party.method": "phone", "party.to_whom": "王科长", "party.confirmed": "true"}
    answer = duty.post(f"{task}/report/party", first | {"back": "task"})
    assert answer.location == f"{task}#row-party"
    second = {"cyber.method": "fax", "cyber.to_whom": "值班室"}
    answer = duty.post(f"{task}/report/cyber", second)
    assert answer.location == f"{task}/report#row-cyber"
    refused = duty.post(f"{task}/complete")
    assert refused.status_code == 409 and "网信部门" in refused.text
    desk.clock.forward(minutes=67)
    confirmed = {"cyber.acknowledged_how": "回电"}
    assert duty.post(f"{task}/report/cyber/acknowledge", confirmed).status_code == 303
    page = duty.get(f"{task}/report")
    assert "超时确认" in page.text and "晚于时限" in page.text
    assert duty.post(f"{task}/complete").status_code == 303


def test_a_row_entered_later_shows_its_lag(desk: Desk) -> None:
    duty, task = desk.as_("duty"), desk.task("report")
    called = desk.clock()
    desk.clock.forward(minutes=90)
    duty.post(
        f"{task}/report/party",
        {
            "party.method": "phone",
            "party.to_whom": "王",
            "party.happened_at": typed(called),
            "party.confirmed": "true",
        },
    )
    page = duty.get(f"{task}/report")
    assert "补录,晚 1 小时 30 分" in page.text and "超时确认" not in page.text


def test_a_refused_row_keeps_what_was_typed(desk: Desk) -> None:
    duty, task = desk.as_("duty"), desk.task("report")
    later = typed(desk.clock() + timedelta(hours=1))
    answer = duty.post(
        f"{task}/report/party",
        {"party.to_whom": "王科长", "party.happened_at": later},
    )
    assert answer.status_code == 422
    assert 'href="#f-party.method"' in answer.text and "王科长" in answer.text
    answer = duty.post(
        f"{task}/report/party",
        {"party.method": "phone", "party.to_whom": "王科长", "party.happened_at": later},
    )
    assert answer.status_code == 422 and 'href="#f-party.happened_at"' in answer.text


def test_a_row_is_put_right_with_a_reason(desk: Desk) -> None:
    duty, task = desk.as_("duty"), desk.task("report")
    entered = {"party.method": "phone", "party.to_whom": "王", "party.confirmed": "true"}
    duty.post(f"{task}/report/party", entered)
    again = duty.post(f"{task}/report/party", entered)
    assert again.status_code == 409
    right = {"party.c_method": "phone", "party.c_to_whom": "李"}
    answer = duty.post(f"{task}/report/party/correct", right)
    assert answer.status_code == 422 and 'href="#f-party.reason"' in answer.text
    answer = duty.post(f"{task}/report/party/correct", right | {"party.reason": "记错"})
    assert answer.status_code == 303
    assert "李" in duty.get(f"{task}/report").text


def test_outsiders_and_other_roles_are_refused(desk: Desk) -> None:
    task = desk.task("report")
    entry = {"party.method": "phone", "party.to_whom": "王"}
    for who, status in (("outsider", 404), ("admin", 404), ("auditor", 403)):
        browser = desk.as_(who)
        assert browser.get(f"{task}/report").status_code == (200 if who == "auditor" else 404)
        for path in ("party", "party/acknowledge", "party/correct"):
            answer = browser.post(
                f"{task}/report/{path}",
                entry | {"party.c_method": "fax", "party.c_to_whom": "x", "party.reason": "x"},
            )
            assert answer.status_code == status, (who, path)
    assert (
        desk.as_("duty")
        .post(
            f"{task}/report/nobody",
            {
                "nobody.method": "phone",
                "nobody.to_whom": "x",
            },
        )
        .status_code
        == 404
    )


def test_closing_and_archive(desk: Desk) -> None:
    desk.until("closing")
    page = desk.as_("leader").get(desk.task("closing"))
    assert "三日无新增" in page.text and "T02-C1" in page.text
    unanswered = desk.complete("closing", "leader", {})
    assert unanswered.status_code == 422 and 'href="#f-criterion_met"' in unanswered.text
    assert desk.complete("closing", "leader", {"criterion_met": "true"}).status_code == 303
    refused = desk.complete(
        "archive", "office", {"items.statements.present": "true", "items.minutes.where": ""}
    )
    assert refused.status_code == 422 and 'href="#f-items.minutes.note"' in refused.text
    done = desk.complete(
        "archive",
        "office",
        {"items.statements.present": "true", "items.minutes.note": "电话会商,无纪要"},
    )
    assert done.status_code == 303
    assert desk.world.open_tasks(desk.case) == {}
