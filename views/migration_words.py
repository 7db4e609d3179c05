"""A migration in words: why a case stays, what becomes of its clocks."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.case_moves import CaseMove
from services.definitions import static_path
from views.i18n import loc
from views.incident_words import incident_sentence
from workflows.contract import Element
from workflows.migration import Reason

REASONS = {
    "step_gone": _l("正在办的“%(path)s”在新版本里没有"),
    "wait_gone": _l("正在等候的“%(path)s”在新版本里没有"),
    "scope_gone": _l("正在进行的“%(path)s”在新版本里没有"),
    "kind_changed": _l("“%(path)s”在新版本里是另一种环节"),
    "call_changed": _l("“%(path)s”在新版本里改用了另一个流程"),
    "multi_changed": _l("“%(path)s”正由多人分别办理,新版本改了由谁办、怎样办"),
    "join_gone": _l("几路并行的工作等着在“%(path)s”汇合,新版本里没有这个汇合点"),
    "join_waits": _l("“%(path)s”在新版本里要多等一路,而这一路在本事件中从未开始,会一直等下去"),
    "race_gone": _l("在“%(path)s”等候的几件事,新版本里一件也没有"),
    "result_missing": _l("后面的“%(path)s”要用“%(other)s”的结果,而这一步在本事件中已经越过"),
    "fault": _l("“%(path)s”在新版本里算不出来(%(other)s)"),
    "not_running": _l("流程已经走完"),
    "unreadable": _l("流程的当前状态读不出来"),
    "tier_gone": _l("事件现在的等级在新版本里没有"),
}

CHANGES = {
    "kept": _l("不变"),
    "moved": _l("重新计算"),
    "added": _l("新增"),
    "dropped": _l("取消"),
}

#: Tables of ``plan.toml``, as `services.case_moves.ASKED` and the closing criterion.
ASKED = {
    "approvals": _l("发布前的审签"),
    "recipients": _l("报送对象"),
    "archive": _l("归档材料"),
    "closing": _l("办结条件"),
}


def reason_of(move: CaseMove, reason: Reason | str) -> str:
    """Why the case stays, as a sentence."""
    if isinstance(reason, str):
        return str(REASONS[reason])
    other = (
        incident_sentence(reason.other) if reason.code == "fault" else name_of(move, reason.other)
    )
    return str(REASONS[reason.code] % {"path": name_of(move, reason.path), "other": other})


def name_of(move: CaseMove, path: str) -> str:
    """What an element is called in the new version, or was in the old, after the call it stands
    in: ``24小时内回应 › 签发``. A clock is named with what it stands on."""
    known = static_path(path)
    element = _element(move, known)
    if element is None:
        return path
    parts = known.split("/")
    calls = (_element(move, "/".join(parts[:n])) for n in range(1, len(parts)))
    host = _element(move, element.attached_to)
    named = _word(element)
    if host is not None:
        named = _("%(host)s · %(event)s", host=_word(host), event=named)
    return _(" › ").join([*(_word(call) for call in calls if call is not None), named])


def _element(move: CaseMove, path: str) -> Element | None:
    return move.new.elements.get(path) or move.old.elements.get(path)


def _word(element: Element) -> str:
    return loc(element) or element.id
