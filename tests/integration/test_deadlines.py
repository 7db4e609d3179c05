"""Deadlines: reminded, missed, escalated by the clock; met or missed by when it really happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case, CaseRole
from models.history import HistoryEvent
from models.tasks import Notification, TaskQueue, Timer, UserTask
from services import access, anchors, cases, history, tasks, timers
from services.errors import Refusal
from tests.integration.world import World

CHECK = {"note": "三人轻伤", "serious": "true"}


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def fire(world: World, now: datetime) -> int:
    steps = 0
    while timers.fire_next(world.db, now):
        steps += 1
        assert steps < 100
    return steps


def events(world: World, *types: str) -> list[tuple[str, dict[str, Any]]]:
    with world.db.read() as session:
        rows = session.scalars(
            select(HistoryEvent).where(HistoryEvent.type.in_(types)).order_by(HistoryEvent.id)
        )
        return [(row.type, history.payload_of(row)) for row in rows]


def told(world: World, kind: str) -> set[str]:
    names = {person.id: name for name, person in world.people.items()}
    rows = world.all(select(Notification.person_id).where(Notification.kind == kind))
    return {names[row] for row in rows}


def test_nothing_fires_before_its_time(world: World) -> None:
    world.open()
    assert not timers.fire_next(world.db, world.now + minutes(19))
    with world.db.read() as session:
        assert timers.next_due(session) == world.now + minutes(20)


def test_reminder_due_and_escalation_each_act_by_themselves(world: World) -> None:
    case = world.open()
    assert fire(world, world.now + minutes(20)) == 1
    row = world.open_tasks(case)["check"]
    assert row.reminded_at == world.now + minutes(20)
    assert told(world, "deadline_reminder") == {"duty", "duty2"}
    assert fire(world, world.now + minutes(61)) == 1
    row = world.open_tasks(case)["check"]
    assert row.overdue_at == world.now + minutes(60)
    assert row.escalated_at is None
    with world.db.read() as session:
        assert not access.can_see_case(session, world.people["leader"], case)
    assert fire(world, world.now + minutes(75)) == 1
    row = world.open_tasks(case)["check"]
    assert row.escalated_at == world.now + minutes(75)
    assert told(world, "deadline_escalated") == {"leader", "both"}
    with world.db.read() as session:
        assert access.can_see_case(session, world.people["leader"], case)
    got = events(world, "deadline.reminded", "deadline.missed", "deadline.escalated")
    assert [type_ for type_, _ in got] == [
        "deadline.reminded",
        "deadline.missed",
        "deadline.escalated",
    ]
    assert got[1][1]["late"] == 60
    assert got[2][1]["to"] == "leader"
    missed = world.one(select(HistoryEvent).where(HistoryEvent.type == "deadline.missed"))
    assert missed.occurred_at == world.now + minutes(60)
    assert missed.recorded_at == world.now + minutes(61)
    assert {t.status for t in world.all(select(Timer))} == {"fired"}


def test_after_downtime_all_three_fire_in_one_step_oldest_first(world: World) -> None:
    world.open()
    assert fire(world, world.now + timedelta(days=1)) == 1
    got = events(world, "deadline.reminded", "deadline.missed", "deadline.escalated")
    assert [type_ for type_, _ in got] == [
        "deadline.reminded",
        "deadline.missed",
        "deadline.escalated",
    ]


def test_a_claimed_task_reminds_its_holder_only(world: World) -> None:
    case = world.open()
    id_ = world.open_tasks(case)["check"].id
    world.db.run(lambda uow: tasks.claim_task(uow, id_, world.actor("duty2"), world.now))
    fire(world, world.now + minutes(20))
    assert told(world, "deadline_reminder") == {"duty2"}


def test_work_done_in_time_and_entered_late_was_met_in_fact(world: World) -> None:
    case = world.open()
    fire(world, world.now + minutes(65))
    assert world.open_tasks(case)["check"].overdue_at is not None
    done = world.complete(
        case,
        "check",
        "duty",
        CHECK,
        now=world.now + minutes(66),
        occurred_at=world.now + minutes(50),
    )
    assert done.met is True
    [met] = events(world, "deadline.met")
    assert (met[1]["spare"], met[1]["lag"]) == (600, 16 * 60)
    row = world.one(select(UserTask).where(UserTask.element_id == "check"))
    assert row.overdue_at is None
    assert (row.occurred_at, row.completed_at) == (
        world.now + minutes(50),
        world.now + minutes(66),
    )


def test_work_done_late_is_missed_although_the_timer_has_not_fired_yet(world: World) -> None:
    case = world.open()
    done = world.complete(case, "check", "duty", CHECK, now=world.now + minutes(61))
    assert done.met is False
    [missed] = events(world, "deadline.missed")
    assert missed[1]["late"] == 60
    assert "lag" not in missed[1]
    # Its timers are gone: nothing fires afterwards.
    assert world.all(select(Timer).where(Timer.element_path.startswith("check"))) == []


def test_an_anchor_corrected_counts_the_clocks_again(world: World) -> None:
    case = world.open()
    earlier = world.now - minutes(30)
    row = world.db.run(
        lambda uow: anchors.correct_anchor(
            uow,
            case.id,
            "discovered_at",
            earlier,
            "值班记录是九点半",
            world.actor("duty"),
            world.now,
        )
    )
    assert row.occurred_at == earlier
    task = world.open_tasks(case)["check"]
    assert task.due_at == world.now + minutes(30)
    assert task.sort_due == world.now + minutes(30)
    due = {t.deadline_kind: t.wall_due_at - world.now for t in world.all(select(Timer))}
    assert due == {"remind": minutes(20), "due": minutes(30), "escalate": minutes(40)}
    [corrected] = events(world, "anchor.corrected")
    assert corrected[1]["name"] == "discovered_at"
    moved = events(world, "deadline.set")
    assert {payload["kind"] for _, payload in moved} == {"due", "escalate"}
    assert {payload["reason"] for _, payload in moved} == {"anchor_corrected"}


def correct(world: World, case: Case, to: datetime, now: datetime) -> None:
    world.db.run(
        lambda uow: anchors.correct_anchor(
            uow, case.id, "discovered_at", to, "记错了时间", world.actor("duty"), now
        )
    )


def test_a_correction_after_the_deadline_has_rung_lets_it_ring_again(world: World) -> None:
    case = world.open()
    late = world.now + minutes(75)
    fire(world, late)
    task = world.open_tasks(case)["check"]
    assert task.overdue_at is not None and task.escalated_at is not None
    correct(world, case, world.now + minutes(50), late)
    task = world.open_tasks(case)["check"]
    assert task.due_at == task.sort_due == world.now + minutes(110)
    assert (task.overdue_at, task.escalated_at) == (None, None)
    assert task.reminded_at is not None  # its timer counts from the opening, not from the anchor
    [queued] = world.all(select(TaskQueue).where(TaskQueue.task_id == task.id))
    assert queued.sort_due == task.sort_due
    moved = {payload["kind"]: payload for _, payload in events(world, "deadline.set")}
    assert set(moved) == {"due", "escalate"}
    assert datetime.fromisoformat(moved["due"]["was"]) == world.now + minutes(60)
    assert moved["due"]["reason"] == "anchor_corrected"
    waiting = world.all(select(Timer).where(Timer.status == "waiting"))
    assert {t.deadline_kind: t.due_at - world.now for t in waiting} == {
        "due": minutes(110),
        "escalate": minutes(120),
    }
    assert fire(world, world.now + minutes(121)) == 1
    task = world.open_tasks(case)["check"]
    assert task.overdue_at == world.now + minutes(110)
    assert task.escalated_at == world.now + minutes(121)
    assert len(events(world, "deadline.missed")) == 2


def test_a_correction_to_another_past_moment_moves_the_due_date_alone(world: World) -> None:
    case = world.open()
    late = world.now + minutes(120)
    fire(world, late)
    correct(world, case, world.now + minutes(10), late)
    task = world.open_tasks(case)["check"]
    assert task.due_at == task.sort_due == task.overdue_at == world.now + minutes(70)
    assert task.escalated_at is not None
    [(_, moved)] = events(world, "deadline.set")
    assert (moved["kind"], moved["reason"], moved["task"]) == ("due", "anchor_corrected", task.id)
    assert not fire(world, late)
    done = world.complete(
        case, "check", "duty", CHECK, now=late, occurred_at=world.now + minutes(65)
    )
    assert done.met is True
    assert events(world, "deadline.met")[0][1]["spare"] == 300


@pytest.mark.parametrize(
    ("shift", "reason", "errors"),
    [
        (-30, " ", {"reason": "required"}),
        (1, "x", {"occurred_at": "in_future"}),
    ],
)
def test_a_correction_needs_a_reason_and_a_past(
    world: World, shift: int, reason: str, errors: dict[str, str]
) -> None:
    case = world.open()
    at = world.now + minutes(shift)
    with pytest.raises(Refusal) as refused:
        world.db.run(
            lambda uow: anchors.correct_anchor(
                uow, case.id, "discovered_at", at, reason, world.actor("duty"), world.now
            )
        )
    assert refused.value.args_["errors"] == errors


def test_the_cases_clock_moved_forward_makes_its_deadlines_due(world: World) -> None:
    case, other = world.open(), world.open()
    world.db.run(
        lambda uow: cases.move_clock(uow, case.id, 40 * 60, world.actor("duty"), world.now)
    )
    assert fire(world, world.now) == 1
    assert world.open_tasks(case)["check"].reminded_at == world.now + minutes(40)
    assert world.open_tasks(case)["check"].due_at == world.now + minutes(60)
    assert world.open_tasks(case)["check"].sort_due == world.now + minutes(20)
    assert world.open_tasks(other)["check"].reminded_at is None
    moved = world.one(select(Case).where(Case.id == case.id))
    assert moved.at(world.now) == world.now + minutes(40)
    assert events(world, "case.clock_moved")[0][1]["seconds"] == 2400


def test_the_escalated_role_is_let_into_the_case_once(world: World) -> None:
    case = world.open()
    fire(world, world.now + timedelta(hours=3))
    roles = world.all(select(CaseRole.role_key).where(CaseRole.case_id == case.id))
    assert sorted(roles) == ["duty", "leader"]
