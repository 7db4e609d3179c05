"""Alembic's environment. The connection comes from `migrations.run`, never from a file."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from migrations.tables import metadata
from models.base import UtcDateTime


def render_item(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """A new revision names the plain type: old revisions must not depend on today's models."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata(),
    render_as_batch=True,  # SQLite cannot alter a table: Alembic copies it
    compare_type=True,
    render_item=render_item,
    transactional_ddl=True,  # all or nothing, on SQLite too (our connections begin properly)
)
with context.begin_transaction():
    context.run_migrations()
