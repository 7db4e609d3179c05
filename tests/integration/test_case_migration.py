"""Running cases moved to another version: tasks, claims, drafts, queues, clocks and the record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case, CaseRole, ProcessInstance
from models.history import HistoryEvent
from models.people import Membership
from models.plans import PlanVersion
from models.tasks import QueueCount, TaskQueue, Timer, UserTask
from services import (
    access,
    case_migration,
    case_moves,
    history,
    task_reading,
    tasks,
    timers,
    verify,
)
from services.case_migration import Outcome
from services.case_reading import overview
from services.errors import Refusal
from services.uow import UnitOfWork
from tests.integration.world import World, plan_t01
from workflows.bundle import Bundle

CHECK = {"note": "三人轻伤", "serious": "true"}
#: Half an hour instead of one; whoever is of the office may check; a legal step before approval.
HALF_HOUR = ('duration("PT1H")', 'duration("PT30M")')
OFFICE_CHECKS = ('name="核查" camunda:candidateGroups="duty"',
                 'name="核实" camunda:candidateGroups="office"')  # fmt: skip
LEGAL = (
    '<bpmn:sequenceFlow id="draft__approve" sourceRef="draft" targetRef="approve"/>',
    '<bpmn:userTask id="legal" name="法审" camunda:candidateGroups="leader"/>'
    '<bpmn:sequenceFlow id="draft__approve" sourceRef="draft" targetRef="legal"/>'
    '<bpmn:sequenceFlow id="legal__approve" sourceRef="legal" targetRef="approve"/>',
)
NO_CHECK = ('<bpmn:sequenceFlow id="s__check" sourceRef="s" targetRef="check"/>',
            '<bpmn:sequenceFlow id="s__check" sourceRef="s" targetRef="other"/>'
            '<bpmn:userTask id="other" name="受理" camunda:candidateGroups="duty"/>'
            '<bpmn:sequenceFlow id="o__check" sourceRef="other" targetRef="check"/>')  # fmt: skip


def changed(*swaps: tuple[str, str], **manifest: Any) -> Bundle:
    given = plan_t01()
    text = given.files["plan.bpmn"].decode()
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("<bpmn:incoming>draft__approve</bpmn:incoming>", "")
    return Bundle({**given.files, "plan.bpmn": text.encode()}, {**given.manifest, **manifest})


def move(world: World, case: Case, to: PlanVersion, at: datetime, who: str = "author") -> Outcome:
    return world.db.run(
        lambda uow: case_migration.migrate_case(
            uow, case.id, to.id, "限时改为30分钟", world.actor(who), at
        )
    )


def queues(world: World, task_id: str) -> set[str]:
    return set(world.all(select(TaskQueue.role_key).where(TaskQueue.task_id == task_id)))


def counts(world: World) -> dict[str, int]:
    return {row.owner: row.n for row in world.all(select(QueueCount)) if row.n}


def test_a_claimed_step_keeps_claim_draft_and_start_of_its_clock(world: World) -> None:
    case, other = world.open(), world.open()
    task = world.open_tasks(case)["check"]
    world.claim(task.id, "duty")
    world.db.run(
        lambda uow: tasks.save_draft(uow, task.id, world.actor("duty"), {"note": "甲"}, world.now)
    )
    waiting = world.open_tasks(other)["check"]
    approvals = [{"kind": "legal", "role": "leader", "name": "法制审核", "name_en": "Legal"}]
    new = world.deploy(changed(HALF_HOUR, OFFICE_CHECKS, LEGAL, approvals=approvals))
    later = world.now + timedelta(minutes=10)
    with world.db.read() as session:
        row = session.get_one(Case, case.id)
        look = case_moves.look(session, row, new, later)
        assert look.reasons == () and look.migration.ahead == ("legal",)
        assert [r["kind"] for r in look.asked["approvals"][0]] == ["legal"]
    for one in (case, other):
        assert move(world, one, new, later).moved
    kept = world.open_tasks(case)["check"]
    assert (kept.id, kept.assignee_id) == (task.id, world.people["duty"].id)
    assert kept.draft == {"note": "甲"} and (kept.name, kept.role_key) == ("核实", "office")
    assert kept.due_at == world.now + timedelta(minutes=30) == kept.sort_due
    # the claim of somebody who no longer holds the role stands, and they finish
    assert queues(world, waiting.id) == {"office"}
    assert counts(world)["role:office"] == 1 and "role:duty" not in counts(world)
    timer = world.one(
        select(Timer).where(Timer.case_id == case.id, Timer.element_path == "check_due")
    )
    assert (timer.due_at, timer.task_id) == (kept.due_at, task.id)
    roles = set(world.all(select(CaseRole.role_key).where(CaseRole.case_id == other.id)))
    assert {"office", "duty"} <= roles
    [row] = world.all(select(ProcessInstance).where(ProcessInstance.case_id == case.id))
    assert (row.plan_version_id, row.content_hash) == (new.id, new.content_hash)
    assert world.one(select(Case.plan_version_id).where(Case.id == case.id)) == new.id
    world.complete(case, "check", "duty", CHECK, later)
    assert set(world.open_tasks(case)) == {"grade"}
    with world.db.read() as session:
        for one in (case, other):
            assert verify.verify_chain(session, history.chain_of(one.id)).ok


def test_the_record_names_both_versions(world: World) -> None:
    case = world.open()
    was = world.one(select(PlanVersion))
    new = world.deploy(changed(HALF_HOUR))
    outcome = move(world, case, new, world.now)
    world.db.run(
        lambda uow: case_migration.note_batch(
            uow, new.id, [outcome], "限时改为30分钟", world.actor("author"), world.now
        )
    )
    with world.db.read() as session:
        rows = session.scalars(
            select(HistoryEvent)
            .where(HistoryEvent.type.like("%migrated"))
            .order_by(HistoryEvent.id)
        ).all()
        of_case, of_org = (history.payload_of(row) for row in rows)
        assert history.personal_of(session, rows[0]) == {"reason": "限时改为30分钟"}
        assert [row.case_id for row in rows] == [case.id, None]
    assert (of_case["from_number"], of_case["to_number"]) == (1, 2)
    assert (of_case["from_hash"], of_case["to_hash"]) == (was.content_hash, new.content_hash)
    assert [(c["path"], c["change"]) for c in of_case["clocks"]] == [("check_due", "moved")]
    assert of_case["kept"][0]["path"] == "check"
    assert (of_org["moved"], of_org["stayed"], of_org["cases"]) == ({"1": 1}, 0, [case.number])
    moved_due = world.one(select(HistoryEvent).where(HistoryEvent.type == "deadline.set"))
    assert history.payload_of(moved_due)["reason"] == "migrated"


def test_a_limit_already_past_rings_at_the_next_look(small: World) -> None:
    case = small.open()
    new = small.deploy(changed(HALF_HOUR))
    later = small.now + timedelta(minutes=40)
    assert move(small, case, new, later).move.migration.clocks[1].past
    while timers.fire_next(small.db, later):
        pass
    assert small.open_tasks(case)["check"].overdue_at == small.now + timedelta(minutes=30)


def test_what_cannot_be_moved_stays_with_the_reason(small: World) -> None:
    case = small.open()
    was = small.one(select(PlanVersion.id))
    other = Bundle(
        {**plan_t01().files, "plan.bpmn": changed(NO_CHECK).files["plan.bpmn"].replace(
            b'"check"', b'"checking"').replace(b"check.", b"checking.")},
        plan_t01().manifest,
    )  # fmt: skip
    new = small.deploy(other)
    before = small.one(select(ProcessInstance.state).where(ProcessInstance.case_id == case.id))
    outcome = move(small, case, new, small.now)
    assert not outcome.moved
    [reason] = outcome.move.reasons
    assert not isinstance(reason, str) and (reason.code, reason.path) == ("step_gone", "check")
    assert small.one(select(Case.plan_version_id).where(Case.id == case.id)) == was
    after = small.one(select(ProcessInstance.state).where(ProcessInstance.case_id == case.id))
    assert before == after
    assert small.one(select(HistoryEvent).where(HistoryEvent.type == "instance.migrated")) is None


def test_a_step_done_and_gone_is_still_read(small: World) -> None:
    """The page of a finished task whose step the new version does not have, and of its case."""
    first = small.deploy(changed(NO_CHECK))
    case = small.open()
    small.complete(case, "other", "duty", {})
    new = small.deploy(changed(HALF_HOUR))
    assert first.id != new.id
    assert move(small, case, new, small.now).moved
    done = small.one(select(UserTask).where(UserTask.element_id == "other"))
    with small.db.read() as session:
        page = task_reading.task_page(session, done.id, small.people["duty"])
        assert page.element.name == "受理"
        shown = overview(session, case.id, small.people["duty"], small.now)
        assert [step.element.id for step in shown.steps] == ["check"]
    with pytest.raises(Refusal, match="task_done"):
        small.finish(done.id, "duty", {}, small.now)


def test_who_may_and_what_is_asked(small: World) -> None:
    case = small.open()
    new = small.deploy(changed(HALF_HOUR))
    for who, code in (("auditor", "read_only"), ("duty", "not_your_role")):
        with pytest.raises(Refusal, match=code):
            move(small, case, new, small.now, who)
    with pytest.raises(Refusal, match="form_invalid"):
        small.db.run(
            lambda uow: case_migration.migrate_case(
                uow, case.id, new.id, " ", small.actor("author"), small.now
            )
        )
    assert move(small, case, new, small.now, "admin").moved
    with pytest.raises(Refusal, match="same_version"):
        move(small, case, new, small.now)


def test_a_step_taken_meanwhile_is_not_lost(world: World) -> None:
    """Two units of work at once: the migration is computed again from the state that stands."""
    case = world.open()
    new = world.deploy(changed(HALF_HOUR, LEGAL))
    runs = 0

    def work(uow: UnitOfWork) -> Outcome:
        nonlocal runs
        runs += 1
        row = uow.session.get_one(Case, case.id)
        seen = case_moves.look(uow.session, row, new, world.now)
        if runs == 1:  # another commits while this one still holds what it has read
            world.complete(case, "check", "duty", CHECK)
            assert seen.instance.plan_version_id != new.id
        return case_migration.migrate_case(
            uow, case.id, new.id, "限时", world.actor("author"), world.now
        )

    assert world.db.run(work).moved and runs == 2
    assert set(world.open_tasks(case)) == {"grade"}
    assert world.one(select(Case.plan_version_id).where(Case.id == case.id)) == new.id


def test_a_holder_without_the_role_keeps_the_case(small: World) -> None:
    case = small.open()
    task = small.open_tasks(case)["check"]
    small.claim(task.id, "duty")
    new = small.deploy(changed(OFFICE_CHECKS))
    move(small, case, new, small.now)
    with small.db.read() as session:
        row = session.get_one(UserTask, task.id)
        person = access.person_of(session, small.people["duty"].id)
        assert person is not None and access.can_work_task(session, person, row) == "office"
        held = session.scalars(
            select(Membership.role_key).where(Membership.person_id == person.id)
        ).all()
        assert "office" not in held
