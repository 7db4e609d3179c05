"""Plan 10: a district station monitors pollution. Two clocks count from the receipt of samples;
what becomes public is decided and recorded, not hushed up."""

from __future__ import annotations

from typing import Any

PLAN = "p10"
ORDINARY, SPECIAL = "lab_work/analyse_ordinary", "lab_work/analyse_special"


def to_the_scene(s: Any) -> None:
    """Order taken, team assembled and fitted out, the laboratory ready."""
    s.do("take_order", from_whom="区应急救援指挥部", place="东路化工仓库")
    s.do("assemble", where="station", people=6)
    s.do("prepare_lab")
    s.do("fit_out")


def survey(s: Any, determined: bool) -> None:
    """Monitoring on site up to the field report; the plan is approved before anything is done."""
    s.do("field_work/protect")
    s.do("field_work/first_survey")
    s.untimed("P10-D4", "field_work/draft_plan")
    s.do("field_work/draft_plan")
    assert "field_work/monitor" not in s.tasks
    s.refused("field_work/approve_plan", as_="field", decision="approve")
    s.do("field_work/approve_plan", decision="approve")
    s.do("field_work/monitor")
    s.do("field_work/field_report", determined=determined)


def both_kinds(s: Any) -> None:
    """Nature and extent are clear. Ordinary and special samples run side by side, each from its
    own receipt; the station publishes."""
    to_the_scene(s)
    s.do("field_work/protect")
    s.do("field_work/first_survey")
    s.do("field_work/draft_plan")
    s.do("field_work/approve_plan", decision="return", note="加测下风向敏感点")
    s.do("field_work/draft_plan")
    s.do("field_work/approve_plan", decision="approve")
    s.do("field_work/monitor")
    s.do("field_work/field_report", determined=True)
    s.do("field_work/send_samples", samples="both")
    s.do("progress_report/report_freely")
    s.wait(minutes=50)
    s.do("lab_work/receive_ordinary")
    s.wait(minutes=35)
    s.do("lab_work/receive_special")
    received = s.anchors["ordinary_received_at"], s.anchors["special_received_at"]
    assert received[0] < received[1]
    s.wait(hours=11)
    s.meet("P10-D2", ORDINARY, received[0])
    s.wait(hours=12)
    s.meet("P10-D3", SPECIAL, received[1])
    s.do("report_work/check_data", sound=True)
    s.do("report_work/compile_report")
    s.do("report_work/review_report", decision="approve")
    s.refused("report_work/sign", as_="technical", decision="approve")
    s.do("report_work/sign", decision="approve")
    s.do("send_up/report_freely")
    s.do("release_decision", decision="station", authority="区环保局")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"publish/{step}")
    s.finish()
    assert "wrap_up/review" in s.done
    assert "case_closed" in s.ends


def rushed_and_late(s: Any) -> None:
    """Nothing can be told on the spot: samples are rushed, the analysis comes too late, the data
    and the report go back once each; release is withheld for now and asked about again."""
    to_the_scene(s)
    survey(s, determined=False)
    s.do("field_work/choose_way", way="lab")
    s.do("field_work/rush_samples", samples="ordinary")
    s.do("progress_report/report_freely")
    s.wait(hours=1)
    s.do("lab_work/receive_ordinary")
    s.miss("P10-D2", ORDINARY, s.anchors["ordinary_received_at"])
    s.do("lab_work/ordinary_urge")
    s.do("report_work/check_data", sound=False)
    s.do("report_work/reanalyse")
    s.do("report_work/check_data", sound=True)
    s.do("report_work/compile_report")
    s.do("report_work/review_report", decision="return")
    s.do("report_work/compile_report")
    s.do("report_work/review_report", decision="approve")
    s.do("report_work/sign", decision="return")
    s.do("report_work/compile_report")
    s.do("report_work/review_report", decision="approve")
    s.do("report_work/sign", decision="approve")
    s.do("send_up/report_freely")
    s.do("release_decision", decision="later", authority="区环保局")
    s.do("set_review_date", waits_for="复测结果")
    assert not s.tasks, "withheld for now: nothing is closed, the question comes back"
    s.wait(days=9)
    s.do("release_decision", decision="lawful", authority="区环保局")
    s.finish()
    assert "wrap_up/review" not in s.done
    assert not [path for path in s.done if path.startswith("publish/")]


rushed_and_late.settings = {"baseline_review": False}  # type: ignore[attr-defined]


def the_centre_helps(s: Any) -> None:
    """The municipal centre is asked; the special item comes too late; monitoring goes on once
    more, without samples. The authority publishes by itself."""
    to_the_scene(s)
    survey(s, determined=False)
    s.do("field_work/choose_way", way="centre")
    s.do("field_work/ask_centre")
    s.do("field_work/send_samples", samples="special")
    s.do("lab_work/receive_special")
    s.miss("P10-D3", SPECIAL, s.anchors["special_received_at"])
    s.do("lab_work/special_urge")
    signed: dict[str, dict[str, Any]] = {
        "review_report": {"decision": "approve"}, "sign": {"decision": "approve"},
        "check_data": {"sound": True}, "send_samples": {"samples": "none"},
        "approve_plan": {"decision": "approve"},
    }  # fmt: skip
    while "release_decision" not in s.tasks:
        path = next(iter(s.tasks))
        s.do(path, **signed.get(s.element(path).id, {}))
    s.do("release_decision", decision="authority", authority="市生态环境局")
    s.do("closing", criterion_met=False, note="下游仍有异味,继续监测")
    assert "field_work/protect" in s.tasks
    s.finish(release_decision={"decision": "authority"}, **signed)
    assert "lab_work/no_samples" in s.ends
    assert s.ends.count("report_work/report_signed") == 2


STORIES = (both_kinds, rushed_and_late, the_centre_helps)
