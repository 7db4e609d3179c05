"""The table of a draft in words: limits as they are typed, what was changed, what cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.plan_table import PlanTable, TableRow, Turn
from services.plan_table_draft import Told
from views import plan_words
from views.i18n import loc
from workflows.edits.spans import Span, of_minutes
from workflows.edits.timers import START

UNITS = {
    "minutes": _l("分钟"),
    "hours": _l("小时"),
    "days": _l("天(满 24 小时为一天)"),
    "day_ends": _l("日(到那一日 24:00,0 为当日)"),
    "working_days": _l("个工作日"),
}

#: What a new step asks for, by the key of its form.
NEW_FORMS = {
    "note": _l("办理情况(填一段文字)"),
    "done": _l("是否办成,附说明"),
    "planroom:report-up": _l("信息报送(逐个接收方登记)"),
    "planroom:statement-draft": _l("拟写文稿"),
    "planroom:statement-review": _l("审核文稿(同意、退回)"),
    "planroom:statement-approve": _l("签发文稿"),
    "planroom:statement-release": _l("发布文稿"),
    "planroom:closing": _l("确认平息并结束"),
    "planroom:archive": _l("归档"),
}

FORMS = {
    "planroom:grade": _l("定级"),
    "planroom:report-up": _l("信息报送单"),
    "planroom:statement-draft": _l("文稿拟稿"),
    "planroom:statement-review": _l("文稿审核"),
    "planroom:statement-approve": _l("文稿签发"),
    "planroom:statement-release": _l("文稿发布"),
    "planroom:closing": _l("结束处置"),
    "planroom:archive": _l("归档目录"),
    "planroom:destroy": _l("销毁个人信息"),
}

APPROVAL_KINDS = {
    "review": _l("初审"),
    "secrecy": _l("保密审查"),
    "legal": _l("法制审核"),
    "countersign": _l("会签"),
    "final": _l("签发"),
}

#: Why an edit could not be made, beside its field.
CANNOT = {
    "in_diagram": _l("这一处表格说不清,请在流程图中修改。"),
    "no_room": _l("流程图里排不下这一步,请在流程图中修改。"),
    "not_found": _l("预案里已经没有这一处,请刷新后再改。"),
    "not_utf8": _l("这个文件不是 UTF-8 编码,请在流程图中打开并保存一次,再到这里改。"),
    "needs_duration": _l("这一时限由共用流程按时长计,请用分钟、小时或天。"),
    "by_setting": _l("这一时限由单位在预案的设置里定,不在这里改。"),
    "tier_taken": _l("同一判断里另有一路已用于这个等级,请先把那一路的等级改掉。"),
    "bad_amount": _l("请填写 1 到 9999 的整数。"),
    "too_long_before": _l("提醒要早于到限,又晚于起算,请填小一些。"),
    "unknown_role": _l("预案里没有这个角色,请先加上角色。"),
    "twice": _l("已有这一项。"),
    "no_tiers": _l("至少选一个等级。"),
    "required": _l("必填。"),
    "too_long": _l("内容过长。"),
    "no_limit": _l("要提醒或督办,请先填时限。"),
    "no_escalate": _l("请选择超时报谁督办。"),
    "last_recipient": _l("预案里要报送,至少留一个接收方。"),
    "no_draft_step": _l("这里前面没有拟稿,审核无稿可退,请加普通步骤或在流程图中修改。"),
    "asked_elsewhere": _l("别处还要用这一步的结果,删了就走不下去,请在流程图中修改。"),
    "clock_on_it": _l("这一步承担着时限表里的时限,不能只删步骤,请在流程图中修改。"),
    "kept_in_archive": _l("卷内目录要收这一步的材料,请先去掉卷内目录里的那一项。"),
    "kind_taken": _l("预案里已有这一类审签。请选另一类,或改那一步。"),
}


def cannot(code: str) -> str:
    """Why not, as a sentence."""
    found = CANNOT.get(code)
    return str(found) if found is not None else _("不能这样改(%(code)s)。", code=code)


def span_words(span: Span | None) -> str:
    """``1 小时``, ``第 3 日 24:00``."""
    if span is None:
        return _("没有时限")
    if span.unit == "minutes":
        return _("%(m)s 分钟", m=span.amount)
    if span.unit == "hours":
        return _("%(h)s 小时", h=span.amount)
    if span.unit == "days":
        return _("%(d)s 天", d=span.amount)
    if span.unit == "working_days":
        return _("%(n)s 个工作日", n=span.amount)
    return _("第 %(n)s 日 24:00", n=span.amount) if span.amount else _("当日 24:00")


def minutes_words(minutes: int | None) -> str:
    """A length in minutes in words; None is said as there being none."""
    return span_words(of_minutes(minutes)) if minutes is not None else _("没有")


def head_words(table: PlanTable, head: str) -> str:
    """What a limit counts from; an expression of the diagram's own stays as written."""
    if head in ("", START):
        return _("轮到本步")
    if head.replace("_", "").isalnum():
        return plan_words.anchor_words(table.manifest, head)
    return head


