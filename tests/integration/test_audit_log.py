"""The log of the audit room read back, on each database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.people import Person
from services import audit_log
from services.actor import Actor
from services.audit_log import Asked, Log
from services.audit_trail import Opened, record_opened
from services.errors import Refusal
from tests.integration.world import World


def open_page(world: World, at: datetime, what: str, case: int | None = None) -> None:
    actor = Actor(world.people["auditor"].id, "auditor")
    world.db.run(lambda uow: record_opened(uow, Opened(what, case), actor, at))


def read(world: World, asked: Asked, who: str = "auditor") -> Log:
    with world.db.read() as session:
        return audit_log.log(session, session.get_one(Person, world.people[who].id), asked)


def test_filters_mean_exactly_what_they_say(world: World) -> None:
    case = world.open("t01")
    for n, (what, about) in enumerate(
        [("cases.show", case.id), ("cases.showy", case.id), ("casesXshow", None),
         ("cases.show", case.id * 10), ("cases.index", None)]
    ):  # fmt: skip
        open_page(world, world.now + timedelta(hours=n), what, about)
    pages = read(world, Asked(pages=("cases.show",)))
    assert [entry.payload["case"] for entry in pages.entries] == [case.id * 10, case.id]
    assert [entry.case is not None for entry in pages.entries] == [False, True], "no such case"
    assert len(read(world, Asked(case=case.id)).entries) == 2
    assert len(read(world, Asked(pages=("cases.index",), case=case.id)).entries) == 0
    assert len(read(world, Asked(person=world.people["duty"].id)).entries) == 0
    assert len(read(world, Asked(types=("audit.opened",), pages=("x",))).entries) == 5
    assert len(read(world, Asked(since=world.now + timedelta(hours=4))).entries) == 1
    for who in ("duty", "leader"):
        with pytest.raises(Refusal, match="not_your_role"):
            read(world, Asked(), who)


def test_a_period_begins_where_it_begins_however_long_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "BOUND", 5)
    monkeypatch.setattr(audit_log, "_SLACK", 0)
    for n in range(30):
        open_page(world, world.now + timedelta(hours=n), "cases.show")
    span = Asked(since=world.now + timedelta(hours=3), until=world.now + timedelta(hours=6))
    found = read(world, span)
    first = min(world.all(select(HistoryEvent.seq).where(HistoryEvent.type == "audit.opened")))
    assert found.complete and found.before is None
    assert [entry.event.seq - first for entry in found.entries] == [5, 4, 3]
