"""Plan 11: a unit under a county Party committee, four tiers, one and two hours to report up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PLAN = "p11"
HOUR = timedelta(hours=1)
WORDS = ("draft", "secrecy_check", "legal_check", "approve", "release")


def general_case(s: Any) -> None:
    """A question with few onlookers: solved, answered, followed, archived without a review."""
    s.do("triage", within_50=True, items=12).do("grade", tier="general", level=1)
    assert not any(path.startswith("report") for path in s.tasks)
    s.meet("P11-D4", "first_statement", s.anchors["discovered_at"])
    s.finish()
    assert "wrap_up/review" not in s.done and "case_closed" in s.ends


def signal_of_another_unit(s: Any) -> None:
    s.do("triage", ours=False)
    assert s.ends == ["not_ours"]


def extraordinary_case_reported_late(s: Any) -> None:
    """The hour passes; the office urges. The Party-government office returns the plan once."""
    found = s.anchors["discovered_at"]
    s.wait(minutes=3).grade("extraordinary", casualties=True)
    assert s.tasks["first_statement/draft"].due_at == found + 24 * HOUR
    assert s.tasks["response/fact_check"].due_at is None
    s.do("first_statement/draft")
    assert s.tasks["first_statement/secrecy_check"].due_at == found + 24 * HOUR
    for step in WORDS[1:]:
        s.do(f"first_statement/{step}")
    s.miss("P11-D1", "report_1h/report_in_time", found)
    s.do("report_1h/limit_urge", instruction="立即报齐")
    s.do("response/fact_check", finding="true").do("response/handling_plan")
    s.do("response/office_coordinates", decision="return").do("response/handling_plan")
    s.do("response/office_coordinates", decision="approve").do("response/carry_out")
    s.do("follow", next="calm").do("closing").do("wrap_up/review").do("wrap_up/archive")
    assert s.status == "completed"


def extraordinary_case_reported_in_time(s: Any) -> None:
    s.grade("extraordinary", severe=True)
    s.meet("P11-D1", "report_1h/report_in_time", s.anchors["discovered_at"])
    s.finish()


def major_case(s: Any) -> None:
    """The leading group returns the plan, then approves it; the two hours are kept."""
    s.grade("major", mainstream=True, major_impact=True)
    s.meet("P11-D2", "report_2h/report_in_time", s.anchors["discovered_at"])
    s.do("response/fact_check", finding="unclear").do("response/handling_plan")
    s.do("response/group_decides", decision="return").do("response/handling_plan")
    s.do("response/group_decides", decision="approve")
    s.finish()


def major_case_reported_late(s: Any) -> None:
    s.grade("major", sensitive=True, trend="fast", major_impact=True)
    s.miss("P11-D2", "report_2h/report_in_time", s.anchors["discovered_at"])
    s.finish()


def considerable_case_untrue_post(s: Any) -> None:
    """Untrue: reported at once, on no clock; a lawful complaint on evidence and sign-off."""
    s.grade("considerable", trend="rising", report_now=True)
    s.untimed("P11-D6", "report_discretion/report_freely")
    s.do("report_discretion/report_freely")
    s.do("response/fact_check", finding="untrue")
    complaint = "response/lawful_notice/"
    s.do(complaint + "state_ground", ground="untrue").do(complaint + "evidence")
    s.do(complaint + "sign_off", decision="platform").do(complaint + "send_notice")
    s.do(complaint + "outcome", countered=True).do(complaint + "counter_notice")
    s.finish()
    assert complaint + "complaint_end" in s.ends


def unlawful_post_reported_at_discretion(s: Any) -> None:
    s.grade("considerable", trend="rising", report_now=True)
    s.untimed("P11-D3", "report_discretion/report_freely")
    s.do("report_discretion/report_freely")
    s.do("response/fact_check", finding="unlawful").do("response/police_report")
    s.finish()


def nothing_to_say_in_public(s: Any) -> None:
    s.grade("general", respond=False, within_50=True)
    assert not any(path.startswith("first_statement") for path in s.tasks)
    s.finish()


def statement_is_late(s: Any) -> None:
    """The golden 24 hours pass: the leader urges, and it still goes out."""
    s.grade("general", within_50=True)
    s.miss("P11-D4", "first_statement", s.anchors["discovered_at"])
    s.do("golden_urge", instruction="今晚前发布")
    s.finish()


def statement_returned_by_each_and_refused(s: Any) -> None:
    s.grade("major", major_impact=True)
    inside = "first_statement/"
    s.do(inside + "draft").do(inside + "secrecy_check", decision="return")
    s.do(inside + "draft").do(inside + "secrecy_check")
    s.do(inside + "legal_check", decision="return")
    s.do(inside + "draft").do(inside + "secrecy_check").do(inside + "legal_check")
    s.do(inside + "approve", decision="return")
    s.do(inside + "draft").do(inside + "secrecy_check").do(inside + "legal_check")
    s.do(inside + "approve", decision="reject")
    assert "first_statement/not_released" in s.ends
    s.finish()


def raised_while_responding(s: Any) -> None:
    """The response is interrupted, the statement and the old clock go on, a new clock opens."""
    found = s.anchors["discovered_at"]
    s.grade("major", sensitive=True, trend="fast", major_impact=True)
    draft = s.tasks["first_statement/draft"]
    s.wait(minutes=80).retier()
    assert "response/fact_check" in s.cancelled
    assert s.tasks["first_statement/draft"].id == draft.id and s.tasks["triage"].round == 2
    s.wait(minutes=2).grade("extraordinary", basis="raised", casualties=True, respond=False)
    assert s.tasks["report_2h/report_in_time"].due_at == found + 2 * HOUR
    s.meet("P11-D1", "report_1h/report_in_time", s.anchors["graded_at"])
    assert s.tasks["first_statement/draft"].id == draft.id
    s.finish()


def lowered_while_following(s: Any) -> None:
    s.grade("considerable", trend="rising")
    s.do("response/fact_check").do("response/carry_out").retier()
    assert "follow" in s.cancelled
    s.grade("general", basis="lowered", respond=False, within_50=True)
    s.finish()


def lowered_before_the_report_was_made(s: Any) -> None:
    """The running clock is kept; a lower tier opens no second one, late from the start."""
    found = s.anchors["discovered_at"]
    s.grade("extraordinary", casualties=True).wait(minutes=10).retier()
    s.wait(hours=3).grade("major", basis="lowered", mainstream=True, respond=False)
    assert s.tasks["report_1h/report_in_time"].due_at == found + HOUR
    assert "report_2h/report_in_time" not in s.tasks
    s.finish()


def long_follow_up(s: Any) -> None:
    """Progress is published while the case is followed; the response is taken up again."""
    s.grade("considerable", trend="rising")
    s.do("response/fact_check").do("response/carry_out")
    s.do("follow", next="continue").do("follow", next="progress")
    assert s.tasks["progress_statement/draft"].due_at is None
    s.do("follow", next="respond").do("response/fact_check").do("response/carry_out")
    assert "progress_statement/draft" in s.tasks
    s.do("follow", next="calm").do("closing", criterion_met=False, note="仍有新帖")
    assert "calmed_at" not in s.anchors
    s.do("follow", next="calm")
    s.finish()


def questions_and_a_named_expert(s: Any) -> None:
    """In place of opinion leaders and paid posters: answers under the unit's name, and an expert
    whose name, relation and payment are told."""
    s.grade("considerable", trend="rising", respond=False)
    s.do("response/fact_check").do("response/carry_out")
    s.do("follow", next="questions").do("public_questions/collect_questions")
    s.do("follow", next="expert")
    assert any(path.startswith("named_expert/") for path in s.tasks)
    for step in ("draft", "approve", "release"):
        s.do(f"public_questions/answer/{step}")
    s.do("public_questions/faq", again=True)
    assert "public_questions/collect_questions" in s.tasks
    s.finish()


def government_limits(s: Any) -> None:
    """The overlay of a government body: 5 and 24 hours from discovery for a major case."""
    s.grade("major", mainstream=True, major_impact=True)
    found = s.anchors["discovered_at"]
    assert s.tasks["answer_limits/authoritative_word"].due_at == found + 5 * HOUR
    assert s.tasks["answer_limits/press_conference"].due_at == found + 24 * HOUR
    s.wait(hours=6)
    fired = [path.rpartition("/")[2] for path in s.fired if path.startswith("answer_limits/")]
    assert fired == ["word_remind", "word_due", "word_escalate"]
    s.finish()


def government_limit_of_other_cases(s: Any) -> None:
    s.grade("general", within_50=True)
    answer = s.tasks["answer_limits/answer_opinion"]
    assert answer.due_at == s.anchors["discovered_at"] + 48 * HOUR
    s.finish()


government_limits.settings = {"gov_clocks": True}  # type: ignore[attr-defined]
government_limit_of_other_cases.settings = {"gov_clocks": True}  # type: ignore[attr-defined]


def baseline_switched_off(s: Any) -> None:
    """A unit that has its own rules for checks, review and archive."""
    s.grade("major", major_impact=True)
    for step in ("draft", "approve", "release"):
        s.do(f"first_statement/{step}")
    s.finish()
    assert not {"first_statement/secrecy_check", "wrap_up/review", "wrap_up/archive"} & {*s.done}


baseline_switched_off.settings = {  # type: ignore[attr-defined]
    "baseline_secrecy": False, "baseline_legal": False,
    "baseline_review": False, "baseline_archive": False,
}  # fmt: skip


STORIES = (
    general_case,
    signal_of_another_unit,
    extraordinary_case_reported_late,
    extraordinary_case_reported_in_time,
    major_case,
    major_case_reported_late,
    considerable_case_untrue_post,
    unlawful_post_reported_at_discretion,
    nothing_to_say_in_public,
    statement_is_late,
    statement_returned_by_each_and_refused,
    raised_while_responding,
    lowered_while_following,
    lowered_before_the_report_was_made,
    long_follow_up,
    questions_and_a_named_expert,
    government_limits,
    government_limit_of_other_cases,
    baseline_switched_off,
)
