"""What the unit sets for a plan: the part of the plan page that shows it, a form a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services import plan_settings, plans
from services.access import ADMIN, AUTHOR, require_role
from services.errors import Refusal
from services.plan_settings import SettingRow
from views.i18n import format_iso, loc
from views.kit import Answer, actor, database, me, now, render, run, say, seen
from views.refusals import field_errors

bp = Blueprint("plan_settings", __name__, url_prefix="/plans")

#: Where a setting comes from.
ORIGINS = {
    "overlay": _l("依上位规定加入"),
    "baseline": _l("原文无"),
    "external": _l("原文指向别处"),
    "text": _l("原文"),
}
_COLOURS = {"overlay": "purple", "baseline": "azure", "external": "orange"}
#: ISO 8601 for a count of the unit.
_UNITS = {"minutes": "PT{}M", "hours": "PT{}H", "days": "P{}D"}


def settings_part(session: Session, version: PlanVersion) -> dict[str, Any]:
    """What ``plans/_settings.html`` shows (as ``settings_part``): ``rows``, ``plan`` (its key) and
    ``may``. Settings are of the current version; an older one shows its own, not to be changed."""
    current = plans.current_version(session, version.plan_key)
    return {
        "rows": [
            _shown(row) for row in plan_settings.rows(session, version.plan_key, version.manifest)
        ],
        "plan": version.plan_key,
        "may": current.id == version.id and plan_settings.may_change(me()),
    }


def _shown(row: SettingRow) -> dict[str, Any]:
    origin = row.setting.origin
    return {
        "setting": row.setting,
        "value": value_words(row.value),
        "is_set": row.value is not None and row.value is not False,
        "chosen": row.chosen,
        "origin": ORIGINS.get(origin, origin),
        "colour": _COLOURS.get(origin, "secondary"),
    }


def value_words(value: bool | str | None) -> str:
    """A setting's value for reading."""
    if value is None:
        return _("未设定")
    if isinstance(value, bool):
        return _("启用") if value else _("不启用")
    return format_iso(value)


@bp.get("/<plan_key>/settings/<key>")
@login_required
def edit(plan_key: str, key: str) -> Answer:
    """The form of one setting."""
    return _page(plan_key, key)


@bp.post("/<plan_key>/settings/<key>")
@login_required
def change(plan_key: str, key: str) -> Answer:
    """Set it for the cases opened from now on."""
    given = {name: request.form.get(name, "")[:4000] for name in ("value", "unit", "reason")}

    def work(uow: Any) -> SettingRow:
        manifest = plans.current_version(uow.session, plan_key).manifest
        return plan_settings.change_setting(
            uow, plan_key, manifest, key, _value(given), given["reason"], actor(_role()), now()
        )

    try:
        row = run(work)
    except Refusal as refusal:
        errors = field_errors(refusal)
        if not errors:
            raise
        return _page(plan_key, key, given, errors)
    name, value = loc(row.setting), value_words(row.value)
    say(_("“%(name)s”现为:%(value)s。已启动的事件不受影响。", name=name, value=value))
    return seen(url_for("plans.show", key=plan_key, _anchor="settings"))


def _page(
    plan_key: str,
    key: str,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Answer:
    require_role(me(), AUTHOR, ADMIN)
    with database().read() as session:
        version = plans.current_version(session, plan_key)
        found = plan_settings.rows(session, plan_key, version.manifest)
        row = next((row for row in found if row.setting.key == key), None)
        if row is None:
            raise Refusal("setting_unknown", 404, setting=key)
        page = render(
            "plan_settings/edit.html",
            version=version,
            row=row,
            shown=_shown(row),
            given=given or _typed(row),
            errors=errors or {},
            units=[("minutes", _("分钟")), ("hours", _("小时")), ("days", _("天"))],
        )
    return (page, 422) if errors else page


def _role() -> str:
    """The role in which the person changes a setting."""
    return AUTHOR if AUTHOR in me().role_keys else ADMIN


def _value(given: Mapping[str, str]) -> str:
    """As `plan_settings.change_setting` takes it; a count and its unit become a duration."""
    text = given["value"].strip()
    if not given["unit"] or not text:
        return text
    if given["unit"] not in _UNITS or not (text.isascii() and text.isdigit()):
        return "?"  # no duration: refused with a word at the field
    return _UNITS[given["unit"]].format(text.lstrip("0") or "0")


def _typed(row: SettingRow) -> dict[str, str]:
    """What the form holds untouched."""
    value = row.value
    if isinstance(value, bool):
        return {"value": "true" if value else "false"}
    if row.setting.type != "duration" or value is None:
        return {"value": value or "", "unit": "hours"}
    span = plan_settings.span_of(value)
    minutes = int(span.total_seconds()) // 60 if span is not None else 0
    unit, size = next(
        (u, n) for u, n in (("days", 1440), ("hours", 60), ("minutes", 1)) if not minutes % n
    )
    return {"value": str(minutes // size), "unit": unit}
