"""A comparison of two versions in words: each change as what, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from services.plan_diff import PlanDiff
from services.plan_diff_changes import Both, Change, Subject
from services.plan_text_steps import Branch, Happening, Route
from views import plan_terms, plan_words
from views.i18n import current_locale, loc
from views.plan_diff_terms import (
    COLUMNS,
    FIELDS,
    GROUPS,
    KINDS,
    RECUSAL,
    TABLES,
)
from views.plan_diff_values import value_words
from views.plan_route_words import (
    gap,
    step_named,
)

#: Fields told by a sentence of their own, without before and after.
_WHOLE: Final = frozenset({"layout", "written", "formatting"})


@dataclass(frozen=True, slots=True)
class Said:
    """A change in the reader's words. ``before`` and ``after`` are "" where there is none;
    ``label`` says what of the subject; ``process`` and ``element`` find it in the drawing (""
    for what stands in none)."""

    change: Change
    kind: str
    subject: str
    label: str
    before: str
    after: str
    process: str
    element: str

    @property
    def sentence(self) -> str:
        """All of it on one line."""
        what = self.subject + (_(":") + gap() + self.label if self.label else "")
        if self.change.field in _WHOLE:
            return self.subject + _(":") + gap() + self.after if self.subject else self.after
        if self.before and self.after:
            return f"{what} {self.before} → {self.after}"
        text = self.after or self.before
        return f"{self.kind} {what}" + (_(":") + gap() + text if text else "")


def said(diff: PlanDiff) -> list[Said]:
    """Every change, in its order."""
    return [_said(diff, change) for change in diff.changes]


def summary(diff: PlanDiff) -> str:
    """How many changes of which group."""
    if not diff.changes:
        return _("两版内容相同。")
    groups = (
        _("%(name)s %(n)s 处", name=GROUPS[group], n=count) for group, count in diff.counts.items()
    )
    return _("%(n)s 处改动:%(groups)s。", n=len(diff.changes), groups=_("、").join(groups))


def _said(diff: PlanDiff, change: Change) -> Said:
    if change.field in _WHOLE:
        before, after = "", _whole(change.field)
    else:
        before = value_words(diff.before, change, change.before, change.after)
        after = value_words(diff.after, change, change.after, change.before)
    if before and before == after:
        before, after = _in_other_language(diff, change)
    subject, subject_name = change.subject, subject_words(diff, change)
    drawn = bool(subject.process_id)
    element = subject.key if subject.kind in ("step", "element") else ""
    return Said(
        change,
        plan_words.named(KINDS, change.kind),
        subject_name[:1].upper() + subject_name[1:],
        label_words(change),
        before,
        after,
        subject.process_id if drawn else "",
        element,
    )


def _whole(field: str) -> str:
    if field == "layout":
        return _("只是图形位置变动")
    if field == "formatting":
        return _("只是文件的写法不同,内容没有变")
    return _("图中的写法有改动(别处没有列出)")


def _in_other_language(diff: PlanDiff, change: Change) -> tuple[str, str]:
    """What differs only in the other language: that is said, with which it is."""
    if isinstance(change.before, Both) and isinstance(change.after, Both):
        english = current_locale() != "en"
        field = "name_en" if english else "name"
        mark = _("(英文)") if english else _("(中文)")
        was, now = (str(getattr(one, field) or "—") for one in (change.before, change.after))
        return f"{was}{gap()}{mark}", f"{now}{gap()}{mark}"
    value = change.before
    if isinstance(value, Branch | Route | Happening):
        return _("(英文或写法不同)"), _("(英文或写法不同)")
    return str(change.before), str(change.after)


# ------------------------------------------------------------------- what it is


def subject_words(diff: PlanDiff, change: Change) -> str:
    """What changed, by the name people see. A step has the number of the newer version; one
    that is gone that of the older."""
    one = change.subject
    text = diff.before if change.kind == "removed" and change.field == "step" else diff.after
    if one.kind == "step" and one.number in text.plan.by_number:
        return step_named(text.plan, one.number)
    if one.kind == "element":
        kind = plan_words.named(plan_terms.ELEMENT_KINDS, one.element_kind)
        name = _("%(kind)s“%(name)s”", kind=kind, name=loc(one) or one.key)
        step = text.plan.by_number.get(one.number)
        return step_named(text.plan, one.number) + _(",") + gap() + name if step else name
    if one.kind == "part":
        if one.number:
            return _("共用办法 %(letter)s“%(name)s”", letter=one.number, name=loc(one))
        return _("流程“%(name)s”", name=loc(one))
    if one.kind == "table":
        return _("判定表“%(name)s”", name=loc(one))
    if one.kind == "clause":
        return _("条款 %(id)s", id=one.key)
    if one.kind == "plan":
        return _("预案") if one.name else ""
    table = plan_words.named({**plan_terms.TABLES, **TABLES}, one.kind)
    name = loc(one) or one.key
    return _("%(kind)s“%(name)s”", kind=table, name=name) if name else table


def label_words(change: Change) -> str:
    """What of it changed."""
    field, detail = change.field, change.detail
    if field in _WHOLE or field in ("step", "part", "row", "table"):
        return ""
    if field.startswith("row."):
        return plan_words.named(COLUMNS, field.removeprefix("row."))
    label = plan_words.named(FIELDS, field)
    if detail is None:
        return label
    name = _detail(detail)
    if field in ("field", "column", "rule"):
        return f"{label}{gap()}{name}"
    return _("%(detail)s的%(label)s", detail=name, label=label)


def _detail(one: Subject) -> str:
    if one.kind == "step":
        return _("其中“%(name)s”(第 %(n)s 步)", name=loc(one), n=one.number)
    if one.kind == "cell":
        return _("第 %(n)s 条规则“%(name)s”", n=one.key, name=one.name)
    if one.kind == "rule":
        return _("第 %(n)s 条规则", n=one.key)
    if one.kind == "property" and one.key in RECUSAL:
        return str(RECUSAL[one.key])
    if one.kind == "limit":
        return _("“%(name)s”", name=loc(one) or plan_words.named(FIELDS, one.key))
    return _("“%(name)s”", name=loc(one))
