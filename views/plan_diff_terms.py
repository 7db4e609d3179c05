"""Fixed words of a comparison, by the codes `services.plan_diff` uses."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

GROUPS = {
    "limits": _l("时限"),
    "roles": _l("角色"),
    "steps": _l("步骤"),
    "approvals": _l("审签"),
    "papers": _l("文书"),
    "tables": _l("判定表"),
    "other": _l("其他"),
}

KINDS = {
    "added": _l("新增"),
    "removed": _l("删去"),
    "changed": _l("变更"),
    "moved": _l("移位"),
}

#: What of a subject changed, by ``Change.field``.
FIELDS = {
    "due": _l("完成时限"),
    "remind": _l("提醒"),
    "escalate": _l("过限督办"),
    "timer": _l("计时"),
    "name": _l("名称"),
    "kind": _l("类型"),
    "roles": _l("谁办"),
    "candidate_users": _l("指定的人"),
    "assignee": _l("指定的人"),
    "role_for": _l("由谁担任"),
    "notified": _l("通知谁"),
    "form_key": _l("专用页面"),
    "decision_ref": _l("所用判定表"),
    "topic": _l("自动事项"),
    "priority": _l("优先级"),
    "follow_up": _l("何时再看"),
    "origin": _l("出处"),
    "clauses": _l("条款"),
    "documentation": _l("说明"),
    "not_same_as": _l("不得兼办"),
    "recusal": _l("回避"),
    "repeat": _l("重复办理"),
    "called": _l("所用共用办法"),
    "handed_in": _l("交给共用办法的数据"),
    "handed_out": _l("共用办法交回的数据"),
    "property": _l("属性"),
    "host": _l("所在的步骤"),
    "lane": _l("泳道"),
    "lane_name": _l("泳道名称"),
    "field": _l("填写"),
    "field_label": _l("问法"),
    "field_help": _l("填写说明"),
    "field_type": _l("填写类型"),
    "field_options": _l("选项"),
    "field_required": _l("必填"),
    "field_default": _l("预填的值"),
    "field_bounds": _l("限制"),
    "field_properties": _l("属性"),
    "field_order": _l("填写的先后"),
    "route": _l("下一步"),
    "then": _l("之后的去向"),
    "first": _l("开始后的去向"),
    "question": _l("问题"),
    "branch": _l("走法"),
    "condition": _l("条件"),
    "way_name": _l("走法名称"),
    "happening": _l("期间可能发生的事"),
    "start": _l("开始"),
    "table_name": _l("名称"),
    "hit_policy": _l("命中规则"),
    "expression": _l("算式"),
    "column": _l("列"),
    "column_name": _l("列名"),
    "column_type": _l("列的类型"),
    "allowed": _l("可用的值"),
    "output_name": _l("结果的名字"),
    "rule": _l("规则"),
    "cell": _l("条件"),
    "output": _l("结果"),
    "rule_text": _l("规则的文字"),
    "rule_order": _l("规则的先后"),
    "order": _l("先后"),
    "value": _l("类型"),
}

#: Columns of the tables of ``plan.toml`` and of ``clauses.toml``.
COLUMNS = {
    "name": _l("名称"),
    "title": _l("名称"),
    "text": _l("内容"),
    "criterion": _l("标准"),
    "role": _l("角色"),
    "tiers": _l("适用等级"),
    "clause": _l("条款"),
    "clauses": _l("条款"),
    "origin": _l("出处"),
    "setting": _l("由哪项设置决定"),
    "once_asked": _l("有要求时才需要"),
    "required": _l("必须归档"),
    "holds": _l("由系统存有的内容"),
    "trigger": _l("起算"),
    "who": _l("谁报"),
    "to": _l("报给谁"),
    "iso": _l("完成时限"),
    "anchor": _l("起算的时间点"),
    "element": _l("由哪一步承担"),
    "elements": _l("限于哪些步骤"),
    "kind": _l("类别"),
    "period": _l("期限"),
    "default": _l("预设值"),
    "source": _l("依据"),
    "type": _l("类型"),
    "level": _l("高低"),
    "section": _l("所属部分"),
    "fate": _l("去向"),
    "by": _l("由什么承担"),
    "why": _l("原因"),
    "line": _l("原文行"),
    "lines": _l("原文行"),
    "kinds": _l("适用的单位"),
    "business_prefix": _l("事件编号前缀"),
    "number": _l("原文篇号"),
    "process": _l("流程"),
    "alias": _l("所依的预案"),
    "origins": _l("各步出处"),
}

#: Tables that are not in `views.plan_terms.TABLES`.
TABLES = {"variables": _l("变量"), "source": _l("原文位置")}

FIELD_TYPES = {
    "string": _l("一行文字"),
    "text": _l("多行文字"),
    "long": _l("整数"),
    "double": _l("数"),
    "boolean": _l("是 / 否"),
    "date": _l("日期"),
    "datetime": _l("日期和时间"),
    "enum": _l("选一项"),
}

BOUNDS = {
    "min": _l("最小"),
    "max": _l("最大"),
    "minlength": _l("最少字数"),
    "maxlength": _l("最多字数"),
}

RECUSAL = {
    "notRecused": _l("回避的人不得办"),
    "recusalRecorded": _l("先记录谁回避"),
}
