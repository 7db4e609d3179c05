"""Events of the organisation in words: keys of plans, roles, settings and terms by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.kinds import kinds
from views.i18n import format_iso, loc
from views.kit import library
from views.names import Names
from views.terms import named, shown_value

_FIELDS = {
    "active": _l("启用或停用"),
    "name": _l("姓名"),
    "name_en": _l("英文姓名"),
    "password": _l("密码"),
    "phone": _l("电话"),
    "username": _l("用户名"),
}
#: Settings of the unit itself; a plan's are named in the plan.
_SETTINGS = {"organization": _l("单位的名称和时区"), "kind": _l("单位类别")}
_PLANS = ("org.plan_", "org.draft_", "org.cases_migrated", "org.retention_set")


def arguments(type_: str, given: Mapping[str, Any], names: Names) -> dict[str, str]:
    """What of a payload fills the sentence, keys made words."""
    words: dict[str, str] = {}
    if type_.startswith(_PLANS):
        words["plan"] = _plan(given, names)
    if "person" in given:
        words["person"] = names.person(given["person"])
    if type_ == "org.person_created":
        words["roles"] = _several([names.role(key) for key in given.get("roles", ())])
    elif type_ == "org.person_changed":
        words["changes"] = _several([named(_FIELDS, key) for key in given.get("fields", ())])
    elif type_ == "org.role_changed":
        words["name"] = loc(given) or names.role(given["role"])
    elif type_ == "org.membership_changed":
        words["changes"] = _membership(given, names)
    elif type_ == "org.deputy_set":
        words["deputy"] = names.person(given["deputy"])
        words["principal"] = names.person(given["principal"])
        words["role"] = names.role(given["role"])
    elif type_ == "org.four_eyes_changed":
        words["state"] = _("须两人同意") if given["on"] else _("不须第二人同意")
    elif type_ == "org.setting_changed":
        words["key"] = _setting(given, names)
    elif type_ == "org.channel_changed":
        words["name"] = loc(given) or names.channel(given["channel"])
    elif type_ == "org.term_changed":
        words["name"] = loc(given) or names.term(given["key"])
    elif type_ in ("org.retention_set", "org.signal_retention_set"):
        words["term"] = names.term(given["term"]) if given.get("term") else _("未设定")
    elif type_ == "org.destruction_proposed":
        words["n"] = _count(given, "cases", "signals")
    elif type_ == "org.destruction_carried_out":
        words["n"] = _count(given, "destroyed", "signals")
        words["held"] = _count(given, "held", "signals_held")
    return words


def _count(given: Mapping[str, Any], *names: str) -> str:
    """How many cases and signals together."""
    return str(sum(len(given.get(name, ())) for name in names))


def _plan(given: Mapping[str, Any], names: Names) -> str:
    """Its title and, where one was put in force, the version's number."""
    number = names.version(given.get("version"))
    title = names.plan(given["plan"])
    return _("%(plan)s第 %(n)s 版", plan=title, n=number) if number is not None else title


def _membership(given: Mapping[str, Any], names: Names) -> str:
    parts = []
    if given.get("added"):
        parts.append(_("加上%(roles)s", roles=_several([names.role(r) for r in given["added"]])))
    if given.get("removed"):
        parts.append(_("去掉%(roles)s", roles=_several([names.role(r) for r in given["removed"]])))
    return "; ".join(parts)


def _setting(given: Mapping[str, Any], names: Names) -> str:
    key, value = str(given["key"]), given.get("value")
    if given.get("plan"):
        label = f"{names.plan(given['plan'])} {names.setting(given['plan'], key)}"
    else:
        label = named(_SETTINGS, key)
    if isinstance(value, Mapping):
        return f"{label} {loc(value)}".strip()
    if key == "kind" and not given.get("plan"):
        value = next((loc(one) for one in kinds(library()) if one.key == value), value)
    shown = format_iso(value) if isinstance(value, str) else shown_value(value)
    return _("%(label)s改为“%(value)s”", label=label, value=shown) if "value" in given else label


def _several(names: Sequence[str]) -> str:
    return _("、").join(names)
