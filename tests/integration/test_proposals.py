"""Putting plans in force: a second person's agreement, the exception on record, going back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.plans import Plan, PlanVersion
from models.studio import DraftFile, PlanDraft, PlanProposal
from models.tasks import Notification
from services import draft_reading, drafts, history, plans, proposals
from services.actor import SYSTEM
from services.errors import Refusal
from services.plan_choice import take_plan
from services.proposals import Wanted
from services.second_person import needs_second_person, set_four_eyes
from services.uow import UnitOfWork
from services.verify import verify_chain
from tests.integration.world import World, on_paper, plan_t01
from workflows.contract import DeploymentError

WANTED = Wanted("缩短核查时限", "澜办发〔2026〕7号", date(2027, 3, 1))


def changed(world: World) -> int:
    """The author's draft with the remind timer at ten minutes."""
    draft = world.draft()
    world.edit_draft(draft, ("PT20M", "PT10M"))
    return draft


def propose(world: World, draft_id: int, wanted: Wanted = WANTED) -> PlanProposal:
    return world.db.run(
        lambda uow: proposals.propose_draft(uow, draft_id, wanted, world.actor("author"), world.now)
    )


def approve(world: World, one: PlanProposal, name: str = "leader", shown: str = "") -> PlanVersion:
    return world.db.run(
        lambda uow: proposals.approve(
            uow, one.id, shown or one.content_hash, "同意", world.actor(name), world.now
        )
    )


def undo(world: World, draft: int) -> None:
    world.db.run(lambda uow: drafts.undo(uow, draft, world.actor("author"), world.now))


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
        assert draft_reading.get_draft(session, draft).status == "deployed"
        assert verify_chain(session, "org").ok
    assert world.all(select(DraftFile)) == []
    told = dict(events(world, "org.plan_approved", "org.plan_deployed"))
    assert told["org.plan_deployed"]["proposed_by"] == world.people["author"].id
    assert told["org.plan_deployed"]["approved_by"] == world.people["leader"].id
    assert told["org.plan_approved"]["hash"] == made.content_hash


