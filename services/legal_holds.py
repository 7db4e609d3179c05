"""Holds (暂缓销毁): while one stands, a case is not destroyed, whatever its term says; nor is a
signal that never became one.

Either may be held for several reasons at once; each is placed and lifted with a word why. A signal
that is held and then becomes a case, or joins one, holds that case. The rows
keep wall time, since keeping and destroying are of the unit's own days; the events in the case's
chain stand in case time as all of them do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import Signal
from models.people import Person
from models.retention import LegalHold
from services import access, history, keepers, retention
from services.actor import Actor
from services.errors import Refusal
from services.signal_rows import locked
from services.uow import UnitOfWork

#: Who may place and lift a hold.
HOLDERS: Final = ("legal", "leader", keepers.ARCHIVE, access.ADMIN)
REASON_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A hold with the case it holds, or the signal while that is no case; one of the two is there,
    or both where the signal has become the case."""

    hold: LegalHold
    case: Case | None
    signal: Signal | None


def place(uow: UnitOfWork, case_id: int, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """Hold a case. Raises Refusal ``not_your_role`` / ``read_only`` 403, ``case_unknown`` 404,
    ``case_destroyed`` 409 where there is nothing left to hold, ``form_invalid`` 422 (``reason``:
    required, too_long)."""
    person = access.writer(uow.session, actor)
    access.require_role(person, *HOLDERS)
    reason = _reason(reason)
    keepers.require_case(uow.session, person, case_id)
    case = locked_case(uow, case_id)
    if retention.is_destroyed(uow.session, case.id):
        raise Refusal("case_destroyed", 409, number=case.number)
    hold = LegalHold(case_id=case.id, reason=reason, placed_at=now, placed_by=person.id)
    uow.session.add(hold)
    uow.session.flush()
    _told(uow, "hold.placed", case, hold, reason, actor, now)
    return hold


def place_on_signal(
    uow: UnitOfWork, signal_id: int, reason: str, actor: Actor, now: datetime
) -> LegalHold:
    """Hold a signal that is no case's. Raises Refusal as `place`, ``signal_unknown`` 404,
    ``signal_taken`` 409: its case is what is held, ``signal_destroyed`` 409."""
    person = access.writer(uow.session, actor)
    access.require_role(person, *HOLDERS)
    reason = _reason(reason)
    signal = locked(uow.session, signal_id)
    if signal is None:
        raise Refusal("signal_unknown", 404)
    if signal.case_id is not None:
        raise Refusal("signal_taken", 409)
    if signal.destroyed_at is not None:
        raise Refusal("signal_destroyed", 409)
    hold = LegalHold(signal_id=signal.id, reason=reason, placed_at=now, placed_by=person.id)
    uow.session.add(hold)
    uow.session.flush()
    _told(uow, "hold.placed", None, hold, reason, actor, now)
    return hold


def lift(uow: UnitOfWork, hold_id: int, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """Lift a hold, with a word why. Raises Refusal as `place`, ``hold_unknown`` 404,
    ``hold_lifted`` 409."""
    session = uow.session
    person = access.writer(session, actor)
    access.require_role(person, *HOLDERS)
    reason = _reason(reason)
    found = session.get(LegalHold, hold_id)
    if found is None:
        raise Refusal("hold_unknown", 404)
    signal = locked(session, found.signal_id) if found.signal_id is not None else None
    case_id = signal.case_id if signal is not None else found.case_id
    case = None
    if case_id is not None:
        keepers.require_case(session, person, case_id)
        case = locked_case(uow, case_id)
    session.refresh(found)
    if found.lifted_at is not None:
        raise Refusal("hold_lifted", 409)
    found.lifted_at, found.lifted_by, found.lift_reason = now, person.id, reason
    _told(uow, "hold.lifted", case, found, reason, actor, now)
    return found


def holds_of(session: Session, case_id: int) -> list[LegalHold]:
    """Every hold there was on a case or a signal of it, the latest first."""
    return list(
        session.scalars(
            select(LegalHold).where(retention.of_case(case_id)).order_by(LegalHold.id.desc())
        )
    )


def holds_of_signal(session: Session, signal_id: int) -> list[LegalHold]:
    """Every hold there was on a signal, the latest first."""
    found = select(LegalHold).where(LegalHold.signal_id == signal_id)
    return list(session.scalars(found.order_by(LegalHold.id.desc())))


def standing(session: Session, limit: int = 200) -> list[Standing]:
    """The holds that stand, the latest first."""
    rows = session.execute(
        select(LegalHold, Case, Signal)
        .join(Signal, Signal.id == LegalHold.signal_id, isouter=True)
        .join(Case, Case.id == func.coalesce(LegalHold.case_id, Signal.case_id), isouter=True)
        .where(LegalHold.lifted_at.is_(None))
        .order_by(LegalHold.id.desc())
        .limit(limit)
    )
    return [Standing(*row) for row in rows]


def is_held(session: Session, case_id: int) -> bool:
    """Whether a hold on the case, or on a signal of it, stands."""
    found = select(LegalHold.id).where(retention.of_case(case_id), LegalHold.lifted_at.is_(None))
    return session.scalar(found.limit(1)) is not None


def may_hold(person: Person) -> bool:
    """Whether the person may place and lift holds."""
    return person.active and not set(person.role_keys).isdisjoint(HOLDERS)


def locked_case(uow: UnitOfWork, case_id: int) -> Case:
    """The case, its row locked for the rest of the unit: a hold and a destruction of the same case
    come one after the other, and the second sees what the first did. Raises Refusal
    ``case_unknown`` 404."""
    uow.session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(stamp=Case.stamp + 1)
        .execution_options(synchronize_session=False)
    )
    case = uow.session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise Refusal("case_unknown", 404)
    return case


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        wrong = "too_long" if reason else "required"
        raise Refusal("form_invalid", 422, errors={"reason": wrong})
    return reason


def _told(
    uow: UnitOfWork,
    type_: str,
    case: Case | None,
    hold: LegalHold,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    at = case.at(now) if case is not None else now
    payload: dict[str, Any] = {"id": hold.id}
    if hold.signal_id is not None:
        payload["signal"] = hold.signal_id
    history.append(
        uow, type_, case=case, actor=actor, occurred_at=at, now=at,
        payload=payload, personal={"reason": reason},
    )  # fmt: skip
