"""Databases that serve one test after the other: what a test leaves is taken out again, and the
engine keeps its compiled statements and, on PostgreSQL, its connections.

Making a PostgreSQL database a test costs 0.1 s of the server and a wait for its checkpoint, and an
engine a test compiles every statement anew: together half of these tests' time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Engine, event, make_url

from services.uow import Database, make_engine

T = TypeVar("T")
#: Name of the kept engine's connections, which a new test may find open.
KEPT = "planroom-tests-kept"


class SqliteEngines:
    """Engines lent to a file each; the next file gets the same engine."""

    def __init__(self) -> None:
        self._free: list[tuple[Engine, list[str]]] = []

    @contextmanager
    def at(self, path: Path) -> Iterator[Database]:
        """The unit-of-work factory of the file."""
        engine, where = self._free.pop() if self._free else self._made()
        where[0] = str(path)
        own = engine.execution_options()  # listeners of a test stay with the test
        own.url = make_url(f"sqlite:///{path}")
        yield Database(own)
        if engine.pool.checkedout() == 0:  # type: ignore[attr-defined]
            self._free.append((engine, where))
        engine.dispose()

    @staticmethod
    def _made() -> tuple[Engine, list[str]]:
        engine, where = make_engine("sqlite:///nowhere.db"), [""]

        @event.listens_for(engine, "do_connect")
        def elsewhere(_dialect: Any, _record: Any, args: list[Any], _keys: Any) -> None:
            args[0] = where[0]

        return engine, where


@contextmanager
def copied(made: Path, folder: Path) -> Iterator[Database]:
    """A database in a folder of its own, as the file ``made`` is."""
    path = folder / "planroom.db"
    shutil.copyfile(made, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@dataclass(frozen=True)
class Contents:
    """The rows of a PostgreSQL database: table -> what COPY gives; sequence -> its last value."""

    tables: dict[str, bytes] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)


_ALTERED = """
SELECT (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_class WHERE oid >= 16384),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_attribute WHERE attrelid >= 16384),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_trigger),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_constraint WHERE oid >= 16384),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_proc WHERE oid >= 16384),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_namespace),
       (SELECT (count(*), sum(xmin::text::int8))::text FROM pg_db_role_setting)
"""
_TABLES = """
SELECT relname, ARRAY(SELECT tgname::text || CASE tgenabled WHEN 'A' THEN '!' ELSE '' END
                      FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_SEQUENCES = """
SELECT sequencename, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND (application_name <> %s OR state <> 'idle')
"""


class PostgresRoom:
    """One database of the server, made of a template, for the tests of one process.

    It is emptied row by row with the guards off, in a connection of its own; a test that altered
    anything but rows (a trigger, a grant, a table) is followed by a database made anew."""

    def __init__(self, server: str, template: str, name: str, url: str) -> None:
        self.server, self.template, self.name, self.url = server, template, name, url
        self.engine = make_engine(url)

        @event.listens_for(self.engine, "do_connect")
        def signed(_dialect: Any, _record: Any, _args: Any, keys: dict[str, Any]) -> None:
            keys["application_name"] = KEPT

        self._own = self._make()
        self._first = self.contents()

    @property
    def database(self) -> Database:
        """The unit-of-work factory."""
        return Database(self.engine.execution_options())

    def hold(self, contents: Contents | None = None) -> None:
        """Let the database hold these rows (none: the template's) and no others."""
        self._own.execute(_OTHERS, [KEPT])
        if self._own.execute(_ALTERED).fetchone() != self._state:
            self._own.close()
            self._own = self._make()
        self._put(contents or self._first)

    def contents(self) -> Contents:
        """The rows there are now."""
        tables = {}
        for table in self._dirty():
            with self._own.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                tables[table] = b"".join(bytes(block) for block in copy)
        return Contents(tables, dict(self._own.execute(_SEQUENCES).fetchall()))

    def close(self) -> None:
        """Let go of all connections; the database goes with the server."""
        self.engine.dispose()
        self._own.close()

    def _make(self) -> psycopg.Connection[Any]:
        self.engine.dispose()
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}"')
        plain = self.url.replace("postgresql+psycopg://", "postgresql://", 1)
        own: psycopg.Connection[Any] = psycopg.connect(plain, autocommit=True)
        self._tables: dict[str, list[str]] = dict(own.execute(_TABLES).fetchall())
        self._any = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in self._tables
        )
        self._state = own.execute(_ALTERED).fetchone()
        return own

    def _dirty(self) -> list[str]:
        return [table for (table,) in self._own.execute(self._any).fetchall()]

    def _put(self, contents: Contents) -> None:
        own = self._own
        touched = sorted({*self._dirty(), *contents.tables})
        guards = [(table, name) for table in touched for name in self._tables[table]]
        with own.transaction():
            own.execute("SET LOCAL session_replication_role = replica")  # no foreign keys
            for table in {table for table, _ in guards}:
                own.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            if touched:
                own.execute(";".join(f'DELETE FROM "{table}"' for table in touched))
            for table, rows in contents.tables.items():
                with own.cursor().copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)
            for sequence in {*dict(own.execute(_SEQUENCES).fetchall()), *contents.sequences}:
                last = contents.sequences.get(sequence)
                own.execute(
                    "SELECT setval(%s, %s, %s)", [f'"{sequence}"', last or 1, last is not None]
                )
            for table, name in guards:
                how = "ENABLE ALWAYS" if name.endswith("!") else "ENABLE"
                own.execute(f'ALTER TABLE "{table}" {how} TRIGGER "{name.rstrip("!")}"')
        if guards:
            self._state = own.execute(_ALTERED).fetchone()


class Furniture:
    """Prepared contents by name, made once a process for each kind of database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, tuple[Path, Any]] = {}
        self._rows: dict[str, tuple[Contents, Any]] = {}

    def put(
        self, name: str, db: Database, room: PostgresRoom | None, work: Callable[[Database], T]
    ) -> T:
        """Let a fresh database hold what ``work`` puts into it, and return what that returned the
        first time. The same object comes again: nobody may change it."""
        return self._in_room(name, room, work) if room else self._in_file(name, db, work)

    def _in_room(self, name: str, room: PostgresRoom, work: Callable[[Database], T]) -> T:
        if name in self._rows:
            contents, made = self._rows[name]
            room.hold(contents)
        else:
            made = work(room.database)
            self._rows[name] = room.contents(), made
        found: T = made
        return found

    def _in_file(self, name: str, db: Database, work: Callable[[Database], T]) -> T:
        path = Path(str(db.engine.url.database))
        assert db.engine.pool.checkedin() == 0, "the database was used already"  # type: ignore[attr-defined]
        if name in self._files:
            kept, made = self._files[name]
            shutil.copyfile(kept, path)
        else:
            made = work(db)
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.dispose()
            kept = self._folder / f"{len(self._files)}.db"
            shutil.copyfile(path, kept)
            self._files[name] = kept, made
        found: T = made
        return found
