"""One transaction, run again when it lost a race; on both databases."""

from __future__ import annotations

import logging
import sqlite3
import threading
from datetime import datetime

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.history import PersonalValue
from models.people import Role
from models.tasks import QueueCount
from services.errors import Refusal, Stale
from services.uow import Database, UnitOfWork


def add_role(uow: UnitOfWork, key: str) -> Role:
    role = Role(key=key, name=key)
    uow.session.add(role)
    return role


def keys(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Role.key).order_by(Role.key)))


def test_what_work_did_is_committed_and_stays_readable(db: Database) -> None:
    role = db.run(lambda uow: add_role(uow, "duty"))
    assert role.name == "duty"  # readable although its session is gone
    assert keys(db) == ["duty"]


def test_an_error_undoes_everything_and_is_not_rerun(db: Database) -> None:
    calls = []

    def work(uow: UnitOfWork) -> None:
        calls.append(1)
        add_role(uow, "duty")
        uow.session.flush()
        raise Refusal("task_done", 409)

    with pytest.raises(Refusal):
        db.run(work)
    assert calls == [1]
    assert keys(db) == []


def test_stale_runs_the_whole_again_in_a_fresh_session(db: Database) -> None:
    sessions = []

    def work(uow: UnitOfWork) -> int:
        sessions.append(uow.session)
        add_role(uow, "duty")
        uow.session.flush()
        if len(sessions) < 3:
            raise Stale
        return len(sessions)

    assert db.run(work) == 3
    assert len({id(session) for session in sessions}) == 3
    assert keys(db) == ["duty"]


def test_stale_for_ever_is_raised_after_the_retries(db: Database) -> None:
    calls = []

    def work(uow: UnitOfWork) -> None:
        calls.append(1)
        raise Stale

    with pytest.raises(Stale):
        db.run(work, retries=2)
    assert len(calls) == 3


def test_callbacks_run_after_the_commit_and_only_then(db: Database) -> None:
    seen: list[list[str]] = []

    def work(uow: UnitOfWork) -> None:
        add_role(uow, "duty")
        uow.after_commit(lambda: seen.append(keys(db)))

    db.run(work)
    assert seen == [["duty"]]

    def failing(uow: UnitOfWork) -> None:
        uow.after_commit(lambda: seen.append([]))
        raise Refusal("no")

    with pytest.raises(Refusal):
        db.run(failing)
    assert len(seen) == 1


def test_callbacks_of_a_rerun_unit_run_once(db: Database) -> None:
    calls: list[int] = []

    def work(uow: UnitOfWork) -> None:
        uow.after_commit(lambda: calls.append(1))
        if not calls and not getattr(work, "again", False):
            work.again = True  # type: ignore[attr-defined]
            raise Stale

    db.run(work)
    assert calls == [1]


def test_a_failing_callback_is_logged_and_undoes_nothing(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    after: list[int] = []

    def work(uow: UnitOfWork) -> None:
        add_role(uow, "duty")
        uow.after_commit(lambda: 1 / 0)
        uow.after_commit(lambda: after.append(1))

    with caplog.at_level(logging.ERROR, logger="services.uow"):
        db.run(work)
    assert keys(db) == ["duty"]
    assert after == [1]
    assert "ZeroDivisionError" in caplog.text


def test_a_unique_violation_is_rerun_so_that_the_check_can_see_the_other_row(db: Database) -> None:
    """Check, then insert: the row that came in between is found the second time."""
    asked = []

    def work(uow: UnitOfWork) -> str:
        found = uow.session.get(Role, "duty")
        asked.append(found is not None)
        if found is not None:
            raise Refusal("exists", 409)
        if len(asked) == 1:
            db_other = threading.Thread(target=lambda: db.run(lambda u: add_role(u, "duty")))
            db_other.start()
            db_other.join()
        uow.session.execute(insert(Role).values(key="duty", name="x", name_en="", rank=0))
        return "inserted"

    with pytest.raises(Refusal):
        db.run(work)
    assert asked == [False, True]


def test_a_violation_that_stays_is_raised(db: Database) -> None:
    db.run(lambda uow: add_role(uow, "duty"))

    def work(uow: UnitOfWork) -> None:
        uow.session.execute(insert(Role).values(key="duty", name="x", name_en="", rank=0))

    with pytest.raises(IntegrityError):
        db.run(work, retries=1)


def test_reads_before_the_first_write_hold_no_lock_and_see_newer_commits(db: Database) -> None:
    """READ COMMITTED on both: SQLite too, where a plain BEGIN would end in BUSY_SNAPSHOT."""
    db.run(lambda uow: uow.session.add(QueueCount(owner="role:duty", n=0)))
    runs = []

    def other() -> None:
        db.run(lambda uow: uow.session.execute(update(QueueCount).values(n=QueueCount.n + 10)))

    def work(uow: UnitOfWork) -> int:
        runs.append(1)
        before = uow.session.scalar(select(QueueCount.n))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=5)
        assert not thread.is_alive(), "a read took the write lock"
        after = uow.session.scalar(select(QueueCount.n))
        assert (before, after) == (0, 10)
        uow.session.execute(update(QueueCount).values(n=QueueCount.n + 1))
        return 1

    db.run(work, retries=0)
    assert runs == [1]
    with db.read() as session:
        assert session.scalar(select(QueueCount.n)) == 11


