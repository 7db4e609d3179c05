"""The evidence for a clause in words."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.case_reading import TimelineEvent
from services.clause_reading import Evidence, Item
from services.definitions import static_path
from views.i18n import current_locale, loc
from views.plan_terms import TABLES
from views.terms import named, shown_value
from views.timeline import Words
from workflows.contract import FormField

STATES = {
    "done": _l("已落实"),
    "open": _l("办理中"),
    "cancelled": _l("中途取消"),
    "unreached": _l("没有走到"),
    "quiet": _l("没有响"),
}
COLOURS = {
    "done": "green", "open": "blue", "cancelled": "secondary", "unreached": "secondary",
    "quiet": "secondary",
}  # fmt: skip
VERDICTS = {"met": _l("按时"), "missed": _l("超时")}
#: The same states of a clock, of a row of plan.toml, of a setting.
CLOCK_STATES = STATES | {"done": _l("响过"), "quiet": _l("没有响(未到点)")}
ROW_STATES = STATES | {"done": _l("有记录"), "unreached": _l("没有记录")}
PASS_STATES = STATES | {"done": _l("走到了")}
#: Why a clause of such a fate has no step of its own.
FATES_SAID = {
    "lost": _l("这一条的原文有缺失,缺失的部分没有补写,不能作为核查的标准。"),
    "replaced": _l("这一条没有照原文执行,由下列做法代替。下面是替代做法的记录。"),
    "external": _l("这一条所说的事或数字在本系统之外,本系统没有记录。"),
    "standing": _l("这一条是平时的安排,不落在某一件事件里,所以没有逐件的记录。"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the evidence: ``who`` (and in which role), what in words, "" or how much later
    it was entered, and the tone."""

    who: str
    text: str
    lag: str
    tone: str


def state(evidence: Evidence) -> str:
    """The state of a target in one case."""
    kind = evidence.target.kind
    table = STATES
    if kind == "timer":
        table = CLOCK_STATES
    elif kind == "pass":
        table = PASS_STATES
    elif kind not in ("step", "whole", "field"):
        table = ROW_STATES
    return str(table[evidence.state])


def told(words: Words, entry: TimelineEvent, item: Item, field: FormField | None) -> Told:
    """An event as a line of evidence; ``field`` is the one of a form it is about, if any."""
    line = words.line(entry)
    if item.step:
        name = words.element(static_path(entry.event.element_path))
        text = {
            "entered": _("开始(“%(name)s”之后)", name=name) if name else _("开始"),
            "passed": _("走完(“%(name)s”办结时)", name=name) if name else _("走过"),
            "cancelled": _("取消(“%(name)s”时)", name=name) if name else _("取消"),
        }[item.step]
        return Told(line.who, text, line.lag, "note")
    if item.answered:
        return Told(line.who, _("填写:%(answer)s", answer=answer(item, field)), line.lag, line.tone)
    return Told(line.who, line.text, line.lag, line.tone)


def answer(item: Item, field: FormField | None) -> str:
    """What a field was answered with, a choice by its label; only that it was, where it is a text
    of a person's."""
    if item.answer is None:
        return _("已填写(文字内容见回放)")
    for key, label, english in field.options if field is not None else ():
        if key == item.answer:
            return (english if current_locale() == "en" else "") or label or key
    return shown_value(item.answer)


def target(evidence: Evidence) -> str:
    """What the clause is carried out by, as people see it."""
    doer = evidence.target.doer
    if doer.kind == "setting":
        name = loc(doer)
        table = named(TABLES, doer.table)
        return _("%(table)s“%(name)s”", table=table, name=name) if name else table
    return loc(doer)
