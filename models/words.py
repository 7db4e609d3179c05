"""What goes out: statements, their versions, approvals and releases; report-up rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Statement(Base):
    """Something to be said in public, under the unit's own name.

    ``kind``: first_facts, progress, cause, correction, reply. ``status``: draft, released,
    withdrawn. ``approvals_needed`` lists the kinds of approval (``secrecy``, ``legal``,
    ``final``...) the plan asks for before release.
    """

    __tablename__ = "statement"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12), default="draft")
    latest_number: Mapped[int] = mapped_column(default=0)
    approvals_needed: Mapped[list[Any]] = mapped_column(default=list)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("statement.id"))
    investigation_done: Mapped[bool] = mapped_column(default=False)  # asked of kind cause
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))


class StatementVersion(Base):
    """One numbered text. ``digest`` is the SHA-256 over its canonical JSON of all parts."""

    __tablename__ = "statement_version"
    __table_args__ = (UniqueConstraint("statement_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(300), default="")
    known: Mapped[str] = mapped_column(Text, default="")
    unknown: Mapped[str] = mapped_column(Text, default="")
    doing: Mapped[str] = mapped_column(Text, default="")
    next_word_at: Mapped[datetime | None]
    next_word_note: Mapped[str] = mapped_column(Text, default="")
    contact: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")


class Approval(Base):
    """A decision on one exact text. ``voided_at`` is set when the text changes afterwards.

    ``person_id`` decided. An oral decision (电话请示) was entered by ``entered_by`` and is signed
    by the one who gave it at ``countersigned_at`` (补签).
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint(
            "decision in ('approve','approve_with_edits','return','reject')", name="decision"
        ),
        Index(None, "statement_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("statement_version.id"))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))  # review, secrecy, legal, countersign, final
    decision: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(Text, default="")
    oral: Mapped[bool] = mapped_column(default=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    on_behalf_of: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    task_id: Mapped[str | None] = mapped_column(String(36))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    voided_by_version: Mapped[int | None]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    countersigned_at: Mapped[datetime | None]


class Release(Base):
    """That a text went out: through which official channel and account, and where it stands."""

    __tablename__ = "release"
    __table_args__ = (Index(None, "statement_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("statement_version.id"))
    digest: Mapped[str] = mapped_column(String(64))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    account: Mapped[str] = mapped_column(String(200))  # as it stood at release
    link: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    task_id: Mapped[str | None] = mapped_column(String(36))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]  # when it was really taken back (撤回)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)


class Channel(Base):
    """An official, disclosed channel of the unit: the only places words may go out."""

    __tablename__ = "channel"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    account: Mapped[str] = mapped_column(String(200))  # the verified account's public name
    url: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(default=True)


class ReportLine(Base):
    """One recipient of a report up. The limit is met when the last line of a task is."""

    __tablename__ = "report_line"
    __table_args__ = (UniqueConstraint("task_id", "recipient"), Index(None, "case_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    task_id: Mapped[str] = mapped_column(ForeignKey("user_task.id"))
    recipient: Mapped[str] = mapped_column(String(60))  # key of plan.toml's [[recipients]]
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    method: Mapped[str] = mapped_column(
        String(20), default=""
    )  # phone, fax, document, system, in_person
    to_whom: Mapped[str] = mapped_column(String(200), default="")
    happened_at: Mapped[datetime | None]  # when it was really said or sent
    entered_at: Mapped[datetime | None]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    acknowledged_at: Mapped[datetime | None]
    acknowledged_how: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(Text, default="")
