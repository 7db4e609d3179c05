"""Why a plan's run stopped, as sentences: the codes of `workflows.contract.IncidentRaised` and
those the outbox and the clocks give. The element and the technical message stand beside them."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

# ruff: noqa: E501 - a sentence stands on one line
SENTENCES = {
    "no_flow_true": _l("网关的条件都不成立,也没有默认连线,流程不知往哪走。请核对填写的内容,并告知预案编制人。"),
    "condition_null": _l("网关的条件算不出是或否,多半是有内容没有填写。请补全后再办结,或告知预案编制人。"),
    "condition_error": _l("网关的条件算不出来。请核对填写的内容,或告知预案编制人。"),
    "decision_no_match": _l("判定表没有一行符合。请核对填写的内容,或告知预案编制人。"),
    "decision_overlap": _l("判定表有几行同时符合,而只应有一行。请告知预案编制人。"),
    "timer_invalid": _l("时限算不出来。请核对时间是否填写,或告知预案编制人。"),
    "expression_error": _l("预案里的表达式算不出来。请核对填写的内容,或告知预案编制人。"),
    "expression_timeout": _l("预案里的表达式计算时间过长,已停止。请告知预案编制人。"),
    "engine_error": _l("流程引擎不能走这一步。请告知管理员。"),
}  # fmt: skip


def incident_sentence(code: str) -> str:
    """What happened and what to do, in the reader's language. A code without words is named."""
    found = SENTENCES.get(code)
    return str(found) if found is not None else _("运行异常(%(code)s)。请告知管理员。", code=code)
