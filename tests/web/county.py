"""Plan 11 of the library in force in its second version, made once and copied for each test, and
the roles of the library."""

from __future__ import annotations

import tomllib

import pytest
from sqlalchemy import select

from models.people import Role
from services import draft_reading
from services.uow import Database, UnitOfWork
from tests.integration.world import MORNING, Made, World, make
from tests.unit.plan_driver import LIBRARY, bundle
from tests.unit.test_plan_diff import THE_FOUR, edited


def add_roles(uow: UnitOfWork) -> None:
    """The roles of the library the unit does not have yet, held by nobody."""
    there = set(uow.session.scalars(select(Role.key)))
    for row in tomllib.loads((LIBRARY / "roles.toml").read_text(encoding="utf-8"))["role"]:
        if row["key"] not in there:
            names = {"name": row["name"], "name_en": row["name_en"]}
            uow.session.add(Role(key=row["key"], rank=row["rank"], **names))


@pytest.fixture(scope="session")
def county_made(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The database: two versions of plan 11, the roles it needs."""

    def work(database: Database) -> World:
        world = World(database, MORNING, dict(furnished[1]))
        database.run(add_roles)
        world.deploy(bundle("p11"))
        world.deploy(edited(bundle("p11"), *THE_FOUR))
        return world

    return make(furnished[0], tmp_path_factory.mktemp("county"), work)


@pytest.fixture
def made(county_made: Made) -> Made:
    return county_made


def draft_of(world: World, *edits: tuple[str, str, str]) -> int:
    """The author's draft of plan 11, with these edits (file, old, new) saved."""
    draft = world.draft("p11")
    with world.db.read() as session:
        found = draft_reading.get_draft(session, draft)
        here = edited(draft_reading.bundle_of_draft(session, found), *edits)
    world.save_draft(draft, {name: here.files[name] for name, _old, _new in edits})
    return draft
