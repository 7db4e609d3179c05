"""Two people at two browsers: what one does appears at the other without a reload, disturbs no
typing, and a race lost says who won it and when."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.acceptance.conftest import Enter
from tests.acceptance.person import Person


def opened(person: Person, text: str) -> tuple[str, str]:
    """(id, number) of a new case of plan 11."""
    case_id = person.report(text, plan="p11", more={"medium": "phone"})
    found = re.search(r"事件 (\S+) 已按预案启动", person.main.inner_text())
    assert found
    return case_id, found.group(1)


def test_claim_empties_the_others_queue_without_a_reload(enter: Enter) -> None:
    one, other = enter("duty"), enter("duty")
    other.open("/inbox?tab=queue")
    other.page.evaluate("() => { window.notReloaded = true }")
    _, number = opened(one, "公园长椅油漆未干,游客发帖抱怨")
    rows = other.page.locator("#inbox .task-row").filter(has_text=number)
    # It arrives by itself, with the count in the tab.
    expect(rows).to_have_count(1, timeout=10_000)
    one.open("/inbox?tab=queue")
    one.page.locator("#inbox .task-row").filter(has_text=number).get_by_role(
        "button", name="签收"
    ).click()
    one.page.wait_for_url(re.compile("/tasks/"))
    expect(rows).to_have_count(0, timeout=10_000)
    assert other.page.evaluate("() => window.notReloaded === true")


def test_typing_is_not_disturbed(enter: Enter) -> None:
    one, other = enter("duty"), enter("office")
    case_id, number = opened(one, "广场喷泉停用,市民留言询问")
    # Somebody of the office corrects nothing, but types a reason on the case's own page.
    one.case(case_id)
    one.page.locator("#anchor-discovered_at summary").click()
    why = one.page.locator("#anchor-discovered_at [name=reason]")
    why.press_sequentially("值班日志为准")
    other.become("duty").task("研判核实", number)
    other.fill(trend="rising", within_50=False, respond=False)
    other.complete()
    one.page.wait_for_timeout(5_000)  # two rounds of asking
    expect(why).to_have_value("值班日志为准")
    expect(why).to_be_focused()
    # With the field left, the page catches up.
    why.fill("")
    one.case(case_id)
    one.sees("确认舆情等级")


def test_draft_in_a_task_stays_when_somebody_else_takes_it(enter: Enter) -> None:
    """Both have the task's page open; the first completes it, the second loses nothing typed and
    is told who was faster, and when."""
    one, other = enter("duty"), enter("duty")
    _, number = opened(one, "图书馆闭馆通知发错日期")
    one.open("/inbox?tab=queue")
    link = one.page.locator("#inbox .task-row").filter(has_text=number).locator(".task-name")
    address = link.get_attribute("href")
    assert address
    one.open(address)
    other.open(address)
    other.fill(note="我正在写的核实情况", trend="rising")
    one.fill(trend="rising", within_50=False, respond=False, note="先办结的人")
    one.complete()
    # The badges of the page say so before anything is sent; what is being typed stays.
    expect(other.page.locator(".page-header")).to_contain_text("已办结", timeout=10_000)
    expect(other.page.locator("[name=note]")).to_have_value("我正在写的核实情况")
    other.complete_refused(409)
    other.sees("值班员 小岑")
    expect(other.main).to_contain_text(re.compile(r"\d{2}:\d{2}"))
    other.sees("我正在写的核实情况")
    other.picture("20-lost-race")


def test_double_click_completes_once(enter: Enter) -> None:
    one = enter("duty")
    case_id, number = opened(one, "展厅空调漏水,观众拍照上网")
    one.task("研判核实", number)
    one.fill(trend="rising", within_50=False, respond=False)
    with one.page.expect_navigation():
        one.finish_button.dblclick(no_wait_after=True)
    one.sees("确认舆情等级")
    one.case(case_id)
    done = one.page.locator("#tasks tr").filter(has_text="研判核实")
    expect(done).to_have_count(1)
