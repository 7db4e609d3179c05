"""Who stands back from a case because the matter is about them (回避)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Recusal(Base):
    """A person, or everybody of a role, recused from a case; moments in case time.

    Of a role there is one row without a person, and one for each who held it when it was
    recorded: changing somebody's roles afterwards does not let them back in. Rows are never
    removed; one that no longer holds is lifted.
    """

    __tablename__ = "recusal"
    __table_args__ = (
        CheckConstraint("person_id is not null or role_key <> ''", name="whom"),
        CheckConstraint("(lifted_at is null) = (lifted_by is null)", name="lifted"),
        Index(None, "case_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    lift_reason: Mapped[str] = mapped_column(Text, default="")
