"""Words of the exports and of the check against the diagram: facts, never verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from services import audit_lookups
from services.directory import roles
from services.export_tables import Labels
from views.event_names import event_names
from views.i18n import loc
from views.terms import named
from workflows.conformance import Misfit

FORMATS = {
    "csv": _l("CSV 表格(逐条记录)"),
    "xlsx": _l("Excel 表格(逐条记录,超过一百万条的接在下一张工作表)"),
    "xes": _l("XES 日志(IEEE 1849,任务的办理过程)"),
    "xes_steps": _l("XES 日志,连同自动环节"),
    "ocel": _l("OCEL 2.0 日志(JSON,事件、任务、文稿、预案版本、人员)"),
}

_STATUS = {
    "queued": _l("等候中"),
    "running": _l("导出中"),
    "done": _l("已完成"),
    "failed": _l("没有导成"),
    "stopped": _l("已停止"),
}

_ERRORS = {
    "cancelled": _l("您停止了这次导出。"),
    "interrupted": _l("服务重启,导出中断了,没有文件。请重新导出。"),
    "disk_full": _l("服务器磁盘已满,文件没有写完。请告知管理员,腾出空间后重新导出。"),
    "destroyed": _l("其中的事件或线索已按销毁清册销毁,这个文件一并删去了。"),
    "broken": _l("导出时出了故障,没有文件。请告知管理员查看日志。"),
}

_COLUMNS = {
    "case": _l("事件编号"),
    "case_title": _l("事件名称"),
    "plan": _l("预案"),
    "plan_title": _l("预案名称"),
    "version": _l("预案版本"),
    "tier": _l("舆情等级"),
    "drill": _l("演练"),
    "seq": _l("序号"),
    "type": _l("记录种类"),
    "type_name": _l("何种记录"),
    "happened": _l("发生时间"),
    "recorded": _l("记录时间"),
    "lag": _l("补录间隔(秒)"),
    "person": _l("人员序号"),
    "person_name": _l("人员"),
    "role": _l("角色"),
    "role_name": _l("角色的名称"),
    "for_name": _l("代何人"),
    "element": _l("环节位置"),
    "element_name": _l("环节"),
    "details": _l("内容"),
    "words": _l("文字"),
    "hash": _l("校验码"),
}

_MISFITS = {
    "unknown_element": _l("流程图上没有这个环节。"),
    "not_reached": _l("按流程图,还没有走到这个环节。"),
    "other_round": _l("轮次对不上:这一轮还没有开始,或已经记过。"),
    "not_open": _l("这个环节当时没有在办,谈不上取消。"),
    "flow_missing": _l("记录的走向与流程图不符:这里应走“%(detail)s”。"),
    "flow_unexpected": _l("记录了流程图上走不到的连线“%(detail)s”。"),
    "not_told": _l("流程图走到了这个环节,记录里却没有。"),
    "told_twice": _l("同一环节记了不止一次。"),
    "join_waits": _l("汇合网关等的分支还没有到齐(%(detail)s)。"),
    "inside_open": _l("子流程记为结束时,里面的“%(detail)s”还没有办完。"),
    "host_not_open": _l("边界事件触发时,它所在的“%(detail)s”没有在办。"),
    "not_thrown": _l("边界事件接住的错误或升级,“%(detail)s”里没有环节抛出。"),
    "cancel_without_cause": _l("环节被取消,但没有流程图上能取消它的事由。"),
    "cancel_missing": _l("按流程图应当随之取消的环节,没有取消。"),
    "cancel_not_told": _l("任务随流程取消了,记录里没有说。"),
    "task_not_opened": _l("流程走到了这项任务,记录里没有它的开始。"),
    "task_not_open": _l("记录说办完或取消了任务,但它当时没有开着。"),
    "opened_twice": _l("同一任务开始了两次。"),
    "other_task": _l("记录里的任务与它开始时的环节(%(detail)s)不是同一个。"),
    "not_its_step": _l("任务办结的记录里,第一步不是它自己。"),
    "not_decided": _l("记录里没有这个网关的判定。"),
    "decided_otherwise": _l("网关的判定与实际走的连线(%(detail)s)不一致。"),
    "left_open": _l("记录说流程已结束,但这个环节还开着。"),
    "after_end": _l("流程已经结束,之后又有了环节。"),
    "not_started": _l("流程还没有启动,就有了环节。"),
    "started_twice": _l("流程启动了两次。"),
    "version_unknown": _l("找不到记录所说的预案版本(%(detail)s)。"),
    "not_in_version": _l("换了预案版本,新版本里没有这个正在办的环节。"),
}


def table_labels(session: Session) -> Labels:
    """A table's words in the reader's language."""
    return Labels(
        {name: str(words) for name, words in _COLUMNS.items()},
        types=event_names(),
        plans={plan.key: loc(plan, "title") for plan in audit_lookups.plans(session)},
        roles={role.key: loc(role) for role in roles(session)},
    )


def status_words(status: str) -> str:
    """How a job stands."""
    return named(_STATUS, status)


def error_words(error: str) -> str:
    """Why there is no file."""
    return named(_ERRORS, error)


def misfit_words(misfit: Misfit, names: Mapping[str, str]) -> str:
    """Why an event does not fit the diagram."""
    words = _MISFITS.get(misfit.code)
    if words is None:
        return misfit.code
    return str(words) % {"detail": names.get(misfit.detail, misfit.detail)}
