"""Plans and their immutable versions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class Plan(Base):
    """A response plan under its key (``p11``); its text is in its versions."""

    __tablename__ = "plan"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200), default="")
    current_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("plan_version.id", use_alter=True)
    )


class PlanVersion(Base):
    """One deployed version: one content hash over every file it needs. Never updated."""

    __tablename__ = "plan_version"
    __table_args__ = (UniqueConstraint("plan_key", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_key: Mapped[str] = mapped_column(ForeignKey("plan.key"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    manifest: Mapped[dict[str, Any]]  # plan.toml as data
    clauses: Mapped[dict[str, Any]]  # clauses.toml as data
    note: Mapped[str] = mapped_column(Text, default="")
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    files: Mapped[list[PlanFile]] = relationship(order_by="PlanFile.name")
    issue: Mapped[VersionIssue | None] = relationship()

    @property
    def document_number(self) -> str:
        """文号, "" where it was given none."""
        return self.issue.document_number if self.issue else ""

    @property
    def review_on(self) -> date | None:
        """The day the unit means to review it again."""
        return self.issue.review_on if self.issue else None

    @property
    def approved_by(self) -> int | None:
        """The second person who agreed to it; None where nobody did (the command line, or a unit
        that has switched that off)."""
        return self.issue.approved_by if self.issue else None


class VersionIssue(Base):
    """How a version came into force from the studio: under which number, when it is to be reviewed,
    who agreed. ``alone``: nobody but its author, since the unit had switched the second person
    off. Never updated."""

    __tablename__ = "version_issue"
    version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"), primary_key=True)
    document_number: Mapped[str] = mapped_column(String(100), default="")
    review_on: Mapped[date | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    alone: Mapped[bool] = mapped_column(default=False)


class PlanFile(Base):
    """A file of a version, as deployed."""

    __tablename__ = "plan_file"
    version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Definition(Base):
    """The compiled definition of a content hash, stored once and cached by hash."""

    __tablename__ = "definition"
    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    format: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary)
