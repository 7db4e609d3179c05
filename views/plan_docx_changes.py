"""修订对照表: what a version changed in an earlier one, as a table to be signed."""

from __future__ import annotations

from flask_babel import gettext as _

from services.plan_diff import PlanDiff
from views import plan_diff_words
from views.plan_diff_words import Said
from views.plan_docx_paper import Paper


def change_table(paper: Paper, difference: PlanDiff, reasons: str) -> None:
    """The summary, then number, clause or step, before, after, and why."""
    paper.line(plan_diff_words.summary(difference))
    if not difference.changes:
        return
    rows = [
        (str(at), _what(one), _before(one), _after(one), reasons)
        for at, one in enumerate(plan_diff_words.said(difference), 1)
    ]
    head = (_("序号"), _("条款或步骤"), _("修订前"), _("修订后"), _("理由"))
    paper.table(head, rows, (0.7, 3, 3.4, 3.4, 2), joined=4)


def _what(one: Said) -> str:
    clauses = " ".join(one.change.clauses)
    return "\n".join(filter(None, (one.subject, one.label, clauses)))


def _before(one: Said) -> str:
    if one.change.kind == "added":
        return _("(没有)")
    return one.before or "—"


def _after(one: Said) -> str:
    if one.change.kind == "removed":
        return _("(删去)")
    text = one.after or one.kind
    return f"{_('(新增)')}{text if one.after else ''}" if one.change.kind == "added" else text
