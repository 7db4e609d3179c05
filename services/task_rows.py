"""User task rows, their queues and counts, kept in step with what an engine step opened, ended or
reminded of. Called by `services.instances.record` only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from models.cases import Case, ProcessInstance
from models.people import Person
from models.tasks import TaskQueue, UserTask
from services import step_events
from services.access import candidate_keys
from services.actor import Actor
from services.deadlines import deadline_fired
from services.errors import Stale
from services.queues import NEVER, dequeue, enqueue, person_owner, queue_owner
from services.rows import affected, settle, table
from services.step_events import Done
from services.uow import UnitOfWork
from workflows.contract import Advance, TaskClosed, TimerFired
from workflows.definition import Definition

_TASKS = table(UserTask)
#: What a task's row says of a deadline that has rung, by its kind.
_RUNG = {"remind": "reminded_at", "due": "overdue_at", "escalate": "escalated_at"}
_INSERT = insert(_TASKS)
_BY_ID = update(_TASKS).where(_TASKS.c.id == bindparam("b_id"))
#: The tasks a deadline may be that of: open, or ended by the step itself.
_RUNG_FOR = select(UserTask).where(
    UserTask.instance_id == bindparam("b_instance"),
    or_(UserTask.status == "open", UserTask.id.in_(bindparam("b_closed", expanding=True))),
)
#: Proves that nobody has taken or ended the task since it was read.
_IF_UNMOVED = _BY_ID.where(
    _TASKS.c.status == "open",
    _TASKS.c.assignee_id.is_not_distinct_from(bindparam("b_held")),
)


@dataclass(slots=True)
class Step:
    """One engine step being written down: where, by whom, and what it changes beside the tables
    of tasks. ``now`` is wall time, ``at`` the case's."""

    uow: UnitOfWork
    case: Case
    instance: ProcessInstance
    definition: Definition
    advance: Advance
    actor: Actor
    now: datetime
    at: datetime
    counts: Counter[str] = field(default_factory=Counter)
    roles: set[str] = field(default_factory=set)


def move(uow: UnitOfWork, task: UserTask, values: Mapping[str, Any]) -> None:
    """Change an open task. Raises `Stale` when somebody has taken or ended it since it was read:
    run again, the loser is told who and when."""
    held = {"b_id": task.id, "b_held": task.assignee_id, **values}
    if affected(uow.session.execute(_IF_UNMOVED, held)) != 1:
        raise Stale(f"task {task.id} moved")
    settle(task, values)


def close(step: Step, done: Done | None) -> set[str]:
    """End the rows of the tasks the step ended; returns their ids."""
    advance, session = step.advance, step.uow.session
    if not advance.closed:
        return set()
    rows = {done.task.id: done.task} if done is not None else {}
    if missing := [task.id for task in advance.closed if task.id not in rows]:
        found = session.scalars(select(UserTask).where(UserTask.id.in_(missing)))
        rows |= {row.id: row for row in found}
    queued: list[str] = []
    for task in advance.closed:
        row = rows[task.id]
        if row.assignee_id is None:
            step.counts[queue_owner(candidate_keys(step.definition.element(task.path)))] -= 1
            queued.append(task.id)
        else:
            step.counts[person_owner(row.assignee_id)] -= 1
        if done is not None and task.id == done.task.id:
            move(step.uow, row, _completed(step, done))
        else:
            values = _ended(task, step.at)
            session.execute(_BY_ID, {"b_id": task.id, **values})
            settle(row, values)
            step_events.write_cancelled(step.uow, step.case, row, task, step.actor, step.at)
    dequeue(session, queued)
    return {task.id for task in advance.closed}


def _ended(task: TaskClosed, at: datetime) -> dict[str, Any]:
    status = "completed" if task.outcome == "completed" else "cancelled"
    return {"status": status, "completed_at": at, "ended_by": task.by}


def _completed(step: Step, done: Done) -> dict[str, Any]:
    task, actor = done.task, step.actor
    values: dict[str, Any] = {
        "status": "completed",
        "assignee_id": actor.person_id,
        "claimed_at": task.claimed_at or step.at,
        "completed_at": step.at,
        "completed_by": actor.person_id,
        "completed_role": actor.role,
        "occurred_at": done.occurred_at,
        "result": {**done.result, **done.text},
    }
    if task.draft is not None:
        values |= {"draft": None, "draft_at": None}
    if task.overdue_at is not None and task.due_at is not None and done.occurred_at <= task.due_at:
        values["overdue_at"] = None  # done in time, entered late: met in fact
    return values


