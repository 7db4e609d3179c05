"""Alembic's environment. The connection comes from `migrations.run`, never from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from migrations.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata(),
    render_as_batch=True,  # SQLite cannot alter a table: Alembic copies it
    compare_type=True,
    transactional_ddl=True,  # all or nothing, on SQLite too (our connections begin properly)
)
with context.begin_transaction():
    context.run_migrations()
