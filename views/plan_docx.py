"""The written plan as a document: what the page ``plans/written`` tells, for paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from services.plan_diff_changes import PlanText
from services.plan_text_clauses import Covered, doer
from views import plan_docx_annexes, plan_terms, plan_words
from views.i18n import current_locale, format_iso, loc
from views.plan_docx_issue import Issue
from views.plan_docx_paper import Paper
from views.plan_docx_steps import origin_mark, part_steps
from views.plan_docx_words import doers_words, only_tiers
from views.plan_route_words import gap, step_named

Row = Mapping[str, Any]


def written_docx(issue: Issue) -> bytes:
    """The plan with its annexes as a DOCX file, in the reader's language."""
    paper = Paper()
    _head(paper, issue)
    chapters = list(_chapters(issue))
    annexes = plan_docx_annexes.annexes(issue)
    paper.heading(_("目录"), 2)
    paper.items(
        [_("%(n)s、%(name)s", n=plan_words.numeral(at), name=name)
         for at, (name, _write) in enumerate(chapters, 1)]
        + [_("附件 %(n)s %(name)s", n=at, name=name)
           for at, (name, _write) in enumerate(annexes, 1)]
    )  # fmt: skip
    for at, (name, write) in enumerate(chapters, 1):
        paper.heading(_("%(n)s、%(name)s", n=plan_words.numeral(at), name=name), 1)
        write(paper, issue)
    for at, (name, write) in enumerate(annexes, 1):
        paper.new_page()
        paper.heading(_("附件 %(n)s %(name)s", n=at, name=name), 1)
        write(paper, issue)
    return finished(paper, issue, issue.title)


def finished(paper: Paper, issue: Issue, title: str) -> bytes:
    """The file, with what stands on every page."""
    number = issue.document_number
    header = " · ".join(filter(None, (issue.title, number, issue.version)))
    paper.margins(header, _("第 {page} 页,共 {pages} 页"))
    language = "en" if current_locale() == "en" else "zh-CN"
    return paper.save(title, issue.version, issue.made_at, language)


def marks(paper: Paper, issue: Issue) -> None:
    """Unit, document number, version, days: under the title."""
    if issue.unit:
        paper.centred(issue.unit, size=16)
    paper.centred(_("文号:%(number)s", number=issue.document_number or "____________"))
    since = _("启用于 %(when)s", when=issue.in_force) if issue.in_force else ""
    paper.centred(" · ".join(filter(None, (issue.version, since))))
    review = issue.review_on.isoformat() if issue.review_on else "____________"
    paper.centred(_("下次评审:%(day)s", day=review))


def _head(paper: Paper, issue: Issue) -> None:
    paper.title(issue.title)
    marks(paper, issue)
    paper.centred(_("校验码 %(hash)s", hash=issue.text.bundle.content_hash[:16]), size=9)
    lines = issue.text.bundle.manifest.get("source", {}).get("lines")
    source = _("依据原文第 %(a)s—%(b)s 行。", a=lines[0], b=lines[1]) if lines else ""
    paper.line(
        _("本文由流程图和设置生成,流程图改了,本文随之改变。") + gap() + source + gap()
        + _("“原文缺失”是原文丢了字,由使用单位填写;“原文无”是产品补上的;"
            "“已替换的做法”是没有照原文办的。")
    )  # fmt: skip


def _chapters(issue: Issue) -> Iterator[tuple[str, Any]]:
    plan, manifest = issue.text.plan, issue.text.bundle.manifest
    if plan.provisions("purpose", "basis", "scope", "principle"):
        yield _("总则"), _general
    yield _("组织与职责"), _roles
    if manifest.get("tiers"):
        yield _("等级与标准"), _tiers
    yield _("处置步骤"), _steps
    if len(plan.parts) > 1:
        yield _("共用办法"), _parts
    if manifest.get("clocks"):
        yield _("时限一览"), _clocks
    yield _("报送、审签、办结与归档"), _papers
    if plan.provisions("watch", "support", "accountability"):
        yield _("值守、保障与责任"), _after
    if _unexecuted(issue):
        yield _("未照原文办理的内容"), _not_done


def _provisions(paper: Paper, issue: Issue, sections: Sequence[str]) -> None:
    for key in sections:
        rows = issue.text.plan.provisions(key)
        if rows:
            paper.heading(str(plan_terms.SECTIONS[key]), 2)
            paper.items([_provision(row) for row in rows], numbered=True)


def _provision(row: Row) -> str:
    return loc(row, "text") + origin_mark(row.get("origin", "text"))


def _general(paper: Paper, issue: Issue) -> None:
    _provisions(paper, issue, ("purpose", "basis", "scope", "principle"))


def _after(paper: Paper, issue: Issue) -> None:
    _provisions(paper, issue, ("watch", "support", "accountability"))


def _roles(paper: Paper, issue: Issue) -> None:
    plan = issue.text.plan
    duties = [row for row in plan.provisions("duty") if not row.get("role")]
    paper.items([_provision(row) for row in duties], numbered=True)
    rows = []
    for role in plan.roles:
        own = issue.unit_roles.get(role.role)
        steps = _("、").join(step.number for step in plan.tasks_of(role.key))
        duty = "\n".join(_provision(row) for row in role.duties)
        rows.append((loc(role), loc(own) if own else "—", duty or "—", steps or "—"))
    head = (_("角色"), _("本单位的角色"), _("职责"), _("办理的步骤"))
    paper.table(head, rows, (2.2, 2, 4, 2.8))


