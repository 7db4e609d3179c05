"""Plan 6: opinion on integrity at a county bureau. Tiers decide who approves, a department that
is accused stands back, and those who report are protected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PLAN = "p06"
LIMIT = timedelta(days=10)


def activate(s: Any, tier: str, /, **triage: Any) -> None:
    """From triage to the plan being set going."""
    s.do("triage", **triage)
    if triage.get("accused"):
        s.recuse("unit")
        s.do("recuse")
    s.do("grade", tier=tier, level={"third": 1, "second": 2, "first": 3}[tier])
    s.do("special_report", reporter_masked=True).do("approve_report", decision="approve")


def not_about_this_bureau(s: Any) -> None:
    s.do("triage", ours=False)
    assert s.ends == ["not_ours"]


def local_matter(s: Any) -> None:
    """Tier 3: no report to the superior, the group's office coordinates; nothing is timed."""
    s.untimed("P06-D2", "triage")
    s.do("triage", local=True, little_noticed=True, within=True, growing=True)
    s.do("grade", tier="third", level=1)
    s.untimed("P06-D3", "special_report")
    s.do("special_report", reporter_masked=True).do("approve_report", decision="approve")
    assert not any(path.startswith("report_superior") for path in s.tasks)
    s.do("response/office_coordinates")
    s.do("response/check_by_department/collect")
    s.do("response/check_by_department/conclude", finding="true")
    assert s.tasks["statement/draft"].due_at is None
    s.do("statement/draft").do("statement/edit").do("statement/secrecy_check")
    s.do("statement/approve").do("statement/release")
    s.finish()
    assert "case_closed" in s.ends and "not_reported" in s.ends


def report_that_names_the_reporter_goes_back(s: Any) -> None:
    """An approved report that may tell who reported does not set the plan going."""
    s.do("triage", respond=False).do("grade", tier="third", level=1)
    s.do("special_report", reporter_masked=False).do("approve_report", decision="approve")
    assert "special_report" in s.tasks and "follow" not in s.tasks
    s.do("special_report", reporter_masked=True).do("approve_report", decision="return")
    s.do("special_report", reporter_masked=True).do("approve_report", decision="approve")
    s.finish()
    assert "no_word" in s.ends


def judged_tier_two(s: Any) -> None:
    """Tier 2, judged by a person: reported up, the group coordinates without the main leader;
    untrue claims become a lawful complaint kept by the office."""
    activate(s, "second", tier_two=True)
    assert s.tasks["report_superior/report_freely"].due_at is None
    s.do("report_superior/report_freely").do("response/handling_plan")
    s.do("response/group_coordinates").do("response/check_by_department/collect")
    s.do("response/check_by_department/conclude", finding="untrue")
    s.do("response/complaint_file/state_ground", ground="unfavourable")
    s.do("follow", next="respond").do("response/handling_plan").do("response/group_coordinates")
    s.do("response/check_by_department/collect")
    s.do("response/check_by_department/conclude", finding="unlawful")
    s.do("response/complaint_file/state_ground", ground="unlawful")
    s.do("response/complaint_file/evidence")
    s.do("response/complaint_file/sign_off", decision="police")
    s.do("response/complaint_file/report_police").do("response/complaint_file/outcome")
    s.finish()


def national_matter(s: Any) -> None:
    """Tier 1: the main leader approves the plan; words returned at every gate, then refused."""
    activate(s, "first", picked_up=True, wider=True)
    s.do("response/handling_plan").do("response/leader_approves", decision="return")
    s.do("response/handling_plan").do("response/leader_approves", decision="approve")
    s.do("response/group_coordinates")
    inside = "statement/"
    s.do(inside + "draft").do(inside + "edit", decision="return")
    s.do(inside + "draft").do(inside + "edit").do(inside + "secrecy_check", decision="return")
    s.do(inside + "draft").do(inside + "edit").do(inside + "secrecy_check")
    s.do(inside + "approve", decision="return")
    s.do(inside + "draft").do(inside + "edit").do(inside + "secrecy_check")
    s.do(inside + "approve", decision="reject")
    assert "statement/not_released" in s.ends
    s.finish()


