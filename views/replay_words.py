"""A replayed event in words: its sentence, who, when, what was given, what it changed, which rules
matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from services import channels
from services.directory import roles
from services.moments import from_text
from services.replay import LAG, Stretch
from services.replay_details import Asked, Chunk, Detail
from views.i18n import format_moment, format_span, loc
from views.replay_leads import Lead, leads
from views.replay_terms import FIELDS
from views.statement_terms import DECISIONS, METHODS, PARTS
from views.step_words import Way, way
from views.terms import STATEMENT_KINDS, named, shown_value
from views.timeline import Words
from workflows.contract import Element, FormField


@dataclass(frozen=True, slots=True)
class Fact:
    """A value, or its change: ``was`` is None where there was none to compare with."""

    label: str
    now: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An event ready to show. ``index`` counts from 0; ``lag`` is a span, "" when entered at
    once; ``rules`` and ``inputs`` are of a decision; ``same`` is how many values of the element's
    result are as in its previous round; ``name`` and ``path`` say where, ``leads``
    go on; ``clauses`` are of ``plan``."""

    index: int
    seq: int
    type: str
    tone: str
    sentence: str
    who: str
    role: str
    behalf: str
    occurred: datetime
    recorded: datetime
    lag: str
    name: str
    path: str
    round: int
    plan: str
    clauses: Sequence[str]
    facts: Sequence[Fact]
    changes: Sequence[Fact]
    again: bool
    same: int
    rules: Sequence[str]
    inputs: Sequence[Fact]
    leads: Sequence[Lead]


def told(session: Session, case: Case, chunk: Chunk, first: int, now: datetime) -> list[Told]:
    """The chunk's events; ``first`` is the index of its first, ``now`` case time."""
    names = {role.key: role for role in roles(session)}
    accounts = channels.by_id(session)
    words: dict[int, Words] = {}
    out = []
    for n, detail in enumerate(chunk.details):
        stretch = detail.stretch
        if stretch.first not in words:
            words[stretch.first] = words_of(stretch, names, chunk.people, accounts, now)
        out.append(_told(first + n, detail, words[stretch.first]))
    return out


def words_of(
    stretch: Stretch,
    role_names: Mapping[str, Any],
    people: Mapping[int, Person],
    channels: Mapping[int, Any],
    now: datetime,
) -> Words:
    """The names of the version the case then ran on."""
    read = stretch.read
    return Words.of_plan(
        stretch.version.manifest,
        read.elements,
        read.flows,
        now,
        roles=role_names,
        people=people,
        channels=channels,
    )


def _told(index: int, detail: Detail, words: Words) -> Told:
    entry = detail.entry
    event, line = entry.event, words.line(entry)
    shown = [_change(one.field, one.was, one.now, detail, words) for one in detail.changes]
    return Told(
        index=index,
        seq=event.seq,
        type=event.type,
        tone=line.tone,
        sentence=line.text,
        who=loc(entry.person) if entry.person is not None else words.who(entry),
        role=words.role(event.role_key) if event.role_key else "",
        behalf=loc(entry.on_behalf_of) if entry.on_behalf_of is not None else "",
        occurred=event.occurred_at,
        recorded=event.recorded_at,
        lag=format_span(entry.lag) if entry.lag >= LAG and entry.person is not None else "",
        name=words.element(event.element_path) if event.element_path else "",
        path=event.element_path,
        round=int(entry.payload.get("round") or 1),
        plan=detail.stretch.version.plan_key,
        clauses=detail.clauses,
        facts=_facts(detail, words),
        changes=shown,
        again=detail.again,
        same=len(detail.given) - len([one for one in detail.changes if one.now is not None]),
        rules=_rules(detail),
        inputs=list(map(_asked, detail.inputs)),
        leads=leads(detail.entry),
    )


def _ways(detail: Detail) -> list[Way]:
    read, element = detail.stretch.read, detail.element
    home = element.path.rpartition("/")[0] if element is not None else ""
    ways = [(way(rule.key, home, read.elements, read.flows), rule) for rule in detail.rules]
    return [found or Way(rule.text or rule.key, "") for found, rule in ways]


def _change(field: str, was: Any, now: Any, detail: Detail, words: Words) -> Fact:
    element = detail.element
    label = next((loc(f, "label") for f in _fields(element) if f.id == field), "")
    before = _value(field, was, element, words) if detail.again else None
    return Fact(label or named(FIELDS, field), _value(field, now, element, words), before)


def _fields(element: Element | None) -> Sequence[Any]:
    return element.form_fields if element is not None else ()