def test_nobody_agrees_to_their_own_and_not_everybody_may(small: World) -> None:
    waiting = propose(small, changed(small))
    for name, code in (
        ("author", "own_proposal"), ("duty", "not_your_role"), ("auditor", "read_only"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            approve(small, waiting, name)
    assert current(small).number == 1


def test_what_is_agreed_to_is_exactly_what_was_shown(small: World) -> None:
    waiting = propose(small, changed(small))
    with pytest.raises(Refusal, match="proposal_moved"):
        approve(small, waiting, shown="0" * 64)


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

    def withdraw(who: str) -> None:
        world.db.run(lambda uow: proposals.withdraw(uow, waiting.id, world.actor(who), world.now))

    with pytest.raises(Refusal, match="draft_locked"):
        undo(world, draft)
    with pytest.raises(Refusal, match="not_your_draft"):
        withdraw("admin")
    withdraw("author")
    undo(world, draft)
    with pytest.raises(Refusal, match="proposal_decided"):
        approve(world, waiting)


def test_who_does_not_agree_says_why_and_the_draft_is_its_authors_again(small: World) -> None:
    draft = changed(small)
    waiting = propose(small, draft)

    def refuse(comment: str) -> PlanProposal:
        return small.db.run(
            lambda uow: proposals.refuse(uow, waiting.id, comment, small.actor("leader"), small.now)
        )

    with pytest.raises(Refusal, match="form_invalid"):
        refuse("  ")
    assert refuse("时限太短").status == "refused"
    again = propose(small, draft)
    assert approve(small, again, "admin").number == 2


def test_a_draft_with_errors_or_without_a_change_is_not_proposed(small: World) -> None:
    with pytest.raises(Refusal, match="form_invalid"):
        propose(small, changed(small), Wanted(" "))
    undo(small, 1)
    untouched = small.draft()
    with pytest.raises(Refusal, match="nothing_changed"):
        propose(small, untouched)

    small.edit_draft(untouched, ("PT20M", "tomorrow, perhaps"))
    with pytest.raises(DeploymentError):
        propose(small, untouched)


def test_switching_the_second_person_off_is_an_exception_on_record(small: World) -> None:
    def switch(name: str, on: bool, reason: str) -> None:
        small.db.run(lambda uow: set_four_eyes(uow, on, reason, small.actor(name), small.now))

    with pytest.raises(Refusal, match="not_your_role"):
        switch("author", False, "人少")
    with pytest.raises(Refusal, match="form_invalid"):
        switch("admin", False, " ")
    switch("admin", False, "只有一名编制人")
    done = propose(small, changed(small))
    assert done.status == "approved" and done.decided_by is None and current(small).number == 2
    with small.db.read() as session:
        issue = plans.current_version(session, "t01").issue
        assert issue is not None and issue.alone and issue.approved_by is None
    told = dict(events(small, "org.four_eyes_changed", "org.plan_deployed"))
    assert told["org.four_eyes_changed"] == {
        "on": False, "was": True, "reason": "只有一名编制人",
    }  # fmt: skip
    assert told["org.plan_deployed"]["alone"] is True
    switch("admin", True, "")
    with small.db.read() as session:
        assert needs_second_person(session)


def test_going_back_puts_the_earlier_version_in_force_under_its_own_number(world: World) -> None:
    first = current(world)
    approve(world, propose(world, changed(world)))

    def back(version_id: int) -> PlanProposal:
        return world.db.run(
            lambda uow: proposals.propose_rollback(
                uow, version_id, Wanted("新版有误"), world.actor("author"), world.now
            )
        )

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


def test_a_save_under_way_cannot_change_what_was_proposed_meanwhile(small: World) -> None:
    draft = changed(small)
    proposed: list[PlanProposal] = []

    def late(uow: UnitOfWork, act: str) -> None:
        draft_reading.get_draft(uow.session, draft)  # read while it was open
        if not proposed:
            proposed.append(propose(small, draft))
        if act == "save":
            body = {"plan.bpmn": draft_reading.files_of(uow.session, draft_of(uow))["plan.bpmn"]}
            body["plan.bpmn"] += b"\n"
            drafts.save_files(uow, draft, body, small.actor("author"), small.now)
        else:
            drafts.discard_draft(uow, draft, small.actor("author"), small.now)

    def draft_of(uow: UnitOfWork) -> PlanDraft:
        return draft_reading.get_draft(uow.session, draft)

    for act in ("save", "discard"):
        with pytest.raises(Refusal, match=r"draft_moved|draft_locked"):
            small.db.run(lambda uow, act=act: late(uow, act), retries=0)  # type: ignore[misc]
    assert approve(small, proposed[0]).content_hash == proposed[0].content_hash


def test_a_version_that_came_into_force_meanwhile_is_not_passed_over(small: World) -> None:
    """Alone, nobody looks a second time: what was compared is what stands when it is decided."""
    small.db.run(
        lambda uow: set_four_eyes(uow, False, "只有一名编制人", small.actor("admin"), small.now)
    )
    draft, seen = changed(small), []

    def late(uow: UnitOfWork) -> None:
        held = uow.session.get(Plan, "t01")  # as it was read at first
        seen.append(plans.current_version(uow.session, "t01").number)
        assert held is not None
        if len(seen) == 1:
            other = plan_t01()
            body = other.files["plan.bpmn"].replace(b"PT20M", b"PT15M")
            small.deploy(on_paper(replace(other, files={**other.files, "plan.bpmn": body})))
        proposals.propose_draft(uow, draft, WANTED, small.actor("author"), small.now)

    small.db.run(late)
    assert seen == [1, 2] and current(small).number == 3
    told = dict(events(small, "org.plan_proposed"))
    with small.db.read() as session:
        assert session.get_one(PlanVersion, told["org.plan_proposed"]["base"]).number == 2


def test_neither_an_upgrade_nor_a_button_undoes_what_was_agreed_to(world: World) -> None:
    """Only an operator who names the folder puts the library's text back."""
    made = approve(world, propose(world, changed(world)))

    def take(name: str = "", *, named: bool = False) -> PlanVersion:
        actor = world.actor(name) if name else SYSTEM
        return world.db.run(
            lambda uow: take_plan(uow, on_paper(plan_t01()), [], actor, world.now, named=named)
        )

    assert take().id == take("admin").id == made.id == current(world).id
    assert take(named=True).number == 3


def test_who_may_agree_is_told_and_the_proposer_what_became_of_it(world: World) -> None:
    waiting = propose(world, changed(world))

    def told() -> dict[str, set[str]]:
        names = {person.id: name for name, person in world.people.items()}
        found: dict[str, set[str]] = {}
        for row in world.all(select(Notification)):
            found.setdefault(row.kind, set()).add(names[row.person_id])
            assert row.args["proposal"] == waiting.id
        return found

    assert told() == {"proposal_waiting": {"admin", "leader", "both"}}
    approve(world, waiting)
    assert told()["proposal_agreed"] == {"author"}
