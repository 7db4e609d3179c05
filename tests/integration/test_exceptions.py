"""The exceptions list: what came after an exception stands beside it, and settles it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import select

from models.cases import Case
from models.words import Approval
from services import exceptions, history, timers
from services.actor import SYSTEM, Actor
from services.event_filter import EventFilter
from services.event_settled import Fact, Facts
from services.exceptions import Batch
from services.uow import UnitOfWork
from tests.integration import store_rows
from tests.integration.world import World


def test_what_came_after_an_exception_stands_beside_it(small: World) -> None:
    case = small.open()
    oral = {"statement": 1, "version": 1, "digest": "0" * 64, "kind": "final"} | {
        "decision": "approve", "oral": True,
    }  # fmt: skip

    def approve(uow: UnitOfWork) -> int:
        session = uow.session
        store_rows.add_statement(uow, session.get_one(Case, case.id), small.now)
        signed = session.scalars(select(Approval)).one()
        spoken = Approval(
            statement_id=signed.statement_id,
            version_id=signed.version_id,
            digest=signed.digest,
            kind="final",
            decision="approve",
            oral=True,
            person_id=small.people["leader"].id,
            occurred_at=small.now,
            recorded_at=small.now,
        )
        session.add(spoken)
        session.flush()
        approval = spoken.id
        history.append(
            uow, "approval.given", case=case, actor=small.actor("office"), occurred_at=small.now,
            now=small.now, payload=oral | {"id": approval},
        )  # fmt: skip
        return approval

    approval = small.db.run(approve)
    due = small.now + timedelta(hours=1)
    while timers.fire_next(small.db, due + timedelta(minutes=5)):
        pass

    def listed(flt: EventFilter) -> dict[str, Facts]:
        with small.db.read() as session:
            rows = exceptions.page(session, flt).rows
            assert {kind for row in rows for kind in row.kinds} <= {"late", "oral", "entered_later"}
            return {row.event.type: row.settled for row in rows if row.event.case_id == case.id}

    flt = EventFilter(case=case.id, kinds=("late", "oral"))
    assert listed(flt) == {"deadline.missed": {}, "approval.given": {}}
    assert listed(replace(flt, open_only=True)).keys() == {"deadline.missed", "approval.given"}
    # Done in time, entered afterwards; and signed.
    done, entered = due - timedelta(minutes=10), due + timedelta(hours=2)
    small.complete(
        case, "check", "duty", {"note": "三人轻伤", "serious": "true"}, entered, occurred_at=done
    )

    def sign(uow: UnitOfWork) -> None:
        uow.session.get_one(Approval, approval).countersigned_at = entered

    small.db.run(sign)
    assert listed(flt) == {
        "deadline.missed": {"late": Fact("met", done, entered)},
        "approval.given": {"oral": Fact("countersigned", entered)},
    }
    assert listed(replace(flt, open_only=True)) == {}
    assert "task.completed" in listed(EventFilter(case=case.id, kinds=("entered_later",)))


def command(world: World, type_: str, payload: dict[str, Any], at: datetime, who: Actor) -> None:
    world.db.run(
        lambda uow: history.append(
            uow, type_, actor=who, occurred_at=at, now=at, payload=payload
        )
    )  # fmt: skip


def test_acts_from_the_command_line_are_gathered_and_none_is_left_out(small: World) -> None:
    since, admin = small.now + timedelta(days=1), small.actor("admin")
    deployed = {"plan": "p11", "version": 1, "hash": "0" * 64}
    for n in range(60):
        command(small, "org.plan_deployed", deployed, since + timedelta(minutes=n), SYSTEM)
    later = since + timedelta(hours=3)
    command(small, "org.membership_changed", {"person": 1}, later, SYSTEM)  # two hours apart
    command(small, "org.membership_changed", {"person": 1}, later, admin)
    for _ in range(2):
        command(small, "org.membership_changed", {"person": 1}, later, SYSTEM)
    command(small, "org.four_eyes_changed", {"on": False}, later, SYSTEM)
    with small.db.read() as session:
        found = exceptions.page_of_lines(session, EventFilter(since=since))
        plain = list(chain(*exceptions.everything(session, EventFilter(since=since))))
    assert len(found.rows) == 65 and found.next_cursor is None, "no batch is cut by a page's end"
    assert [row.event.id for row in found.rows] == [row.event.id for row in plain]
    lines = exceptions.in_batches(found.rows)
    # What a person did, what is more than an act, too few, too far apart: each for itself.
    assert [type(line).__name__ for line in lines] == ["Exceptional"] * 5 + ["Batch"]
    batch = lines[-1]
    assert isinstance(batch, Batch) and len(batch.rows) == 60 and not batch.founding
    assert exceptions.in_batches([]) == []


def test_what_the_clock_does_is_no_act_from_the_command_line(small: World) -> None:
    for _ in range(4):
        case = small.open()
    while timers.fire_next(small.db, small.now + timedelta(hours=2)):
        pass
    with small.db.read() as session:
        rows = exceptions.page(session, EventFilter(kinds=("late",))).rows
    assert len(rows) >= 4 and case is not None
    assert exceptions.in_batches(rows) == rows
