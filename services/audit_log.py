"""The log of the audit room (`services.audit_trail`) read back: a page at a time, filtered.

A page costs what it reads: at most `BOUND` rows of the chain, in its order, begun where the period
asked for begins. A filter so rare that the page does not fill says how far back it has looked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import false, func, or_, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from services import access, audit_lookups, history
from services.canonical import canonical
from services.directory import people_by_id
from services.errors import Refusal
from services.history_types import all_types

#: Rows of the log in a page, and rows looked at for one.
PAGE: Final = 50
BOUND: Final = 50_000
#: Who may read the log.
READERS: Final = (access.AUDITOR, access.ADMIN)
#: Rows the ends of a period are moved apart by: the server's clock may have been set back.
_SLACK: Final = 1_000
_OF_A_CASE: Final = re.compile(r"case:(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter. ``pages`` are keys of pages opened, ``types`` other types of event; with neither,
    all. ``since`` is the first moment wanted, ``until`` the first no longer wanted."""

    person: int | None = None
    pages: Sequence[str] = ()
    types: Sequence[str] = ()
    case: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. ``case`` is the case it is about, where that is one that is still there."""

    event: HistoryEvent
    payload: Mapping[str, Any]
    personal: Mapping[str, Any]
    person: Person | None
    case: Case | None


@dataclass(frozen=True, slots=True)
class Log:
    """The latest first; ``before`` is what the next page begins below, None on the last.
    ``complete`` False: the search stopped at its bound, all later than ``searched_to`` has been
    looked at. ``cases`` are those that rows name, by id."""

    entries: list[Entry]
    before: int | None
    complete: bool
    searched_to: datetime | None
    cases: Mapping[int, Case]


def log(
    session: Session, person: Person, asked: Asked | None = None, before: int | None = None
) -> Log:
    """A page of the chain ``audit``, `PAGE` rows, by keyset. Raises Refusal ``not_your_role`` 403
    for anybody but auditors and administrators, ``not_active`` 403."""
    if not person.active:
        raise Refusal("not_active", 403)
    access.require_role(person, *READERS)
    asked = asked or Asked()
    low, top = _ends(session, asked)
    top = min(top, before if before is not None else top)
    floor = max(low, top - BOUND)
    query = (
        select(HistoryEvent)
        .where(
            HistoryEvent.chain == history.AUDIT,
            HistoryEvent.seq < top,
            HistoryEvent.seq >= floor,
            *_conditions(asked),
        )
        .order_by(HistoryEvent.seq.desc())
        .limit(PAGE + 1)
    )
    events = list(session.scalars(query))
    shown = events[:PAGE]
    payloads = [history.payload_of(event) for event in shown]
    personal = history.personal_by_event(session, shown)
    people = people_by_id(session, [event.person_id for event in shown])
    named = [cases_named(payload) for payload in payloads]
    cases = audit_lookups.cases_by_id(session, {one for some in named for one in some})
    entries = [
        Entry(
            event,
            payload,
            personal.get(event.id, {}),
            people.get(event.person_id or 0),
            cases.get(ids[0]) if len(ids) == 1 else None,
        )
        for event, payload, ids in zip(shown, payloads, named, strict=True)
    ]
    if len(events) > PAGE:
        return Log(entries, shown[-1].seq, True, None, cases)
    if floor <= low:
        return Log(entries, None, True, None, cases)
    return Log(entries, floor, False, _recorded(session, floor), cases)


def cases_named(payload: Mapping[str, Any]) -> list[int]:
    """Ids of the cases a row is about: those it names itself, a filter's, a chain's."""
    found = [payload.get("case")]
    if isinstance(payload.get("filter"), Mapping):
        found.append(payload["filter"].get("case"))
    found += [int(id_) for id_ in _OF_A_CASE.findall(str(payload.get("chain", "")))]
    return list(dict.fromkeys(one for one in found if type(one) is int))


def _conditions(asked: Asked) -> list[Any]:
    """On rows of `HistoryEvent`. Payloads are canonical JSON: what is asked for has one spelling
    there, and text that anybody typed cannot have it, since its quotation marks are escaped."""
    content, found = HistoryEvent.content, list[Any]()
    if asked.person is not None:
        found.append(HistoryEvent.person_id == asked.person)
    if asked.pages or asked.types:
        # The last member of its payload.
        keys = [f'"what":{canonical(key)}}},"' for key in asked.pages]
        opened = or_(false(), *(content.contains(key, autoescape=True) for key in keys))
        is_page = (HistoryEvent.type == "audit.opened") & opened
        found.append(or_(HistoryEvent.type.in_(asked.types), is_page))
    if asked.case is not None:
        spelt = [f'"case":{asked.case},', f'"case":{asked.case}}}', f'"chain":"case:{asked.case}"']
        found.append(or_(*(content.contains(one) for one in spelt)))
    if asked.since is not None:
        found.append(HistoryEvent.recorded_at >= asked.since)
    if asked.until is not None:
        found.append(HistoryEvent.recorded_at < asked.until)
    return found


def _ends(session: Session, asked: Asked) -> tuple[int, int]:
    """The part of the chain a period lies in: from the first number to below the second."""
    last = session.scalar(
        select(func.max(HistoryEvent.seq)).where(HistoryEvent.chain == history.AUDIT)
    )
    low, top = 1, (last or 0) + 1
    at = HistoryEvent.occurred_at
    if asked.since is not None:
        first = [_seq(session, name, at >= asked.since, at, HistoryEvent.id) for name in _types()]
        low = max(low, min((seq for seq in first if seq is not None), default=top) - _SLACK)
    if asked.until is not None:
        latest = [
            _seq(session, name, at < asked.until, at.desc(), HistoryEvent.id.desc())
            for name in _types()
        ]
        top = min(top, max((seq for seq in latest if seq is not None), default=0) + 1 + _SLACK)
    return low, top


def _seq(session: Session, type_: str, where: Any, *order: Any) -> int | None:
    """The number of the first such event, by the index on type and moment."""
    return session.scalar(
        select(HistoryEvent.seq)
        .where(HistoryEvent.type == type_, HistoryEvent.chain == history.AUDIT, where)
        .order_by(*order)
        .limit(1)
    )


def _types() -> list[str]:
    """The types of event of the chain."""
    return [type_.name for type_ in all_types() if type_.name.startswith("audit.")]


def _recorded(session: Session, seq: int) -> datetime | None:
    return session.scalar(
        select(HistoryEvent.recorded_at).where(
            HistoryEvent.chain == history.AUDIT, HistoryEvent.seq == seq
        )
    )
