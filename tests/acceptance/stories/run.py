"""Plays a story on the product: the services, on a real database, with its own people.

Nothing is written past the services. What the story sees (open tasks, clocks, sequence flows, end
events) is read back from rows and history, so a story also shows that they are complete.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select

from models.cases import Case
from models.people import Person
from models.plans import PlanVersion
from models.tasks import Timer, UserTask
from services import cases, history, outbox, people, plan_settings, recusals, tasks, timers
from services.actor import SYSTEM, Actor
from services.context import anchors_of
from services.definitions import catalogue_for, definition_for, static_path
from services.errors import Refusal
from services.plan_folder import read_folder
from services.plans import deploy_plan
from services.uow import Database, UnitOfWork
from tests.acceptance.stories.answers import Answers
from tests.acceptance.stories.cast import found_organisation
from tests.acceptance.stories.clocked import Clocked
from workflows.contract import Element

LIBRARY = Path(__file__).resolve().parents[3] / "bpmn"


@dataclass
class Stage:
    """An organisation with the plan in use, for all of the plan's stories."""

    db: Database
    key: str
    now: datetime
    version_id: int = 0
    flows: set[tuple[str, str]] = field(default_factory=set)
    judged: dict[str, set[str]] = field(default_factory=dict)
    told: set[Any] = field(default_factory=set)

    @classmethod
    def set(cls, db: Database, key: str, now: datetime) -> Stage:
        found_organisation(db, LIBRARY, now)
        bundle = read_folder(LIBRARY / key)
        version = db.run(lambda uow: deploy_plan(uow, bundle, "", SYSTEM, now))
        return cls(db, key, now, version.id)

    def play(self, story: Any) -> Story:
        """Open a case and let ``story`` be told; what it showed is added to the stage's."""
        played = Story(self, getattr(story, "settings", {}))
        story(played)
        self.told.add(story)
        self.flows |= played.flows
        for clock, verdicts in played.judged.items():
            self.judged.setdefault(clock, set()).update(verdicts)
        return played