def open_(step: Step) -> None:
    """Rows, queue rows and counts for the tasks the step opened."""
    rows: list[dict[str, Any]] = []
    waiting: list[tuple[str, Sequence[str], datetime]] = []
    for task in step.advance.opened:
        element = step.definition.element(task.path)
        keys = candidate_keys(element)
        sort_due = step.case.wall(task.due_at) if task.due_at is not None else NEVER
        assignee = _named(step.uow, element.assignee)
        if assignee is None:
            waiting.append((task.id, keys, sort_due))
            step.counts[queue_owner(keys)] += 1
        else:
            step.counts[person_owner(assignee)] += 1
        step.roles.update(element.candidate_groups)
        rows.append(
            {
                "id": task.id,
                "instance_id": step.instance.id,
                "case_id": step.case.id,
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
                "claimed_at": step.at if assignee is not None else None,
                "created_at": step.at,
                "due_at": task.due_at,
                "sort_due": sort_due,
                "follow_up_at": task.follow_up_at,
            }
        )
        step_events.write_opened(
            step.uow, step.case, task, element, assignee, step.advance, step.actor, step.at
        )
    if rows:
        step.uow.session.execute(_INSERT, rows)
        enqueue(step.uow.session, waiting)


def fire(step: Step, closed: set[str]) -> None:
    """Act on the deadlines that fired, oldest first. ``closed`` are the tasks the same step
    ended: a deadline that interrupts still is its task's."""
    deadlines = [timer for timer in step.advance.timers_fired if timer.deadline_kind]
    if not deadlines:
        return
    session = step.uow.session
    wanted = {"b_instance": step.instance.id, "b_closed": sorted(closed)}
    rows = session.scalars(_RUNG_FOR, wanted).all()
    for timer in sorted(deadlines, key=lambda timer: timer.due_at):
        hit = [
            row
            for row in rows
            if row.id == timer.task_id
            or (timer.task_id is None and row.status == "open" and _within(step, timer, row))
        ]
        with_keys = [
            (row, candidate_keys(step.definition.element(row.element_path))) for row in hit
        ]
        values = deadline_fired(step.uow, step.case, timer, with_keys, step.now)
        if role := values.pop("escalated_role", ""):
            step.roles.add(role)
        for row in hit:
            session.execute(_BY_ID, {"b_id": row.id, **values})
            settle(row, values)


def retime(step: Step, reason: str) -> None:
    """Due dates counted again: on the task, in its queues and in history. One that now lies ahead
    is neither overdue nor escalated any more; a deadline set to ring again has not rung.
    ``reason`` says why clocks moved."""
    session, advance, case = step.uow.session, step.advance, step.case
    told = {timer.task_id for timer in advance.timers_set if timer.deadline_kind == "due"}
    changes: dict[str, dict[str, Any]] = {}
    for moved in advance.due_moved:
        sort_due = case.wall(moved.due_at) if moved.due_at is not None else NEVER
        values: dict[str, Any] = {"due_at": moved.due_at, "sort_due": sort_due}
        if moved.due_at is None or moved.due_at > step.at:
            values |= {"overdue_at": None, "escalated_at": None}
        changes[moved.id] = values
        if moved.id not in told:  # else its timer's own event says so
            step_events.write_due_moved(step.uow, case, moved, reason, step.actor, step.at)
    fired = {timer.id for timer in advance.timers_fired}
    opened = {task.id for task in advance.opened}
    for timer in advance.timers_set:
        rung = _RUNG.get(timer.deadline_kind or "")
        if rung is None or timer.task_id is None or timer.due_at <= step.at:
            continue
        if timer.id not in fired and timer.task_id not in opened:
            changes.setdefault(timer.task_id, {})[rung] = None
    for id_, values in changes.items():
        session.execute(
            update(UserTask)
            .where(UserTask.id == id_, UserTask.status == "open")
            .values(values)
            .execution_options(synchronize_session="fetch")
        )
        if "overdue_at" not in values and "due_at" in values:
            session.execute(  # it was late and is late, counted from another moment
                update(UserTask)
                .where(UserTask.id == id_, UserTask.overdue_at.is_not(None))
                .values(overdue_at=values["due_at"])
                .execution_options(synchronize_session="fetch")
            )
        if "sort_due" in values:
            session.execute(
                update(TaskQueue)
                .where(TaskQueue.task_id == id_)
                .values(sort_due=values["sort_due"])
                .execution_options(synchronize_session=False)
            )


def _within(step: Step, timer: TimerFired, task: UserTask) -> bool:
    """Whether a deadline of an enclosing activity, which names no task, is this open task's: it
    stands inside, and has no deadline of its own."""
    host = step.definition.element(timer.path).attached_to
    if not task.element_path.startswith(f"{host}/"):
        return False
    if timer.deadline_kind == "due":
        return task.due_at == timer.due_at
    return not any(
        other.deadline_kind and other.attached_to == task.element_path
        for other in step.definition.elements.values()
    )


def _named(uow: UnitOfWork, username: str) -> int | None:
    """The person a plan gives a task to by name; None when it names nobody who is here."""
    if not username:
        return None
    found = select(Person.id).where(Person.username == username, Person.active.is_(True))
    return uow.session.scalar(found)
