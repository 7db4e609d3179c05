"""How long signals that never became a case are kept, how the term is counted, what holds them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.intake import Signal
from models.retention import LegalHold, SignalRetention
from services import history, legal_holds, retention_signals, signals
from services.calendar import zone_of
from services.errors import Refusal
from services.retention_table import Term
from services.verify import verify_all
from tests.integration.archive_world import (
    LATER,
    actor,
    agreed,
    draw_up,
    due,
    due_signals,
    keep,
    keep_signals,
    set_aside,
    signal,
    taken,
    with_keepers,
)
from tests.integration.evidence_world import bundle_of
from tests.integration.world import World
from tools.planroom_verify import verify

NEXT_YEAR = datetime(2027, 6, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def kept(world: World) -> World:
    """On each database."""
    return with_keepers(world)


@pytest.fixture
def room(small: World) -> World:
    """On SQLite alone, for what is not the database's."""
    return with_keepers(small)


def code(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code


def told(world: World, type_: str) -> list[dict[str, object]]:
    rows = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(row) for row in sorted(rows, key=lambda row: row.id)]


def years(world: World) -> dict[int, int]:
    with world.db.read() as session:
        return retention_signals.by_year(session)


def hold(world: World, found: Signal, who: str = "lawyer", reason: str = "诉讼") -> int:
    by = actor(world, who)
    return world.db.run(
        lambda uow: legal_holds.place_on_signal(uow, found.id, reason, by, LATER).id
    )


def lift(world: World, hold_id: int) -> None:
    by = actor(world, "leader")
    world.db.run(lambda uow: legal_holds.lift(uow, hold_id, "已结案", by, LATER))


def mark(world: World, found: Signal, of: Signal) -> None:
    duty = world.actor("duty")
    world.db.run(lambda uow: signals.mark_duplicate(uow, found.id, of.id, duty, world.now))


# ------------------------------------------------------------------------------- the setting


def test_by_default_nothing_is_ever_due(kept: World) -> None:
    found = signal(kept, "家长来电反映食堂")
    set_aside(kept, found)
    assert due_signals(kept, datetime(9990, 1, 1, tzinfo=UTC)) == [] and years(kept) == {}
    assert code(lambda: draw_up(kept, found)) == "signal_not_due"
    with kept.db.read() as session:
        setting = retention_signals.signal_term(session)
    assert (setting.term.key, setting.chosen, setting.count) == ("permanent", False, 1)


def test_who_sets_the_term_sets_it_on_record(room: World) -> None:
    keep_signals(room, "permanent")
    assert room.all(select(SignalRetention)) == [], "what stands already writes nothing"
    keep_signals(room, "y10")
    keep_signals(room, "y10")
    keep_signals(room, "y30", who="admin")
    assert room.one(select(SignalRetention.term_key)) == "y30"
    assert told(room, "org.signal_retention_set") == [
        {"term": "y10", "was": None},
        {"term": "y30", "was": "y10"},
    ]
    for who, wrong in (("leader", "not_your_role"), ("auditor", "read_only")):
        assert code(lambda who=who: keep_signals(room, "y10", who=who)) == wrong  # type: ignore[misc]
    assert code(lambda: keep_signals(room, "y77")) == "term_unknown"


# ------------------------------------------------------------------------------- the counting


def test_counted_from_the_year_after_it_was_set_aside(kept: World) -> None:
    waiting, aside, late = (signal(kept, text) for text in ("没有人处理", "与我无关", "后来处理"))
    set_aside(kept, aside)
    set_aside(kept, late, now=NEXT_YEAR)
    keep_signals(kept)
    eve, day = datetime(2036, 12, 31, 15, 59, tzinfo=UTC), datetime(2036, 12, 31, 16, 0, tzinfo=UTC)
    assert due_signals(kept, eve) == [], "midnight is the unit's, not Greenwich's"
    assert due_signals(kept, day) == [waiting.id, aside.id]
    assert due_signals(kept, datetime(2038, 1, 1, tzinfo=UTC)) == [waiting.id, aside.id, late.id]
    assert years(kept) == {2037: 2, 2038: 1}
    ten = Term("y10", "", "", 10)
    with kept.db.read() as session:
        zone = zone_of(session)
        shown = {
            one.id: retention_signals.due_on(one, ten, zone)
            for one in session.scalars(select(Signal))
        }
        ids = [waiting.id, aside.id, late.id, 99]
        assert retention_signals.over(session, ids, day) == {waiting.id, aside.id}
        assert [one.signal.id for one in retention_signals.due_among(session, ids, day)] == ids[:2]
        limited = retention_signals.due(session, LATER, 1)
    assert shown == {
        waiting.id: date(2037, 1, 1), aside.id: date(2037, 1, 1), late.id: date(2038, 1, 1),
    }  # fmt: skip
    assert [(one.signal.id, one.due_on) for one in limited] == [(waiting.id, date(2037, 1, 1))]


