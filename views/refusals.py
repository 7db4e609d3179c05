"""Refusals as sentences. Services give a stable code and what fills the sentence; the words,
in the reader's language, are here and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.errors import Refusal
from views.audit_refusals import AUDIT_FIELD_SENTENCES, AUDIT_SENTENCES
from views.i18n import current_locale, format_moment, format_span

SENTENCES = {
    # signing in
    "sign_in_empty": _l("请填写用户名和密码。"),
    "sign_in_failed": _l("用户名或密码不对。"),
    "sign_in_slow": _l("尝试次数较多,请在 %(retry_after)s 秒后再试。"),
    # who may
    "read_only": _l("核查人员只能查看,不能办理。"),
    "not_active": _l("这个账号已停用。"),
    "not_a_person": _l("请先登录。"),
    "not_your_role": _l("您的角色不能做这件事。"),
    "not_your_task": _l("这项任务不由您的角色办理。"),
    "not_demo": _l("只有演示单位可以切换人员。"),
    "four_eyes": _l("“%(task)s”由您办理,按规定这一步须由另一人办理。"),
    "recused": _l("您在本事件中已登记回避,不能办理这一步。回避原因:%(reason)s"),
    "recusal_missing": _l("请先在事件页登记谁回避、为什么,再办结这一步。"),
    "recusal_unknown": _l("没有这条回避登记。"),
    # tasks
    "task_unknown": _l("没有这项任务,或您无权查看。"),
    "task_done": _l("这项任务已由%(who)s于 %(when)s 办结。"),
    "task_claimed": _l("这项任务已由%(who)s于 %(when)s 签收。"),
    "task_not_yours": _l("这项任务现由%(who)s办理(%(when)s 签收)。"),
    "task_cancelled": _l("流程已于 %(when)s 转走,这项任务不再需要办理。"),
    "cursor_invalid": _l("翻页地址不对,请从第一页重新查看。"),
    # cases
    "case_unknown": _l("没有这个舆情事件,或您无权查看。"),
    "case_over": _l("事件已归档,不能再改动。"),
    "case_not_open": _l("事件已办结,不能再改动。"),
    "anchor_unknown": _l("这个时间点尚未记录,不能更正。"),
    "incident_unknown": _l("没有这项运行异常。"),
    "plan_not_found": _l("没有这个预案。"),
    "plan_unknown": _l("没有这个预案。"),
    "form_invalid": _l("请改正下面标出的内容。"),
    # people
    "person_unknown": _l("没有这个人员。"),
    "role_unknown": _l("没有这个角色。"),
    "username_taken": _l("用户名“%(username)s”已被使用。"),
    "deputy_unknown": _l("没有这项代理。"),
    "deputy_role": _l("本人不担任“%(role)s”,不能委托他人代理。"),
    "deputy_self": _l("不能由本人代理本人。"),
    "organization_exists": _l("单位已经建立。"),
    "organization_unknown": _l("单位还没有建立。"),
    "kind_unknown": _l("没有这种单位类型。"),
    "setting_unknown": _l("这个预案没有这项设置。"),
    # cases moved to another version
    "same_version": _l("事件已在这一版本上运行。"),
    "case_not_running": _l("事件的流程已经走完,不能再迁移。"),
    # drafts and proposals
    "step_unknown": _l("草稿里没有这一步了。请刷新页面。"),
    "fields_mentioned": _l("还有地方用到要去掉的内容。请先看列出的各处,再确认。"),
    "draft_unknown": _l("没有这份预案草稿,或您无权查看。"),
    "draft_unreadable": _l("草稿现在读不出来。请先按“检查”里说的改正。"),
    "nothing_earlier": _l("这是第一版,没有更早的版本可以对照。"),
    "not_your_draft": _l("这份草稿是别人的。您可以另建自己的草稿。"),
    "draft_locked": _l("这份草稿已提请启用,等别人审定;要改先撤回申请。"),
    "draft_moved": _l("这份草稿刚在别处改过。请刷新页面,在新内容上重做这一步。"),
    "draft_exists": _l("您已有一份预案“%(plan)s”的草稿在编。请先办完或放弃那一份。"),
    "draft_key_changed": _l("草稿里的 key 被改了。预案的 key 须是“%(plan)s”。"),
    "decision_unknown": _l("文件里没有这张判定表。"),
    "form_unknown": _l("草稿里没有这一步。"),
    "form_special": _l("这一步用专用页面,没有可编辑的字段。"),
    "nothing_to_undo": _l("没有可以撤销的改动。"),
    "nothing_changed": _l("与现行版本一样,没有可启用的改动。"),
    "no_upload": _l("请选择要导入的文件。"),
    "import_no_plan": _l("文件里没有流程图。请至少选一个 BPMN 文件。"),
    "whatif_stopped": _l("推演中断了,没有算完。请把预案改简单些,或稍后再试。"),
    "proposal_unknown": _l("没有这项启用申请,或您无权查看。"),
    "own_proposal": _l("这是您自己提请的,须由另一人审定。"),
    "proposal_decided": _l("这项申请已经办过了。请刷新页面。"),
    "proposal_moved": _l(
        "所申请的内容与您看到的已不一致,或现行版本已变。请退回,由编制人重新提请。"
    ),
    # plans and their runs
    "plan_cannot_start": _l("预案第一步出现运行异常(%(element)s),事件没有启动,请告知编制人。"),
    "message_not_expected": _l("流程现在不在可以重新定级的环节。"),
    "clock_real": _l("只有演练和演示的事件可以快进时钟。"),
    "case_archived": _l("事件已归档,不能再改动。"),
    "incident_resolved": _l("这项运行异常已处理。"),
    # signals and files
    "signal_unknown": _l("没有这条线索,或您无权查看。"),
    "signal_settled": _l("这条线索刚刚已由别人处理。"),
    "signal_taken": _l("这条线索已转为事件。"),
    "duplicate_of": _l("不能标为它的重复:它就是本条,或它自己也是重复线索。"),
    "file_unknown": _l("没有这个文件,或您无权查看。"),
    "file_lost": _l("文件内容不在存储中,请联系管理员。"),
    "file_empty": _l("文件是空的。"),
    "file_too_large": _l("文件过大,最多 20 MB。"),
    "file_kind": _l("不接受“%(ending)s”类型的文件。可用:%(allowed)s。"),
    "file_mismatch": _l("文件内容与名称不符:名称是 %(claimed)s,内容是 %(found)s。"),
    "picture_broken": _l("图片打不开,可能已损坏。"),
    "picture_too_large": _l("图片尺寸过大。"),
    # statements
    "statement_unknown": _l("没有这份文稿,或您无权查看。"),
    "no_statement": _l("这一步还没有文稿,请先拟稿。"),
    "version_unknown": _l("没有这一版(第 %(number)s 版)。"),
    "statement_closed": _l("文稿已发布或撤回,不能再改。"),
    "text_changed": _l("文稿已改到第 %(latest)s 版,您看到的不是最新内容,请看过后再定。"),
    "text_unchanged": _l("文稿没有改动。"),
    "investigation_open": _l("调查尚未结束,不能发布原因通报。"),
    "correction_of": _l("请选择所更正的、已发布的文稿。"),
    "approval_missing": _l("还不能发布,尚缺:%(names)s。"),
    "approval_unknown": _l("没有这项签批。"),
    "approval_not_due": _l("现在不需要这项签批。"),
    "not_an_approver": _l("您的角色不能签批这份文稿。"),
    "not_your_approval": _l("这项签批不是您的。"),
    "oral_own_text": _l("拟稿人不能代录对自己文稿的口头同意。"),
    "countersigned_already": _l("已经补签。"),
    "release_unknown": _l("没有这条发布记录。"),
    "release_by_task": _l("发布由流程中的任务办理,请从任务页发布。"),
    "released_there": _l("这一版已在“%(channel)s”发布。"),
    "withdrawn_already": _l("已经撤回。"),
    "channel_unknown": _l("只能通过登记的官方渠道发布。"),
    # report up
    "recipient_unknown": _l("预案没有这个报送对象。"),
    "line_entered": _l("“%(name)s”的报送已经录入,如有误请更正。"),
    "line_missing": _l("“%(name)s”尚未报送。"),
    "line_acknowledged": _l("“%(name)s”已经确认。"),
    "closing_open_work": _l(
        "还有未了的事。尚未发布的文稿:%(drafts)s;尚未确认的报送:%(unconfirmed)s。"
        "请先办完,或写明为何仍可办结。"
    ),
    "report_incomplete": _l("还不能办结。未报送:%(missing)s;未确认:%(unconfirmed)s。"),
    **AUDIT_SENTENCES,
}

#: What is wrong with one field, by code.
FIELD_SENTENCES = {
    "required": _l("必填。"),
    "too_big": _l("内容过大,请删减,或以附件提交。"),
    "too_long": _l("内容过长。"),
    "too_short": _l("内容过短。"),
    "too_small": _l("数值过小。"),
    "too_large": _l("数值过大。"),
    "not_text": _l("应为文字。"),
    "not_whole": _l("请填写整数。"),
    "not_a_number": _l("请填写数字。"),
    "not_yes_or_no": _l("请选择是或否。"),
    "not_a_date": _l("日期写法不对,应如 2026-03-01。"),
    "not_a_duration": _l("请填写整数和单位,如 12 小时。"),
    "not_a_moment": _l("日期时间写法不对,应如 2026-03-01 23:02。"),
    "not_an_option": _l("请从列出的选项中选择。"),
    "unknown_type": _l("预案里这个字段的类型不对,请联系预案编制人。"),
    "in_future": _l("不能晚于现在。"),
    "before_discovery": _l("不能早于发现时间。"),
    "not_a_candidate": _l("这个人不能办理这项任务。"),
    "four_eyes": _l("按规定这一步须由另一人办理。"),
    "recused": _l("这个人在本事件中已登记回避。"),
    "in_past": _l("不能早于现在。"),
    "before_text": _l("不能早于这一版文稿写成的时间。"),
    "before_approval": _l("不能早于签发时间。"),
    "before_release": _l("不能早于发布时间。"),
    "before_report": _l("不能早于报送时间。"),
    "ends_before_begin": _l("结束不能早于开始。"),
    "not_a_link": _l("请填写 http:// 或 https:// 开头的网址。"),
    "link_or_picture": _l("请填写链接,或上传截图。"),
    "too_many_files": _l("一次最多 10 个文件。"),
    "not_an_approver": _l("这个人不能签批这份文稿。"),
    "oral_edits": _l("口头同意不能同时修改文稿。"),
    "investigation_open": _l("调查尚未结束。"),
    "correction_of": _l("请选择所更正的、已发布的文稿。"),
    "channel_unknown": _l("只能通过登记的官方渠道发布。"),
    "name_taken": _l("另一个角色已用这个名称。"),
    "password_length": _l("密码须有 8 到 1000 个字符。"),
    **AUDIT_FIELD_SENTENCES,
}


def _filled(template: object, args: Mapping[str, object]) -> str:
    english = current_locale() == "en"
    words: dict[str, str] = defaultdict(str)
    for name, value in args.items():
        better = args.get(f"{name}_en") if english else None
        shown = better or value
        if isinstance(shown, datetime):
            words[name] = format_moment(shown)
        elif isinstance(shown, list | tuple | set | frozenset):
            words[name] = _("、").join(str(part) for part in shown) or "—"
        else:
            words[name] = "" if shown is None else str(shown)
    return str(template) % words


def sentence(refusal: Refusal) -> str:
    """Why not, in the reader's language. A code without words of its own is named."""
    if refusal.code == "sign_in_slow":
        seconds = refusal.args_.get("retry_after", 60)
        if isinstance(seconds, int) and seconds > 120:
            return _("尝试次数较多,请在 %(span)s后再试。", span=format_span(seconds))
    template = SENTENCES.get(refusal.code)
    if template is None:
        return _("不能办理(%(code)s)。", code=refusal.code)
    return _filled(template, refusal.args_)


def field_sentence(code: str) -> str:
    """What is wrong with a field."""
    found = FIELD_SENTENCES.get(code)
    return str(found) if found is not None else _("不符合要求(%(code)s)。", code=code)


def field_errors(refusal: Refusal, said: Callable[[str], str] = field_sentence) -> dict[str, str]:
    """The sentences of a ``form_invalid`` refusal by field name; empty for any other. ``said``
    gives the sentence of a code."""
    errors = refusal.args_.get("errors")
    if not isinstance(errors, Mapping):
        return {}
    return {str(name): said(str(code)) for name, code in errors.items()}
