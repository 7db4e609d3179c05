"""Rows the store's tests need: a person, a plan version, a case with its own chain."""

from __future__ import annotations

from datetime import datetime

from models.cases import Case
from models.people import Person, Role
from models.plans import Plan, PlanFile, PlanVersion
from models.words import Approval, Channel, Release, Statement, StatementVersion
from services import history
from services.actor import Actor
from services.uow import Database, UnitOfWork

DIGEST = "a" * 64


def add_case(uow: UnitOfWork, now: datetime, number: str = "2026-0001") -> Case:
    """A case under a plan version, opened by person ``duty``."""
    session = uow.session
    person = session.query(Person).filter_by(username="duty").one_or_none()
    if person is None:
        session.add(Role(key="duty", name="值班员"))
        person = Person(username="duty", name="张三", password_hash="x", created_at=now)
        session.add(person)
        session.add(Plan(key="p11", title="预案"))
        session.flush()
        version = PlanVersion(
            plan_key="p11", number=1, content_hash=DIGEST, manifest={}, clauses={}, deployed_at=now
        )
        version.files = [PlanFile(name="plan.bpmn", content=b"<x/>")]
        session.add(version)
        session.flush()
    version = session.query(PlanVersion).filter_by(plan_key="p11").one()
    case = Case(
        number=number,
        title="舞台桁架坠落",
        plan_version_id=version.id,
        opened_at=now,
        opened_by=person.id,
    )
    session.add(case)
    session.flush()
    return case


def add_statement(uow: UnitOfWork, case: Case, now: datetime) -> tuple[int, int]:
    """A statement with one version, an approval and a release; ids of approval and release."""
    session, who = uow.session, case.opened_by
    statement = Statement(case_id=case.id, kind="first_facts", created_at=now, created_by=who)
    channel = Channel(name="官网", account="县政府")
    session.add_all([statement, channel])
    session.flush()
    version = StatementVersion(
        statement_id=statement.id, number=1, digest=DIGEST, author_id=who, created_at=now
    )
    session.add(version)
    session.flush()
    approval = Approval(
        statement_id=statement.id,
        version_id=version.id,
        digest=DIGEST,
        kind="final",
        decision="approve",
        person_id=who,
        occurred_at=now,
        recorded_at=now,
    )
    release = Release(
        statement_id=statement.id,
        version_id=version.id,
        digest=DIGEST,
        channel_id=channel.id,
        account="县政府",
        person_id=who,
        occurred_at=now,
        recorded_at=now,
    )
    session.add_all([approval, release])
    session.flush()
    return approval.id, release.id


def open_case_on_record(db: Database, now: datetime, events: int = 3) -> int:
    """A case whose chain has ``events`` events (opening, then claims); its id."""

    def work(uow: UnitOfWork) -> int:
        case = add_case(uow, now)
        actor = Actor(case.opened_by, "duty")
        history.append(
            uow,
            "case.opened",
            case=case,
            actor=actor,
            occurred_at=now,
            now=now,
            payload={"number": case.number, "plan": "p11", "plan_version": 1},
            personal={"title": "舞台桁架坠落", "reporter": "李四"},
        )
        for n in range(2, events + 1):
            history.append(
                uow,
                "task.claimed",
                case=case,
                actor=actor,
                occurred_at=now,
                now=now,
                payload={"task": f"task-{n}"},
                element_path="report_up/enter",
            )
        return case.id

    return db.run(work)
