"""Plan 13: a county water company repairs frost damage. Each report is a case; bad weather stops
the clock of the wall part, and only that one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

PLAN = "p13"
WALL, RESUMED = "repair/wall/repair_wall", "repair/wall/resume_wall"


def report(s: Any, kind: str, **call: Any) -> None:
    """The call is taken; where the plan is not in force yet, the head activates it."""
    s.do("take_call", kind=kind, place="桥头小区三栋", leak="墙角渗水,水表不走", **call)
    if not call.get("active"):
        s.do("activate")


def go(s: Any, **dispatch: Any) -> None:
    """A squad is sent, is there in time, shuts the valves and puts up the signs."""
    s.do("dispatch", **dispatch)
    s.wait(minutes=6)
    s.do("on_site/take_notice")
    s.wait(minutes=19)
    s.meet("P13-D1", "on_site/arrive", s.anchors["notified_at"])
    s.do("on_site/shut_valves")
    s.do("on_site/set_signs")


def stop(s: Any, task: str) -> None:
    """Bad weather: work stops, and while it stands still nothing of the repair is due."""
    s.do(task, outcome="stopped")
    s.do("repair/wall/record_stop")
    assert s.tasks["repair/wall/wait_conditions"].due_at is None
    assert not [name for name in s.timers if name.startswith("repair/")]


def resume(s: Any) -> None:
    s.do("repair/wall/wait_conditions")


def ordinary_frost(s: Any) -> None:
    """Cold, but the supply is not severely affected: the plan is not activated."""
    s.do("take_call", kind="meter")
    s.do("activate", severe=False)
    assert "not_activated" in s.ends
    assert s.status == "completed"


def frozen_meter(s: Any) -> None:
    """The case that activates the plan: reported upward, the manager told, a manager on site; the
    group lets the plan go on once before it is ended."""
    report(s, "meter", grave=True)
    s.do("report_superior/report_freely")
    s.do("report_manager")
    go(s, manager_on_site=True)
    s.do("manager_on_site")
    s.meet("P13-D4", "repair/replace_meter", s.anchors["discovered_at"])
    s.do("approve_end", decision="go_on")
    s.do("keep_watch")
    s.do("approve_end", decision="end")
    s.finish()
    assert {"superior_told", "manager_told", "coordinated", "no_notice"} <= set(s.ends)
    assert "case_closed" in s.ends


def meter_too_late(s: Any) -> None:
    """The plan is in force already: nobody else is told. Both clocks pass; the manager urges."""
    report(s, "meter", active=True)
    s.do("dispatch")
    s.do("on_site/take_notice")
    s.miss("P13-D1", "on_site/arrive", s.anchors["notified_at"])
    s.do("on_site/arrive_urge")
    s.do("on_site/shut_valves")
    s.do("on_site/set_signs")
    s.miss("P13-D4", "repair/replace_meter", s.anchors["discovered_at"])
    s.finish()
    assert {"no_more", "not_needed", "case_closed"} <= set(s.ends)
    assert "announce_end" not in s.done


def waterworks(s: Any) -> None:
    report(s, "plant", active=True, grave=True)
    go(s)
    s.wait(hours=20)
    s.meet("P13-D3", "repair/fix_plant", s.anchors["discovered_at"])
    s.finish()


def waterworks_too_late(s: Any) -> None:
    report(s, "plant", active=True)
    go(s)
    s.miss("P13-D3", "repair/fix_plant", s.anchors["discovered_at"])
    s.finish()


def ground_part(s: Any) -> None:
    """Repaired in time, but the supply is not back: a squad is sent again."""
    report(s, "ground", active=True)
    go(s)
    s.meet("P13-D5", "repair/repair_ground", s.anchors["discovered_at"])
    s.do("closing", criterion_met=False, note="三楼以上仍无水")
    go(s)
    s.finish()
    assert s.done.count("repair/repair_ground") == 2


def ground_part_too_late(s: Any) -> None:
    report(s, "ground", active=True)
    go(s)
    s.miss("P13-D5", "repair/repair_ground", s.anchors["discovered_at"])
    s.finish()


def wall_part(s: Any) -> None:
    report(s, "wall", active=True)
    go(s)
    s.wait(hours=40)
    s.meet("P13-D6", WALL, s.anchors["discovered_at"], outcome="done")
    s.finish()


def wall_part_too_late(s: Any) -> None:
    report(s, "wall", active=True)
    go(s)
    s.miss("P13-D6", WALL, s.anchors["discovered_at"], outcome="done")
    s.finish()


def two_stops(s: Any) -> None:
    """Stopped twice. What was used before each stop counts: the due moment is the report plus 48
    hours plus both stops, to the minute."""
    report(s, "wall", active=True)
    go(s)
    reported = s.anchors["discovered_at"]
    assert s.tasks[WALL].due_at == reported + timedelta(hours=48)
    s.wait(hours=7, minutes=13)
    stop(s, WALL)
    s.wait(hours=21, minutes=29)
    resume(s)
    first = timedelta(hours=21, minutes=29)
    assert s.anchors["conditions_ok_at"] - s.anchors["stopped_at"] == first
    assert s.tasks[RESUMED].due_at == reported + timedelta(hours=48) + first
    s.wait(hours=10, minutes=5)
    stop(s, RESUMED)
    s.wait(hours=30, minutes=2)
    resume(s)
    both = first + timedelta(hours=30, minutes=2)
    assert s.tasks[RESUMED].due_at == reported + timedelta(hours=48) + both
    s.meet("P13-D6", RESUMED, reported + both, outcome="done")
    s.finish()


def stopped_and_too_late(s: Any) -> None:
    """After the stop the rest of the 48 hours is not enough."""
    report(s, "wall", active=True)
    go(s)
    stop(s, WALL)
    s.wait(hours=60)
    resume(s)
    s.miss("P13-D6", RESUMED, s.anchors["discovered_at"] + timedelta(hours=60), outcome="done")
    s.finish()


def network(s: Any) -> None:
    """No promise set: nothing is timed but the 24 hours after which the head would be asked; it is
    done before. The public is told of the outage."""
    report(s, "network", active=True)
    go(s)
    s.before("P13-D7", "repair/over_24h", s.anchors["repair_started_at"])
    s.untimed("P13-D2", "repair/network/repair_network")
    for step in ("draft", "approve", "release"):
        s.do(f"public_notice/{step}")
    s.do("repair/network/repair_network")
    s.finish()
    assert "notice_out" in s.ends
    assert "repair/outage_range" not in s.done


network.settings = {"public_notice": True}  # type: ignore[attr-defined]


def promised_network(s: Any) -> None:
    """The unit has set its promise, and it is kept."""
    report(s, "network", active=True)
    go(s)
    due = s.anchors["notified_at"] + timedelta(hours=12)
    assert s.tasks["repair/network/repair_promised"].due_at == due
    s.do("repair/network/repair_promised")
    s.finish()


promised_network.settings = {"network_promise": "PT12H"}  # type: ignore[attr-defined]


def over_a_day(s: Any, wide: bool, supply: bool = False) -> None:
    report(s, "network", active=True)
    go(s)
    s.after("P13-D7", "repair/over_24h", s.anchors["repair_started_at"])
    s.do("repair/outage_range", wide=wide)
    if wide:
        s.refused("repair/decide_supply", as_="field")
        s.do("repair/decide_supply", supply=supply)
    s.finish()


def fire_trucks(s: Any) -> None:
    """The promise is broken too; the head has water brought."""
    over_a_day(s, wide=True, supply=True)
    assert "repair/network/promise_urge" in s.done
    assert "repair/supply_on" in s.ends


fire_trucks.settings = {"network_promise": "PT12H"}  # type: ignore[attr-defined]


def no_supply_needed(s: Any) -> None:
    over_a_day(s, wide=True)
    assert "repair/no_supply" in s.ends


def few_without_water(s: Any) -> None:
    over_a_day(s, wide=False)
    assert "repair/not_wide" in s.ends
    assert "repair/decide_supply" not in s.done


STORIES = (
    ordinary_frost, frozen_meter, meter_too_late, waterworks, waterworks_too_late, ground_part,
    ground_part_too_late, wall_part, wall_part_too_late, two_stops, stopped_and_too_late, network,
    promised_network, fire_trucks, no_supply_needed, few_without_water,
)  # fmt: skip
