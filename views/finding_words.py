"""What is wrong with a plan, as sentences: every finding's code, and what to do about it.

The codes are those of `workflows.contract.Finding`; ``tests/unit/test_finding_words.py`` holds
that each one any check can give stands here, in both languages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workflows.contract import Finding

# ruff: noqa: E501 - a sentence stands on one line

#: By code; ``CODE.KIND`` where a kind of element has a sentence of its own.
SENTENCES = {
    # reading the files
    "file_missing": _l("文件夹里没有这个文件,请补上。"),
    "toml_invalid": _l("不是有效的 TOML(%(message)s)。请按所指的行改正;文件须存为 UTF-8。"),
    "key_missing": _l('没有写预案的 key。请加一行,如 key = "p11"。'),
    "manifest_shape": _l("%(name)s 的写法不对。应写成 %(expected)s。"),
    "alias_unknown": _l("alias 所指的预案“%(plan)s”不在旁边的文件夹里。请改正。"),
    "alias_of_alias": _l("alias 所指的“%(plan)s”自己也是别名。请直接指向原预案。"),
    "alias_has_files": _l("别名预案用所指预案的图,自己不能再有 %(files)s。请删去文件或 alias。"),
    "origin_path_unknown": _l("[origins] 里的“%(path)s”不是图中的元素。请改正路径。"),
    "file_twice": _l("有两个文件会存成这个名称。请改名后再上传。"),
    "file_name": _l("文件名不能用。请用字母、数字、横线和下划线,以 .bpmn 或 .dmn 结尾。"),
    "too_many_files": _l("文件超过 %(limit)s 个。请只上传这个预案用到的。"),
    "draft_too_large": _l("文件合计 %(size)s 字节,最多 %(limit)s 字节。请删去不用的。"),
    "no_process": _l("图里没有流程。请在建模工具里画好流程,再重新导出。"),
    "empty_file": _l("文件是空的。请从建模工具重新导出。"),
    "too_large": _l(
        "文件有 %(size)s 字节,最多 %(limit)s 字节。请把流程拆成几个文件,用调用活动连接。"
    ),
    "binary_file": _l("这不是文本文件(内容是 %(kind)s)。请上传建模工具导出的 XML。"),
    "wrong_encoding": _l("不能按 %(encoding)s 读出文字。请存为 UTF-8。"),
    "not_xml": _l("不是完整的 XML(第 %(line)s 行:%(message)s)。请从建模工具重新导出。"),
    "not_bpmn": _l("是 XML,但不是 BPMN 2.0 图(根元素为 %(found)s)。请导出为 BPMN 2.0。"),
    "not_dmn": _l("是 XML,但不是 DMN 判定表(根元素为 %(found)s)。请导出为 DMN 1.1 至 1.5。"),
    "has_dtd": _l("第 %(line)s 行有 DOCTYPE 或实体声明,出于安全不予读取。请删去这部分。"),
    "too_deep": _l("第 %(line)s 行嵌套超过 %(limit)s 层。请减少嵌套。"),
    "too_many_elements": _l("元素过多,最多 %(limit)s 个。请把流程拆成几个被调用的流程。"),
    "too_many_attributes": _l("第 %(line)s 行的元素属性超过 %(limit)s 个。请删减。"),
    "name_too_long": _l("第 %(line)s 行的名称超过 %(limit)s 个字符。请缩短。"),
    "attribute_too_long": _l("第 %(line)s 行有属性超过 %(limit)s 个字符。请缩短。"),
    "text_too_long": _l("第 %(line)s 行有一段文字超过 %(limit)s 个字符。请缩短。"),
    "engine_refused": _l("流程引擎不能读取:%(message)s。请检查这个元素。"),
    # processes
    "process_missing": _l(
        "没有流程“%(process)s”(文件里有:%(found)s)。请改正 plan.toml 的 process,或图中流程的 id。"
    ),
    "process_not_executable": _l('流程没有标为可执行。请设 isExecutable="true"。'),
    "bad_process_id": _l("流程的 id 只能用字母、数字和下划线,并以字母开头。请改名。"),
    "duplicate_process": _l("几个文件里都有这个流程。请只留一个。"),
    "duplicate_sub_process": _l("子流程与另一个流程或子流程同名。请改 id。"),
    "called_process_missing": _l(
        "找不到被调用的流程“%(process)s”。请改正 calledElement,或把它列入 plan.toml 的 calls。"
    ),
    "recursive_call": _l("流程调用了自己(%(process)s)。请改用循环。"),
    "calls_too_deep": _l("调用层数超过 %(limit)s。请减少层数。"),
    # elements
    "duplicate_id": _l("id 重复了 %(times)s 次。请让每个元素的 id 不同。"),
    "bad_element_id": _l("id 只能用字母、数字和下划线,并以字母开头。请改名。"),
    "reserved_id": _l("这个 id 是保留字。请换一个。"),
    "unsupported_element": _l(
        "不支持“%(kind)s”。请换成用户任务、外部服务任务、业务规则任务或常用网关。"
    ),
    "unsupported_element.scriptTask": _l(
        "不允许脚本任务:预案里的代码不会被执行。请改用 FEEL 表达式、判定表或外部服务任务。"
    ),
    "unsupported_extension": _l("不支持扩展“%(name)s”,它会是代码,或者不起作用。请删去。"),
    "service_not_external": _l(
        '系统不会做这个服务任务。由人做的请改成用户任务;由系统做的请设 camunda:type="external" 和 topic。'
    ),
    "topic_missing": _l("外部任务没有 topic。请填写,如 notify。"),
    # events
    "several_event_definitions": _l("一个事件只能有一种触发方式。请拆成几个事件。"),
    "unsupported_event": _l("%(kind)s 不支持“%(event)s”触发。请换一种事件。"),
    "event_without_trigger": _l("事件没有触发方式。请设为定时、消息或信号。"),
    "event_has_incoming": _l("开始事件和边界事件不能有流入的连线。请删去连线。"),
    "event_sub_process_has_flow": _l("事件子流程不能连线。请删去连线,由它的开始事件触发。"),
    "boundary_without_host": _l("边界事件没有附在活动上(%(host)s)。请把它移到任务或子流程的边上。"),
    "error_must_interrupt": _l('错误边界事件必须中断活动。请去掉 cancelActivity="false"。'),
    "message_missing": _l("没有选定消息。请选一个消息。"),
    "message_unknown": _l("没有定义消息“%(message)s”。请定义并命名。"),
    "signal_missing": _l("没有选定信号。请选一个信号。"),
    "signal_unknown": _l("没有定义信号“%(signal)s”。请定义。"),
    "error_missing": _l("没有选定错误。请选一个错误。"),
    "error_unknown": _l("没有定义错误“%(error)s”。请定义。"),
    "escalation_missing": _l("没有选定升级事件。请选一个。"),
    "escalation_unknown": _l("没有定义升级事件“%(escalation)s”。请定义。"),
    # flows
    "dead_end": _l("到这里就断了:没有流出的连线。请连到下一步或结束事件。"),
    "unreachable": _l("从开始事件走不到这里。请连线,或删去。"),
    "start_missing": _l("没有开始事件。请加一个。"),
    "several_starts": _l("有几个开始事件(%(starts)s)。请只留一个。"),
    "start_must_be_plain": _l(
        "开始事件不能有触发方式“%(event)s”:事件由上报启动,被调用的流程由调用启动。请改为普通开始事件。"
    ),
    "end_missing": _l("没有结束事件。请加一个。"),
    "end_has_outgoing": _l("结束事件不能有流出的连线。请删去连线。"),
    "several_outgoing": _l("有几条流出的连线。请用网关写明是选择还是并行。"),
    "flow_end_missing": _l("连线的一端“%(end)s”不存在。请重新连线。"),
    "condition_without_choice": _l(
        "条件只能写在排他或包容网关的连线上(现从 %(source)s 流出)。请加网关,或删去条件。"
    ),
    "default_without_choice": _l("只有排他或包容网关才有默认连线。请删去默认标记。"),
    "default_unknown": _l("默认连线“%(flow)s”不从这个网关流出。请重选。"),
    "default_has_condition": _l("默认连线不能有条件。请删去条件。"),
    "condition_missing": _l("网关 %(gateway)s 的这条连线没有条件。请填写条件,或设为默认连线。"),
    "no_default_flow": _l("网关没有默认连线:条件都不成立时流程会停住。建议设一条默认连线。"),
    "event_gateway_needs_events": _l("事件网关须接两个以上中间捕获事件。请改正后面的元素。"),
    "timer_keeps_open": _l(
        "定时的事件子流程可能使结束后的流程在别的引擎里不关闭(结束事件 %(end)s)。建议改用终止结束事件。"
    ),
    # expressions and timers
    "expression_too_heavy": _l("表达式计算时间过长:%(expression)s。请简化。"),
    "expression_doubtful": _l("表达式可疑(%(problem)s):%(expression)s。请核对。"),
    "unknown_variable": _l(
        "不认识变量“%(name)s”(%(expression)s)。请改正名称,或在 plan.toml 的 [variables] 中声明。"
    ),
    "type_mismatch": _l(
        "类型不符,这个比较永不成立:应为 %(expected)s,写的是 %(found)s(%(expression)s)。请改正。"
    ),
    "wrong_language": _l("条件用的语言是“%(language)s”。请改写为 FEEL。"),
    "condition_invalid": _l("条件“%(expression)s”不是有效的 FEEL(%(problem)s)。请改正。"),
    "timer_missing": _l("定时事件没有写时间。请填写,如 PT1H。"),
    "timer_invalid": _l(
        "看不懂时限“%(expression)s”(%(problem)s)。请写成 PT1H、2026-03-01T08:00:00+08:00、R3/PT10M 或 FEEL。"
    ),
    "follow_up_invalid": _l("看不懂跟进时间“%(expression)s”(%(problem)s)。请写成 PT1H 或 FEEL。"),
    "loop_invalid": _l("循环的写法不对:“%(expression)s”(%(problem)s)。请改正。"),
    "loop_needs_one_count": _l("循环须写明次数或集合,且只写一种。请改正。"),
    "bad_variable_name": _l(
        "变量名“%(name)s”不能用。只能用字母、数字和下划线,以字母开头,不能是保留字。"
    ),
    "unknown_variable_type": _l(
        "变量类型“%(type)s”不认识。请用 string、number、boolean、date、date and time、days and time duration、context 或 list。"
    ),
    "mapping_invalid": _l("传值表达式“%(expression)s”不是有效的 FEEL(%(problem)s)。请改正。"),
    "mapping_without_source": _l(
        "传给“%(target)s”的值没有来源。请填写 source 或 sourceExpression。"
    ),
    "everything_comes_back": _l("全部变量传入又全部传回,传入时的旧值会盖掉新值。请写明传回哪些。"),
    "typed_words_decide": _l(
        "这里按手填的“%(name)s”判断:填了什么会公开写进记录,不能遮盖,也不能销毁。请改用选项。"
    ),
    # roles, forms, deadlines
    "no_roles": _l("plan.toml 没有 [roles]。请写明各角色。"),
    "unknown_role": _l("没有角色“%(role)s”。请在 plan.toml 的 [roles] 中定义,或改正名称。"),
    "unknown_org_role": _l(
        "角色“%(key)s”对应的单位角色“%(role)s”不存在。请改正 [roles] 中的 role。"
    ),
    "no_candidate_group": _l("没有写由谁办理。请在流程图里选“由谁办理”(candidateGroups)。"),
    "unknown_approval_kind": _l(
        "签批种类“%(kind)s”不认识。请用 review、secrecy、legal、countersign 或 final。"
    ),
    "unknown_origin": _l(
        "origin 不能是“%(origin)s”。请用 text、lost、baseline、replaced、overlay 或 unit。"
    ),
    "form_on_wrong_element": _l("只有用户任务才有表单(%(form)s)。请删去 formKey。"),
    "unknown_form": _l("没有表单“%(form)s”。请用列出的 planroom: 表单,或改用 formData。"),
    "field_without_id": _l("表单有字段没有 id。请填写。"),
    "duplicate_field": _l("表单里有两个字段“%(field)s”。请改名。"),
    "unknown_field_type": _l(
        "字段“%(field)s”的类型“%(type)s”不认识。请用 string、text、long、double、boolean、date、datetime 或 enum。"
    ),
    "enum_without_values": _l("字段“%(field)s”没有选项。请列出。"),
    "bad_field_default": _l("字段“%(field)s”的默认值“%(default)s”不在选项里。请改正。"),
    "unknown_constraint": _l(
        "字段“%(field)s”的限制“%(constraint)s”不认识。请用 minlength、maxlength、min 或 max。"
    ),
    "bad_constraint": _l("字段“%(field)s”的限制 %(constraint)s 须为数字,现为“%(value)s”。请改正。"),
    "two_deadlines": _l("既写了 dueDate,又有办理时限 %(timer)s。请删去 dueDate。"),
    "due_date_not_watched": _l("dueDate(%(due)s)不会有人盯。请改用标为 due 的边界定时事件。"),
    "several_due": _l("同一任务有几个办理时限(%(timers)s)。请只留一个。"),
    "unknown_deadline_kind": _l("deadlineKind 不能是“%(kind)s”。请用 remind、due 或 escalate。"),
    "deadline_without_timer": _l("deadlineKind 和 escalateTo 只能写在定时事件上。请移过去。"),
    "escalate_to_missing": _l("督办没有写上报给谁。请填写 escalateTo。"),
    "unknown_anchor": _l("没有时间点“%(anchor)s”。请在 plan.toml 的 [[anchors]] 中定义。"),
    "anchor_on_wrong_element": _l("只有用户任务能设定时间点(%(anchor)s)。请移到用户任务。"),
    "not_same_as_unknown": _l("notSameAs 指的“%(other)s”不存在。请改正。"),
    "not_same_as_no_task": _l("notSameAs 指的“%(other)s”不是用户任务。请改正。"),
    "not_same_as_itself": _l("notSameAs 指的是任务自己(%(other)s)。请指向另一任务。"),
    # the rules of the house, and of good order
    "never_ends": _l("从“%(task)s”起走不到结束:只会一直绕圈。请接一条通向结束事件的连线。"),
    "approver_may_be_drafter": _l(
        "“%(task)s”可能由“%(draft)s”的拟稿人自己签发:拟稿和签发必须是两个人。请在签发任务的 notSameAs 填写 %(draft_id)s。"
    ),
    "reviewer_may_be_drafter": _l(
        "“%(task)s”与“%(draft)s”由同一角色办理,审核人可能就是拟稿人。建议在 notSameAs 填写 %(draft_id)s,或换一个角色审核。"
    ),
    "drafter_holds_approver": _l(
        "本单位有人既能办“%(draft)s”又能办“%(task)s”,会自己审自己的稿。建议在 notSameAs 填写 %(draft_id)s。"
    ),
    "release_unapproved": _l(
        "有一条路径从“%(origin)s”不经签发就能走到“%(task)s”。请让每条通向发布的路径都先经过签发任务。"
    ),
    "release_after_refusal": _l(
        "“%(approval)s”不同意或退回后,仍能走到“%(task)s”。请只让“同意”和“修改后同意”的连线通向发布。"
    ),
    "outcome_ignored": _l(
        "“%(approval)s”之后没有看签发意见就到了“%(task)s”:不同意时流程会停在发布那一步。请加网关,按签发意见分开走。"
    ),
    "undisclosed_voice": _l(
        "“%(task)s”要求隐瞒身份发声(“%(words)s”):本单位只以公开的身份说话。请改为以本单位名义回应(调用 questions 或 approve_release),或请署名专家说明(expert_voice)。"
    ),
    "flooding": _l(
        "“%(task)s”要求用跟帖、刷量影响讨论(“%(words)s”),不能这样做。请改为收集公众问题,审批后统一公开答复(调用 questions)。"
    ),
    "removal_of_criticism": _l(
        "“%(task)s”要求去掉不利的言论(“%(words)s”),不能这样做。对不实、侵权的内容请改为附证据依法通知平台(调用 complaint);对批评请改为公开回应。"
    ),
    "sender_undisclosed": _l(
        "“%(task)s”对外发声,没有写明以谁的名义。请改用发布任务(planroom:statement-release),或在属性 sender 填写单位或角色。"
    ),
    "due_without_escalation": _l(
        "“%(task)s”有办理时限,但超时后没有人督办。请在同一任务上加一个标为 escalate 的边界定时事件,写明上报给谁。"
    ),
    "role_without_member": _l(
        "“%(task)s”等 %(count)s 项任务由“%(role)s”办理,本单位现在没有人担任。请在人员页补上,或换一个角色。"
    ),
    "escalation_to_junior": _l(
        "“%(task)s”超时后上报给“%(to)s”,级别比办理的“%(roles)s”低。请改为报给上级角色。"
    ),
    "escalation_to_equal": _l(
        "“%(task)s”超时后上报给“%(to)s”,与办理的“%(roles)s”同级,催不动。建议改为报给上级角色。"
    ),
    "case_uncovered": _l(
        "网关“%(gateway)s”漏了一种情况:%(example)s 时,没有一条连线的条件成立,流程会停住。请补一条连线,或设默认连线。"
    ),
    "conditions_overlap": _l(
        "网关“%(gateway)s”有两条连线的条件会同时成立:%(example)s 时,“%(first)s”和“%(second)s”都符合,只会走前一条。请改得互不重叠。"
    ),
    "table_uncovered": _l(
        "判定表“%(table)s”漏了一种情况:%(example)s 时,没有一条规则符合,流程会停住。请补一条规则,或填写默认结果。"
    ),
    "rules_overlap": _l(
        "判定表“%(table)s”只许一条规则符合,但 %(example)s 时第 %(first)s 条和第 %(second)s 条都符合,流程会停住。请改得互不重叠,或换命中策略。"
    ),
    "clause_uncovered": _l(
        "条款 %(clause)s(%(text)s)没有人落实了:所指的 %(by)s 不在图中。请补上这一步,或在 clauses.toml 改指别处。"
    ),
    "clause_partly": _l(
        "条款 %(clause)s(%(text)s)所指的 %(by)s 不在图中。请补上,或在 clauses.toml 的 by 中删去。"
    ),
    "clause_gone": _l(
        "现行版有条款 %(clause)s(%(text)s),草稿的 clauses.toml 里没有了。请核对是否有意删去。"
    ),
    # less is asked than in the version in force
    "approval_removed": _l("比现行版少了审批“%(task)s”(%(before)s)。请核对;审定人会看到这一条。"),
    "approval_rule_removed": _l(
        "plan.toml 的 [[approvals]] 比现行版少了“%(task)s”。请核对;审定人会看到这一条。"
    ),
    "approval_rule_narrowed": _l(
        "plan.toml 的 [[approvals]] 里,“%(task)s”比现行版少管了等级“%(tiers)s”。请核对;审定人会看到这一条。"
    ),
    "deadline_removed": _l(
        "“%(task)s”原有的办理时限(%(before)s)没有了。请核对;审定人会看到这一条。"
    ),
    "deadline_lengthened": _l(
        "“%(task)s”的办理时限放宽了:原为 %(before)s,现为 %(after)s。请核对;审定人会看到这一条。"
    ),
    "deadline_changed": _l(
        "“%(task)s”的办理时限改了算法:原为 %(before)s,现为 %(after)s。请核对是否放宽;审定人会看到这一条。"
    ),
    "escalation_removed": _l(
        "“%(task)s”超时后的督办(%(before)s)没有了。请核对;审定人会看到这一条。"
    ),
    "four_eyes_removed": _l(
        "“%(task)s”原来不能由 %(before)s 的办理人办,现在可以了(现限 %(after)s)。请核对;审定人会看到这一条。"
    ),
    # decision tables
    "decision_missing": _l("业务规则任务没有写判定。请填写 decisionRef。"),
    "decision_unknown": _l(
        "没有判定“%(decision)s”。请把它的 .dmn 文件放进文件夹,或改正 decisionRef。"
    ),
    "bad_decision_mapping": _l(
        "mapDecisionResult 不能是“%(mapping)s”。请用 singleEntry、singleResult、collectEntries 或 resultList。"
    ),
    "duplicate_decision": _l("有两个判定用这个 id。请改名。"),
    "decision_duplicate": _l("有两个判定用这个 id。请改名。"),
    "decision_logic": _l("判定须是判定表或文字表达式,现为 %(found)s。请改正。"),
    "decision_hit_policy": _l(
        "命中策略“%(found)s”不能用。请用 UNIQUE、FIRST、ANY、PRIORITY、RULE ORDER、OUTPUT ORDER 或 COLLECT。"
    ),
    "decision_priorities": _l("按优先级命中的判定表须列出输出值的顺序。请填写 outputValues。"),
    "decision_cycle": _l("判定互相依赖,成了圈(%(path)s)。请断开。"),
    "decision_required": _l("所依赖的判定“%(decision)s”不在文件里。请补上。"),
    "decision_shape": _l("判定表的行列不齐(%(found)s)。请补齐每行的条件和结果。"),
    "decision_type": _l("类型“%(found)s”不认识。请用 string、number、boolean、date 等。"),
    "decision_language": _l("判定表用的语言是“%(language)s”。请改写为 FEEL。"),
    "feel_syntax": _l("判定表里的“%(text)s”不是有效的 FEEL(第 %(at)s 个字符处)。请改正。"),
    "feel_too_long": _l("判定表里的表达式过长。请缩短。"),
    "feel_unknown_name": _l("判定表里的“%(text)s”用了不认识的名称“%(name)s”。请改正。"),
    "feel_type_mismatch": _l(
        "判定表里的“%(text)s”类型不符:应为 %(expected)s,写的是 %(found)s。请改正。"
    ),
    "feel_invalid_literal": _l("判定表里的“%(text)s”含有无效的日期或时长“%(name)s”。请改正。"),
    "feel_moment_without_offset": _l(
        "判定表里的“%(text)s”有时间没有写时区,将按 UTC 计。请写明,如 +08:00。"
    ),
}

#: What is the matter with an expression or a time, for ``%(problem)s``.
PROBLEMS = {
    "syntax": _l("语法不对"),
    "too_long": _l("过长"),
    "unknown_name": _l("不认识的名称"),
    "type_mismatch": _l("类型不符"),
    "invalid_literal": _l("日期或时长无效"),
    "moment_without_offset": _l("时间没有写时区"),
    "negative": _l("时长不能为负"),
    "cron": _l("不支持 cron"),
    "no_offset": _l("没有写时区,如 +08:00"),
    "no_such_day": _l("没有这一天"),
    "zero_repeats": _l("重复次数为零"),
    "not_iso8601": _l("不是 ISO 8601"),
    "cycle_not_iso": _l("重复须用 ISO 8601"),
    "quoted": _l("不要加引号"),
    "not_a_number": _l("不是数字"),
    "date_in_duration": _l("这里要时长,写的是时刻"),
    "date_in_cycle": _l("这里要重复,写的是时刻"),
    "duration_in_date": _l("这里要时刻,写的是时长"),
    "duration_in_cycle": _l("这里要重复,写的是时长"),
    "cycle_in_date": _l("这里要时刻,写的是重复"),
    "cycle_in_duration": _l("这里要时长,写的是重复"),
}


def sentence(finding: Finding) -> str:
    """What is wrong and what to do, in the reader's language. A code without words is named."""
    return _template(finding) % _filling(finding.args)


