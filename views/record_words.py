"""Words of events that only the full record shows: what engine and organisation note."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

#: Sentence by event type; its places are filled by `views.timeline.Words.arguments`.
RECORD_SENTENCES = {
    "task.draft_saved": _l("保存草稿:%(task)s"),
    "timer.set": _l("时钟开始走:%(task)s,到 %(due)s"),
    "timer.fired": _l("时钟到点:%(task)s"),
    "timer.dropped": _l("时钟停止:%(task)s"),
    "element.passed": _l("流程前进:%(task)s"),
    "decision.taken": _l("判定表得出结果:%(task)s,依据 %(rules)s"),
    "message.sent": _l("流程收到消息:%(name)s"),
    "intent.created": _l("交办外部动作:%(topic)s"),
    "intent.done": _l("外部动作完成:%(topic)s"),
    "intent.failed": _l("外部动作失败:%(topic)s %(error)s"),
    "instance.started": _l("流程启动"),
    "instance.completed": _l("流程走完"),
    "signal.recorded": _l("登记线索"),
    "signal.dismissed": _l("线索不予处理:%(reason)s"),
    "signal.duplicate": _l("线索重复:%(reason)s"),
    "org.person_created": _l("新增人员:%(name)s"),
    "org.person_changed": _l("修改人员:%(name)s"),
    "org.role_changed": _l("修改角色:%(name)s"),
    "org.membership_changed": _l("调整人员的角色"),
    "org.deputy_set": _l("设定代理:%(reason)s"),
    "org.plan_deployed": _l("部署预案:%(plan)s"),
    "org.plan_rolled_back": _l("恢复预案的较早版本:%(plan)s"),
    "org.cases_migrated": _l("把运行中的事件迁到第 %(to_number)s 版:%(plan)s"),
    "org.draft_opened": _l("新建预案草稿:%(plan)s"),
    "org.draft_saved": _l("保存预案草稿:%(plan)s"),
    "org.draft_discarded": _l("放弃预案草稿:%(plan)s"),
    "org.plan_proposed": _l("提请启用预案:%(plan)s"),
    "org.plan_approved": _l("同意启用预案:%(plan)s"),
    "org.plan_refused": _l("不同意启用预案:%(plan)s"),
    "org.plan_withdrawn": _l("撤回启用申请:%(plan)s"),
    "org.four_eyes_changed": _l("改变预案启用须两人同意的规定"),
    "org.signed_in": _l("登录"),
    "org.sign_in_failed": _l("登录失败"),
    "org.switched_person": _l("切换人员"),
    "org.setting_changed": _l("修改设置:%(key)s"),
    "org.channel_changed": _l("修改发布渠道:%(name)s"),
}
