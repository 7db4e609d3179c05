"""Words of statements, decisions and reports, by the key the code uses."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from views.terms import STATEMENT_KINDS, named

PARTS = {
    "title": _l("标题"),
    "known": _l("已知情况"),
    "unknown": _l("尚不清楚的情况"),
    "doing": _l("正在做的工作"),
    "next_word_at": _l("下次发布时间"),
    "next_word_note": _l("下次发布说明"),
    "contact": _l("联系方式"),
}
DECISIONS = {
    "approve": _l("同意"),
    "approve_with_edits": _l("修改后同意"),
    "return": _l("退回修改"),
    "reject": _l("不同意"),
}
METHODS = {
    "phone": _l("电话"),
    "fax": _l("传真"),
    "document": _l("书面"),
    "system": _l("系统"),
    "in_person": _l("当面"),
}
STATUSES = {"draft": _l("未发布"), "released": _l("已发布"), "withdrawn": _l("已撤回")}


def part_name(key: str) -> str:
    """What a part of a statement is called."""
    return named(PARTS, key)


def decision_name(key: str) -> str:
    """What a decision is called."""
    return named(DECISIONS, key)


def decision_options() -> list[tuple[str, str]]:
    """The decisions, for a choice."""
    return [(key, str(name)) for key, name in DECISIONS.items()]


def kind_options() -> list[tuple[str, str]]:
    """The kinds of statement, for a choice."""
    return [(key, str(name)) for key, name in STATEMENT_KINDS.items()]


def method_name(key: str) -> str:
    """How something was reported."""
    return named(METHODS, key)


def method_options() -> list[tuple[str, str]]:
    """How something may be reported, for a choice."""
    return [(key, str(name)) for key, name in METHODS.items()]


def status_name(key: str) -> str:
    """Whether a statement is out."""
    return named(STATUSES, key)


def part_help(key: str) -> str:
    """What belongs into a part, said under its field."""
    return {
        "known": _("只写已核实的事实,注明来源和截止时间。"),
        "unknown": _("如实写明还不知道什么,不猜测原因。"),
        "doing": _("写谁正在做什么。"),
        "next_word_at": _("到时即使没有新情况也要发布。"),
        "contact": _("公众和记者可以联系到的单位与电话。"),
    }.get(key, "")