def base_words(table: PlanTable, row: TableRow) -> str:
    """What a step's deadline counts from, where a form leaves that to the diagram."""
    due = next((one.moment for one in row.limits if one.kind == "due"), None)
    if due is None or due.text:
        return _("照流程图所写")
    return plan_words.anchor_words(table.manifest, due.base)


def tier_words(table: PlanTable, keys: frozenset[str] | None) -> str:
    """Tiers from the lowest; all of them are 各等级."""
    if keys is None:
        return ""
    rows = table.manifest.get("tiers", [])
    if len(keys) == len(rows):
        return _("各等级")
    shown = [row["key"] for row in rows if row["key"] in keys]
    return plan_words.tiers_words(table.manifest, shown) or _("不会走到")


def turn_words(turn: Turn) -> str:
    """One turn on the way to a step."""
    asked, name = loc(turn_asked(turn)), loc(turn)
    if turn.event:
        return _("“%(step)s”%(event)s时", step=asked, event=name or _("到时"))
    asked = asked.rstrip("?")
    if not asked or not name:
        return asked or name
    return _("%(asked)s:%(answer)s", asked=asked, answer=name)


def turn_asked(turn: Turn) -> dict[str, str]:
    """The question of a turn in both languages, for `views.i18n.loc`."""
    return {"name": turn.asked, "name_en": turn.asked_en}


def other_calls(table: PlanTable, row: TableRow) -> str:
    """The calls in which a step of a shared process stands, too: ``“跟进发布”、“专家说明”``."""
    calls = (table.read.elements.get(path.rpartition("/")[0]) for path in row.shared)
    names = [loc(call) or call.id for call in calls if call is not None]
    return _("、").join(_("“%(name)s”", name=name) for name in dict.fromkeys(names))


def form_words(row: TableRow) -> str:
    """What is filled in or written at a step."""
    key = row.element.form_key
    if key:
        return str(FORMS.get(key, key))
    count = len(row.element.form_fields)
    return _("表单,%(n)s 项", n=count) if count else _("只点办结")


def told_words(table: PlanTable, told: Sequence[Told]) -> list[str]:
    """What was changed, a sentence each; the new table gives the plan's names."""
    return [text for one in told if (text := _told(table, one))]


