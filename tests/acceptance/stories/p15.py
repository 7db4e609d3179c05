"""Text 15: a register kept day by day, one day missed; what was typed is destroyed at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PLAN = "p15"
MEASURES = ("cleaning", "clinic", "term_check", "register_staff", "guide_schools")
DAY = "watch/report_day"


def begin(s: Any) -> None:
    s.do("set_up", head="中心主任", members="各部门", liaison="办公室")


def notice(s: Any) -> None:
    for step in ("draft", "secrecy_check", "legal_check", "approve", "release"):
        s.do(f"notice/{step}")


def several_days(s: Any) -> None:
    """The first day is reported in time, the second not; on the third the leader ends it. In
    between the duty officer finds somebody unwell."""
    begin(s)
    first = s.now
    s.meet("P15-D1", DAY, first, present=80, away=4, unwell=0)
    for measure in MEASURES:
        s.do(f"measures/{measure}")
    notice(s)
    s.untimed("P15-D2", "watch/on_duty")
    s.do("watch/on_duty", what="abnormal", persons=1, helped=True, note="已由校医院接诊")
    s.untimed("P15-D2", "watch/report_finding/report_freely")
    s.do("watch/report_finding/report_freely")
    assert DAY not in s.tasks, "the next day's opens a day after the first"
    s.wait(hours=24)
    assert s.now - first >= timedelta(hours=24)
    s.miss("P15-D1", DAY, s.now, present=79, away=5, unwell=1, abnormal=True)
    s.do("watch/day_urge", instruction="说明原因,按时报送")
    s.do("watch/report_finding/report_freely")
    s.do("watch/on_duty", what="over")
    assert "watch/on_duty" in s.tasks, "duty goes on while the leader has not ended it"
    s.wait(hours=10)
    s.meet("P15-D1", DAY, s.timers["watch/next_day"].due_at - timedelta(days=1))
    s.do("watch/end_watch", ground="superior")
    s.wait(hours=48)
    assert DAY not in s.tasks, "no day is opened any more"
    s.do("watch/on_duty", what="over")
    s.refused("destroy", confirmed=False)
    s.do("destroy")
    s.finish()
    assert "closed" in s.ends and s.ends.count("watch/day_done") == 2


def a_day_left_open(s: Any) -> None:
    """Ended while a day is still to be reported: it is reported, then all is destroyed."""
    begin(s)
    s.wait(hours=25)
    s.do("watch/end_watch", ground="own")
    s.do("watch/on_duty", what="over")
    while any(path.startswith("watch/") for path in s.tasks):
        s.do(next(path for path in s.tasks if path.startswith("watch/")))
    assert "destroy" not in s.tasks, "the measures are still under way"
    s.finish()
    assert "closed" in s.ends


STORIES = (several_days, a_day_left_open)
