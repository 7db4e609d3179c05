"""Fixtures of the services' tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.uow import Database
from tests.integration.world import MORNING, Made, World, make_world, on_paper, plan_t01
from tests.kept import SqliteEngines

#: `tests.conftest.furnish`.
Furnish = Callable[[str, Callable[[Database], Any]], Any]


def with_t01(db: Database) -> World:
    made = make_world(db, MORNING)
    made.deploy(on_paper(plan_t01()))
    return made


@pytest.fixture
def world(db: Database, now: datetime, furnish: Furnish) -> World:
    """The cast and plan ``t01``, on a fresh database of each kind."""
    return World(db, now, dict(furnish("t01", with_t01).people))


@pytest.fixture
def small(
    furnished: Made, now: datetime, tmp_path: Path, sqlite_engines: SqliteEngines
) -> Iterator[World]:
    """The same on SQLite alone, for what is not the database's."""
    path = tmp_path / "small.db"
    shutil.copyfile(furnished[0], path)
    with sqlite_engines.at(path) as database:
        yield World(database, now, dict(furnished[1]))
