"""The database itself refuses to change what is on record, whoever connects."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError

from migrations import guards
from models.audit import HeadSeal
from models.plans import VersionIssue
from models.retention import DestructionList, DestructionVote
from services import history
from services.uow import Database, UnitOfWork
from services.verify import verify_chain
from tests.integration.store_rows import add_case, add_statement, open_case_on_record

TABLES = (
    "history_event", "plan_version", "version_issue", "plan_file", "statement_version", "release",
    "approval", "head_seal", "destruction_vote",
)  # fmt: skip
A_COLUMN = {
    "history_event": "content = 'x'",
    "plan_version": "note = 'x'",
    "version_issue": "document_number = 'x'",
    "plan_file": "content = 'x'",
    "statement_version": "known = 'x'",
    "release": "account = 'x'",
    "approval": "decision = 'reject'",
    "personal_value": "value = 'x'",
    "head_seal": "changes = 'x'",
    "destruction_vote": "comment = 'x'",
    "chain_head": "hash = 'x'",
}


@pytest.fixture
def filled(db: Database, now: datetime) -> Database:
    """A database with at least a row in each guarded table."""
    open_case_on_record(db, now)
    db.run(lambda uow: _statement(uow, now))
    return db


def refused(db: Database, statement: str, **params: Any) -> str:
    """The database's own words when it refuses the statement; fails when it does not."""
    with pytest.raises(DBAPIError) as caught, db.engine.begin() as connection:
        connection.execute(text(statement), params)
    error = caught.value.orig
    if isinstance(error, psycopg.Error):
        assert error.sqlstate == "23001"
    else:
        assert isinstance(error, sqlite3.IntegrityError)
        assert error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_TRIGGER
    return str(error)


def count(db: Database, table: str) -> int:
    with db.engine.connect() as connection:
        found = connection.scalar(text(f"SELECT count(*) FROM {table}"))
        assert isinstance(found, int)
        return found


def test_the_guarded_tables_are_these() -> None:
    assert set(guards.GUARDED) == {*TABLES, "personal_value", "chain_head"}


@pytest.mark.parametrize("table", guards.GUARDED)
def test_update_is_refused(filled: Database, table: str) -> None:
    assert count(filled, table) >= 1
    assert table in refused(filled, f"UPDATE {table} SET {A_COLUMN[table]}")


@pytest.mark.parametrize("table", [*TABLES, "chain_head"])
def test_delete_is_refused(filled: Database, table: str) -> None:
    before = count(filled, table)
    assert "append-only" in refused(filled, f"DELETE FROM {table}")
    assert count(filled, table) == before


def test_personal_values_may_be_deleted(filled: Database) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text("DELETE FROM personal_value"))
    assert count(filled, "personal_value") == 0


def test_an_approval_is_voided_once_and_never_otherwise_changed(
    filled: Database, now: datetime
) -> None:
    void = "UPDATE approval SET voided_at = '2026-03-10 03:00:00', voided_by_version = 2"
    refused(filled, void + ", comment = 'x'")
    refused(filled, void + ", person_id = person_id + 1")
    with filled.engine.begin() as connection:
        assert connection.execute(text(void)).rowcount == 1
    refused(filled, "UPDATE approval SET voided_at = NULL")
    refused(filled, "UPDATE approval SET voided_at = '2026-03-11 03:00:00'")


def test_an_approval_is_countersigned_once(filled: Database) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE approval SET countersigned_at = '2026-03-10 03:00:00'"))
    refused(filled, "UPDATE approval SET countersigned_at = '2026-03-10 04:00:00'")


def test_a_release_is_withdrawn_once_and_its_link_may_follow(filled: Database) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE release SET link = 'https://example.org/1'"))
        connection.execute(
            text("UPDATE release SET withdrawn_at = '2026-03-10 03:00:00', withdrawal_reason = 'x'")
        )
        connection.execute(text("UPDATE release SET link = 'https://example.org/2'"))
    refused(filled, "UPDATE release SET withdrawn_at = NULL")
    refused(filled, "UPDATE release SET withdrawal_reason = 'y'")
    refused(filled, "UPDATE release SET digest = 'x', link = 'https://example.org/3'")


