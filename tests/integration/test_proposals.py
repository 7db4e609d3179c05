"""Putting plans in force: a second person's agreement, the exception on record, going back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.plans import PlanVersion
from models.studio import DraftFile, PlanProposal
from services import drafts, history, plans, proposals
from services.errors import Refusal
from services.proposals import Wanted
from services.uow import Database, UnitOfWork
from services.verify import verify_chain
from tests.integration.world import World, make_world, on_paper, plan_t01
from workflows.contract import DeploymentError

WANTED = Wanted("缩短核查时限", "澜办发〔2026〕7号", date(2027, 3, 1))


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    made = make_world(db, now)
    made.deploy(on_paper(plan_t01()))
    return made


def do(world: World, work: Callable[[UnitOfWork], Any]) -> Any:
    return world.db.run(work)


def changed(world: World) -> int:
    """The author's draft with the remind timer at ten minutes."""

    def work(uow: UnitOfWork) -> int:
        draft = drafts.open_draft(uow, "t01", world.actor("author"), world.now)
        body = drafts.files_of(uow.session, draft)["plan.bpmn"]
        assert b"PT20M" in body
        new = {"plan.bpmn": body.replace(b"PT20M", b"PT10M")}
        drafts.save_files(uow, draft.id, new, world.actor("author"), world.now)
        return draft.id

    made: int = do(world, work)
    return made


def propose(world: World, draft_id: int, wanted: Wanted = WANTED) -> PlanProposal:
    made: PlanProposal = do(
        world,
        lambda uow: proposals.propose_draft(
            uow, draft_id, wanted, world.actor("author"), world.now
        ),
    )
    return made


def approve(world: World, one: PlanProposal, name: str = "leader", shown: str = "") -> PlanVersion:
    made: PlanVersion = do(
        world,
        lambda uow: proposals.approve(
            uow, one.id, shown or one.content_hash, "同意", world.actor(name), world.now
        ),
    )
    return made


def current(world: World) -> PlanVersion:
    with world.db.read() as session:
        return plans.current_version(session, "t01")


def events(world: World, *types: str) -> list[tuple[str, dict[str, Any]]]:
    query = select(HistoryEvent).where(HistoryEvent.type.in_(types)).order_by(HistoryEvent.seq)
    return [(e.type, history.payload_of(e)) for e in world.all(query)]


def test_a_second_person_agrees_and_it_comes_into_force(world: World) -> None:
    draft = changed(world)
    waiting = propose(world, draft)
    assert waiting.status == "waiting" and current(world).number == 1
    made = approve(world, waiting)
    assert made.number == 2 and current(world).id == made.id
    with world.db.read() as session:
        version = plans.current_version(session, "t01")
        assert version.deployed_by == world.people["author"].id
        assert version.approved_by == world.people["leader"].id
        assert version.document_number == "澜办发〔2026〕7号"
        assert version.review_on == date(2027, 3, 1)
        assert version.issue is not None and not version.issue.alone
        assert drafts.get_draft(session, draft).status == "deployed"
        assert verify_chain(session, "org").ok
    assert world.all(select(DraftFile)) == []
    told = dict(events(world, "org.plan_approved", "org.plan_deployed"))
    assert told["org.plan_deployed"]["proposed_by"] == world.people["author"].id
    assert told["org.plan_deployed"]["approved_by"] == world.people["leader"].id
    assert told["org.plan_approved"]["hash"] == made.content_hash


