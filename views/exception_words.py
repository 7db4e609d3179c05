"""Words for the kinds of exception and for what settled one: facts, never verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.event_kinds import all_kinds
from services.event_settled import Fact
from views.i18n import format_moment
from views.terms import named

KINDS = {
    "late": _l("超时"),
    "entered_later": _l("补录"),
    "oral": _l("口头同意"),
    "tier_overridden": _l("改定等级"),
    "approval_voided": _l("签批失效"),
    "clock_moved": _l("时钟或时间点改动"),
    "four_eyes_relaxed": _l("放宽两人规定"),
    "deployed_alone": _l("一人启用预案"),
    "admin_act": _l("管理操作"),
    "unmasked": _l("显示过个人信息"),
    "destroyed": _l("个人信息销毁"),
}


def kind_name(kind: str) -> str:
    """The kind in words; a new one is shown by its key until it has words."""
    return named(KINDS, kind)


def kinds_in_words() -> list[tuple[str, str]]:
    """Every kind the registry knows, with its words; those that have words first, as here."""
    known = list(all_kinds())
    return [(kind, kind_name(kind)) for kind in sorted(known, key=_place)]


def _place(kind: str) -> int:
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS)


def settled_words(kinds: tuple[str, ...], facts: Mapping[str, Fact]) -> list[str]:
    """What has happened to an exception since: one sentence for each of its kinds that has
    something to say."""
    said = []
    for kind in kinds:
        fact = facts.get(kind)
        if fact is not None and fact.code == "countersigned":
            said.append(_("已补签:%(at)s", at=format_moment(fact.at)))
        elif fact is not None:
            said.append(
                _(
                    "后经补录:实际办结于 %(at)s,在时限内;录入于 %(entered)s",
                    at=format_moment(fact.at),
                    entered=format_moment(fact.entered_at),
                )
            )
        elif kind == "oral":
            said.append(_("尚未补签"))
    return said
