"""Intents carried out after the commit that asked for them, at least once.

What a topic does inside Planroom's own database is done in one transaction with the row's end, so
there it is exactly once. A row that is taken is put a lease ahead in ``not_before``: a process that
dies leaves it to be taken again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.tasks import Outbox
from services import history, notifications
from services.actor import SYSTEM
from services.context import context_of
from services.definitions import definition_for
from services.incidents import raise_incidents
from services.instances import admit, record
from services.manifest import bound_role, manifest_of
from services.rows import affected
from services.uow import Database, UnitOfWork, lost_race
from workflows import engine
from workflows.contract import EngineRefusal, IncidentRaised
from workflows.feel import default_feel

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
FIRST_DELAY, MOST_DELAY = timedelta(seconds=10), timedelta(hours=1)
#: After so many tries a row is given up, with an incident.
MOST_ATTEMPTS = 8


class UnknownTopic(LookupError):
    """No code of ours knows this topic: trying again cannot help."""


class StepFault(Exception):
    """The intent was carried out, but the engine could not go on from its answer. All of it is
    undone, and done again when a person has resolved the incident."""

    def __init__(self, faults: Sequence[IncidentRaised]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.code} {fault.path}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Delivery:
    """An intent as a topic's code sees it; ``now`` is wall time."""

    row: Outbox
    case: Case
    payload: Mapping[str, Any]
    now: datetime


Topic = Callable[[UnitOfWork, Delivery], dict[str, Any]]


def deliver_notify(uow: UnitOfWork, delivery: Delivery) -> dict[str, Any]:
    """Topic ``notify``: a word to everyone who holds one of the roles in ``to`` (role keys of the
    plan or of the organisation, separated by commas or spaces), who from then on may see the case
    they are told of. ``message`` is the kind of word. Returns ``{notified: n}``."""
    manifest = manifest_of(uow.session, delivery.case)
    keys = str(delivery.payload.get("to", "")).replace(",", " ").split()
    roles = [bound_role(manifest, key) for key in keys]
    admit(uow, delivery.case, roles)
    people = notifications.holders(uow.session, roles)
    kind = str(delivery.payload.get("message") or "notice")
    args = {"case": delivery.case.number, "title": delivery.case.title}
    sent = notifications.notify_people(uow, people, kind, args, delivery.now, case=delivery.case)
    at = delivery.case.at(delivery.now)
    history.append(
        uow,
        "notification.sent",
        case=delivery.case,
        actor=SYSTEM,
        occurred_at=at,
        now=at,
        payload={"kind": kind, "to": people},
    )
    return {"notified": sent}


TOPICS: Mapping[str, Topic] = {"notify": deliver_notify}


def next_due(session: Session) -> datetime | None:
    """The wall moment at which the next waiting intent is to be carried out."""
    return session.scalar(
        select(Outbox.not_before)
        .where(Outbox.status == "waiting")
        .order_by(Outbox.not_before)
        .limit(1)
    )


def deliver_next(db: Database, now: datetime) -> bool:
    """Carry out one due intent. True when there was one, so that the caller looks again. One that
    fails is tried again later, at last given up with an incident, and never stops the others."""
    taken = db.run(lambda uow: take(uow, now))
    if taken is None:
        return False
    try:
        db.run(lambda uow: deliver(uow, taken, now))
    except StepFault as stuck:
        faults, message = stuck.faults, str(stuck)
        db.run(lambda uow: put_off(uow, taken, message, now, final=True, faults=faults))
    except Exception as fault:
        if lost_race(fault):
            return True  # others were faster again and again: taken once more after the lease
        log.exception("outbox row %s", taken)
        message = f"{type(fault).__name__}: {fault}"
        final = isinstance(fault, UnknownTopic)
        db.run(lambda uow: put_off(uow, taken, message, now, final=final))
    return True


