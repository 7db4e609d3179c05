"""A case's record against its diagrams, as the services wrote it: versions changed under way,
clocks that rang, returned work; and what is made of a record that somebody has altered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from models.cases import Case
from services import case_migration, history, outbox, timers
from services.conformance_check import acts_of, check_case, graph_for
from tests.integration.test_case_migration import CHECK, HALF_HOUR, LEGAL, changed
from tests.integration.world import World
from workflows.conformance import Act, Verdict, replay


def acts(world: World, case: Case) -> list[Act]:
    with world.db.read() as session:
        return list(acts_of(history.events_of_case(session, case.id, limit=5000)))


def judge(world: World, told: list[Act]) -> Verdict:
    with world.db.read() as session:
        return replay(lambda version: graph_for(session, version), told)


def finished(world: World, case: Case) -> None:
    """Overdue (three boundary clocks ring), sent back once, then approved."""
    late = world.now + timedelta(hours=3)
    while timers.fire_next(world.db, late):
        pass
    world.complete(case, "check", "duty", CHECK, late)
    world.complete(case, "grade", "duty", {"tier": "general"}, late + timedelta(minutes=2))
    for n, agreed in enumerate(("false", "true")):
        at = late + timedelta(minutes=10 + 10 * n)
        world.complete(case, "draft", "office", {"words": "文"}, at)
        if "legal" in world.open_tasks(case):
            world.complete(case, "legal", "leader", {"agreed": "true"}, at)
        world.complete(case, "approve", "leader", {"agreed": agreed}, at + timedelta(minutes=2))
    while outbox.deliver_next(world.db, late + timedelta(hours=1)):
        pass


def test_a_case_that_changed_version_fits_both(small: World) -> None:
    case = small.open()
    new = small.deploy(changed(HALF_HOUR, LEGAL))
    small.db.run(
        lambda uow: case_migration.migrate_case(
            uow, case.id, new.id, "限时", small.actor("author"), small.now
        )
    )
    finished(small, case)
    with small.db.read() as session:
        verdict = check_case(session, case.id)
    assert verdict.fits and verdict.ended, verdict
    told = acts(small, case)
    assert any(act.path == "legal" for act in told)  # the step that the new version added
    # On its first version alone the same record does not fit, and the first event is named.
    old = next(act.version for act in told if act.type == "instance.started")
    stayed = [replace(act, version=old) if act.type == "instance.migrated" else act for act in told]
    found = judge(small, stayed)
    assert found.misfit is not None
    assert found.misfit.seq == next(act.seq for act in told if "+legal" in act.steps)
    unknown = [replace(act, version="0" * 64) if act.version else act for act in told]
    assert (lost := judge(small, unknown).misfit) and lost.code == "version_unknown"


def test_no_act_of_a_finished_case_may_be_missing_or_come_before_its_cause(small: World) -> None:
    case = small.open()
    finished(small, case)
    told = acts(small, case)
    whole = judge(small, told)
    assert whole.fits and whole.ended and whole.open == ()
    walked = [n for n, act in enumerate(told) if act.steps]
    assert any("check_due" in told[n].steps for n in walked)
    for n in walked:
        rang = {"check_remind", "check_due", "check_escalate", "draft_due"} & set(told[n].steps)
        # A clock that only rings ends nothing: without it the diagram's game goes on the same.
        assert judge(small, told[:n] + told[n + 1 :]).fits == bool(rang), told[n]
        # A step of an element that stands elsewhere on the diagram, told too early.
        foreign = replace(told[n], steps=(*told[n].steps, "tell"))
        assert (early := judge(small, [*told[:n], foreign, *told[n + 1 :]]).misfit)
        assert early.seq == told[n].seq
    opened = {act.task: n for n, act in enumerate(told) if act.type == "task.opened"}
    for n in walked:
        cause = opened.get(told[n].task)
        if cause is not None:
            before = [*told[:cause], told[n], *told[cause:n], *told[n + 1 :]]
            assert (found := judge(small, before)).misfit is not None
            assert found.misfit.seq == told[n].seq


def test_a_running_case_fits_as_far_as_it_is(small: World) -> None:
    case = small.open()
    with small.db.read() as session:
        verdict = check_case(session, case.id)
        assert verdict.fits and not verdict.ended and verdict.open == ("check",)
        assert not check_case(session, 999).begun
    # What is cut off at the end of a running case shows nowhere: the seals of the heads do that.
    assert judge(small, acts(small, case)[:-1]).fits
