"""What a change was and became, in words: one function a type of value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext as _

from services.plan_diff_changes import Both, Change, PlanText
from services.plan_diff_limits import only_length
from services.plan_diff_tables import RuleDiff, TableDiff
from services.plan_text import WrittenPlan
from services.plan_text_steps import Branch, Happening, Limit, Part, Repeat, Route, Step
from views import plan_terms, plan_words
from views.i18n import current_locale, loc
from views.plan_diff_rows import column_words, row_words
from views.plan_diff_terms import BOUNDS, FIELD_TYPES
from views.plan_route_words import (
    gap,
    happening_line,
    repeat_line,
    route_text,
    short_step,
    step_named,
    way_text,
)
from views.terms import ORIGINS
from workflows.contract import FormField


def value_words(text: PlanText, change: Change, value: Any, other: Any) -> str:
    """A value in words; ``other`` is what it was or became."""
    if value is None:
        return _missing(change)
    plan, field = text.plan, change.field
    if isinstance(value, Limit):
        return _limit(plan, value, other)
    known = _FIELDS.get(field)
    if known is not None:
        return known(plan, value)
    for kind, words in _TYPES:
        if isinstance(value, kind):
            return words(plan, value)
    if field == "row":
        return row_words(plan, change.subject.kind, value)
    if field.startswith("row."):
        return column_words(plan, change.subject.kind, field.removeprefix("row."), value)
    return plain(value)


def _missing(change: Change) -> str:
    """A route may lead nowhere; anything else was not there."""
    if change.field in ("route", "then", "first"):
        return _("到此为止。")
    if change.field in ("repeat",) or change.field.startswith("row."):
        return _("没有")
    return ""


def plain(value: Any) -> str:
    """A value without words of its own."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list | tuple):
        return _("、").join(plain(one) for one in value) or _("没有")
    if isinstance(value, Mapping):
        return _(";").join(f"{key}{_(':')}{plain(one)}" for key, one in value.items()) or _("没有")
    return str(value) if value not in ("", None) else _("没有")


def _limit(plan: WrittenPlan, limit: Limit, other: Any) -> str:
    """A clock; only its length where that is all that differs."""
    if isinstance(other, Limit) and limit.kind == "due" and only_length(limit.moment, other.moment):
        return plan_words.span_words(plan.manifest, limit.moment.terms)
    return plan_words.limit_words(plan, limit).removesuffix(_("。"))


def _roles(plan: WrittenPlan, keys: Any) -> str:
    return plan_words.roles_words(plan, keys) or _("未指定")


def _role_list(plan: WrittenPlan, text: Any) -> str:
    return _roles(plan, str(text).replace(",", " ").split())


def _form(plan: WrittenPlan, key: Any) -> str:
    return plan_words.named(plan_terms.FORMS, key) if key else _("普通表单")


def _options(plan: WrittenPlan, options: Any) -> str:
    english = current_locale() == "en"
    shown = [((en if english else "") or zh or value) for value, zh, en in options]
    return " / ".join(shown) or _("没有")


def _bounds(plan: WrittenPlan, bounds: Any) -> str:
    return _(";").join(
        f"{plan_words.named(BOUNDS, key)} {value}" for key, value in bounds.items()
    ) or _("没有")


def _field_list(plan: WrittenPlan, fields: Any) -> str:
    return _("、").join(loc(one, "label") or one.id for one in fields)


def _steps(plan: WrittenPlan, steps: Any) -> str:
    return _("、").join(step_named(plan, step.number) for step in steps) or _("没有")


def _condition(plan: WrittenPlan, branch: Any) -> str:
    return branch.condition or (_("其他情况") if branch.default else _("没有"))


def _names(plan: WrittenPlan, rows: Any) -> str:
    return _("、").join(loc(one) for one in rows)


def _rule_order(plan: WrittenPlan, table: Any) -> str:
    return ""


_FIELDS: Final[Mapping[str, Callable[[WrittenPlan, Any], str]]] = {
    "roles": _roles,
    "notified": _role_list,
    "role_for": _role_list,
    "kind": lambda plan, key: plan_words.named(plan_terms.ELEMENT_KINDS, key),
    "form_key": _form,
    "origin": lambda plan, key: plan_words.named(ORIGINS, key),
    "clauses": lambda plan, ids: " ".join(ids) or _("没有"),
    "not_same_as": _steps,
    "field_type": lambda plan, key: plan_words.named(FIELD_TYPES, key),
    "field_options": _options,
    "field_bounds": _bounds,
    "field_order": _field_list,
    "condition": _condition,
    "order": _names,
    "rule_order": _rule_order,
    "hit_policy": lambda plan, key: plan_words.hit_policy(key.partition(" ")[0]) if key else "",
}


def _table(plan: WrittenPlan, table: TableDiff) -> str:
    return _("%(n)s 条规则", n=len(table.rules)) if table.rules else " ".join(table.texts).strip()


def _rule(plan: WrittenPlan, rule: RuleDiff) -> str:
    one = rule.after or rule.before
    assert one is not None
    cells = " | ".join(text if text is not None else "" for text in (*one.tests, *one.outputs))
    return f"{one.text}{gap()}{_('(%(name)s)', name=cells)}" if one.text else cells


def _both(plan: WrittenPlan, value: Both) -> str:
    return loc(value) or _("没有")


def _part(plan: WrittenPlan, part: Part) -> str:
    callers = _("、").join(_("第 %(n)s 步", n=number) for number in part.callers)
    return f"{_('用于')} {callers}" if callers else ""


def _column(plan: WrittenPlan, column: Any) -> str:
    return str(getattr(column, "text", "") or column.name)


_TYPES: Final[tuple[tuple[type, Callable[[WrittenPlan, Any], str]], ...]] = (
    (Both, _both),
    (Route, route_text),
    (Branch, way_text),
    (Happening, happening_line),
    (Repeat, lambda plan, one: repeat_line(one)),
    (Step, short_step),
    (Part, _part),
    (FormField, lambda plan, one: plan_words.field_words(one)),
    (TableDiff, _table),
    (RuleDiff, _rule),
)
