"""Events of the audit room's own chain in words: what was opened, searched, exported and checked,
and what of it was looked at or asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from models.cases import Case
from services.moments import from_text
from views.audit_trail import what_words
from views.export_words import FORMATS
from views.filter_words import filter_words
from views.i18n import format_moment, format_size
from views.names import Names
from views.proof_words import chains_named, lodge_words
from views.terms import named

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Characters of a hash that are shown.
_SHORT = 12


def arguments(given: Mapping[str, Any], cases: Mapping[int, Case]) -> dict[str, str]:
    """What of a payload fills the sentence, keys made words."""
    words: dict[str, str] = {}
    if "what" in given:
        words["what"] = what_words(given["what"])
    if "chain" in given:
        words["chain"] = chains_named(str(given["chain"]), cases)
    if "format" in given:
        words["format"] = named(FORMATS, str(given["format"]))
    if isinstance(given.get("head"), str):
        words["head"] = given["head"][:_SHORT]
    return words


def about(type_: str, given: Mapping[str, Any], names: Names) -> list[str]:
    """What the sentence leaves out, a piece each."""
    parts = []
    if given.get("id") not in (None, "") and "what" in given:
        parts.append(_shown(str(given["id"]), names))
    if "signal" in given:
        parts.append(_("线索 #%(n)s", n=given["signal"]))
    if type_ == "audit.verified":
        parts.append(_("完好") if given.get("ok") else _("对不上"))
    if type_ == "heads.lodged":
        parts.append(lodge_words(str(given.get("how", ""))))
    if isinstance(given.get("until"), str):
        parts.append(_("到 %(until)s 为止", until=format_moment(from_text(given["until"]))))
    if isinstance(given.get("args"), Mapping):
        parts += filter_words(given["args"], names, what_words)
    if isinstance(given.get("filter"), Mapping):
        parts += filter_words(given["filter"], names) or [_("没有条件,全部记录")]
    if isinstance(given.get("events"), int):
        parts.append(_("%(n)s 条记录", n=given["events"]))
    if type_ == "audit.bundle_made" and isinstance(given.get("size"), int):
        parts.append(format_size(given["size"]))
    if "masked" in given:
        parts.append(_("个人信息已遮蔽") if given["masked"] else _("含个人信息"))
    return parts


def _shown(id_: str, names: Names) -> str:
    """What a page showed: a task by its name, a plan by its title, a row by its number."""
    head, slash, rest = id_.partition("/")
    if slash and names.is_plan(head):
        return f"{names.plan(head)} {rest}"
    if names.is_plan(id_):
        return names.plan(id_)
    if _UUID.fullmatch(id_):
        return names.task(id_) or _("任务 %(id)s", id=id_)
    return f"#{id_}" if id_.isascii() and id_.isdigit() else id_
