"""What the engine could not do waits for a person, and nothing given is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.cases import Case, Incident, ProcessInstance
from models.history import HistoryEvent
from models.tasks import QueueCount
from services import incidents, timers
from services.case_reading import CaseOverview, overview
from services.errors import Refusal
from tests.integration.world import TIERS, World, bundle
from tests.unit.bpmn_builder import Process


def forked(form_key: str = "") -> Process:
    """A gateway that has no way on for tier ``general`` and for anything but yes."""
    p = Process("t08").start("s")
    if form_key:
        p.user_task("ask", "duty", form_key=form_key)
    else:
        p.user_task("ask", "duty", fields=[("yes", "boolean"), ("words", "string")])
    p.exclusive("way").end("e").end("e2").chain("s", "ask", "way")
    yes = "ask.level > 1" if form_key else "ask.yes"
    p.flow("way", "e", condition=yes)
    p.flow("way", "e2", condition=f"{yes} and false")
    return p


def test_no_way_on_keeps_the_task_and_what_was_given(world: World) -> None:
    world.deploy(bundle(forked(), roles=["duty"]))
    case = world.open("t08")
    done = world.complete(case, "ask", "duty", {"yes": "false", "words": "写了很久"})
    assert [fault.code for fault in done.incidents] == ["no_flow_true"]
    task = world.open_tasks(case)["ask"]
    assert task.draft == {"yes": "false", "words": "写了很久"}
    assert task.assignee_id == world.people["duty"].id
    row = world.one(select(Incident))
    assert (row.code, row.element_path) == ("no_flow_true", "way")
    assert world.one(select(ProcessInstance.status)) == "incident"
    # The same again is no second incident; another answer goes on and resolves it.
    world.complete(case, "ask", "duty", {"yes": "false"})
    assert len(world.all(select(Incident))) == 1
    done = world.complete(case, "ask", "duty", {"yes": "true"})
    assert done.incidents == ()
    assert world.one(select(Incident.resolved_at)) == world.now
    assert world.one(select(ProcessInstance.status)) == "completed"
    assert set(world.all(select(QueueCount.n))) == {0}


def test_a_special_forms_own_writes_are_undone_with_the_step(world: World) -> None:
    world.deploy(bundle(forked("planroom:grade"), roles=["duty"], tiers=TIERS))
    case = world.open("t08")
    done = world.complete(case, "ask", "duty", {"tier": "general"})
    assert [fault.code for fault in done.incidents] == ["no_flow_true"]
    assert world.one(select(Case.tier).where(Case.id == case.id)) is None
    types = world.all(select(HistoryEvent.type))
    assert "tier.graded" not in types
    assert "incident.raised" in types
    world.complete(case, "ask", "duty", {"tier": "major"})
    assert world.one(select(Case.tier).where(Case.id == case.id)) == "major"


def test_a_plan_that_cannot_take_its_first_step_opens_no_case(world: World) -> None:
    p = Process("t09").start("s").exclusive("way").end("e").end("e2").chain("s", "way")
    p.flow("way", "e", condition="signal.reads > 5")
    p.flow("way", "e2", condition="signal.reads <= 5")
    world.deploy(bundle(p, roles=["duty"]))
    with pytest.raises(Refusal) as refused:
        world.open("t09")
    assert (refused.value.code, refused.value.status) == ("plan_cannot_start", 422)
    assert refused.value.args_["element"] == "way"
    assert world.all(select(Case)) == []
    assert world.open("t09", extra={"reads": 9}).status == "closed"


def test_a_person_resolves_an_incident_with_words(world: World) -> None:
    world.deploy(bundle(forked(), roles=["duty"]))
    case = world.open("t08")
    world.complete(case, "ask", "duty", {"yes": "false"})
    id_ = world.one(select(Incident.id))
    later = world.now + timedelta(minutes=1)

    def resolve(who: str, words: str) -> Incident:
        return world.db.run(
            lambda uow: incidents.resolve_incident(uow, id_, world.actor(who), words, later)
        )

    for who, words, code in (
        ("outsider", "x", "incident_unknown"),
        ("auditor", "x", "read_only"),
        ("duty", " ", "form_invalid"),
    ):
        with pytest.raises(Refusal, match=code):
            resolve(who, words)
    assert resolve("duty", "已联系预案编制人").resolved_by == world.people["duty"].id
    with pytest.raises(Refusal, match="incident_resolved"):
        resolve("duty", "again")


def test_a_case_goes_on_after_its_incident_was_resolved(world: World) -> None:
    """No true branch, an incident on the case page, a person's words, the corrected answer."""
    world.deploy(bundle(forked(), roles=["duty"]))
    case = world.open("t08")
    world.complete(case, "ask", "duty", {"yes": "false", "words": "第一次"})

    def page() -> CaseOverview:
        with world.db.read() as session:
            return overview(session, case.id, world.people["duty"], world.now)

    [shown] = page().incidents
    assert (shown.code, shown.resolved_at) == ("no_flow_true", None)
    assert [step.task.element_id for step in page().steps] == ["ask"]
    world.db.run(
        lambda uow: incidents.resolve_incident(
            uow, shown.id, world.actor("duty"), "答案填错", world.now
        )
    )
    assert page().incidents[0].resolution == "答案填错"
    assert world.one(select(ProcessInstance.status)) == "running"
    assert world.open_tasks(case)["ask"].draft == {"yes": "false", "words": "第一次"}
    done = world.complete(case, "ask", "duty", {"yes": "true", "words": "第一次"})
    assert done.incidents == ()
    assert page().case.status == "closed"
    types = world.all(select(HistoryEvent.type).order_by(HistoryEvent.id))
    assert types.count("incident.raised") == types.count("incident.resolved") == 1


def test_a_timer_that_failed_is_tried_at_once_when_its_incident_is_resolved(world: World) -> None:
    p = Process("t08").start("s").user_task("ask", "duty", fields=[("yes", "boolean")]).end("e")
    p.user_task("fix", "duty", fields=[("yes", "boolean")]).end("e3").parallel("both")
    p.chain("s", "both", "ask", "e").chain("both", "fix", "e3")
    p.boundary_timer("late", "ask", "PT1H", interrupting=False, deadline="due")
    p.exclusive("way").end("e1").end("e2").chain("late", "way")
    p.flow("way", "e1", condition="fix.yes = true").flow("way", "e2", condition="fix.yes = false")
    world.deploy(bundle(p, roles=["duty"]))
    case = world.open("t08")
    due = world.now + timedelta(hours=1)
    assert timers.fire_next(world.db, due)
    assert world.one(select(ProcessInstance.status)) == "incident"
    [fault] = world.all(select(Incident))
    assert fault.element_path == "way"
    assert not timers.fire_next(world.db, due)  # pushed back
    world.complete(case, "fix", "duty", {"yes": "true"}, now=due)
    assert world.one(select(Incident.resolved_at)) == due
    assert timers.fire_next(world.db, due)
    assert world.open_tasks(case)["ask"].overdue_at == due
    assert world.one(select(ProcessInstance.status)) == "running"
    assert len(world.all(select(Incident))) == 1
