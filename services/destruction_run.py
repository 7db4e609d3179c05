"""Carrying out a destruction list that two people have agreed to.

Each case is destroyed in a unit of work of its own, so that a long list holds no lock for long and
a fault stops it between two cases, not in the middle of one. It is done in portions of about
`SECONDS`, so that whoever waits sees how far it is; carried out again, it goes on where it stood. A
case on which a hold has been placed in between stays as it is.

What goes and what stays is said in `services.destruction`: the words people typed, drafts, files
and signals go; the case's chain with its commitments stays, and so do figures, choices and public
statements. A chain cannot lose an event and still verify; without it nobody could show later that
only what was due was destroyed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.retention import DestructionItem, DestructionList
from services import access, destruction, history, keepers
from services.actor import Actor
from services.destruction_lists import get_list, move, require_agreed, require_due
from services.legal_holds import is_held, locked_case
from services.uow import Database, UnitOfWork

REASON: Final = "period_over"
#: A portion ends with the first case that is finished after so long.
SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Numbers of the cases destroyed and of those that were held; how many values and files
    went."""

    destroyed: tuple[str, ...]
    held: tuple[str, ...]
    values: int
    files: int


@dataclass(frozen=True, slots=True)
class Portion:
    """How far it is: ``done`` of ``total`` cases have been dealt with. ``outcome`` is there once
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
    """Destroy the next cases of a list both have agreed to, for about so long and one at least;
    after the last the list is carried out. ``data_dir`` is where files and exports lie; ``now`` is
    wall time.

    Raises Refusal ``list_unknown`` 404, ``not_your_role`` / ``read_only`` 403, and as
    `destruction_lists.require_agreed` and `require_due`; no more is destroyed then."""
    waiting, total = db.run(lambda uow: _begin(uow, list_id, actor, now))
    begun, left = time.monotonic(), list(waiting)
    while left:
        db.run(partial(_destroy, list_id, left.pop(0), actor, now, data_dir))
        if time.monotonic() - begun >= seconds:
            break
    outcome = None if left else db.run(lambda uow: _end(uow, list_id, actor, now))
    return Portion(total - len(left), total, outcome)


def _begin(uow: UnitOfWork, list_id: int, actor: Actor, now: datetime) -> tuple[list[int], int]:
    """The cases that wait, and how many the list has."""
    access.require_role(access.writer(uow.session, actor), keepers.ARCHIVE)
    found = get_list(uow.session, list_id)
    require_agreed(found)
    require_due(uow.session, found, now)
    return [item.case_id for item in found.items if not item.outcome], len(found.items)


def _destroy(
    list_id: int,
    case_id: int,
    actor: Actor,
    now: datetime,
    data_dir: Path | None,
    uow: UnitOfWork,
) -> None:
    """One case of the list, its row locked: a hold placed before is seen, one placed after waits
    and is refused. One that was dealt with before is left alone."""
    case = locked_case(uow, case_id)
    require_agreed(get_list(uow.session, list_id))
    item = uow.session.get_one(DestructionItem, (list_id, case_id), populate_existing=True)
    if item.outcome:
        return
    if is_held(uow.session, case_id):
        item.outcome = "held"
        return
    at = case.at(now)
    act = destruction.Act(actor, at, at, REASON, {"list": list_id})
    destruction.destroy(uow, case, act, data_dir)
    item.outcome = "destroyed"


def _end(uow: UnitOfWork, list_id: int, actor: Actor, now: datetime) -> Outcome:
    found = get_list(uow.session, list_id)
    require_agreed(found)
    outcome = outcome_of(uow.session, found)
    move(
        uow, found, ("approved",), "carried_out",
        carried_out_at=now, carried_out_by=actor.person_id,
    )  # fmt: skip
    history.append(
        uow, "org.destruction_carried_out", actor=actor, occurred_at=now, now=now,
        payload={"list": list_id, "destroyed": list(outcome.destroyed),
                 "held": list(outcome.held), "values": outcome.values, "files": outcome.files},
    )  # fmt: skip
    destruction.clear_freed(uow)
    return outcome


def outcome_of(session: Session, found: DestructionList) -> Outcome:
    """What became of a list's cases, as their chains tell it."""
    numbers: dict[str, list[str]] = {"destroyed": [], "held": [], "": []}
    values = files = 0
    for item in found.items:
        case = session.get_one(Case, item.case_id)
        numbers[item.outcome].append(case.number)
        if item.outcome == "destroyed":
            told = select(HistoryEvent).where(
                HistoryEvent.chain == history.chain_of(case.id),
                HistoryEvent.type == "personal.destroyed",
            )
            for payload in map(history.payload_of, session.scalars(told)):
                if payload.get("list") == found.id:
                    values, files = values + payload["values"], files + payload["files"]
    return Outcome(
        tuple(sorted(numbers["destroyed"])), tuple(sorted(numbers["held"])), values, files
    )
