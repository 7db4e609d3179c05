"""The daily seal: made once a day and never for another, chained to the one before, and what it
shows that a chain alone does not."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from migrations import guards
from models.audit import HeadSeal
from models.history import ChainHead, HistoryEvent
from services import heads, history
from services.actor import CLOCK
from services.canonical import canonical, link_hash
from services.errors import Refusal
from services.heads_check import Outcome, check_chain, check_lodged
from services.history import HEADS
from services.scheduler import Scheduler
from services.seal_lists import HeadList
from services.seal_walk import check_seals
from services.uow import Database, UnitOfWork
from services.verify import verify_all
from tests.integration.store_rows import open_case_on_record

DAY = timedelta(days=1)


def seal(db: Database, now: datetime) -> HeadSeal:
    return db.run(lambda uow: heads.seal(uow, now))


def check(db: Database) -> Outcome:
    with db.read() as session:
        return check_seals(session)


def more(db: Database, now: datetime) -> None:
    """One more event in the organisation's chain."""

    def work(uow: UnitOfWork) -> None:
        history.append(
            uow, "org.setting_changed", actor=CLOCK, occurred_at=now, now=now,
            payload={"key": "x", "value": 1},
        )  # fmt: skip

    db.run(work)


def test_once_a_day_and_each_chained_to_the_day_before(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now)
    first = seal(db, now)
    assert seal(db, now + timedelta(hours=3)).hash == first.hash
    more(db, now)
    second = seal(db, now + DAY)
    third = seal(db, now + 5 * DAY)
    with db.read() as session:
        listed = heads.listed(session, second)
        assert listed.heads.keys() == {f"case:{case_id}", "org", HEADS}
        assert listed.heads[HEADS].hash == first.hash, "the day before is in the list"
        body = canonical({"chains": chains_of(heads.listed(session, third)), "day": "2026-03-15"})
        assert hashlib.sha256(body.encode()).hexdigest() == third.digest, "made of the whole list"
        events = history.events_of_chain(session, HEADS)
        told = [history.payload_of(event) for event in events]
        assert [one["was"] for one in told] == [None, "2026-03-10", "2026-03-11"]
        assert third.day.isoformat() == "2026-03-15", "never for a day gone by"
        assert all(report.ok for report in verify_all(session))
    assert (check(db).ok, check(db).seals) == (True, 3)


def test_the_day_is_the_units_own(db: Database) -> None:
    open_case_on_record(db, datetime(2026, 3, 10, 2, tzinfo=UTC))
    evening = seal(db, datetime(2026, 3, 10, 16, 30, tzinfo=UTC))
    assert evening.day.isoformat() == "2026-03-11", "half past midnight in Beijing"


def chains_of(listed: HeadList) -> list[list[Any]]:
    return [[chain, *head] for chain, head in sorted(listed.heads.items())]


def tamper(db: Database, *statements: str, **params: Any) -> None:
    with db.engine.begin() as connection:
        guards.remove(connection)
        for statement in statements:
            connection.execute(text(statement), params)


def rewrite(db: Database, chain: str, from_seq: int) -> None:
    """The whole chain written anew from an event on, head and all, as somebody with the database
    and our source could."""
    with db.read() as session:
        events = history.events_of_chain(session, chain)
    previous = ""
    for event in events:
        body = history.body_of(event)
        if event.seq >= from_seq:
            body["role"] = "leader"
            hash_ = link_hash(previous, canonical(body))
            change = "UPDATE history_event SET role_key = 'leader', hash = :h WHERE id = :i"
            tamper(db, change, h=hash_, i=event.id)
            previous = hash_
        else:
            previous = event.hash
    tamper(db, "UPDATE chain_head SET hash = :h WHERE chain = :c", h=previous, c=chain)


def test_it_shows_an_end_cut_off_and_a_chain_written_anew(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now, events=5)
    chain = f"case:{case_id}"
    made = seal(db, now)
    with db.read() as session:
        lodged = heads.lodged_file(session, made, "f" * 64)
        assert check_lodged(session, lodged).ok
        assert check_lodged(session, heads.line(made).encode()).ok
    rewrite(db, chain, 3)
    with db.read() as session:
        assert all(report.ok for report in verify_all(session)), "the chain alone shows nothing"
        (found,) = check_seals(session).breaks
        assert (found.reason, found.chain, found.seq) == ("rewritten", chain, 5)
        assert [b.reason for b in check_chain(session, chain)] == ["rewritten"]
        assert [b.reason for b in check_lodged(session, lodged).breaks] == ["rewritten"]
    tamper(
        db,
        "DELETE FROM history_event WHERE chain = :c AND seq > 3",
        "UPDATE chain_head SET seq = 3, hash = "
        "(SELECT hash FROM history_event WHERE chain = :c AND seq = 3) WHERE chain = :c",
        c=chain,
    )
    with db.read() as session:
        assert all(report.ok for report in verify_all(session))
        (found,) = check_seals(session).breaks
        assert (found.reason, found.chain, found.seq) == ("cut_off", chain, 5)
        assert [b.reason for b in check_lodged(session, lodged).breaks] == ["cut_off"]
    tamper(db, "DELETE FROM head_seal", "DELETE FROM history_event WHERE chain = 'heads'",
           "DELETE FROM chain_head WHERE chain = 'heads'")  # fmt: skip
    with db.read() as session:
        assert check_seals(session).ok, "seals that are kept here only can go too"
        reasons = {b.reason for b in check_lodged(session, lodged).breaks}
        assert reasons == {"cut_off", "seal"}


