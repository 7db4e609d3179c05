"""Fixed words of the field, by the key the code uses, in the reader's language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.typed_words import is_destroyed
from views.i18n import format_moment
from views.incident_words import incident_sentence

ORIGINS = {
    "text": _l("原文"),
    "lost": _l("原文缺失"),
    "baseline": _l("原文无"),
    "replaced": _l("已替换的做法"),
    "overlay": _l("依上位规定加入"),
    "unit": _l("本单位规定"),
}

MEDIA = {
    "weibo": _l("微博"),
    "wechat": _l("微信"),
    "short_video": _l("短视频"),
    "forum": _l("论坛社区"),
    "news": _l("新闻媒体"),
    "app": _l("手机应用"),
    "phone": _l("电话"),
    "letter": _l("来信"),
    "other": _l("其他"),
}

SOURCES = {"person": _l("人员报告"), "phone": _l("电话报告"), "sample": _l("演示样例")}

STATEMENT_KINDS = {
    "first_facts": _l("首发通报"),
    "progress": _l("进展通报"),
    "cause": _l("原因通报"),
    "correction": _l("更正通报"),
    "reply": _l("答复"),
}

CASE_STATUSES = {"open": _l("处置中"), "closed": _l("已办结"), "archived": _l("已归档")}
SIGNAL_STATUSES = {
    "new": _l("待处理"),
    "taken": _l("已转事件"),
    "duplicate": _l("重复"),
    "dismissed": _l("不予处理"),
}

DEADLINE_KINDS = {"remind": _l("提醒"), "due": _l("到期"), "escalate": _l("督办")}

ANCHORS = {
    "discovered_at": _l("发现时间"),
    "opened_at": _l("立案时间"),
    "graded_at": _l("定级时间"),
    "closed_at": _l("办结时间"),
}


def named(table: dict[str, Any], key: str | None) -> str:
    """The word for a key; a key without one is shown as it is."""
    if not key:
        return ""
    return str(table.get(key, key))


def case_title(case: Any, title: str) -> str:
    """A case's title, or that of a paper about it, as lists and papers show it: a drill's says that
    it is one."""
    return f"{title} · {_('演练')}" if case.is_drill else title


def shown_value(value: Any) -> str:
    """A value of a form or a decision, for reading."""
    if value is None or value == "":
        return "—"
    if is_destroyed(value):
        return _("(已销毁)")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return _("、").join(shown_value(part) for part in value)
    if isinstance(value, dict):
        return ";".join(f"{name}: {shown_value(part)}" for name, part in value.items())
    return str(value)


def init_app(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.filters["incident_words"] = incident_sentence
    app.jinja_env.globals.update(
        origin_name=lambda key: named(ORIGINS, key),
        statement_kind_name=lambda key: named(STATEMENT_KINDS, key),
        medium_name=lambda key: named(MEDIA, key),
        source_name=lambda key: named(SOURCES, key),
        case_status_name=lambda key: named(CASE_STATUSES, key),
        signal_status_name=lambda key: named(SIGNAL_STATUSES, key),
        deadline_kind_name=lambda key: named(DEADLINE_KINDS, key),
        media=lambda: [(key, str(text)) for key, text in MEDIA.items()],
        shown_value=shown_value,
    )
