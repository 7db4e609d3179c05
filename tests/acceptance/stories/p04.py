"""Plan 4: a subsidiary company. Major cases within the hour, replies by class of content, and a
written report to the group within three days."""

from __future__ import annotations

from typing import Any

PLAN = "p04"


def classify(s: Any, class_: str) -> None:
    s.do("response/gather_facts", **{"class": class_})


def minor_question_answered(s: Any) -> None:
    """Answered on the spot, after the secrecy check; no legal check, no review before the
    archive."""
    s.do("triage").do("grade", tier="other", level=1)
    assert list(s.tasks) == ["response/gather_facts"]
    classify(s, "reply_now")
    s.untimed("P04-D5", "reply_now/draft")
    s.finish()
    assert "reply_now/secrecy_check" in s.done and "reply_now/legal_check" not in s.done
    assert "wrap_up/review" not in s.done and "group_report" in s.done


def not_of_this_company(s: Any) -> None:
    s.do("triage", ours=False)
    assert s.ends == ["not_ours"]


def question_that_needs_work(s: Any) -> None:
    """The opinion on the day of discovery, the result on the day the matter is settled: both
    kept."""
    s.grade("other")
    classify(s, "reply_later")
    s.meet("P04-D6", "reply_opinion", s.anchors["discovered_at"])
    assert s.tasks["handle_matter"].due_at is None
    s.wait(days=1).do("handle_matter")
    s.meet("P04-D7", "reply_result", s.anchors["settled_at"])
    s.finish()


def replies_are_late(s: Any) -> None:
    s.grade("other")
    classify(s, "reply_later")
    s.miss("P04-D6", "reply_opinion", s.anchors["discovered_at"])
    s.do("opinion_urge", instruction="即刻回复").do("handle_matter")
    s.miss("P04-D7", "reply_result", s.anchors["settled_at"])
    s.do("result_urge", instruction="即刻回复")
    s.finish()


def major_fabrication(s: Any) -> None:
    """Reported within the hour, departments told at the same moment; clarified under the
    company's name and referred."""
    s.grade("major", major=True)
    s.meet("P04-D1", "report_1h/report_in_time", s.anchors["discovered_at"])
    classify(s, "fabricated")
    s.do("response/refer_enforcement")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do("clarify/" + step)
    s.do("follow", next="report")
    s.untimed("P04-D4", "follow_report/report_freely")
    s.finish()


def one_hour_report_is_late(s: Any) -> None:
    s.grade("major", major=True)
    s.miss("P04-D1", "report_1h/report_in_time", s.anchors["discovered_at"])
    s.do("report_1h/limit_urge")
    s.finish()


def urgent_report_by_phone(s: Any) -> None:
    """By phone within the hour, in writing within 30 minutes of the call; malice needs the record
    of having told the truth."""
    s.grade("major", major=True, urgent=True)
    s.wait(minutes=20)
    s.meet("P04-D1", "report_by_phone/oral_report", s.anchors["discovered_at"])
    s.meet("P04-D3", "report_by_phone/written_report", s.anchors["oral_at"])
    classify(s, "malicious")
    s.do("response/refer_discipline")
    s.finish()


def call_and_letter_are_late(s: Any) -> None:
    s.grade("major", major=True, urgent=True)
    s.miss("P04-D1", "report_by_phone/oral_report", s.anchors["discovered_at"])
    s.do("report_by_phone/oral_urge")
    s.miss("P04-D3", "report_by_phone/written_report", s.anchors["oral_at"])
    s.do("report_by_phone/written_urge", instruction="补报书面")
    s.finish()


def raised_twice(s: Any) -> None:
    """Raised: a new hour from the new grading. Lowered: none; what is being answered goes on."""
    s.grade("other")
    classify(s, "none")
    s.do("follow", next="respond").retier().grade("major", basis="raised", major=True)
    s.meet("P04-D1", "report_1h/report_in_time", s.anchors["graded_at"])
    classify(s, "reply_now")
    draft = s.tasks["reply_now/draft"]
    s.retier()
    assert s.tasks["reply_now/draft"].id == draft.id
    s.grade("other", basis="lowered")
    classify(s, "none")
    s.finish()


def three_days_to_the_group(s: Any) -> None:
    s.grade("other")
    classify(s, "none")
    s.do("follow", next="continue").do("follow", next="respond")
    classify(s, "none")
    s.do("follow").do("closing", criterion_met=False, note="仍有新帖").do("follow").do("closing")
    s.meet("P04-D8", "group_report", s.anchors["calmed_at"])
    s.finish()


def report_to_the_group_is_late(s: Any) -> None:
    s.grade("other")
    classify(s, "none")
    s.do("follow").do("closing")
    s.miss("P04-D8", "group_report", s.anchors["calmed_at"])
    s.do("group_urge", instruction="今日报送")
    s.finish()


def reply_returned_and_refused(s: Any) -> None:
    s.grade("major", major=True)
    classify(s, "reply_now")
    inside = "reply_now/"
    s.do(inside + "draft").do(inside + "secrecy_check", decision="return")
    s.do(inside + "draft").do(inside + "secrecy_check")
    s.do(inside + "legal_check", decision="return")
    s.do(inside + "draft").do(inside + "secrecy_check").do(inside + "legal_check")
    s.do(inside + "approve", decision="reject")
    assert "reply_now/not_released" in s.ends
    s.finish()


def baseline_switched_off(s: Any) -> None:
    s.grade("major", major=True)
    classify(s, "reply_now")
    s.finish()
    assert not {"reply_now/legal_check", "wrap_up/archive"} & {*s.done}


baseline_switched_off.settings = {  # type: ignore[attr-defined]
    "baseline_legal": False, "baseline_archive": False,
}  # fmt: skip


STORIES = (
    minor_question_answered,
    not_of_this_company,
    question_that_needs_work,
    replies_are_late,
    major_fabrication,
    one_hour_report_is_late,
    urgent_report_by_phone,
    call_and_letter_are_late,
    raised_twice,
    three_days_to_the_group,
    report_to_the_group_is_late,
    reply_returned_and_refused,
    baseline_switched_off,
)
