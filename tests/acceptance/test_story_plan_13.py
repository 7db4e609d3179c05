"""Plan 13, a water company: a pipe in a wall bursts in the frost. Snow stops the work and its
clock; when work goes on, the crew sees on the page the hours that are left, to the minute."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.acceptance.conftest import Enter
from tests.acceptance.person import ZONE, Person, minutes, whole_minute

TEXT = "桥头小区三栋住户来电:进户水管墙面部分冻裂,墙角渗水"
LIMIT = timedelta(hours=48)


def due_is(person: Person, moment: datetime) -> None:
    """The limit of the task on the page."""
    expect(person.page.locator(".page-header .due").first).to_have_attribute(
        "title", re.compile(moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M"))
    )


def test_a_repair_waits_for_the_weather(enter: Enter) -> None:
    reported = whole_minute(datetime.now(UTC)) - minutes(8)
    person = enter("duty")
    case_id = person.report(TEXT, plan="p13", discovered_at=reported, more={"medium": "phone"})
    found = re.search(r"事件 (\S+) 已按预案启动", person.main.inner_text())
    assert found
    number = found.group(1)
    person.misses("未定级")

    person.do(
        "登记报漏信息", number, place="桥头小区三栋", leak="墙角渗水", kind="wall", active=True
    )
    person.become("deputy").do("分管副经理接报派工", number, squad="抢险一分队")
    crew = person.become("field")
    crew.task("接到抢修通知", number)
    crew.fill(crew=5)
    notified = whole_minute(datetime.now(UTC)) - minutes(4)
    crew.happened(notified)
    crew.complete()
    crew.task("赶到现场", number)
    due_is(crew, notified + minutes(30))
    crew.fill(seen="墙面渗水,水表井结冰")
    crew.complete()
    crew.do("关阀止水", number, valves="三栋立管阀", area="三栋一单元")
    crew.do("设立抢修标志", number, signs="围挡两处")

    crew.task("修复墙面水管", number)
    due_is(crew, reported + LIMIT)
    crew.fill(outcome="stopped", work="已开墙,风雪大,暂停")
    crew.complete()
    stopped = whole_minute(datetime.now(UTC)) - minutes(2)
    crew.task("登记停工时刻", number)
    crew.happened(stopped)
    crew.fill(weather="大雪,气温零下十二度")
    crew.complete()
    crew.task("待施工条件许可", number)
    expect(crew.page.locator(".page-header .due")).to_have_count(0)
    crew.forward_40(case_id)
    resumed = crew.case_moment() - minutes(1)
    crew.task("待施工条件许可", number)
    crew.happened(resumed)
    crew.fill(conditions="雪停,可以施工")
    crew.complete()
    crew.task("复工修复墙面水管", number)
    due_is(crew, reported + LIMIT + (resumed - stopped))
    crew.picture("p13-resumed")
    crew.fill(outcome="done", work="换管并保温,通水正常")
    crew.complete()

    office = person.become("office")
    office.do("确认恢复供水、本件办结", number, criterion_met=True)
    office.do(
        "出具处理总结报告", number, basics="一处墙面水管冻裂", causes="保温层脱落",
        measures="关阀、换管、保温", effect="次日恢复供水", conclusion="入冬前逐户检查保温",
    )  # fmt: skip