def _tiers(paper: Paper, issue: Issue) -> None:
    plan, manifest = issue.text.plan, issue.text.bundle.manifest
    tiers = sorted(manifest["tiers"], key=lambda row: row.get("level", 0), reverse=True)
    names = _("、").join(loc(row) + origin_mark(row.get("origin", "text")) for row in tiers)
    paper.line(_("由高到低:") + gap() + names + _("。") + gap()
               + _("判定表提出建议,等级由人确定。"))  # fmt: skip
    for table in plan.criteria:
        step = _("(第 %(n)s 步)", n=table.step) if table.step else ""
        paper.heading(f"{table.name}{gap()}{step}", 2)
        paper.line(plan_words.hit_policy(table.hit_policy))
        rows = [
            (rule.text or _("(没有文字)"), loc(rule.tier) if rule.tier else " ".join(rule.outputs))
            for rule in table.rules
        ]
        paper.table((_("标准"), _("等级")), rows, (4, 1.2))


def _steps(paper: Paper, issue: Issue) -> None:
    plan = issue.text.plan
    if loc(plan.parts[0], "documentation"):
        paper.line(loc(plan.parts[0], "documentation"))
    part_steps(paper, plan, plan.parts[0], "plan")


def _parts(paper: Paper, issue: Issue) -> None:
    plan = issue.text.plan
    paper.line(_("下面各办法在步骤里反复用到,各写一次。"))
    for part in plan.parts[1:]:
        paper.heading(f"{part.letter} {loc(part)}", 2)
        callers = _("、").join(_("第 %(n)s 步", n=number) for number in part.callers)
        paper.line(f"{_('用于')} {callers}" + _("。"))
        if loc(part, "documentation"):
            paper.line(loc(part, "documentation"))
        part_steps(paper, plan, part, "part")


def _clocks(paper: Paper, issue: Issue) -> None:
    text, manifest = issue.text, issue.text.bundle.manifest
    rows = []
    for clock in manifest["clocks"]:
        to = f" → {loc(clock, 'to')}" if loc(clock, "to") else ""
        kind = plan_words.named(plan_terms.CLOCK_KINDS, clock.get("kind", ""))
        rows.append((
            str(clock.get("id", "")), loc(clock, "text"), loc(clock, "trigger") or "—",
            f"{plan_words.clock_limit(clock)}\n{kind}", (loc(clock, "who") or "—") + to,
            _carried_by(text, str(clock.get("element", ""))),
        ))  # fmt: skip
    head = (_("编号"), _("原文要求"), _("起算"), _("限"), _("谁报谁"), _("由哪一步承担"))
    paper.table(head, rows, (1.6, 3, 2, 1.8, 2.6, 2))


def _carried_by(text: PlanText, element: str) -> str:
    number = text.plan.step_of.get(element, "")
    if number in text.plan.by_number:
        return step_named(text.plan, number)
    if not element:
        return "—"
    return doers_words(text.plan, (doer(text.read, text.bundle.manifest, element),))


def _papers(paper: Paper, issue: Issue) -> None:
    plan, manifest = issue.text.plan, issue.text.bundle.manifest

    def listed(name: str, rows: Sequence[str], *, numbered: bool = False) -> None:
        if rows:
            paper.heading(name, 2)
            paper.items(rows, numbered=numbered)

    listed(_("报送对象"), [loc(row) + only_tiers(manifest, row)
                         for row in manifest.get("recipients", [])])  # fmt: skip
    listed(_("发布前的审签"), [
        loc(row) + _(":") + gap() + plan_words.role_words(plan, row.get("role", ""))
        + only_tiers(manifest, row) + origin_mark(row.get("origin", "text"))
        for row in manifest.get("approvals", [])
    ])  # fmt: skip
    closing = manifest.get("closing", {})
    paper.heading(_("办结标准"), 2)
    paper.line((loc(closing, "criterion") or _("没有写明"))
               + origin_mark(closing.get("origin", "text")))  # fmt: skip
    listed(_("卷内目录"), [
        loc(row) + only_tiers(manifest, row)
        + ("" if row.get("required", True) else gap() + _("(有则归档)"))
        + origin_mark(row.get("origin", "text"))
        for row in manifest.get("archive", [])
    ], numbered=True)  # fmt: skip
    period = manifest.get("retention", {}).get("period")
    kept = format_iso(period) if period else _("原文没有写,由单位按档案规定确定")
    paper.line(_("保管期限:") + gap() + kept + _("。"))
    listed(_("由单位设定"), [
        loc(row) + (gap() + _("(%(name)s)", name=loc(row, "source")) if loc(row, "source") else "")
        for row in manifest.get("settings", [])
    ])  # fmt: skip


def _unexecuted(issue: Issue) -> list[Covered]:
    fates = ("lost", "replaced", "external")
    return [one for one in issue.coverage.clauses if one.clause.get("fate") in fates]


def _not_done(paper: Paper, issue: Issue) -> None:
    rows = []
    for one in _unexecuted(issue):
        why = loc(one.clause, "why")
        rows.append((
            str(one.clause.get("id", "")), loc(one.clause, "text"),
            plan_words.named(plan_terms.FATES, str(one.clause.get("fate", ""))),
            "\n".join(filter(None, (doers_words(issue.text.plan, one.doers), why))),
        ))  # fmt: skip
    head = (_("条款"), _("原文内容"), _("去向"), _("现在怎样,为什么"))
    paper.table(head, rows, (1.6, 4, 1.4, 5))
