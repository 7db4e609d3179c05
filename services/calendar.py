"""The working-day calendar clocks are counted in: weekends, public holidays, days made up."""

from __future__ import annotations

from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from chinese_calendar import constants
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Organization
from workflows.contract import WorkCalendar

#: The zone of an installation whose organisation has not been entered yet.
DEFAULT_ZONE = "Asia/Shanghai"

SATURDAY = 5


def _weekday(day: date) -> bool:
    return day.weekday() < SATURDAY


@cache
def calendar_in(zone: str) -> WorkCalendar:
    """The State Council's published calendar (package ``chinesecalendar``), in ``zone``.

    It is published one year at a time; in a year it does not cover only weekends are off,
    which is what a calendar without that year's days says by itself.
    """
    return WorkCalendar(
        zone=zone,
        holidays=frozenset(day for day in constants.holidays if _weekday(day)),
        workdays=frozenset(day for day in constants.workdays if not _weekday(day)),
    )


_ZONE = select(Organization.zone).limit(1)


def zone_of(session: Session) -> ZoneInfo:
    """The organisation's own zone: what "today" and a case number's year mean. Read once a
    session."""
    known = session.info.get("planroom_zone")
    if not isinstance(known, ZoneInfo):
        known = ZoneInfo(session.scalar(_ZONE) or DEFAULT_ZONE)
        session.info["planroom_zone"] = known
    return known


def calendar_of(session: Session) -> WorkCalendar:
    """The calendar of the organisation in this database."""
    return calendar_in(zone_of(session).key)
