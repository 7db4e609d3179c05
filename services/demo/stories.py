"""The two cases the demonstration starts with: one running late, one archived (all invented)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services import cases
from services.demo.player import Player, approve, release
from services.uow import Database


def running_late(db: Database, now: datetime) -> int:
    """An 特别重大 case of two hours ago: the one-hour report was met by two recipients of three,
    the statement waits for its secrecy check. Returns the case's id."""
    play = Player(db, _minute(now) - timedelta(minutes=128))
    case_id = _open(
        play,
        "老城小学食堂:多名学生午餐后呕吐,家长群称“已有孩子抢救”",
        "家长群和短视频平台流传,称老城小学多名学生午餐后呕吐送医,有人称“已有孩子在抢救”。"
        "校方说正在核实送医人数。",
        "https://video.example/lanpu/20417",
        {"medium": "short_video", "reads": 21400, "comments": 860, "reposts": 1200},
    )
    play.act(
        6,
        case_id,
        "triage",
        "duty",
        {
            "basis": "first",
            "ours": True,
            "casualties": True,
            "severe": True,
            "sensitive": True,
            "mainstream": False,
            "major_impact": True,
            "trend": "fast",
            "within_50": False,
            "reads": 21400,
            "comments": 860,
            "items": 75,
            "respond": True,
            "report_now": True,
            "note": "电话联系校方值班人员,送医人数和原因尚在核实。",
        },
    )
    play.act(8, case_id, "grade", "duty", {"tier": "extraordinary", "reason": ""})
    play.claim(9, case_id, "report_in_time", "duty")
    play.report(
        31, case_id, "report_in_time", "party_office", "党政办值班室", happened=14, confirmed=14
    )
    play.report(
        34,
        case_id,
        "report_in_time",
        "superior_department",
        "上级业务部门值班室",
        happened=22,
        confirmed=23,
    )
    play.report(
        36, case_id, "report_in_time", "cyberspace_office", "网信部门值班室", happened=35,
        confirmed=None,
    )  # fmt: skip
    play.claim(40, case_id, "fact_check", "unit")
    play.draft(
        52,
        case_id,
        "fact_check",
        "unit",
        {"facts": "校医登记 11 名学生不适,均已送县医院;待院方确认病情。", "unknown": "原因"},
    )
    play.act(
        70,
        case_id,
        "draft",
        "publicity",
        {
            "kind": "first_facts",
            "title": "关于老城小学部分学生身体不适的情况通报",
            "known": "今日午餐后,老城小学 11 名学生出现呕吐等不适,已全部送县医院就诊。",
            "unknown": "病情诊断和原因正在由医院和市场监管部门核查,目前不作推测。",
            "doing": "食堂已停止供餐并留样封存,家长由班主任逐一联系。",
            "next_word_at": play.at(60 * 8),
            "contact": "澜浦县文化活动中心值班电话 0000-1234567(演示)",
        },
    )
    play.pass_time(128)
    return case_id


def archived(db: Database, now: datetime) -> int:
    """A 较大 case of three weeks ago, from alarm to archive. Returns the case's id."""
    play = Player(db, _minute(now) - timedelta(days=21))
    case_id = _open(
        play,
        "公交改线公示期未满即实施,居民质疑",
        "本地论坛和微博有居民质疑 6 路公交改线公示未满七天就实施,讨论持续增多。",
        "https://bbs.example/lanpu/6l",
        {"medium": "forum", "reads": 3200, "comments": 145, "reposts": 60},
    )
    play.act(
        12,
        case_id,
        "triage",
        "duty",
        {
            "basis": "first",
            "ours": True,
            "casualties": False,
            "severe": False,
            "sensitive": False,
            "mainstream": False,
            "major_impact": False,
            "trend": "rising",
            "within_50": False,
            "reads": 3200,
            "comments": 145,
            "items": 31,
            "respond": True,
            "report_now": False,
            "note": "改线公示确于第五天实施,属衔接失误。",
        },
    )
    play.act(15, case_id, "grade", "duty", {"tier": "considerable", "reason": ""})
    play.act(
        50,
        case_id,
        "fact_check",
        "unit",
        {
            "finding": "true",
            "facts": "公示期七天,实际第五天实施,运营单位理解有误。",
            "unknown": "",
            "evidence": "公示通知、调度记录",
        },
    )
    play.act(
        75,
        case_id,
        "draft",
        "publicity",
        {
            "kind": "first_facts",
            "title": "关于 6 路公交改线有关情况的说明",
            "known": "6 路公交改线公示期为七天,实际在第五天实施,网友反映属实。",
            "unknown": "受影响乘客人数正在统计。",
            "doing": "即日起恢复原线路,待公示期满并收集意见后再定。",
            "next_word_at": play.at(60 * 24),
            "contact": "线路意见电话 0000-7654321(演示)",
        },
    )
    play.act(95, case_id, "approve", "leader", approve("事实清楚,向网友致歉的话要放在前面说。"))
    play.act(
        104,
        case_id,
        "release",
        "spokesperson",
        release("政务微博", "https://weibo.example/lanpu-culture/1"),
        happened=101,
    )
    play.act(150, case_id, "carry_out", "unit", {"done": "原线路当晚恢复,公示重新计算。"})
    play.act(
        60 * 26,
        case_id,
        "follow",
        "office",
        {"seen": "讨论明显减少,无新增质疑。", "questions": "", "next": "calm"},
    )
    play.act(
        60 * 27, case_id, "closing", "office", {"criterion_met": True, "note": "三日内无新增讨论。"}
    )
    play.act(
        60 * 48,
        case_id,
        "review",
        "office",
        {
            "went_well": "两小时内说明情况并认错。",
            "to_improve": "公示与调度没有衔接清单。",
            "measures": "运营单位建立公示衔接清单,月底前完成。",
            "plan_change": False,
        },
    )
    items = {key: {"present": True, "where": "电子档案", "note": ""} for key in _ARCHIVE}
    items |= {key: {"present": False, "where": "", "note": "本次没有"} for key in _NOT_KEPT}
    play.act(60 * 50, case_id, "archive", "archive", {"items": items})
    return case_id


_ARCHIVE = ("signal", "grading", "statements", "review")
_NOT_KEPT = ("reports", "handling_plan", "files")


def _minute(moment: datetime) -> datetime:
    # People write down minutes.
    return moment.replace(second=0, microsecond=0)


def _open(play: Player, title: str, text: str, link: str, seen: dict[str, Any]) -> int:
    actor = play.actor("duty")
    case = play.db.run(
        lambda uow: cases.open_case(
            uow,
            plan_key="p11",
            title=title,
            summary=text,
            link=link,
            discovered_at=play.at(0),
            actor=actor,
            now=play.at(4),
            extra=seen,
        )
    )
    play.pass_time(4)
    return case.id
