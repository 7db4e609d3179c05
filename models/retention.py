"""How long cases and signals are kept, what keeps one longer, and how destroying them is agreed
to."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class RetentionTerm(Base):
    """A row of the unit's retention table (保管期限表). ``years`` None: permanent."""

    __tablename__ = "retention_term"
    __table_args__ = (CheckConstraint("years is null or years > 0", name="years"),)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    years: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)


class PlanRetention(Base):
    """How long the cases of a plan are kept; a plan without a row keeps them permanently."""

    __tablename__ = "plan_retention"
    plan_key: Mapped[str] = mapped_column(ForeignKey("plan.key"), primary_key=True)
    term_key: Mapped[str] = mapped_column(ForeignKey("retention_term.key"))
    set_at: Mapped[datetime]


class SignalRetention(Base):
    """How long signals that never became a case are kept (row id 1); without the row,
    permanently."""

    __tablename__ = "signal_retention"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    term_key: Mapped[str] = mapped_column(ForeignKey("retention_term.key"))
    set_at: Mapped[datetime]


class LegalHold(Base):
    """That a case, or a signal that was none when it was held, is not to be destroyed, whatever its
    term says (暂缓销毁), until it is lifted. A hold on a signal holds the case it becomes."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint("(case_id is null) <> (signal_id is null)", name="of"),
        Index(None, "case_id"),
        Index(None, "signal_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    reason: Mapped[str] = mapped_column(Text)
    placed_at: Mapped[datetime]
    placed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    lift_reason: Mapped[str] = mapped_column(Text, default="")


class DestructionList(Base):
    """Cases and signals proposed for destruction (销毁清册). ``digest`` is the SHA-256 over its
    items: votes are given to exactly that. Two people approve, neither of them who drew it up."""

    __tablename__ = "destruction_list"
    __table_args__ = (
        CheckConstraint(
            "status in ('open','approved','refused','withdrawn','carried_out')", name="status"
        ),
        CheckConstraint("length(digest) = 64", name="digest"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    drawn_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    drawn_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="open")
    carried_out_at: Mapped[datetime | None]
    carried_out_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    items: Mapped[list[DestructionItem]] = relationship(order_by="DestructionItem.id")
    votes: Mapped[list[DestructionVote]] = relationship(order_by="DestructionVote.voted_at")


class DestructionItem(Base):
    """A case on a list, or a signal that never became one, with the term that has run out.
    ``outcome``: "" until carried out, then destroyed, or held (a hold was placed in between)."""

    __tablename__ = "destruction_item"
    __table_args__ = (
        CheckConstraint("outcome in ('','destroyed','held')", name="outcome"),
        CheckConstraint("(case_id is null) <> (signal_id is null)", name="of"),
        UniqueConstraint("list_id", "case_id"),
        UniqueConstraint("list_id", "signal_id"),
        Index(None, "case_id"),
        Index(None, "signal_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("destruction_list.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    term_key: Mapped[str] = mapped_column(ForeignKey("retention_term.key"))
    due_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(String(12), default="")


class DestructionVote(Base):
    """What one person said to a list, once. Append-only."""

    __tablename__ = "destruction_vote"
    __table_args__ = (CheckConstraint("decision in ('approve','refuse')", name="decision"),)
    list_id: Mapped[int] = mapped_column(ForeignKey("destruction_list.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64))
    comment: Mapped[str] = mapped_column(Text, default="")
    voted_at: Mapped[datetime]
