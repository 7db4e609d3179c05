"""A small organisation with a named cast, and a small plan, for the tests of services."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Membership, Organization, Person, Role
from models.plans import PlanVersion
from models.tasks import UserTask
from services import cases, draft_reading, drafts, tasks
from services.actor import SYSTEM, Actor
from services.plans import deploy_plan
from services.uow import Database, UnitOfWork
from tests.unit.bpmn_builder import Process, document, manifest
from workflows.bundle import Bundle

#: The fixture `now` of tests/conftest.py, which is not for a whole session.
MORNING = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
#: A database made once, to be copied for each test, and the people in it.
Made = tuple[Path, dict[str, Person]]

#: key -> superior
ROLES = {
    "leader": None,
    "office": "leader",
    "duty": "office",
    "reporter": "duty",
    "auditor": None,
    "author": None,
    "admin": None,
    "stranger": None,
}
#: username -> roles. ``both`` is a small unit's person of two roles; ``outsider`` has a role that
#: no task of the test plan is for.
CAST = {
    "duty": ("duty",),
    "duty2": ("duty",),
    "office": ("office",),
    "leader": ("leader",),
    "both": ("office", "leader"),
    "auditor": ("auditor",),
    "admin": ("admin",),
    "author": ("author",),
    "outsider": ("stranger",),
}

TIERS: list[Mapping[str, Any]] = [
    {"key": "general", "level": 1, "name": "一般", "name_en": "General"},
    {"key": "major", "level": 2, "name": "重大", "name_en": "Major"},
]

GRADING = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
    namespace="https://example.org/dmn">
  <decision id="grading" name="分级">
    <decisionTable hitPolicy="FIRST">
      <input id="i1" label="阅读量"><inputExpression id="ie" typeRef="number">
        <text>signal.reads</text></inputExpression></input>
      <output id="o1" name="tier" typeRef="string"/>
      <rule id="r_major"><description>阅读量达到一万</description>
        <inputEntry id="a1"><text>&gt;= 10000</text></inputEntry>
        <outputEntry id="b1"><text>"major"</text></outputEntry></rule>
      <rule id="r_general"><description>其他</description>
        <inputEntry id="a2"><text>-</text></inputEntry>
        <outputEntry id="b2"><text>"general"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""


def plan_t01() -> Bundle:
    """Check (with all three deadlines), grade, draft, approve by another person, tell, end."""
    p = Process("t01", "试验预案")
    p.start("s")
    p.user_task(
        "check",
        "duty",
        name="核查",
        fields=[
            ("note", "string", {"validation": {"required": "", "maxlength": "40"}}),
            ("serious", "boolean"),
            ("count", "long", {"validation": {"min": "0"}}),
        ],
        properties={"name.en": "Check", "clause": "T01-S1"},
    )
    p.boundary_timer("check_remind", "check", "PT20M", interrupting=False, deadline="remind")
    p.boundary_timer(
        "check_due",
        "check",
        date='discovered_at + duration("PT1H")',
        interrupting=False,
        deadline="due",
        properties={"anchor": "discovered_at", "clause": "T01-D1"},
    )
    p.boundary_timer(
        "check_escalate",
        "check",
        date='discovered_at + duration("PT70M")',
        interrupting=False,
        deadline="escalate",
        escalate_to="leader",
        properties={"anchor": "discovered_at"},
    )
    p.business_rule("table", "grading", "proposal", "singleResult")
    p.user_task("grade", "duty", name="定级", form_key="planroom:grade")
    p.user_task("draft", "office", name="拟稿", fields=[("words", "string")])
    p.boundary_timer("draft_due", "draft", "PT2H", interrupting=False, deadline="due")
    p.user_task(
        "approve",
        "leader,office",
        name="签发",
        fields=[("agreed", "boolean")],
        properties={"notSameAs": "draft", "setsAnchor": "approved_at"},
    )
    p.exclusive("agreed", default="agreed__draft")
    p.service_task("tell", "notify", properties={"to": "duty", "message": "released"})
    p.end("e")
    for name in ("check_remind", "check_due", "check_escalate", "draft_due"):
        p.end(f"{name}_end")
        p.chain(name, f"{name}_end")
    p.chain("s", "check", "table", "grade", "draft", "approve", "agreed")
    p.flow("agreed", "tell", condition="approve.agreed = true")
    p.flow("agreed", "draft")
    p.chain("tell", "e")
    return bundle(
        p,
        {"grading.dmn": GRADING.encode()},
        roles=["duty", "office", "leader"],
        anchors=["discovered_at", "opened_at", "graded_at", "approved_at"],
        tiers=TIERS,
    )


def on_paper(plan: Bundle) -> Bundle:
    """The same plan with its ``plan.toml`` among its files, as a folder of the library has it."""
    manifest = tomlkit.dumps(dict(plan.manifest)).encode()
    return Bundle({**plan.files, "plan.toml": manifest}, plan.manifest)


def bundle(process: Process, more: Mapping[str, bytes] | None = None, **keys: Any) -> Bundle:
    """A bundle of one process, whose manifest is written with ``manifest``'s keywords."""
    key = str(process.node.get("id"))
    return Bundle(
        files={"plan.bpmn": document(process), **(more or {})},
        manifest=manifest(key, **{"variables": {}, **keys}),
    )


