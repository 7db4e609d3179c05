"""Signals that may become cases, and files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Signal(Base):
    """Something noticed (舆情线索). ``fingerprint`` groups duplicates (canonical link, or
    normalised text). ``settled_at`` is when it was set aside or marked as a duplicate; the term of
    one that never became a case is counted from there. Destroyed, it keeps neither words nor
    fingerprint: whoever guesses the text could tell by it that the guess is right."""

    __tablename__ = "signal"
    __table_args__ = (
        CheckConstraint("status in ('new','taken','duplicate','dismissed')", name="status"),
        Index(None, "status", "discovered_at"),
        Index(None, "fingerprint"),
        Index(None, "duplicate_of"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text, default="")
    medium: Mapped[str] = mapped_column(String(40), default="")  # weibo, wechat, short_video, ...
    source: Mapped[str] = mapped_column(String(40), default="person")  # person | phone | sample
    reads: Mapped[int | None]
    comments: Mapped[int | None]
    reposts: Mapped[int | None]
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    discovered_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    status: Mapped[str] = mapped_column(String(12), default="new")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    settled_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StoredFile(Base):
    """A file by content, under DATA_DIR."""

    __tablename__ = "stored_file"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    mime: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]


class Attachment(Base):
    """A stored file under a name, on a case, a signal or a task."""

    __tablename__ = "attachment"
    __table_args__ = (Index(None, "case_id"), Index(None, "signal_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("stored_file.sha256"))
    name: Mapped[str] = mapped_column(String(255))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    task_id: Mapped[str | None] = mapped_column(String(36))
    added_at: Mapped[datetime]
    added_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(String(300), default="")


class ArchiveItem(Base):
    """A line of a case's table of contents (卷内目录)."""

    __tablename__ = "archive_item"
    __table_args__ = (Index(None, "case_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    key: Mapped[str] = mapped_column(String(60))  # key of plan.toml's [[archive]]
    name: Mapped[str] = mapped_column(String(200))
    present: Mapped[bool] = mapped_column(default=False)
    where: Mapped[str] = mapped_column(String(300), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
