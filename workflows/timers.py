"""When a timer is due. Time comes in with the `Context`; nothing here looks at a clock.

A timer's text is ISO 8601 (`workflows.iso8601`) or FEEL. A duration counts from the timer's
anchor where it names one (property ``anchor``), else from the moment the timer was armed. A FEEL
text may yield a date and time, a date (meant as its end, in the calendar's zone), a duration, or
text in ISO 8601. While an anchor the timer depends on is not recorded, there is no moment yet.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workflows import iso8601
from workflows.contract import Context
from workflows.feel_values import YearsMonthsDuration

_DURATION = re.compile(
    r"P(?:(\d+)W|(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?)"
)
_WORD = re.compile(r'"[^"]*"|[^\W\d]\w*')


class TimerError(Exception):
    """A timer whose text yields no moment. Becomes the incident ``timer_invalid``."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Months and days go by the calendar, ``exact`` by the clock."""

    months: int = 0
    days: int = 0
    exact: timedelta = timedelta()

    def after(self, start: datetime, zone: ZoneInfo, times: int = 1) -> datetime:
        """``start`` plus ``times`` this duration, in UTC; the 31st plus a month is the last of
        the month. Raises TimerError beyond year 9999."""
        try:
            moment = start
            if self.months or self.days:
                local = start.astimezone(zone)
                month = local.month - 1 + self.months * times
                year, month = local.year + month // 12, month % 12 + 1
                day = min(local.day, calendar.monthrange(year, month)[1])
                local = local.replace(year=year, month=month, day=day)
                moment = local + timedelta(days=self.days * times)
            return moment.astimezone(UTC) + self.exact * times
        except (OverflowError, ValueError) as error:
            raise TimerError(f"out of range: {error}") from None


@dataclass(frozen=True, slots=True)
class Schedule:
    """``due`` in UTC; ``left`` is how many times it is still to fire (-1 without end), more than
    one only for a cycle, whose interval is ``every`` (ISO 8601)."""

    due: datetime
    left: int = 1
    every: str = ""

    def following(self, now: datetime, zone: ZoneInfo) -> Schedule | None:
        """After firing at ``now``: the next turn that still lies ahead, or None. Turns missed in
        a downtime were that one firing."""
        if self.left == 1 or not self.every:
            return None
        step = duration(self.every)
        turns = 1
        if step.exact and not (step.months or step.days) and now > self.due:
            turns += int((now - self.due) / step.exact)
        due = step.after(self.due, zone, turns)
        while due <= now:
            turns += 1
            due = step.after(self.due, zone, turns)
        if self.left != -1 and turns >= self.left:
            return None
        return Schedule(due, self.left if self.left == -1 else self.left - turns, self.every)


def duration(text: str) -> Duration:
    """An ISO 8601 duration already known to be sound."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise TimerError(f"not a duration: {text}")
    weeks, years, months, days, hours, minutes, seconds = (float(g or 0) for g in match.groups())
    return Duration(
        int(years) * 12 + int(months),
        int(weeks) * 7 + int(days),
        timedelta(hours=hours, minutes=minutes, seconds=seconds),
    )


def depends_on(text: str, anchor: str, known: frozenset[str]) -> frozenset[str]:
    """The anchors a timer needs: the one it counts from and those its FEEL text names."""
    named = set() if iso8601.looks_like(text) else set(_WORD.findall(text)) & known
    return frozenset(named | ({anchor} if anchor else set()))


def first(
    text: str,
    anchor: str,
    armed: datetime,
    context: Context,
    known_anchors: frozenset[str],
    evaluate: Callable[[str], Any],
) -> Schedule | None:
    """The first moment of a timer armed at ``armed``; None while an anchor is missing.

    ``evaluate`` gives the value of a FEEL text. Raises TimerError, and what ``evaluate`` raises.
    """
    if depends_on(text, anchor, known_anchors) - context.anchors.keys():
        return None
    zone = ZoneInfo(context.calendar.zone)
    base = context.anchors[anchor] if anchor else armed
    if iso8601.looks_like(text):
        return _iso(text, base, zone)
    value = evaluate(text)
    match value:
        case datetime():
            if value.utcoffset() is None:
                raise TimerError(f"{text} is a moment without offset")
            return Schedule(value.astimezone(UTC))
        case date():
            end = datetime.combine(value, time(23, 59, 59), zone)
            return Schedule(end.astimezone(UTC))
        case timedelta():
            return Schedule(Duration(exact=value).after(base, zone))
        case YearsMonthsDuration():
            return Schedule(Duration(months=value.months).after(base, zone))
        case str():
            return _iso(value, base, zone)
    raise TimerError(f"{text} gave {'nothing' if value is None else type(value).__name__}")


def _iso(text: str, base: datetime, zone: ZoneInfo) -> Schedule:
    text = text.strip()
    kind, problem = iso8601.classify(text)
    if kind == "date":
        return Schedule(datetime.fromisoformat(text).astimezone(UTC))
    if kind == "duration":
        return Schedule(duration(text).after(base, zone))
    if kind == "cycle":
        times, every = text[1:].split("/", 1)
        step = duration(every)
        if step == Duration():
            raise TimerError(f"a cycle without length: {text}")
        return Schedule(step.after(base, zone), int(times) if times else -1, every)
    raise TimerError(f"{text}: {problem}")


def to_data(schedule: Schedule | None) -> dict[str, Any]:
    """How a task's internal data hold a schedule."""
    if schedule is None:
        return {}
    data: dict[str, Any] = {"due": schedule.due}
    if schedule.left != 1:
        data.update(left=schedule.left, every=schedule.every)
    return data


def of_data(data: Mapping[str, Any]) -> Schedule | None:
    """What `to_data` put there."""
    if "due" not in data:
        return None
    return Schedule(data["due"], data.get("left", 1), data.get("every", ""))
