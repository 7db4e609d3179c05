"""The audit room's own rows: searches kept, exports, unmaskings, and the daily seals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class SavedSearch(Base):
    """A search of the history that an auditor keeps; ``query`` is `EventFilter.to_dict`."""

    __tablename__ = "saved_search"
    __table_args__ = (Index(None, "person_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ExportJob(Base):
    """A file being made for somebody. ``done`` and ``total`` count events; ``file_name`` lies in
    ``DATA_DIR/exports`` once it is there; ``digest`` is its SHA-256."""

    __tablename__ = "export_job"
    __table_args__ = (
        CheckConstraint("status in ('queued','running','done','failed','stopped')", name="status"),
        Index(None, "person_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    format: Mapped[str] = mapped_column(String(20))
    query: Mapped[dict[str, Any]]
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    status: Mapped[str] = mapped_column(String(12), default="queued")
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int | None] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(String(120), default="")
    size: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64), default="")
    error: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Unmasking(Base):
    """That a person sees the personal data of a case, or of a signal that is none yet, in the clear
    until a wall moment. Why stands in the event ``audit.unmasked``."""

    __tablename__ = "unmasking"
    __table_args__ = (
        Index(None, "person_id", "case_id"),
        CheckConstraint("(case_id is null) <> (signal_id is null)", name="of"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    signal_id: Mapped[int | None] = mapped_column(ForeignKey("signal.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]


class HeadSeal(Base):
    """The heads of all chains at the end of a day, and the event ``heads.sealed`` that chains the
    list's digest to the day before's. Append-only.

    ``digest`` is that of the whole list; stored in ``changes`` are only the rows that are not in
    the list of the seal of ``since``, the one before: canonical JSON, ``[chain, seq, hash]`` each,
    ``[chain, 0, ""]`` for a chain that is no longer listed. Where ``since`` is null, ``changes`` is
    the whole list: the first one, and again whenever the changes have come to twice its size
    (`services.seal_lists`), so that no list takes more than three to rebuild."""

    __tablename__ = "head_seal"
    __table_args__ = (
        CheckConstraint("length(digest) = 64 and length(hash) = 64", name="digest"),
        CheckConstraint("since is null or since < day", name="since"),
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(unique=True)
    chains: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))  # of the event, in the chain "heads"
    since: Mapped[date | None]
    sealed_at: Mapped[datetime]
    changes: Mapped[str] = mapped_column(Text)
