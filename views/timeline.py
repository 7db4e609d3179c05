"""A case's history as sentences. Events are data; here they get words, in the reader's language.

What the engine notes for itself (elements passed, timers armed, intents) is left out of the
timeline and kept for the full record.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from models.people import Person
from services.case_reading import TimelineEvent
from services.moments import from_text
from services.tiers import Tier, tiers_of
from views.i18n import format_short, format_span, loc
from views.incident_words import incident_sentence
from views.record_words import MESSAGES, NOTICES, RECORD_SENTENCES, TOPICS
from views.sentences import DECISIONS, MOVED, SENTENCES
from views.step_words import step_sentence
from views.terms import ANCHORS, STATEMENT_KINDS, named

#: Events that say whom they told, and the field that holds it.
_TOLD = {"task.reassigned": "to", "deadline.reminded": "persons", "notification.sent": "to"}
#: What a sentence ends in whose last place is empty.
_END = re.compile(r"[\s:]+$")
#: As many people are named in a sentence.
_MOST_NAMED = 6

#: A later entry than this after the act is shown as 补录 (seconds).
LAG = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the timeline, ready to show. ``lag`` is a span in words, "" when entered at
    once."""

    at: datetime
    recorded_at: datetime
    who: str
    text: str
    tone: str
    lag: str
    seq: int
    type: str


@dataclass(frozen=True, slots=True)
class Words:
    """What turns keys of events into names: elements and flows by path, tiers, roles, recipients
    and anchors by key, approvals by kind, items of the archive list by key, people and channels by
    their row (`rows_named` says whose are wanted)."""

    elements: Mapping[str, Any]
    tiers: Mapping[str, Tier]
    roles: Mapping[str, Any]
    recipients: Mapping[str, Any]
    anchors: Mapping[str, Any]
    approvals: Mapping[str, Any]
    now: datetime
    people: Mapping[int, Person] = field(default_factory=dict)
    archive: Mapping[str, Any] = field(default_factory=dict)
    flows: Mapping[str, Any] = field(default_factory=dict)
    channels: Mapping[int, Any] = field(default_factory=dict)

    @classmethod
    def of_plan(
        cls,
        manifest: Mapping[str, Any],
        elements: Mapping[str, Any],
        flows: Mapping[str, Any],
        now: datetime,
        **more: Mapping[Any, Any],
    ) -> Words:
        """The names a version of a plan has (``manifest``, and its elements and flows by path);
        ``more`` are the roles, people and channels of the unit."""

        def rows(name: str, key: str = "key") -> dict[str, Any]:
            return {str(row[key]): row for row in manifest.get(name, [])}

        return cls(
            elements=elements,
            flows=flows,
            tiers={tier.key: tier for tier in tiers_of(manifest)},
            recipients=rows("recipients"),
            anchors=rows("anchors"),
            approvals=rows("approvals", "kind"),
            archive=rows("archive"),
            now=now,
            **more,
        )

    def element(self, path: str) -> str:
        """An element's name; its path where the plan gives none."""
        found = self.elements.get(path)
        return (loc(found) if found is not None else "") or path

    def task(self, path: str) -> str:
        """The name of what an event is about: for a deadline, of what the deadline is set on."""
        found = self.elements.get(path)
        return self.element(getattr(found, "attached_to", "") or path)

    def tier(self, key: object) -> str:
        found = self.tiers.get(str(key))
        return loc(found) if found is not None else str(key or "")

    def anchor(self, key: object) -> str:
        found = self.anchors.get(str(key))
        return loc(found) if found is not None else named(ANCHORS, str(key))

    def role(self, key: object) -> str:
        found = self.roles.get(str(key))
        return loc(found) if found is not None else str(key or "")

    def persons(self, ids: object) -> str:
        """The names of some people, the first few of many; "" for none that is known."""
        given: Sequence[Any] = ids if isinstance(ids, list | tuple) else [ids]
        known = [loc(self.people[one]) for one in given if one in self.people]
        shown = _("、").join(known[:_MOST_NAMED])
        more = len(given) - _MOST_NAMED
        return _("%(names)s等 %(n)s 人", names=shown, n=len(given)) if more > 0 else shown

    def who(self, entry: TimelineEvent) -> str:
        """The actor: a person in a role, perhaps for another; else the clock or Planroom."""
        if entry.person is None:
            return _("时钟") if entry.event.type.startswith(("deadline", "timer")) else _("系统")
        name = loc(entry.person)
        if entry.event.role_key:
            name = _("%(name)s(%(role)s)", name=name, role=self.role(entry.event.role_key))
        if entry.on_behalf_of is not None:
            name = _("%(name)s代%(other)s", name=name, other=loc(entry.on_behalf_of))
        return name

    def arguments(self, entry: TimelineEvent) -> dict[str, str]:
        """What fills the sentence: the payload and the personal values, keys made words."""
        words: dict[str, str] = defaultdict(str)
        for source in (entry.payload, entry.personal):
            for name, value in source.items():
                if not isinstance(value, dict | list):
                    words[name] = str(value if value is not None else "")
        words |= dict.fromkeys(entry.erased, _("(已销毁)"))
        given = entry.payload
        words["task"] = self.task(entry.event.element_path)
        words["occurred"] = format_short(entry.event.occurred_at, self.now)
        for name in ("tier", "proposed", "was", "from"):
            if name in given:
                words[name] = self.tier(given[name])
        if "name" in given and entry.event.type.startswith("anchor."):
            words["anchor"] = self.anchor(given["name"])
        if entry.event.type == "archive.item_recorded" and given.get("key") in self.archive:
            # What it was called when it was archived; the English is the plan's.
            english = self.archive[given["key"]].get("name_en", "")
            words["name"] = loc({"name": given["name"], "name_en": english})
        for name in ("late", "spare"):
            if isinstance(given.get(name), int):
                words[name] = format_span(given[name])
        if entry.person is None and isinstance(given.get("late"), int) and given["late"] < LAG:
            # The clock notes the miss as it happens: how late it was then says nothing.
            words["late"] = ""
        if entry.event.type == "decision.taken":
            texts = given.get("texts") or given.get("matched", ())
            words["rules"] = "; ".join(str(text) for text in texts)
        if isinstance(given.get("seconds"), int):
            words["moved"] = format_span(given["seconds"])
        if isinstance(given.get("due"), str):
            words["due"] = format_short(from_text(given["due"]), self.now)
        if entry.event.type == "incident.raised":
            words["message"] = incident_sentence(str(given.get("code", "")))
        if entry.event.type == "deadline.escalated":
            names = self.persons(given.get("persons") or [])
            words["to"] = self.role(given.get("to"))
            if names:
                words["to"] = _("%(name)s(%(role)s)", name=words["to"], role=names)
        elif entry.event.type in _TOLD:
            names = self.persons(given.get(_TOLD[entry.event.type]) or [])
            words["to"] = f"→ {names}" if names else ""
        if entry.event.type.startswith("recusal."):
            words["recused"] = self.persons(given.get("person")) or self.role(given.get("role"))
        if entry.event.type == "case.member_added":
            words["member"] = self.persons(given.get("person"))
        if "kind" in given:
            words["kind"] = named(NOTICES, named(STATEMENT_KINDS, str(given["kind"])))
        if "topic" in given:
            words["topic"] = named(TOPICS, str(given["topic"]))
        if entry.event.type == "message.sent":
            words["name"] = named(MESSAGES, str(given["name"]))
        if given.get("channel") in self.channels:
            words["channel_name"] = loc(self.channels[given["channel"]])
        if entry.event.type == "personal.destroyed":
            words["basis"] = _("、").join(str(one) for one in given.get("basis", ()))
        if "recipient" in given:
            recipient = self.recipients.get(str(given["recipient"]))
            words["recipient"] = loc(recipient) if recipient else str(given["recipient"])
        if entry.event.type == "approval.given":
            kind = self.approvals.get(str(given.get("kind")))
            words["approval"] = loc(kind) if kind else str(given.get("kind") or "")
            words["decision"] = named(DECISIONS, str(given["decision"]))
            if given.get("oral"):
                words["decision"] = _("%(decision)s(口头)", decision=words["decision"])
        return words

    def line(self, entry: TimelineEvent, more: dict[str, str] | None = None) -> Line:
        """The event as a row; ``more`` fills what an event of no case needs."""
        event = entry.event
        tone, template = SENTENCES.get(event.type) or ("note", RECORD_SENTENCES[event.type])
        if event.type == "deadline.set" and entry.payload.get("was"):
            template = MOVED
        task = self.task(event.element_path)
        text = step_sentence(
            event.type, event.element_path, task, entry.payload, self.elements, self.flows
        )
        text = text or str(template) % (self.arguments(entry) | (more or {}))
        text = _END.sub("", text)
        return Line(
            at=event.occurred_at,
            recorded_at=event.recorded_at,
            who=self.who(entry),
            text=text,
            tone=tone,
            # The clock enters nothing later: a case's moved time is no 补录.
            lag=format_span(entry.lag) if entry.lag >= LAG and entry.person else "",
            seq=event.seq,
            type=event.type,
        )