def _value(field: str, value: Any, element: Element | None, words: Words) -> str:
    """A field's value: an option as its name, a tier as its name, a moment in the unit's zone."""
    for one in _fields(element):
        if one.id == field:
            return _answer(one, value)
    if isinstance(value, str) and value:
        if field == "tier":
            return words.tier(value)
        if field == "decision":
            return named(DECISIONS, value)
        if field == "kind":
            return named(STATEMENT_KINDS, value)
        if field == "digest":
            return value[:12]
        if field.endswith("_at"):
            return _moment(value)
    return shown_value(value)


def _answer(field: FormField | None, value: Any) -> str:
    for key, zh, en in field.options if field is not None else ():
        if key == value:
            return loc({"name": zh, "name_en": en})
    return shown_value(value)


def _asked(one: Asked) -> Fact:
    """What a decision was taken on, as the form asks it; the record's own words where it does not
    say more."""
    field = one.field
    english = field.label_en if field is not None else ""
    asked = field.label if field is not None and "." in one.label else ""
    plain = asked or one.label
    return Fact(loc({"name": plain, "name_en": english}), _answer(field, one.value))


def _moment(text: Any) -> str:
    if not isinstance(text, str) or not text:
        return "—"
    try:
        return format_moment(from_text(text))
    except ValueError:
        return text


def _rules(detail: Detail) -> list[str]:
    """The texts of the rules; a gateway's choice as the ways it took."""
    if detail.entry.event.type == "decision.taken" and not detail.entry.payload.get("decision"):
        return [f"→ {way.name}" + (f"({way.asked})" if way.asked else "") for way in _ways(detail)]
    return [rule.text or rule.key for rule in detail.rules]


def _facts(detail: Detail, words: Words) -> list[Fact]:
    """What an event that is no task's result says or changes beyond its sentence."""
    event, given = detail.entry.event, detail.entry.payload
    found: list[Fact] = []
    if event.type in ("tier.graded", "tier.overridden"):
        before = words.tier(given["was"]) if given.get("was") else "—"
        found.append(Fact(_("舆情等级"), words.tier(given["tier"]), before))
    elif event.type == "deadline.set" and given.get("due"):
        moved = _moment(given["was"]) if given.get("was") else None
        found.append(Fact(_("办理时限"), _moment(given["due"]), moved))
    elif event.type == "anchor.corrected":
        name = words.anchor(given["name"])
        found.append(Fact(name, format_moment(event.occurred_at), _moment(given.get("was"))))
    elif event.type == "task.opened":
        keys = [given["role"]] if given.get("role") else given.get("roles", [])
        if keys:
            found.append(Fact(_("由谁办理"), _("、").join(words.role(key) for key in keys)))
        if given.get("due"):
            found.append(Fact(_("办理时限"), _moment(given["due"])))
    elif event.type == "task.reassigned":
        found.append(
            Fact(_("经办人"), _person(given.get("to"), words), _person(given.get("from"), words))
        )
    elif event.type in ("deadline.met", "deadline.missed", "deadline.escalated"):
        if given.get("due"):
            found.append(Fact(_("办理时限"), _moment(given["due"])))
    elif event.type.startswith("report.line_"):
        if given.get("method"):
            found.append(Fact(_("方式"), named(METHODS, given["method"])))
        if given.get("happened"):
            found.append(Fact(_("报送于"), _moment(given["happened"])))
        if given.get("due"):
            found.append(Fact(_("办理时限"), _moment(given["due"])))
        if "met" in given:
            found.append(Fact(_("在时限内"), shown_value(given["met"])))
    elif event.type == "statement.version_added":
        if given["version"] > 1:
            found.append(Fact(_("版次"), str(given["version"]), str(given["version"] - 1)))
        parts = [named(PARTS, part) for part in given.get("changed", ())]
        found.append(Fact(_("改动的部分"), _("、").join(parts) or "—"))
        found.append(Fact(_("校验码"), str(given["digest"])[:12]))
    elif event.type in ("approval.given", "statement.released"):
        found.append(Fact(_("校验码"), str(given["digest"])[:12]))
        if given.get("oral"):
            found.append(Fact(_("方式"), _("电话请示,待补签")))
    elif event.type == "instance.migrated":
        found.append(Fact(_("预案版次"), str(given["to_number"]), str(given["from_number"])))
    return found


def _person(id: Any, words: Words) -> str:
    person = words.people.get(id or 0)
    return loc(person) if person is not None else "—"
