"""Engine faults (运行异常) that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from models.cases import Case, Incident, ProcessInstance
from models.people import Person
from models.tasks import Outbox, Timer
from services import access, history, wake
from services.actor import Actor
from services.errors import Refusal
from services.rows import affected
from services.stamps import touch_case
from services.uow import UnitOfWork
from workflows.contract import IncidentRaised


def raise_incidents(
    uow: UnitOfWork,
    case: Case,
    instance: ProcessInstance,
    faults: Iterable[IncidentRaised],
    actor: Actor,
    now: datetime,
    *,
    timer: str = "",
) -> list[Incident]:
    """Record that a step could not be taken. A fault that already waits at the same element is
    not listed a second time. ``now`` is wall time."""
    at = case.at(now)
    open_already = set(
        uow.session.execute(
            select(Incident.code, Incident.element_path).where(
                Incident.instance_id == instance.id, Incident.resolved_at.is_(None)
            )
        )
    )
    raised: list[Incident] = []
    for fault in faults:
        if (fault.code, fault.path) in open_already:
            continue
        row = Incident(
            case_id=case.id,
            instance_id=instance.id,
            code=fault.code,
            element_path=fault.path,
            message=fault.message[:4000],
            raised_at=at,
        )
        uow.session.add(row)
        uow.session.flush()
        raised.append(row)
        payload = {
            "id": row.id,
            "code": fault.code,
            "message": fault.message[:4000],
            "details": dict(fault.details),
        }
        if timer:
            payload["timer"] = timer
        history.append(
            uow,
            "incident.raised",
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            element_path=fault.path,
            payload=payload,
        )
    return raised


def resolve_open(
    uow: UnitOfWork, case: Case, instance: ProcessInstance, actor: Actor, now: datetime
) -> None:
    """The instance took a step again: its open incidents are over, and what had failed by itself
    is tried again, since the data may be other data now."""
    rows = uow.session.scalars(
        select(Incident).where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    )
    for row in rows.all():
        _resolve(uow, case, row, actor, now, "")
    _try_again(uow, instance.id, now)


def resolve_incident(
    uow: UnitOfWork, incident_id: int, actor: Actor, resolution: str, now: datetime
) -> Incident:
    """A person says what was done about a fault, and what failed by itself is tried again at
    once: the instance's timers that were pushed back, its intents that were given up. A task
    whose step could not be taken stays open; completing it is its retry. ``now`` is wall time.

    Raises Refusal ``incident_unknown`` 404, ``incident_resolved`` 409, ``form_invalid`` 422
    without words."""
    person: Person = access.writer(uow.session, actor)
    row = uow.session.get(Incident, incident_id)
    case = uow.session.get(Case, row.case_id) if row is not None else None
    if row is None or case is None or not access.can_see_case(uow.session, person, case):
        raise Refusal("incident_unknown", 404)
    access.require_part_in_case(uow.session, person, case)
    if row.resolved_at is not None:
        raise Refusal("incident_resolved", 409)
    if not resolution.strip():
        raise Refusal("form_invalid", 422, errors={"resolution": "required"})
    _resolve(uow, case, row, actor, now, resolution.strip())
    _try_again(uow, row.instance_id, now)
    touch_case(uow, case)
    return row


def _try_again(uow: UnitOfWork, instance_id: str, now: datetime) -> None:
    """The instance runs again if nothing else stands in its way, and so does what waits."""
    session = uow.session
    session.flush()
    others = select(Incident.id).where(
        Incident.instance_id == instance_id, Incident.resolved_at.is_(None)
    )
    if session.scalar(others.limit(1)) is None:
        session.execute(
            update(ProcessInstance)
            .where(ProcessInstance.id == instance_id, ProcessInstance.status == "incident")
            .values(status="running")
        )
    timers = session.execute(
        update(Timer)
        .where(Timer.instance_id == instance_id, Timer.status == "waiting", Timer.last_error != "")
        .values(wall_due_at=now, leased_until=None, attempts=0, last_error="")
        .execution_options(synchronize_session=False)
    )
    intents = session.execute(
        update(Outbox)
        .where(Outbox.instance_id == instance_id, Outbox.status == "failed")
        .values(status="waiting", not_before=now, attempts=0)
        .execution_options(synchronize_session=False)
    )
    if affected(timers) or affected(intents):
        uow.after_commit(lambda: wake.at(now))


def _resolve(
    uow: UnitOfWork, case: Case, row: Incident, actor: Actor, now: datetime, resolution: str
) -> None:
    at = case.at(now)
    row.resolved_at, row.resolved_by, row.resolution = at, actor.person_id, resolution
    history.append(
        uow,
        "incident.resolved",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        element_path=row.element_path,
        payload={"id": row.id, "code": row.code},
        personal={"resolution": resolution},
    )
