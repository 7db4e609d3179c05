"""What a database still holds of rows that are gone: overwritten, as far as it can be from here.

A deleted row's bytes stay in the file until the space is used again. SQLite's VACUUM writes the
file anew without them, and its log is emptied; PostgreSQL's VACUUM frees the dead rows (their
bytes are overwritten as the space is reused; copies in its log and in backups are the operator's
to let expire, docs/operators.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine


def wipe(engine: Engine, tables: Iterable[str]) -> None:
    """Clear the space freed in ``tables`` (on SQLite: in the whole file). Never inside a
    transaction: call it after the commit. Raises the driver's error when the database is busy."""
    connection = engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert driver is not None
        if engine.dialect.name == "sqlite":
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                driver.execute(statement).close()
            return
        driver.rollback()
        driver.autocommit = True
        try:
            for table in tables:
                driver.execute(f'VACUUM "{table}"')
        finally:
            driver.autocommit = False
    finally:
        connection.close()
