"""A case's history as sentences. Events are data; here they get words, in the reader's language.

What the engine notes for itself (elements passed, timers armed, intents) is left out of the
timeline and kept for the full record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.people import Person
from services.case_reading import TimelineEvent
from services.moments import from_text
from services.tiers import Tier
from views.i18n import format_short, format_span, loc
from views.incident_words import incident_sentence
from views.record_words import RECORD_SENTENCES
from views.terms import ANCHORS, named

#: (tone, sentence) by event type. Arguments: task, tier, proposed, was, anchor, occurred, to,
#: reason, late, title... as `Words.arguments` finds them.
SENTENCES = {
    "case.opened": ("act", _l("启动事件")),
    "case.closed": ("good", _l("事件办结")),
    "case.archived": ("good", _l("事件归档:共 %(items)s 项,缺 %(missing)s 项")),
    "case.clock_moved": ("note", _l("事件时钟快进 %(moved)s")),
    "case.member_added": ("note", _l("增加参与人员")),
    "recusal.recorded": ("act", _l("登记回避:%(recused)s,%(reason)s")),
    "recusal.lifted": ("act", _l("解除回避:%(recused)s,%(reason)s")),
    "anchor.recorded": ("note", _l("记录%(anchor)s:%(occurred)s")),
    "anchor.corrected": ("act", _l("更正%(anchor)s为 %(occurred)s:%(reason)s")),
    "tier.proposed": ("note", _l("判定表建议:%(tier)s")),
    "tier.graded": ("act", _l("定级:%(tier)s")),
    "tier.overridden": ("act", _l("改定为%(tier)s(建议%(proposed)s):%(reason)s")),
    "tier.retier_requested": ("act", _l("要求重新定级:%(reason)s")),
    "task.opened": ("note", _l("转入:%(task)s")),
    "task.claimed": ("note", _l("签收:%(task)s")),
    "task.unclaimed": ("note", _l("退回签收:%(task)s")),
    "task.reassigned": ("note", _l("转办:%(task)s")),
    "task.completed": ("good", _l("办结:%(task)s")),
    "task.cancelled": ("note", _l("不再办理:%(task)s")),
    "deadline.set": ("note", _l("时限改为 %(due)s:%(task)s")),
    "deadline.reminded": ("note", _l("提醒:%(task)s")),
    "deadline.met": ("good", _l("按时:%(task)s,余 %(spare)s")),
    "deadline.missed": ("late", _l("超时:%(task)s %(late)s")),
    "deadline.escalated": ("late", _l("督办:%(task)s,已报 %(to)s")),
    "incident.raised": ("late", _l("运行异常:%(message)s")),
    "incident.resolved": ("good", _l("异常已处理:%(resolution)s")),
    "statement.created": ("act", _l("起草文稿")),
    "statement.version_added": ("act", _l("文稿第 %(version)s 版")),
    "approval.given": ("act", _l("文稿第 %(version)s 版,%(approval)s:%(decision)s %(comment)s")),
    "approval.countersigned": ("act", _l("补签")),
    "approval.voided": ("late", _l("文稿改动,原签批失效")),
    "statement.released": ("good", _l("发布第 %(version)s 版:%(channel_name)s %(account)s")),
    "statement.corrected": ("act", _l("发布更正")),
    "statement.link_added": ("note", _l("补充发布链接")),
    "statement.withdrawn": ("late", _l("撤回发布:%(reason)s")),
    "report.line_entered": ("act", _l("信息报送:%(recipient)s %(to_whom)s")),
    "report.line_acknowledged": ("good", _l("报送已确认:%(recipient)s")),
    "report.line_corrected": ("act", _l("更正报送:%(recipient)s %(reason)s")),
    "closing.confirmed": ("act", _l("确认办结条件:%(note)s")),
    "archive.item_recorded": ("note", _l("归档登记:%(name)s")),
    "personal.destroyed": ("act", _l("销毁个人信息:%(values)s 处,文件 %(files)s 件;依据%(basis)s")),
    "signal.taken": ("note", _l("线索转为事件")),
    "file.added": ("note", _l("添加附件:%(name)s")),
    "notification.sent": ("note", _l("发出通知")),
    "instance.migrated": (
        "act",
        _l("预案由第 %(from_number)s 版迁到第 %(to_number)s 版:%(reason)s"),
    ),
    "instance.cancelled": ("late", _l("流程终止:%(reason)s")),
}

DECISIONS = {
    "approve": _l("同意"),
    "approve_with_edits": _l("修改后同意"),
    "return": _l("退回修改"),
    "reject": _l("不同意"),
}

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
    """What turns keys of events into names: elements by path, tiers, roles, recipients and
    anchors by key, approvals by kind, items of the archive list by key."""

    elements: Mapping[str, Any]
    tiers: Mapping[str, Tier]
    roles: Mapping[str, Any]
    recipients: Mapping[str, Any]
    anchors: Mapping[str, Any]
    approvals: Mapping[str, Any]
    now: datetime
    people: Mapping[int, Person] = field(default_factory=dict)
    archive: Mapping[str, Any] = field(default_factory=dict)

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
            words["rules"] = ", ".join(str(rule) for rule in given.get("matched", ()))
        if isinstance(given.get("seconds"), int):
            words["moved"] = format_span(given["seconds"])
        if isinstance(given.get("due"), str):
            words["due"] = format_short(from_text(given["due"]), self.now)
        if entry.event.type == "incident.raised":
            words["message"] = incident_sentence(str(given.get("code", "")))
        if entry.event.type == "deadline.escalated":
            words["to"] = self.role(given.get("to"))
        if entry.event.type.startswith("recusal."):
            person = self.people.get(given.get("person") or 0)
            words["recused"] = loc(person) if person is not None else self.role(given.get("role"))
        if entry.event.type == "personal.destroyed":
            words["basis"] = _("、").join(str(one) for one in given.get("basis", ()))
        if "recipient" in given:
            recipient = self.recipients.get(str(given["recipient"]))
            words["recipient"] = loc(recipient) if recipient else str(given["recipient"])
        if entry.event.type == "approval.given":
            kind = self.approvals.get(str(given.get("kind")))
            words["approval"] = loc(kind) if kind else str(given.get("kind") or "")
            words["decision"] = named(DECISIONS, str(given["decision"]))
        return words

    def line(self, entry: TimelineEvent) -> Line:
        """The event as a row."""
        event = entry.event
        tone, template = SENTENCES.get(event.type) or ("note", RECORD_SENTENCES[event.type])
        text = (str(template) % self.arguments(entry)).strip().rstrip(":")
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
