"""Intents after the commit: done once, tried again, at last given up for a person to see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case, Incident, ProcessInstance
from models.history import HistoryEvent
from models.tasks import Notification, Outbox
from services import history, incidents, outbox
from services.uow import UnitOfWork
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process


def plan(topic: str) -> Process:
    p = Process("t05").start("s").service_task("tell", topic, properties={"to": "duty, office"})
    return p.user_task("after", "duty").end("e").chain("s", "tell", "after", "e")


def opened(world: World, topic: str) -> Case:
    world.deploy(bundle(plan(topic), roles=["duty", "office"]))
    return world.open("t05")


def drain(world: World, now: datetime) -> int:
    n = 0
    while outbox.deliver_next(world.db, now):
        n += 1
        assert n < 50
    return n


def test_notify_tells_the_holders_and_answers_the_engine(world: World) -> None:
    case = opened(world, "notify")
    assert world.open_tasks(case) == {}
    assert drain(world, world.now) == 1
    names = {p.id: name for name, p in world.people.items()}
    rows = world.all(select(Notification))
    assert {names[row.person_id] for row in rows} == {"duty", "duty2", "office", "both"}
    assert rows[0].args == {"case": case.number, "title": case.title}
    assert list(world.open_tasks(case)) == ["after"]
    row = world.one(select(Outbox))
    assert (row.status, row.attempts, row.payload) == ("done", 1, {})


def test_a_taken_intent_is_left_alone_until_its_lease_runs_out(world: World) -> None:
    opened(world, "notify")
    assert world.db.run(lambda uow: outbox.take(uow, world.now)) is not None
    assert not outbox.deliver_next(world.db, world.now)
    assert outbox.deliver_next(world.db, world.now + outbox.LEASE)
    assert len(world.all(select(Notification))) == 4


def test_an_unknown_topic_is_given_up_at_once_with_an_incident(world: World) -> None:
    case = opened(world, "fax_the_moon")
    assert drain(world, world.now) == 1
    row = world.one(select(Outbox))
    assert row.status == "failed"
    assert "fax_the_moon" in row.last_error
    incident = world.one(select(Incident))
    assert (incident.case_id, incident.code) == (case.id, "intent_failed")
    failed = world.one(select(HistoryEvent).where(HistoryEvent.type == "intent.failed"))
    assert history.payload_of(failed)["final"] is True


def test_a_failing_topic_is_tried_again_later_and_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world, "flaky")
    tries: list[datetime] = []

    def flaky(uow: UnitOfWork, delivery: outbox.Delivery) -> dict[str, Any]:
        tries.append(delivery.now)
        uow.session.add(
            Notification(person_id=1, kind="x", created_at=delivery.now)
        )  # must not survive a failure
        if len(tries) < 3:
            raise OSError("line busy")
        return {}

    monkeypatch.setattr(outbox, "TOPICS", {"flaky": flaky})
    now = world.now
    for _ in range(60):
        outbox.deliver_next(world.db, now)
        now += timedelta(seconds=1)
    assert [t - world.now for t in tries] == [
        timedelta(0),
        timedelta(seconds=10),
        timedelta(seconds=30),
    ]
    assert len(world.all(select(Notification))) == 1
    assert world.one(select(Outbox.status)) == "done"
    assert world.one(select(ProcessInstance.status)) == "running"
    assert world.all(select(Incident)) == []


def test_a_topic_that_never_works_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world, "broken")

    def broken(uow: UnitOfWork, delivery: outbox.Delivery) -> dict[str, Any]:
        raise OSError("no line")

    monkeypatch.setattr(outbox, "TOPICS", {"broken": broken})
    now = world.now
    for _ in range(20):
        outbox.deliver_next(world.db, now)
        now += timedelta(hours=1)
    row = world.one(select(Outbox))
    assert (row.status, row.attempts) == ("failed", outbox.MOST_ATTEMPTS)
    assert len(world.all(select(Incident))) == 1


def resolve(world: World, now: datetime) -> None:
    id_ = world.one(select(Incident.id).where(Incident.resolved_at.is_(None)))
    world.db.run(
        lambda uow: incidents.resolve_incident(uow, id_, world.actor("duty"), "已处理", now)
    )


def test_a_resolved_incident_lets_a_given_up_intent_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(world, "phone")
    drain(world, world.now)
    assert world.one(select(Outbox.status)) == "failed"
    monkeypatch.setattr(outbox, "TOPICS", {**outbox.TOPICS, "phone": lambda uow, delivery: {}})
    assert drain(world, world.now + timedelta(days=1)) == 0  # it waits for a person
    later = world.now + timedelta(days=1)
    resolve(world, later)
    assert drain(world, later) == 1
    assert list(world.open_tasks(case)) == ["after"]
    assert world.one(select(Outbox.status)) == "done"


def test_an_answer_the_engine_cannot_go_on_from_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = Process("t05").start("s").service_task("tell", "notify", properties={"to": "duty"})
    p.exclusive("way").user_task("after", "duty").end("e").end("e2").chain("s", "tell", "way")
    p.flow("way", "after", condition="tell.notified > 90")
    p.flow("way", "e2", condition="tell.notified < 0").chain("after", "e")
    world.deploy(bundle(p, roles=["duty"]))
    case = world.open("t05")
    assert drain(world, world.now) == 1
    assert (world.one(select(Outbox.status)), world.all(select(Notification))) == ("failed", [])
    incident = world.one(select(Incident))
    assert (incident.code, incident.element_path) == ("no_flow_true", "way")
    # Tried again in vain it is an incident again; with another answer the case goes on.
    resolve(world, world.now)
    assert drain(world, world.now) == 1
    assert len(world.all(select(Incident))) == 2
    monkeypatch.setattr(outbox, "TOPICS", {"notify": lambda uow, delivery: {"notified": 99}})
    resolve(world, world.now)
    assert drain(world, world.now) == 1
    assert list(world.open_tasks(case)) == ["after"]
    assert world.one(select(ProcessInstance.status)) == "running"
