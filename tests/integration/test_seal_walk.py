"""Seals that store what changed, tampered with: the first break is told, and what follows from it
in one line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import heads, seal_walk
from services.heads_check import Break, check_chain
from services.history import HEADS
from services.seal_walk import check_seals
from tests.integration.seal_record import Record
from tests.integration.seal_record import bare as bare
from tests.integration.seal_record import ten as ten

#: What somebody does to the seal of day 3, and what is told: days by number.
TAMPERS = {
    "a hash": (
        'changes = replace(changes, \'"case:2",2,"0\', \'"case:2",2,"f\')',
        [("3", "list", ""), ("3", "rewritten", "case:2"), ("4…6", "lost", "")],
    ),
    "a row of its own": (
        "changes = replace(changes, ']]', '],[\"zz\",1,\"" + "a" * 64 + "\"]]')",
        [("3", "list", ""), ("3", "cut_off", "zz"), ("4…9", "lost", "")],
    ),
    "nothing to read": ("changes = 'x'", [("3", "list", ""), ("4…6", "lost", "")]),
    "no changes": ("changes = '[]'", [("3", "list", ""), ("4…6", "lost", "")]),
    "the digest": (
        "digest = '" + "b" * 64 + "'",
        [("3", "event", HEADS), ("3", "list", "")],
    ),
    "what it follows": ("since = :first", [("3", "list", "")]),
    "that it follows any": ("since = NULL", [("3", "list", ""), ("4…9", "lost", "")]),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_a_day_that_was_tampered_with_is_told_and_what_follows_from_it(
    ten: Record, name: str
) -> None:
    assert ten.told() == []
    change, told = TAMPERS[name]
    ten.change(
        f"UPDATE head_seal SET {change} WHERE day = :day",
        day=ten.days[3],
        **({"first": ten.days[0]} if ":first" in change else {}),
    )
    assert ten.told() == told


def test_a_day_that_is_gone_is_told_with_and_without_its_event(ten: Record) -> None:
    ten.change("DELETE FROM head_seal WHERE day = :day", day=ten.days[3])
    assert ten.told() == [("3", "removed", HEADS), ("4…6", "lost", "")]
    ten.change("DELETE FROM history_event WHERE chain = 'heads' AND seq = 4")
    told = ten.told()
    assert told[:2] == [("3", "removed", ""), ("4", "cut_off", HEADS)]
    assert told[2:] == [("4…6", "lost", "")], "until case 2 is sealed again"
    ten.change("DELETE FROM head_seal WHERE day <= :day", day=ten.days[4])
    told = [(str(at), "removed", HEADS) for at in (0, 1, 2, 4)]
    assert ten.told() == [*told, ("5…9", "lost", "")], "what told of day 3 is gone with day 4"


def test_many_chains_written_anew_are_told_once_each(ten: Record) -> None:
    ten.change("UPDATE history_event SET hash = :h WHERE chain <> 'heads'", h="c" * 64)
    told = ten.told()
    assert told == [
        ("0", "rewritten", "case:1"), ("0", "rewritten", "case:2"), ("0", "rewritten", "case:4"),
        ("4", "rewritten", "case:3"),
    ]  # fmt: skip
    with ten.db.read() as session:
        (found,) = check_chain(session, "case:1")
        assert (found.day, found.seq) == (ten.days[0].isoformat(), 1)


@settings(max_examples=40)
@given(st.integers(0, 9), st.data())
def test_any_byte_of_any_day_is_told_in_a_few_lines(
    ten: Record, number: int, data: st.DataObject
) -> None:
    day = ten.days[number]
    with ten.db.read() as session:
        was = heads.get(session, day).changes
    at = data.draw(st.integers(0, len(was) - 1))
    put = data.draw(st.sampled_from('0a,"[]:x ').filter(lambda one: one != was[at]))
    set_ = "UPDATE head_seal SET changes = :c WHERE day = :d"
    ten.change(set_, c=was[:at] + put + was[at + 1 :], d=day)
    try:
        told = ten.told()
    finally:
        ten.change(set_, c=was, d=day)
    assert (str(number), "list", "") in told and len(told) <= 4
    assert min(int(when.split("…")[0]) for when, _reason, _chain in told) == number
    assert ten.told() == []


@pytest.mark.parametrize("name", [*TAMPERS, ""])
def test_in_portions_as_in_one(ten: Record, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name:
        change, _told = TAMPERS[name]
        ten.change(
            f"UPDATE head_seal SET {change} WHERE day = :day",
            day=ten.days[3],
            **({"first": ten.days[0]} if ":first" in change else {}),
        )
    whole = ten.check()
    monkeypatch.setattr(seal_walk, "_BATCH", 2)
    breaks, seals, after = list[Break](), 0, None
    for _portion in range(5):
        with ten.db.read() as session:
            some = check_seals(session, after, lambda: False)
        breaks, seals, after = [*breaks, *some.breaks], seals + some.seals, some.last
        if after is None:
            break
    assert seals == whole.seals == 10 and some.last is None
    cause = [one for one in breaks if one.reason != "lost"]
    assert cause == [one for one in whole.breaks if one.reason != "lost"]
    lost, of_whole = (
        [one for one in some if one.reason == "lost"] for some in (breaks, whole.breaks)
    )
    assert bool(lost) is bool(of_whole)
    if lost:
        assert (lost[0].day, lost[-1].until) == (of_whole[0].day, of_whole[0].until)
