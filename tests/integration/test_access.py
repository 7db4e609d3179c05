"""Who may see and who may act: roles, members, deputies, accounts switched off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from models.cases import CaseMember
from models.people import Deputy, Membership, Person
from services import access, cases, tasks
from services.actor import Actor
from services.errors import Refusal
from tests.integration.world import World

CHECK = {"note": "x"}


def test_a_member_of_the_case_sees_it_and_does_not_act(world: World) -> None:
    case = world.open()
    outsider = world.people["outsider"]
    world.db.run(
        lambda uow: uow.session.add(
            CaseMember(case_id=case.id, person_id=outsider.id, added_at=world.now)
        )
    )
    with world.db.read() as session:
        assert access.can_see_case(session, outsider, case)
        assert [c.id for c in cases.list_cases(session, outsider).rows] == [case.id]
    with pytest.raises(Refusal) as refused:
        world.complete(case, "check", "outsider", CHECK)
    assert (refused.value.code, refused.value.status) == ("not_your_task", 403)


def test_a_deputy_acts_for_the_principal_for_a_time(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    outsider, duty = world.people["outsider"], world.people["duty"]
    world.db.run(
        lambda uow: uow.session.add(
            Deputy(
                principal_id=duty.id,
                deputy_id=outsider.id,
                role_key="duty",
                since=world.now,
                until=world.now + timedelta(hours=1),
            )
        )
    )
    acting = Actor(outsider.id, "duty", on_behalf_of=duty.id)
    with pytest.raises(Refusal, match="task_unknown"):
        world.db.run(lambda uow: tasks.claim_task(uow, id_, acting, world.now + timedelta(hours=1)))
    done = world.db.run(lambda uow: tasks.complete_task(uow, id_, acting, CHECK, world.now))
    assert (done.task.completed_by, done.task.completed_role) == (outsider.id, "duty")


def test_an_account_switched_off_does_nothing(world: World) -> None:
    case = world.open()
    world.db.run(
        lambda uow: uow.session.execute(
            update(Person).where(Person.username == "duty").values(active=False)
        )
    )
    with pytest.raises(Refusal) as refused:
        world.complete(case, "check", "duty", CHECK)
    assert (refused.value.code, refused.value.status) == ("not_active", 403)


def test_a_role_that_has_ended_no_longer_counts(world: World) -> None:
    case = world.open(who="duty2")
    world.db.run(
        lambda uow: uow.session.execute(
            update(Membership)
            .where(Membership.person_id == world.people["duty"].id)
            .values(until=world.now)
        )
    )
    with pytest.raises(Refusal, match="task_unknown"):
        world.complete(case, "check", "duty", CHECK)


def test_nobody_acts_without_being_somebody(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    for actor in (Actor(None), Actor(9999, "duty")):
        with pytest.raises(Refusal, match="not_a_person"):
            world.db.run(lambda uow, a=actor: tasks.claim_task(uow, id_, a, world.now))  # type: ignore[misc]


def test_a_role_one_does_not_hold_is_not_acted_in(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    pretending = Actor(world.people["office"].id, "duty")
    with pytest.raises(Refusal, match="task_unknown"):
        world.db.run(lambda uow: tasks.complete_task(uow, id_, pretending, CHECK, world.now))
