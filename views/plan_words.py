"""A plan's clocks, steps and forms in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from services.plan_text import WrittenPlan
from services.plan_text_moments import OTHER, Moment, Term
from services.plan_text_steps import Limit, Step
from views import plan_terms
from views.i18n import current_locale, format_iso, loc
from views.plan_terms import FATES as FATES
from views.plan_terms import VERDICTS as VERDICTS
from views.terms import ANCHORS
from workflows.contract import FormField

Row = Mapping[str, Any]


def named(table: Mapping[str, Any], key: str) -> str:
    """The word for a key; a key without one is shown as it is."""
    return str(table.get(key, key))


def numeral(number: int) -> str:
    """The number of a heading: 一, 十二 in Chinese, figures in English."""
    if current_locale() == "en" or number > 99:
        return str(number)
    digits = ("", *_("一 二 三 四 五 六 七 八 九").split())
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + (_("十") if tens else "") + digits[ones]


def anchor_words(manifest: Row, key: str) -> str:
    """The name of a moment a clock counts from; "" is when the step opens."""
    if not key:
        return _("轮到本步")
    row = next((a for a in manifest.get("anchors", []) if a.get("key") == key), None)
    if row is not None and row.get("name"):
        return loc(row)
    return named(ANCHORS, key)


def span_words(manifest: Row, terms: Sequence[Term]) -> str:
    """Lengths of time put together: ``1 小时``, or the name of the one the unit sets."""
    found: list[str] = []
    for sign, text in terms:
        key = text.removeprefix("settings.")
        row = next((r for r in manifest.get("settings", []) if r.get("key") == key), None)
        words = " / ".join(format_iso(one) for one in text.split("|"))
        if text == OTHER:
            words = _("流程中另计的时间")
        if key != text:
            words = _("“%(name)s”所设的时间", name=loc(row) if row is not None else key)
        found.append(words if not found else f"{'-' if sign == '-' else '+'} {words}")
    return " ".join(found)


def until_words(manifest: Row, moment: Moment) -> str:
    """A limit: by when at the latest."""
    span = span_words(manifest, moment.terms)
    if moment.text or moment.every:
        return at_words(manifest, moment)
    if not moment.frame and not moment.base:
        return _("轮到本步起 %(span)s内", span=span)
    if not moment.frame and moment.terms:
        return _("%(base)s起 %(span)s内", base=_base(manifest, moment), span=span)
    if not moment.terms:
        return _("%(day)s 24:00 前", day=_day(manifest, moment))
    return at_words(manifest, moment)


def at_words(manifest: Row, moment: Moment) -> str:
    """The moment a timer runs out."""
    span = span_words(manifest, moment.terms)
    if moment.text:
        return moment.text
    if moment.every:
        every = format_iso(moment.every)
        if moment.times:
            return _("每 %(span)s一次,共 %(n)s 次", span=every, n=moment.times)
        return _("每 %(span)s一次", span=every)
    if not moment.frame:
        if not moment.base:
            return _("轮到本步满 %(span)s", span=span)
        if not span:
            return _("到%(anchor)s", anchor=anchor_words(manifest, moment.base))
        return _("%(base)s起满 %(span)s", base=_base(manifest, moment), span=span)
    day = _day(manifest, moment)
    if not moment.terms:
        return _("%(day)s 24:00", day=day)
    if moment.terms[0][0] == "-":
        return _("%(day)s 24:00 之前 %(span)s", day=day, span=span)
    return _("%(day)s 24:00 之后 %(span)s", day=day, span=span)


def _base(manifest: Row, moment: Moment) -> str:
    base = anchor_words(manifest, moment.base)
    if not moment.instead:
        return _("自%(anchor)s", anchor=base)
    other = anchor_words(manifest, moment.instead)
    return _("自%(anchor)s(重新定级的,自%(other)s)", anchor=base, other=other)


def _day(manifest: Row, moment: Moment) -> str:
    anchor = anchor_words(manifest, moment.base)
    if moment.frame == "day_end_after":
        return _("%(anchor)s之后第 %(n)s 日", anchor=anchor, n=moment.count)
    if moment.frame == "working_days":
        return _("%(anchor)s之后第 %(n)s 个工作日", anchor=anchor, n=moment.count)
    return _("%(anchor)s当日", anchor=anchor)


def calls_words(plan: WrittenPlan, numbers: Sequence[str]) -> str:
    """In which steps' calls something holds."""
    named_steps = [
        _("“%(name)s”(第 %(n)s 步)", name=loc(plan.by_number[number].element), n=number)
        for number in numbers
    ]
    return _("在%(steps)s里:", steps=_("、").join(named_steps))


