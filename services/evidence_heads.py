"""The latest daily seal that covers a case's chain, as its evidence shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from models.history import HistoryEvent
from services import seal_lists
from services.canonical import canonical
from services.heads import latest
from services.history import HEADS, body_of, chain_of


def covering(session: Session, case_id: int) -> Iterator[tuple[str, bytes]]:
    """``heads/seal.json`` (day, digest, and the event in the chain of seals with the hash it
    follows) and ``heads/list.json`` (the heads of all chains on that day, exactly as digested).
    Nothing where no seal knows the chain yet. A seal somebody has spoiled is given as it stands:
    the verifier names it."""
    seal = latest(session)
    body = _list(session, seal, chain_of(case_id)) if seal is not None else b""
    if seal is None or not body:
        return
    rows = select(HistoryEvent).where(
        HistoryEvent.chain == HEADS, HistoryEvent.seq.in_((seal.seq - 1, seal.seq))
    )
    events = {event.seq: event for event in session.scalars(rows)}
    event, before = events.get(seal.seq), events.get(seal.seq - 1)
    told = {
        "day": seal.day.isoformat(),
        "digest": seal.digest,
        "hash": seal.hash,
        "previous": before.hash if before is not None else "",
        "event": _body(event) if event is not None else None,
    }
    yield "heads/seal.json", canonical(told).encode()
    yield "heads/list.json", body


def _list(session: Session, seal: HeadSeal, chain: str) -> bytes:
    """The seal's whole list; nothing if the chain is not in it."""
    try:
        found = seal_lists.rebuilt(session, seal.day)
    except ValueError:
        return (seal.changes or "[]").encode()
    if chain not in found.heads and found.digest(seal.day) == seal.digest:
        return b""
    return found.text(seal.day)


def _body(event: HistoryEvent) -> dict[str, Any] | None:
    try:
        return body_of(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