def test_a_number_taken_meanwhile_is_a_lost_race_behind_the_guard_too(
    filled: Database, now: datetime
) -> None:
    """On SQLite the guard refuses a taken key before UNIQUE does: still a rerun, not an error."""
    statements: list[int] = []

    def work(uow: UnitOfWork) -> int:
        number = 1 if not statements else 2
        statements.append(number)
        uow.session.execute(
            text(
                "INSERT INTO statement_version (statement_id, number, title, known, unknown, doing,"
                " next_word_note, contact, digest, author_id, role_key, created_at, note)"
                " SELECT statement_id, :n, title, known, unknown, doing, next_word_note, contact,"
                " digest, author_id, role_key, created_at, note FROM statement_version"
                " WHERE number = 1"
            ),
            {"n": number},
        )
        return number

    assert filled.run(work) == 2
    assert statements == [1, 2]


def test_a_head_goes_forward_only(filled: Database) -> None:
    refused(filled, "UPDATE chain_head SET seq = seq - 1")
    refused(filled, "UPDATE chain_head SET hash = hash")
    refused(filled, "UPDATE chain_head SET chain = 'case:9', seq = seq + 1")


# --------------------------------------------------------------------------------- PostgreSQL


@pytest.mark.parametrize("table", guards.GUARDED)
def test_truncate_is_refused(postgres_url: str, now: datetime, table: str) -> None:
    db = Database(postgres_url)
    open_case_on_record(db, now)
    assert "append-only" in refused(db, f'TRUNCATE "{table}" CASCADE')
    db.dispose()


def test_the_triggers_stand_replication_role(postgres_url: str, now: datetime) -> None:
    """``session_replication_role = replica`` passes ordinary triggers; ours fire ALWAYS."""
    db = Database(postgres_url)
    open_case_on_record(db, now)
    with pytest.raises(DBAPIError), db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM history_event"))
    assert count(db, "history_event") == 3
    db.dispose()


@pytest.fixture
def app_role(postgres_url: str) -> Iterator[tuple[Database, str]]:
    """The role that docs/operators.md sets up, by the very SQL that stands there."""
    words = Path("docs/operators.md").read_text(encoding="utf-8")
    found = re.search(r"```sql\n-- planroom_app.*?\n(.*?)```", words, re.S)
    assert found is not None
    role = f"planroom_app_{uuid.uuid4().hex[:8]}"
    sql = found[1].replace("planroom_app", role)
    owner = create_engine(postgres_url)
    with owner.begin() as connection:
        for statement in filter(None, (part.strip() for part in sql.split(";"))):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    db = Database(postgres_url)
    yield db, role
    db.dispose()
    with owner.begin() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    owner.dispose()


