"""What a what-if run found, in words: answers, elements, deadlines; the marks of the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.plan_reading import process_names
from services.plan_text_moments import read as read_moment
from services.whatif import Outcome, Prepared
from views import plan_words
from views.diagram import calls
from views.i18n import current_locale, format_iso, loc
from views.incident_words import incident_sentence
from workflows.contract import Element
from workflows.task import static_path
from workflows.whatif.play import MOST_STEPS
from workflows.whatif.questions import TIER
from workflows.whatif.runs import Share, Stuck
from workflows.whatif.walk import Scenario

#: The answers of the special forms.
ANSWERS = {
    "approve": _l("同意"),
    "return": _l("退回修改"),
    "reject": _l("不同意"),
}
#: The fields of the special forms.
FIELDS = {
    "decision": _l("意见"),
    "criterion_met": _l("平息标准已达到"),
}
MESSAGES = {"retier": _l("重新定级")}
#: Shares from which a deadline is held to be safe, and below which it is not.
SAFE, DOUBTFUL = 0.95, 0.8


class Words:
    """The words of one plan."""

    def __init__(self, prepared: Prepared, roles: Mapping[str, str]) -> None:
        self.prepared = prepared
        self.roles = roles
        self.tiers = {tier.key: loc(tier) for tier in prepared.tiers}
        self.elements = prepared.read.elements

    def role(self, key: str) -> str:
        """The unit's name for a role, else the plan's, else its key."""
        if key in self.roles:
            return self.roles[key]
        rows = (self.prepared.manifest.get("roles") or {}).values()
        row = next((r for r in rows if isinstance(r, Mapping) and r.get("role") == key), None)
        return loc(row) if row is not None else key or _("(未定角色)")

    def tier(self, key: str) -> str:
        return self.tiers.get(key, key)

    def step(self, path: str) -> str:
        """An element's name, and in which call it stands: ``24小时内回应 › 签发``."""
        element = self.elements.get(static_path(path))
        if element is None:
            return path
        return _(" › ").join([*self._around(element), loc(element) or element.id])

    def short(self, path: str) -> str:
        """An element's name alone."""
        element = self.elements.get(static_path(path))
        return (loc(element) or element.id) if element is not None else path

    def answer(self, key: str, value: Any) -> str:
        """An answer as the form shows it: ``研判核实:需要对外回应 = 否``."""
        path, _hash, field_id = key.rpartition("#")
        element = self.elements.get(path)
        field = (
            next((f for f in element.form_fields if f.id == field_id), None) if element else None
        )
        if field is not None:
            name = field.label_en if _english() and field.label_en else field.label
        else:
            name = str(FIELDS.get(field_id, field_id))
        return _(
            "%(step)s:%(field)s = %(value)s",
            step=self.short(path),
            field=name,
            value=self.value(field, value),
        )

    def value(self, field: Any, value: Any) -> str:
        """A value as the form shows it."""
        if isinstance(value, bool):
            return _("是") if value else _("否")
        for option, zh, en in field.options if field is not None else ():
            if option == value:
                return (en if _english() and en else zh) or str(option)
        return str(ANSWERS.get(str(value), value))

    def answers(self, answers: Sequence[tuple[str, int, Any]]) -> list[str]:
        """Answers in words, the tier among them; one given later than the first time says so."""
        found = []
        for key, n, value in answers:
            if key == TIER:
                text = _("定为%(tier)s", tier=self.tier(str(value)))
            else:
                text = self.answer(key, value)
            found.append(text if n == 1 else _("%(answer)s(第 %(n)s 次)", answer=text, n=n))
        return found

    def scenario(self, scenario: Scenario) -> str:
        """What sets a scenario apart from its tier's usual course."""
        parts = self.answers(scenario.answers)
        if scenario.message:
            name = str(MESSAGES.get(scenario.message, scenario.message))
            parts.append(_("中途“%(message)s”", message=name))
        if len(scenario.tiers) > 1:
            parts.append(_("后来定为%(tier)s", tier=self.tier(scenario.tiers[-1])))
        if scenario.late:
            parts.append(_("有时限的都拖过时限"))
        return _("、").join(parts) if parts else _("照平常")

    def ended(self, ended: str, code: str, path: str) -> str:
        """Why a case came to no end, in words."""
        if ended == "incident":
            place = self.step(path) if path else _("开始")
            return _("停在“%(step)s”:%(why)s", step=place, why=incident_sentence(code))
        if ended == "waits":
            names = [str(MESSAGES.get(name, name)) for name in path.split()]
            listed = _("、").join(names) or "—"
            return _("谁都没有事可做了,流程还开着,只等消息:%(messages)s", messages=listed)
        return _("走了 %(n)s 步还没有结束,在原地打转", n=MOST_STEPS)

    def stuck(self, stuck: Stuck) -> tuple[str, list[str]]:
        """Why, and the answers of the first run that came there."""
        return self.ended(stuck.ended, stuck.code, stuck.path), self.answers(stuck.answers)

    def limit(self, path: str) -> str:
        """How long a deadline's timer runs: ``自发现时间起 1 小时内``."""
        element = self.elements.get(path)
        if element is None:
            return ""
        inside = path.rpartition("/")[0]
        places = self.prepared.read.root.walk()
        place = next((one for one in places if one.path == inside), None)
        if place is None:
            return element.timer
        moment = read_moment(element.timer, element.timer_kind, place)
        if moment is None:
            return ""
        return plan_words.until_words(self.prepared.manifest, moment)

    def _around(self, element: Element) -> list[str]:
        parts = element.path.split("/")[:-1]
        paths = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        return [loc(self.elements[p]) or p for p in paths if p in self.elements]


