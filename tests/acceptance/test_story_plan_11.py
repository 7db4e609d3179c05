"""Plan 11, 澜浦县: a stage rig falls in rehearsal and a video claims five dead. From the alarm to
the archive, as people do it in their browsers.

The story's 23:02 is four minutes before the wall clock; from there everything is told in minutes
after discovery, so that the story is the same at every hour of the day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.acceptance.conftest import Enter
from tests.acceptance.person import ZONE, Person, minutes, shown, whole_minute

SIGNAL = "文化活动中心今晚排练时舞台桁架坠落,短视频称“死了五个人”,评论迅速增加"
VIDEO = "https://video.example/lanpu/88231-story"
KNOWN = "今日排练时舞台桁架发生坠落,三人受伤,已全部送医,生命体征平稳,没有人员死亡。"
UNKNOWN = "桁架坠落的原因尚在调查,目前不作推测。"
EDITED = "今日排练时舞台桁架发生坠落,三人受轻伤,已全部送医,生命体征平稳,没有人员死亡。"
TYPO_GONE = EDITED.replace("今日排练时", "今日晚间排练时")
DOING = "场馆已封闭,演出取消,由专业机构检查其余桁架。"
CONTACT = "澜浦县文化活动中心值班电话 0000-1234567(演示)"
LINK = "https://weibo.example/lanpu-culture/20417"


class Story:
    """The case, and when it was discovered."""

    def __init__(self, wide: Person, phone: Person) -> None:
        self.wide = wide
        self.phone = phone
        self.discovered = whole_minute(datetime.now(UTC)) - minutes(4)
        self.case_id = ""
        self.number = ""

    def at(self, after: float) -> datetime:
        """So many minutes after discovery."""
        return self.discovered + minutes(after)

    def as_(self, username: str) -> Person:
        return self.wide.become(username)


def test_plan_11_from_alarm_to_archive(enter: Enter) -> None:
    story = Story(wide=enter("duty"), phone=enter("reporter", phone=True))
    is_reported_by_phone(story)
    is_graded_with_the_rule_shown(story)
    is_reported_up_late_and_escalated(story)
    facts_are_checked(story)
    statement_is_drafted_and_checked(story)
    leader_changes_a_phrase(story)
    typo_blocks_the_release_until_approved_again(story)
    is_released(story)
    is_handled_and_followed(story)
    is_closed_reviewed_archived(story)
    case_page_tells_it_all(story)


def is_reported_by_phone(story: Story) -> None:
    reporter = story.phone
    reporter.open("/report")
    reporter.picture("01-report-phone")
    # A classified matter stops here: the form goes away and says why.
    reporter.fill(classified="yes")
    reporter.sees("请停在这里,不要录入。")
    expect(reporter.page.locator("[name=text]")).to_be_hidden()
    story.case_id = reporter.report(
        SIGNAL,
        link=VIDEO,
        plan="p11",
        discovered_at=story.discovered,
        more={"medium": "short_video", "reads": 18600, "comments": 742},
    )
    reporter.sees("下一步", "研判核实")
    reporter.fits()
    reporter.picture("02-case-phone")
    number = re.search(r"事件 (\S+) 已按预案启动", reporter.main.inner_text())
    assert number
    story.number = number.group(1)


def is_graded_with_the_rule_shown(story: Story) -> None:
    duty = story.as_("duty")
    duty.task("研判核实", story.number)
    duty.sees("P11-L683")
    duty.fill(
        casualties=True,
        severe=True,
        sensitive=True,
        trend="fast",
        within_50=False,
        reads=18600,
        respond=True,
        note="电话联系排练现场:有人受伤,人数在核实。",
    )
    duty.picture("03-triage")
    duty.complete()
    # The next task of hers in this case is offered without a detour.
    duty.sees("这是您在本事件中的下一项任务", "预案判定建议:特别重大", "命中规则:")
    duty.sees("安全生产过程中发生人员伤亡")
    duty.picture("04-grade")
    expect(duty.page.locator("[name=tier][value=extraordinary]")).to_be_checked()
    duty.complete()
    duty.sees("限时信息报送")
    # One hour after discovery, and counting.
    due = duty.main.locator(".due").first
    expect(due).to_contain_text(re.compile(r"剩余 5\d 分钟"))
    expect(due).to_have_attribute("title", re.compile(shown(story.at(60))))


def is_reported_up_late_and_escalated(story: Story) -> None:
    duty = story.as_("duty")
    duty.fill(party_office__method="phone", party_office__to_whom="党政办值班室")
    duty.fill(party_office__confirmed=True)
    duty.press_in("#row-party_office", "登记这一家")
    expect(duty.page.locator("#row-party_office")).to_contain_text("已确认")
    # The report cannot be completed while somebody has not confirmed.
    duty.complete_refused(409)
    duty.forward_40(story.case_id)
    duty.task("限时信息报送", story.number)
    duty.fill(
        superior_department__method="phone",
        superior_department__to_whom="上级业务部门值班室",
        superior_department__happened_at=story.at(22),
        superior_department__confirmed=True,
    )
    duty.press_in("#row-superior_department", "登记这一家")
    row = duty.page.locator("#row-superior_department")
    # Written down twenty minutes after the call: said so, and still in time.
    expect(row).to_contain_text(re.compile(r"补录,晚 2\d 分钟"))
    expect(row).to_contain_text("已确认")
    duty.fill(
        cyberspace_office__method="fax",
        cyberspace_office__to_whom="网信办传真",
        cyberspace_office__happened_at=story.at(35),
    )
    duty.press_in("#row-cyberspace_office", "登记这一家")
    expect(duty.page.locator("#row-cyberspace_office")).to_contain_text("待对方确认")
    duty.picture("05-report-up")

    duty.forward_40(story.case_id)
    # The limit passes by itself: overdue, and the office is told to step in.
    steps = duty.page.locator(".next-step")
    expect(steps).to_contain_text("已督办", timeout=20_000)
    expect(steps).to_contain_text("办公室督办")
    expect(steps.locator(".due-late").first).to_contain_text("超时")
    drawing = duty.page.locator("#case-diagram")
    drawing.get_by_role("button", name="信息报送").click()
    expect(drawing.locator("[data-element-id=report_in_time].is-late")).to_have_count(1)
    expect(drawing.locator("[data-element-id=limit_urge].is-open")).to_have_count(1)
    duty.picture("06-escalated")
    office = story.as_("office")
    office.do("办公室督办", story.number, instruction="立即再联系网信办,确认收到为准。")

    duty = story.as_("duty")
    duty.task("限时信息报送", story.number)
    duty.fill(
        cyberspace_office__acknowledged_at=story.at(67),
        cyberspace_office__acknowledged_how="对方回电确认",
    )
    duty.press_in("#row-cyberspace_office", "登记对方确认")
    expect(duty.page.locator("#row-cyberspace_office")).to_contain_text("超时确认")
    duty.sees("晚于时限")
    duty.picture("07-reported")
    duty.complete()
    duty.sees("但晚于时限")
    duty.case(story.case_id)
    late = duty.page.locator("#tasks tr").filter(has_text="限时信息报送")
    expect(late).to_contain_text("超时 7 分钟 办结")


def facts_are_checked(story: Story) -> None:
    unit = story.as_("unit")
    unit.task("涉事主体核查事实", story.number)
    # Kept between two sittings.
    unit.fill(facts="县医院:三人受伤")
    unit.press("保存草稿")
    unit.sees("草稿已保存")
    expect(unit.page.locator("[name=facts]")).to_have_value("县医院:三人受伤")
    # Refused for what is missing, and nothing typed is lost.
    unit.complete_refused(422)
    expect(unit.page.locator("[name=facts]")).to_have_value("县医院:三人受伤")
    unit.sees("已填写的内容都保留在下面。")
    unit.fill(
        finding="untrue",
        facts="县医院确认:三人受伤,均为轻伤,无人死亡。“死了五个人”不实。",
        unknown="桁架坠落的原因",
        evidence="医院值班登记、现场照片",
    )
    unit.complete()


def statement_is_drafted_and_checked(story: Story) -> None:
    publicity = story.as_("publicity")
    publicity.task("拟稿", story.number)
    morning = (story.discovered.astimezone(ZONE) + timedelta(days=1)).replace(hour=8, minute=0)
    publicity.fill(
        kind="first_facts",
        title="关于舞台桁架坠落的情况通报",
        known=KNOWN,
        unknown=UNKNOWN,
        doing=DOING,
        next_word_at=morning,
        contact=CONTACT,
    )
    publicity.picture("08-draft")
    publicity.complete()
    for who, task in (("secrecy", "保密审查"), ("legal", "法制审核")):
        checker = story.as_(who)
        checker.task(task, story.number)
        checker.sees(KNOWN, UNKNOWN, DOING, CONTACT)
        checker.fill(decision="approve")
        checker.complete()


def leader_changes_a_phrase(story: Story) -> None:
    leader = story.as_("leader")
    leader.task("签发", story.number)
    leader.sees(KNOWN)
    expect(leader.page.locator("[name=known]")).to_be_hidden()
    leader.fill(decision="approve_with_edits")
    leader.fill(known=EDITED, comment="写明是轻伤。")
    leader.picture("09-approve")
    leader.complete()


def typo_blocks_the_release_until_approved_again(story: Story) -> None:
    publicity = story.as_("publicity")
    publicity.case(story.case_id)
    publicity.page.locator("#statements a.list-group-item").first.click()
    publicity.page.wait_for_url(re.compile(r"/statements/\d+"))
    publicity.arrived()
    statement = publicity.page.url
    publicity.page.locator("#edit summary").click()
    publicity.fill(known=TYPO_GONE, note="补上“晚间”")
    publicity.press("存为新的一版")
    publicity.sees("已存为第 3 版,此前的同意已失效,须重新审签。", "还不能发布")
    # What changed between any two versions can be read.
    publicity.page.goto(f"{statement}?a=1&b=2")
    expect(publicity.page.locator("ins").filter(has_text="轻").first).to_be_visible()
    publicity.picture("10-statement-blocked")

    spokesperson = story.as_("spokesperson")
    spokesperson.task("署名发布", story.number)
    spokesperson.sees("还不能发布", "改动后失效")
    spokesperson.picture("11-release-blocked")
    spokesperson.fill(channel_id=_channel(spokesperson, "政务微博"), link=LINK)
    spokesperson.complete_refused(409)
    expect(spokesperson.page.locator("[name=link]")).to_have_value(LINK)

    for who in ("secrecy", "legal", "leader"):
        approver = story.as_(who)
        approver.page.goto(statement)
        approver.arrived()
        with approver.page.expect_navigation():
            approver.main.get_by_role("button", name=re.compile("同意第 3 版")).click()
        approver.sees("已同意最新版。")
    story.wide.sees("可以发布", "最新一版已审签完毕。")


def is_released(story: Story) -> None:
    story.as_("duty").forward_40(story.case_id)
    spokesperson = story.as_("spokesperson")
    spokesperson.task("署名发布", story.number)
    spokesperson.sees("第 3 版已审签完毕", TYPO_GONE)
    spokesperson.fill(channel_id=_channel(spokesperson, "政务微博"), link=LINK)
    # It went out at 00:41 of the story, and is entered some minutes later.
    spokesperson.happened(story.at(99))
    spokesperson.picture("12-release")
    spokesperson.complete()
    spokesperson.case(story.case_id)
    spokesperson.page.locator("#statements a.list-group-item").first.click()
    spokesperson.page.wait_for_url(re.compile(r"/statements/\d+"))
    spokesperson.arrived()
    out = spokesperson.page.locator("#releases")
    for part in ("政务微博", "@澜浦县文化活动中心", LINK, shown(story.at(99)), "第 3 版"):
        expect(out).to_contain_text(part)
    expect(spokesperson.page.locator("#edit")).to_have_count(0)
    spokesperson.picture("13-statement-released")


def _channel(person: Person, name: str) -> str:
    option = person.page.locator("[name=channel_id] option").filter(has_text=name).first
    value = option.get_attribute("value")
    assert value
    return value


def is_handled_and_followed(story: Story) -> None:
    number = story.number
    unit = story.as_("unit")
    unit.do("写明投诉理由", number, ground="untrue", content="短视频称“死了五个人”", link=VIDEO)
    unit.do("固定证据", number, proof="县医院登记", kept="办公室电子卷宗")
    story.as_("legal").do(
        "法制签批", number, decision="platform", basis="《民法典》第一千一百九十五条"
    )
    office = story.as_("office")
    office.do("向平台发侵权通知", number, to="短视频平台", reference="投诉通道回执")
    office.do("登记处理结果", number, result="平台已标注不实。")
    office.do("办公室拟定处置方案", number, plan="封闭场馆,探望伤者,检查桁架。")
    story.as_("leader").do("党政办统一协调", number, decision="approve", opinion="同意。")
    story.as_("unit").do("涉事主体解决诉求并落实处置", number, done="伤者家属已联系,场馆封闭。")
    office = story.as_("office")
    office.do("办公室跟踪舆情", number, seen="转发下降。", next="continue")
    office.do("办公室跟踪舆情", number, seen="已平稳,无新增质疑。", next="calm")


def is_closed_reviewed_archived(story: Story) -> None:
    office = story.as_("office")
    office.task("确认平息并结束处置", story.number)
    office.sees("舆情被消除或趋于平稳", "原文无")
    office.picture("14-closing")
    # The plan's criterion has to be confirmed by somebody.
    office.complete_refused(422)
    office.fill(criterion_met=True, note="六小时无新增质疑。")
    office.complete()
    office.do(
        "总结评估",
        story.number,
        went_well="一小时内弄清伤情。",
        to_improve="传真报送无人确认。",
        measures="改为电话报送并复述确认,办公室,月底前。",
    )
    archive = story.as_("archive")
    archive.task("归档", story.number)
    archive.sees("舆情线索和核实记录", "信息报送记录", "总结评估报告")
    archive.picture("15-archive")
    for key in ("signal", "grading", "reports", "handling_plan", "statements", "review"):
        archive.fill(**{f"items.{key}.present": True, f"items.{key}.where": "电子档案"})
    archive.fill(**{"items.files.note": "本次没有附件"})
    archive.complete()


def case_page_tells_it_all(story: Story) -> None:
    auditor = story.as_("auditor")
    auditor.case(story.case_id)
    auditor.sees("事件已归档,没有待办步骤。")
    drawing = auditor.page.locator("#case-diagram")
    expect(drawing.locator(".djs-container")).to_be_visible()
    # What is done and what was late is marked in the drawing, with words.
    for done in ("triage", "grade", "report_1h", "first_statement", "closing"):
        expect(drawing.locator(f"[data-element-id={done}].is-done")).to_have_count(1)
    late = drawing.locator("[data-container-id=report_1h] .diagram-note")
    expect(late).to_have_text("✓ 已办,超时")
    in_time = drawing.locator("[data-container-id=triage] .diagram-note")
    expect(in_time).to_have_text("✓ 已办")
    auditor.picture("16-case-archived")

    timeline = auditor.page.locator("#timeline")
    expect(timeline).to_contain_text("归档")
    statements = auditor.page.locator("#statements")
    expect(statements).to_contain_text("首发通报")
    expect(statements).to_contain_text("已发布")

    auditor.page.get_by_role("link", name=re.compile("全部记录")).click()
    auditor.page.wait_for_url(re.compile(r"/record"))
    auditor.arrived()
    record = auditor.main.inner_text()
    for said in (
        "督办:限时信息报送,已报 领导小组办公室",
        "超时:限时信息报送 7 分钟",
        "定级:特别重大",
        "文稿改动,原签批失效",
        "发布第 3 版:政务微博 @澜浦县文化活动中心",
        "补录",
    ):
        assert said in record, said
    auditor.picture("17-record")
    auditor.fits_phone()