def parts(finding: Finding) -> tuple[str, str]:
    """`sentence` in two: what is wrong, and how to put it right ("" where it is all one)."""
    found = _FIRST.match(template := _template(finding))
    filling = _filling(finding.args)
    if found is None:
        return template % filling, ""
    return found[1] % filling, found[2] % filling


#: A full stop inside a sentence (plan.bpmn, 2.0) is not its end.
_FIRST = re.compile(r"(.+?(?:。|\.(?=\s+[A-Z])))\s*(.+)", re.DOTALL)


def _template(finding: Finding) -> str:
    own = f"{finding.code}.{finding.args.get('kind', '')}"
    template = SENTENCES.get(own) or SENTENCES.get(finding.code)
    if template is None:
        return _("不符合要求(%(code)s)。", code=finding.code.replace("%", "%%"))
    return str(template)


def _filling(args: Mapping[str, str]) -> Mapping[str, str]:
    words: dict[str, str] = defaultdict(lambda: "—")
    for name, value in args.items():
        words[name] = str(value) or "—"
    if str(get_locale()) == "en":
        # Names the plan gives in both languages come as NAME and NAME_en.
        words.update({n: words[f"{n}_en"] for n in args if args.get(f"{n}_en")})
    if problem := PROBLEMS.get(args.get("problem", "")):
        words["problem"] = str(problem)
    return words


def line(finding: Finding) -> str:
    """One line: how serious, where, what. ``plan.bpmn``, element and sentence; a finding of a
    whole file names no element."""
    degree = _("错误") if finding.severity == "error" else _("提示")
    place = [finding.file] if finding.file else []
    if finding.element:
        place.append(_("元素 %(element)s", element=finding.element))
    return f"[{degree}] {_('、').join(place)}: {sentence(finding)}"