@dataclass(frozen=True, slots=True)
class Row:
    """A deadline before and after; either side is None where it did not apply."""

    path: str
    host: str
    name: str
    limit: str
    before: Share | None
    after: Share | None

    @property
    def change(self) -> float | None:
        """Percentage points."""
        if self.before is None or self.after is None:
            return None
        return 100 * (self.after.share - self.before.share)


def rows(outcome: Outcome, draft: Words, version: Words | None) -> list[Row]:
    """Every deadline that applied in either version, the worst of the draft first."""
    after = {one.path: one for one in outcome.after.shares}
    before = {one.path: one for one in outcome.before.shares} if outcome.before else {}
    found = []
    for path in dict.fromkeys([*after, *before]):
        words = draft if path in after or version is None else version
        element = words.elements.get(path)
        host = element.attached_to if element is not None else ""
        found.append(
            Row(path, host, words.step(host or path), words.limit(path), before.get(path),
                after.get(path))
        )  # fmt: skip
    return sorted(found, key=lambda row: row.after.share if row.after else 2.0)


def states(
    found: Sequence[Row], prepared: Prepared, compared: bool
) -> dict[str, dict[str, dict[str, Any]]]:
    """The marks of the drawing: process id -> element id -> mark. A deadline marks the step it is
    for and every call around it; where several do, the worst one speaks."""
    elements = prepared.read.elements
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in found:
        parts = (row.host or row.path).split("/")
        for n in range(len(parts)):
            element = elements.get("/".join(parts[: n + 1]))
            if element is not None:
                grouped.setdefault((element.process_id, element.id), []).append(row)
    marks: dict[str, dict[str, dict[str, Any]]] = {}
    for (process, id), own in grouped.items():
        worst = min(own, key=lambda row: row.after.share if row.after else 2.0)
        share = worst.after.share if worst.after else None
        text = before_after(worst, compared)
        if len(own) > 1:
            text = _("%(share)s(%(n)s 处中最低)", share=text, n=len(own))
        late = share is not None and share < DOUBTFUL
        marks.setdefault(process, {})[id] = {
            "state": "done" if share is not None and share >= SAFE else "open",
            "late": late,
            "text": text,
            "label": _("、").join(f"{row.name} {before_after(row, compared)}" for row in own),
        }
    return marks


def sheets(
    prepared: Prepared, marks: Mapping[str, Mapping[str, Any]], source: Any
) -> list[dict[str, Any]]:
    """The drawings with their marks, the plan's own first, then those with a mark.
    ``source(file)`` is where the browser fetches a file."""
    read = prepared.read
    names = process_names(read)
    used = dict.fromkeys([read.process_id, *(call.process_id for call in read.calls.values())])
    return [
        {
            "key": process_id,
            "title": loc(names[process_id]),
            "source": source(read.processes[process_id].file),
            "states": marks.get(process_id, {}),
            "calls": calls(read),
        }
        for process_id in used
        if process_id in read.processes
    ]


def before_after(row: Row, compared: bool) -> str:
    """``98 % → 85 %``, or the one figure where nothing is compared."""
    after = percent(row.after.share) if row.after else "—"
    if not compared:
        return after
    return f"{percent(row.before.share) if row.before else '—'} → {after}"


def percent(share: float) -> str:
    """Whole percent; never 100 or 0 for what is not all or nothing."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        rounded = 99
    if rounded == 0 and share > 0:
        rounded = 1
    return f"{rounded} %"


def lapse(minutes: float) -> str:
    """A length of time, exact to the minute: ``1 小时``, ``2 天 3 小时 5 分钟``."""
    whole = round(minutes)
    days, rest = divmod(whole, 1440)
    hours, left = divmod(rest, 60)
    return format_iso(f"P{days}DT{hours}H{left}M") if whole > 0 else _("%(m)s 分钟", m=0)


def _english() -> bool:
    return current_locale() == "en"
