"""Timers that have come due. The rows are the truth; whoever looks first takes them.

Taking is a conditional UPDATE that leases every due timer of one instance for a while; the step
then proves by the instance's revision that nobody else took it. A process that dies in between
leaves a lease that runs out, and the next one takes the timer again: none lost, none doubled.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.tasks import Timer
from services.actor import CLOCK
from services.context import context_of
from services.definitions import definition_for
from services.incidents import raise_incidents
from services.instances import record
from services.rows import affected
from services.uow import Database, UnitOfWork, lost_race
from workflows import engine
from workflows.contract import IncidentRaised
from workflows.feel import default_feel

log = logging.getLogger(__name__)

#: How long a taken timer is left to its taker. Far longer than a step, short enough that a
#: killed process delays a deadline by no more than this.
LEASE = timedelta(seconds=30)
#: A poisoned timer is tried again after this, doubling, up to `MOST_DELAY`.
FIRST_DELAY, MOST_DELAY = timedelta(seconds=30), timedelta(hours=1)
#: Rows looked at to find one that nobody else is about to take.
LOOK = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """The due timers of one instance, leased until ``until`` (which is also the proof of it)."""

    instance_id: str
    until: datetime
    timer_ids: tuple[str, ...]


def next_due(session: Session) -> datetime | None:
    """The wall moment at which the next waiting timer is to be looked at; None without any."""
    return session.scalar(
        select(Timer.wall_due_at)
        .where(Timer.status == "waiting")
        .order_by(Timer.wall_due_at)
        .limit(1)
    )


def fire_next(db: Database, now: datetime) -> bool:
    """Take one instance's due timers and step its engine. True when there was anything due, so
    that the caller looks again. A step that fails is pushed back with an incident and never
    stops the others. ``now`` is wall time."""
    taken = db.run(lambda uow: take(uow, now))
    if taken is None:
        return False
    try:
        db.run(lambda uow: fire(uow, taken, now))
    except Exception as fault:
        if lost_race(fault):
            # Others were faster again and again: no fault of the timer's, and no incident.
            db.run(lambda uow: _release(uow, taken, now))
            return True
        log.exception("timers %s of instance %s", taken.timer_ids, taken.instance_id)
        message = f"{type(fault).__name__}: {fault}"
        db.run(lambda uow: push_back(uow, taken, message, now))
    return True


def take(uow: UnitOfWork, now: datetime) -> Taken | None:
    """Lease the due timers of one instance; None when none is due and free."""
    free = or_(Timer.leased_until.is_(None), Timer.leased_until <= now)
    due = (Timer.status == "waiting", Timer.wall_due_at <= now, free)
    heads = uow.session.scalars(
        select(Timer.instance_id).where(*due).order_by(Timer.wall_due_at).limit(LOOK)
    ).all()
    # Two processes that both begin at the very first row would wait for each other all the time.
    for instance_id in random.sample(heads, len(heads)):
        until = now + LEASE + timedelta(microseconds=random.randrange(1_000_000))
        leased = uow.session.execute(
            update(Timer)
            .where(Timer.instance_id == instance_id, *due)
            .values(leased_until=until, attempts=Timer.attempts + 1)
            .execution_options(synchronize_session=False)
        )
        if affected(leased):
            return Taken(instance_id, until, tuple(_held(uow.session, instance_id, until)))
    return None


def fire(uow: UnitOfWork, taken: Taken, now: datetime) -> None:
    """Step the engine over the timers taken, oldest first, if they still wait."""
    session = uow.session
    ids = _held(session, taken.instance_id, taken.until)
    instance = session.get(ProcessInstance, taken.instance_id)
    if not ids or instance is None or instance.state is None:
        return  # their host has gone meanwhile, and they with it
    case = session.get(Case, instance.case_id)
    assert case is not None
    definition = definition_for(session, instance.content_hash)
    context = context_of(session, case, now)
    advance = engine.fire_timers(definition, instance.state, ids, context, default_feel())
    record(uow, instance, case, definition, advance, CLOCK, now)
    if advance.status == "incident":
        _delay(uow, taken, advance.incidents[0].message, now)
        return
    _release(uow, taken, now)  # what is not due after all by the case's own time: it may round


def push_back(uow: UnitOfWork, taken: Taken, message: str, now: datetime) -> None:
    """A timer whose step failed: tried again later, and an incident for a person to see."""
    instance = uow.session.get(ProcessInstance, taken.instance_id)
    if instance is None:
        return
    case = uow.session.get(Case, instance.case_id)
    assert case is not None
    row = uow.session.get(Timer, taken.timer_ids[0]) if taken.timer_ids else None
    path = row.element_path if row is not None else ""
    _delay(uow, taken, message, now)
    fault = IncidentRaised("engine_error", path, path.rsplit("/", 1)[-1], message)
    timer = taken.timer_ids[0] if taken.timer_ids else ""
    raise_incidents(uow, case, instance, [fault], CLOCK, now, timer=timer)


def _release(uow: UnitOfWork, taken: Taken, now: datetime) -> None:
    """What still waits under this lease is looked at again in a second."""
    uow.session.execute(
        update(Timer)
        .where(
            Timer.id.in_(taken.timer_ids),
            Timer.status == "waiting",
            Timer.leased_until == taken.until,
        )
        .values(wall_due_at=now + timedelta(seconds=1), leased_until=None)
        .execution_options(synchronize_session=False)
    )


def _held(session: Session, instance_id: str, until: datetime) -> Sequence[str]:
    return session.scalars(
        select(Timer.id)
        .where(
            Timer.instance_id == instance_id,
            Timer.leased_until == until,
            Timer.status == "waiting",
        )
        .order_by(Timer.due_at, Timer.id)
    ).all()


def _delay(uow: UnitOfWork, taken: Taken, message: str, now: datetime) -> None:
    rows = uow.session.execute(
        select(Timer.id, Timer.attempts).where(
            Timer.id.in_(taken.timer_ids), Timer.status == "waiting"
        )
    ).all()
    for id_, attempts in rows:
        delay = min(FIRST_DELAY * 2 ** max(0, min(attempts, 16) - 1), MOST_DELAY)
        uow.session.execute(
            update(Timer)
            .where(Timer.id == id_)
            .values(wall_due_at=now + delay, leased_until=None, last_error=message[:4000])
            .execution_options(synchronize_session=False)
        )