def rows_named(payloads: Iterable[Mapping[str, Any]]) -> set[int]:
    """The people that sentences name besides who acted."""
    found = set[int]()
    for given in payloads:
        for name in ("person", "to", "persons", "from"):
            value = given.get(name)
            some = value if isinstance(value, list) else [value]
            found |= {one for one in some[:_MOST_NAMED] if type(one) is int}
    return found


#: In the timeline a task's opening, the clock's note of a kept deadline and what repeats a
#: neighbouring line are left out; the record has all of it.
HIDDEN = frozenset(
    {
        "task.opened",
        "task.claimed",
        "anchor.recorded",
        "archive.item_recorded",
        "notification.sent",
    }
)


def _worth_reading(entry: TimelineEvent) -> bool:
    if entry.event.type == "deadline.set":
        # Only when somebody's correction moved it; its first setting is the plan's own.
        return bool(entry.payload.get("reason"))
    return entry.event.type in SENTENCES and entry.event.type not in HIDDEN


def timeline(words: Words, entries: Iterable[TimelineEvent]) -> list[Line]:
    """What a person wants to read, the latest first."""
    return [words.line(entry) for entry in entries if _worth_reading(entry)][::-1]


def record(words: Words, entries: Iterable[TimelineEvent]) -> list[Line]:
    """Every event, in order."""
    return [words.line(entry) for entry in entries]
