"""The annexes of the written plan: cards, contacts, decision tables, forms, clauses, changes."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

from services.plan_text_cards import CardStep, RoleCard, role_cards
from services.plan_text_steps import Step
from views import plan_terms, plan_words
from views.i18n import loc
from views.plan_diff_terms import FIELD_TYPES
from views.plan_docx_changes import change_table
from views.plan_docx_issue import Issue
from views.plan_docx_paper import Paper
from views.plan_docx_steps import origin_mark, step_name
from views.plan_docx_words import doers_words
from views.plan_route_words import gap, step_named
from workflows.contract import FormField
from workflows.decision_model import DecisionTable, LiteralExpression

Write = Callable[[Paper, Issue], None]


def annexes(issue: Issue) -> list[tuple[str, Write]]:
    """The annexes this plan has, by name, in their order."""
    found: list[tuple[str, Write]] = [(_("岗位卡"), _cards), (_("岗位和联系方式"), _contacts)]
    if issue.text.tables:
        found.append((_("判定表"), _tables))
    if any(step.element.form_fields for step in issue.text.plan.tasks):
        found.append((_("各步填写的内容"), _forms))
    if issue.coverage.total:
        found.append((_("条款落实对照表"), _clauses))
    if issue.changes is not None:
        found.append((_("修订对照表(与%(version)s对照)", version=issue.earlier), _changes))
    return found


def _cards(paper: Paper, issue: Issue) -> None:
    for card in role_cards(issue.text.plan, issue.text.clauses):
        _card(paper, issue, card)


def _card(paper: Paper, issue: Issue, card: RoleCard) -> None:
    plan = issue.text.plan
    own = issue.unit_roles.get(card.role.role)
    paper.heading(loc(card.role), 2)
    paper.line(_("本单位的角色:") + gap() + (loc(own) if own else _("没有这个角色")))
    blank = "________________"
    paper.line(f"{_('姓名')} {blank}  {_('电话')} {blank}")
    paper.line(f"{_('代理人')} {blank}  {_('电话')} {blank}")
    if card.role.duties:
        paper.line((_("负责什么"), True))
        paper.items([loc(row, "text") + origin_mark(row.get("origin", "text"))
                     for row in card.role.duties])  # fmt: skip
    if card.steps:
        paper.line((_("要办的事"), True))
        for at, one in enumerate(card.steps, 1):
            _card_step(paper, issue, one, at)
    if card.watches:
        paper.line((_("别人过限时找到您"), True))
        paper.items([
            step_named(plan, watch.step.number) + _(":")
            + (plan_words.calls_words(plan, watch.limit.calls) if watch.limit.calls else "")
            + plan_words.limit_words(plan, watch.limit)
            for watch in card.watches
        ])  # fmt: skip
    paper.line((_("不可以"), True))
    never = [
        _("办过“%(other)s”的人,不得再办“%(name)s”。",
          other=loc(other.element), name=loc(one.step.element))
        for one in card.steps for other in one.not_same_as
    ]  # fmt: skip
    if card.speaks:
        never.append(
            _("不得匿名、冒用他人或第三方身份对外发声;对外的话只从本单位认证账号署名发出。")
        )
        never.append(_("不得要求删除只是不利的内容;不实、侵权、违法的,走举报投诉。"))
    never.append(_("不得把涉密内容录入本系统;涉密的用纸质文件报告。"))
    never += [
        _("原文第 %(n)s 行的做法不用:", n=row.get("line", "—")) + gap()
        + (loc(row, "why") or loc(row, "text"))
        for row in card.replaced
    ]  # fmt: skip
    paper.items(never)


def _card_step(paper: Paper, issue: Issue, one: CardStep, at: int) -> None:
    plan, step = issue.text.plan, one.step
    unused = "" if step.used else f" ({_('本预案不走这一步')})"
    place = _("(第 %(n)s 步)", n=step.number)
    paper.line(f"{at}. ", (step_name(step), True), f"{gap()}{place}{unused}")
    due = [limit for limit in step.limits if limit.kind == "due"]
    for limit in due:
        calls = plan_words.calls_words(plan, limit.calls) if limit.calls else ""
        paper.line(calls + plan_words.limit_words(plan, limit), depth=1)
    if not due:
        for clock in one.clocks:
            paper.line(loc(clock, "text"), depth=1)
    if one.hands_to:
        told = plan_words.roles_words(plan, one.hands_to) + _("。")
        paper.line(_("办完交给:") + gap() + told, depth=1)
    else:
        paper.line(_("办完即止,不用再交给别人。"), depth=1)


def _contacts(paper: Paper, issue: Issue) -> None:
    rows = []
    for role in issue.text.plan.roles:
        own = issue.unit_roles.get(role.role)
        rows.append((loc(role), loc(own) if own else "—", "", "", "", ""))
    head = (_("角色"), _("本单位的角色"), _("姓名"), _("电话"), _("代理人"), _("电话"))
    paper.table(head, rows, (2, 2, 1.5, 2, 1.5, 2))


def _tables(paper: Paper, issue: Issue) -> None:
    for table in issue.text.tables.values():
        paper.heading(table.name or table.id, 2)
        _table(paper, table)


def _table(paper: Paper, table: DecisionTable) -> None:
    logic = table.logic
    if isinstance(logic, LiteralExpression):
        paper.line(logic.text)
        return
    paper.line(plan_words.hit_policy(logic.hit_policy))
    inputs = [one.label or one.text for one in logic.inputs]
    outputs = [f"{one.label or one.name}{gap()}{_('(结果)')}" for one in logic.outputs]
    rows = [
        (str(at), *rule.tests, *rule.outputs, rule.text) for at, rule in enumerate(logic.rules, 1)
    ]
    widths = (0.7, *(1.3 for _one in (*inputs, *outputs)), 3.0)
    paper.table((_("规则"), *inputs, *outputs, _("标准")), rows, widths, size=9)


def _forms(paper: Paper, issue: Issue) -> None:
    for step in issue.text.plan.tasks:
        if step.element.form_fields:
            paper.heading(f"{step.number}  {step_name(step)}", 2)
            rows = [_field(step, field) for field in step.element.form_fields]
            head = (_("问什么"), _("填写类型"), _("必填"), _("填写"))
            paper.table(head, rows, (4, 2, 1.3, 4))


def _field(step: Step, field: FormField) -> tuple[str, str, str, str]:
    kind = plan_words.named(FIELD_TYPES, field.type)
    name = (loc(field, "label") or field.id) + (
        f"\n{loc(field, 'help')}" if loc(field, "help") else ""
    )
    english = loc({"name": "", "name_en": "1"}) == "1"
    options = "\n".join(
        "□ " + ((en if english else "") or zh or value) for value, zh, en in field.options
    )
    if field.type == "boolean":
        options = f"□ {_('是')}  □ {_('否')}"
    return name, kind, _("是") if field.required else _("否"), options


def _clauses(paper: Paper, issue: Issue) -> None:
    counts = issue.coverage.counts
    paper.line(_("、").join(
        f"{plan_words.named(plan_terms.FATES, fate)} {count}" for fate, count in counts.items()
        if count
    ))  # fmt: skip
    rows = [
        (
            str(one.clause.get("id", "")), str(one.clause.get("line") or "—"),
            loc(one.clause, "text"),
            plan_words.named(plan_terms.FATES, str(one.clause.get("fate", ""))),
            doers_words(issue.text.plan, one.doers),
        )
        for one in issue.coverage.clauses
    ]  # fmt: skip
    head = (_("条款"), _("原文行"), _("原文内容"), _("去向"), _("见"))
    paper.table(head, rows, (1.7, 1, 4, 1.5, 3.3), size=9)


def _changes(paper: Paper, issue: Issue) -> None:
    assert issue.changes is not None
    change_table(paper, issue.changes, issue.reasons)
