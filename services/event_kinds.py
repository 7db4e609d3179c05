"""What an event is an exception as (例外), and whether it says that a deadline was kept.

The registry says it (`services.history_types`); only ``entered_later`` is about the columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from services import history
from services.canonical import canonical
from services.history_schema import Schema
from services.history_types import event_type, exception_types

#: A person entered it later than it happened (补录).
ENTERED_LATER = "entered_later"
LATE = "late"
#: From this many seconds on an entry counts as later than the act.
LAG = 60
#: The event of a deadline kept; types that may be ``late`` say so by the field ``met``.
_KEPT = "deadline.met"
_MET: Schema = {"properties": {"met": {"const": True}}, "required": ["met"]}


def all_kinds() -> tuple[str, ...]:
    """Every kind of exception there is, as the registry lists them, ``entered_later`` last."""
    return (*exception_types(), ENTERED_LATER)


def marks_of(kinds: Collection[str]) -> dict[str, frozenset[str]]:
    """The event types that may be one of the kinds, each with texts of which one stands in the
    content of those that are; none: any may be."""
    known = exception_types()
    return _marks(
        (type_.name, type_.exceptions[kind]) for kind in kinds for type_ in known.get(kind, ())
    )


def marks_judged(late: bool) -> dict[str, frozenset[str]]:
    """As `marks_of`, for those that say a deadline was missed (``late``), or met."""
    if late:
        return marks_of((LATE,))
    names = types_judged(False) - {_KEPT}
    return _marks([(_KEPT, {}), *((name, _MET) for name in names)])


def is_entered_later(event: Any) -> bool:
    """``event`` is a `HistoryEvent` or a row of its columns."""
    lag = (event.recorded_at - event.occurred_at).total_seconds()
    return event.person_id is not None and lag >= LAG


def kinds_of(event: Any, content: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The kinds of exception an event (or a row of its columns) is. ``content`` is
    `history.content_of`, if it has been read already."""
    read = history.content_of(event) if content is None else content
    named = event_type(event.type, read["v"]).exceptions_of(read["data"])
    return (*named, ENTERED_LATER) if is_entered_later(event) else named


def lateness(event: Any, content: Mapping[str, Any]) -> bool | None:
    """True for an event that says a deadline was missed, False for one that says it was met, None
    for any other."""
    data, spec = content["data"], event_type(event.type, content["v"])
    if LATE in spec.exceptions_of(data):
        return True
    if event.type == _KEPT or (LATE in spec.exceptions and data.get("met") is True):
        return False
    return None


def types_judged(late: bool) -> set[str]:
    """The event types that may say a deadline was missed (``late``), or met."""
    missed = exception_types().get(LATE, [])
    if late:
        return {type_.name for type_ in missed}
    return {_KEPT} | {t.name for t in missed if "met" in {**t.required, **t.optional}}


def _marks(rules: Iterable[tuple[str, Schema]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, rule in rules:
        found.setdefault(name, set()).add(_mark(rule))
    return {name: frozenset(() if "" in texts else texts) for name, texts in found.items()}


def _mark(rule: Schema) -> str:
    """A text in the canonical JSON of every payload that meets the rule; "" where none is sure."""
    for name in rule.get("required", ()):
        value = rule.get("properties", {}).get(name, {})
        if "const" in value:
            return f"{canonical(name)}:{canonical(value['const'])}"
    return ""
