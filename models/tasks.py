"""User tasks, the queues they wait in, timers, and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

#: Sorts after every real due date, so that tasks without one come last in an index.
FAR = "9999-12-31"


class UserTask(Base):
    """A task somebody has to do. ``id`` is the engine task's UUID."""

    __tablename__ = "user_task"
    __table_args__ = (
        CheckConstraint("status in ('open','completed','cancelled')", name="status"),
        Index(None, "case_id", "status"),
        Index("ix_user_task_inbox", "assignee_id", "status", "sort_due", "id"),
        Index("ix_user_task_done", "completed_by", "completed_at", "id"),
        Index(None, "instance_id", "element_path"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    element_path: Mapped[str] = mapped_column(String(300))
    round: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    form_key: Mapped[str] = mapped_column(String(60), default="")
    role_key: Mapped[str] = mapped_column(String(60), default="")  # its first candidate group
    priority: Mapped[int] = mapped_column(default=50)
    status: Mapped[str] = mapped_column(String(12), default="open")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # case time
    sort_due: Mapped[datetime]  # due_at in wall time, or FAR
    follow_up_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    draft: Mapped[dict[str, Any] | None]
    draft_at: Mapped[datetime | None]
    occurred_at: Mapped[datetime | None]  # when the work was really done
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    completed_role: Mapped[str] = mapped_column(String(60), default="")
    result: Mapped[dict[str, Any] | None]
    ended_by: Mapped[str] = mapped_column(String(300), default="")  # what cancelled it


class TaskQueue(Base):
    """One row for each role an open, unclaimed task waits for: the queue page reads this
    index and nothing else. Gone once the task is claimed or ended."""

    __tablename__ = "task_queue"
    __table_args__ = (Index("ix_task_queue_page", "role_key", "sort_due", "task_id"),)
    task_id: Mapped[str] = mapped_column(
        ForeignKey("user_task.id", ondelete="CASCADE"), primary_key=True
    )
    role_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    sort_due: Mapped[datetime]


class QueueCount(Base):
    """How many tasks wait, kept in the same transaction. ``owner`` is ``person:ID`` for an inbox
    or ``role:`` and the task's candidate roles, sorted and joined by ``|``: a person who holds
    two of them then still counts the task once."""

    __tablename__ = "queue_count"
    owner: Mapped[str] = mapped_column(String(400), primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


class Timer(Base):
    """A moment the engine waits for. The row is the truth; a scheduler only looks."""

    __tablename__ = "timer"
    __table_args__ = (
        CheckConstraint("status in ('waiting','fired','dropped')", name="status"),
        Index("ix_timer_due", "status", "wall_due_at"),
        Index(None, "instance_id", "status"),
        Index(None, "case_id", "status"),
    )
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    task_id: Mapped[str | None] = mapped_column(String(36))
    element_path: Mapped[str] = mapped_column(String(300))
    deadline_kind: Mapped[str | None] = mapped_column(String(12))
    escalate_to: Mapped[str] = mapped_column(String(60), default="")
    anchor: Mapped[str] = mapped_column(String(60), default="")
    due_at: Mapped[datetime]  # case time
    wall_due_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    fired_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class Outbox(Base):
    """An intent to be carried out after the commit, at least once."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "status", "not_before"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    instance_id: Mapped[str | None] = mapped_column(String(36))
    engine_task_id: Mapped[str | None] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting | done | failed
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    done_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class Notification(Base):
    """A word to a person inside Planroom (reminder, urge, escalation, notice)."""

    __tablename__ = "notification"
    __table_args__ = (Index(None, "person_id", "read_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    task_id: Mapped[str | None] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
