"""The verifier finds each way of tampering, and generated ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from migrations import guards
from migrations.run import upgrade
from models.cases import Case
from services import history
from services.actor import CLOCK, SYSTEM
from services.canonical import canonical, link_hash
from services.uow import Database, UnitOfWork
from services.verify import ChainReport, verify_all, verify_chain
from tests.integration.store_rows import open_case_on_record


def report(db: Database, chain: str) -> ChainReport:
    with db.read() as session:
        return verify_chain(session, chain)


def tamper(db: Database, *statements: str, **params: Any) -> None:
    """As somebody with the database's own rights: guards off, then whatever they like."""
    with db.engine.begin() as connection:
        guards.remove(connection)
        for statement in statements:
            connection.execute(text(statement), params)


def test_an_untouched_chain_holds(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now, events=5)
    found = report(db, f"case:{case_id}")
    assert (found.ok, found.length, found.first_break, found.reason) == (True, 5, None, "")
    with db.read() as session:
        assert found.head == history.events_of_case(session, case_id)[-1].hash
    assert report(db, "org") == ChainReport("org", True, 0)


def test_long_chains_are_checked_over_many_batches(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.verify._BATCH", 4)
    case_id = open_case_on_record(db, now, events=11)
    assert report(db, f"case:{case_id}").ok
    tamper(db, "UPDATE history_event SET role_key = 'leader' WHERE seq = 10")
    assert report(db, f"case:{case_id}").first_break == 10


def test_destroyed_personal_values_are_fine_and_counted(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = open_case_on_record(db, now)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM personal_value WHERE field = 'reporter'"))
    found = report(db, f"case:{case_id}")
    assert (found.ok, found.reason, found.first_break) == (False, "untold", 1), "nobody says so"

    def told(uow: UnitOfWork) -> None:
        history.append(
            uow, "personal.destroyed", case=uow.session.get_one(Case, case_id), actor=SYSTEM,
            occurred_at=now, now=now,
            payload={"values": 1, "reason": "asked", "basis": []},
        )  # fmt: skip

    db.run(told)
    for batch in (500, 2):
        monkeypatch.setattr("services.verify._BATCH", batch)
        found = report(db, f"case:{case_id}")
        assert (found.ok, found.erased) == (True, 1)


HASH = "'" + "b" * 64 + "'"
WAYS: dict[str, tuple[list[str], str, int | None]] = {
    "payload": (["UPDATE history_event SET content = replace(content, 'task-2', 'task-9')"],
                "hash", 2),
    "no longer JSON": (["UPDATE history_event SET content = 'x' WHERE seq = 2"], "content", 2),
    "no object": (["UPDATE history_event SET content = '[]' WHERE seq = 2"], "content", 2),
    "a space": (["UPDATE history_event SET content = replace(content, '\\:1', '\\: 1')"],
                "content", 1),
    "something added": (
        ["UPDATE history_event SET content = replace(content, '{\"data\"', '{\"a\"\\:1,\"data\"')"],
        "content",
        1,
    ),
    "hash": ([f"UPDATE history_event SET hash = {HASH} WHERE seq = 2"], "hash", 2),
    "event removed": (["DELETE FROM history_event WHERE seq = 2"], "gap", 2),
    "first event removed": (["DELETE FROM history_event WHERE seq = 1"], "gap", 1),
    "end cut off": (["DELETE FROM history_event WHERE seq = 5"], "cut_off", 5),
    "all cut off": (["DELETE FROM history_event"], "cut_off", 1),
    "all cut off with the values": (
        ["DELETE FROM history_event", "DELETE FROM personal_value"],
        "cut_off",
        1,
    ),
    "chain and head removed": (
        ["DELETE FROM history_event", "DELETE FROM personal_value", "DELETE FROM chain_head"],
        "missing",
        None,
    ),
    "head removed": (["DELETE FROM chain_head"], "head", 5),
    "head's hash": ([f"UPDATE chain_head SET hash = {HASH}"], "head", 5),
    "head set back": (["UPDATE chain_head SET seq = 4"], "head", 4),
    "person": (["UPDATE history_event SET person_id = NULL WHERE seq = 2"], "hash", 2),
    "role": (["UPDATE history_event SET role_key = 'leader' WHERE seq = 3"], "hash", 3),
    "deputised": (["UPDATE history_event SET on_behalf_of = person_id WHERE seq = 3"],
                  "hash", 3),
    "type": (["UPDATE history_event SET type = 'task.unclaimed' WHERE seq = 3"], "hash", 3),
    "path": (["UPDATE history_event SET element_path = 'x' WHERE seq = 4"], "hash", 4),
    "case": (["UPDATE history_event SET case_id = NULL WHERE seq = 4"], "columns", 4),
    "happened": (["UPDATE history_event SET occurred_at = '2026-03-09 00:00:00' WHERE seq = 2"],
                 "hash", 2),
    "recorded": (["UPDATE history_event SET recorded_at = '2026-03-09 00:00:00' WHERE seq = 2"],
                 "hash", 2),
    "value": (["UPDATE personal_value SET value = '\"王五\"' WHERE field = 'reporter'"],
              "personal", 1),
    "salt": (["UPDATE personal_value SET salt = '00'"], "personal", 1),
    "salt is no hex": (["UPDATE personal_value SET salt = 'zz'"], "personal", 1),
    "field": (["UPDATE personal_value SET field = 'summary' WHERE field = 'title'"],
              "personal", 1),
    "value given to another chain": (["UPDATE personal_value SET event_chain = 'org'"],
                                     "personal", 1),
    "commitment": ([f"UPDATE personal_value SET commitment = {HASH} WHERE field = 'title'"],
                   "stray", None),
    "moved to another chain": (["UPDATE history_event SET chain = 'org', case_id = NULL"],
                               "cut_off", 1),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_tampering_is_found(db: Database, now: datetime, way: str) -> None:
    statements, reason, seq = WAYS[way]
    case_id = open_case_on_record(db, now, events=5)
    tamper(db, *statements)
    found = report(db, f"case:{case_id}")
    assert (found.ok, found.reason, found.first_break) == (False, reason, seq)


def test_a_body_rewritten_with_its_hashes_is_found_by_the_head(db: Database, now: datetime) -> None:
    """The forger recomputes every later hash but forgets the head."""
    case_id = open_case_on_record(db, now, events=4)
    with db.engine.begin() as connection:
        guards.remove(connection)
        _forge(Session(bind=connection), f"case:{case_id}", 2, "other")
    found = report(db, f"case:{case_id}")
    assert (found.ok, found.reason, found.first_break) == (False, "head", 4)


def test_a_person_put_on_an_act_of_the_clock_is_found(db: Database, now: datetime) -> None:
    """The actor of such an event stands in its content; the column is then not hashed."""
    case_id = open_case_on_record(db, now, events=2)

    def work(uow: UnitOfWork) -> None:
        case = uow.session.get_one(Case, case_id)
        common = {"case": case, "actor": CLOCK, "occurred_at": now, "now": now}
        history.append(uow, "task.claimed", payload={"task": "t"}, **common)  # type: ignore[arg-type]

    db.run(work)
    assert report(db, f"case:{case_id}").ok
    tamper(db, "UPDATE history_event SET person_id = 1 WHERE seq = 3")
    found = report(db, f"case:{case_id}")
    assert (found.ok, found.reason, found.first_break) == (False, "columns", 3)


def test_a_forged_event_after_the_end_is_found(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now, events=2)
    tamper(
        db,
        "INSERT INTO history_event (chain, seq, case_id, type, person_id, role_key, on_behalf_of,"
        " element_path, occurred_at, recorded_at, content, hash)"
        " SELECT chain, 3, case_id, type, person_id, role_key, on_behalf_of, element_path,"
        f" occurred_at, recorded_at, content, {HASH} FROM history_event WHERE seq = 2",
    )
    assert (report(db, f"case:{case_id}").reason) == "hash"


def test_all_chains_are_reported(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now)

    def sign_in(uow: UnitOfWork) -> None:
        history.append(
            uow,
            "org.signed_in",
            actor=SYSTEM,
            occurred_at=now,
            now=now,
            payload={"person": 1},
        )

    db.run(sign_in)
    with db.read() as session:
        reports = {found.chain: found for found in verify_all(session)}
    assert {chain: found.length for chain, found in reports.items()} == {
        "org": 1,
        f"case:{case_id}": 3,
    }
    tamper(db, "UPDATE history_event SET chain = 'case:x' WHERE chain = 'org'")
    with db.read() as session:
        broken = {found.chain for found in verify_all(session) if not found.ok}
    assert broken == {"org", "case:x"}


# ----------------------------------------------------------------------- generated tampering


def _forge(session: Session, chain: str, seq: int, task: str) -> None:
    """Change a payload and recompute every hash from there on, but not the head."""
    events = history.events_of_chain(session, chain)
    previous = events[seq - 2].hash if seq > 1 else ""
    for event in events[seq - 1 :]:
        if event.seq == seq:
            content = history.content_of(event)
            content["data"]["task"] = task
            event.content = canonical(content)
        event.hash = previous = link_hash(previous, canonical(history.body_of(event)))
    session.flush()


LENGTH = 8


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A case of eight events without guards; each example's tampering is rolled back."""
    path: Path = tmp_path_factory.mktemp("verify") / "planroom.db"
    upgrade(f"sqlite:///{path}")
    db = Database(f"sqlite:///{path}")
    open_case_on_record(db, datetime.fromisoformat("2026-03-10T02:00:00+00:00"), LENGTH)
    with db.engine.begin() as connection:
        guards.remove(connection)
    yield db
    db.dispose()


seqs = st.integers(1, LENGTH)
columns = st.sampled_from(
    ["content", "hash", "type", "role_key", "element_path", "chain", "occurred_at",
     "recorded_at", "seq", "person_id", "on_behalf_of", "case_id"]
)  # fmt: skip


@st.composite
def tamperings(draw: st.DrawFn) -> tuple[str, tuple[Any, ...]]:
    kind = draw(st.sampled_from(["character", "column", "delete", "swap", "rehash", "value"]))
    if kind == "character":
        return kind, (draw(seqs), draw(st.integers(0, 10_000)), draw(st.characters()))
    if kind == "column":
        value = draw(st.one_of(st.text(max_size=20), st.integers(-5, 99), st.none(),
                               st.just("2026-03-10 02:00:01.000000")))  # fmt: skip
        return kind, (draw(seqs), draw(columns), value)
    if kind == "delete":
        return kind, (draw(st.sets(seqs, min_size=1)),)
    if kind == "swap":
        return kind, tuple(draw(st.lists(seqs, min_size=2, max_size=2, unique=True)))
    if kind == "rehash":
        return kind, (draw(seqs), draw(st.text(max_size=20)))
    return kind, (draw(st.sampled_from(["title", "reporter"])), draw(st.text(max_size=20)))


@settings(max_examples=150)
@given(tampering=tamperings())
def test_generated_tampering_is_found(
    chained: Database, tampering: tuple[str, tuple[Any, ...]]
) -> None:
    kind, args = tampering
    with chained.engine.connect() as connection, connection.begin() as transaction:
        before = _dump(connection)
        try:
            _apply(connection, kind, args)
        except Exception as refused:  # the schema itself refuses it (unique, not null, check)
            transaction.rollback()
            assert "constraint" in str(refused).lower() or "surrogates" in str(refused)
            return
        changed = _dump(connection) != before
        found = verify_chain(Session(bind=connection), "case:1")
        transaction.rollback()
    assert found.ok is not changed, (found, tampering)


def _dump(connection: Connection) -> list[Any]:
    rows: list[Any] = []
    for table in ("history_event", "personal_value", "chain_head"):
        rows += [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    return rows


def _apply(connection: Connection, kind: str, args: tuple[Any, ...]) -> None:
    if kind == "character":
        seq, place, character = args
        told = connection.scalar(
            text("SELECT content FROM history_event WHERE seq = :s"), {"s": seq}
        )
        place %= len(told)
        _set(connection, seq, "content", told[:place] + character + told[place + 1 :])
    elif kind == "column":
        _set(connection, *args)
    elif kind == "delete":
        for seq in args[0]:
            connection.execute(text("DELETE FROM history_event WHERE seq = :s"), {"s": seq})
    elif kind == "swap":
        one, two = args
        for old, new in ((one, 1000), (two, one), (1000, two)):
            _set(connection, old, "seq", new)
    elif kind == "rehash":
        seq, told = args
        _forge(Session(bind=connection), "case:1", seq, told)
    else:
        field, value = args
        connection.execute(
            text("UPDATE personal_value SET value = :v WHERE field = :f"),
            {"v": canonical(value), "f": field},
        )


def _set(connection: Connection, seq: int, column: str, value: Any) -> None:
    connection.execute(
        text(f"UPDATE history_event SET {column} = :v WHERE seq = :s"), {"v": value, "s": seq}
    )


def test_the_two_times_may_differ(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> None:
        history.append(
            uow,
            "org.setting_changed",
            actor=SYSTEM,
            occurred_at=now - timedelta(hours=2, microseconds=1),
            now=now,
            payload={"key": "zone"},
        )

    db.run(work)
    assert report(db, "org").ok