def test_what_is_of_a_case_is_kept_with_the_case(kept: World) -> None:
    keep_signals(kept)
    first, second, third, other = (signal(kept, f"第{n}条") for n in "甲乙丙丁")
    mark(kept, third, second)
    mark(kept, second, first)
    assert due_signals(kept) == [first.id, second.id, third.id, other.id]
    case_id = taken(kept, first).id
    rows = {one.id: one.case_id for one in kept.all(select(Signal))}
    assert rows == {first.id: case_id, second.id: case_id, third.id: case_id, other.id: None}
    assert due_signals(kept) == [other.id]
    mark(kept, other, first)
    assert due_signals(kept) == [] and years(kept) == {}


# ---------------------------------------------------------------------------------- holding


def test_a_held_signal_comes_onto_no_list(kept: World) -> None:
    found, other = signal(kept, "甲来电"), signal(kept, "乙来电")
    keep_signals(kept)
    placed = hold(kept, found)
    again = hold(kept, found, "leader", "上级调阅")
    assert due_signals(kept) == [other.id]
    assert code(lambda: draw_up(kept, found, other)) == "signal_not_due"
    lift(kept, placed)
    assert due_signals(kept) == [other.id], "one still stands"
    lift(kept, again)
    assert due_signals(kept) == [found.id, other.id]
    events = kept.all(select(HistoryEvent).where(HistoryEvent.type.like("hold.%")))
    assert {event.chain for event in events} == {history.ORG}
    assert [history.payload_of(event)["signal"] for event in events] == [found.id] * 4
    with kept.db.read() as session:
        assert all(report.ok for report in verify_all(session))
        assert legal_holds.standing(session) == []
        assert [one.id for one in legal_holds.holds_of_signal(session, found.id)] == [again, placed]


def test_who_may_hold_a_signal(room: World) -> None:
    found = signal(room, "甲来电")
    for who in ("duty", "office", "author"):
        assert code(lambda who=who: hold(room, found, who)) == "not_your_role"  # type: ignore[misc]
    assert code(lambda: hold(room, found, "auditor")) == "read_only"
    assert code(lambda: hold(room, found, reason="  ")) == "form_invalid"
    assert code(lambda: hold(room, Signal(id=99))) == "signal_unknown"
    placed = hold(room, found)
    lift(room, placed)
    assert code(lambda: lift(room, placed)) == "hold_lifted"
    taken(room, found)
    assert code(lambda: hold(room, found)) == "signal_taken", "its case is what is held"
    assert len(room.all(select(LegalHold))) == 1


def test_a_held_signal_holds_the_case_it_becomes(kept: World) -> None:
    keep(kept)
    found = signal(kept, "甲来电")
    placed = hold(kept, found)
    case = taken(kept, found)
    assert case.id == kept.one(select(Signal.case_id).where(Signal.id == found.id))
    assert due(kept) == []
    with kept.db.read() as session:
        assert legal_holds.is_held(session, case.id)
        assert [one.id for one in legal_holds.holds_of(session, case.id)] == [placed]
        [standing] = legal_holds.standing(session)
        assert standing.case is not None and standing.case.id == case.id
    lift(kept, placed)
    assert due(kept) == [case.id]
    lifted = kept.one(select(HistoryEvent).where(HistoryEvent.type == "hold.lifted"))
    assert lifted.chain == history.chain_of(case.id), "it belongs to the case by now"
    made = agreed(kept, case)
    assert [item.case_id for item in made.items] == [case.id]


def test_the_bundle_of_a_case_that_was_held_as_a_signal_verifies(
    kept: World, tmp_path: Path
) -> None:
    found = signal(kept, "甲来电")
    placed = hold(kept, found)
    case = taken(kept, found)
    lift(kept, placed)
    content, _made = bundle_of(kept, tmp_path, case.id, LATER)
    (tmp_path / "bundle.zip").write_bytes(content)
    assert verify(tmp_path / "bundle.zip").sound
