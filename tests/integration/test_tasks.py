"""Claiming, completing and handing on tasks, alone and against each other."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.cases import Anchor, CaseRole, ProcessInstance
from models.history import HistoryEvent
from models.tasks import QueueCount, TaskQueue, Timer, UserTask
from services import history, outbox, tasks
from services.errors import Refusal
from services.uow import UnitOfWork
from tests.integration.world import World

CHECK = {"note": "三人轻伤", "serious": "true", "count": "3"}


def test_opening_a_case_puts_its_first_task_in_the_queue(world: World) -> None:
    case = world.open()
    assert case.number == "2026-0001"
    task = world.open_tasks(case)["check"]
    assert (task.role_key, task.due_at) == ("duty", world.now + timedelta(hours=1))
    assert world.one(select(TaskQueue.role_key)) == "duty"
    assert world.one(select(QueueCount.n).where(QueueCount.owner == "role:duty")) == 1
    kinds = {t.deadline_kind: t.due_at - world.now for t in world.all(select(Timer))}
    assert kinds == {
        "remind": timedelta(minutes=20),
        "due": timedelta(hours=1),
        "escalate": timedelta(minutes=70),
    }
    assert world.open().number == "2026-0002"


def test_a_plan_runs_to_its_end_through_the_tasks(world: World) -> None:
    case = world.open(extra={"reads": 20000})
    done = world.complete(case, "check", "duty", CHECK)
    assert done.met is True
    assert done.next_task_id == world.open_tasks(case)["grade"].id
    assert done.task.result == {"note": "三人轻伤", "serious": True, "count": 3}
    world.complete(case, "grade", "duty", {"tier": "major"})
    world.complete(case, "draft", "office", {"words": "通报"})
    ended = world.complete(case, "approve", "leader", {"agreed": "on"})
    assert ended.next_task_id is None
    assert world.open_tasks(case) == {}
    assert outbox.deliver_next(world.db, world.now)
    assert not outbox.deliver_next(world.db, world.now)
    instance = world.one(select(ProcessInstance))
    assert (instance.status, instance.state, instance.end_event) == ("completed", None, "e")
    assert world.all(select(Timer).where(Timer.status == "waiting")) == []
    assert set(world.all(select(QueueCount.n))) == {0}
    assert world.all(select(TaskQueue)) == []
    anchors = set(world.all(select(Anchor.name).where(Anchor.superseded.is_(False))))
    assert anchors == {"discovered_at", "opened_at", "graded_at", "approved_at"}


def test_the_loop_back_opens_a_second_round(world: World) -> None:
    case = world.open()
    world.complete(case, "check", "duty", CHECK)
    world.complete(case, "grade", "duty", {"tier": "general"})
    world.complete(case, "draft", "office", {"words": "一稿"})
    world.complete(case, "approve", "leader", {"agreed": "false"})
    again = world.open_tasks(case)["draft"]
    assert again.round == 2
    # Four eyes look at the last round: this time the leader's colleague drafts.
    world.complete(case, "draft", "both", {"words": "二稿"})
    with pytest.raises(Refusal) as refused:
        world.complete(case, "approve", "both", {"agreed": "true"})
    assert (refused.value.code, refused.value.status) == ("four_eyes", 403)
    assert refused.value.args_["task"] == "拟稿"
    world.complete(case, "approve", "office", {"agreed": "true"})


def test_claim_release_and_claim_again(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    world.db.run(lambda uow: tasks.claim_task(uow, id_, world.actor("duty"), world.now))
    assert world.all(select(TaskQueue)) == []
    with pytest.raises(Refusal) as refused:
        world.db.run(lambda uow: tasks.claim_task(uow, id_, world.actor("duty2"), world.now))
    assert (refused.value.code, refused.value.status) == ("task_claimed", 409)
    assert refused.value.args_["who"] == "duty"
    assert refused.value.args_["when"] == world.now
    with pytest.raises(Refusal, match="task_claimed"):
        world.complete(case, "check", "duty2", CHECK)
    world.db.run(lambda uow: tasks.unclaim_task(uow, id_, world.actor("duty"), world.now))
    assert world.one(select(TaskQueue.role_key)) == "duty"
    world.db.run(lambda uow: tasks.claim_task(uow, id_, world.actor("duty2"), world.now))
    counts = {c.owner: c.n for c in world.all(select(QueueCount))}
    assert counts == {
        "role:duty": 0,
        f"person:{world.people['duty'].id}": 0,
        f"person:{world.people['duty2'].id}": 1,
    }


def test_reassigning_moves_the_task_and_the_counts(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    to = world.people["duty2"].id
    world.db.run(
        lambda uow: tasks.reassign_task(uow, id_, to, world.actor("duty"), world.now, "换班")
    )
    assert world.open_tasks(case)["check"].assignee_id == to
    with pytest.raises(Refusal) as refused:
        world.db.run(
            lambda uow: tasks.reassign_task(
                uow, id_, world.people["outsider"].id, world.actor("duty2"), world.now
            )
        )
    assert refused.value.args_["errors"] == {"person": "not_a_candidate"}
    with pytest.raises(Refusal, match="task_not_yours"):
        world.db.run(lambda uow: tasks.reassign_task(uow, id_, to, world.actor("duty"), world.now))
    # The superior role may take it away from who holds it.
    mine = world.people["duty"].id
    world.db.run(lambda uow: uow.session.add(CaseRole(case_id=case.id, role_key="office")))
    world.db.run(lambda uow: tasks.reassign_task(uow, id_, mine, world.actor("office"), world.now))
    assert world.open_tasks(case)["check"].assignee_id == mine


def test_a_draft_claims_the_task_and_keeps_what_was_typed(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    world.db.run(
        lambda uow: tasks.save_draft(uow, id_, world.actor("duty"), {"note": "半句"}, world.now)
    )
    row = world.open_tasks(case)["check"]
    assert (row.draft, row.assignee_id) == ({"note": "半句"}, world.people["duty"].id)
    with pytest.raises(Refusal) as refused:
        world.db.run(
            lambda uow: tasks.save_draft(
                uow, id_, world.actor("duty"), {"note": "字" * 70_000}, world.now
            )
        )
    assert refused.value.args_["errors"] == {"note": "too_big"}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"note": "required"}),
        ({"note": "  "}, {"note": "required"}),
        ({"note": "字" * 41}, {"note": "too_long"}),
        ({"note": "x", "count": "-1"}, {"count": "too_small"}),
        ({"note": "x", "count": "3.5"}, {"count": "not_whole"}),
        ({"note": "x", "serious": "maybe"}, {"serious": "not_yes_or_no"}),
        ({"note": 5, "count": "x"}, {"note": "not_text", "count": "not_whole"}),
    ],
)
def test_a_refused_form_names_its_fields(world: World, data: dict, errors: dict) -> None:  # type: ignore[type-arg]
    case = world.open()
    with pytest.raises(Refusal) as refused:
        world.complete(case, "check", "duty", data)
    assert (refused.value.code, refused.value.status) == ("form_invalid", 422)
    assert refused.value.args_["errors"] == errors
    assert world.open_tasks(case)["check"].assignee_id is None


def test_two_people_complete_the_same_task_and_one_wins(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    barrier = threading.Barrier(2)
    outcomes: dict[str, Refusal | None] = {}

    def work(name: str) -> None:
        barrier.wait()
        try:
            world.db.run(
                lambda uow: tasks.complete_task(uow, id_, world.actor(name), CHECK, world.now),
                retries=8,
            )
            outcomes[name] = None
        except Refusal as refusal:
            outcomes[name] = refusal

    threads = [threading.Thread(target=work, args=(name,)) for name in ("duty", "duty2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(name for name, refusal in outcomes.items() if refusal is None)
    loser = next(refusal for refusal in outcomes.values() if refusal is not None)
    assert (loser.code, loser.status) == ("task_done", 409)
    assert (loser.args_["who"], loser.args_["when"]) == (winner, world.now)
    completed = select(HistoryEvent).where(HistoryEvent.type == "task.completed")
    assert len(world.all(completed)) == 1
    assert list(world.open_tasks(case)) == ["grade"]


def test_a_double_click_is_told_it_is_done(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    world.complete(case, "check", "duty", CHECK)
    with pytest.raises(Refusal) as refused:
        world.db.run(
            lambda uow: tasks.complete_task(uow, id_, world.actor("duty"), CHECK, world.now)
        )
    assert (refused.value.code, refused.value.status) == ("task_done", 409)
    assert refused.value.args_["who_id"] == world.people["duty"].id


def test_a_step_from_a_state_that_moved_is_run_again(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    tries: list[int] = []
    seen: list[ProcessInstance] = []

    def work(uow: UnitOfWork) -> None:
        seen.extend(uow.session.scalars(select(ProcessInstance)))  # before the other's commit
        if not tries:
            world.db.run(
                lambda other: other.session.execute(
                    ProcessInstance.__table__.update().values(revision=7)  # type: ignore[attr-defined]
                )
            )
        tries.append(1)
        tasks.complete_task(uow, id_, world.actor("duty"), CHECK, world.now)

    world.db.run(work)
    assert len(tries) == 2
    assert world.one(select(ProcessInstance.revision)) == 8


@pytest.mark.parametrize("who", ["outsider", "admin", "author"])
def test_an_outsider_does_not_even_learn_that_the_task_exists(world: World, who: str) -> None:
    case = world.open()
    id_, now = world.open_tasks(case)["check"].id, world.now
    actor = world.actor(who)
    for verb in (
        lambda uow: tasks.claim_task(uow, id_, actor, now),
        lambda uow: tasks.unclaim_task(uow, id_, actor, now),
        lambda uow: tasks.reassign_task(uow, id_, 1, actor, now),
        lambda uow: tasks.save_draft(uow, id_, actor, {}, now),
        lambda uow: tasks.complete_task(uow, id_, actor, CHECK, now),
    ):
        with pytest.raises(Refusal) as refused:
            world.db.run(verb)
        assert (refused.value.code, refused.value.status) == ("task_unknown", 404)


def test_another_role_of_the_case_may_look_but_not_act(world: World) -> None:
    case = world.open()
    world.complete(case, "check", "duty", CHECK)
    world.complete(case, "grade", "duty", {"tier": "general"})
    with pytest.raises(Refusal) as refused:
        world.complete(case, "draft", "duty", {"words": "x"})
    assert (refused.value.code, refused.value.status) == ("not_your_task", 403)


def test_the_record_says_who_did_what_in_which_role(world: World) -> None:
    case = world.open()
    world.complete(
        case,
        "check",
        "duty",
        CHECK,
        now=world.now + timedelta(minutes=30),
        occurred_at=world.now + timedelta(minutes=10),
    )
    with world.db.read() as session:
        event = session.scalar(select(HistoryEvent).where(HistoryEvent.type == "task.completed"))
        assert event is not None
        assert (event.person_id, event.role_key) == (world.people["duty"].id, "duty")
        assert event.occurred_at == world.now + timedelta(minutes=10)
        payload = history.payload_of(event)
        assert payload["result"] == {"serious": True, "count": 3}
        assert payload["lag"] == 20 * 60
        assert payload["steps"] == ["check", "table", "+grade"]
        assert "三人轻伤" not in event.content
        assert history.personal_of(session, event) == {"text": {"note": "三人轻伤"}}


def test_when_it_happened_may_not_be_in_the_future_nor_before_discovery(world: World) -> None:
    case = world.open()
    for shift, code in (
        (timedelta(minutes=1), "in_future"),
        (timedelta(hours=-1), "before_discovery"),
    ):
        with pytest.raises(Refusal) as refused:
            world.complete(case, "check", "duty", CHECK, occurred_at=world.now + shift)
        assert refused.value.args_["errors"] == {"occurred_at": code}


def test_only_words_typed_stay_with_the_row(world: World) -> None:
    case = world.open()
    world.complete(case, "check", "duty", {"note": "x", "other": "dropped"})
    row = world.one(select(UserTask).where(UserTask.element_id == "check"))
    assert row.result == {"note": "x", "serious": False}
