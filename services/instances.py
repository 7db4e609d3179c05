"""Process instances: how one is started and how every outcome of the engine is written down.

`record` is the only writer of engine outcomes. It proves by compare-and-set that the step was
computed from the state that still stands (`services.errors.Stale` if not), and in the same
transaction keeps tasks, queues, counts, timers, outbox, incidents and history in step with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, update

from models.cases import Case, CaseRole, ProcessInstance
from models.plans import PlanVersion
from services import history, step_events, task_rows, timer_rows
from services.actor import Actor
from services.context import context_of
from services.definitions import definition_for
from services.errors import Refusal, Stale
from services.incidents import raise_incidents, resolve_open
from services.intents import store_intents
from services.queues import tally
from services.rows import affected, dialect_of, settle, table, upsert
from services.step_events import Done
from services.task_rows import Step
from services.uow import UnitOfWork
from workflows import engine
from workflows.contract import Advance, EngineRefusal, FeelValue
from workflows.definition import Definition
from workflows.feel import default_feel

_INSTANCES, _CASES = table(ProcessInstance), table(Case)
#: Compare and set: proves that the step was computed from the state that still stands.
_SAVE = update(_INSTANCES).where(
    _INSTANCES.c.id == bindparam("b_id"), _INSTANCES.c.revision == bindparam("b_revision")
)
_TOUCH = update(_CASES).where(_CASES.c.id == bindparam("b_id")).values(stamp=_CASES.c.stamp + 1)


@cache
def _let_in(dialect: str) -> Any:
    return upsert(dialect, CaseRole).on_conflict_do_nothing()


def start_instance(
    uow: UnitOfWork,
    case: Case,
    version: PlanVersion,
    variables: Mapping[str, FeelValue],
    actor: Actor,
    now: datetime,
) -> ProcessInstance:
    """Start the plan's process in a case, pinned to the version's content hash. Raises Refusal
    ``plan_cannot_start`` 422 with the element where the first step failed."""
    definition = definition_for(uow.session, version.content_hash)
    context = context_of(uow.session, case, now)
    advance = engine.start(definition, variables, context, default_feel())
    if advance.status == "incident":
        fault = advance.incidents[0]
        raise Refusal("plan_cannot_start", 422, element=fault.element_id, fault=fault.code)
    instance = ProcessInstance(
        id=str(uuid.uuid4()),
        case_id=case.id,
        plan_version_id=version.id,
        content_hash=version.content_hash,
        state=advance.state,
        status="running",
        revision=0,
        started_at=case.at(now),
    )
    uow.session.add(instance)
    uow.session.flush()
    if case.primary_instance_id is None:
        case.primary_instance_id = instance.id
    history.append(
        uow,
        "instance.started",
        case=case,
        actor=actor,
        occurred_at=case.at(now),
        now=case.at(now),
        payload={
            "instance": instance.id,
            "plan_version": version.id,
            "hash": version.content_hash,
            **step_events.steps_of(advance),
        },
    )
    record(uow, instance, case, definition, advance, actor, now, told=True)
    return instance


def record(
    uow: UnitOfWork,
    instance: ProcessInstance,
    case: Case,
    definition: Definition,
    advance: Advance,
    actor: Actor,
    now: datetime,
    *,
    done: Done | None = None,
    told: bool = False,
    reason: str = "",
    version: PlanVersion | None = None,
) -> None:
    """Write down what one step did. ``now`` is wall time. ``done`` is the task a person has
    completed with it; ``told`` that the act's own event already lists the elements passed;
    ``reason`` why clocks were counted again (an anchor corrected); ``version`` the one the instance
    runs on from now on, where the step moved it there (``definition`` is then that version's).

    Raises `Stale` when the instance has moved since it was read, Refusal ``task_done`` 409 when
    the task has been taken from under the actor.
    """
    at = case.at(now)
    if advance.status == "incident":
        _save(uow, instance, {"status": "incident"})
        raise_incidents(uow, case, instance, advance.incidents, actor, now)
        _touch(uow, case)
        return
    ended = advance.status == "completed"
    values: dict[str, Any] = {"state": None if ended else advance.state, "status": advance.status}
    if ended:
        values |= {"ended_at": at, "end_event": ", ".join(advance.end_events)[:200]}
    if version is not None:
        values |= {"plan_version_id": version.id, "content_hash": version.content_hash}
    if instance.status == "incident":
        resolve_open(uow, case, instance, actor, now)
    _save(uow, instance, values)
    step = Step(uow, case, instance, definition, advance, actor, now, at)
    closed = task_rows.close(step, done)
    if done is not None or not told:
        step_events.write_step(uow, case, advance, actor, at, done=done)
    step_events.write_decisions(uow, case, advance, actor, at)
    task_rows.fire(step, closed)
    task_rows.open_(step)
    if advance.due_moved or advance.timers_set:
        task_rows.retime(step, reason)
    timer_rows.apply(uow, case, instance, advance, actor, now, reason=reason)
    store_intents(uow, case, instance, advance.intents, actor, now)
    # Who was a candidate of the task just done has been let in when it opened.
    admitted = definition.element(done.task.element_path).candidate_groups if done else ()
    admit(uow, case, step.roles.difference(admitted))
    tally(uow.session, step.counts)
    if ended:
        _end(uow, case, instance, advance, actor, at)
    _touch(uow, case)


def retime_case(uow: UnitOfWork, case: Case, actor: Actor, now: datetime, reason: str = "") -> None:
    """Count the clocks of a case again after its anchors changed."""
    for instance in running_instances(uow, case.id):
        definition = definition_for(uow.session, instance.content_hash)
        assert instance.state is not None
        context = context_of(uow.session, case, now)
        advance = engine.retime(definition, instance.state, context, default_feel())
        if (
            advance.status == "incident"
            or advance.timers_set
            or advance.timers_dropped
            or advance.due_moved
        ):
            record(uow, instance, case, definition, advance, actor, now, reason=reason)


def send_message(
    uow: UnitOfWork,
    case: Case,
    name: str,
    payload: Mapping[str, FeelValue],
    actor: Actor,
    now: datetime,
) -> int:
    """Send a message to the case's running instances; returns how many took it. Raises Refusal
    ``message_not_expected`` 409 when none waits for it."""
    taken = 0
    for instance in running_instances(uow, case.id):
        definition = definition_for(uow.session, instance.content_hash)
        assert instance.state is not None
        context = context_of(uow.session, case, now)
        try:
            advance = engine.send_message(
                definition, instance.state, name, payload, context, default_feel()
            )
        except EngineRefusal as refusal:
            if refusal.code != "message_not_expected":
                raise
            continue
        taken += 1
        if advance.status != "incident":
            at = case.at(now)
            history.append(
                uow,
                "message.sent",
                case=case,
                actor=actor,
                occurred_at=at,
                now=at,
                payload={"name": name, **step_events.steps_of(advance)},
                personal={"payload": dict(payload)},
            )
        record(uow, instance, case, definition, advance, actor, now, told=True)
    if not taken:
        raise Refusal("message_not_expected", 409, message=name)
    return taken


def running_instances(uow: UnitOfWork, case_id: int) -> Sequence[ProcessInstance]:
    """The case's instances that can still take a step, oldest first."""
    return uow.session.scalars(
        select(ProcessInstance)
        .where(
            ProcessInstance.case_id == case_id,
            ProcessInstance.status.in_(("running", "incident")),
            ProcessInstance.state.is_not(None),
        )
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
    ).all()


# ------------------------------------------------------------------------------ the parts


def _save(uow: UnitOfWork, instance: ProcessInstance, values: Mapping[str, Any]) -> None:
    values = {**values, "revision": instance.revision + 1}
    read = {"b_id": instance.id, "b_revision": instance.revision}
    if affected(uow.session.execute(_SAVE, {**read, **values})) != 1:
        raise Stale(f"instance {instance.id} moved past revision {instance.revision}")
    settle(instance, values)


def _touch(uow: UnitOfWork, case: Case) -> None:
    uow.session.execute(_TOUCH, {"b_id": case.id})
    settle(case, {"stamp": case.stamp + 1})


def admit(uow: UnitOfWork, case: Case, roles: Iterable[str]) -> None:
    """Let these roles see the case from now on."""
    rows = [{"case_id": case.id, "role_key": role} for role in sorted(set(roles))]
    if rows:
        uow.session.execute(_let_in(dialect_of(uow.session)), rows)


def _end(
    uow: UnitOfWork,
    case: Case,
    instance: ProcessInstance,
    advance: Advance,
    actor: Actor,
    at: datetime,
) -> None:
    history.append(
        uow,
        "instance.completed",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload={"instance": instance.id, "ends": list(advance.end_events)},
    )
    if instance.id == case.primary_instance_id and case.status == "open":
        # A plan without a closing page: its end is the case's.
        case.status, case.closed_at = "closed", at
        history.append(
            uow,
            "case.closed",
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            payload={"end": ", ".join(advance.end_events)[:200]},
        )
