"""Plan 11 of the library in force in its second version, made once and copied for each test."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from models.people import Person, Role
from services import drafts
from services.uow import Database, UnitOfWork
from tests.integration.world import World
from tests.unit.plan_driver import LIBRARY, bundle
from tests.unit.test_plan_diff import THE_FOUR, edited
from tests.web.conftest import MORNING

Made = tuple[Path, dict[str, Person]]


@pytest.fixture(scope="session")
def county_made(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The database: two versions of plan 11, the roles it needs."""
    path = tmp_path_factory.mktemp("county") / "planroom.db"
    shutil.copyfile(furnished[0], path)
    database = Database(f"sqlite:///{path}")
    world = World(database, MORNING, dict(furnished[1]))

    def roles(uow: UnitOfWork) -> None:
        there = set(uow.session.scalars(select(Role.key)))
        for row in tomllib.loads((LIBRARY / "roles.toml").read_text(encoding="utf-8"))["role"]:
            if row["key"] not in there:
                names = {"name": row["name"], "name_en": row["name_en"]}
                uow.session.add(Role(key=row["key"], rank=row["rank"], **names))

    database.run(roles)
    world.deploy(bundle("p11"))
    world.deploy(edited(bundle("p11"), *THE_FOUR))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path, world.people


@pytest.fixture
def db(county_made: Made, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "planroom.db"
    shutil.copyfile(county_made[0], path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def county(db: Database, now: datetime, county_made: Made) -> World:
    return World(db, now, dict(county_made[1]))


def draft_of(world: World, *edits: tuple[str, str, str]) -> int:
    """The author's draft of plan 11, with these edits (file, old, new) saved."""

    def work(uow: UnitOfWork) -> int:
        author = world.actor("author")
        found = drafts.open_draft(uow, "p11", author, world.now)
        here = edited(drafts.bundle_of_draft(uow.session, found), *edits)
        changes: dict[str, bytes | None] = {name: here.files[name] for name, _o, _n in edits}
        drafts.save_files(uow, found.id, changes, author, world.now)
        return found.id

    return world.db.run(work)