def limit_words(plan: WrittenPlan, limit: Limit) -> str:
    """A clock of a step as one sentence, without the step it leads to."""
    manifest = {**plan.manifest, "anchors": [*plan.manifest.get("anchors", []), *_asked(plan)]}
    until = until_words(manifest, limit.moment)
    at = at_words(manifest, limit.moment)
    span = span_words(manifest, (limit.beyond,)) if limit.beyond else ""
    role = role_words(plan, limit.escalate_to)
    if limit.kind == "due":
        return _("限%(until)s完成。", until=until)
    if limit.kind == "remind":
        return _("到限前 %(span)s提醒。", span=span) if span else _("%(at)s提醒。", at=at)
    if limit.kind == "escalate" and role:
        if span:
            return _("过限 %(span)s仍未完成的,报%(role)s督办。", span=span, role=role)
        return _("%(at)s仍未完成的,报%(role)s督办。", at=at, role=role)
    name = loc(limit)
    if limit.interrupting:
        return _("%(at)s:%(name)s,本步到此为止。", at=at, name=name or _("时间到"))
    return _("%(at)s:%(name)s。", at=at, name=name or _("时间到"))


def _asked(plan: WrittenPlan) -> list[Row]:
    """Days and moments that forms ask for, named as anchors are: a timer may wait for one."""
    return [
        {"key": f"{step.element.id}.{field.id}", "name": field.label, "name_en": field.label_en}
        for step in plan.tasks
        for field in step.element.form_fields
        if field.type in ("date", "datetime")
    ]


def role_words(plan: WrittenPlan, key: str) -> str:
    """The plan's own name of a role."""
    role = plan.role_named.get(key)
    return loc(role) if role is not None else key


def roles_words(plan: WrittenPlan, keys: Sequence[str]) -> str:
    """Roles as a list in words."""
    return _("、").join(role_words(plan, key) for key in keys)


def tiers_words(manifest: Row, keys: Sequence[str]) -> str:
    """Tiers by key as a list in words."""
    names = {row["key"]: loc(row) for row in manifest.get("tiers", [])}
    return _("、").join(names.get(key, key) for key in keys)


def hit_policy(policy: str) -> str:
    """How a decision table comes to one answer."""
    return {
        "PRIORITY": _("几条同时符合的,取等级最高的一条。"),
        "FIRST": _("自上而下,取先符合的一条。"),
        "UNIQUE": _("只会有一条符合。"),
        "ANY": _("符合的各条答案相同。"),
    }.get(policy, _("符合的各条都算。"))


def by_itself(step: Step) -> str:
    """Who does a step that no person does."""
    return {
        "rule": _("按判定表"),
        "notify": _("预案室自动通知"),
        "send": _("预案室自动发出"),
        "wait": _("等待"),
        "choice": _("判断"),
        "pass": _("预案室"),
    }.get(step.kind, "")


def field_words(field: FormField) -> str:
    """What a field asks, with its choices and whether it must be filled."""
    label = loc(field, "label") or field.id
    if field.options:
        english = current_locale() == "en"
        shown = " / ".join(
            (en if english else "") or zh or value for value, zh, en in field.options
        )
        label = _("%(label)s(%(options)s)", label=label, options=shown)
    elif field.type == "boolean":
        label = _("%(label)s(是 / 否)", label=label)
    return _("%(label)s【必填】", label=label) if field.required else label


def asked_words(step: Step) -> list[str]:
    """What is filled in at a step, one text a question."""
    form = plan_terms.FORMS.get(step.element.form_key)
    special = [str(form)] if form is not None else []
    return special + [field_words(field) for field in step.element.form_fields]


def clock_limit(clock: Row) -> str:
    """A clock's limit in words: 1 小时, 当日 24:00 前, 不间断, or that it has no number."""
    iso = str(clock.get("iso", ""))
    if clock.get("kind") == "cover":
        return _("24 小时不间断")
    if iso.startswith("R"):
        return _("每天一次") if iso.endswith("P1D") else iso
    if iso == "P0D":
        return _("当日 24:00 前")
    if iso:
        return format_iso(iso)
    return _("由单位设定") if clock.get("kind") == "external" else _("没有数字")


def letter(number: str) -> str:
    """The letter of the part a step stands in, "" for the plan's own process."""
    return number.rstrip("0123456789.")


def element_anchor(path: str) -> str:
    """The id, in a page, of the element at a path."""
    return "e-" + path.replace("/", ".")
