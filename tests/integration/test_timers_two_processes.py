"""Timers due at once, two processes competing, one killed half-way: none lost, none doubled."""

from __future__ import annotations

from sqlalchemy import func, select

from models.history import HistoryEvent
from models.tasks import Notification, Timer, UserTask
from tests.benchmarks import timers
from tests.benchmarks.house import house

TIMERS = 60


def test_none_lost_none_doubled(database_url: str) -> None:
    place = house(database_url)
    timers.put_in_place(place, TIMERS // timers.A_CASE)
    now = place.now + timers.LATER
    found = timers.race(place.url, place.db, now, TIMERS)
    assert (found.fired, found.told, found.distinct, found.left) == (TIMERS, TIMERS, TIMERS, 0)
    assert TIMERS // 2 <= found.killed_at <= TIMERS
    with place.db.read() as session:
        overdue = select(func.count()).select_from(UserTask).where(UserTask.overdue_at.is_not(None))
        assert session.scalar(overdue) == TIMERS
        # Each was told to the one person whose task it is, once.
        assert session.scalar(select(func.count()).select_from(Notification)) == TIMERS
        told = session.scalars(
            select(HistoryEvent.element_path).where(HistoryEvent.type == "deadline.missed")
        )
        assert sorted(told) == ["report_1_due"] * (TIMERS // 2) + ["watch_due"] * (TIMERS // 2)
        held = session.scalar(select(func.count()).where(Timer.leased_until.is_not(None)))
        assert held == 0
    place.db.dispose()
