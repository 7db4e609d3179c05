"""A client that behaves like a browser: it keeps cookies, reads the page's token and sends it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing.rules import Rule
from werkzeug.test import TestResponse

from app import create_app
from config import Settings
from services.uow import Database
from tests.integration.world import Made, World
from tests.kept import SqliteEngines

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Compiled(BytecodeCache):
    """Templates compiled once for all the applications of a run: each test has its own."""

    def __init__(self) -> None:
        self.code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self.code[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


class Builders:
    """What writes the addresses of a rule, compiled once for all the applications of a run: most
    of the time it takes to make one."""

    def __init__(self) -> None:
        self.made: dict[Any, Any] = {}
        self.compile = Rule._compile_builder

    def __call__(self, rule: Rule, append_unknown: bool = True) -> Any:
        if rule.defaults:
            return self.compile(rule, append_unknown)
        key = (rule.rule, append_unknown, tuple(rule._trace))
        if key not in self.made:
            self.made[key] = self.compile(rule, append_unknown)
        return self.made[key]


_builders = Builders()
Rule._compile_builder = lambda rule, unknown=True: _builders(rule, unknown)  # type: ignore[method-assign,assignment]


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

    def save(
        self, draft: int, content: str, revision: int = 0, name: str = "plan.bpmn"
    ) -> TestResponse:
        """Save a file of a draft as the editors do."""
        self.get("/studio")
        return self.client.put(
            f"/studio/drafts/{draft}/files/{name}",
            json={"content": content, "revision": revision},
            headers={"X-CSRFToken": self.token},
        )

    def _read(self, answer: TestResponse) -> None:
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        if found:
            self.token = found.group(1)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def made(furnished: Made) -> Made:
    """What each test has a copy of; modules that need more put their own in its place."""
    return furnished


@pytest.fixture
def db(made: Made, tmp_path: Path, sqlite_engines: SqliteEngines) -> Iterator[Database]:
    """The services run on both databases in tests/integration; the views on SQLite."""
    path = tmp_path / "planroom.db"
    shutil.copyfile(made[0], path)
    with sqlite_engines.at(path) as database:
        yield database


@pytest.fixture
def world(db: Database, now: datetime, made: Made) -> World:
    """The cast and plan ``t01``."""
    return World(db, now, dict(made[1]))


@pytest.fixture
def draft(world: World) -> int:
    """The author's draft of ``t01``."""
    return world.draft()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", demo=True)


@pytest.fixture
def app(db: Database, settings: Settings, clock: Clock) -> Flask:
    made = create_app(settings, database=db, clock=clock)
    made.jinja_env.bytecode_cache = COMPILED
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def real_app(db: Database, settings: Settings, clock: Clock) -> Flask:
    """The application outside the demonstration."""
    made = create_app(replace(settings, demo=False), database=db, clock=clock)
    made.jinja_env.bytecode_cache = COMPILED
    return made


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
