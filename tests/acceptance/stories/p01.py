"""Plan 1, the school: monitors report to the leaders, a response is approved, facts are checked,
the leading group approves what is said, the public's questions are answered by name."""

from __future__ import annotations

from typing import Any

PLAN = "p01"
CHAIN, ROUTINE, ANSWER = "publish", "publish_information", "answers/answer"
CHECKS = f"{ROUTINE}/sensitive_checks"


def _approved(s: Any, **plan: Any) -> None:
    """Up to an approved handling plan, no statement unless asked for."""
    s.do("triage", matter="incident")
    s.untimed("P01-D2", "report_leader/report_freely")
    s.do("report_leader/report_freely")
    s.do("approve_response", decision="start")
    s.do("assess")
    s.do("handling_plan", **{"publish": False, **plan})


def _concluded(s: Any, finding: str, **more: Any) -> None:
    s.untimed("P01-D4", "handling/check_facts/collect")
    s.do("handling/check_facts/collect")
    s.do("handling/check_facts/conclude", finding=finding, **more)


def _word(s: Any, chain: str = CHAIN) -> None:
    s.do(f"{chain}/draft").do(f"{chain}/approve").do(f"{chain}/release")


def not_about_the_school(s: Any) -> None:
    s.do("triage", matter="not_ours")
    assert s.status == "completed" and s.ends == ["not_ours"]


def ordinary_information(s: Any) -> None:
    """Department, its head, the Party branch, the web administrator: four people."""
    s.do("triage", matter="information")
    s.do(f"{ROUTINE}/draft")
    assert s.element(f"{ROUTINE}/approve").candidate_groups == ("party_office",)
    s.do(f"{ROUTINE}/first_review", decision="return", comment="照片不清")
    s.do(f"{ROUTINE}/draft").do(f"{ROUTINE}/first_review")
    s.do(f"{ROUTINE}/approve", decision="return", comment="标题要改")
    s.do(f"{ROUTINE}/draft").do(f"{ROUTINE}/first_review").do(f"{ROUTINE}/approve")
    assert s.element(f"{ROUTINE}/release").candidate_groups == ("web",)
    s.do(f"{ROUTINE}/release")
    assert s.ends[-1] == "information_published"


def secret_information(s: Any) -> None:
    """Secret-related and major information goes to three offices at the same time."""
    s.do("triage", matter="information", sensitive=True)
    s.do(f"{ROUTINE}/draft").do(f"{ROUTINE}/first_review")
    offices = ("secrecy_check", "party_check", "office_check")
    assert set(s.tasks) == {f"{CHECKS}/{office}" for office in offices}
    s.do(f"{CHECKS}/secrecy_check", decision="return", comment="涉及学生个人信息")
    s.do(f"{CHECKS}/party_check").do(f"{CHECKS}/office_check")
    s.do(f"{ROUTINE}/draft").do(f"{ROUTINE}/first_review")
    for office in offices:
        s.do(f"{CHECKS}/{office}")
    s.do(f"{ROUTINE}/approve", decision="reject", comment="不宜公开")
    assert s.ends[-1] == "information_published" and s.status == "completed"


def watched_only(s: Any) -> None:
    s.do("triage").do("report_leader/report_freely")
    s.do("approve_response", decision="watch")
    assert s.ends[-1] == "not_started"


def rumour_cleared_up(s: Any) -> None:
    """Untrue: the school says so under its name, answers questions, asks an expert by name."""
    s.do("triage").do("report_leader/report_freely").do("approve_response", decision="start")
    s.do("assess", meeting=True, report_up=True).do("meeting")
    s.do("handling_plan", publish=True, sensitive=True, experts=True)
    s.do("report_superior/report_freely")
    s.untimed("P01-D1", f"{CHAIN}/draft")
    s.refused(f"{CHAIN}/draft", known="", unknown="", doing="")
    s.do(f"{CHAIN}/draft")
    s.do(f"{CHAIN}/sensitive_checks/secrecy_check").do(f"{CHAIN}/sensitive_checks/party_check")
    s.do(f"{CHAIN}/approve").do(f"{CHAIN}/release")
    s.do("answers/collect_questions").do(f"{ANSWER}/draft").do(f"{ANSWER}/secrecy_check")
    s.do(f"{ANSWER}/approve").do(f"{ANSWER}/release")
    s.do("answers/faq", again=True).do("answers/collect_questions")
    s.do(f"{ANSWER}/draft").do(f"{ANSWER}/secrecy_check")
    s.do(f"{ANSWER}/approve", decision="reject", comment="已答过").do("answers/faq")
    s.do("expert/invite").do("expert/opinion", agrees="partly")
    s.do("expert/disclosure", complete=False).do("expert/opinion", agrees="disagrees")
    s.do("expert/disclosure")
    assert "words_end" in s.ends
    _concluded(s, "untrue")
    assert "clarify/draft" in s.tasks and "follow" in s.tasks, "cleared up while following"
    s.do("clarify/draft")
    s.do("clarify/sensitive_checks/secrecy_check").do("clarify/sensitive_checks/party_check")
    s.do("clarify/approve").do("clarify/release")
    assert "clarified" in s.ends
    s.do("follow", next="continue").do("follow", next="calm")
    s.do("closing", criterion_met=False, note="仍有人追问")
    s.do("follow", next="calm").do("closing")
    s.do("wrap_up/review").do("wrap_up/archive")
    assert s.ends[-1] == "case_closed" and s.status == "completed"


