"""Plan 7: a police branch bureau's milestones. First, during and after; nothing of what happens in
the field is steered, only noted as done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PLAN = "p07"
EARLY = ("tell_leaders", "first_command", "first_control", "reinforce")
DURING = ("scene_points", "forward_command", "consult", "containment", "investigation")


def respond(s: Any) -> None:
    """The first steps in an order of their own, the plan asked for while they go on."""
    s.untimed("P07-D2", "early/tell_leaders")
    s.untimed("P07-D3", "early/first_report/report_freely")
    for step in reversed(EARLY):
        s.do(f"early/{step}")
    s.do("early/first_report/report_freely")


def activate(s: Any) -> None:
    s.do("request_activation")
    s.refused("decide_activation", as_="office")
    s.do("decide_activation")


def bulletin(s: Any, call: str) -> None:
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"{call}/{step}")


def knife_attack(s: Any) -> None:
    """On the scene within three minutes; units assemble in time; two bulletins; all archived."""
    s.do("take_call", kind="blades", standard="three", place="长途车站")
    s.meet("P07-D1", "early/arrive_in_time", s.anchors["discovered_at"])
    respond(s)
    activate(s)
    s.do("handling/order_units")
    ordered = s.anchors["ordered_at"]
    due = s.tasks["handling/assemble_in_time"].due_at
    assert due == ordered + timedelta(minutes=20), "the unit's own limit, counted from the order"
    s.do("handling/assemble_in_time")
    s.do("handling/propose_duty", needed=True, basis="第六条")
    s.do("handling/issue_duty")
    for step in DURING:
        s.do(f"handling/{step}")
    bulletin(s, "handling/bulletin")
    s.do("watch_progress", next="bulletin", progress="现场已恢复通行")
    bulletin(s, "next_bulletin")
    s.do("watch_progress", next="over", progress="危害已消除")
    s.do("closing")
    s.finish()
    assert {"early_over", "bulletin_out", "case_closed"} <= set(s.ends)


knife_attack.settings = {"assembly_limit": "PT20M"}  # type: ignore[attr-defined]


def too_late(s: Any) -> None:
    """The five minutes pass, and so does the unit's limit to assemble: both are urged."""
    s.do("take_call", kind="arson", standard="five", place="货场")
    s.miss("P07-D1", "early/arrive_in_time", s.anchors["discovered_at"])
    s.do("early/arrive_urge")
    respond(s)
    activate(s)
    s.do("handling/order_units")
    s.wait(minutes=30)
    s.do("handling/assembly_urge")
    s.do("handling/assemble_in_time")
    s.do("handling/propose_duty", needed=False)
    s.finish(
        watch_progress={"next": "over", "progress": "已控制"},
        closing={"criterion_met": True, "note": "", "open_work_reason": "余项随后办结"},
    )
    assert "case_closed" in s.ends


too_late.settings = {"assembly_limit": "PT20M"}  # type: ignore[attr-defined]


def no_standard(s: Any) -> None:
    """No reaction standard applies and no limit is set: no clock. Deployed again, then not yet
    over when the end is asked for."""
    s.do("take_call", kind="other", standard="none", place="城郊")
    assert s.tasks["early/arrive"].due_at is None
    s.do("early/arrive")
    respond(s)
    activate(s)
    s.do("handling/order_units")
    assert s.tasks["handling/assemble"].due_at is None
    s.do("handling/assemble")
    s.do("handling/propose_duty", needed=False)
    for step in DURING:
        s.do(f"handling/{step}")
    bulletin(s, "handling/bulletin")
    s.do("watch_progress", next="again", progress="另有一处现场")
    while any(path.startswith("handling/") for path in s.tasks):
        s.do(next(path for path in s.tasks if path.startswith("handling/")))
    s.do("watch_progress", next="over", progress="已控制")
    s.do("closing", criterion_met=False, note="外围仍在清查")
    s.do("watch_progress", next="over", progress="清查完毕")
    s.do("closing")
    s.finish()
    assert "case_closed" in s.ends


def not_activated(s: Any) -> None:
    """The leader does not consent: handled as an ordinary call."""
    s.do("take_call", kind="other", standard="none", place="城郊")
    s.do("request_activation")
    s.do("decide_activation", agreed=False)
    s.finish()
    assert {"not_activated", "early_over"} <= set(s.ends)


STORIES = (knife_attack, too_late, no_standard, not_activated)
