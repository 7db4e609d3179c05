"""Process instances: how one is started and how every outcome of the engine is written down.

`record` is the only writer of engine outcomes. It proves by compare-and-set that the step was
computed from the state that still stands (`services.errors.Stale` if not), and in the same
transaction keeps tasks, queues, counts, timers, outbox, incidents and history in step with it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm.attributes import set_committed_value
from workflows.definition import Definition

from models.cases import Case, CaseRole, ProcessInstance
from models.people import Person
from models.plans import PlanVersion
from models.tasks import UserTask
from services import history, step_events, timer_rows
from services.access import candidate_keys
from services.actor import Actor
from services.context import context_of
from services.deadlines import deadline_fired
from services.definitions import definition_for
from services.errors import Refusal, Stale
from services.incidents import raise_incidents, resolve_open
from services.intents import store_intents
from services.queues import (
    NEVER,
    affected,
    dequeue,
    enqueue,
    person_owner,
    queue_owner,
    tally,
    upsert,
)
from services.uow import UnitOfWork
from workflows import engine
from workflows.contract import Advance, EngineRefusal, FeelValue, TaskClosed
from workflows.feel import default_feel


@dataclass(frozen=True, slots=True)
class Done:
    """How a person ended a task: what `record` writes on its row and in its event.
    ``result`` and ``text`` are JSON values (choices and figures; words that may be about
    people); moments are case time."""

    task: UserTask
    result: Mapping[str, Any]
    text: Mapping[str, Any]
    occurred_at: datetime


@dataclass(slots=True)
class _Changes:
    """What one step changes beside the tables themselves."""

    counts: Counter[str] = field(default_factory=Counter)
    roles: set[str] = field(default_factory=set)


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
) -> None:
    """Write down what one step did. ``now`` is wall time. ``done`` is the task a person has
    completed with it; ``told`` that the act's own event already lists the elements passed;
    ``reason`` why clocks were counted again (an anchor corrected).

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
    if instance.status == "incident":
        resolve_open(uow, case, instance, actor, now)
    _save(uow, instance, values)
    changes = _Changes()
    closed = _close(uow, case, definition, advance, actor, at, done, changes)
    if done is not None or not told:
        step_events.write_step(uow, case, advance, actor, at, done=done)
    step_events.write_decisions(uow, case, advance, actor, at)
    _fire(uow, case, definition, instance, advance, now, changes, closed)
    _open(uow, case, definition, instance, advance, actor, at, changes)
    timer_rows.apply(uow, case, instance, advance, actor, now, reason=reason)
    store_intents(uow, case, instance, advance.intents, actor, now)
    _admit(uow, case, changes.roles)
    tally(uow.session, changes.counts)
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
        if advance.status == "incident" or advance.timers_set or advance.timers_dropped:
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


def settle(row: Any, values: Mapping[str, Any]) -> None:
    """Let a loaded row know what an UPDATE has just done, without another SELECT."""
    for key, value in values.items():
        set_committed_value(row, key, value)


