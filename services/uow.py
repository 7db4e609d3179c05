"""The unit of work: one transaction, run again when it lost a race. The only commit there is.

How transactions behave, on both databases alike:

* Reads before the first write see what is committed at that moment (READ COMMITTED). Nothing is
  locked, so a pure step of the engine computes outside every write lock.
* The first write takes the lock. On SQLite that is ``BEGIN IMMEDIATE``, sent just before the first
  statement that is not a read. A plain ``BEGIN`` would pin the snapshot at the first read, and then
  *any* commit in between, of whatever case, makes the later write fail with
  ``SQLITE_BUSY_SNAPSHOT``; this way a writer waits (``busy_timeout``) and never has to be refused.
* A writer therefore proves that what it read still stands: an UPDATE with the old revision in its
  WHERE, and `Stale` when no row matched. The whole unit is then run again from the start.
* `Database.read` is one snapshot (SQLite ``BEGIN``, PostgreSQL REPEATABLE READ, read only), so a
  page never mixes two states; a write in it is an error.
"""

from __future__ import annotations

import json
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.compiler import SQLCompiler

from services.errors import KeptRefusal, Stale

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Wait for another writer this long (seconds) before "database is locked"; then the unit is rerun.
BUSY_TIMEOUT = 5.0
#: First pause (seconds) before a rerun; doubles each time, jittered between half and whole.
BACKOFF = 0.01

#: serialization_failure, deadlock_detected, unique_violation
_RERUN_SQLSTATES = frozenset({"40001", "40P01", "23505"})
_SQLITE_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_READS = frozenset({"SELECT", "PRAGMA", "EXPLAIN", "VALUES"})


class Participant(Protocol):
    """Something that gathers rows during a unit of work and writes them before the commit."""

    def flush(self) -> None:
        """Write what was gathered, in the unit's transaction."""

    def mark(self) -> object:
        """Where the gathering stands."""

    def reset(self, mark: object) -> None:
        """Forget what was gathered since ``mark`` (a savepoint was rolled back)."""


P = TypeVar("P", bound=Participant)


class UnitOfWork:
    """One transaction in the making. Services use ``session`` and never commit it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._callbacks: list[Callable[[], object]] = []
        self._participants: dict[type[Any], Participant] = {}

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` once this unit is committed; never when it is not. What it raises
        is logged and undoes nothing."""
        self._callbacks.append(callback)

    def participant(self, kind: type[P], make: Callable[[], P]) -> P:
        """The unit's one ``kind``, made on first use and flushed before the commit."""
        found = self._participants.get(kind)
        if found is None:
            found = self._participants[kind] = make()
        return cast(P, found)

    def flush(self) -> None:
        """Write everything gathered so far: the session's changes, then history."""
        self.session.flush()
        for participant in self._participants.values():
            participant.flush()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only the block, with its history and callbacks, when it raises. Use this and not
        ``session.begin_nested()``, which would keep events of what was rolled back."""
        self.flush()
        marks = {kind: part.mark() for kind, part in self._participants.items()}
        callbacks = len(self._callbacks)
        try:
            with self.session.begin_nested():
                yield
                self.session.flush()
        except BaseException:
            del self._callbacks[callbacks:]
            for kind, part in list(self._participants.items()):
                if kind in marks:
                    part.reset(marks[kind])
                else:
                    del self._participants[kind]
            raise

    def deliver(self) -> None:
        """Run the callbacks. `Database.run` does this after the commit."""
        for callback in self._callbacks:
            try:
                callback()
            except Exception:
                log.exception("a callback after the commit failed; the commit stands")


class Database:
    """The one door to the database: ``sqlite:///path`` or ``postgresql://...`` (psycopg 3), or an
    engine of `make_engine` already there."""

    def __init__(self, url: str | URL | Engine, *, echo: bool = False) -> None:
        self.engine = url if isinstance(url, Engine) else make_engine(url, echo=echo)
        options: dict[str, Any] = {"planroom_reading": True}
        if self.engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = self.engine.execution_options(**options)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    def run(self, work: Callable[[UnitOfWork], T], retries: int = 5) -> T:
        """Run ``work(uow)`` in one transaction, commit, deliver the callbacks; return its result.

        A lost race (`Stale`, a locked database, SQLSTATE 40001/40P01, a unique violation by a
        row that came in between) rolls back and runs ``work`` again in a fresh session, at most
        ``retries`` times, after a short jittered pause; then the error is raised. Anything else
        rolls back and is raised at once, but for a `KeptRefusal`: that is raised after the commit.
        Objects of the session stay readable afterwards.
        """
        attempt = 0
        while True:
            with Session(self.engine, expire_on_commit=False) as session:
                uow = UnitOfWork(session)
                kept: KeptRefusal | None = None
                try:
                    try:
                        result = work(uow)
                    except KeptRefusal as refusal:
                        kept = refusal
                    uow.flush()
                    session.commit()
                except BaseException as error:
                    session.rollback()
                    if attempt >= retries or not lost_race(error):
                        raise
                else:
                    break
            time.sleep(BACKOFF * 2**attempt * random.uniform(0.5, 1.0))
            attempt += 1
        uow.deliver()
        if kept is not None:
            raise kept
        return result

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot, rolled back at the end; writing in it raises. What was
        loaded stays readable afterwards."""
        with Session(self._reader) as session:  # closing rolls back
            yield session

    def dispose(self) -> None:
        """Close all pooled connections (before a fork, at the end of a test)."""
        self.engine.dispose()