def test_the_application_role_of_the_manual_works_and_cannot_lift_the_guards(
    app_role: tuple[Database, str], now: datetime
) -> None:
    db, role = app_role

    @event.listens_for(db.engine, "connect")
    def _become(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.execute(f"SET ROLE {role}")
        connection.commit()

    case_id = open_case_on_record(db, now)

    def work(uow: UnitOfWork) -> None:
        case = add_case(uow, now, "2026-0002")
        add_statement(uow, case, now)
        uow.session.add(VersionIssue(version_id=case.plan_version_id, document_number="1号"))
        uow.session.execute(text("UPDATE approval SET voided_at = now(), voided_by_version = 2"))
        uow.session.execute(text("UPDATE release SET link = 'x'"))
        uow.session.execute(text("UPDATE role SET name = 'x'"))
        uow.session.execute(text("DELETE FROM personal_value WHERE field = 'reporter'"))

    db.run(work)
    with db.read() as session:
        found = verify_chain(session, f"case:{case_id}")
        assert (found.first_break, found.reason) == (1, "untold"), "it may; but not in silence"
    for statement in (
        "UPDATE history_event SET content = 'x'",
        "DELETE FROM history_event",
        "TRUNCATE history_event",
        "UPDATE approval SET comment = 'x'",
        "DELETE FROM approval",
        "UPDATE release SET account = 'x'",
        "UPDATE plan_file SET content = 'x'",
        "ALTER TABLE history_event DISABLE TRIGGER ALL",
        'DROP TRIGGER "guard_history_event_update_or_delete" ON history_event',
        "DROP FUNCTION planroom_guard() CASCADE",
        "SET session_replication_role = replica",
        "DROP TABLE history_event",
        "CREATE TABLE mine (x int)",
    ):
        with pytest.raises(DBAPIError) as caught, db.engine.begin() as connection:
            connection.execute(text(statement))
        assert isinstance(caught.value.orig, psycopg.Error)
        assert caught.value.orig.sqlstate == "42501", statement  # insufficient_privilege


# ------------------------------------------------------------------------------------- SQLite


@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
@pytest.mark.parametrize("table", [*TABLES, "personal_value", "chain_head"])
def test_trap_sqlite_insert_or_replace_overwrites_past_update_and_delete_triggers(
    sqlite_url: str, now: datetime, table: str, recursive_triggers: str
) -> None:
    """engine-facts: INSERT OR REPLACE passes plain triggers. Refused on our connections and on a
    foreign one, where recursive triggers are off."""
    db = Database(sqlite_url)
    open_case_on_record(db, now)
    db.run(lambda uow: _statement(uow, now))
    db.dispose()
    outside = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    outside.execute(f"PRAGMA recursive_triggers={recursive_triggers}")
    before = outside.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    for verb in ("INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT"):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table}: its key is there already"):
            outside.execute(f"{verb} INTO {table} SELECT * FROM {table} LIMIT 1")
    with pytest.raises(sqlite3.IntegrityError):
        outside.execute(f"UPDATE OR REPLACE {table} SET {A_COLUMN[table]}")
    assert outside.execute(f"SELECT * FROM {table}").fetchall() == before
    outside.close()


def test_insert_or_replace_is_refused_by_the_chains_place_too(
    sqlite_url: str, now: datetime
) -> None:
    """Another id, but the (chain, seq) of an event that is there."""
    db = Database(sqlite_url)
    open_case_on_record(db, now)
    assert "its key is there already" in refused(
        db,
        "INSERT OR REPLACE INTO history_event (id, chain, seq, case_id, type, role_key,"
        " element_path, occurred_at, recorded_at, content, hash)"
        " SELECT 99, chain, seq, case_id, type, role_key, element_path, occurred_at, recorded_at,"
        " 'forged', hash FROM history_event WHERE seq = 2",
    )
    with db.read() as session:
        assert all("forged" not in e.content for e in history.events_of_case(session, 1))
    db.dispose()


def test_an_upsert_is_refused(filled: Database) -> None:
    refused(
        filled,
        "INSERT INTO chain_head (chain, seq, hash) SELECT chain, seq, hash FROM chain_head"
        " WHERE chain = 'case:1' ON CONFLICT (chain) DO UPDATE SET hash = 'x'",
    )


def _statement(uow: UnitOfWork, now: datetime) -> None:
    case = add_case(uow, now, "2026-0002")
    add_statement(uow, case, now)
    uow.session.add(VersionIssue(version_id=case.plan_version_id, document_number="1号"))
    digest = "0" * 64
    uow.session.add(
        HeadSeal(
            day=now.date(),
            seq=1,
            chains=1,
            digest=digest,
            hash=digest,
            changes="[]",
            sealed_at=now,
        )
    )
    drawn = DestructionList(drawn_by=case.opened_by, drawn_at=now, digest=digest)
    uow.session.add(drawn)
    uow.session.flush()
    uow.session.add(
        DestructionVote(
            list_id=drawn.id,
            person_id=case.opened_by,
            decision="approve",
            digest=digest,
            voted_at=now,
        )
    )