def _save(uow: UnitOfWork, instance: ProcessInstance, values: Mapping[str, Any]) -> None:
    values = {**values, "revision": instance.revision + 1}
    saved = uow.session.execute(
        update(ProcessInstance)
        .where(ProcessInstance.id == instance.id, ProcessInstance.revision == instance.revision)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if affected(saved) != 1:
        raise Stale(f"instance {instance.id} moved past revision {instance.revision}")
    settle(instance, values)


def _touch(uow: UnitOfWork, case: Case) -> None:
    uow.session.execute(
        update(Case)
        .where(Case.id == case.id)
        .values(stamp=Case.stamp + 1)
        .execution_options(synchronize_session=False)
    )
    settle(case, {"stamp": case.stamp + 1})


def _close(
    uow: UnitOfWork,
    case: Case,
    definition: Definition,
    advance: Advance,
    actor: Actor,
    at: datetime,
    done: Done | None,
    changes: _Changes,
) -> set[str]:
    """End the rows of the tasks the step ended; returns their ids."""
    if not advance.closed:
        return set()
    ids = [task.id for task in advance.closed]
    rows = {done.task.id: done.task} if done is not None else {}
    if missing := [id_ for id_ in ids if id_ not in rows]:
        found = uow.session.scalars(select(UserTask).where(UserTask.id.in_(missing)))
        rows |= {row.id: row for row in found}
    cancelled: list[dict[str, Any]] = []
    queued: list[str] = []
    for task in advance.closed:
        row = rows[task.id]
        if row.assignee_id is None:
            keys = candidate_keys(definition.element(task.path))
            changes.counts[queue_owner(keys)] -= 1
            queued.append(task.id)
        else:
            changes.counts[person_owner(row.assignee_id)] -= 1
        if done is not None and task.id == done.task.id:
            _complete_row(uow, actor, at, done)
        else:
            cancelled.append(_cancelled_values(task, at))
            step_events.write_cancelled(uow, case, row, task, actor, at)
    if cancelled:
        uow.session.execute(update(UserTask), cancelled)
    dequeue(uow.session, queued)
    return set(ids)


def _cancelled_values(task: TaskClosed, at: datetime) -> dict[str, Any]:
    status = "completed" if task.outcome == "completed" else "cancelled"
    return {"id": task.id, "status": status, "completed_at": at, "ended_by": task.by}


def _complete_row(uow: UnitOfWork, actor: Actor, at: datetime, done: Done) -> None:
    task = done.task
    values: dict[str, Any] = {
        "status": "completed",
        "assignee_id": actor.person_id,
        "claimed_at": task.claimed_at or at,
        "completed_at": at,
        "completed_by": actor.person_id,
        "completed_role": actor.role,
        "occurred_at": done.occurred_at,
        "result": {**done.result, **done.text},
        "draft": None,
        "draft_at": None,
    }
    if task.due_at is not None and done.occurred_at <= task.due_at:
        values["overdue_at"] = None
    ended = uow.session.execute(
        update(UserTask)
        .where(
            UserTask.id == task.id,
            UserTask.status == "open",
            UserTask.assignee_id == task.assignee_id
            if task.assignee_id is not None
            else UserTask.assignee_id.is_(None),
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if affected(ended) != 1:
        raise Stale(f"task {task.id} was taken by someone else")
    settle(task, values)


def _fire(
    uow: UnitOfWork,
    case: Case,
    definition: Definition,
    instance: ProcessInstance,
    advance: Advance,
    now: datetime,
    changes: _Changes,
    closed: set[str],
) -> None:
    deadlines = [timer for timer in advance.timers_fired if timer.deadline_kind]
    if not deadlines:
        return
    rows = uow.session.scalars(
        select(UserTask)
        .where(UserTask.instance_id == instance.id, UserTask.case_id == case.id)
        .where((UserTask.status == "open") | UserTask.id.in_(closed))
    ).all()
    for timer in sorted(deadlines, key=lambda timer: timer.due_at):
        # A deadline of an enclosing sub-process names no task: it is that of the tasks due then.
        hit = [
            row
            for row in rows
            if row.id == timer.task_id
            or (timer.task_id is None and row.status == "open" and row.due_at == timer.due_at)
        ]
        with_keys = [(row, candidate_keys(definition.element(row.element_path))) for row in hit]
        values = deadline_fired(uow, case, timer, with_keys, now)
        if role := values.pop("escalated_role", ""):
            changes.roles.add(role)
        if hit:
            uow.session.execute(update(UserTask), [{"id": row.id, **values} for row in hit])
            for row in hit:
                settle(row, values)


def _open(
    uow: UnitOfWork,
    case: Case,
    definition: Definition,
    instance: ProcessInstance,
    advance: Advance,
    actor: Actor,
    at: datetime,
    changes: _Changes,
) -> None:
    rows: list[dict[str, Any]] = []
    waiting: list[tuple[str, Sequence[str], datetime]] = []
    for task in advance.opened:
        element = definition.element(task.path)
        keys = candidate_keys(element)
        sort_due = case.wall(task.due_at) if task.due_at is not None else NEVER
        assignee = _named(uow, element.assignee)
        if assignee is None:
            waiting.append((task.id, keys, sort_due))
            changes.counts[queue_owner(keys)] += 1
        else:
            changes.counts[person_owner(assignee)] += 1
        changes.roles.update(element.candidate_groups)
        rows.append(
            {
                "id": task.id,
                "instance_id": instance.id,
                "case_id": case.id,
                "element_id": task.element_id,
                "element_path": task.path,
                "round": task.round,
                "name": element.name or task.element_id,
                "name_en": element.name_en,
                "form_key": element.form_key,
                "role_key": element.candidate_groups[0] if element.candidate_groups else "",
                "priority": element.priority,
                "status": "open",
                "assignee_id": assignee,
                "claimed_at": at if assignee is not None else None,
                "created_at": at,
                "due_at": task.due_at,
                "sort_due": sort_due,
                "follow_up_at": task.follow_up_at,
            }
        )
        step_events.write_opened(uow, case, task, element, assignee, advance, actor, at)
    if rows:
        uow.session.execute(insert(UserTask), rows)
        enqueue(uow.session, waiting)


def _named(uow: UnitOfWork, username: str) -> int | None:
    """The person a plan gives a task to by name; None when it names nobody who is here."""
    if not username:
        return None
    found = select(Person.id).where(Person.username == username, Person.active.is_(True))
    return uow.session.scalar(found)


def _admit(uow: UnitOfWork, case: Case, roles: Iterable[str]) -> None:
    """Let these roles see the case from now on."""
    rows = [{"case_id": case.id, "role_key": role} for role in sorted(set(roles))]
    if rows:
        uow.session.execute(upsert(uow.session, CaseRole).values(rows).on_conflict_do_nothing())


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
