"""A signal unmasked before it became a case: the word why goes when the case is destroyed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.audit import Unmasking
from models.cases import Case
from models.history import PersonalValue
from services import masking, signals, unmasking
from services.access import person_of
from services.destruction_run import carry_out
from services.errors import Refusal
from services.signals import Contact, Noticed
from services.uow import UnitOfWork
from services.verify import verify_all
from tests.integration.archive_world import LATER, actor, agreed, keep, with_keepers
from tests.integration.world import World

REASON = "核对申老师是谁"


def recorded(world: World) -> int:
    noticed = Noticed(
        text="家长来电", discovered_at=world.now,
        contact=Contact("申老师", "13900004444"),
    )  # fmt: skip
    return world.db.run(lambda uow: signals.record(uow, noticed, world.actor("duty"), world.now).id)


def test_for_an_hour_and_gone_with_its_case(world: World) -> None:
    with_keepers(world)
    keep(world)
    signal, auditor = recorded(world), actor(world, "auditor")
    world.db.run(lambda uow: unmasking.unmask_signal(uow, signal, REASON, auditor, world.now))
    for minutes, clear in ((0, True), (59, True), (60, False)):
        with world.db.read() as session:
            person = person_of(session, world.people["auditor"].id)
            assert person is not None
            row, at = signals.get(session, signal), world.now + timedelta(minutes=minutes)
            mask = masking.masks_for_signals(session, person, [row], at)[signal]
            assert (not mask.on) is clear, minutes
            until = unmasking.signal_until(session, person.id, signal, at)
            assert (until is not None) is clear

    def take(uow: UnitOfWork) -> int:
        return signals.take(
            uow, signal, plan_key="t11", title="甲", summary="", actor=world.actor("duty"),
            now=world.now,
        ).id  # fmt: skip

    case_id = world.db.run(take)
    with world.db.read() as session:
        case = session.get_one(Case, case_id)
    with pytest.raises(Refusal, match="signal_taken"):
        world.db.run(lambda uow: unmasking.unmask_signal(uow, signal, REASON, auditor, world.now))
    world.complete(case, "fill", "duty", {"remark": "x", "who": "", "count": 1})
    items = {"call_notes": {"present": True}, "patrol_notes": {"note": "无"},
             "photos": {"note": "无"}, "minutes": {"present": True, "where": "柜"}}  # fmt: skip
    world.complete(case, "put_away", "office", {"items": items})
    made = agreed(world, case)
    assert any(REASON in value for value in world.all(select(PersonalValue.value)))
    carry_out(world.db, made.id, actor(world, "archivist"), LATER, None)
    assert not any(REASON in value for value in world.all(select(PersonalValue.value)))
    assert world.one(select(Unmasking.signal_id)) == signal
    with world.db.read() as session:
        assert all(report.ok for report in verify_all(session))
