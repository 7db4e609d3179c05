"""Carrying out a destruction list that two people have agreed to.

Each case and each signal is destroyed in a unit of work of its own, so that a long list holds no
lock for long and a fault stops it between two, not in the middle of one. It is done in portions of
about `SECONDS`, so that whoever waits sees how far it is; carried out again, it goes on where it
stood. What a hold has been placed on in between stays as it is.

What goes and what stays is said in `services.destruction` and `destruction_signals`: the words
people typed, drafts, files and signals go; the chain with its commitments stays, and so do figures,
choices and public statements. A chain cannot lose an event and still verify; without it nobody
could show later that only what was due was destroyed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.retention import DestructionItem, DestructionList
from services import (
    access,
    destruction,
    destruction_signals,
    history,
    keepers,
    retention_signals,
)
from services.actor import Actor
from services.destruction_lists import move
from services.destruction_reading import get_list, require_agreed, require_due
from services.legal_holds import is_held, locked_case
from services.signal_rows import locked
from services.uow import Database, UnitOfWork

REASON: Final = "period_over"
#: A portion ends with the first case that is finished after so long.
SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Numbers of the cases destroyed and of those that were held; how many values and files
    went, of cases and signals; ids of the signals destroyed and held."""

    destroyed: tuple[str, ...]
    held: tuple[str, ...]
    values: int
    files: int
    signals: tuple[int, ...] = ()
    signals_held: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Portion:
    """How far it is: ``done`` of ``total`` items have been dealt with. ``outcome`` is there once
    all have been, and the list is closed."""

    done: int
    total: int
    outcome: Outcome | None


def carry_out(
    db: Database,
    list_id: int,
    actor: Actor,
    now: datetime,
    data_dir: Path | None,
    seconds: float = SECONDS,
) -> Portion:
    """Destroy the next items of a list both have agreed to, for about so long and one at least;
    after the last the list is carried out. ``data_dir`` is where files and exports lie; ``now`` is
    wall time.

    Raises Refusal ``list_unknown`` 404, ``not_your_role`` / ``read_only`` 403, and as
    `destruction_reading.require_agreed` and `require_due`; no more is destroyed then."""
    waiting, total = db.run(lambda uow: _begin(uow, list_id, actor, now))
    begun, left = time.monotonic(), list(waiting)
    while left:
        db.run(partial(_destroy, list_id, left.pop(0), actor, now, data_dir))
        if time.monotonic() - begun >= seconds:
            break
    outcome = None if left else db.run(lambda uow: _end(uow, list_id, actor, now))
    return Portion(total - len(left), total, outcome)


def _begin(uow: UnitOfWork, list_id: int, actor: Actor, now: datetime) -> tuple[list[int], int]:
    """The items that wait, by id, and how many the list has."""
    access.require_role(access.writer(uow.session, actor), keepers.ARCHIVE)
    found = get_list(uow.session, list_id)
    require_agreed(found)
    require_due(uow.session, found, now)
    return [item.id for item in found.items if not item.outcome], len(found.items)


def _destroy(
    list_id: int,
    item_id: int,
    actor: Actor,
    now: datetime,
    data_dir: Path | None,
    uow: UnitOfWork,
) -> None:
    """One item of the list, the row of its case or signal locked: a hold placed before is seen, one
    placed after waits and is refused. One that was dealt with before is left alone."""
    session = uow.session
    item = session.get_one(DestructionItem, item_id)
    case = locked_case(uow, item.case_id) if item.case_id is not None else None
    signal = locked(session, item.signal_id) if item.signal_id is not None else None
    found = get_list(session, list_id)
    require_agreed(found)
    session.refresh(item)
    if item.outcome:
        return
    act = destruction.Act(actor, now, now, REASON, {"list": list_id})
    if case is not None:
        if is_held(session, case.id):
            item.outcome = "held"
            return
        # A longer term may have been set since the list was looked at.
        require_due(session, found, now)
        at = case.at(now)
        destruction.destroy(uow, case, replace(act, occurred_at=at, at=at), data_dir)
    if signal is not None:
        if retention_signals.held_among(session, [signal.id]):
            item.outcome = "held"
            return
        # It may have become a case since the list was looked at.
        require_due(session, found, now)
        destruction_signals.destroy(uow, signal, act, data_dir)
    item.outcome = "destroyed"


def _end(uow: UnitOfWork, list_id: int, actor: Actor, now: datetime) -> Outcome:
    found = get_list(uow.session, list_id)
    require_agreed(found)
    outcome = outcome_of(uow.session, found)
    move(
        uow, found, ("approved",), "carried_out",
        carried_out_at=now, carried_out_by=actor.person_id,
    )  # fmt: skip
    payload = {
        "list": list_id, "destroyed": list(outcome.destroyed), "held": list(outcome.held),
        "values": outcome.values, "files": outcome.files,
    }  # fmt: skip
    if outcome.signals or outcome.signals_held:
        payload |= {"signals": list(outcome.signals), "signals_held": list(outcome.signals_held)}
    history.append(
        uow, "org.destruction_carried_out", actor=actor, occurred_at=now, now=now, payload=payload
    )
    destruction.clear_freed(uow)
    return outcome


def outcome_of(session: Session, found: DestructionList) -> Outcome:
    """What became of a list's items, as the record tells it."""
    numbers: dict[str, list[str]] = {"destroyed": [], "held": [], "": []}
    signals: dict[str, list[int]] = {"destroyed": [], "held": [], "": []}
    chains = []
    for item in found.items:
        if item.case_id is not None:
            numbers[item.outcome].append(session.get_one(Case, item.case_id).number)
        if item.signal_id is not None:
            signals[item.outcome].append(item.signal_id)
        if item.outcome == "destroyed" and item.case_id is not None:
            chains.append(history.chain_of(item.case_id))
    told = list(_told(session, "personal.destroyed", chains))
    if signals["destroyed"]:
        told += _told(session, "signal.destroyed", [history.ORG])
    of_list = [payload for payload in told if payload.get("list") == found.id]
    return Outcome(
        tuple(sorted(numbers["destroyed"])),
        tuple(sorted(numbers["held"])),
        sum(payload["values"] for payload in of_list),
        sum(payload["files"] for payload in of_list),
        tuple(sorted(signals["destroyed"])),
        tuple(sorted(signals["held"])),
    )


def _told(session: Session, type_: str, chains: Sequence[str]) -> Iterator[dict[str, Any]]:
    rows = select(HistoryEvent).where(HistoryEvent.chain.in_(chains), HistoryEvent.type == type_)
    yield from map(history.payload_of, session.scalars(rows))
