"""Refusals of the audit room and of keeping and destroying cases, as sentences; `views.refusals`
takes them in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

AUDIT_SENTENCES = {
    # search
    "filter_unreadable": _l("检索条件读不出来,请重新填写。"),
    "clause_needs_plan": _l("按条款检索要先选择预案。"),
    "clause_unknown": _l("这个预案的各版都没有条款 %(clause)s。"),
    "search_empty": _l("没有任何条件,不能保存。"),
    "searches_full": _l("最多保存 %(most)s 个检索,请先删除不用的。"),
    "search_unknown": _l("没有这个保存的检索。"),
    # deadlines and clauses
    "deadline_unknown": _l("没有这项时限,或所选时段里没有用到它。"),
    # bundles, seals, the key
    "chain_unreadable": _l(
        "第 %(seq)s 条记录读不出来,被人从外面改过。请用 flask history verify 核对。"
    ),
    "bundle_too_large": _l("材料包超过 4 GB,不能制作。"),
    "seal_unknown": _l("那一天没有封存。"),
    "seal_spoiled": _l("%(day)s 的封存清单被改过,不能存成文件。请先核对全部校验链,看断点在哪里。"),
    "lodged_unreadable": _l("这不是链头清单,也不是封存的一行,或者被改过。"),
    "signing_key_missing": _l(
        "签名密钥不见了。记录里的指纹是 %(fingerprint)s。请从备份恢复,"
        "或由管理员用 flask history new-key 生成新的。"
    ),
    "signing_key_unreadable": _l(
        "签名密钥读不出来。请检查 DATA_DIR/keys/signing.pem 和它的权限,或从备份恢复。"
    ),
    "signing_key_replaced": _l(
        "签名密钥被换过:现在的指纹是 %(found)s,记录里的是 %(fingerprint)s。"
        "请恢复原来的,或由管理员用 flask history new-key 生成新的。"
    ),
    "signing_key_unwritable": _l("签名密钥写不进去:%(path)s。请检查文件夹的权限。"),
    # exports
    "export_format": _l("没有这种导出格式。"),
    "export_under_way": _l("您的上一次导出还没有完。请等它完成,或先停止它。"),
    "export_unknown": _l("没有这次导出。"),
    "export_not_ready": _l("文件还没有导完。"),
    "export_gone": _l("文件不在了:导出没有完成,或已过七天被删除。"),
    # who may see what
    "file_masked": _l("附件里可能有公众的个人信息,请先写明原因、显示个人信息。"),
    # keeping and destroying
    "term_unknown": _l("保管期限表里没有这一项。"),
    "term_off": _l("“%(term)s”已停用,不能再选。"),
    "term_needed": _l("“永久”不能停用:没有设定的预案都按它保管。"),
    "hold_unknown": _l("没有这条暂缓登记。"),
    "hold_lifted": _l("这条暂缓已经解除。"),
    "case_destroyed": _l("事件 %(number)s 的内容已经销毁,没有可暂缓的了。"),
    "case_held": _l("事件 %(number)s 已登记暂缓销毁,解除之前不能销毁。"),
    "case_not_due": _l("有事件不能列入(未期满、已暂缓或已在别的清册上):%(cases)s。"),
    "signal_destroyed": _l("这条线索的内容已经销毁。"),
    "signal_not_due": _l("有线索不能列入(未期满、已立案、已暂缓或已在别的清册上):%(signals)s。"),
    "list_signals_not_due": _l("这些线索尚未期满,或已另行处理:%(signals)s。请撤回清册,重新拟定。"),
    "list_unknown": _l("没有这份销毁清册。"),
    "own_list": _l("这份清册是您拟定的,须由另外两人审批。"),
    "list_decided": _l("这份清册已经办过了。请刷新页面。"),
    "voted_already": _l("您已经表过态了,须由另一人审批。"),
    "list_moved": _l("清册内容与您看到的、或与审批时的不一致,不能办理。请刷新页面。"),
    "list_not_due": _l("保管期限已改,这些事件尚未期满:%(cases)s。请撤回清册,重新拟定。"),
    "list_not_approved": _l("清册还没有两人同意,或已经关闭,不能执行。"),
}

#: Beside a field.
AUDIT_FIELD_SENTENCES = {
    "term_name_taken": _l("已有同名的期限。"),
    "too_many_cases": _l("一份清册最多 200 件。"),
}
