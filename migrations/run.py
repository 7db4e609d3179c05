"""Bring a database to the newest (or a given) revision.

Each run is one transaction on either database, taken under a lock, so that two processes that
start together do not migrate at once. On SQLite foreign keys are off while tables are copied, and
checked before the end. The append-only guards are set up again after each run: copying a table
loses its triggers.

In a batch operation on SQLite give a table's CHECK constraints again (``table_args``): they are
not reflected and would be lost.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL

from migrations import guards

#: The key of PostgreSQL's advisory lock: "planroom" as a number.
_LOCK = 0x706C616E726F6F6D


def upgrade(url: str | URL, revision: str = "head") -> None:
    """Upgrade the database at ``url`` (made when a SQLite file is not there yet)."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str | URL, revision: str) -> None:
    """Go back to an older revision (``base`` for none)."""
    _run(url, lambda config: command.downgrade(config, revision))


def revision(url: str | URL, message: str) -> None:
    """Write a new revision file from the difference between the database and the models."""
    _run(url, lambda config: command.revision(config, message, autogenerate=True))


def current(url: str | URL) -> str | None:
    """The database's revision, None when it was never migrated."""
    engine = _engine(make_url(url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")  # a name Python can import
    return config


def _run(url: str | URL, action: Callable[[Config], object]) -> None:
    config = _config()
    with _locked(make_url(url)) as connection:
        config.attributes["connection"] = connection
        action(config)
        guards.restore(connection)


@contextmanager
def _locked(url: URL) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
            if connection.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"the migration breaks foreign keys: {broken[:5]}")
    finally:
        engine.dispose()


def _keep_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; the file remembers it. While another process does the same,
    SQLite answers "locked" at once, without waiting as it does elsewhere."""
    for _ in range(200):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.05)
    raise RuntimeError("the database stays locked: the write-ahead log cannot be turned on")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we begin by ourselves, so that DDL is in it too
        _keep_wal(connection)
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
