"""What a replay calls the fields that no plan names."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

#: Fields of the special forms, which no plan names.
FIELDS = {
    "tier": _l("舆情等级"),
    "level": _l("级次"),
    "overridden": _l("改定"),
    "reason": _l("理由"),
    "comment": _l("意见说明"),
    "note": _l("备注"),
    "decision": _l("意见"),
    "criterion_met": _l("平息标准已达到"),
    "digest": _l("校验码"),
    "kind": _l("种类"),
    "statement_id": _l("文稿号"),
    "release_id": _l("发布号"),
    "version": _l("版次"),
    "released": _l("已发布"),
    "complete": _l("报送齐全"),
    "met": _l("在时限内"),
    "last_at": _l("最后一次报送"),
    "items": _l("归档件数"),
    "missing": _l("缺少件数"),
}
