"""Plan 13's wall part: bad weather stops the 48 hours, and corrected moments move what is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.plan_driver import Play
from workflows import engine
from workflows.feel import default_feel

REPORTED = datetime(2026, 1, 12, 3, 7, tzinfo=UTC)
WALL, RESUMED = "repair/wall/repair_wall", "repair/wall/resume_wall"
STOP, WAIT = "repair/wall/record_stop", "repair/wall/wait_conditions"
LIMIT = timedelta(hours=48)


def at_the_wall() -> Play:
    play = Play("p13", REPORTED)
    play.do("take_call", kind="wall", active=True).do("dispatch")
    for step in ("take_notice", "arrive", "shut_valves", "set_signs"):
        play.do(f"on_site/{step}")
    return play


def pause(play: Play, task: str, length: timedelta) -> None:
    play.do(task, outcome="stopped").do(STOP)
    play.wait(seconds=length.total_seconds()).do(WAIT)


def correct(play: Play, anchor: str, moment: datetime) -> None:
    play.anchors[anchor] = moment
    play._take(engine.retime(play.definition, play.state, play.context, default_feel()))


def due(play: Play) -> timedelta:
    """How long after the report the repair is due."""
    moment = play.tasks[RESUMED].due_at
    assert moment is not None
    return moment - REPORTED


def test_nothing_is_due_while_the_clock_stands() -> None:
    play = at_the_wall().wait(hours=5)
    play.do(WALL, outcome="stopped")
    play.do(STOP)
    play.wait(hours=200)
    assert set(play.tasks) == {WAIT}
    assert play.tasks[WAIT].due_at is None
    assert not play.timers and not play.fired


def test_each_stop_is_added_and_what_was_used_before_counts() -> None:
    play = at_the_wall().wait(hours=40, minutes=11)
    stops = [timedelta(hours=9, minutes=31), timedelta(minutes=47), timedelta(days=3, minutes=2)]
    for number, length in enumerate(stops, 1):
        pause(play, WALL if number == 1 else RESUMED, length)
        assert due(play) == LIMIT + sum(stops[:number], timedelta())
        play.wait(minutes=70)
    left = due(play) - (play.now - REPORTED)
    used = timedelta(minutes=1) + timedelta(hours=40, minutes=11) + 3 * timedelta(minutes=70)
    assert left == LIMIT - used


@pytest.mark.parametrize(
    ("anchor", "by", "moves"),
    [
        ("discovered_at", timedelta(minutes=-25), timedelta(minutes=-25)),
        ("stopped_at", timedelta(minutes=-40), timedelta(minutes=40)),
        ("conditions_ok_at", timedelta(minutes=-15), timedelta(minutes=-15)),
    ],
)
def test_correcting_a_moment_moves_the_due_date(
    anchor: str, by: timedelta, moves: timedelta
) -> None:
    play = at_the_wall().wait(hours=2)
    pause(play, WALL, timedelta(hours=4))
    play.wait(hours=1)
    pause(play, RESUMED, timedelta(hours=6))
    before = due(play)
    assert before == LIMIT + timedelta(hours=10)
    correct(play, anchor, play.anchors[anchor] + by)
    assert due(play) == before + moves


def test_a_corrected_stop_is_what_the_next_one_is_added_to() -> None:
    play = at_the_wall().wait(hours=2)
    pause(play, WALL, timedelta(hours=4))
    correct(play, "stopped_at", play.anchors["stopped_at"] - timedelta(minutes=30))
    pause(play, RESUMED, timedelta(hours=1))
    assert due(play) == LIMIT + timedelta(hours=5, minutes=30)


def test_work_possible_before_it_stopped_shortens_nothing() -> None:
    play = at_the_wall().wait(hours=2)
    pause(play, WALL, timedelta(hours=4))
    correct(play, "conditions_ok_at", play.anchors["stopped_at"] - timedelta(hours=1))
    assert due(play) == LIMIT
    pause(play, RESUMED, timedelta(hours=3))
    assert due(play) == LIMIT + timedelta(hours=3)


def test_a_deadline_that_fired_waits_again_when_the_stop_was_longer() -> None:
    play = at_the_wall()
    pause(play, WALL, timedelta(hours=10))
    play.wait(seconds=(LIMIT - timedelta(minutes=1)).total_seconds())
    assert "repair/wall/resumed_due" in play.fired
    correct(play, "discovered_at", REPORTED + timedelta(hours=3))
    assert play.timers["repair/wall/resumed_due"].due_at == REPORTED + LIMIT + timedelta(hours=13)