def _told(table: PlanTable, told: Told) -> str:
    a: Mapping[str, Any] = told.args
    step = loc({"name": told.step, "name_en": told.step_en})
    plan = table.plan
    match told.code:
        case "renamed":
            old, new = ({"name": a[k], "name_en": a[f"{k}_en"]} for k in ("old", "new"))
            if loc(old) == loc(new):
                return _("“%(step)s”的另一语言名称已改", step=loc(new))
            return _("名称:%(old)s → %(new)s", old=loc(old), new=loc(new))
        case "role":
            old_, new_ = (plan_words.roles_words(plan, a[k]) for k in ("old", "new"))
            return _("“%(step)s”由谁办:%(old)s → %(new)s", step=step, old=old_, new=new_)
        case "lane_role":
            role = plan_words.role_words(plan, a["role"])
            return _("泳道“%(lane)s”加上了%(role)s", lane=a["lane"], role=role)
        case "lane":
            return _("流程图里移到了泳道“%(lane)s”", lane=a["lane"])
        case "limit":
            text = _("“%(step)s”时限:%(old)s → %(new)s", step=step, old=span_words(a["old"]),
                     new=span_words(a["new"]))  # fmt: skip
            if not a.get("anchor_moved"):
                return text
            head = head_words(table, a["new_head"])
            return _("%(text)s,自%(anchor)s起算", text=text, anchor=head)
        case "clock":
            return _("时限表同改,标为本单位自定,原文的话不变")
        case "name_says":
            return _("名称里还写着“%(old)s”,请一并改名", old=span_words(a["old"]))
        case "remind":
            return _("“%(step)s”到限前提醒:%(old)s → %(new)s", step=step,
                     old=minutes_words(a["old"]), new=minutes_words(a["new"]))  # fmt: skip
        case "escalate":
            return _("“%(step)s”过限督办:%(old)s → %(new)s", step=step,
                     old=minutes_words(a["old"]), new=minutes_words(a["new"]))  # fmt: skip
        case "escalate_to":
            was, now = (plan_words.role_words(plan, a[k]) or _("没有") for k in ("old", "new"))
            return _("“%(step)s”超时督办:%(old)s → %(new)s", step=step, old=was, new=now)
        case "remind_moved":
            return _("提醒原来早于起算,已改为时限过半时提醒")
        case "remind_early":
            return _("这一时限比共用流程的提醒还短,一开始就会提醒")
        case "remind_kept":
            return _("提醒另有起算,没有随着改")
        case "escalate_kept":
            return _("督办另有起算,没有随着改")
        case "tiers":
            return _("“%(step)s”用于:%(old)s → %(new)s", step=step,
                     old=tier_words(table, a["old"]), new=tier_words(table, a["new"]))  # fmt: skip
        case "tiers_left":
            way = loc({"name": a["way"], "name_en": a["way_en"]})
            return _("%(tiers)s改走“%(way)s”", tiers=tier_words(table, a["tiers"]), way=way)
        case "added":
            return _("在“%(after)s”之后加了“%(step)s”,由%(role)s办", step=step,
                     after=loc({"name": a["after"], "name_en": a["after_en"]}),
                     role=plan_words.role_words(plan, a["role"]))  # fmt: skip
        case "review_added":
            return _("加了审核“%(step)s”,由%(role)s办:同意往下走,退回重新拟稿", step=step,
                     role=plan_words.role_words(plan, a["role"]))  # fmt: skip
        case "shared":
            return _("这是共用流程,本预案中 %(n)s 处调用都随之改", n=a["n"])
        case "limit_added":
            return _("“%(step)s”时限:没有 → %(new)s", step=step, new=span_words(a["new"]))
        case "limit_removed":
            return _("“%(step)s”的时限、提醒和督办已去掉", step=step)
        case "removed":
            return _("删去了“%(step)s”", step=step)
        case "moved":
            other = loc({"name": a["other"], "name_en": a["other_en"]})
            if a["up"]:
                return _("“%(step)s”移到“%(other)s”之前", step=step, other=other)
            return _("“%(step)s”移到“%(other)s”之后", step=step, other=other)
        case "row_added":
            return _("%(table)s加了“%(name)s”", table=_table(a["table"]), name=a["name"])
        case "row_changed":
            return _("%(table)s“%(name)s”已改", table=_table(a["table"]), name=a["name"])
        case "row_removed":
            return _("%(table)s去掉了“%(name)s”", table=_table(a["table"]), name=a["name"])
    return ""


def _table(table: str) -> str:
    return {"recipients": _("报送对象"), "approvals": _("审签"), "archive": _("卷内目录")}[table]
