"""Sentences of a case's events that its timeline shows; the others' are in `views.record_words`."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

#: (tone, sentence) by event type. Its places are filled by `views.timeline.Words`.
SENTENCES = {
    "case.opened": ("act", _l("启动事件")),
    "case.closed": ("good", _l("事件办结")),
    "case.archived": ("good", _l("事件归档:共 %(items)s 项,缺 %(missing)s 项")),
    "case.clock_moved": ("note", _l("事件时钟快进 %(moved)s")),
    "case.member_added": ("note", _l("增加参与人员:%(member)s")),
    "recusal.recorded": ("act", _l("登记回避:%(recused)s,%(reason)s")),
    "recusal.lifted": ("act", _l("解除回避:%(recused)s,%(reason)s")),
    "anchor.recorded": ("note", _l("记录%(anchor)s:%(occurred)s")),
    "anchor.corrected": ("act", _l("更正%(anchor)s为 %(occurred)s:%(reason)s")),
    "tier.proposed": ("note", _l("判定表建议:%(tier)s")),
    "tier.graded": ("act", _l("定级:%(tier)s")),
    "tier.overridden": ("act", _l("改定为%(tier)s(建议%(proposed)s):%(reason)s")),
    "tier.retier_requested": ("act", _l("要求重新定级:%(reason)s")),
    "task.opened": ("note", _l("转入:%(task)s")),
    "task.claimed": ("note", _l("签收:%(task)s")),
    "task.unclaimed": ("note", _l("退回签收:%(task)s")),
    "task.reassigned": ("note", _l("转办:%(task)s %(to)s")),
    "task.completed": ("good", _l("办结:%(task)s")),
    "task.cancelled": ("note", _l("不再办理:%(task)s")),
    "deadline.set": ("note", _l("时限:%(task)s,%(due)s 到期")),
    "deadline.reminded": ("note", _l("提醒:%(task)s %(to)s")),
    "deadline.met": ("good", _l("按时:%(task)s,余 %(spare)s")),
    "deadline.missed": ("late", _l("超时:%(task)s %(late)s")),
    "deadline.escalated": ("late", _l("督办:%(task)s,已报 %(to)s")),
    "incident.raised": ("late", _l("运行异常:%(message)s")),
    "incident.resolved": ("good", _l("异常已处理:%(resolution)s")),
    "statement.created": ("act", _l("起草文稿:%(kind)s")),
    "statement.version_added": ("act", _l("文稿第 %(version)s 版")),
    "approval.given": ("act", _l("文稿第 %(version)s 版,%(approval)s:%(decision)s %(comment)s")),
    "approval.countersigned": ("act", _l("补签")),
    "approval.voided": ("late", _l("文稿改动,原签批失效")),
    "statement.released": ("good", _l("发布第 %(version)s 版:%(channel_name)s %(account)s")),
    "statement.corrected": ("act", _l("发布更正")),
    "statement.link_added": ("note", _l("补充发布链接")),
    "statement.withdrawn": ("late", _l("撤回发布:%(reason)s")),
    "report.line_entered": ("act", _l("信息报送:%(recipient)s %(to_whom)s")),
    "report.line_acknowledged": ("good", _l("报送已确认:%(recipient)s")),
    "report.line_corrected": ("act", _l("更正报送:%(recipient)s %(reason)s")),
    "closing.confirmed": ("act", _l("确认办结条件:%(note)s")),
    "archive.item_recorded": ("note", _l("归档登记:%(name)s")),
    "personal.destroyed": ("act", _l("销毁个人信息:%(values)s 处,文件 %(files)s 件;依据%(basis)s")),
    "signal.taken": ("note", _l("线索转为事件")),
    "file.added": ("note", _l("添加附件:%(name)s")),
    "notification.sent": ("note", _l("发出通知:%(kind)s %(to)s")),
    "instance.migrated": (
        "act",
        _l("预案由第 %(from_number)s 版迁到第 %(to_number)s 版:%(reason)s"),
    ),
    "instance.cancelled": ("late", _l("流程终止:%(reason)s")),
}

#: The sentence of a deadline that was set before.
MOVED = _l("时限改动:%(task)s,改为 %(due)s 到期 %(reason)s")

DECISIONS = {
    "approve": _l("同意"),
    "approve_with_edits": _l("修改后同意"),
    "return": _l("退回修改"),
    "reject": _l("不同意"),
}
