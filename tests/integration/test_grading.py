"""The table proposes, a person decides, with a reason where they differ."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.cases import Anchor, Case
from models.history import HistoryEvent
from models.plans import PlanVersion
from services import cases, grading, history
from services.errors import Refusal
from tests.integration.world import TIERS, World, bundle
from tests.unit.bpmn_builder import Process, document, manifest
from workflows.bundle import Bundle

CHECK = {"note": "x"}


def graded(world: World, **extra: object) -> Case:
    case = world.open(extra=extra)
    world.complete(case, "check", "duty", CHECK)
    return case


def test_confirming_the_tables_tier(world: World) -> None:
    case = graded(world, reads=20000)
    with world.db.read() as session:
        version = session.get(PlanVersion, case.plan_version_id)
        assert version is not None
        proposal = grading.latest_proposal(session, case.id, version.manifest)
    assert proposal is not None
    assert (proposal.tier.key, proposal.texts) == ("major", ("阅读量达到一万",))
    assert proposal.inputs
    when = world.now + timedelta(minutes=4)
    world.complete(case, "grade", "duty", {"tier": "major"}, now=when)
    assert world.one(select(Case.tier)) == "major"
    event = world.one(select(HistoryEvent).where(HistoryEvent.type == "tier.graded"))
    assert history.payload_of(event)["proposed"] == "major"
    assert world.one(select(Anchor.occurred_at).where(Anchor.name == "graded_at")) == when


def test_another_tier_needs_a_reason(world: World) -> None:
    case = graded(world, reads=5)
    for data, errors in (
        ({"tier": "major", "reason": "  "}, {"reason": "required"}),
        ({"tier": "", "reason": "x"}, {"tier": "required"}),
        ({"tier": "huge"}, {"tier": "not_an_option"}),
    ):
        with pytest.raises(Refusal) as refused:
            world.complete(case, "grade", "duty", data)
        assert refused.value.args_["errors"] == errors
    assert world.one(select(Case.tier)) is None
    done = world.complete(case, "grade", "duty", {"tier": "major", "reason": "有人员伤亡"})
    assert done.task.result == {
        "tier": "major",
        "level": 2,
        "overridden": True,
        "reason": "有人员伤亡",
    }
    event = world.one(select(HistoryEvent).where(HistoryEvent.type == "tier.overridden"))
    assert "有人员伤亡" not in event.content


def plan_t04() -> Bundle:
    """Grading, then a response that the message ``retier`` leads back from."""
    p = Process("t04")
    p.start("s").user_task("grade", "duty", form_key="planroom:grade")
    sub = p.sub_process("respond")
    sub.start("rs").user_task("act", "office").end("re").chain("rs", "act", "re")
    sub.boundary_timer(
        "act_due",
        "act",
        date='graded_at + duration("PT2H")',
        interrupting=False,
        deadline="due",
        properties={"anchor": "graded_at"},
    )
    sub.end("act_due_end").chain("act_due", "act_due_end")
    p.boundary("again", "respond", message="m_retier").end("e")
    p.chain("s", "grade", "respond", "e").chain("again", "grade")
    made = bundle(p, roles=["duty", "office"], tiers=TIERS, anchors=["graded_at"])
    files = {**made.files, "plan.bpmn": document(p, messages={"m_retier": "retier"})}
    return Bundle(
        files, manifest("t04", roles=["duty", "office"], tiers=TIERS, anchors=["graded_at"])
    )


def test_grading_again_leads_back_and_gives_new_clocks(world: World) -> None:
    world.deploy(plan_t04())
    case = world.open("t04")
    with pytest.raises(Refusal, match="message_not_expected"):
        world.db.run(lambda uow: cases.retier(uow, case.id, "升级", world.actor("duty"), world.now))
    world.complete(case, "grade", "duty", {"tier": "general"})
    first = world.open_tasks(case)["act"]
    assert first.due_at == world.now + timedelta(hours=2)
    later = world.now + timedelta(minutes=30)
    world.db.run(lambda uow: cases.retier(uow, case.id, "视频扩散", world.actor("duty"), later))
    assert list(world.open_tasks(case)) == ["grade"]
    world.complete(case, "grade", "duty", {"tier": "major"}, now=later)
    second = world.open_tasks(case)["act"]
    assert second.id != first.id
    assert second.due_at == later + timedelta(hours=2)
    types = world.all(select(HistoryEvent.type).order_by(HistoryEvent.id))
    assert types.count("tier.graded") == 2
    assert "tier.retier_requested" in types
    assert "message.sent" in types
    assert "task.cancelled" in types
    kept = world.all(select(Anchor.occurred_at).where(Anchor.name == "graded_at"))
    assert len(kept) == 2
