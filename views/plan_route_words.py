"""A plan's routes, limits and steps as plain text, where a page's links do not go: in a document
and in a list of changes."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _

from services.plan_text import WrittenPlan
from services.plan_text_steps import Branch, Happening, Limit, Repeat, Route, Step
from views import plan_words
from views.i18n import current_locale, loc


def gap() -> str:
    """Between two sentences: nothing in Chinese."""
    return " " if current_locale() == "en" else ""


def step_named(plan: WrittenPlan, number: str) -> str:
    """A step by number and name."""
    step = plan.by_number[number]
    name = loc(step.element)
    return _("第 %(n)s 步", n=number) + (gap() + _("“%(name)s”", name=name) if name else "")


def route_lines(
    plan: WrittenPlan, to: Route | None, within: str = "plan"
) -> Iterator[tuple[int, str]]:
    """Where a route leads, as (depth, text): a choice, then its ways one deeper. ``within`` is
    plan, part or group."""
    if to is None:
        yield 0, _("到此为止。")
    elif to.kind == "step":
        head = _("回到") if to.back else _("转")
        yield 0, f"{head} {step_named(plan, to.number)}" + _("。")
    elif to.kind == "end":
        yield 0, _end(to, within)
    elif to.kind == "join":
        first, *rest = route_lines(plan, to.branches[0].to, within)
        yield 0, _("同时进行的各项都办完后,") + gap() + first[1]
        yield from rest
    else:
        yield 0, _head(to)
        for branch in to.branches:
            first, *rest = route_lines(plan, branch.to, within)
            yield 1, way_head(branch, to.kind) + first[1]
            yield from ((depth + 1, text) for depth, text in rest)


def route_text(plan: WrittenPlan, to: Route | None, within: str = "plan") -> str:
    """A route on one line."""
    return (" " if current_locale() == "en" else "").join(
        text for _depth, text in route_lines(plan, to, within)
    )


def _end(to: Route, within: str) -> str:
    if to.stops:
        text = _("全部结束")
    elif to.side or within == "plan":
        text = _("到此为止")
    else:
        text = _("本步完成") if within == "group" else _("回到调用它的那一步")
    return text + (gap() + _("(%(name)s)", name=loc(to)) if loc(to) else "") + _("。")


def _head(to: Route) -> str:
    if to.kind == "together":
        return _("同时进行:")
    if to.kind == "first":
        return _("哪一个先到,走哪一个:")
    text = loc(to)
    return f"{text} {_('凡符合的都走:')}".strip() if to.kind == "any" else text


def way_head(branch: Branch, kind: str) -> str:
    """On what condition a way is taken, up to where it leads."""
    if kind in ("together", "first"):
        return loc(branch) + _(":") + gap() if loc(branch) else ""
    if loc(branch):
        return _("如果“%(name)s”,", name=loc(branch)) + gap()
    if branch.default:
        return _("其他情况,") + gap()
    return f"{_('如果')} {branch.condition}{_(',')}{gap()}" if branch.condition else ""


def way_text(plan: WrittenPlan, branch: Branch) -> str:
    """One way of a choice: its condition as written, and where it leads."""
    kind = "choice"
    text = way_head(branch, kind) + route_text(plan, branch.to)
    if branch.condition and loc(branch):
        text += gap() + _("(条件:%(condition)s)", condition=branch.condition)
    return text


def limit_line(plan: WrittenPlan, limit: Limit, within: str = "plan") -> str:
    """A clock of a step with the calls it holds for and where it leads."""
    calls = plan_words.calls_words(plan, limit.calls) + gap() if limit.calls else ""
    to = gap() + route_text(plan, limit.to, within) if limit.to else ""
    return calls + plan_words.limit_words(plan, limit) + to


def happening_line(plan: WrittenPlan, one: Happening, within: str = "plan") -> str:
    """What may happen while a step is open, and what follows."""
    head = (
        _("期间如有“%(name)s”,本步停下,", name=loc(one))
        if one.interrupting
        else _("期间如有“%(name)s”,", name=loc(one))
    )
    return head + gap() + (route_text(plan, one.to, within) if one.to else _("记录在案。"))


def repeat_line(repeat: Repeat) -> str:
    """How often a step is done."""
    head = _("逐个依次办理:") if repeat.sequential else _("每一个同时各办一次:")
    return head + gap() + repeat.collection


def who_line(plan: WrittenPlan, step: Step) -> str:
    """Who does a step, or what it goes through, "" for a choice."""
    if step.kind == "task":
        roles = plan_words.roles_words(plan, step.roles) or _("未指定")
        return _("谁办:") + gap() + roles
    if step.kind == "call" and step.part:
        part = plan.by_letter[step.part]
        name = _("共用办法 %(letter)s“%(name)s”", letter=step.part, name=loc(part))
        return f"{_('按')} {name}{gap()}{_('办理。')}"
    if step.kind == "group":
        return _("本步包括下面各小步。")
    text = plan_words.by_itself(step) if step.kind != "choice" else ""
    return text + _("。") if text else ""


def short_step(plan: WrittenPlan, step: Step) -> str:
    """A step in one line: who, within what time, and where it leads."""
    parts = [who_line(plan, step)]
    parts += [plan_words.limit_words(plan, one) for one in step.limits if one.kind == "due"]
    asked = plan_words.asked_words(step)
    if asked:
        parts.append(_("填写:") + gap() + (_(";") + gap()).join(asked))
    if step.to is not None:
        parts.append(_("之后:") + gap() + route_text(plan, step.to).removesuffix(_("。")))
    return (_(";") + gap()).join(one.removesuffix(_("。")) for one in parts if one)
