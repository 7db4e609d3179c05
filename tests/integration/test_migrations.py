"""Old databases come up to date with their data, and the models are what the migrations make."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect, select, text
from sqlalchemy.exc import DBAPIError

from migrations import guards
from migrations.run import _keep_wal, current, downgrade, head, upgrade
from migrations.tables import metadata
from models.cases import Case
from models.intake import Signal
from services import history
from services.actor import SYSTEM
from services.uow import Database, UnitOfWork, make_engine
from services.verify import verify_chain
from tests.conftest import sqlalchemy_url
from tests.integration.store_rows import open_case_on_record


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database nothing was done to yet, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"m_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield sqlalchemy_url(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def guard_names(url: str) -> set[str]:
    engine = make_engine(url)
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if engine.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with engine.connect() as connection:
        names = set(connection.scalars(text(query)))
    engine.dispose()
    return names


def test_the_models_are_what_the_migrations_make(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []
    engine.dispose()


def test_the_check_constraints_of_the_models_are_there(database_url: str) -> None:
    """Alembic's comparison does not look at these."""
    engine = make_engine(database_url)
    found = inspect(engine)
    for table in metadata().sorted_tables:
        wanted = {
            str(constraint.name)
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        there = {check["name"] for check in found.get_check_constraints(table.name)}
        assert wanted <= there, table.name
    engine.dispose()


def test_an_old_database_comes_up_to_date_with_its_data(empty_url: str, now: datetime) -> None:
    upgrade(empty_url, "0001")
    assert current(empty_url) == "0001"
    assert guard_names(empty_url) == set()
    db = Database(empty_url)
    case_id = open_case_on_record(db, now, events=4)
    before = rows(db)
    with db.engine.begin() as connection:  # no guards yet
        connection.execute(text("UPDATE history_event SET role_key = role_key"))
    db.dispose()

    upgrade(empty_url)

    assert current(empty_url) == head() != "0001"
    db = Database(empty_url)
    after = rows(db)
    assert {name: after[name] for name in before} == before
    newer = {name for name in after if name not in before}
    studio = {"plan_draft", "draft_file", "draft_change", "plan_proposal", "version_issue"}
    audit = {"saved_search", "export_job", "unmasking", "head_seal"}
    kept = {
        "retention_term",
        "plan_retention",
        "signal_retention",
        "legal_hold",
        "destruction_list",
        "destruction_item",
        "destruction_vote",
    }
    assert newer == {"recusal", *studio, *audit, *kept} and not any(after[name] for name in newer)
    with db.read() as session:
        assert verify_chain(session, f"case:{case_id}").ok
        event = history.events_of_case(session, case_id)[0]
        assert history.personal_of(session, event)["reporter"] == "李四"
    for statement in (
        "DELETE FROM history_event",
        "INSERT INTO chain_head (chain, seq, hash) VALUES ('case:9', 0, '')",
    ):
        with pytest.raises(DBAPIError), db.engine.begin() as connection:
            connection.execute(text(statement))
    db.dispose()


def test_older_signals_learn_when_they_were_settled_and_whose_they_are(
    empty_url: str, now: datetime
) -> None:
    """Their words say which they are: of a case, a report of it marked before, a report of that,
    set aside, waiting, and one whose words went with its case."""
    upgrade(empty_url)
    db = Database(empty_url)
    case_id, later = open_case_on_record(db, now, events=1), now + timedelta(hours=3)

    def work(uow: UnitOfWork) -> None:
        def signal(text: str, status: str, **keys: Any) -> Signal:
            row = Signal(text=text, status=status, fingerprint="f", discovered_at=now,
                         recorded_at=now, **keys)  # fmt: skip
            uow.session.add(row)
            uow.session.flush()
            return row

        taken = signal("taken", "taken", case_id=case_id)
        report = signal("report", "duplicate", duplicate_of=taken.id)
        again = signal("again", "duplicate", duplicate_of=report.id)
        aside = signal("aside", "dismissed")
        signal("waiting", "new")
        signal("", "taken", case_id=case_id)
        for one, type_, more in (
            (report, "signal.duplicate", {"of": taken.id}),
            (again, "signal.duplicate", {"of": report.id}),
            (aside, "signal.dismissed", {}),
        ):
            history.append(uow, type_, actor=SYSTEM, occurred_at=later, now=later,
                           payload={"signal": one.id, **more})  # fmt: skip
        history.append(
            uow, "personal.destroyed", case=uow.session.get_one(Case, case_id), actor=SYSTEM,
            occurred_at=later, now=later, payload={"values": 1, "reason": "asked", "basis": []},
        )  # fmt: skip

    db.run(work)
    db.dispose()
    downgrade(empty_url, "0004")
    upgrade(empty_url)
    db = Database(empty_url)
    with db.read() as session:
        found = {
            row.text: (row.case_id, row.settled_at, row.destroyed_at, row.fingerprint)
            for row in session.scalars(select(Signal))
        }
    db.dispose()
    assert found == {
        "taken": (case_id, None, None, "f"),
        "report": (case_id, later, None, "f"),
        "again": (case_id, later, None, "f"),
        "aside": (None, later, None, "f"),
        "waiting": (None, None, None, "f"),
        "": (case_id, None, later, ""),
    }


def rows(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, by table, of the tables and columns this database has."""
    found = inspect(db.engine)
    there = {name: {c["name"] for c in found.get_columns(name)} for name in found.get_table_names()}
    with db.engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*(column for column in table.c if column.name in there[table.name]))
                )
            ]
            for table in metadata().sorted_tables
            if table.name in there
        }


def test_going_back_and_forth_ends_in_the_same_schema(empty_url: str, now: datetime) -> None:
    upgrade(empty_url)
    guarded = guard_names(empty_url)
    assert len(guarded) >= len(guards.GUARDED)
    db = Database(empty_url)
    open_case_on_record(db, now)
    before = rows(db)
    db.dispose()
    downgrade(empty_url, "0001")
    assert guard_names(empty_url) == set()
    upgrade(empty_url)
    assert guard_names(empty_url) == guarded
    db = Database(empty_url)
    assert rows(db) == before
    db.dispose()
    downgrade(empty_url, "base")
    engine = make_engine(empty_url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()


def test_upgrading_again_changes_nothing_and_puts_lost_guards_back(database_url: str) -> None:
    names = guard_names(database_url)
    engine = make_engine(database_url)
    with engine.begin() as connection:
        guards.remove(connection)
    engine.dispose()
    assert guard_names(database_url) == set()
    upgrade(database_url)
    assert guard_names(database_url) == names


def test_two_processes_that_start_together_migrate_once(empty_url: str) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(empty_url)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert current(empty_url) == head()


def test_a_failing_migration_leaves_the_old_schema(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DDL is in the transaction, on SQLite too."""
    upgrade(empty_url, "0001")

    def fail(_connection: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(guards, "install", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        upgrade(empty_url)
    monkeypatch.undo()
    assert current(empty_url) == "0001"
    engine = make_engine(empty_url)
    checks = {c["name"] for c in inspect(engine).get_check_constraints("history_event")}
    assert checks == set()
    engine.dispose()
    upgrade(empty_url)


def test_a_migration_that_breaks_foreign_keys_is_refused_on_sqlite(
    tmp_path: Path, now: datetime
) -> None:
    """They are off while tables are copied, so they are checked at the end."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(url, "0001")
    db = Database(url)
    open_case_on_record(db, now)
    db.dispose()
    outside = sqlite3.connect(tmp_path / "old.db")
    outside.execute("DELETE FROM plan_version")
    outside.commit()
    outside.close()
    with pytest.raises(RuntimeError, match="foreign keys"):
        upgrade(url)
    assert current(url) == "0001"


def test_trap_sqlite_says_locked_at_once_when_two_turn_the_log_on(tmp_path: Path) -> None:
    """PRAGMA journal_mode=WAL on a new file does not wait for another that does the same."""
    errors: list[BaseException] = []
    for n in range(60):
        meet = threading.Barrier(3)

        def start(path: Path = tmp_path / f"{n}.db", meet: threading.Barrier = meet) -> None:
            meet.wait()
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                _keep_wal(connection)
                mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
                assert mode == "wal"
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=start) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