def test_nobody_agrees_to_their_own_and_not_everybody_may(world: World) -> None:
    waiting = propose(world, changed(world))
    for name, code in (
        ("author", "own_proposal"), ("duty", "not_your_role"), ("auditor", "read_only"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            approve(world, waiting, name)
    assert current(world).number == 1


def test_what_is_agreed_to_is_exactly_what_was_shown(world: World) -> None:
    waiting = propose(world, changed(world))
    with pytest.raises(Refusal, match="proposal_moved"):
        approve(world, waiting, shown="0" * 64)


def test_over_another_version_it_must_be_proposed_anew(world: World) -> None:
    waiting = propose(world, changed(world))
    other = on_paper(plan_t01())
    changes = {"plan.bpmn": other.files["plan.bpmn"].replace(b"PT20M", b"PT30M")}
    world.deploy(replace(other, files={**other.files, **changes}))
    with pytest.raises(Refusal, match="proposal_moved"):
        approve(world, waiting)


def test_a_draft_that_waits_is_locked_until_it_is_taken_back(world: World) -> None:
    draft = changed(world)
    waiting = propose(world, draft)
    with pytest.raises(Refusal, match="draft_locked"):
        do(
            world,
            lambda uow: drafts.undo(uow, draft, world.actor("author"), world.now),
        )
    with pytest.raises(Refusal, match="not_your_draft"):
        do(
            world,
            lambda uow: proposals.withdraw(uow, waiting.id, world.actor("admin"), world.now),
        )
    do(world, lambda uow: proposals.withdraw(uow, waiting.id, world.actor("author"), world.now))
    do(world, lambda uow: drafts.undo(uow, draft, world.actor("author"), world.now))
    with pytest.raises(Refusal, match="proposal_decided"):
        approve(world, waiting)


def test_who_does_not_agree_says_why_and_the_draft_is_its_authors_again(world: World) -> None:
    draft = changed(world)
    waiting = propose(world, draft)

    def refuse(comment: str) -> PlanProposal:
        made: PlanProposal = do(
            world,
            lambda uow: proposals.refuse(
                uow, waiting.id, comment, world.actor("leader"), world.now
            ),
        )
        return made

    with pytest.raises(Refusal, match="form_invalid"):
        refuse("  ")
    assert refuse("时限太短").status == "refused"
    again = propose(world, draft)
    assert approve(world, again, "admin").number == 2


def test_a_draft_with_errors_or_without_a_change_is_not_proposed(world: World) -> None:
    with pytest.raises(Refusal, match="form_invalid"):
        propose(world, changed(world), Wanted(" "))
    do(world, lambda uow: drafts.undo(uow, 1, world.actor("author"), world.now))
    untouched = do(
        world,
        lambda uow: drafts.open_draft(uow, "t01", world.actor("author"), world.now).id,
    )
    with pytest.raises(Refusal, match="nothing_changed"):
        propose(world, untouched)

    def spoil(uow: UnitOfWork) -> None:
        body = drafts.file_of(uow.session, drafts.get_draft(uow.session, untouched), "plan.bpmn")
        new = {"plan.bpmn": body.replace(b"PT20M", b"tomorrow, perhaps")}
        drafts.save_files(uow, untouched, new, world.actor("author"), world.now)

    do(world, spoil)
    with pytest.raises(DeploymentError):
        propose(world, untouched)


def test_switching_the_second_person_off_is_an_exception_on_record(world: World) -> None:
    def switch(name: str, on: bool, reason: str) -> None:
        do(
            world,
            lambda uow: proposals.set_four_eyes(uow, on, reason, world.actor(name), world.now),
        )

    with pytest.raises(Refusal, match="not_your_role"):
        switch("author", False, "人少")
    with pytest.raises(Refusal, match="form_invalid"):
        switch("admin", False, " ")
    switch("admin", False, "只有一名编制人")
    done = propose(world, changed(world))
    assert done.status == "approved" and done.decided_by is None and current(world).number == 2
    with world.db.read() as session:
        issue = plans.current_version(session, "t01").issue
        assert issue is not None and issue.alone and issue.approved_by is None
    told = dict(events(world, "org.four_eyes_changed", "org.plan_deployed"))
    assert told["org.four_eyes_changed"] == {
        "on": False, "was": True, "reason": "只有一名编制人",
    }  # fmt: skip
    assert told["org.plan_deployed"]["alone"] is True
    switch("admin", True, "")
    with world.db.read() as session:
        assert proposals.needs_second_person(session)


def test_going_back_puts_the_earlier_version_in_force_under_its_own_number(world: World) -> None:
    first = current(world)
    approve(world, propose(world, changed(world)))

    def back(version_id: int) -> PlanProposal:
        made: PlanProposal = do(
            world,
            lambda uow: proposals.propose_rollback(
                uow, version_id, Wanted("新版有误"), world.actor("author"), world.now
            ),
        )
        return made

    with pytest.raises(Refusal, match="nothing_changed"):
        back(current(world).id)
    waiting = back(first.id)
    assert current(world).number == 2
    assert approve(world, waiting).id == first.id == current(world).id
    assert current(world).number == 1
    (told,) = events(world, "org.plan_rolled_back")
    assert told[1]["version"] == 1 and told[1]["approved_by"] == world.people["leader"].id
    # The next new version goes on counting.
    assert approve(world, propose(world, changed(world)), "admin").number == 3
