"""The exceptions list: what came after an exception stands beside it, and settles it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from models.cases import Case
from models.words import Approval
from services import exceptions, history, timers
from services.event_filter import EventFilter
from services.event_settled import Fact, Facts
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