@dataclass
class World:
    """The database with its people, and short words for what tests do again and again."""

    db: Database
    now: datetime
    people: dict[str, Person] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        person = self.people[name]
        return Actor(person.id, CAST[name][0])

    def deploy(self, plan: Bundle) -> PlanVersion:
        return self.db.run(lambda uow: deploy_plan(uow, plan, "test", SYSTEM, self.now))

    def draft(self, plan_key: str = "t01", who: str = "author") -> int:
        """The person's draft of the plan, opened where there is none."""
        return self.db.run(
            lambda uow: drafts.open_draft(uow, plan_key, self.actor(who), self.now).id
        )

    def draft_files(self, draft_id: int) -> dict[str, bytes]:
        with self.db.read() as session:
            return draft_reading.files_of(session, draft_reading.get_draft(session, draft_id))

    def save_draft(
        self,
        draft_id: int,
        changes: Mapping[str, bytes | None],
        who: str = "author",
        **keys: Any,
    ) -> int:
        """Save files of a draft; returns its revision."""
        return self.db.run(
            lambda uow: (
                drafts.save_files(
                    uow, draft_id, changes, self.actor(who), self.now, **keys
                ).revision
            )
        )

    def edit_draft(self, draft_id: int, *swaps: tuple[str, str], file: str = "plan.bpmn") -> None:
        """Put pieces of text in place of others in a file of the author's draft."""
        text = self.draft_files(draft_id)[file].decode()
        for old, new in swaps:
            assert old in text, old
            text = text.replace(old, new)
        self.save_draft(draft_id, {file: text.encode()})

    def open(
        self, plan_key: str = "t01", who: str = "duty", now: datetime | None = None, **keys: Any
    ) -> Case:
        at = now or self.now
        values: dict[str, Any] = {"title": "舞台桁架坠落", "summary": "网传五人死亡"} | keys
        return self.db.run(
            lambda uow: cases.open_case(
                uow, plan_key=plan_key, actor=self.actor(who), now=at, **values
            )
        )

    def open_tasks(self, case: Case) -> dict[str, UserTask]:
        """The case's open tasks by element id."""
        with self.db.read() as session:
            rows = session.scalars(
                select(UserTask).where(UserTask.case_id == case.id, UserTask.status == "open")
            )
            return {row.element_id: row for row in rows}

    def complete(
        self,
        case: Case,
        element: str,
        who: str,
        data: Mapping[str, Any],
        now: datetime | None = None,
        **keys: Any,
    ) -> tasks.CompletedTask:
        task_id = self.open_tasks(case)[element].id
        return self.finish(task_id, who, data, now or self.now, **keys)

    def finish(
        self, task_id: str, who: str, data: Mapping[str, Any], now: datetime, **keys: Any
    ) -> tasks.CompletedTask:
        return self.db.run(
            lambda uow: tasks.complete_task(uow, task_id, self.actor(who), data, now, **keys)
        )

    def claim(self, task_id: str, who: str) -> UserTask:
        return self.db.run(lambda uow: tasks.claim_task(uow, task_id, self.actor(who), self.now))

    def one(self, query: Any) -> Any:
        with self.db.read() as session:
            return session.scalar(query)

    def all(self, query: Any) -> list[Any]:
        with self.db.read() as session:
            return list(session.scalars(query))


def make_world(db: Database, now: datetime) -> World:
    """The organisation and its cast, nothing deployed."""

    def work(uow: UnitOfWork) -> dict[str, Person]:
        session: Session = uow.session
        session.add(Organization(name="澜浦县融媒体中心", zone="Asia/Shanghai", is_demo=True))
        for key in ROLES:
            session.add(Role(key=key, name=key))
        session.flush()
        for key, superior in ROLES.items():
            row = session.get(Role, key)
            assert row is not None
            row.superior = superior
        people = {}
        for name, roles in CAST.items():
            person = Person(username=name, name=name, password_hash="x", created_at=now)
            person.memberships = [Membership(role_key=role, since=now) for role in roles]
            session.add(person)
            people[name] = person
        session.flush()
        return people

    return World(db, now, db.run(work))


def make(start: Path, folder: Path, work: Callable[[Database], World]) -> Made:
    """A database made of another one, ready to be copied."""
    path = folder / "planroom.db"
    shutil.copyfile(start, path)
    database = Database(f"sqlite:///{path}")
    world = work(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path, world.people
