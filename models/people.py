"""The organisation, its people and the roles they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class Organization(Base):
    """The one organisation of an installation (row id 1)."""

    __tablename__ = "organization"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(
        String(40), default="government"
    )  # school | company | government
    zone: Mapped[str] = mapped_column(String(60), default="Asia/Shanghai")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_demo: Mapped[bool] = mapped_column(Boolean, default=False)


class Role(Base):
    """A post in the plans: what ``candidateGroups`` name. ``superior`` is where an overdue
    task of this role is escalated."""

    __tablename__ = "role"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    superior: Mapped[str | None] = mapped_column(ForeignKey("role.key"))
    rank: Mapped[int] = mapped_column(default=0)  # higher is more senior


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(String(40), default="")
    locale: Mapped[str] = mapped_column(String(10), default="zh")
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised to end all sessions
    created_at: Mapped[datetime]
    memberships: Mapped[list[Membership]] = relationship(back_populates="person", lazy="selectin")

    @property
    def role_keys(self) -> list[str]:
        """Keys of the roles held now, most senior use is up to the caller."""
        return [m.role_key for m in self.memberships if m.until is None]


class Membership(Base):
    """That a person holds a role; ``until`` ends it, the row stays."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "role_key"), Index(None, "role_key"))
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(ForeignKey("role.key"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    person: Mapped[Person] = relationship(back_populates="memberships")


class Deputy(Base):
    """That ``deputy`` may act for ``principal`` in a role for a time (代理)."""

    __tablename__ = "deputy"
    __table_args__ = (Index(None, "deputy_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    principal_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role_key: Mapped[str] = mapped_column(ForeignKey("role.key"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class LoginThrottle(Base):
    """Failed sign-ins by account ("user:NAME") and by address ("addr:IP")."""

    __tablename__ = "login_throttle"
    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_failure_at: Mapped[datetime]


class KnownAddress(Base):
    """An address this person has signed in from: failures of strangers do not slow it down."""

    __tablename__ = "known_address"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_at: Mapped[datetime]
