"""The filter of the audit room's lists: as a form gives it, as an address carries it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from models.people import Person, Role
from services import audit_lookups
from services.directory import people, roles
from services.errors import Refusal
from services.event_filter import EventFilter
from services.history_types import all_types
from services.moments import utc_text
from services.plan_reading import plan_by_key
from views.event_names import EVENT_NAMES, event_name
from views.exception_words import kinds_in_words
from views.filter_words import CATEGORIES, YES
from views.forms.base import Reader
from views.i18n import loc
from views.names import tiers_by_name
from views.terms import named

_NO = frozenset({"no", "false", "0", "False"})


@dataclass(frozen=True, slots=True)
class Options:
    """What the form offers: (value, words); types by category."""

    plans: Sequence[tuple[str, str]]
    people: Sequence[tuple[int, str]]
    roles: Sequence[tuple[str, str]]
    tiers: Sequence[tuple[str, str]]
    categories: Sequence[tuple[str, str]]
    types: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    kinds: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter, and what of it is wrong by field; ``values`` are as typed."""

    flt: EventFilter
    values: Mapping[str, Any]
    errors: Mapping[str, str]


def options(session: Session) -> Options:
    """Everything there is to choose from."""
    plans = audit_lookups.plans(session)
    by_category: dict[str, list[tuple[str, str]]] = {}
    order = {name: place for place, name in enumerate(EVENT_NAMES)}
    for type_ in sorted(all_types(), key=lambda type_: order.get(type_.name, len(order))):
        by_category.setdefault(type_.category, []).append((type_.name, event_name(type_.name)))
    everybody: list[Person] = people(session, active=False)
    held: list[Role] = roles(session)
    return Options(
        plans=[(plan.key, loc(plan, "title")) for plan in plans],
        people=[(person.id, f"{loc(person)} ({person.username})") for person in everybody],
        roles=[(role.key, loc(role)) for role in held],
        tiers=tiers_by_name(audit_lookups.version_tiers(session)),
        categories=[(key, str(words)) for key, words in CATEGORIES.items()],
        types=[(named(CATEGORIES, key), rows) for key, rows in by_category.items()],
        kinds=kinds_in_words(),
    )


def read(session: Session, args: MultiDict[str, str]) -> Asked:
    """The filter an address or form asks for. What cannot be read is left out of it and named in
    ``errors``."""
    reader = Reader(args)
    known = {type_.name for type_ in all_types()}
    kinds = {kind for kind, _words in kinds_in_words()}
    late = reader.choice("late", YES | _NO)
    given: dict[str, Any] = {
        "case": _case(session, reader),
        "plan": reader.text("plan", limit=60),
        "person": _number(reader, "person"),
        "role": reader.text("role", limit=60),
        "element": reader.text("element", limit=300),
        "clause": reader.text("clause", limit=60),
        "types": _several(reader, args, "types", known),
        "category": reader.choice("category", CATEGORIES),
        "kinds": _several(reader, args, "kinds", kinds),
        "tier": reader.text("tier", limit=40),
        "late": None if not late else late in YES,
        "since": reader.moment("since"),
        "until": reader.moment("until"),
        "open_only": reader.flag("open_only"),
    }
    if given["plan"] and plan_by_key(session, given["plan"]) is None:
        reader.wrong("plan", _("没有这个预案。"))
    if given["clause"] and not given["plan"]:
        reader.wrong("clause", _("请先选择预案。"))
    since, until = given["since"], given["until"]
    if since is not None and until is not None and until <= since:
        reader.wrong("until", _("结束不能早于开始。"))
    flt = EventFilter() if reader.errors else EventFilter(**given)
    values = args.to_dict() | {"since": since or args.get("since", "")}
    values |= {"until": until or args.get("until", ""), "types": args.getlist("types")}
    values |= {"kinds": args.getlist("kinds"), "late": _late(late)}
    return Asked(flt, values, reader.errors)


def arguments(flt: EventFilter) -> dict[str, Any]:
    """The filter as arguments of an address (``url_for(..., **arguments)``)."""
    found = flt.to_dict()
    for name in ("since", "until"):
        if name in found:
            found[name] = utc_text(getattr(flt, name))
    for name in ("late", "open_only"):
        if name in found:
            found[name] = "yes" if found[name] else "no"
    return found


def values_of(flt: EventFilter) -> dict[str, Any]:
    """The filter as the form shows it."""
    return arguments(flt) | {"since": flt.since or "", "until": flt.until or ""}


def to_json(flt: EventFilter) -> str:
    """For a form's hidden field."""
    return json.dumps(flt.to_dict(), ensure_ascii=False)


def from_json(text: str) -> EventFilter:
    """What `to_json` wrote. Raises Refusal ``filter_unreadable`` 422."""
    try:
        given = json.loads(text[:20_000])
    except (ValueError, RecursionError) as wrong:
        raise Refusal("filter_unreadable", 422) from wrong
    return EventFilter.from_dict(given)


def _late(text: str) -> str:
    return "yes" if text in YES else "no" if text in _NO else ""


def _case(session: Session, reader: Reader) -> int | None:
    """By its number, as people know it, or by its row's id, as links carry it."""
    text = reader.text("case", limit=40)
    if not text:
        return None
    found = audit_lookups.case_id_of(session, text)
    if found is None:
        reader.wrong("case", _("没有这个编号的事件。"))
    return found


def _number(reader: Reader, name: str) -> int | None:
    number = reader.whole(name)
    if number is not None and not 0 < number < 2**31:
        reader.wrong(name, _("请从列出的选项中选择。"))
    return number


def _several(
    reader: Reader, args: MultiDict[str, str], name: str, known: set[str]
) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(one for one in args.getlist(name) if one))
    if set(given) - known:
        reader.wrong(name, _("请从列出的选项中选择。"))
    return given
