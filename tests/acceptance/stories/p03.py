"""Plan 3, a school under a county bureau: four lead bodies for four levels without criteria, the
untrue report that is corrected and not removed, and the incident that is spoken of at once."""

from __future__ import annotations

from typing import Any

PLAN = "p03"


def _untrue(s: Any, finding: str, /) -> None:
    """A report that may be untrue, reported and checked."""
    s.grade("minor", kind="untrue", basis="本校标准第二条")
    s.do("response/office_guides")
    s.do("response/unit_runs")
    s.do("untrue_report/report_untrue")
    s.do("untrue_report/check_facts/collect")
    s.do("untrue_report/check_facts/conclude", finding=finding)


def not_ours(s: Any) -> None:
    s.do("triage", ours=False)
    assert s.ends == ["not_ours"]


def extraordinary_incident(s: Any) -> None:
    """The superior's main leader is asked, the group runs it, the watch runs around the clock;
    the first word does not wait for the consultation."""
    s.grade("extraordinary", extraordinary=True, group_event=True, kind="incident")
    s.do("incident_watch", rota="甲班、乙班、丙班各八小时")
    assert "watching" in s.ends and "informed" in s.ends
    s.do("response/ask_superior", instruction="同意启动")
    s.do("response/group_runs")
    s.untimed("P03-D3", "incident/first_statement/draft")
    assert "incident/collect_news" in s.tasks
    s.finish()
    assert {"incident/spoken", "incident/consulted", "case_closed"} <= set(s.ends)


def major(s: Any) -> None:
    """The group leads and the information section acts; questions are answered, signed."""
    s.grade("major", major=True)
    s.do("response/group_leads")
    s.do("response/information_joins")
    s.do("follow", next="continue")
    s.do("follow", next="answer", questions="食堂何时恢复供餐")
    s.do("answer_questions/collect_questions")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"answer_questions/answer/{step}")
    s.do("answer_questions/faq", again=True)
    s.do("answer_questions/collect_questions")
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"answer_questions/answer/{step}")
    s.do("answer_questions/faq", again=False)
    s.do("follow", next="calm")
    s.do("closing", criterion_met=False, note="仍有提问")
    s.do("follow", next="calm")
    s.do("closing", criterion_met=True)
    s.finish(evaluate={"someone": False})
    assert "aftermath/assess" not in s.done


def general_then_raised(s: Any) -> None:
    """The office asks; the level is raised while it works, and once more while it is watched."""
    s.grade("general", general=True)
    s.do("response/office_asks")
    s.retier()
    assert "response/office_runs" in s.cancelled
    s.grade("general", general=True)
    s.do("response/office_asks")
    s.do("response/office_runs")
    assert "follow" in s.tasks
    s.retier()
    s.grade("major", major=True)
    s.do("response/group_leads")
    s.do("response/information_joins")
    s.finish()


def corrected(s: Any) -> None:
    _untrue(s, "untrue")
    s.do("untrue_report/ask_correction", result="corrected")
    assert "untrue_report/corrected" in s.ends
    s.finish()


def a_reply_is_printed(s: Any) -> None:
    _untrue(s, "unlawful")
    s.do("untrue_report/ask_correction", result="reply")
    assert "untrue_report/right_of_reply/draft" in s.tasks
    s.finish()


def the_medium_refuses(s: Any) -> None:
    """Only now a complaint; the legal desk wants more evidence and then signs nothing."""
    _untrue(s, "untrue")
    s.do("untrue_report/ask_correction", result="refused")
    s.do("untrue_report/lawful_notice/state_ground", ground="untrue")
    s.do("untrue_report/lawful_notice/evidence")
    s.do("untrue_report/lawful_notice/sign_off", decision="more")
    s.do("untrue_report/lawful_notice/evidence")
    s.do("untrue_report/lawful_notice/sign_off", decision="no")
    assert "untrue_report/lawful_notice/refused" in s.ends
    s.finish()


def unfavourable_is_left_alone(s: Any) -> None:
    """What is true may be unfavourable: nobody is asked to change it."""
    _untrue(s, "true")
    s.finish()
    assert "untrue_report/left_in_place" in s.ends
    assert "untrue_report/ask_correction" not in s.done
    assert "untrue_report/report_untrue" in s.done


def plain(s: Any) -> None:
    """A school without the baseline's checks and archive."""
    s.grade("minor", kind="incident")
    s.finish()
    checks = ("/secrecy_check", "/legal_check", "wrap_up/archive")
    assert not any(path.endswith(checks) for path in s.done)


plain.settings = {  # type: ignore[attr-defined]
    "baseline_secrecy": False, "baseline_legal": False, "baseline_archive": False,
}  # fmt: skip

STORIES = (
    not_ours, extraordinary_incident, major, general_then_raised, corrected, a_reply_is_printed,
    the_medium_refuses, unfavourable_is_left_alone, plain,
)  # fmt: skip
