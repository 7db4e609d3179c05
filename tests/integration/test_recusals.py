"""Conflict of interest, enforced: who is recused neither drafts, edits, approves nor releases, in
whatever role, through whatever page (plan 6 on the services)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.people import Deputy, Membership
from models.recusals import Recusal
from models.tasks import QueueCount, UserTask
from services import (
    history,
    inbox,
    people,
    recusals,
    recused,
    release_reading,
    releases,
    statements,
    tasks,
)
from services.access import person_of
from services.actor import Actor
from services.errors import Refusal
from services.statement_reading import of_case
from services.statement_text import Parts
from services.uow import Database, UnitOfWork
from services.verify import verify_chain
from tests.acceptance.stories.run import Stage, Story
from tests.integration.conftest import Furnish


@pytest.fixture
def told(db: Database, now: datetime, furnish: Furnish) -> Story:
    """A case of plan 6 at its first statement draft, not about the department itself."""

    def work(database: Database) -> Story:
        played = Story(Stage.set(database, "p06", now), {})
        played.do("triage").do("grade", tier="third")
        return played.do("special_report", reporter_masked=True).do("approve_report")

    story: Story = furnish("p06 at its draft", work)
    return story.on(db)


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def as_(told: Story, username: str, role: str = "") -> Actor:
    return Actor(told.actor(username).person_id or 0, role)


def add_role(told: Story, username: str, role: str) -> None:
    def work(uow: UnitOfWork) -> None:
        person = people.person_by_username(uow.session, username)
        assert person is not None
        person.memberships.append(Membership(role_key=role, since=told.now))

    told.db.run(work)


def counts(told: Story) -> dict[str, int]:
    with told.db.read() as session:
        return {row.owner: row.n for row in session.scalars(select(QueueCount)) if row.n}


def record(told: Story, by: str = "office", reason: str = "被反映的部门", **whom: Any) -> None:
    told.db.run(
        lambda uow: recusals.record(
            uow, told.case_id, as_(told, by), told.now, reason=reason, **whom
        )
    )


def id_of(told: Story, username: str) -> int:
    return told.actor(username).person_id or 0


# ------------------------------------------------------------------------------ the tasks


def test_a_recused_person_may_not_claim_complete_or_be_given_a_guarded_task(told: Story) -> None:
    told.recuse("unit")
    task = told.tasks["statement/draft"]
    for verb in (
        lambda: told.db.run(
            lambda uow: tasks.claim_task(uow, task.id, as_(told, "unit"), told.now)
        ),
        lambda: told.db.run(
            lambda uow: tasks.save_draft(uow, task.id, as_(told, "unit"), {}, told.now)
        ),
        lambda: told.db.run(
            lambda uow: tasks.complete_task(uow, task.id, as_(told, "unit"), {}, told.now)
        ),
    ):
        refusal = refused(verb)
        assert (refusal.code, refusal.status) == ("recused", 403)
        assert refusal.args_["reason"] == "被反映的部门"
    refusal = refused(
        lambda: told.db.run(
            lambda uow: tasks.reassign_task(
                uow, task.id, id_of(told, "unit"), as_(told, "unit2"), told.now
            )
        )
    )
    assert refusal.args_["errors"] == {"person": "recused"}
    with told.db.read() as session:
        row = told.tasks["statement/draft"]
        assert id_of(told, "unit") not in {p.id for p in tasks.candidates(session, row)}
    told.do("statement/draft")  # the colleague
    with told.db.read() as session:
        assert session.get_one(UserTask, task.id).completed_by == id_of(told, "unit2")


def test_the_queue_and_the_case_page_say_so(told: Story) -> None:
    told.recuse("unit")
    with told.db.read() as session:
        person = person_of(session, id_of(told, "unit"))
        other = person_of(session, id_of(told, "unit2"))
        assert person is not None and other is not None
        rows = {row.task.element_id: row.recused for row in inbox.queue(session, person).rows}
        assert rows["draft"] is True
        assert not any(row.recused for row in inbox.queue(session, other).rows)
        (line,) = recusals.of_case(session, told.case_id)
        assert (line.person, line.role, line.reason) == (person, None, "被反映的部门")
        assert line.recorded_by.username == "office"


def test_what_is_not_guarded_goes_on(told: Story) -> None:
    """A recused department still says what it knows: fact-finding is no drafting."""
    told.recuse("unit", "unit2")
    told.do("response/office_coordinates").do("response/check_by_department/collect")
    assert "response/check_by_department/conclude" in told.tasks


def test_what_a_call_keeps_them_from_it_keeps_them_from_throughout(
    db: Database, now: datetime
) -> None:
    """The accused checks no facts and files no complaint, through another role either."""
    told = Story(Stage.set(db, "p06", now), {})
    add_role(told, "unit", "discipline")
    add_role(told, "unit", "office")
    told.do("triage", accused=True).recuse("unit").do("recuse").do("grade", tier="third")
    told.do("special_report", reporter_masked=True).do("approve_report")
    told.do("response/office_coordinates")
    checking = "response/check_by_discipline"
    told.refused(f"{checking}/collect", code="recused", as_="unit").do(f"{checking}/collect")
    told.refused(f"{checking}/conclude", code="recused", as_="unit")
    told.do(f"{checking}/conclude", finding="untrue")
    told.refused("response/complaint_file/state_ground", code="recused", as_="unit")


def test_tasks_in_the_hands_of_the_recused_go_back_to_their_queue(told: Story) -> None:
    task = told.tasks["statement/draft"]
    told.db.run(
        lambda uow: tasks.save_draft(uow, task.id, as_(told, "unit"), {"title": "自辩"}, told.now)
    )
    before = counts(told)
    told.recuse("unit")
    row = told.tasks["statement/draft"]
    assert (row.assignee_id, row.claimed_at, row.draft) == (None, None, None)
    after = counts(told)
    assert after["role:unit"] == before.get("role:unit", 0) + 1
    assert f"person:{id_of(told, 'unit')}" not in after
    told.do("statement/draft")


# ---------------------------------------------------------------------- persons, not posts


def test_a_person_of_several_roles_is_recused_in_all_of_them(told: Story) -> None:
    add_role(told, "unit", "deputy")
    add_role(told, "unit", "office")
    record(told, role_keys=["unit"])
    add_role(told, "publicity", "unit")  # not of the role when it was recorded, but now
    for name in ("unit", "unit2", "publicity"):
        task = told.tasks["statement/draft"]
        refusal = refused(
            lambda task=task, name=name: told.db.run(
                lambda uow: tasks.claim_task(uow, task.id, as_(told, name, "unit"), told.now)
            )
        )
        assert refusal.code == "recused", name


def test_leaving_the_role_does_not_let_anybody_back_in(told: Story) -> None:
    record(told, role_keys=["unit"])

    def leave(uow: UnitOfWork) -> None:
        person = people.person_by_username(uow.session, "unit")
        assert person is not None
        for membership in person.memberships:
            membership.until = told.now
        person.memberships.append(Membership(role_key="deputy", since=told.now))

    told.db.run(leave)
    with told.db.read() as session:
        assert recused.recused(session, told.case_id, id_of(told, "unit")) is not None


def test_nobody_acts_for_the_recused(told: Story) -> None:
    told.recuse("unit")
    told.db.run(
        lambda uow: uow.session.add(
            Deputy(
                principal_id=id_of(told, "unit"),
                deputy_id=id_of(told, "publicity"),
                role_key="unit",
                since=told.now - timedelta(days=1),
            )
        )
    )
    task = told.tasks["statement/draft"]
    deputy = Actor(id_of(told, "publicity"), "unit", on_behalf_of=id_of(told, "unit"))
    refusal = refused(
        lambda: told.db.run(lambda uow: tasks.claim_task(uow, task.id, deputy, told.now))
    )
    assert refusal.code == "recused"


# ------------------------------------------------------------------- the statements' pages


PARTS = Parts(
    title="另一说明",
    known="已知",
    unknown="未知",
    doing="正在做",
    next_word_note="明日",
    contact="电话",
)


def test_a_recused_person_may_not_word_or_release_outside_a_task_either(told: Story) -> None:
    told.do("statement/draft").do("statement/edit").do("statement/secrecy_check")
    told.do("statement/approve").do("statement/release")
    told.recuse("unit", "office2")
    with told.db.read() as session:
        (statement,) = of_case(session, told.case_id)
        (release,) = release_reading.of_statement(session, statement.id)
    create = refused(
        lambda: told.db.run(
            lambda uow: statements.create_statement(
                uow, told.case_id, "progress", PARTS, as_(told, "unit"), told.now
            )
        )
    )
    withdraw = refused(
        lambda: told.db.run(
            lambda uow: releases.withdraw(
                uow, release.id, "不想公开", as_(told, "office2"), told.now
            )
        )
    )
    assert {create.code, withdraw.code} == {"recused"}


# --------------------------------------------------------------------- recording, lifting


def test_only_the_office_records_and_anybody_themselves(told: Story) -> None:
    for whom in ({"person_ids": [id_of(told, "leader")]}, {"role_keys": ["unit"]}):
        refusal = refused(lambda whom=whom: record(told, by="unit", **whom))
        assert (refusal.code, refusal.status) == ("not_your_role", 403)
    record(told, by="unit", reason="本人与此事有关", person_ids=[id_of(told, "unit")])
    assert refused(lambda: record(told, by="legal", person_ids=[1])).code == "case_unknown"
    wrong = refused(lambda: record(told, person_ids=[99999], role_keys=["nobody"], reason=" "))
    assert wrong.args_["errors"] == {
        "person_ids": "not_an_option", "role_keys": "not_an_option", "reason": "required",
    }  # fmt: skip
    assert refused(lambda: record(told)).args_["errors"] == {"person_ids": "required"}


def test_recorded_once_lifted_with_a_reason_and_kept_on_record(told: Story) -> None:
    record(told, role_keys=["unit"])
    record(told, role_keys=["unit"])
    with told.db.read() as session:
        rows = session.scalars(select(Recusal).order_by(Recusal.id)).all()
        named = [None, *sorted(id_of(told, name) for name in ("unit", "unit2"))]
        assert [row.person_id for row in rows] == named
        (line,) = recusals.of_case(session, told.case_id)
        assert line.role is not None and [p.username for p in line.through] == ["unit", "unit2"]
        first = rows[0].id

    def lift(by: str, why: str) -> list[Recusal]:
        return told.db.run(lambda uow: recusals.lift(uow, first, as_(told, by), told.now, why))

    assert refused(lambda: lift("unit", "我没事")).code == "not_your_role"
    assert refused(lambda: lift("office", "")).args_["errors"] == {"lift_reason": "required"}
    assert len(lift("office", "登记有误")) == 3
    assert lift("office", "再来一次") == []
    with told.db.read() as session:
        assert recusals.of_case(session, told.case_id) == []
        assert recused.recused(session, told.case_id, id_of(told, "unit")) is None
        events = [
            event for event in history.events_of_case(session, told.case_id, limit=5000)
            if event.type.startswith("recusal.")
        ]  # fmt: skip
        assert [e.type for e in events] == ["recusal.recorded"] * 3 + ["recusal.lifted"] * 3
        assert history.payload_of(events[0]) == {"id": first, "person": None, "role": "unit"}
        assert history.personal_of(session, events[-1])["reason"] == "登记有误"
        assert verify_chain(session, f"case:{told.case_id}").ok
    told.do("statement/draft")


def test_nobody_lifts_their_own(told: Story) -> None:
    told.recuse("office")
    with told.db.read() as session:
        (line,) = recusals.of_case(session, told.case_id)
    refusal = refused(
        lambda: told.db.run(
            lambda uow: recusals.lift(uow, line.id, as_(told, "office"), told.now, "没有关系")
        )
    )
    assert refusal.code == "recused"
    told.db.run(lambda uow: recusals.lift(uow, line.id, as_(told, "office2"), told.now, "有误"))


def test_recording_and_its_event_stand_or_fall_together(told: Story) -> None:
    class Broken(Exception):
        pass

    def work(uow: UnitOfWork) -> None:
        recusals.record(
            uow, told.case_id, as_(told, "office"), told.now, role_keys=["unit"], reason="被反映"
        )
        raise Broken

    with pytest.raises(Broken):
        told.db.run(work)
    with told.db.read() as session:
        assert session.scalars(select(Recusal)).all() == []
        types = [e.type for e in history.events_of_case(session, told.case_id, limit=5000)]
    assert "recusal.recorded" not in types


def test_another_case_is_not_touched(told: Story) -> None:
    told.recuse("unit")
    with told.db.read() as session:
        assert recused.recused(session, told.case_id + 1, id_of(told, "unit")) is None
        assert recused.cases_recused(session, id_of(told, "unit")) == {told.case_id}
