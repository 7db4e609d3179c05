"""Plan 11 from the library, run by the services to its first tasks after grading."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.people import Membership, Organization, Person, Role
from models.plans import PlanVersion
from services import cases, history, tasks, timers
from services.actor import SYSTEM, Actor
from services.case_reading import overview
from services.definitions import definition_for
from services.plan_folder import read_folder
from services.plans import deploy_plan
from services.tiers import tiers_of
from services.uow import Database, UnitOfWork
from tests.integration.world import World
from workflows.contract import Element

LIBRARY = Path(__file__).parents[2] / "bpmn"


@pytest.fixture
def library(db: Database, now: datetime) -> World:
    """The library's roles, one person each, and plan 11."""

    def work(uow: UnitOfWork) -> dict[str, Person]:
        uow.session.add(Organization(name="澜浦县", zone="Asia/Shanghai"))
        rows = tomllib.loads((LIBRARY / "roles.toml").read_text("utf-8"))["role"]
        people = {}
        for row in rows:
            uow.session.add(Role(key=row["key"], name=row["name"]))
        uow.session.flush()
        for row in rows:
            role = uow.session.get(Role, row["key"])
            assert role is not None
            role.superior = row.get("superior")
            person = Person(
                username=row["key"], name=row["name"], password_hash="x", created_at=now
            )
            person.memberships = [Membership(role_key=row["key"], since=now)]
            uow.session.add(person)
            people[row["key"]] = person
        uow.session.flush()
        deploy_plan(uow, read_folder(LIBRARY / "p11"), "", SYSTEM, now)
        return people

    return World(db, now, db.run(work))


def filled(element: Element) -> dict[str, Any]:
    """Something for every field of a form."""
    words = {"boolean": "true", "long": "100", "double": "100", "date": "2026-03-10"}
    return {
        f.id: f.options[0][0] if f.options else words.get(f.type, "已核实")
        for f in element.form_fields
    }


def complete(world: World, task: Any, data: dict[str, Any], now: datetime) -> None:
    actor = Actor(world.people[task.role_key].id, task.role_key)
    world.db.run(lambda uow: tasks.complete_task(uow, task.id, actor, data, now))


def test_the_top_tier_starts_the_one_hour_clock(library: World) -> None:
    world, now = library, library.now
    reporter = Actor(world.people["reporter"].id, "reporter")
    case = world.db.run(
        lambda uow: cases.open_case(
            uow,
            plan_key="p11",
            title="舞台桁架坠落",
            summary="排练中舞台桁架坠落,网传五人死亡",
            actor=reporter,
            now=now,
            extra={"medium": "short_video", "reads": 500000},
        )
    )
    version = world.one(select(PlanVersion))
    while "grade" not in (waiting := world.open_tasks(case)):
        [task] = waiting.values()
        with world.db.read() as session:
            element = definition_for(session, version.content_hash).element(task.element_path)
        complete(world, task, filled(element), now)
    top = tiers_of(version.manifest)[-1]
    proposed = world.one(select(HistoryEvent).where(HistoryEvent.type == "tier.proposed"))
    assert history.payload_of(proposed)["texts"]
    graded = now + timedelta(minutes=4)
    complete(world, waiting["grade"], {"tier": top.key, "reason": "网传五人死亡"}, graded)
    opened = world.open_tasks(case)
    [report] = [t for t in opened.values() if t.form_key == "planroom:report-up"]
    assert report.due_at is not None
    assert timedelta(minutes=55) <= report.due_at - graded <= timedelta(hours=1)
    with world.db.read() as session:
        shown = overview(session, case.id, world.people["duty"], graded)
    assert shown.tier == top
    assert shown.diagrams[0].process_id == "p11"
    [clock] = [clock for clock in shown.clocks if clock.task.id == report.id]
    assert "P11-D1" in clock.clauses
    assert clock.rule is not None
    assert (clock.rule["id"], clock.rule["iso"], clock.status) == ("P11-D1", "PT1H", "running")
    # Nobody reports: the clock reminds, marks it overdue and tells the superior.
    late = report.due_at + timedelta(hours=1)
    while timers.fire_next(world.db, late):
        pass
    row = world.open_tasks(case)[report.element_id]
    assert row.reminded_at is not None
    assert row.overdue_at == report.due_at
    assert row.escalated_at is not None
