"""Opening a case's replay: its frames and the first hundred events in words, as the browser asks
for them; and going about in it, in the script the browser runs. With 100, 1,000 and 10,000 events,
which are those of a finished case of plan 11, again and again in later rounds.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from app import create_app
from config import Settings
from migrations.run import upgrade
from models.cases import Case
from models.people import Person
from services import history, people
from services.actor import Actor
from services.case_reading import case_events
from services.uow import Database, UnitOfWork
from tests.acceptance.stories import p11
from tests.acceptance.stories.run import Stage
from tests.benchmarks.figures import Figure, clocked, median, plain, ratio
from tests.unit.node import node

SIZES = (100, 1_000, 10_000)
TIMES = 7
MORNING = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/planroom.db"
        upgrade(url)
        db = Database(url)
        cases = _cases(db)
        client = _signed_in(db, Path(folder))
        opened: dict[int, float] = {}
        for size, case_id in cases.items():
            seconds: list[float] = []
            for _ in range(TIMES):
                with clocked(seconds):
                    frames = client.get(f"/audit/cases/{case_id}/replay.json")
                    words = client.get(f"/audit/cases/{case_id}/replay/events?from={size // 2}")
                assert frames.status_code == words.status_code == 200
            # The first time also reads the plan's files; the reader of a busy day does not.
            opened[size] = median(seconds)
            yield plain(f"replay of {size} events: frames and first words", opened[size], "s")
            if size == SIZES[0]:
                yield plain("the same, the plan's files not yet read", seconds[0], "s")
            body = frames.get_data(as_text=True)
            yield plain(f"replay of {size} events: frames", len(body.encode()) / 1000, "kB")
            yield from _script(size, body)
        db.dispose()
    most = SIZES[-1]
    yield ratio(f"replay of {most} events is open", opened[most], "at most", 1, "s")
    yield plain(f"{most} events / {SIZES[0]}", opened[most] / opened[SIZES[0]], "times")


def _script(size: int, frames: str) -> Iterator[Figure]:
    """What the browser's script takes to make a course of the frames, and to go to a place."""
    told = json.loads(node("tests/benchmarks/seeking.mjs", given=frames))
    yield plain(f"script, {size} events: reading the frames", told["open"], "ms")
    yield plain(f"script, {size} events: a step forward", told["forward"], "ms")
    yield plain(f"script, {size} events: a step back", told["back"], "ms")
    name = f"script, {size} events: going anywhere, 95 of 100"
    if size == SIZES[-1]:
        # A frame of a screen lasts 16 ms; the drawing wants the most of it.
        yield ratio(name, told["p95"], "at most", 4, "ms")
    else:
        yield plain(name, told["p95"], "ms")


def _signed_in(db: Database, folder: Path) -> FlaskClient:
    app = create_app(Settings(data_dir=folder / "data", demo=True), database=db)
    client = app.test_client()
    with db.read() as session:
        person = people.person_by_username(session, "auditor")
        assert person is not None
        token = f"{person.id}:{person.session_epoch}"
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return client


def _cases(db: Database) -> dict[int, int]:
    """Number of events -> the case that has as many."""
    stage = Stage.set(db, "p11", MORNING)
    told = stage.play(p11.extraordinary_case_reported_late).case_id
    with db.read() as session:
        events = [
            (event, history.payload_of(event), history.personal_by_event(session, [event]))
            for event in case_events(session, told)
        ]
        case = session.get_one(Case, told)
        opener = session.get_one(Person, case.opened_by).id
        values = {
            column.key: getattr(case, column.key)
            for column in Case.__table__.columns
            if column.key not in ("id", "number")
        }

    def write(size: int, uow: UnitOfWork) -> int:
        copy = Case(**values, number=f"bench-{size}")
        uow.session.add(copy)
        uow.session.flush()
        span = events[-1][0].recorded_at - events[0][0].recorded_at + timedelta(minutes=5)
        for n in range(size):
            turn, place = divmod(n, len(events))
            event, payload, personal = events[place]
            actor = Actor(event.person_id or opener, event.role_key)
            history.append(
                uow,
                event.type,
                case=copy,
                actor=actor,
                occurred_at=event.occurred_at + turn * span,
                now=event.recorded_at + turn * span,
                payload=_later(payload, turn),
                element_path=event.element_path,
                personal=personal.get(event.id),
            )
        return copy.id

    return {size: db.run(partial(write, size)) for size in SIZES}


def _later(payload: Mapping[str, Any], turn: int) -> Mapping[str, Any]:
    """The same in a later round."""
    if not turn or "steps" not in payload:
        return payload
    steps = []
    for step in payload["steps"]:
        path, _, round_ = step.partition("#")
        steps.append(f"{path}#{int(round_ or 1) + turn * 3}")
    return {**payload, "steps": steps}