class Story(Clocked):
    """One case of the plan, with the words of `tests.unit.plan_driver.Play`."""

    def __init__(self, stage: Stage, settings: Mapping[str, Any]) -> None:
        self.db, self.key = stage.db, stage.key
        self.discovered_at = stage.now
        self.now = stage.now + timedelta(minutes=1)
        self.judged: dict[str, set[str]] = {}
        self.actors: dict[str, int] = {}
        with self.db.read() as session:
            version = session.get_one(PlanVersion, stage.version_id)
            self.definition = definition_for(session, version.content_hash)
            self.catalogue = catalogue_for(session, version)
            self.manifest = version.manifest
        self._flow_homes = _flow_homes(self.catalogue)
        self._set(settings)
        self.case_id = self.db.run(self._open)
        self._set(dict.fromkeys(settings))
        self._pass_time()

    def on(self, db: Database) -> Self:
        """The same story, to be told on from here on a copy of its database."""
        again = copy.copy(self)
        again.db = db
        again.judged = {clock: set(verdicts) for clock, verdicts in self.judged.items()}
        again.actors = dict(self.actors)
        return again

    # ---------------------------------------------------------------- looking

    @property
    def case(self) -> Case:
        with self.db.read() as session:
            return session.get_one(Case, self.case_id)

    @property
    def tasks(self) -> dict[str, UserTask]:
        """Open tasks by path, oldest first (the newest where a path is open twice)."""
        rows = select(UserTask).where(UserTask.case_id == self.case_id, UserTask.status == "open")
        with self.db.read() as session:
            ordered = session.scalars(rows.order_by(UserTask.created_at, UserTask.round))
            return {task.element_path: task for task in ordered}

    @property
    def timers(self) -> dict[str, Timer]:
        """Waiting timers by path."""
        rows = select(Timer).where(Timer.case_id == self.case_id, Timer.status == "waiting")
        with self.db.read() as session:
            return {timer.element_path: timer for timer in session.scalars(rows)}

    @property
    def fired(self) -> list[str]:  # type: ignore[override]
        """Paths of the timers that have fired."""
        rows = select(Timer).where(Timer.case_id == self.case_id, Timer.fired_at.is_not(None))
        with self.db.read() as session:
            return [timer.element_path for timer in session.scalars(rows)]

    @property
    def anchors(self) -> dict[str, datetime]:
        with self.db.read() as session:
            return dict(anchors_of(session, self.case_id))

    @property
    def done(self) -> list[str]:
        return self._paths("completed")

    @property
    def cancelled(self) -> list[str]:
        return self._paths("cancelled")

    @property
    def status(self) -> str:
        """As the engine says: ``running`` or ``completed``."""
        return "running" if self.tasks or self.timers else "completed"

    @property
    def steps(self) -> list[str]:
        """Paths of the elements completed, in order, as history tells them."""
        steps = (step for payload in self._payloads() for step in payload.get("steps", ()))
        return [step.partition("#")[0] for step in steps if step[0] not in "+-"]

    @property
    def ends(self) -> list[str]:
        """Paths of the end events reached."""
        found = self.definition.elements
        return [s for s in self.steps if (e := found.get(static_path(s))) and e.kind == "endEvent"]

    @property
    def flows(self) -> set[tuple[str, str]]:
        """The sequence flows taken, as (process id, flow id), as history tells them."""
        taken = {flow for payload in self._payloads() for flow in payload.get("flows", ())}
        return {(home, flow) for flow in taken for home in self._flow_homes.get(flow, ())}

    def element(self, path: str) -> Element:
        return self.definition.element(path)

    # ----------------------------------------------------------------- acting

    def do(self, path: str, /, **data: Any) -> Self:
        """Complete the open task at ``path`` as somebody of its role; ``data`` over what the form
        holds when no more than needed is filled in. Who may not (four eyes) leaves it to a
        colleague."""
        task = self._task(path)
        names = self._who(task)
        for name in names:
            try:
                self._complete(task, name, data)
            except Refusal as refusal:
                if refusal.code not in {"four_eyes", "recused"} or name == names[-1]:
                    raise
            else:
                break
        self._pass_time()
        return self

    def refused(self, path: str, /, code: str = "", as_: str = "", **data: Any) -> Self:
        """Completing the task (as person ``as_``, else as the first of its role) is refused, with
        ``code`` if given, and the task stays open."""
        task = self._task(path)
        try:
            self._complete(task, as_ or self._who(task)[0], data)
        except Refusal as refusal:
            assert code in {"", refusal.code}, (path, refusal.code)
        else:
            raise AssertionError(f"{path} was not refused")
        assert path in self.tasks
        return self

    def recuse(self, *usernames: str, roles: tuple[str, ...] = ()) -> Self:
        """The office records who stands back from the case: people, or everybody of a role."""
        ids = [self.actor(name).person_id or 0 for name in usernames]
        office = self.actor("office")
        self.db.run(
            lambda uow: recusals.record(
                uow,
                self.case_id,
                office,
                self.now,
                person_ids=ids,
                role_keys=roles,
                reason="被反映的部门",
            )
        )
        return self

    def wait(self, **delta: float) -> Self:
        """Let time pass; what comes due happens when it is due."""
        self.now += timedelta(**delta)
        self._pass_time()
        return self

    def retier(self) -> Self:
        actor = self.actor("office")
        self.db.run(lambda uow: cases.retier(uow, self.case_id, "出现新情况", actor, self.now))
        self._pass_time()
        return self

    def grade(self, tier: str, /, **triage: Any) -> Self:
        self.do("triage", **triage)
        return self.do("grade", tier=tier)

    def finish(self, **choices: dict[str, Any]) -> Self:
        """Complete whatever is open, oldest first, until the end; ``choices`` by element id."""
        for _ in range(150):
            if not (waiting := self.tasks):
                assert self.status == "completed", (self.key, "waits for a timer", self.timers)
                return self
            path = next(iter(waiting))
            self.do(path, **choices.get(waiting[path].element_id, {}))
        raise AssertionError(f"{self.key}: still open after 150 tasks: {list(self.tasks)}")

    def actor(self, username: str) -> Actor:
        """A person of the cast: a role's key, or that and a digit for a colleague."""
        if username not in self.actors:
            with self.db.read() as session:
                person = people.person_by_username(session, username)
                assert person is not None, username
                self.actors[username] = person.id
        return Actor(self.actors[username], username.rstrip("2"))

    # ---------------------------------------------------------------- inside

    def _open(self, uow: UnitOfWork) -> int:
        case = cases.open_case(
            uow,
            plan_key=self.key,
            title="网传排练时舞台桁架倒塌",
            summary="短视频平台流传排练时舞台桁架倒塌的视频,称有人受伤。",
            link="https://video.example/v/1",
            discovered_at=self.discovered_at,
            actor=self.actor("duty"),
            now=self.now,
            extra={"medium": "short_video"},
        )
        return case.id

    def _set(self, settings: Mapping[str, Any]) -> None:
        """Have the plan author change settings; None puts one back to the plan's own."""
        own = {row.key: row.default for row in plan_settings.settings_of(self.manifest)}
        for key, value in settings.items():
            text = _as_typed(own[key] if value is None else value)

            def change(uow: UnitOfWork, key: str = key, text: str = text) -> None:
                author = self.actor("author")
                plan_settings.change_setting(
                    uow, self.key, self.manifest, key, text, "按本单位情况设置", author, self.now
                )

            self.db.run(change)

    def _complete(self, task: UserTask, name: str, data: Mapping[str, Any]) -> None:
        actor = self.actor(name)
        answers = Answers(self.db, self.manifest, task.id, actor, self.now)
        given = answers.fill(self.definition.element(static_path(task.element_path)), data)
        done = self.db.run(lambda uow: tasks.complete_task(uow, task.id, actor, given, self.now))
        assert not done.incidents, (task.element_path, done.incidents)

    def _task(self, path: str) -> UserTask:
        waiting = self.tasks
        assert path in waiting, (path, "is not open; open are", list(waiting))
        return waiting[path]

    def _who(self, task: UserTask) -> list[str]:
        with self.db.read() as session:
            row = session.get_one(UserTask, task.id)
            if row.assignee_id is not None:
                return [session.get_one(Person, row.assignee_id).username]
        groups = self.definition.element(static_path(task.element_path)).candidate_groups
        return [name for group in groups for name in (group, f"{group}2")]

    def _pass_time(self) -> None:
        while True:
            with self.db.read() as session:
                fires, goes = timers.next_due(session), outbox.next_due(session)
            due = min((m for m in (fires, goes) if m is not None), default=None)
            if due is None or due > self.now:
                return
            if goes is not None and goes == due:
                outbox.deliver_next(self.db, self.now)
            else:
                timers.fire_next(self.db, due)

    def _paths(self, status: str) -> list[str]:
        rows = select(UserTask).where(UserTask.case_id == self.case_id, UserTask.status == status)
        with self.db.read() as session:
            return [t.element_path for t in session.scalars(rows.order_by(UserTask.completed_at))]

    def _payloads(self) -> list[dict[str, Any]]:
        with self.db.read() as session:
            events = history.events_of_case(session, self.case_id, limit=5000)
            return [history.payload_of(event) for event in events]


def _flow_homes(read: Any) -> dict[str, set[str]]:
    """The processes of a bundle that have a flow of that id."""
    homes: dict[str, set[str]] = {}
    for flow in read.flows.values():
        homes.setdefault(flow.id, set()).add(read.elements[flow.source].process_id)
    return homes


def _as_typed(value: bool | str | None) -> str:
    return str(value).lower() if isinstance(value, bool) else value or ""