def breach_and_accountability(s: Any) -> None:
    """True and a breach: dealt with under the rules; the proposal is handed over after a
    hearing. New circumstances are consulted on and change the plan."""
    _approved(s, publish=True, questions=False, experts=True)
    _word(s)
    s.do("expert/invite", accepted=False)
    _concluded(s, "true", breach=True)
    s.do("handling/refer_discipline")
    s.do("follow", next="consult").do("consult")
    s.do("handling_plan", check=False, publish=False)
    s.do("follow", next="calm", accountable=True).do("closing")
    s.do("hearing").do("proposal").do("wrap_up/review").do("wrap_up/archive")
    assert s.status == "completed"


def malicious_invention(s: Any) -> None:
    """Every way a complaint can go: signed off by the legal officer, sent, answered."""
    c = "handling/report_invention"
    _approved(s)
    _concluded(s, "unlawful")
    s.do(f"{c}/state_ground", ground="unlawful").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="more").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="police").do(f"{c}/report_police").do(f"{c}/outcome")
    _again(s).do(f"{c}/state_ground", ground="infringing").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="platform").do(f"{c}/send_notice")
    s.do(f"{c}/outcome", countered=True).do(f"{c}/counter_notice", answer="withdraw")
    _again(s).do(f"{c}/state_ground", ground="untrue").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="centre").do(f"{c}/report_centre").do(f"{c}/outcome")
    _again(s).do(f"{c}/state_ground", ground="untrue").do(f"{c}/evidence")
    s.do(f"{c}/sign_off", decision="no")
    _again(s).do(f"{c}/state_ground", ground="unfavourable")
    assert not any(path.startswith(c) for path in s.tasks), "criticism is left alone"
    s.finish()


def _again(s: Any) -> Any:
    """Clarify, consult, check once more, find invention again."""
    _word(s, "clarify")
    s.do("follow", next="consult").do("consult").do("handling_plan", publish=False)
    s.do("handling/check_facts/collect")
    return s.do("handling/check_facts/conclude", finding="unlawful")


def graded(s: Any) -> None:
    """A unit that uses the baseline pair: the tier may change during and after handling."""
    s.do("triage").do("report_leader/report_freely").do("approve_response", decision="start")
    s.do("grade", tier="general").do("assess").do("handling_plan", publish=False)
    s.do("handling/check_facts/collect").retier()
    assert "handling/check_facts/conclude" not in s.tasks
    s.do("grade", tier="major").do("assess").do("handling_plan", publish=False)
    _concluded(s, "unclear")
    s.retier().do("grade", tier="general").do("assess")
    s.do("handling_plan", publish=False, check=False)
    s.do("follow", next="calm").do("closing").do("wrap_up/archive")
    assert s.status == "completed"


graded.settings = {"baseline_grading": True, "baseline_legal": True, "baseline_review": False}  # type: ignore[attr-defined]


def legal_officer_reads_answers(s: Any) -> None:
    """With the legal check switched on and the secrecy check off."""
    _approved(s, publish=True, check=False)
    _word(s)
    s.do("answers/collect_questions").do(f"{ANSWER}/draft")
    s.do(f"{ANSWER}/legal_check", decision="return", comment="依据要写明")
    s.do(f"{ANSWER}/draft").do(f"{ANSWER}/legal_check")
    s.do(f"{ANSWER}/approve", decision="return", comment="写得再清楚些")
    s.do(f"{ANSWER}/draft").do(f"{ANSWER}/legal_check").do(f"{ANSWER}/approve")
    s.do(f"{ANSWER}/release").do("answers/faq")
    s.finish()


legal_officer_reads_answers.settings = {  # type: ignore[attr-defined]
    "baseline_legal": True, "baseline_secrecy": False,
}  # fmt: skip


STORIES = (
    not_about_the_school,
    ordinary_information,
    secret_information,
    watched_only,
    rumour_cleared_up,
    breach_and_accountability,
    malicious_invention,
    graded,
    legal_officer_reads_answers,
)

#: As the text has it: without the tiers and the legal check the product adds unless told not to.
AS_WRITTEN = {"baseline_grading": False, "baseline_legal": False}
for _story in STORIES:
    _story.settings = AS_WRITTEN | getattr(_story, "settings", {})  # type: ignore[attr-defined]
