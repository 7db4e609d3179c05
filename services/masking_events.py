"""Masks for events that stand in no case's chain and yet are about a case or a signal: the
organisation's about signals, the audit room's about the cases that were unmasked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.history import HistoryEvent
from models.intake import Signal
from models.people import Person
from services import access, history, masking
from services.masking import Mask
from services.rows import portions


def masks_beside(
    session: Session, person: Person, events: Iterable[HistoryEvent], now: datetime
) -> dict[int, Mask]:
    """Event id -> mask, for those of the events that name a signal or a case without being of its
    chain: that of the signal or the case, so that a name known there is masked here too. The others
    are absent. ``now`` is wall time."""
    if not access.is_auditor(person):
        return {}
    of_signal, of_case = dict[int, int](), dict[int, int]()
    for event in events:
        if event.case_id is not None:
            continue
        payload = history.payload_of(event)
        if isinstance(payload.get("signal"), int):
            of_signal[event.id] = payload["signal"]
        elif event.chain == history.AUDIT and isinstance(payload.get("case"), int):
            of_case[event.id] = payload["case"]
    signals: list[Signal] = []
    for some in portions(sorted(set(of_signal.values()))):
        signals += session.scalars(select(Signal).where(Signal.id.in_(some)))
    by_signal = masking.masks_for_signals(session, person, signals, now) if signals else {}
    by_case = masking.masks_for(session, person, of_case.values(), now) if of_case else {}
    found = {id_: by_signal[one] for id_, one in of_signal.items() if one in by_signal}
    return found | {id_: by_case[one] for id_, one in of_case.items()}
