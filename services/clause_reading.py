"""What the events of one case say of one target of a clause: how it stands, whether it was in time,
and which of them show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from models.history import HistoryEvent
from models.people import Person
from services.clause_targets import ROWS, Target
from services.definitions import static_path
from services.typed_words import free_fields

#: Most events told of one target in one case; the first and the last ones.
TOLD: Final = 8

#: ``quiet``: a clock that did not have to ring.
State = Literal["done", "open", "cancelled", "unreached", "quiet"]


@dataclass(frozen=True, slots=True)
class Item:
    """One event of the evidence. ``step``: "entered", "passed" or "cancelled" where it is what the
    event's step walked through, "" where it is the event itself. ``answer`` is what a field was
    answered with, if it is no text of a person's."""

    event: HistoryEvent
    payload: Mapping[str, Any]
    person: Person | None
    on_behalf_of: Person | None
    step: Literal["", "entered", "passed", "cancelled"] = ""
    answer: Any = None
    answered: bool = False


@dataclass(slots=True)
class Evidence:
    """Of one target in one case. ``verdict`` is the last judgement of its deadline; ``rounds`` how
    often it was done; ``left_out`` how many events are not among ``items``."""

    target: Target
    state: State = "unreached"
    verdict: Literal["", "met", "missed"] = ""
    rounds: int = 0
    items: list[Item] = field(default_factory=list)
    left_out: int = 0


def of_target(target: Target, items: Sequence[Item]) -> Evidence:
    """The evidence for a target from a case's events, in order."""
    if target.kind in ROWS:
        return _of_row(target, items)
    evidence = Evidence(target)
    own: list[Item] = []
    for item in items:
        own += _steps(item, target, evidence)
        if _tells(item, target):
            own.append(_answered(item, target))
        judged = _judged(item, target)
        if judged:
            evidence.verdict = judged
    if target.kind == "timer" and target.element is not None and not evidence.items:
        host = Target("pass", target.doer, target.element.attached_to)
        about = Evidence(host)
        for item in items:
            _steps(item, host, about)
        rang = any(static_path(one.event.element_path) == target.path for one in own)
        came = about.state != "unreached"
        evidence.state = "done" if rang else "quiet" if came else "unreached"
    _keep(evidence, _worth(own, evidence))
    return evidence


def _steps(item: Item, target: Target, evidence: Evidence) -> list[Item]:
    """What the event's step did to the element; notes its state."""
    found: list[Item] = []
    for step in item.payload.get("steps", ()):
        if static_path(step.lstrip("+-").partition("#")[0]) != target.path:
            continue
        if step[0] == "+":
            evidence.state = "open"
            word: Literal["entered", "passed", "cancelled"] = "entered"
        elif step[0] == "-":
            evidence.state, word = "cancelled", "cancelled"
        else:
            evidence.state, word = "done", "passed"
            evidence.rounds += 1
        if target.kind in ("whole", "pass") or word == "entered":
            found.append(Item(item.event, item.payload, item.person, item.on_behalf_of, step=word))
    return found


#: What is told of a task, of what stands in a call or sub-process, and of the clocks on either.
_OF_TASK: Final = (
    "task.completed", "task.cancelled", "task.reassigned", "deadline.met", "deadline.missed",
    "tier.graded", "tier.overridden", "approval.given", "approval.voided", "statement.released",
    "statement.version_added", "statement.withdrawn", "report.line_entered",
    "report.line_acknowledged", "report.line_corrected", "closing.confirmed", "case.closed",
    "archive.item_recorded",
)  # fmt: skip
_OF_WHOLE: Final = (
    "deadline.met", "deadline.missed", "statement.released", "statement.withdrawn",
    "report.line_acknowledged", "report.line_corrected",
)  # fmt: skip
_OF_CLOCK: Final = ("deadline.reminded", "deadline.missed", "deadline.escalated", "timer.fired")
_OF_RULE: Final = ("tier.proposed", "decision.taken")


def _tells(item: Item, target: Target) -> bool:
    type_, path = item.event.type, static_path(item.event.element_path)
    if target.kind == "timer":
        return path == target.path and type_ in _OF_CLOCK
    if path in target.timers:
        return type_ in ("deadline.missed", "deadline.escalated")
    if target.kind == "whole":
        return path.startswith(f"{target.path}/") and type_ in _OF_WHOLE
    if target.kind == "field":
        return path == target.path and type_ in ("task.completed", "task.cancelled")
    if target.kind == "step":
        return path == target.path and type_ in _OF_TASK
    return path == target.path and type_ in _OF_RULE


def _judged(item: Item, target: Target) -> Literal["", "met", "missed"]:
    """What the event says of the target's deadline: its own, or that of what the timer is on."""
    if item.event.type not in ("deadline.met", "deadline.missed"):
        return ""
    path = static_path(item.event.element_path)
    of = target.path
    if target.kind == "timer" and target.element is not None:
        of = target.element.attached_to
    mine = path in (of, target.path) or path in target.timers
    if not mine and target.kind in ("whole", "timer"):
        mine = path.startswith(f"{of}/") and bool(target.timers or target.kind == "timer")
    if not mine:
        return ""
    return "met" if item.event.type == "deadline.met" else "missed"


def _answered(item: Item, target: Target) -> Item:
    if target.kind != "field" or item.event.type != "task.completed" or target.element is None:
        return item
    result = item.payload.get("result")
    given = result.get(target.key) if isinstance(result, Mapping) else None
    text = target.key in free_fields(target.element)
    return Item(
        item.event, item.payload, item.person, item.on_behalf_of,
        answer=None if text else given, answered=text or given is not None,
    )  # fmt: skip


def _worth(items: Sequence[Item], evidence: Evidence) -> list[Item]:
    """Without what is no news: that something was begun which is over, and of judgements within a
    call all that were kept but the last."""
    kept = [one for one in items if one.step != "entered"]
    if evidence.state == "open":
        kept += [one for one in items if one.step == "entered"][-1:]
    elif evidence.target.kind == "whole":
        kept += [one for one in items if one.step == "entered"][:1]
    if evidence.target.kind == "whole":
        met = [one for one in kept if one.event.type == "deadline.met" and not one.step]
        kept = [one for one in kept if one not in met[:-1]]
    return sorted(kept, key=lambda one: (one.event.seq, bool(one.step)))


def _keep(evidence: Evidence, items: list[Item]) -> None:
    if len(items) > TOLD:
        evidence.left_out = len(items) - TOLD
        items = [*items[: TOLD // 2], *items[-(TOLD // 2) :]]
    evidence.items = items


def _of_row(target: Target, items: Iterable[Item]) -> Evidence:
    """What a row of plan.toml left in the case."""
    types, name = ROWS[target.kind]
    own = [
        one
        for one in items
        if one.event.type in types
        and (not (name and target.key) or one.payload.get(name) == target.key)
    ]
    evidence = Evidence(target, rounds=len(own))
    if target.kind == "setting":
        settings = own[0].payload.get("settings", {}) if own else {}
        own = [
            Item(
                one.event, one.payload, one.person, one.on_behalf_of,
                answer=settings.get(target.key), answered=target.key in settings,
            )
            for one in own[:1]
        ]  # fmt: skip
    if own:
        evidence.state = "done"
        confirmed = any(one.event.type == "report.line_acknowledged" for one in own)
        if target.kind == "recipient" and not confirmed:
            evidence.state = "open"
        for one in own:
            if isinstance(one.payload.get("met"), bool) and "due" in one.payload:
                evidence.verdict = "met" if one.payload["met"] else "missed"
    _keep(evidence, own)
    return evidence
