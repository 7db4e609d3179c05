"""Rows of ``plan.toml`` and ``clauses.toml`` in words, for a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from services.plan_diff_changes import Both
from services.plan_text import WrittenPlan
from views import plan_terms, plan_words
from views.i18n import format_iso, loc
from views.plan_route_words import gap, step_named
from views.plan_settings import value_words
from views.terms import ORIGINS

Row = Mapping[str, Any]


def row_words(plan: WrittenPlan, table: str, row: Row) -> str:
    """A row as one line: what it says beyond its name."""
    if table == "approvals":
        return plan_words.role_words(plan, str(row.get("role", ""))) + _only(plan, row)
    if table == "clocks":
        who, to = loc(row, "who"), loc(row, "to")
        return plan_words.clock_limit(row) + (f"{_(',')}{gap()}{who} → {to}" if to else "")
    if table == "roles":
        return _("由本单位的“%(role)s”担任", role=str(row.get("role", "")))
    if table == "archive":
        needed = "" if row.get("required", True) else _("(有则归档)")
        return (needed + _only(plan, row)).strip()
    if table == "clause":
        return loc(row, "text")
    if table == "settings":
        value = row.get("default")
        known = value if isinstance(value, bool) or value is None else str(value)
        return _("预设值:%(value)s", value=value_words(known))
    return _only(plan, row).strip()


def _only(plan: WrittenPlan, row: Row) -> str:
    if not row.get("tiers"):
        return ""
    tiers = plan_words.tiers_words(plan.manifest, row["tiers"])
    return " " + _("(限%(tiers)s)", tiers=tiers)


def column_words(plan: WrittenPlan, table: str, column: str, value: Any) -> str:
    """A cell of a row."""
    if isinstance(value, Both):
        return loc(value) or _("没有")
    if column == "tiers":
        return plan_words.tiers_words(plan.manifest, value) or _("没有")
    if column == "role" and table != "roles":
        return plan_words.role_words(plan, str(value))
    if column == "origin":
        return plan_words.named(ORIGINS, str(value))
    if column == "fate":
        return plan_words.named(plan_terms.FATES, str(value))
    if column == "kind" and table == "clocks":
        return plan_words.named(plan_terms.CLOCK_KINDS, str(value))
    if column == "section":
        return plan_words.named(plan_terms.SECTIONS, str(value))
    if column == "anchor":
        return plan_words.anchor_words(plan.manifest, str(value))
    if column == "setting":
        rows = plan.manifest.get("settings", [])
        row = next((one for one in rows if one.get("key") == value), None)
        return loc(row) if row is not None else str(value)
    if column in ("iso", "period"):
        return format_iso(str(value)) if value else _("没有")
    if column == "default":
        return value_words(value if isinstance(value, bool) else str(value))
    return _paths(plan, column, value)


def _paths(plan: WrittenPlan, column: str, value: Any) -> str:
    """Elements by the step that tells them; anything else as it is."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list | tuple):
        return _("、").join(_paths(plan, column, one) for one in value) or _("没有")
    if column in ("element", "elements", "by"):
        path, _mark, field = str(value).partition("#")
        number = plan.step_of.get(path, "")
        if number in plan.by_number:
            return step_named(plan, number) + (f" {field}" if field else "")
    if isinstance(value, Mapping):
        return _(";").join(f"{k}{_(':')}{_paths(plan, '', v)}" for k, v in value.items())
    return str(value) if value not in ("", None) else _("没有")
