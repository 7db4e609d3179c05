"""Timer rows kept in step with what the engine waits for, and due dates with their timers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from models.cases import Case, ProcessInstance
from models.tasks import TaskQueue, Timer, UserTask
from services import history, wake
from services.actor import Actor
from services.rows import dialect_of, table, upsert
from services.uow import UnitOfWork
from workflows.contract import Advance, TimerFired, TimerSet

_TIMERS = table(Timer)
_DROP = delete(_TIMERS).where(_TIMERS.c.id == bindparam("b_id"), _TIMERS.c.status == "waiting")
_FIRED = (
    update(_TIMERS)
    .where(_TIMERS.c.id.in_(bindparam("b_ids", expanding=True)))
    .values(status="fired", fired_at=bindparam("b_at"), leased_until=None)
)
#: What a timer set again under its id takes over.
_AGAIN = (
    "due_at", "wall_due_at", "status", "leased_until", "attempts", "last_error", "task_id",
    "deadline_kind", "escalate_to", "anchor",
)  # fmt: skip


@cache
def _set_again(dialect: str) -> Any:
    statement = upsert(dialect, Timer)
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: getattr(statement.excluded, name) for name in _AGAIN},
    )


def apply(
    uow: UnitOfWork,
    case: Case,
    instance: ProcessInstance,
    advance: Advance,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    """Rows for the timers a step fired, dropped and set (in this order: a cycle that fires is set
    again under the same id). ``now`` is wall time; ``reason`` says why clocks moved.

    Dropped rows are deleted: what a clock was stands in history, and the table of what is waited
    for stays as small as the work that is open.
    """
    at = case.at(now)
    set_ids = {timer.id for timer in advance.timers_set}
    if advance.timers_fired:
        _mark_fired(uow, case, advance.timers_fired, actor, at)
    dropped = [id_ for id_ in advance.timers_dropped if id_ not in set_ids]
    if advance.status == "completed":
        uow.session.execute(
            delete(Timer)
            .where(Timer.instance_id == instance.id, Timer.status == "waiting")
            .execution_options(synchronize_session=False)
        )
    elif dropped:
        uow.session.execute(_DROP, [{"b_id": id_} for id_ in dropped])
    if advance.timers_set:
        _set(uow, case, instance, advance, actor, at, reason)


def _mark_fired(
    uow: UnitOfWork, case: Case, fired: Sequence[TimerFired], actor: Actor, at: datetime
) -> None:
    ids = [timer.id for timer in fired]
    uow.session.execute(_FIRED, {"b_ids": ids, "b_at": at})
    for timer in fired:
        if timer.deadline_kind is None:
            history.append(
                uow,
                "timer.fired",
                case=case,
                actor=actor,
                occurred_at=timer.due_at,
                now=at,
                element_path=timer.path,
                payload={"timer": timer.id},
            )


def _set(
    uow: UnitOfWork,
    case: Case,
    instance: ProcessInstance,
    advance: Advance,
    actor: Actor,
    at: datetime,
    reason: str,
) -> None:
    rows = [_row(case, instance, timer) for timer in advance.timers_set]
    uow.session.execute(_set_again(dialect_of(uow.session)), rows)
    earliest = min(row["wall_due_at"] for row in rows)
    uow.after_commit(lambda: wake.at(earliest))
    opened = {task.id for task in advance.opened}
    was = {moved.id: moved.was for moved in advance.due_moved}
    for timer in advance.timers_set:
        if timer.task_id in opened:
            continue  # its task's own event says so
        payload: dict[str, Any] = {"timer": timer.id, "due": timer.due_at}
        if timer.task_id is not None:
            payload["task"] = timer.task_id
        if timer.anchor:
            payload["anchor"] = timer.anchor
        if timer.deadline_kind == "due" and timer.task_id in was:
            payload["was"] = was[timer.task_id]
        if reason:
            payload["reason"] = reason
        history.append(
            uow,
            "deadline.set" if timer.deadline_kind else "timer.set",
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            element_path=timer.path,
            payload=payload | ({"kind": timer.deadline_kind} if timer.deadline_kind else {}),
        )


def _row(case: Case, instance: ProcessInstance, timer: TimerSet) -> dict[str, Any]:
    return {
        "id": timer.id,
        "instance_id": instance.id,
        "case_id": case.id,
        "task_id": timer.task_id,
        "element_path": timer.path,
        "deadline_kind": timer.deadline_kind,
        "escalate_to": timer.escalate_to,
        "anchor": timer.anchor,
        "due_at": timer.due_at,
        "wall_due_at": case.wall(timer.due_at),
        "status": "waiting",
        "leased_until": None,
        "attempts": 0,
        "fired_at": None,
        "last_error": "",
    }


def shift(uow: UnitOfWork, case: Case) -> None:
    """After the case's clock moved: every waiting timer and open task at its new wall moment."""
    session = uow.session
    timers = session.execute(
        select(Timer.id, Timer.due_at).where(Timer.case_id == case.id, Timer.status == "waiting")
    ).all()
    if timers:
        session.execute(
            update(Timer),
            [
                {"id": id_, "wall_due_at": case.wall(due_at), "leased_until": None}
                for id_, due_at in timers
            ],
        )
        earliest = min(case.wall(due_at) for _, due_at in timers)
        uow.after_commit(lambda: wake.at(earliest))
    tasks = session.execute(
        select(UserTask.id, UserTask.due_at).where(
            UserTask.case_id == case.id, UserTask.status == "open", UserTask.due_at.is_not(None)
        )
    ).all()
    if tasks:
        session.execute(
            update(UserTask), [{"id": id_, "sort_due": case.wall(due)} for id_, due in tasks if due]
        )
    for id_, due in tasks:
        if due is None:
            continue
        session.execute(
            update(TaskQueue)
            .where(TaskQueue.task_id == id_)
            .values(sort_due=case.wall(due))
            .execution_options(synchronize_session=False)
        )
