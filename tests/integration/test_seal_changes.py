"""Seals that store what changed: whatever that is, each day's whole list comes back and holds."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import heads
from services.errors import Refusal
from services.heads_check import check_chain, last_head
from services.uow import Database
from tests.integration.seal_record import CHAINS, Record, ten_days
from tests.integration.seal_record import bare as bare
from tests.integration.seal_record import ten as ten

days = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CHAINS), max_size=6, unique=True),
        st.sampled_from([None, None, None, *CHAINS]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=30)
@given(days)
def test_every_days_list_is_the_one_made_whole(
    bare: Record, course: list[tuple[list[str], str | None, int]]
) -> None:
    """Chains grow, begin, and lose their heads (as somebody with the database could let them)."""
    record, made, back = Record(bare.db, bare.now), [], []
    known = set[str]()
    for grown, gone, later in course:
        record.grow(*grown)
        if gone is not None:
            record.change("DELETE FROM chain_head WHERE chain = :c", c=gone)
            record.change("DELETE FROM history_event WHERE chain = :c", c=gone)
        seal, there = record.seal(later)
        back += sorted(known - there.keys())
        known = set(there)
        made.append((seal, there))
    with record.db.read() as session:
        for seal, there in made:
            assert heads.listed(session, seal).heads == there, "and its digest is that of the list"
            assert seal.chains == len(there)
        for chain in CHAINS:
            assert last_head(session, chain) == made[-1][1].get(chain)
    found = record.check()
    assert found.seals == len(course) and found.last is None
    assert {one.chain for one in found.breaks if one.reason == "back"} == set(back)
    assert {one.reason for one in found.breaks} <= {"back", "cut_off", "rewritten"}
    assert back or found.ok


def test_a_whole_list_is_stored_again_before_the_changes_outgrow_it(bare: Record) -> None:
    bare.grow(*CHAINS)
    stored = []
    for _day in range(40):
        bare.grow(CHAINS[0])
        made, _there = bare.seal()
        stored.append((made.since, len(made.changes)))
    whole = [size for since, size in stored if since is None]
    assert 2 <= len(whole) <= 10
    assert sum(size for _since, size in stored) < 0.7 * 40 * whole[-1]
    assert [since for since, _size in stored if since] == [
        day for day, (since, _size) in zip(bare.days, stored[1:], strict=False) if since
    ], "each follows the one before"
    assert bare.check().ok


def test_what_was_tampered_with_goes_no_further_than_the_next_seal(ten: Record) -> None:
    """A seal is made whole where the one before does not meet its digest; and no such list is
    written into a file."""
    ten.change("UPDATE head_seal SET changes = '[]' WHERE day = :d", d=ten.days[9])
    with ten.db.read() as session:
        for day in (ten.days[8], ten.days[9]):
            seal = heads.get(session, day)
            if day == ten.days[8]:
                assert heads.lodged_file(session, seal, "f")
                continue
            with pytest.raises(Refusal) as refused:
                heads.lodged_file(session, seal, "f")
            assert (refused.value.code, refused.value.status) == ("seal_spoiled", 409)
    made, there = ten.seal()
    assert made.since is None
    with ten.db.read() as session:
        assert heads.listed(session, made).heads == there
    assert ten.told() == [("9", "list", "")]


def test_one_chain_over_all_days(ten: Record) -> None:
    with ten.db.read() as session:
        assert check_chain(session, "case:2") == []
        assert (
            last_head(session, "case:2")
            == heads.listed(session, heads.get(session, ten.days[-1])).heads["case:2"]
        )
        assert last_head(session, "case:99") is None
    ten.change("DELETE FROM chain_head WHERE chain = 'case:2'")
    ten.seal()
    with ten.db.read() as session:
        (found,) = check_chain(session, "case:2")
        assert (found.reason, found.day) == ("back", ten.days[-1].isoformat())
        assert last_head(session, "case:2") is None
    ten.change("DELETE FROM history_event WHERE chain = 'case:2' AND seq = 2")
    with ten.db.read() as session:
        found, _gone = check_chain(session, "case:2")
        assert (found.reason, found.day, found.seq) == ("cut_off", ten.days[3].isoformat(), 2)
    ten.change("UPDATE head_seal SET changes = replace(changes, '\"case:1\",', '\"case:1\",0')")
    with ten.db.read() as session:
        assert {one.reason for one in check_chain(session, "case:1")} == {"list"}
        with pytest.raises(ValueError):
            last_head(session, "case:1")


def test_both_databases(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    record = ten_days(Record(db, now), monkeypatch)
    assert record.told() == []
    record.change("UPDATE history_event SET hash = :h WHERE chain = 'case:2' AND seq = 2",
                  h="c" * 64)  # fmt: skip
    record.change("DELETE FROM history_event WHERE chain = 'case:1' AND seq = 10")
    assert record.told() == [("3", "rewritten", "case:2"), ("9", "cut_off", "case:1")]
    with db.read() as session:
        assert [one.reason for one in check_chain(session, "case:2")] == ["rewritten"]
