"""The steps of a plan on paper."""

from __future__ import annotations

from flask_babel import gettext as _

from services.plan_text import WrittenPlan
from services.plan_text_steps import Part, Step
from views import plan_words
from views.i18n import loc
from views.plan_docx_paper import Paper
from views.plan_route_words import (
    gap,
    happening_line,
    limit_line,
    repeat_line,
    route_lines,
    route_text,
    step_named,
    who_line,
)
from views.terms import ORIGINS


def origin_mark(key: str) -> str:
    """Where something comes from, when it is not simply the text."""
    if not key or key == "text":
        return ""
    return _("【%(name)s】", name=plan_words.named(ORIGINS, key))


def step_name(step: Step) -> str:
    """A step's name as headings have it."""
    return loc(step.element) or _("继续")


def part_steps(paper: Paper, plan: WrittenPlan, part: Part, within: str) -> None:
    """How a part begins, then its steps."""
    for start in part.starts:
        name, text = loc(start.element), loc(start.element, "documentation")
        if not name and not text:
            continue
        to = ""
        if len(part.starts) > 1 and start.to:
            to = gap() + route_text(plan, start.to, within)
        told = name + _("。") + gap() + text + origin_mark(start.element.origin) + to
        paper.line((_("开始:"), True), gap() + told)
    for step in part.steps:
        _step(paper, plan, step, within, 3)


def _step(paper: Paper, plan: WrittenPlan, step: Step, within: str, level: int) -> None:
    unused = "" if step.used else f" ({_('本预案不走这一步')})"
    mark = origin_mark(step.element.origin)
    paper.heading(f"{step.number}  {step_name(step)}{mark}{unused}", level)
    who = who_line(plan, step)
    if who:
        paper.line(who, depth=1)
    if step.repeat:
        paper.line(repeat_line(step.repeat), depth=1)
    if loc(step.element, "documentation"):
        paper.line(loc(step.element, "documentation"), depth=1)
    asked = plan_words.asked_words(step)
    if asked:
        told = gap() + (_(";") + gap()).join(asked) + _("。")
        paper.line((_("填写:"), True), told, depth=1)
    if step.not_same_as:
        others = _("、").join(step_named(plan, number) for number in step.not_same_as)
        told = gap() + others + gap() + _("的人不得办本步。")
        paper.line((_("不得兼办:"), True), told, depth=1)
    _clocks(paper, plan, step, within)
    if step.kind == "group":
        for start in step.starts:
            if start.event:
                to = route_text(plan, start.to, "group") if start.to else ""
                head = _("“%(name)s”时开始:", name=loc(start.element))
                paper.line(head + gap() + to, depth=1)
        for inner in step.steps:
            _step(paper, plan, inner, "group", level + 1)
    if not step.plain:
        _onwards(paper, plan, step, within)
    if step.element.clauses:
        paper.line(f"{_('条款')} {' '.join(step.element.clauses)}", depth=1)


def _clocks(paper: Paper, plan: WrittenPlan, step: Step, within: str) -> None:
    for limit in step.limits:
        text = limit_line(plan, limit, within) + origin_mark(limit.origin)
        paper.line("· ", (text, limit.kind == "due"), depth=1)
    for number, limit in step.inside:
        until = plan_words.until_words(plan.manifest, limit.moment)
        told = f"{_('其中')} {step_named(plan, number)}" + _(":")
        paper.line("· ", (told + _("限%(until)s完成。", until=until), True), depth=1)
    for one in step.happenings:
        paper.line("· " + happening_line(plan, one, within) + origin_mark(one.origin), depth=1)


def _onwards(paper: Paper, plan: WrittenPlan, step: Step, within: str) -> None:
    lines = list(route_lines(plan, step.to, within))
    head = _("之后:") if step.to is not None and step.kind != "choice" else ""
    for at, (depth, text) in enumerate(lines):
        if at == 0:
            if head or text:
                paper.line((head, True), (gap() if head else "") + text, depth=1)
        else:
            paper.line("– " + text, depth=1 + depth)
