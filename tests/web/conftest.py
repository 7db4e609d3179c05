"""A client that behaves like a browser: it keeps cookies, reads the page's token and sends it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from config import Settings
from models.people import Person
from services.uow import Database
from tests.integration.world import World, make_world, plan_t01

#: The fixture `now` of tests/conftest.py, which is not for a whole session.
MORNING = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Clock:
    """The wall clock of the application under test; tests move it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Browser:
    """One person at one browser."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **keys: Any) -> TestResponse:
        answer = self.client.get(path, **keys)
        self._read(answer)
        return answer

    def post(self, path: str, data: Any = None, **keys: Any) -> TestResponse:
        """Post a form with the token of the page last seen."""
        if not self.token:
            self.get("/sign-in")
        if not self.token:
            self.get("/inbox")
        answer = self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **keys)
        self._read(answer)
        return answer

    def _read(self, answer: TestResponse) -> None:
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.token = found.group(1)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture(scope="session")
def furnished(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Person]]:
    """A database with the cast and plan ``t01``, made once and copied for each test."""
    path = tmp_path_factory.mktemp("furnished") / "planroom.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    made = make_world(database, MORNING)
    made.deploy(plan_t01())
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path, made.people


@pytest.fixture
def db(furnished: tuple[Path, dict[str, Person]], tmp_path: Path) -> Iterator[Database]:
    """The services run on both databases in tests/integration; the views on SQLite."""
    path = tmp_path / "planroom.db"
    shutil.copyfile(furnished[0], path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def world(db: Database, now: datetime, furnished: tuple[Path, dict[str, Person]]) -> World:
    """The cast and plan ``t01``."""
    return World(db, now, dict(furnished[1]))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", demo=True)


@pytest.fixture
def app(db: Database, settings: Settings, clock: Clock) -> Flask:
    made = create_app(settings, database=db, clock=clock)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def real_app(db: Database, settings: Settings, clock: Clock) -> Flask:
    """The application outside the demonstration."""
    return create_app(replace(settings, demo=False), database=db, clock=clock)


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Nobody yet."""
    return Browser(app.test_client())


@pytest.fixture
def as_(app: Flask, world: World) -> Callable[[str], Browser]:
    """``as_("duty")``: a browser in which that person of the cast is signed in."""

    def sign_in(name: str) -> Browser:
        client = app.test_client()
        person = world.people[name]
        with client.session_transaction() as session:
            session["_user_id"] = f"{person.id}:{person.session_epoch}"
            session["_fresh"] = True
        return Browser(client)

    return sign_in
