"""Plan 5, a truncated copy of plan 1: it runs by plan 1's diagram, and the steps whose text is
lost say so."""

from __future__ import annotations

from typing import Any

PLAN = "p05"


def runs_as_plan_1(s: Any) -> None:
    for lost in ("assess", "meeting", "report_superior", "expert", "expert/opinion"):
        assert s.element(lost).origin == "lost", lost
    for there in ("triage", "approve_response", "handling_plan", "publish", "follow"):
        assert s.element(there).origin == "text", there
    s.do("triage").untimed("P05-D2", "report_leader/report_freely")
    s.do("report_leader/report_freely").do("approve_response", decision="start")
    s.do("assess", meeting=True, report_up=True).do("meeting")
    s.do("handling_plan", questions=False, experts=True).do("report_superior/report_freely")
    s.do("publish/draft").do("publish/approve").do("publish/release")
    s.do("expert/invite").do("expert/opinion").do("expert/disclosure")
    s.do("handling/check_facts/collect").do("handling/check_facts/conclude", finding="true")
    s.do("follow", next="calm").do("closing").do("wrap_up/review").do("wrap_up/archive")
    assert s.status == "completed"


STORIES = (runs_as_plan_1,)

#: As the text has it: without the tiers and the legal check the product adds unless told not to.
AS_WRITTEN = {"baseline_grading": False, "baseline_legal": False}
for _story in STORIES:
    _story.settings = AS_WRITTEN | getattr(_story, "settings", {})  # type: ignore[attr-defined]