def test_compare_and_set_loses_no_update(db: Database) -> None:
    db.run(lambda uow: uow.session.add(QueueCount(owner="role:duty", n=0)))

    def work(uow: UnitOfWork) -> None:
        n = uow.session.scalar(select(QueueCount.n))
        assert n is not None
        done = uow.session.execute(update(QueueCount).where(QueueCount.n == n).values(n=n + 1))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Stale

    def many() -> None:
        for _ in range(25):
            db.run(work, retries=50)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert session.scalar(select(QueueCount.n)) == 100


def test_a_read_is_one_snapshot_and_refuses_writes(db: Database) -> None:
    with db.read() as session:
        assert session.scalars(select(Role.key)).all() == []
        db.run(lambda uow: add_role(uow, "duty"))
        assert session.scalars(select(Role.key)).all() == []
    assert keys(db) == ["duty"]
    with db.read() as session, pytest.raises(RuntimeError, match=r"inside Database\.read"):
        session.execute(text("DELETE FROM role"))
    with db.read() as session, pytest.raises(RuntimeError, match=r"inside Database\.read"):
        session.add(Role(key="x", name="x"))
        session.flush()
    assert keys(db) == ["duty"]
    db.run(lambda uow: add_role(uow, "office"))  # the pooled connections still write
    assert keys(db) == ["duty", "office"]


def test_a_savepoint_undoes_only_its_block(db: Database) -> None:
    ran: list[str] = []

    def work(uow: UnitOfWork) -> None:
        add_role(uow, "duty")
        uow.after_commit(lambda: ran.append("kept"))
        with pytest.raises(Refusal), uow.savepoint():
            add_role(uow, "office")
            uow.after_commit(lambda: ran.append("undone"))
            raise Refusal("no")
        with uow.savepoint():
            add_role(uow, "leader")

    db.run(work)
    assert keys(db) == ["duty", "leader"]
    assert ran == ["kept"]


def test_a_deadlock_is_rerun(postgres_url: str) -> None:
    """SQLSTATE 40P01: two units lock two rows crosswise, both end well."""
    db = Database(postgres_url)
    db.run(lambda uow: uow.session.add_all([QueueCount(owner=k, n=0) for k in "ab"]))
    meet = threading.Barrier(2)
    runs: list[str] = []

    def bump(uow: UnitOfWork, owner: str) -> None:
        uow.session.execute(
            update(QueueCount).where(QueueCount.owner == owner).values(n=QueueCount.n + 1)
        )

    def crosswise(first: str, second: str) -> None:
        tried: list[int] = []

        def work(uow: UnitOfWork) -> None:
            runs.append(first)
            bump(uow, first)
            if not tried:
                tried.append(1)
                meet.wait(timeout=10)
            bump(uow, second)

        db.run(work)

    threads = [
        threading.Thread(target=crosswise, args=("a", "b")),
        threading.Thread(target=crosswise, args=("b", "a")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as session:
        assert session.scalars(select(QueueCount.n)).all() == [2, 2]
    assert len(runs) == 3
    db.dispose()


def test_a_locked_database_is_rerun(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds SQLite's write lock longer than we wait for it."""
    monkeypatch.setattr("services.uow.BUSY_TIMEOUT", 0.05)
    db = Database(sqlite_url)
    keys(db)
    outside = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    tries: list[int] = []

    def work(uow: UnitOfWork) -> None:
        tries.append(1)
        if len(tries) == 3:
            outside.execute("ROLLBACK")
        add_role(uow, "duty")

    db.run(work)
    assert len(tries) == 3
    assert keys(db) == ["duty"]
    outside.close()
    db.dispose()


def test_a_writing_unit_inside_another_is_refused_at_once(sqlite_url: str) -> None:
    db = Database(sqlite_url)

    def outer(uow: UnitOfWork) -> None:
        add_role(uow, "duty")
        uow.session.flush()
        db.run(lambda inner: add_role(inner, "office"))

    with pytest.raises(RuntimeError, match="inside another"):
        db.run(outer)
    assert keys(db) == []
    db.run(lambda uow: add_role(uow, "leader"))  # the turn was given back
    db.dispose()


def test_sqlite_connections_have_our_settings(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    with db.read() as session:
        for pragma, value in {
            "journal_mode": "wal",
            "synchronous": 1,
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "busy_timeout": 5000,
        }.items():
            assert session.scalar(text(f"PRAGMA {pragma}")) == value, pragma
    db.dispose()


def test_foreign_keys_hold(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> None:
        uow.session.add(Role(key="duty", name="x", superior="nobody"))

    with pytest.raises(DBAPIError):
        db.run(work)


def test_an_error_says_nothing_of_what_people_typed(db: Database) -> None:
    """Errors are logged, and a log outlives what is destroyed."""
    row = {"commitment": "c" * 64, "event_chain": "case:1", "field": "note", "salt": "00",
           "value": "申老师 13900000000"}  # fmt: skip
    db.run(lambda uow: uow.session.execute(insert(PersonalValue), [row]))
    with pytest.raises(IntegrityError) as caught:
        db.run(lambda uow: uow.session.execute(insert(PersonalValue), [row]), retries=0)
    assert "personal_value" in str(caught.value) and "申老师" not in str(caught.value)
