"""Words for what a check of chains and seals finds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.cases import Case
from services.heads_check import Break
from services.proof_portions import SEALS
from views.terms import named

#: `services.verify.Reason` and ``seal_REASON`` (`services.heads_check.Reason`).
REASONS = {
    "gap": _l("中间少了或多了一条"),
    "hash": _l("这一条或前一条被改过"),
    "content": _l("内容被改过"),
    "columns": _l("检索用的栏被改过"),
    "personal": _l("个人信息原文被改过,或放到了别的记录下"),
    "stray": _l("有来历不明的个人信息原文"),
    "untold": _l("个人信息原文不在了,其后却没有销毁的记录"),
    "cut_off": _l("末尾被截掉"),
    "head": _l("链头不符"),
    "missing": _l("事件没有记录"),
    "list": _l("封存的清单被改过"),
    "lost": _l("前面有封存被改过或被拿掉,清单推算不出来,无从核对"),
    "event": _l("封存的记录不符"),
    "removed": _l("封存被拿掉"),
    "back": _l("后一次封存反而记得更少"),
    "rewritten": _l("整条链被重写"),
    "seal": _l("另存的与这里的封存不符"),
}
WAYS = {"file": _l("文件"), "mail": _l("邮件"), "print": _l("打印")}


def reason_words(reason: str) -> str:
    """Why a chain does not hold."""
    if reason.startswith("seal_"):
        return _("与封存不符:%(why)s", why=named(REASONS, reason.removeprefix("seal_")))
    return named(REASONS, reason)


def break_words(found: Break, cases: Mapping[str, Case]) -> str:
    """What does not hold, by which seal."""
    why = named(REASONS, found.reason)
    if found.until and found.until != found.day:
        return _("%(day)s 到 %(until)s 的封存:%(why)s", day=found.day, until=found.until, why=why)
    if not found.chain:
        return _("%(day)s 的封存:%(why)s", day=found.day, why=why)
    return _(
        "%(day)s 的封存,%(chain)s第 %(seq)s 条:%(why)s",
        day=found.day,
        chain=chain_name(found.chain, cases),
        seq=found.seq,
        why=why,
    )


def chain_name(chain: str, cases: Mapping[str, Case] = MappingProxyType({})) -> str:
    """What a chain is the record of; a case by its number, where it is among ``cases`` (by
    chain)."""
    if chain in cases:
        return f"{cases[chain].number} "
    if chain.startswith("case:"):
        return _("事件链 %(id)s ", id=chain.removeprefix("case:"))
    return {
        "org": _("单位的链"),
        "audit": _("查阅记录的链"),
        "heads": _("封存的链"),
    }.get(chain, chain)


def chains_named(chain: str, cases: Mapping[int, Case]) -> str:
    """What a check went through, as its event has it: one chain, ``FIRST…LAST`` in order of
    their names, or seals up to a day. A case by its number."""
    if chain.startswith(SEALS):
        return _("各日封存,到 %(day)s 为止", day=chain.removeprefix(SEALS))
    first, dots, last = chain.partition("…")
    if dots:
        return _("%(first)s 到 %(last)s", first=_named(first, cases), last=_named(last, cases))
    return _named(chain, cases)


def _named(chain: str, cases: Mapping[int, Case]) -> str:
    id_ = chain.removeprefix("case:")
    case = cases.get(int(id_)) if id_ != chain and id_.isascii() and id_.isdigit() else None
    return case.number if case is not None else chain_name(chain).strip()


def lodge_words(how: str) -> str:
    """Where a seal was taken."""
    return named(WAYS, how)
