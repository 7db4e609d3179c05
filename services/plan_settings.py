"""What the unit has set for each plan: the plan's own ``[[settings]]`` rows, and over their
defaults what the unit chose. A case starts with what stands then and keeps it.

The unit's choices are in ``Organization.settings["plans"][<plan key>][<setting key>]``: a
boolean, ISO 8601 text (a duration or a date), or None for "not set".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.people import Organization, Person
from models.plans import PlanVersion
from services import access, history
from services.actor import Actor
from services.directory import organization
from services.errors import Refusal
from services.organisation import locked
from services.uow import UnitOfWork
from workflows.contract import FeelValue

PLANS: Final = "plans"
#: The setting that says how often a plan is reviewed, where its text asks for it.
REVIEW_PERIOD: Final = "review_period"
#: A limit longer than ten years is a slip of the hand.
LONGEST: Final = timedelta(days=3660)
REASON_LIMIT: Final = 2000
#: Months and years are left out: they have no fixed length.
_DURATION: Final = re.compile(
    r"P(?=\d|T\d)(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of ``[[settings]]``. ``type`` is boolean, duration or date; ``origin`` overlay,
    baseline, external or text; ``default`` is as stored: a boolean, ISO text, or None."""

    key: str
    type: str
    default: bool | str | None
    origin: str
    name: str
    name_en: str
    source: str
    source_en: str
    clause: str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting with the value that stands. ``chosen`` says that the unit has set it."""

    setting: Setting
    value: bool | str | None
    chosen: bool


def settings_of(manifest: Mapping[str, Any]) -> list[Setting]:
    """The plan's settings, in its order."""
    return [
        Setting(
            str(row["key"]),
            str(row["type"]),
            row["default"] if row["default"] != "" else None,
            str(row.get("origin", "text")),
            str(row.get("name", row["key"])),
            str(row.get("name_en", "")),
            str(row.get("source", "")),
            str(row.get("source_en", "")),
            str(row.get("clause", "")),
        )
        for row in manifest.get("settings", [])
    ]


def rows(session: Session, plan_key: str, manifest: Mapping[str, Any]) -> list[SettingRow]:
    """Every setting of the plan with the value that stands. A choice that no longer fits the
    setting's type (the plan's new version changed it) gives way to the default."""
    chosen = _chosen(organization(session), plan_key)
    found = []
    for setting in settings_of(manifest):
        given = setting.key in chosen and _fits(setting, chosen[setting.key])
        value = chosen[setting.key] if given else setting.default
        found.append(SettingRow(setting, value, given))
    return found


def values(session: Session, plan_key: str, manifest: Mapping[str, Any]) -> dict[str, FeelValue]:
    """The start variable ``settings`` of a new case (`as_values` of `rows`)."""
    return as_values(rows(session, plan_key, manifest))


def as_values(rows: Sequence[SettingRow]) -> dict[str, FeelValue]:
    """The settings as FEEL has them: booleans, durations, dates; None where not set."""
    return {row.setting.key: _feel(row.setting.type, row.value) for row in rows}


def review_due(session: Session, version: PlanVersion) -> datetime | None:
    """When the plan's regular review falls due: the day its author gave with the version, else one
    ``review_period`` after it was put in force; None where the plan asks for none or the unit has
    set no period."""
    if version.review_on is not None:
        unit = organization(session)
        zone = ZoneInfo(unit.zone) if unit is not None else UTC
        return datetime.combine(version.review_on, time(), zone)
    period = values(session, version.plan_key, version.manifest).get(REVIEW_PERIOD)
    return version.deployed_at + period if isinstance(period, timedelta) else None


def may_change(person: Person) -> bool:
    """Whether the person may change settings: plan authors and administrators."""
    return person.active and not {access.AUTHOR, access.ADMIN}.isdisjoint(person.role_keys)


def change_setting(
    uow: UnitOfWork,
    plan_key: str,
    manifest: Mapping[str, Any],
    key: str,
    value: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> SettingRow:
    """Set one setting for the cases opened from now on. ``value`` is ``true`` or ``false``; an
    ISO 8601 duration (days, hours and minutes); a date; "" for "not set".

    The same value writes nothing. Raises Refusal ``not_your_role`` / ``read_only`` 403,
    ``setting_unknown`` 404, ``form_invalid`` 422 (fields ``value``, ``reason``)."""
    access.require_role(access.writer(uow.session, actor), access.AUTHOR, access.ADMIN)
    setting = next((s for s in settings_of(manifest) if s.key == key), None)
    if setting is None:
        raise Refusal("setting_unknown", 404, setting=key)
    errors = {}
    wanted, wrong = read_value(setting.type, value.strip())
    if wrong:
        errors["value"] = wrong
    if not reason.strip():
        errors["reason"] = "required"
    elif len(reason) > REASON_LIMIT:
        errors["reason"] = "too_long"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    unit = locked(uow.session)
    before = next(r for r in rows(uow.session, plan_key, manifest) if r.setting.key == key)
    if before.value == wanted:
        return before
    plans = {**unit.settings.get(PLANS, {})}
    plans[plan_key] = {**plans.get(plan_key, {}), key: wanted}
    unit.settings = {**unit.settings, PLANS: plans}
    history.append(
        uow,
        "org.setting_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"key": key, "plan": plan_key, "value": wanted, "was": before.value},
        personal={"reason": reason.strip()},
    )
    return SettingRow(setting, wanted, True)


def span_of(text: str) -> timedelta | None:
    """The length of an ISO 8601 duration of days, hours and minutes; None for any other
    text."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    return timedelta(**{unit: int(count) for unit, count in found.groupdict(default="0").items()})


def _chosen(unit: Organization | None, plan_key: str) -> Mapping[str, Any]:
    plans = (unit.settings or {}).get(PLANS, {}) if unit is not None else {}
    found: Mapping[str, Any] = plans.get(plan_key, {})
    return found


def _fits(setting: Setting, value: object) -> bool:
    if setting.type == "boolean":
        return isinstance(value, bool)
    return value is None or (isinstance(value, str) and not read_value(setting.type, value)[1])


def read_value(type_: str, text: str) -> tuple[bool | str | None, str]:
    """What was written for a setting of a type: (the value as stored, "") or (None, what is
    wrong: ``not_yes_or_no``, ``not_a_duration``, ``not_a_date``, ``too_small``, ``too_large``)."""
    if type_ == "boolean":
        if text not in ("true", "false"):
            return None, "not_yes_or_no"
        return text == "true", ""
    if not text:
        return None, ""
    if type_ == "duration":
        span = span_of(text)
        if span is None:
            return None, "not_a_duration"
        if not span:
            return None, "too_small"
        return (None, "too_large") if span > LONGEST else (text, "")
    try:
        return date.fromisoformat(text).isoformat(), ""
    except ValueError:
        return None, "not_a_date"


def _feel(type_: str, value: bool | str | None) -> FeelValue:
    if value is None or isinstance(value, bool):
        return value
    return span_of(value) if type_ == "duration" else date.fromisoformat(value)
