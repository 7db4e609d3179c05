"""Fixtures of the services' tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from services.uow import Database
from tests.integration.world import Made, World, make_world, on_paper, plan_t01


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """The cast and plan ``t01``, on a fresh database of each kind."""
    made = make_world(db, now)
    made.deploy(on_paper(plan_t01()))
    return made


@pytest.fixture
def small(furnished: Made, now: datetime, tmp_path: Path) -> Iterator[World]:
    """The same on SQLite alone, for what is not the database's."""
    path = tmp_path / "small.db"
    shutil.copyfile(furnished[0], path)
    database = Database(f"sqlite:///{path}")
    yield World(database, now, dict(furnished[1]))
    database.dispose()
