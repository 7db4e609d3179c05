"""Every word the diagram editor says, by the key its scripts know it by."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from views.terms import DEADLINE_KINDS, ORIGINS

#: Special forms of a task (docs/developers.md) as an author chooses them.
FORMS: Final = {
    "planroom:grade": _l("确认等级"),
    "planroom:statement-draft": _l("拟写文稿"),
    "planroom:statement-review": _l("审核"),
    "planroom:statement-approve": _l("签发"),
    "planroom:statement-release": _l("发布"),
    "planroom:report-up": _l("上报信息"),
    "planroom:closing": _l("结束处置"),
    "planroom:archive": _l("归档"),
    "planroom:destroy": _l("销毁个人信息"),
}

_WORDS: Final = {
    # what became of the last change
    "state_saved": _l("已保存"),
    "state_typing": _l("还没有保存…"),
    "state_saving": _l("正在保存…"),
    "state_offline": _l("没有保存:连不上服务器,正在重试"),
    "state_moved": _l("没有保存:草稿已在别处改动"),
    "state_refused": _l("没有保存"),
    "keep_mine": _l("下载我的这份"),
    "reload": _l("放弃我的改动,重新读取"),
    "others_editing": _l("还有人在改这个预案:%(names)s。请先商量。"),
    "and": _l("、"),
    "close": _l("关闭"),
    # opening and bringing in files
    "not_opened": _l("流程图没有读出来,请刷新页面。"),
    "not_all_read": _l("这个文件有 %(n)s 处读不懂,保存前请核对。"),
    "not_read": _l("“%(name)s”不是能读的 BPMN 文件,什么都没有改。"),
    "really_import": _l("用“%(name)s”替换“%(file)s”的全部内容?"),
    "imported": _l("已用“%(name)s”替换。"),
    "take_back": _l("退回导入前"),
    # the toolbar
    "choose_a_task": _l("请先选中一个步骤,时限要挂在步骤上。"),
    "simulating": _l(
        "正在模拟:点开始事件上的三角放出令牌,走到哪里一看便知。条件和时限不计算,要算请到“推演”。"
    ),
    "severity_error": _l("须改正"),
    "severity_warning": _l("请留意"),
    # the panel
    "group": _l("预案要点"),
    "none": _l("(无)"),
    "settings": _l("本预案的设置"),
    "plan_variable": _l("预案变量"),
    "label_role": _l("由谁办理"),
    "label_form": _l("办理页面"),
    "form_ordinary": _l("普通表单"),
    "label_name_en": _l("英文名称"),
    "label_clause": _l("依据条款"),
    "hint_clause": _l("条款编号,几个之间空一格,如 P11-L671。"),
    "label_origin": _l("出处"),
    "label_notSameAs": _l("不得同一人"),
    "hint_notSameAs": _l("办过所选步骤的人,不能再办这一步。"),
    "label_setsAnchor": _l("办完时记下的时间点"),
    "label_approvalKind": _l("审核种类"),
    "kind_review": _l("审核"),
    "kind_secrecy": _l("保密审查"),
    "kind_legal": _l("法制审核"),
    "kind_countersign": _l("会签"),
    "label_limit": _l("时限:%(kind)s"),
    "label_help": _l("办理提示"),
    "label_help_en": _l("办理提示(英文)"),
    "label_shape": _l("怎样计时"),
    "shape_timeDuration": _l("过一段时间"),
    "shape_timeDate": _l("到某个时刻"),
    "shape_timeCycle": _l("每隔一段时间"),
    "label_timer": _l("时间"),
    "hint_timeDuration": _l("PT30M 是30分钟,PT1H 是1小时,P1D 是1天。"),
    "hint_timeDate": _l('如 discovered_at + duration("PT1H"):从发现起1小时。'),
    "hint_timeCycle": _l("R3/PT10M:每10分钟一次,共3次。"),
    "label_anchor": _l("从何时起算"),
    "label_deadlineKind": _l("时限种类"),
    "label_escalateTo": _l("上报给谁"),
    "label_condition": _l("走这条路的条件"),
    "hint_condition": _l("用 FEEL 书写,输入时有提示;如 grade.level >= 3。"),
    "label_called": _l("引用的流程"),
    "label_roles": _l("本道的角色"),
    "hint_lane_roles": _l("角色的键,几个之间空一格。"),
}


def editor_words() -> dict[str, str]:
    """The words in the reader's language."""
    origins = {f"origin_{key}": word for key, word in ORIGINS.items()}
    deadlines = {f"deadline_{key}": word for key, word in DEADLINE_KINDS.items()}
    return {key: str(word) for key, word in {**_WORDS, **origins, **deadlines}.items()}