def take(uow: UnitOfWork, now: datetime) -> int | None:
    """The id of a due intent, now leased to the caller; None when there is none."""
    found = uow.session.execute(
        select(Outbox.id, Outbox.not_before)
        .where(Outbox.status == "waiting", Outbox.not_before <= now)
        .order_by(Outbox.not_before, Outbox.id)
        .limit(8)
    ).all()
    for id_, seen in found:
        leased = uow.session.execute(
            update(Outbox)
            .where(Outbox.id == id_, Outbox.status == "waiting", Outbox.not_before == seen)
            .values(not_before=now + LEASE, attempts=Outbox.attempts + 1)
            .execution_options(synchronize_session=False)
        )
        if affected(leased):
            return int(id_)
    return None


def deliver(uow: UnitOfWork, row_id: int, now: datetime) -> None:
    """Carry out one intent, answer the engine, end the row: all or nothing. Raises
    `UnknownTopic`, `StepFault`."""
    session = uow.session
    ended = session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, Outbox.status == "waiting")
        .values(status="done", done_at=now)
        .execution_options(synchronize_session=False)
    )
    if not affected(ended):
        return
    row = session.get(Outbox, row_id)
    assert row is not None
    case = session.get(Case, row.case_id)
    topic = TOPICS.get(row.topic)
    if topic is None or case is None:
        raise UnknownTopic(row.topic)
    result = topic(uow, Delivery(row, case, row.payload, now))
    at = case.at(now)
    history.append(
        uow,
        "intent.done",
        case=case,
        actor=SYSTEM,
        occurred_at=at,
        now=at,
        payload={"topic": row.topic, "id": row.id},
    )
    row.payload = {}
    _answer(uow, row, case, result, now)


def _answer(
    uow: UnitOfWork, row: Outbox, case: Case, result: Mapping[str, Any], now: datetime
) -> None:
    """Tell the engine that an external task is done, if it still waits for it."""
    if row.engine_task_id is None or row.instance_id is None:
        return
    instance = uow.session.get(ProcessInstance, row.instance_id)
    if instance is None or instance.state is None:
        return
    definition = definition_for(uow.session, instance.content_hash)
    context = context_of(uow.session, case, now)
    try:
        advance = engine.answer_external(
            definition, instance.state, row.engine_task_id, result, context, default_feel()
        )
    except EngineRefusal as refusal:
        if refusal.code == "external_not_waiting":
            return  # cancelled meanwhile: the word has been given all the same
        raise
    if advance.status == "incident":
        raise StepFault(advance.incidents)
    record(uow, instance, case, definition, advance, SYSTEM, now)


def put_off(
    uow: UnitOfWork,
    row_id: int,
    message: str,
    now: datetime,
    *,
    final: bool,
    faults: Sequence[IncidentRaised] = (),
) -> None:
    """An intent that failed: again later, or given up with an incident (``faults``: the engine's
    own), until a person resolves it (`services.incidents.resolve_incident`)."""
    row = uow.session.get(Outbox, row_id)
    if row is None or row.status != "waiting":
        return
    final = final or row.attempts >= MOST_ATTEMPTS
    delay = min(FIRST_DELAY * 2 ** max(0, min(row.attempts, 16) - 1), MOST_DELAY)
    row.last_error = message[:4000]
    row.not_before = now + delay
    if final:
        row.status = "failed"
    uow.session.flush()
    case = uow.session.get(Case, row.case_id)
    if case is None:
        return
    at = case.at(now)
    history.append(
        uow,
        "intent.failed",
        case=case,
        actor=SYSTEM,
        occurred_at=at,
        now=at,
        payload={
            "topic": row.topic,
            "id": row.id,
            "attempts": row.attempts,
            "final": final,
            "error": message[:4000],
        },
    )
    instance = uow.session.get(ProcessInstance, row.instance_id)
    if final and instance is not None:
        given_up = IncidentRaised("intent_failed", "", "", message, {"topic": row.topic})
        raise_incidents(uow, case, instance, faults or [given_up], SYSTEM, now)