TAMPERS = {
    "a head's number": (["UPDATE head_seal SET changes = "
                         "replace(changes, '[\"case:1\",', '[\"case:1\",9')"],
                        {"list", "cut_off"}),
    "a row twice": (["UPDATE head_seal SET changes = '[' || substr(changes, 2, length(changes) - 2)"
                     " || ',' || substr(changes, 2)"], {"list"}),
    "a row of nothing": (["UPDATE head_seal SET changes = "
                          "replace(changes, ']]', '],[\"zzz\",0,\"\"]]')"], {"list"}),
    "no list at all": (["UPDATE head_seal SET changes = '[]'"], {"list"}),
    "not a row": (["UPDATE head_seal SET changes = 'x'"], {"list"}),
    "the digest": (["UPDATE head_seal SET digest = '" + "b" * 64 + "'"], {"list", "event"}),
    "the seal": (["DELETE FROM head_seal"], {"removed"}),
    "the seal's event": (["DELETE FROM history_event WHERE chain = 'heads'"], {"event"}),
    "what the event says": (["UPDATE history_event SET content = 'x' WHERE chain = 'heads'"],
                            {"event"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERS)
def test_a_seal_that_was_tampered_with(sqlite_url: str, now: datetime, name: str) -> None:
    db = Database(sqlite_url)
    open_case_on_record(db, now)
    seal(db, now)
    statements, reasons = TAMPERS[name]
    tamper(db, *statements)
    assert {one.reason for one in check(db).breaks} == reasons
    db.dispose()


def test_a_later_seal_that_knows_less(sqlite_url: str, now: datetime) -> None:
    db = Database(sqlite_url)
    case_id = open_case_on_record(db, now)
    seal(db, now)
    tamper(db, "DELETE FROM chain_head WHERE chain = :c", c=f"case:{case_id}")
    seal(db, now + DAY)
    assert {(one.reason, one.chain) for one in check(db).breaks} == {("back", f"case:{case_id}")}
    db.dispose()


def test_what_was_lodged_may_be_unreadable(sqlite_url: str, now: datetime) -> None:
    db = Database(sqlite_url)
    open_case_on_record(db, now)
    made = seal(db, now)
    with db.read() as session:
        good = heads.lodged_file(session, made, "")
        told = json.loads(good)
        for content in (
            b"", b"\xff\xfe", b"{}", b"[1]", b"planroom 2026-99-99 1 " + b"a" * 64, b"[" * 99_999,
            json.dumps({**told, "day": "2026-03-09"}).encode(),
            json.dumps({**told, "chains": "x"}).encode(),
        ):  # fmt: skip
            with pytest.raises(Refusal) as refused:
                check_lodged(session, content)
            assert refused.value.code == "lodged_unreadable"
    db.dispose()


def test_the_scheduler_seals_the_day_and_catches_up(sqlite_url: str, now: datetime) -> None:
    db = Database(sqlite_url)
    moment = now
    scheduler = Scheduler(db, lambda: moment)
    assert scheduler.seal() is False, "there is nothing to seal yet"
    open_case_on_record(db, now)
    assert scheduler.seal() is True and scheduler.seal() is False
    moment = now + 4 * DAY
    assert scheduler.seal() is True
    with db.read() as session:
        count = session.scalar(select(func.count()).select_from(HeadSeal))
        heads_ = session.scalar(select(ChainHead.seq).where(ChainHead.chain == HEADS))
        last = session.scalars(select(HistoryEvent).where(HistoryEvent.chain == HEADS)).all()[-1]
        assert (count, heads_) == (2, 2)
        assert history.payload_of(last)["was"] == "2026-03-10"
    db.dispose()


def test_a_list_that_is_none_of_ours_is_refused(db: Database) -> None:
    """Whoever hands it in may have made its digest fit."""
    for chains in (
        [["case:1", 2**31, "a" * 64]],
        [["case:1", 2**52, "a" * 64]],
        [["case:1", 0, "a" * 64]],
        [["case:1\0", 1, "a" * 64]],
        [["case:" + "9" * 40, 1, "a" * 64]],
        [["case:1", 1]],
    ):
        body = {"chains": chains, "day": "2026-03-10"}
        told = {**body, "format": heads.FORMAT, "line": f"planroom 2026-03-10 1 {'a' * 64}",
                "digest": hashlib.sha256(canonical(body).encode()).hexdigest()}  # fmt: skip
        with db.read() as session, pytest.raises(Refusal) as refused:
            check_lodged(session, json.dumps(told).encode())
        assert refused.value.code == "lodged_unreadable"
    line = f'"line":"planroom 2026-03-10 1 {"a" * 64}"'
    deep = "{" + line + ',"day":"x","chains":' + "[" * 600 + "]" * 600 + "}"
    with db.read() as session, pytest.raises(Refusal) as refused:
        check_lodged(session, deep.encode())
    assert refused.value.code == "lodged_unreadable"


def test_a_list_that_was_spoiled_is_told(db: Database, now: datetime) -> None:
    """Of one chain only its own row is read; what else is wrong with a list, all seals' check
    tells."""
    case_id = open_case_on_record(db, now)
    seal(db, now)
    chain = f"case:{case_id}"
    with db.read() as session:
        assert check_chain(session, chain) == [] and check_chain(session, "case:99") == []
    row = f'["{chain}",true,"a"]'
    for changes, of_one in (
        ("x", True), ("", True), ("{}", True), (f"[{row}]", True), (f'[["{chain}"]]', False),
        ("[]", False), ("[[],7]", False),
    ):  # fmt: skip
        tamper(db, "UPDATE head_seal SET changes = :c", c=changes)
        assert "list" in {found.reason for found in check(db).breaks}
        with db.read() as session:
            found = check_chain(session, chain)
            assert [one.reason for one in found] == (["list"] if of_one else [])
