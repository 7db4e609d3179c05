"""Fixed words of a plan's pages, by the key that plans and code use, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

FATES = {
    "element": _l("流程步骤"),
    "field": _l("表单字段"),
    "setting": _l("设置"),
    "lost": _l("原文缺失"),
    "replaced": _l("已替换的做法"),
    "external": _l("系统之外"),
}

CLOCK_KINDS = {
    "hard": _l("硬时限"),
    "soft": _l("软目标"),
    "day": _l("当日"),
    "cover": _l("值守"),
    "external": _l("另行规定"),
    "rule": _l("规定"),
}

SECTIONS = {
    "purpose": _l("目的"),
    "basis": _l("依据"),
    "scope": _l("适用范围"),
    "principle": _l("原则"),
    "duty": _l("职责"),
    "watch": _l("值守"),
    "support": _l("保障"),
    "accountability": _l("责任追究与奖惩"),
}

#: What the special pages ask for.
FORMS = {
    "planroom:grade": _l("舆情等级;与判定表建议不一致的,写明理由"),
    "planroom:statement-draft": _l("标题和五项内容:已知、未知、正在做、下次发布时间、联系方式"),
    "planroom:statement-review": _l("审核意见:同意、修改后同意、退回修改、不同意"),
    "planroom:statement-approve": _l("签发意见:同意、修改后同意、退回修改、不同意"),
    "planroom:statement-release": _l("发布的渠道、账号、时间和链接"),
    "planroom:report-up": _l("逐个接收方:怎样报、报给谁、实际何时报、对方是否确认"),
    "planroom:closing": _l("办结标准是否达到,说明"),
    "planroom:archive": _l("逐项核对卷内目录:有几件,放在哪里,没有的为什么没有"),
}

VERDICTS = {
    "plan": _l("可以运行的预案"),
    "alias": _l("另一篇的残缺副本"),
    "fragment": _l("残篇"),
    "guidance": _l("指导文章,不是预案"),
    "other_emergency": _l("其他突发事件的预案,不是舆情预案"),
    "none": _l("没有预案内容"),
}

KINDS = {
    "school": _l("学校"),
    "company": _l("企业"),
    "government": _l("机关单位"),
    "police": _l("公安机关"),
    "monitoring_station": _l("监测站"),
    "utility": _l("公用事业企业"),
}

ELEMENT_KINDS = {
    "userTask": _l("任务"),
    "callActivity": _l("调用的流程"),
    "subProcess": _l("子流程"),
    "businessRuleTask": _l("判定表"),
    "serviceTask": _l("自动通知"),
    "exclusiveGateway": _l("判断"),
    "inclusiveGateway": _l("判断"),
    "parallelGateway": _l("同时进行"),
    "eventBasedGateway": _l("等待"),
    "boundaryEvent": _l("时钟或消息"),
    "startEvent": _l("开始"),
    "endEvent": _l("结束"),
    "intermediateCatchEvent": _l("等待"),
    "intermediateThrowEvent": _l("发出"),
}

TABLES = {
    "provisions": _l("制度条文"),
    "settings": _l("由单位设定"),
    "roles": _l("角色"),
    "tiers": _l("舆情等级"),
    "recipients": _l("报送对象"),
    "archive": _l("卷内目录"),
    "approvals": _l("审签"),
    "clocks": _l("时限"),
    "closing": _l("办结标准"),
    "anchors": _l("时间点"),
    "retention": _l("保管期限"),
}
