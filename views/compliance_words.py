"""Deadlines kept and missed in words. Facts: 按时, 超时; nobody is blamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.plans import PlanVersion
from services.compliance import FEW, SPANS, Figures
from services.compliance_book import Deadline
from services.tiers import tiers_of
from views.i18n import format_span, loc
from views.plan_words import until_words

VERDICTS = {
    "met": _l("按时"),
    "missed": _l("超时"),
    "running": _l("在办,未到时限"),
    "overdue": _l("在办,已过时限"),
    "cancelled": _l("中途取消"),
}
COLOURS = {
    "met": "green", "missed": "red", "running": "blue", "overdue": "orange",
    "cancelled": "secondary",
}  # fmt: skip
MOMENTS = {
    "report": _l("首次报送"),
    "statement": _l("首次发布"),
    "closing": _l("事件办结"),
    "review": _l("总结评估"),
}
MOMENTS_MEAN = {
    "report": _l("第一个接收方确认收到;是否都已报到,见各项时限"),
    "statement": _l("第一次对外发布"),
    "closing": _l("确认办结标准已达到"),
    "review": _l("第一项总结评估办完"),
}
#: A deadline done exactly then, or entered this much later than done, needs no mention (seconds).
_MINUTE = 60


def limit(deadline: Deadline) -> str:
    """By when it has to be done, "" where no timer says so any more."""
    if deadline.moment is None:
        return ""
    return until_words(deadline.manifest, deadline.moment)


def requirement(deadline: Deadline) -> str:
    """What the plan's text asks, else the name of the step."""
    said = loc(deadline.rule, "text") if deadline.rule is not None else ""
    return said or loc(deadline.element) or deadline.element.id


def versions(deadline: Deadline) -> str:
    """第 1、2 版."""
    return _("第 %(n)s 版", n=_("、").join(str(n) for n in sorted(deadline.versions)))


def lateness(seconds: int | float | None) -> str:
    """提前 59 分钟, 超时 6 分钟, 超时,没有办."""
    if seconds is None:
        return _("过限未办")
    if seconds > 0:
        return _("超时 %(span)s", span=format_span(seconds))
    if seconds > -_MINUTE:
        return _("到限时")
    return _("提前 %(span)s", span=format_span(seconds))


def taken(seconds: int | float) -> str:
    """From the discovery; it may have been put right to a later moment since."""
    span = format_span(seconds)
    return span if seconds >= 0 else _("发现前 %(span)s", span=span)


def round_span(seconds: int) -> str:
    """A mark of the scale, in its one unit: 3 天, 4 小时, 15 分钟."""
    whole = abs(seconds)
    if whole % 86400 == 0:
        return _("%(d)s 天", d=whole // 86400)
    if whole % 3600 == 0:
        return _("%(h)s 小时", h=whole // 3600)
    return _("%(m)s 分钟", m=whole // 60)


def span_between(lowest: int | None, highest: int | None) -> str:
    """A span that lateness is sorted into, by its ends in seconds after the limit."""
    if highest is not None and highest <= 0:
        if lowest is None:
            return _("提前 %(span)s以上", span=round_span(highest))
        if highest == 0:
            return _("提前 %(span)s以内", span=round_span(lowest))
        return _("提前 %(a)s至 %(b)s", a=round_span(highest), b=round_span(lowest))
    if highest is None:
        return _("超时 %(span)s以上", span=round_span(lowest or 0))
    if not lowest:
        return _("超时 %(span)s以内", span=round_span(highest))
    return _("超时 %(a)s至 %(b)s", a=round_span(lowest), b=round_span(highest))


def distribution(figures: Figures) -> list[tuple[str, int]]:
    """How many lie in which span, empty ones left out; what was never done last."""
    ends = zip(SPANS, figures.spans, strict=True)
    found = [(span_between(*between), count) for between, count in ends if count]
    return found + ([(_("过限未办"), figures.never)] if figures.never else [])


def percent(part: int, whole: int) -> str:
    """A share in words; "" where there are too few to speak of one."""
    return f"{100 * part / whole:.0f}%" if whole >= FEW else ""


def tier_names(found: Sequence[PlanVersion]) -> dict[str, list[tuple[str, str]]]:
    """Plan -> (tier key, name), the highest first, with "" for ungraded; the newest version's
    names, and of older ones what it no longer has."""
    names: dict[str, dict[str, tuple[int, str]]] = {}
    for version in found:
        for tier in tiers_of(version.manifest):
            names.setdefault(version.plan_key, {})[tier.key] = (tier.level, loc(tier))
    by_plan: dict[str, list[tuple[str, str]]] = {}
    for version in found:
        tiers = names.get(version.plan_key, {})
        ordered = sorted(tiers.items(), key=lambda one: -one[1][0])
        by_plan[version.plan_key] = [(key, name) for key, (_level, name) in ordered]
        by_plan[version.plan_key].append(("", _("未定级")))
    return by_plan


def role(names: Mapping[str, Any], key: str) -> str:
    """The organisation's name of a role."""
    found = names.get(key)
    return loc(found) if found is not None else key or _("未指定角色")
