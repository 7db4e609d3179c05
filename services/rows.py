"""Small helpers for rows. The hot path's statements are built once, as constants over
tables: building and compiling them again at each step costs more than running them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from models.base import Base


def table(model: type[Base]) -> Table:
    """The table behind a model, for statements that need no objects."""
    return cast(Table, model.__table__)


def dialect_of(session: Session) -> str:
    """``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def upsert(dialect: str, model: type[Base]) -> Any:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table(model))


def affected(result: Any) -> int:
    """How many rows an UPDATE or DELETE changed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def settle(row: Any, values: Mapping[str, Any]) -> None:
    """Let a loaded row know what an UPDATE has just done, without another SELECT."""
    for key, value in values.items():
        set_committed_value(row, key, value)


def portions(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    """The ids, at most ``size`` in a query."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
