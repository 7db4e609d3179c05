"""What happens when a deadline's timer fires, and whether a completed task was in time.

Deadlines are judged by when the work was really done, not by when it was entered: a task whose
due date passed unanswered and is then entered with an earlier moment was met in fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models.cases import Case
from models.people import Role
from models.tasks import UserTask
from services import history, notifications
from services.actor import CLOCK, Actor
from services.uow import UnitOfWork
from workflows.contract import TimerFired


def seconds_between(earlier: datetime, later: datetime) -> int:
    """Whole seconds from one moment to another, negative when it lies before."""
    return int((later - earlier).total_seconds())


def superior_of(uow: UnitOfWork, timer: TimerFired, task: UserTask | None) -> str:
    """The role an overdue task is escalated to: the one the timer names, or the superior of the
    task's own role; "" when there is none."""
    if timer.escalate_to:
        return timer.escalate_to
    if task is None or not task.role_key:
        return ""
    return uow.session.scalar(select(Role.superior).where(Role.key == task.role_key)) or ""


def deadline_fired(
    uow: UnitOfWork,
    case: Case,
    timer: TimerFired,
    tasks: Sequence[tuple[UserTask, Sequence[str]]],
    now: datetime,
) -> dict[str, Any]:
    """Act on one fired deadline. ``tasks`` are the open tasks it is the deadline of, each with
    its candidate keys; ``now`` is wall time. Marks the tasks, tells people, writes
    history. Returns the change made to each task's row; the role escalated to, if any, stands in
    it under ``escalated_role``."""
    at = case.at(now)
    late = max(0, seconds_between(timer.due_at, at))
    task = tasks[0][0] if tasks else None
    payload: dict[str, Any] = {"timer": timer.id, "due": timer.due_at}
    if task is not None:
        payload |= {"task": task.id, "round": task.round}
    if timer.deadline_kind == "remind":
        _tell(uow, tasks, "deadline_reminder", now, case)
        _write(uow, "deadline.reminded", case, timer, at, at, payload)
        return {"reminded_at": at}
    if timer.deadline_kind == "due":
        _tell(uow, tasks, "deadline_missed", now, case)
        _write(uow, "deadline.missed", case, timer, timer.due_at, at, payload | {"late": late})
        return {"overdue_at": timer.due_at}
    role = superior_of(uow, timer, task)
    people = notifications.holders(uow.session, [role]) if role else []
    notifications.notify_people(
        uow,
        people,
        "deadline_escalated",
        _names(task, case),
        now,
        case=case,
        task_id=task.id if task is not None else None,
    )
    _tell(uow, tasks, "deadline_urged", now, case)
    _write(
        uow,
        "deadline.escalated",
        case,
        timer,
        at,
        at,
        payload | {"to": role, "persons": people, "late": late},
    )
    return {"escalated_at": at, "escalated_role": role}


def judge(
    uow: UnitOfWork,
    case: Case,
    task: UserTask,
    actor: Actor,
    occurred_at: datetime,
    recorded_at: datetime,
) -> bool | None:
    """Whether a task just completed was in time, by ``occurred_at``; written to history with the
    lag between the act and its entry. None for a task without a due date. Both moments are case
    time."""
    if task.due_at is None:
        return None
    spare = seconds_between(occurred_at, task.due_at)
    lag = seconds_between(occurred_at, recorded_at)
    payload: dict[str, Any] = {"task": task.id, "due": task.due_at}
    if task.round > 1:
        payload["round"] = task.round
    if lag:
        payload |= {"lag": lag}
    met = occurred_at <= task.due_at
    payload |= {"spare": spare} if met else {"late": -spare}
    history.append(
        uow,
        "deadline.met" if met else "deadline.missed",
        case=case,
        actor=actor,
        occurred_at=occurred_at,
        now=recorded_at,
        element_path=task.element_path,
        payload=payload,
    )
    return met


def _names(task: UserTask | None, case: Case) -> Mapping[str, Any]:
    names = {"case": case.number, "title": case.title}
    if task is not None:
        names |= {"task": task.name, "task_en": task.name_en}
    return names


def _tell(
    uow: UnitOfWork,
    tasks: Sequence[tuple[UserTask, Sequence[str]]],
    kind: str,
    now: datetime,
    case: Case,
) -> None:
    for task, keys in tasks:
        notifications.notify_task(uow, task, keys, kind, _names(task, case), now, case=case)


def _write(
    uow: UnitOfWork,
    type_: str,
    case: Case,
    timer: TimerFired,
    occurred_at: datetime,
    recorded_at: datetime,
    payload: Mapping[str, Any],
) -> None:
    history.append(
        uow,
        type_,
        case=case,
        actor=CLOCK,
        occurred_at=occurred_at,
        now=recorded_at,
        element_path=timer.path,
        payload=payload,
    )
