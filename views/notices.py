"""Notifications as sentences: kind and arguments are data, the words are the reader's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.tasks import Notification
from views.i18n import current_locale

#: Sentence by kind; arguments as the services give them (case number, title, task name).
SENTENCES = {
    "deadline_reminder": _l("提醒:“%(task)s”即将到期(%(case)s %(title)s)"),
    "deadline_missed": _l("已超时:“%(task)s”(%(case)s %(title)s)"),
    "deadline_urged": _l("催办:“%(task)s”已超时并上报(%(case)s %(title)s)"),
    "deadline_escalated": _l("督办:下级任务“%(task)s”超时未办(%(case)s %(title)s)"),
    "task_assigned": _l("转给您办理:“%(task)s”(%(case)s %(title)s)"),
    "task_reassigned": _l("转给您办理:“%(task)s”(%(case)s %(title)s)"),
    "approval_wanted": _l("有文稿请您审签(%(case)s %(title)s)"),
    "approval_voided": _l("文稿改动,原签发失效(%(case)s %(title)s)"),
    "case_graded": _l("已定级,请关注:%(case)s %(title)s"),
    "plan_activated": _l("预案已启动,请按分工参与处置:%(case)s %(title)s"),
    "case_opened": _l("新的舆情事件:%(case)s %(title)s"),
    "incident": _l("运行异常:%(case)s %(title)s"),
    "proposal_waiting": _l("有预案等您审定是否启用:%(title)s"),
    "proposal_agreed": _l("您提请的预案已同意启用:%(title)s"),
    "proposal_returned": _l("您提请的预案被退回:%(title)s"),
    "destruction_waiting": _l("销毁清册第 %(list)s 号(%(n)s 件)等您审批"),
    "destruction_agreed": _l("您拟定的销毁清册第 %(list)s 号,两人都已同意,可以执行"),
    "destruction_refused": _l("您拟定的销毁清册第 %(list)s 号未获同意,已关闭"),
}

#: Icon and colour by kind.
LOOKS = {
    "deadline_reminder": ("hourglass", "soon"),
    "deadline_missed": ("clock-exclamation", "late"),
    "deadline_urged": ("clock-exclamation", "late"),
    "deadline_escalated": ("flag", "late"),
    "incident": ("alert-triangle", "late"),
}


def words(args: Mapping[str, Any]) -> dict[str, str]:
    """The arguments in the reader's language: ``task_en`` stands in for ``task`` where there is
    one; what is missing is left blank."""
    english = current_locale() == "en"
    found: dict[str, str] = defaultdict(str)
    for name, value in args.items():
        if not name.endswith("_en"):
            better = args.get(f"{name}_en") if english else None
            found[name] = str(better or value)
    found["case"] = found["case"] or found["number"]
    return found


def notice(notification: Notification) -> str:
    """The notification as one sentence. A plan's own notice carries its text."""
    known = SENTENCES.get(notification.kind)
    given = words(notification.args)
    if known is not None:
        return str(known) % given
    text = given["text"] or given["message"] or given["task"]
    return _(
        "通知:%(text)s(%(case)s %(title)s)", text=text, case=given["case"], title=given["title"]
    )


def look(notification: Notification) -> tuple[str, str]:
    """Icon name and tone."""
    return LOOKS.get(notification.kind, ("bell", "act"))