def accused_department_stands_back(s: Any) -> None:
    """Who is accused neither drafts nor checks; publicity drafts, the main leader approves."""
    s.do("triage", accused=True, corruption=True)
    s.refused("recuse", code="recusal_missing")
    s.recuse("unit", roles=("unit",))
    s.do("recuse")
    s.do("grade", tier="third", level=1)
    s.do("special_report", reporter_masked=True).do("approve_report", decision="approve")
    assert not any(path.startswith("statement/") for path in s.tasks)
    s.do("recused_statement/draft").do("recused_statement/edit")
    s.do("recused_statement/secrecy_check").do("recused_statement/approve")
    s.do("recused_statement/release")
    s.do("response/office_coordinates").do("response/check_by_discipline/collect")
    s.do("response/check_by_discipline/conclude", finding="unclear")
    s.do("response/investigation/step_in")
    assert s.tasks["response/investigation/investigate"].due_at is None
    s.do("response/investigation/investigate")
    s.do("response/investigation/decide_opinion", decision="return")
    s.do("response/investigation/investigate")
    s.do("response/investigation/decide_opinion", decision="approve")
    s.do("response/investigation/deal_with")
    s.refused("follow", code="recused", as_="unit")
    s.do("follow", next="continue").do("follow", next="calm")
    s.do("closing", criterion_met=False, note="仍有新帖").do("follow", next="calm").finish()
    assert "case_closed" in s.ends


def investigation_in_the_time_set(s: Any) -> None:
    _to_the_investigation(s)
    due = s.anchors["intervened_at"] + LIMIT
    assert s.tasks["response/investigation/investigate_in_time"].due_at == due
    s.do("response/investigation/investigate_in_time").finish()
    assert not [path for path in s.fired if "opinion" in path]


def investigation_runs_late(s: Any) -> None:
    _to_the_investigation(s)
    s.wait(days=10, hours=2)
    assert [path.rpartition("/")[2] for path in s.fired if "opinion" in path] == [
        "opinion_remind", "opinion_due", "opinion_escalate",
    ]  # fmt: skip
    s.do("response/investigation/opinion_urge").finish()


def _to_the_investigation(s: Any) -> None:
    activate(s, "third", corruption=True, respond=False)
    s.do("response/office_coordinates").do("response/check_by_department/collect")
    s.do("response/check_by_department/conclude", finding="true")
    s.do("response/investigation/step_in")


investigation_in_the_time_set.settings = {"investigation_limit": "P10D"}  # type: ignore[attr-defined]
investigation_runs_late.settings = {"investigation_limit": "P10D"}  # type: ignore[attr-defined]


def raised_and_lowered(s: Any) -> None:
    """A change of tier leads back to triage; a new report goes up only when it got worse."""
    activate(s, "third")
    s.retier()
    activate(s, "second", basis="raised", tier_two=True, respond=False)
    s.do("report_superior/report_freely").do("response/handling_plan")
    s.do("response/group_coordinates").do("response/check_by_department/collect")
    s.do("response/check_by_department/conclude", finding="unclear")
    s.retier()
    activate(s, "second", basis="lowered", tier_two=True, respond=False)
    assert not any(path.startswith("report_superior") for path in s.tasks)
    s.finish()


def limits_of_government_met(s: Any) -> None:
    """The overlay: 5 hours and 24 hours from discovery for tiers 1 and 2."""
    activate(s, "first", hyped=True, wider=True)
    found = s.anchors["discovered_at"]
    word, conference = "answer_limits/authoritative_word", "answer_limits/press_conference"
    assert s.tasks[word].due_at == found + timedelta(hours=5)
    assert s.tasks[conference].due_at == found + timedelta(hours=24)
    s.do(word).do(conference).finish()
    assert not [path for path in s.fired if path.startswith("answer_limits/")]


def limits_of_government_missed(s: Any) -> None:
    activate(s, "second", tier_two=True)
    s.wait(hours=25)
    fired = {path.rpartition("/")[2] for path in s.fired if path.startswith("answer_limits/")}
    kinds = ("remind", "due", "escalate")
    assert fired == {f"{which}_{kind}" for which in ("word", "conference") for kind in kinds}
    s.finish()


def forty_eight_hours(s: Any) -> None:
    activate(s, "third", local=True)
    answer = "answer_limits/answer_opinion"
    assert s.tasks[answer].due_at == s.anchors["discovered_at"] + timedelta(hours=48)
    s.wait(hours=49)
    fired = [path.rpartition("/")[2] for path in s.fired if path.startswith("answer_limits/")]
    assert fired == ["answer_remind", "answer_due", "answer_escalate"]
    s.finish()


for story in (limits_of_government_met, limits_of_government_missed, forty_eight_hours):
    story.settings = {"gov_clocks": True}  # type: ignore[attr-defined]


def no_archive_wanted(s: Any) -> None:
    activate(s, "third", respond=False)
    s.finish()
    assert "wrap_up/archive" not in s.done


no_archive_wanted.settings = {"baseline_archive": False}  # type: ignore[attr-defined]


STORIES = (
    not_about_this_bureau,
    local_matter,
    report_that_names_the_reporter_goes_back,
    judged_tier_two,
    national_matter,
    accused_department_stands_back,
    investigation_in_the_time_set,
    investigation_runs_late,
    raised_and_lowered,
    limits_of_government_met,
    limits_of_government_missed,
    forty_eight_hours,
    no_archive_wanted,
)
