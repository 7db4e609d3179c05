"""Fixtures of the services' tests."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.uow import Database
from tests.integration.world import World, make_world, plan_t01


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """The cast and plan ``t01``, on a fresh database of each kind."""
    made = make_world(db, now)
    made.deploy(plan_t01())
    return made
