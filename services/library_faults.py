"""One thing wrong with a plan of the library, said in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: code -> (Chinese, English), filled with the fault's own arguments.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "unreadable": ("预案无法读取:{why}", "The plan cannot be read: {why}"),
    "folder_missing": ("缺少预案文件夹", "The plan's folder is missing"),
    "number_wrong": (
        "plan.toml 的 number 是 {number},应为 {right}",
        "number in plan.toml is {number}, it should be {right}",
    ),
    "lines_wrong": (
        "source.lines 与文本范围 {first}–{last} 不一致",
        "source.lines is not the text's range {first}-{last}",
    ),
    # ------------------------------------------------------------- clauses
    "clause_twice": ("条款编号重复", "The clause id stands twice"),
    "clause_shape": (
        "条款缺少 {name}",
        "The clause lacks {name}",
    ),
    "clause_foreign": (
        "条款编号不属于本预案(应为 {prefix}-…)",
        "The clause id is not this plan's ({prefix}-...)",
    ),
    "clause_outside": (
        "第 {line} 行不在原文范围 {first}–{last} 之内",
        "Line {line} lies outside the text, {first}-{last}",
    ),
    "clause_unclaimed": (
        "条款没有任何环节、表单项或设置落实,也没有说明",
        "No element, field or setting carries out the clause, and nothing explains it",
    ),
    "clause_unexplained": (
        "条款没有说明原因(why 和 why_en)",
        "The clause gives no reason (why and why_en)",
    ),
    "explanation_unlisted": (
        "说明“{fate}”未列入 explanations.toml",
        'The explanation "{fate}" is not listed in explanations.toml',
    ),
    "explanation_other_fate": (
        "说明为“{fate}”,explanations.toml 所列为“{listed}”",
        'Explained as "{fate}", but explanations.toml lists it as "{listed}"',
    ),
    "id_missing": (
        "验收清单中的条款没有出现在 clauses.toml",
        "clauses.toml lacks a clause of the acceptance list",
    ),
    "by_unknown": (
        "by 所指的“{name}”不存在",
        'by names "{name}", which does not exist',
    ),
    "by_no_element": (
        "fate = element,但 by 未指明任何环节",
        "fate is element, but by names no element",
    ),
    "by_no_field": (
        "fate = field,但 by 未指明表单项(环节#表单项)或专用表单",
        "fate is field, but by names no field (element#field) and no special form",
    ),
    "by_no_setting": (
        "fate = setting,但 by 未指明 plan.toml 中的设置",
        "fate is setting, but by names nothing set in plan.toml",
    ),
    "not_cited": (
        "条款称由该环节落实,但该环节(及调用它的环节)没有引用此条款",
        "The clause claims the element, but neither it nor what calls it cites the clause",
    ),
    "clause_unknown": (
        "引用了不存在的条款",
        "An unknown clause is cited",
    ),
    "not_claimed": (
        "引用了条款,但条款的 by 没有指明它",
        "The element cites the clause, but the clause's by does not name it",
    ),
    "line_bare": (
        "原文第 {line} 行没有对应条款,也不在 headings 中",
        "Line {line} of the text has no clause and is not among the headings",
    ),
    "heading_unknown": (
        "headings 中的第 {line} 行不是本文的文字行",
        "Line {line} of headings is no line of words of this text",
    ),
    "heading_long": (
        "headings 中的第 {line} 行是整句内容,不能只作标题",
        "Line {line} of headings holds sentences and cannot be a mere heading",
    ),
    # ------------------------------------------------------------ elements
    "shared_cites": (
        "共用流程不属于任何一个预案,不得引用条款",
        "A shared process belongs to no one plan and may not cite a clause",
    ),
    "element_unsourced": (
        "环节既未引用条款,也未标明为基线(baseline)或叠加(overlay)",
        "The element cites no clause and is not marked baseline or overlay",
    ),
    "lane_without_roles": (
        "泳道“{lane}”没有写明角色(roles)",
        'The lane "{lane}" names no roles',
    ),
    "lane_role_unknown": (
        "泳道“{lane}”的角色“{role}”不在 plan.toml 的 [roles] 中",
        'Role "{role}" of the lane "{lane}" is not in [roles] of plan.toml',
    ),
    "outside_lane": (
        "候选组“{role}”不在所在泳道“{lane}”的角色之内",
        'Candidate group "{role}" is not among the roles of its lane "{lane}"',
    ),
    "group_unknown": (
        "候选组“{role}”不是已知角色",
        'Candidate group "{role}" is no known role',
    ),
    "role_unknown": (
        "plan.toml 的角色“{key}”对应的“{role}”不是本单位的角色",
        'Role "{key}" of plan.toml is bound to "{role}", which the organisation does not have',
    ),
    "alias_origin_unknown": (
        "[origins] 所指的环节不存在",
        "[origins] names an element that does not exist",
    ),
    # -------------------------------------------------------------- clocks
    "clock_missing": (
        "[[clocks]] 中没有这项时限",
        "[[clocks]] lacks this time limit",
    ),
    "clock_kind": (
        "时限的 kind“{kind}”不是 hard、soft、day、cover、external 或 rule",
        'The kind "{kind}" of the clock is not hard, soft, day, cover, external or rule',
    ),
    "clock_no_trigger": (
        "时限没有写明起算事件(trigger 和 trigger_en)",
        "The clock has no trigger (trigger and trigger_en)",
    ),
    "clock_no_limit": ("硬性时限没有写明时长(iso)", "A hard clock without its length (iso)"),
    "clock_element_unknown": (
        "时限所在的环节“{name}”不存在",
        'The clock stands on "{name}", which does not exist',
    ),
    "clock_untimed": (
        "硬性或当日时限,但环节上没有到期计时器",
        "A hard or day clock whose element has no timer that makes it due",
    ),
    "soft_clock_timed": (
        "原文没有数字的时限,却设了到期计时器",
        "The text gives no number, yet a timer makes the element due",
    ),
    "timer_unclaimed": (
        "到期计时器不属于任何有数字的时限,也不是叠加(overlay)",
        "The timer makes the element due for no clock with a number, and is no overlay",
    ),
    # -------------------------------------------------------------- people
    "real_name": (
        "出现了原文中真实人员的姓名",
        "A real person of the source texts is named",
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """``file`` is its path within the library folder, ``element`` a path or a place in a file,
    ``clause`` an id; each "" where there is none. ``code`` is stable."""

    file: str
    element: str
    clause: str
    code: str
    words: str
    words_en: str

    def __str__(self) -> str:
        return f"{self.where}: {self.words}"

    @property
    def where(self) -> str:
        """``p06/plan.bpmn draft P06-A6``, what there is of it."""
        return " ".join(part for part in (self.file, self.element, self.clause) if part)


def fault(code: str, file: str, /, *, element: str = "", clause: str = "", **args: object) -> Fault:
    """A fault of a known code. Raises KeyError for another, or for an argument its words miss."""
    chinese, english = _WORDS[code]
    return Fault(file, element, clause, code, chinese.format(**args), english.format(**args))
