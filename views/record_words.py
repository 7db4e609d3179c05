"""Words of events that only the full record shows: what engine and organisation note."""

from __future__ import annotations

import re

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
    "org.term_changed": _l("修改保管期限表:%(name)s"),
    "org.retention_set": _l("设定预案的保管期限:%(plan)s"),
    "org.destruction_proposed": _l("拟定销毁清册第 %(list)s 号"),
    "org.destruction_approved": _l("同意销毁清册第 %(list)s 号:%(comment)s"),
    "org.destruction_refused": _l("不同意销毁清册第 %(list)s 号:%(comment)s"),
    "org.destruction_withdrawn": _l("撤回销毁清册第 %(list)s 号"),
    "org.destruction_carried_out": _l("执行销毁清册第 %(list)s 号"),
    "org.signing_key_made": _l("启用签名密钥:%(fingerprint)s"),
    "hold.placed": _l("暂缓销毁:%(reason)s"),
    "hold.lifted": _l("解除暂缓销毁:%(reason)s"),
    "audit.opened": _l("查阅:%(what)s"),
    "audit.searched": _l("检索记录"),
    "audit.search_saved": _l("保存检索条件:%(name)s"),
    "audit.search_removed": _l("删除检索条件"),
    "audit.exported": _l("导出:%(format)s"),
    "audit.bundle_made": _l("制作佐证材料包,链头 %(head)s"),
    "audit.unmasked": _l("显示个人信息:%(reason)s"),
    "audit.verified": _l("核对校验链:%(chain)s"),
    "heads.sealed": _l("封存当日链头:%(day)s,%(chains)s 条链"),
    "heads.lodged": _l("链头另存他处:%(day)s"),
}

#: What stands before anything that fills a sentence.
_HEAD = re.compile(r"[^::,,%]+")


def act_words(type_: str) -> str:
    """What kind of act a type of event is: its sentence without what fills it; its key where it has
    none yet."""
    head = _HEAD.match(str(RECORD_SENTENCES.get(type_, "")))
    return head.group().strip() if head is not None else type_
