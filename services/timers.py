"""Timers that have come due. The rows are the truth; whoever looks first fires them.

One unit of work looks for an instance's due timers, steps its engine and records: the step proves
by the instance's revision that nobody else took it, so no lock is held while it computes and a
process that dies in between leaves nothing behind. Who loses such a race takes the timers by a
lease instead: a conditional UPDATE that keeps them from others for a while. None lost, none
doubled.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.tasks import Timer
from services.actor import CLOCK
from services.context import context_of
from services.definitions import definition_for
from services.incidents import raise_incidents
from services.instances import record
from services.rows import affected, table
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

_TIMERS = table(Timer)
_FREE = or_(_TIMERS.c.leased_until.is_(None), _TIMERS.c.leased_until <= bindparam("b_now"))
_DUE = (_TIMERS.c.status == "waiting", _TIMERS.c.wall_due_at <= bindparam("b_now"), _FREE)
_LOOK = select(_TIMERS.c.instance_id).where(*_DUE).order_by(_TIMERS.c.wall_due_at).limit(LOOK)
_DUE_THERE = (
    select(_TIMERS.c.id)
    .where(_TIMERS.c.instance_id == bindparam("b_instance"), *_DUE)
    .order_by(_TIMERS.c.due_at, _TIMERS.c.id)
)
_LEASE = (
    update(_TIMERS)
    .where(_TIMERS.c.instance_id == bindparam("b_instance"), *_DUE)
    .values(leased_until=bindparam("b_until"), attempts=_TIMERS.c.attempts + 1)
)
_HELD = (
    select(_TIMERS.c.id)
    .where(
        _TIMERS.c.instance_id == bindparam("b_instance"),
        _TIMERS.c.leased_until == bindparam("b_until"),
        _TIMERS.c.status == "waiting",
    )
    .order_by(_TIMERS.c.due_at, _TIMERS.c.id)
)
_HOST = (
    select(ProcessInstance, Case)
    .join(Case, Case.id == ProcessInstance.case_id)
    .where(ProcessInstance.id == bindparam("b_instance"))
)
_NEXT_DUE = (
    select(_TIMERS.c.wall_due_at)
    .where(_TIMERS.c.status == "waiting")
    .order_by(_TIMERS.c.wall_due_at)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Due timers of one instance. ``until`` is the end of their lease and the proof of it; None:
    they were only looked at, in the unit of work that fires them."""

    instance_id: str
    until: datetime | None
    timer_ids: tuple[str, ...]


def next_due(session: Session) -> datetime | None:
    """The wall moment at which the next waiting timer is to be looked at; None without any."""
    return session.scalar(_NEXT_DUE)


def fire_next(db: Database, now: datetime) -> bool:
    """Step the engine of one instance over its due timers. True when there was anything due, so
    that the caller looks again. A step that fails is pushed back with an incident and never
    stops the others. ``now`` is wall time."""
    seen: list[Taken] = []

    def at_once(uow: UnitOfWork) -> None:
        if taken := look(uow.session, now):
            seen.append(taken)
            fire(uow, taken, now)

    try:
        db.run(at_once, retries=0)
    except Exception as fault:
        if not lost_race(fault):
            _failed(db, seen[-1] if seen else None, fault, now)
            return True
    else:
        return bool(seen)
    taken = db.run(lambda uow: take(uow, now))
    if taken is None:
        return True  # somebody fires them: there may be others
    try:
        db.run(lambda uow: fire(uow, taken, now))
    except Exception as fault:
        if lost_race(fault):
            # Others were faster again and again: no fault of the timer's, and no incident.
            db.run(lambda uow: _release(uow, taken.timer_ids, now))
        else:
            _failed(db, taken, fault, now)
    return True


def _failed(db: Database, taken: Taken | None, fault: Exception, now: datetime) -> None:
    if taken is None:
        raise fault  # not a timer's fault: the database is not to be read
    log.error("timers %s of instance %s", taken.timer_ids, taken.instance_id, exc_info=fault)
    message = f"{type(fault).__name__}: {fault}"
    db.run(lambda uow: push_back(uow, taken, message, now))


def look(session: Session, now: datetime) -> Taken | None:
    """The due timers of one instance, oldest first; None when none is due and free. Writes
    nothing."""
    heads = session.scalars(_LOOK, {"b_now": now}).all()
    if not heads:
        return None
    # Two processes that both begin at the very first row would get in each other's way.
    instance_id = random.choice(heads)
    ids = session.scalars(_DUE_THERE, {"b_instance": instance_id, "b_now": now})
    return Taken(instance_id, None, tuple(ids))


def take(uow: UnitOfWork, now: datetime) -> Taken | None:
    """Lease the due timers of one instance; None when none is due and free."""
    heads = list(dict.fromkeys(uow.session.scalars(_LOOK, {"b_now": now})))
    for instance_id in random.sample(heads, len(heads)):
        until = now + LEASE + timedelta(microseconds=random.randrange(1_000_000))
        mine = {"b_instance": instance_id, "b_until": until}
        if affected(uow.session.execute(_LEASE, {**mine, "b_now": now})):
            return Taken(instance_id, until, tuple(uow.session.scalars(_HELD, mine)))
    return None


def fire(uow: UnitOfWork, taken: Taken, now: datetime) -> None:
    """Step the engine over the timers taken, oldest first, if they still wait."""
    session = uow.session
    mine = {"b_instance": taken.instance_id, "b_until": taken.until}
    ids = taken.timer_ids if taken.until is None else tuple(session.scalars(_HELD, mine))
    found = session.execute(_HOST, {"b_instance": taken.instance_id}).one_or_none()
    if not ids or found is None:
        return  # their host has gone meanwhile, and they with it
    instance, case = found
    if instance.state is None:
        return
    definition = definition_for(session, instance.content_hash)
    context = context_of(session, case, now)
    advance = engine.fire_timers(definition, instance.state, ids, context, default_feel())
    record(uow, instance, case, definition, advance, CLOCK, now)
    if advance.status == "incident":
        _delay(uow, taken, advance.incidents[0].message, now)
        return
    # What is not due after all by the case's own time: it may round.
    over = {timer.id for timer in advance.timers_fired} | set(advance.timers_dropped)
    _release(uow, [id_ for id_ in ids if id_ not in over], now)


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


def _release(uow: UnitOfWork, ids: Sequence[str], now: datetime) -> None:
    """What of these still waits and is due is looked at again in a second."""
    if not ids:
        return
    uow.session.execute(
        update(Timer)
        .where(Timer.id.in_(ids), Timer.status == "waiting", Timer.wall_due_at <= now)
        .values(wall_due_at=now + timedelta(seconds=1), leased_until=None)
        .execution_options(synchronize_session=False)
    )


def _delay(uow: UnitOfWork, taken: Taken, message: str, now: datetime) -> None:
    rows = uow.session.execute(
        select(Timer.id, Timer.attempts).where(
            Timer.id.in_(taken.timer_ids), Timer.status == "waiting"
        )
    ).all()
    for id_, counted in rows:
        attempts = counted if taken.until is not None else counted + 1  # a lease counts itself
        delay = min(FIRST_DELAY * 2 ** max(0, min(attempts, 16) - 1), MOST_DELAY)
        uow.session.execute(
            update(Timer)
            .where(Timer.id == id_)
            .values(
                wall_due_at=now + delay,
                leased_until=None,
                attempts=attempts,
                last_error=message[:4000],
            )
            .execution_options(synchronize_session=False)
        )
