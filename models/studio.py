"""What plan authors work on: drafts, the saves that made them, and proposals to deploy."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class PlanDraft(Base):
    """An author's own copy of a plan's files. ``revision`` rises with every save and is what a
    save is computed from (compare and set); ``plan_key`` need not be a plan yet."""

    __tablename__ = "plan_draft"
    __table_args__ = (
        CheckConstraint("status in ('open','submitted','deployed','discarded')", name="status"),
        Index(None, "plan_key", "status"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_key: Mapped[str] = mapped_column(String(60))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    base_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    revision: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(12), default="open")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    files: Mapped[list[DraftFile]] = relationship(
        order_by="DraftFile.name", cascade="all, delete-orphan"
    )


class DraftFile(Base):
    """A file of a draft, as last saved."""

    __tablename__ = "draft_file"
    draft_id: Mapped[int] = mapped_column(ForeignKey("plan_draft.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime]


class DraftChange(Base):
    """What a save replaced, so that it can be undone: the file as it was (``content`` None: it
    was not there). Rows of one save share its ``revision``; only the newest saves are kept."""

    __tablename__ = "draft_change"
    draft_id: Mapped[int] = mapped_column(ForeignKey("plan_draft.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    what: Mapped[str] = mapped_column(String(300), default="")
    saved_at: Mapped[datetime]


class PlanProposal(Base):
    """That a draft, or an earlier version, should be put in force, and what a second person said.

    ``content_hash`` is of exactly what was proposed; ``base_version_id`` the version in force
    then; ``version_id`` what came of it."""

    __tablename__ = "plan_proposal"
    __table_args__ = (
        CheckConstraint("kind in ('deploy','rollback')", name="kind"),
        CheckConstraint("status in ('waiting','approved','refused','withdrawn')", name="status"),
        CheckConstraint("(kind = 'deploy') = (draft_id is not null)", name="draft"),
        CheckConstraint("(kind = 'rollback') = (target_version_id is not null)", name="target"),
        Index(None, "plan_key", "status"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_key: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(12), default="deploy")
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("plan_draft.id"))
    target_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    base_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    document_number: Mapped[str] = mapped_column(String(100), default="")
    review_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    submitted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(Text, default="")
    version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
