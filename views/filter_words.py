"""A filter in words, as the search page's own fields name its conditions; and what an address of
the audit room asked, where that is not a filter's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.moments import from_text
from views.compliance_words import MOMENTS, VERDICTS
from views.event_names import event_name
from views.exception_words import kind_name
from views.i18n import format_moment
from views.names import Names
from views.terms import CASE_STATUSES, SIGNAL_STATUSES, named

#: What the conditions of a search are called.
LABELS = {
    "since": _l("从"),
    "until": _l("到"),
    "case": _l("事件编号"),
    "plan": _l("哪个预案"),
    "person": _l("何人所做"),
    "role": _l("以何角色"),
    "element": _l("哪一环节"),
    "clause": _l("条款"),
    "types": _l("记录类型"),
    "category": _l("类别"),
    "kinds": _l("例外"),
    "tier": _l("等级"),
    "late": _l("按时或超时"),
}
#: What else addresses of the audit room ask for.
ASKED = {
    "a": _l("一边"),
    "b": _l("另一边"),
    "deadline": _l("哪项时限"),
    "fate": _l("落实情况"),
    "format": _l("格式"),
    "moment": _l("何时限"),
    "number": _l("编号"),
    "part": _l("部分"),
    "status": _l("状态"),
    "verdict": _l("结果"),
    "version": _l("版次"),
    "what": _l("看了什么"),
}
CATEGORIES = {
    "case": _l("事件"),
    "tier": _l("等级"),
    "task": _l("任务"),
    "deadline": _l("时限"),
    "engine": _l("流程运行"),
    "statement": _l("文稿"),
    "report": _l("信息报送"),
    "intake": _l("线索与附件"),
    "notice": _l("通知"),
    "org": _l("单位与预案"),
    "audit": _l("核查"),
}
#: Conditions that are on or off; said only when on.
SWITCHES = {
    "open_only": _l("只看还没有后续的"),
    "drills": _l("连同演练"),
    "all": _l("全部列出"),
}
YES = frozenset({"yes", "true", "1", "True"})
#: Where on a list it was, not what was asked.
_PLACES = frozenset({"cursor", "before", "after"})
_SAYS_NOTHING = frozenset({"go", "shown"})


def labels() -> dict[str, str]:
    """What the conditions of a search are called, for its form."""
    return {name: str(words) for name, words in LABELS.items()}


def filter_words(
    given: Mapping[str, Any], names: Names, what: Callable[[str], str] = str
) -> list[str]:
    """Each condition as ``预案:…``, in the form's order. ``given`` is a filter as
    `EventFilter.to_dict` has it, or what an address asked, as typed; ``what`` puts the key of a
    page into words."""
    places = {name: place for place, name in enumerate(LABELS)}
    ordered = sorted(given.items(), key=lambda one: places.get(one[0], len(places)))
    said = []
    for name, value in ordered:
        if value in ("", None, []) or name in _SAYS_NOTHING | _PLACES:
            continue
        if name in SWITCHES:
            if value is True or str(value) in YES:
                said.append(str(SWITCHES[name]))
            continue
        label = LABELS.get(name) or ASKED.get(name)
        shown = _value(name, value, given, names, what)
        said.append(f"{label}{_(':')}{shown}" if label is not None else f"{name}{_(':')}{shown}")
    if given.keys() & _PLACES:
        said.append(_("后面的页"))
    return said


def _value(
    name: str, value: Any, given: Mapping[str, Any], names: Names, what: Callable[[str], str]
) -> str:
    several = value if isinstance(value, list | tuple) else str(value).split(",")
    text = str(value)
    if name in ("case", "a", "b"):
        return _("、").join(_case(one, names) for one in several)
    if name == "plan":
        return names.plan(value)
    if name == "person":
        return names.person(int(text) if text.isascii() and text.isdigit() else value) or text
    if name == "role":
        return names.role(value)
    if name == "tier":
        return names.tier(text)
    if name in ("element", "deadline"):
        found = names.element(given.get("plan"), text)
        return _("%(name)s(%(role)s)", name=found, role=text) if found else text
    if name == "types":
        return _("、").join(event_name(str(one)) for one in several)
    if name == "kinds":
        return _("、").join(kind_name(str(one)) for one in several)
    if name == "late":
        return _("超时的") if value is True or text in YES else _("按时的")
    if name in ("since", "until"):
        return _moment(text)
    if name == "what":
        found = event_name(text)
        return found if found != text else what(text)
    if name == "status":
        return named(CASE_STATUSES, named(SIGNAL_STATUSES, text))
    tables = {"category": CATEGORIES, "verdict": VERDICTS, "moment": MOMENTS}
    return named(tables[name], text) if name in tables else text


def _case(value: Any, names: Names) -> str:
    """By its number; a row's id, as links carry it, too."""
    text = str(value)
    id_ = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return names.case(id_) or text


def _moment(text: str) -> str:
    """In the unit's zone; what a form sent is in that already."""
    try:
        return format_moment(from_text(text))
    except ValueError:
        return text.replace("T", " ")