def lost_race(error: BaseException) -> bool:
    """Whether running the unit again from the start may succeed."""
    if isinstance(error, Stale | StaleDataError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        return cause.sqlstate in _RERUN_SQLSTATES
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER:
            return "its key is there already" in str(cause)  # the guard speaks before UNIQUE does
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or code in _SQLITE_UNIQUE
    return False


def make_engine(url: str | URL, *, echo: bool = False) -> Engine:
    """An engine with our settings. Raises ValueError for any other database."""
    url = make_url(url)
    # What people typed is in the parameters: an error that is logged says none of it.
    options: dict[str, Any] = {"echo": echo, "json_serializer": _json, "hide_parameters": not echo}
    if url.get_backend_name() == "sqlite":
        turn = _Turn()
        options["connect_args"] = {
            "timeout": BUSY_TIMEOUT,
            "factory": lambda *args, **kwargs: SqliteConnection(*args, turn=turn, **kwargs),
        }
    elif url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        options |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    else:
        raise ValueError(f"neither SQLite nor PostgreSQL: {url.get_backend_name()}")
    engine = create_engine(url, pool_size=10, max_overflow=20, **options)
    event.listen(engine, "before_cursor_execute", _before_execute)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def _json(value: object) -> str:
    # Chinese as itself: a third of the bytes of its \u escapes.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class _Turn:
    """Whose turn it is to write, among the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def take(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("a unit of work that writes inside another: it would wait for ever")
        if not self._lock.acquire(timeout=BUSY_TIMEOUT):
            error = sqlite3.OperationalError("database is locked by a writer of this process")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        self._owner = threading.get_ident()

    def give(self) -> None:
        self._owner = None
        self._lock.release()


class SqliteConnection(sqlite3.Connection):
    """A connection whose writers take turns within the process before they ask SQLite.

    SQLite waits for a lock by sleeping and looking again, up to 0.1 s at a time: with eight
    threads writing, some would wait for seconds while others pass. Between processes its own
    waiting remains.
    """

    def __init__(self, *args: Any, turn: _Turn, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn = turn
        self._holds = False

    def begin_write(self) -> None:
        """``BEGIN IMMEDIATE``; raises OperationalError (busy) when the turn does not come."""
        self._turn.take()
        self._holds = True
        try:
            self.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._pass_on()
            raise

    def commit(self) -> None:
        super().commit()
        self._pass_on()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._pass_on()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._holds:
            self._holds = False
            self._turn.give()


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by itself, and not before SELECT or DDL: switched off.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the delete triggers
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("planroom_reading"):
        connection.exec_driver_sql("BEGIN")


def _before_execute(
    connection: Connection, _cursor: object, statement: str, _params: object, context: Any, _m: bool
) -> None:
    reading = connection.get_execution_options().get("planroom_reading", False)
    if _is_read(statement, context):
        return
    if reading:
        if statement == "BEGIN":
            return
        raise RuntimeError(f"a write inside Database.read(): {statement[:60]}")
    driver = connection.connection.driver_connection
    if isinstance(driver, SqliteConnection) and not driver.in_transaction:
        driver.begin_write()


def _is_read(statement: str, context: Any) -> bool:
    """Whether a statement takes no write lock. ``execution_options(planroom_lock=True)`` on a
    SELECT asks for the lock first (what ``FOR UPDATE`` does on PostgreSQL)."""
    if context is not None and context.execution_options.get("planroom_lock"):
        return False
    word = statement.lstrip(" (\n\t").split(None, 1)[0].upper()
    if word == "WITH":
        compiled = getattr(context, "compiled", None)
        return isinstance(compiled, SQLCompiler) and not (
            compiled.isinsert or compiled.isupdate or compiled.isdelete
        )
    return word in _READS
