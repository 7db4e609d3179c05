"""Destruction lists as they stand: what is on them, what stands against destroying it now, whether
enough people have agreed to exactly that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.cases import Case
from models.intake import Signal
from models.retention import DestructionItem, DestructionList
from services import retention, retention_signals
from services.canonical import canonical
from services.errors import Refusal
from services.rows import portions

#: So many different people agree before a list is carried out.
NEEDED: Final = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """An item with its case or its signal, and what stands against destroying it now: ``held``, or
    ``not_due`` (a longer term has been set since, or the signal was dealt with), else ""."""

    item: DestructionItem
    case: Case | None
    signal: Signal | None
    against: Literal["", "held", "not_due"]


@dataclass(frozen=True, slots=True)
class NotDue:
    """Ids of cases and of signals."""

    cases: frozenset[int]
    signals: frozenset[int]


def get_list(session: Session, list_id: int) -> DestructionList:
    """A list with its items and votes as they stand. Raises Refusal ``list_unknown`` 404."""
    found = session.get(DestructionList, list_id, populate_existing=True)
    if found is None:
        raise Refusal("list_unknown", 404)
    return found


def lists(session: Session, limit: int = 100) -> list[DestructionList]:
    """The latest lists first."""
    return list(
        session.scalars(
            select(DestructionList)
            .options(selectinload(DestructionList.items), selectinload(DestructionList.votes))
            .order_by(DestructionList.id.desc())
            .limit(limit)
        )
    )


def items_of(session: Session, found: DestructionList, now: datetime) -> list[Listed]:
    """The items of a list with what they are: the cases by number, then the signals by id."""
    cases: dict[int, Case] = {}
    signals: dict[int, Signal] = {}
    held_cases, held_signals = set[int](), set[int]()
    for some in portions([one.case_id for one in found.items if one.case_id is not None]):
        cases |= {c.id: c for c in session.scalars(select(Case).where(Case.id.in_(some)))}
        held_cases |= retention.held_among(session, some)
    for some in portions([one.signal_id for one in found.items if one.signal_id is not None]):
        signals |= {s.id: s for s in session.scalars(select(Signal).where(Signal.id.in_(some)))}
        held_signals |= retention_signals.held_among(session, some)
    open_ = found.status in ("open", "approved")
    late = not_due(session, found, now) if open_ else NotDue(frozenset(), frozenset())
    rows = []
    for item in found.items:
        held = item.case_id in held_cases or item.signal_id in held_signals
        longer = item.case_id in late.cases or item.signal_id in late.signals
        rows.append(
            Listed(
                item,
                cases.get(item.case_id or 0),
                signals.get(item.signal_id or 0),
                "held" if held else "not_due" if longer else "",
            )
        )
    return sorted(rows, key=lambda row: (row.case is None, row.case.number if row.case else "",
                                         row.item.signal_id or 0))  # fmt: skip


def items_of_case(session: Session, case_id: int) -> Sequence[DestructionItem]:
    """The lists a case has stood on, the first ones first."""
    query = select(DestructionItem).where(DestructionItem.case_id == case_id)
    return session.scalars(query.order_by(DestructionItem.list_id)).all()


def items_of_signal(session: Session, signal_id: int) -> Sequence[DestructionItem]:
    """The lists a signal has stood on, the first ones first."""
    query = select(DestructionItem).where(DestructionItem.signal_id == signal_id)
    return session.scalars(query.order_by(DestructionItem.list_id)).all()


def not_due(session: Session, found: DestructionList, now: datetime) -> NotDue:
    """Those of a list's items, not dealt with yet, that are no longer due: they have been given a
    longer term since, or the signal was set aside or became a case. A hold is no matter of the
    term."""
    waiting = [item for item in found.items if not item.outcome]
    cases = {item.case_id for item in waiting if item.case_id is not None}
    signals = {item.signal_id for item in waiting if item.signal_id is not None}
    return NotDue(
        frozenset(cases - retention.over(session, cases, now)),
        frozenset(signals - retention_signals.over(session, signals, now)),
    )


def require_due(session: Session, found: DestructionList, now: datetime) -> None:
    """Raises Refusal ``list_not_due`` 409 with the numbers of cases whose term is not over by the
    table as it stands now, ``list_signals_not_due`` 409 with the ids of such signals."""
    late = not_due(session, found, now)
    if late.cases:
        some = sorted(late.cases)[:500]
        numbers = session.scalars(select(Case.number).where(Case.id.in_(some))).all()
        raise Refusal("list_not_due", 409, cases=sorted(numbers))
    if late.signals:
        raise Refusal("list_signals_not_due", 409, signals=sorted(late.signals))


def digest_of(items: Iterable[DestructionItem]) -> str:
    """SHA-256 (hex) over the canonical JSON of the items (case or signal, term, day it was due):
    the signals by id, then the cases."""
    rows = [
        {
            **({"signal": one.signal_id} if one.case_id is None else {"case": one.case_id}),
            "term": one.term_key,
            "due": one.due_on.isoformat(),
        }
        for one in sorted(items, key=lambda one: (one.case_id or 0, one.signal_id or 0))
    ]
    return hashlib.sha256(canonical({"items": rows}).encode()).hexdigest()


def require_agreed(found: DestructionList) -> None:
    """Raises Refusal ``list_not_approved`` 409 unless the list has been approved and stands so,
    ``list_moved`` 409 unless enough people other than its author agreed to exactly its items."""
    if found.status != "approved":
        raise Refusal("list_not_approved", 409, list=found.id)
    digest = digest_of(found.items)
    agreed = {
        one.person_id
        for one in found.votes
        if one.decision == "approve" and one.digest == digest and one.person_id != found.drawn_by
    }
    if len(agreed) < NEEDED:
        raise Refusal("list_moved", 409)
