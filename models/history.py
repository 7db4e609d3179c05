"""The record: events in chains, and the personal values kept beside them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


def _partial(name: str, where: str, *columns: str) -> Index:
    return Index(
        f"ix_history_event_{name}", *columns, sqlite_where=text(where), postgresql_where=text(where)
    )


class HistoryEvent(Base):
    """One thing that happened. Append-only (guarded by triggers).

    ``hash`` is the SHA-256 over the previous event's hash and this event's body: the canonical
    JSON (RFC 8785) of everything here but ``id``, ``case_id`` and ``hash`` itself. The body is put
    together by `services.history.body_of`: the columns, and ``content`` for what they do not hold
    (payload, commitments, version of the type). Nothing is stored twice, so nothing can differ.

    ``chain`` is ``case:ID``, ``org``, ``audit`` (what was opened, searched, exported) or ``heads``
    (the daily seals); ``seq`` counts from 1 within it.
    """

    __tablename__ = "history_event"
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint("length(hash) = 64", name="hash"),
        # Searching: each leads a page by keyset, the latest first (services.event_search).
        Index(None, "occurred_at", "id"),
        Index(None, "type", "occurred_at", "id"),
        # Partial: a query that is to use one repeats its condition.
        _partial("person", "person_id is not null", "person_id", "occurred_at", "id"),
        _partial("role", "role_key <> ''", "role_key", "occurred_at", "id"),
        _partial("element", "element_path <> ''", "element_path", "occurred_at", "id"),
        # What a person entered later than it happened (补录).
        _partial(
            "entered_later",
            "person_id is not null and recorded_at <> occurred_at",
            "occurred_at",
            "id",
        ),
    )
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    chain: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    type: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(String(60), default="")
    on_behalf_of: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    element_path: Mapped[str] = mapped_column(String(300), default="")
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    content: Mapped[str] = mapped_column(Text)  # canonical JSON: data, by, personal, v
    hash: Mapped[str] = mapped_column(String(64))


class ChainHead(Base):
    """The last link of each chain; moved by compare-and-set, so writers take turns."""

    __tablename__ = "chain_head"
    __table_args__ = (CheckConstraint("seq >= 1 and length(hash) = 64", name="seq"),)
    chain: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(String(64), default="")


class PersonalValue(Base):
    """A value an event only commits to: sha256(salt || canonical JSON of the value). Retention
    may delete the row; the chain still verifies."""

    __tablename__ = "personal_value"
    commitment: Mapped[str] = mapped_column(String(64), primary_key=True)
    event_chain: Mapped[str] = mapped_column(String(40), index=True)
    field: Mapped[str] = mapped_column(String(80))
    salt: Mapped[str] = mapped_column(String(32))  # 128 bits, hex
    value: Mapped[str] = mapped_column(Text)  # canonical JSON
