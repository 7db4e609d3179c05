"""Plan 14, the state-owned enterprise: a unit reports both ways, to the leading group within the
hour; the Party publicity department assesses, checks and drafts; the office and a leader pass
what goes on the site."""

from __future__ import annotations

from typing import Any

PLAN = "p14"
SITE, CHAIN, ANSWER = "publish_information", "publish", "answers/answer"
REPORT = "report_1h/report_in_time"


def _reported(s: Any) -> None:
    s.do("triage", matter="incident", opinion="先核实")
    s.untimed("P14-D1", "tell_leader")
    s.do("tell_leader")
    s.meet("P14-D2", REPORT, s.anchors["discovered_at"])


def _started(s: Any) -> None:
    _reported(s)
    s.do("approve_measures", decision="start")


def _checked(s: Any, finding: str, **more: Any) -> None:
    s.do("assessment/check_facts/collect")
    s.do("assessment/check_facts/conclude", finding=finding, **more)


def not_about_the_group(s: Any) -> None:
    s.do("triage", matter="not_ours")
    assert s.ends == ["not_ours"]


def site_information(s: Any) -> None:
    """Office, leader, web administrator; the Party office where secret-related or major."""
    s.do("triage", matter="information", sensitive=True).do(f"{SITE}/draft")
    assert s.element(f"{SITE}/first_review").candidate_groups == ("office",)
    assert s.element(f"{SITE}/approve").candidate_groups == ("deputy",)
    s.do(f"{SITE}/first_review")
    assert list(s.tasks) == [f"{SITE}/sensitive_checks/party_check"], "the Party office alone"
    s.do(f"{SITE}/sensitive_checks/party_check")
    s.do(f"{SITE}/approve").do(f"{SITE}/release")
    assert s.ends[-1] == "information_published" and s.status == "completed"


def ordinary_site_information(s: Any) -> None:
    s.do("triage", matter="information").do(f"{SITE}/draft").do(f"{SITE}/first_review")
    s.do(f"{SITE}/approve").do(f"{SITE}/release")
    assert s.status == "completed"


def nothing_before_approval(s: Any) -> None:
    """No measure is taken until both reports are made and the leading group has approved."""
    _reported(s)
    assert list(s.tasks) == ["approve_measures"]
    s.do("approve_measures", decision="watch")
    assert s.ends[-1] == "on_watch"


def reported_late(s: Any) -> None:
    """The hour passes: reminder, limit, escalation; the report is made late."""
    s.do("triage", matter="incident")
    s.miss("P14-D2", REPORT, s.anchors["discovered_at"])
    s.do("tell_leader").do("report_1h/limit_urge", instruction="立即补报")
    s.do("approve_measures", decision="start")
    s.do("assessment/analyse", meeting=True, report_up=True).do("assessment/meeting")
    _checked(s, "untrue")
    s.do("response_plan", publish=True).do("report_superior/report_freely")
    s.do(f"{CHAIN}/draft").do(f"{CHAIN}/approve").do(f"{CHAIN}/release")
    s.do("answers/collect_questions").do(f"{ANSWER}/draft")
    s.do(f"{ANSWER}/secrecy_check", decision="return", comment="写了个人信息")
    s.do(f"{ANSWER}/draft").do(f"{ANSWER}/secrecy_check")
    s.do(f"{ANSWER}/approve").do(f"{ANSWER}/release").do("answers/faq")
    s.do("follow", next="continue").do("follow", next="calm")
    s.do("closing", criterion_met=False, note="仍有人追问").do("follow", next="calm")
    s.do("closing").do("wrap_up/review").do("wrap_up/archive")
    assert s.status == "completed"


def breach_in_a_unit(s: Any) -> None:
    """True and a breach; the unit responsible is heard, the proposal handed over."""
    _started(s)
    s.do("assessment/analyse")
    _checked(s, "true", breach=True)
    s.do("assessment/punish_breach").do("response_plan", publish=False)
    s.do("follow", next="consult").do("consult").do("response_plan", publish=False)
    s.do("follow", next="calm", accountable=True).do("closing")
    s.do("hearing").do("proposal", about="unit").do("wrap_up/review").do("wrap_up/archive")
    assert s.status == "completed"


def rumour(s: Any) -> None:
    _started(s)
    s.do("assessment/analyse")
    _checked(s, "unlawful")
    c = "assessment/report_rumour"
    s.do(f"{c}/state_ground", ground="untrue").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="platform").do(f"{c}/send_notice").do(f"{c}/outcome")
    s.do("response_plan", publish=False).do("follow", next="again")
    s.do("assessment/analyse", check=False).do("response_plan", publish=False)
    s.finish()


def graded(s: Any) -> None:
    """A unit that uses the baseline pair changes the tier during and after the check."""
    _started(s)
    s.do("grade", tier="general").do("assessment/analyse")
    s.do("assessment/check_facts/collect").retier()
    assert "assessment/check_facts/conclude" not in s.tasks
    s.do("grade", tier="major").do("assessment/analyse")
    _checked(s, "unclear")
    s.do("response_plan", publish=False).retier()
    s.do("grade", tier="general").do("assessment/analyse", check=False)
    s.do("response_plan", publish=False).do("follow", next="calm").do("closing")
    s.do("wrap_up/archive")
    assert s.status == "completed"


graded.settings = {"baseline_grading": True, "baseline_review": False}  # type: ignore[attr-defined]


STORIES = (
    not_about_the_group,
    site_information,
    ordinary_site_information,
    nothing_before_approval,
    reported_late,
    breach_in_a_unit,
    rumour,
    graded,
)

#: As the text has it: without the tiers and the legal check the product adds unless told not to.
AS_WRITTEN = {"baseline_grading": False, "baseline_legal": False}
for _story in STORIES:
    _story.settings = AS_WRITTEN | getattr(_story, "settings", {})  # type: ignore[attr-defined]
