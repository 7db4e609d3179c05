"""A small unit with a case, for the tests of statements, reports, closing and archive: people, a
plan version with its lists, tasks as rows, and submissions built by hand (no engine)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from models.cases import Case, CaseRole, ProcessInstance
from models.people import Membership, Organization, Person, Role
from models.plans import Plan, PlanFile, PlanVersion
from models.tasks import UserTask
from models.words import Channel
from services import history
from services.actor import Actor
from services.submission import Handler, Submission
from services.uow import Database, UnitOfWork
from workflows.contract import Element

T = TypeVar("T")
ROLES = ("duty", "office", "publicity", "secrecy", "legal", "leader", "spokesperson", "archive")
#: Role of the person who does a task, by the form.
WHO = {
    "planroom:statement-draft": "publicity",
    "planroom:statement-review": "secrecy",
    "planroom:statement-approve": "leader",
    "planroom:statement-release": "spokesperson",
    "planroom:report-up": "duty",
    "planroom:closing": "leader",
    "planroom:archive": "archive",
}
MANIFEST: dict[str, Any] = {
    "key": "p11",
    "roles": {"boss": {"role": "leader"}, "secrecy": {"role": "secrecy"}},
    "approvals": [
        {"kind": "secrecy", "role": "secrecy", "name": "保密审查", "name_en": "Secrecy"},
        {
            "kind": "legal",
            "role": "legal",
            "name": "法制审核",
            "name_en": "Legal",
            "tiers": ["major"],
        },
        {"kind": "final", "role": "boss", "name": "签发", "name_en": "Final"},
    ],
    "recipients": [
        {"key": "party", "name": "党政办", "name_en": "Party office"},
        {"key": "superior", "name": "上级业务部门", "name_en": "Superior"},
        {"key": "cyber", "name": "网信部门", "name_en": "Cyberspace office"},
        {"key": "province", "name": "省里", "tiers": ["major"]},
    ],
    "closing": {"criterion": "连续三日无新增信息", "clause": "P11-24", "origin": "text"},
    "archive": [
        {"key": "statements", "name": "情况通报", "required": True},
        {"key": "minutes", "name": "会商纪要", "required": True, "holds": "task:consult"},
        {"key": "photos", "name": "照片", "required": False},
    ],
}
TEXT: dict[str, Any] = {
    "title": "关于文化广场舞台倒塌的情况通报(一)",
    "known": "3月10日22时40分,文化广场舞台钢架在彩排中倒塌,3人受伤,无人死亡。",
    "unknown": "倒塌原因正在调查。",
    "doing": "伤者已送县医院救治,现场已封控。",
    "next_word_note": "",
    "contact": "县委宣传部 0571-00000000",
}


@dataclass
class Unit:
    """What the tests name: the case's and the people's ids, by role."""

    db: Database
    now: datetime
    case_id: int = 0
    people: dict[str, int] = field(default_factory=dict)
    instance_id: str = ""
    channel_id: int = 0
    submitted: list[str] = field(default_factory=list)

    def actor(self, role: str) -> Actor:
        return Actor(self.people[role], role)

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        return self.db.run(work)

    def case(self, uow: UnitOfWork) -> Case:
        return uow.session.get_one(Case, self.case_id)

    def events(self, type_: str) -> list[dict[str, Any]]:
        """The payloads of the case's events of a type, in order."""
        with self.db.read() as session:
            found = history.events_of_case(session, self.case_id)
            return [history.payload_of(event) for event in found if event.type == type_]

    def text(self, **changes: Any) -> dict[str, Any]:
        """A complete first statement, as a form would hand it in."""
        return {
            "kind": "first_facts",
            "next_word_at": self.now + timedelta(hours=9),
            **TEXT,
            **changes,
        }

    def open_task(self, form_key: str, path: str, due_at: datetime | None = None) -> str:
        """A user task of this form, open; its id."""

        def work(uow: UnitOfWork) -> str:
            task = UserTask(
                id=str(uuid.uuid4()),
                instance_id=self.instance_id,
                case_id=self.case_id,
                element_id=path.rpartition("/")[2],
                element_path=path,
                name=path,
                form_key=form_key,
                role_key=WHO.get(form_key, "duty"),
                created_at=self.now,
                due_at=due_at,
                sort_due=self.now,
            )
            uow.session.add(task)
            return task.id

        return self.run(work)

    def submit(
        self,
        handler: Handler,
        form_key: str,
        data: Mapping[str, Any],
        *,
        path: str = "",
        who: str = "",
        task_id: str = "",
        at: datetime | None = None,
        occurred_at: datetime | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Hand a form in as `services.tasks.complete_task` does, and end its task."""
        path = path or f"words/{form_key.rpartition('-')[2]}"
        task_id = task_id or self.open_task(form_key, path)
        role = who or WHO[form_key]
        moment = at or self.now

        def work(uow: UnitOfWork) -> dict[str, Any]:
            task = uow.session.get_one(UserTask, task_id)
            element = element_for(task, properties)
            submission = Submission(
                task=task,
                case=self.case(uow),
                element=element,
                actor=self.actor(role),
                data=data,
                now=moment,
                occurred_at=occurred_at or moment,
            )
            result = handler(uow, submission)
            task.status, task.completed_at = "completed", moment
            task.completed_by = self.people[role]
            # Moments stay in the engine; the row keeps what JSON holds.
            task.result = {k: str(v) if isinstance(v, datetime) else v for k, v in result.items()}
            return result

        return self.run(work)


def element_for(task: UserTask, properties: Mapping[str, str] | None = None) -> Element:
    """The element behind a task row, as a diagram would have it."""
    return Element(
        id=task.element_id,
        path=task.element_path,
        kind="userTask",
        name=task.name,
        candidate_groups=(WHO.get(task.form_key, "duty"),),
        form_key=task.form_key,
        properties=dict(properties or {}),
    )


def make_unit(db: Database, now: datetime) -> Unit:
    """A unit with one person a role, two leaders, a channel and an open case of tier general."""
    unit = Unit(db, now)

    def work(uow: UnitOfWork) -> None:
        session = uow.session
        session.add(Organization(id=1, name="澜浦县"))
        for role in (*ROLES, "auditor"):
            session.add(Role(key=role, name=role))
        session.flush()
        for name, role in [*((r, r) for r in ROLES), ("leader2", "leader"), ("auditor", "auditor")]:
            person = Person(username=name, name=name, password_hash="x", created_at=now)
            person.memberships = [Membership(role_key=role, since=now)]
            session.add(person)
            session.flush()
            unit.people[name] = person.id
        session.add(Plan(key="p11", title="预案"))
        session.flush()
        version = PlanVersion(
            plan_key="p11",
            number=1,
            content_hash="a" * 64,
            manifest=MANIFEST,
            clauses={},
            deployed_at=now,
        )
        version.files = [PlanFile(name="plan.bpmn", content=b"<x/>")]
        channel = Channel(name="官方微博", name_en="Weibo", account="澜浦发布")
        session.add_all([version, channel])
        session.flush()
        case = Case(
            number="2026-0001",
            title="舞台桁架坠落",
            plan_version_id=version.id,
            tier="general",
            opened_at=now,
            opened_by=unit.people["duty"],
        )
        session.add(case)
        session.flush()
        session.add_all([CaseRole(case_id=case.id, role_key=role) for role in ROLES])
        instance = ProcessInstance(
            id=str(uuid.uuid4()),
            case_id=case.id,
            plan_version_id=version.id,
            content_hash="a" * 64,
            started_at=now,
        )
        session.add(instance)
        unit.case_id, unit.instance_id, unit.channel_id = case.id, instance.id, channel.id

    db.run(work)
    return unit
