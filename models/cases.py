"""Cases, the process instances they run, and their recorded moments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Case(Base):
    """One incident (舆情事件) handled under one plan version.

    ``number`` is the business key (``2026-0001``). ``clock_offset`` (seconds) and
    ``clock_rate`` shift the case's own time from wall time (drill, demonstration).
    """

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("status in ('open','closed','archived')", name="status"),
        Index(None, "status", "opened_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str] = mapped_column(Text, default="")
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"))
    primary_instance_id: Mapped[str | None] = mapped_column(String(36))
    tier: Mapped[str | None] = mapped_column(String(40))  # a tier key of plan.toml
    status: Mapped[str] = mapped_column(String(12), default="open")
    is_drill: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    clock_offset: Mapped[int] = mapped_column(default=0)
    clock_rate: Mapped[float] = mapped_column(default=1.0)
    clock_base: Mapped[datetime | None]  # wall moment from which the rate counts
    stamp: Mapped[int] = mapped_column(default=0)  # raised by every write, for reload checks
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)

    def at(self, wall: datetime) -> datetime:
        """The case's own time at a wall moment."""
        if self.clock_base is not None and self.clock_rate != 1.0:
            wall = self.clock_base + (wall - self.clock_base) * self.clock_rate
        return wall + timedelta(seconds=self.clock_offset)

    def wall(self, moment: datetime) -> datetime:
        """The wall moment at which the case's own time will be ``moment``."""
        moment = moment - timedelta(seconds=self.clock_offset)
        if self.clock_base is not None and self.clock_rate != 1.0:
            moment = self.clock_base + (moment - self.clock_base) / self.clock_rate
        return moment


class CaseNumber(Base):
    """The last case number given out in a year of the organisation's own zone."""

    __tablename__ = "case_number"
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class CaseMember(Base):
    """A person who may see a case beyond the roles of its tasks."""

    __tablename__ = "case_member"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    added_at: Mapped[datetime]


class CaseRole(Base):
    """A role that has or had a task in a case: who may see it, without scanning tasks."""

    __tablename__ = "case_role"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    role_key: Mapped[str] = mapped_column(String(60), primary_key=True)


class ProcessInstance(Base):
    """A root process instance. ``state`` is the engine's, empty once it has ended;
    ``revision`` is the version a step was computed from (compare and set)."""

    __tablename__ = "process_instance"
    __table_args__ = (
        CheckConstraint("status in ('running','completed','incident','cancelled')", name="status"),
        Index(None, "case_id"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(12), default="running")
    revision: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_event: Mapped[str | None] = mapped_column(String(200))


class Anchor(Base):
    """When something a clock counts from really happened. Corrections add a row and mark
    the older one superseded."""

    __tablename__ = "anchor"
    __table_args__ = (Index(None, "case_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    name: Mapped[str] = mapped_column(String(60))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    how: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    superseded: Mapped[bool] = mapped_column(default=False)


class Incident(Base):
    """An engine fault (运行异常) that waits for a person."""

    __tablename__ = "incident"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"))
    code: Mapped[str] = mapped_column(String(60))
    element_path: Mapped[str] = mapped_column(String(300), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    raised_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    resolution: Mapped[str] = mapped_column(Text, default="")
