"""The retention table, the plans' terms, which cases are due, and holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from models.retention import PlanRetention, RetentionTerm
from services import history, legal_holds, retention, retention_table
from services.errors import Refusal
from services.uow import UnitOfWork
from tests.integration.archive_world import (
    LATER,
    actor,
    archived,
    due,
    keep,
    term_keys,
    with_keepers,
)
from tests.integration.world import World


@pytest.fixture
def kept(world: World) -> World:
    """On each database."""
    return with_keepers(world)


@pytest.fixture
def room(small: World) -> World:
    """On SQLite alone, for what is not the database's."""
    return with_keepers(small)


def told(world: World, type_: str) -> list[dict[str, Any]]:
    rows = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(row) for row in sorted(rows, key=lambda row: row.id)]


def refused(work: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value


# ------------------------------------------------------------------------------- the table


def test_the_defaults_stand_without_a_row_and_get_rows_when_one_is_needed(room: World) -> None:
    assert term_keys(room) == ["permanent", "y30", "y10"]
    assert room.all(select(RetentionTerm)) == [] and told(room, "org.term_changed") == []
    with room.db.read() as session:
        plans = retention.plan_terms(session)
    assert {(one.plan.key, one.term.key, one.chosen) for one in plans} == {
        ("t01", "permanent", False),
        ("t11", "permanent", False),
    }
    keep(room, "permanent")  # what stands already
    assert room.all(select(PlanRetention)) == []
    keep(room)
    assert len(room.all(select(RetentionTerm))) == 3
    assert [event["key"] for event in told(room, "org.term_changed")] == ["permanent", "y30", "y10"]
    assert told(room, "org.retention_set") == [{"plan": "t11", "term": "y10", "was": None}]
    keep(room)
    keep(room, "permanent")
    assert told(room, "org.retention_set")[1:] == [
        {"plan": "t11", "term": "permanent", "was": "y10"}
    ]


def test_a_unit_adds_renames_and_switches_off_its_own_terms(room: World) -> None:
    admin = actor(room, "admin")

    def add(name: str, years: int | None) -> retention_table.Term:
        return room.db.run(
            lambda uow: retention_table.add_term(uow, name, "", years, admin, room.now)
        )

    assert (add("15年", 15).key, add("又一个15年", 15).key) == ("y15", "y15_2")
    assert add("长期", None).key == "permanent_2"

    def change(key: str, name: str, active: bool) -> retention_table.Term:
        return room.db.run(
            lambda uow: retention_table.change_term(
                uow, key, admin, room.now, name=name, name_en="Ten", active=active
            )
        )

    keep(room)
    change("y10", "十年", active=False)
    assert told(room, "org.term_changed")[-1] == {
        "key": "y10", "name": "十年", "name_en": "Ten", "years": 10, "active": False,
        "was": {"name": "10年", "name_en": "10 years", "active": True},
    }  # fmt: skip
    before = len(told(room, "org.term_changed"))
    change("y10", "十年", active=False)
    assert len(told(room, "org.term_changed")) == before, "the same again is no change"
    assert due(room, LATER) == [] and room.one(select(PlanRetention.term_key)) == "y10"
    assert refused(lambda: keep(room, "y10", "t01")).code == "term_off"
    assert refused(lambda: change("permanent", "永久", active=False)).code == "term_needed"
    assert refused(lambda: change("y11", "十一年", active=True)).code == "term_unknown"
    assert refused(lambda: add("十年", 12)).args_["errors"] == {"name": "term_name_taken"}
    assert refused(lambda: add(" ", 12)).args_["errors"] == {"name": "required"}
    assert refused(lambda: add("无", 0)).args_["errors"] == {"years": "too_small"}
    assert refused(lambda: add("千年", 1000)).args_["errors"] == {"years": "too_large"}


def test_only_archive_and_administrators_set_terms(room: World) -> None:
    def setting(name: str, plan: str, term: str) -> Callable[[], object]:
        def work(uow: UnitOfWork) -> None:
            retention.set_plan_term(uow, plan, term, actor(room, name), room.now)

        return lambda: room.db.run(work)

    for name, code in {"leader": "not_your_role", "auditor": "read_only"}.items():
        assert refused(setting(name, "t11", "y10")).code == code
    assert refused(setting("archivist", "t11", "y99")).code == "term_unknown"
    assert refused(setting("archivist", "none", "y10")).code == "plan_unknown"
    assert room.all(select(RetentionTerm)) == []


# ------------------------------------------------------------------------------ what is due


def test_nothing_is_due_until_a_term_was_set_and_has_run_out(kept: World) -> None:
    case, open_case = archived(kept), kept.open("t11")
    assert due(kept, datetime(2999, 1, 1, tzinfo=UTC)) == [], "permanent unless set"
    keep(kept)
    last = datetime(2036, 12, 31, 15, 59, tzinfo=UTC)  # 23:59 in Beijing
    assert due(kept, last) == []
    assert due(kept, last + timedelta(minutes=1)) == [case.id]
    with kept.db.read() as session:
        assert retention.by_year(session) == {2037: 1}
        assert retention.term_of(session, case).due_on == date(2037, 1, 1)
        assert retention.over(session, [case.id, open_case.id], LATER) == {case.id}
    keep(kept, "y30")
    assert due(kept) == [], "a longer term counts for cases archived before it was set"


def test_the_year_is_the_units_and_the_walls(room: World) -> None:
    keep(room)
    # 31 December in Greenwich, New Year's Day in Beijing.
    eve = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    case = archived(room, now=eve)
    with room.db.read() as session:
        assert retention.term_of(session, case).due_on == date(2038, 1, 1)
    # A drill two years ahead of the wall is kept as long as any other case.
    drill = archived(room, extra={"is_drill": True, "clock_offset": 2 * 366 * 86400})
    assert drill.archived_at and drill.archived_at.year == 2028
    with room.db.read() as session:
        assert retention.term_of(session, drill).due_on == date(2037, 1, 1)
    assert due(room) == [drill.id]


# ----------------------------------------------------------------------------------- holds


def test_a_held_case_is_not_due_until_the_last_hold_is_lifted(kept: World) -> None:
    case = archived(kept)
    keep(kept)
    now = LATER - timedelta(days=3)

    def place(name: str, reason: str) -> int:
        return kept.db.run(
            lambda uow: legal_holds.place(uow, case.id, reason, actor(kept, name), now).id
        )

    def lift(hold: int, reason: str = "案件已结") -> object:
        return kept.db.run(
            lambda uow: legal_holds.lift(uow, hold, reason, actor(kept, "leader"), now)
        )

    first, second = place("lawyer", "诉讼未结"), place("archivist", "上级调阅")
    assert due(kept) == []
    lift(first)
    assert due(kept) == []
    assert refused(lambda: lift(first)).code == "hold_lifted"
    lift(second)
    assert due(kept) == [case.id]
    with kept.db.read() as session:
        assert legal_holds.standing(session) == []
        events = history.events_of_case(session, case.id)[-4:]
        reasons = [history.personal_of(session, event)["reason"] for event in events]
        at = events[0].occurred_at
    assert [event.type for event in events] == ["hold.placed"] * 2 + ["hold.lifted"] * 2
    assert reasons == ["诉讼未结", "上级调阅", "案件已结", "案件已结"] and at == now


def test_who_may_hold_and_what_is_refused(room: World) -> None:
    case = archived(room)

    def place(name: str, case_id: int = case.id, reason: str = "诉讼") -> Refusal:
        return refused(
            lambda: room.db.run(
                lambda uow: legal_holds.place(uow, case_id, reason, actor(room, name), LATER)
            )
        )

    assert place("office").code == "not_your_role"
    assert place("auditor").code == "read_only"
    assert place("lawyer", reason=" ").args_["errors"] == {"reason": "required"}
    assert place("lawyer", reason="长" * 2001).args_["errors"] == {"reason": "too_long"}
    assert place("lawyer", 9999).code == "case_unknown"
    running = room.open("t01")
    assert place("lawyer", running.id).code == "case_unknown", "not theirs to see while it runs"
    missing = refused(
        lambda: room.db.run(
            lambda uow: legal_holds.lift(uow, 77, "无", actor(room, "lawyer"), LATER)
        )
    )
    assert missing.code == "hold_unknown"


def test_a_case_something_of_which_is_still_at_work_is_not_due(room: World) -> None:
    case = archived(room)
    keep(room)
    assert due(room) == [case.id]
    at_work = room.open("t11")
    room.db.run(lambda uow: _mark_archived(uow, at_work.id))
    assert due(room) == [case.id], "its task is open"


def _mark_archived(uow: UnitOfWork, case_id: int) -> None:
    row = uow.session.get_one(Case, case_id)
    row.status, row.archived_at = "archived", row.opened_at
