"""Evidence bundles: made (as an auditor gets one over HTTP, report and all) and verified, for cases
of 100, 1,000 and 10,000 events; and how both grow."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from app import create_app
from config import Settings
from models.audit import Unmasking
from models.cases import Case
from models.people import Role
from services import evidence, history
from services.actor import SYSTEM, Actor
from services.people import create_person
from services.uow import UnitOfWork
from tests.benchmarks.figures import Figure, clocked, plain, ratio
from tests.benchmarks.house import PASSWORD, House, folder, house
from tools.planroom_verify import verify

EVENTS = (100, 1_000, 10_000)
RUNS = 3


def measure() -> Iterator[Figure]:
    """Ten times the events may take at most fifteen times as long."""
    made: dict[int, float] = {}
    checked: dict[int, float] = {}
    with folder() as place:
        unit = house(f"sqlite:///{place / 'planroom.db'}")
        auditor = _auditor(unit)
        for events in EVENTS:
            case_id = _case(unit, events)
            _unmask(unit, auditor, case_id)
            path = place / f"{events}.zip"
            times, verified = list[float](), list[float]()
            for _ in range(RUNS):
                with clocked(times):
                    path.write_bytes(_downloaded(unit, place, auditor, case_id))
                with clocked(verified):
                    report = verify(path)
                assert report.sound, report.breaks
            made[events], checked[events] = min(times), min(verified)
            yield plain(f"bundle made over HTTP, {events:,} events", made[events], "s")
            yield plain(f"bundle verified, {events:,} events", checked[events], "s")
            yield plain(f"bundle, {events:,} events", path.stat().st_size / 1e6, "MB")
            yield plain(f"memory while written, {events:,} events",
                        _peak(unit, place, auditor, case_id) / 1e6, "MB")  # fmt: skip
        unit.db.dispose()
    for name, times_ in (("made", made), ("verified", checked)):
        for few, many in pairwise(EVENTS):
            growth = times_[many] / times_[few]
            yield ratio(f"bundle {name}, {few:,} to {many:,} events", growth, "at most", 15)


def _auditor(unit: House) -> Actor:
    def work(uow: UnitOfWork) -> Actor:
        uow.session.add(Role(key="auditor", name="auditor"))
        uow.session.flush()
        person = create_person(uow, "aud", "核查员", PASSWORD, ["auditor"], SYSTEM, unit.now)
        return Actor(person.id, "auditor")

    return unit.db.run(work)


def _case(unit: House, events: int) -> int:
    """A case of the plan whose record was filled up, with a personal value in every other one."""
    case = unit.open()

    def work(uow: UnitOfWork) -> None:
        row = uow.session.get_one(Case, case.id)
        there = len(history.events_of_case(uow.session, case.id))
        for n in range(events - there):
            personal = (
                {"text": {"remark": f"第{n}次巡查,未见异常,已告知值班室。"}} if n % 2 else None
            )
            history.append(
                uow, "task.completed", case=row, actor=unit.actor, occurred_at=unit.now,
                now=unit.now, element_path="check", personal=personal,
                payload={"task": f"task-{n}", "steps": ["check", "+grade"], "flows": [f"f{n}"]},
            )  # fmt: skip

    unit.db.run(work)
    return case.id


def _unmask(unit: House, auditor: Actor, case_id: int) -> None:
    row = Unmasking(person_id=auditor.person_id, case_id=case_id, since=unit.now,
                    until=unit.now.replace(year=unit.now.year + 1))  # fmt: skip
    unit.db.run(lambda uow: uow.session.add(row))


def _downloaded(unit: House, place: Path, auditor: Actor, case_id: int) -> bytes:
    settings = Settings(data_dir=place / "data")
    app = create_app(settings, database=unit.db, clock=lambda: unit.now)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = f"{auditor.person_id}:0", True
    answer = client.post(f"/audit/cases/{case_id}/bundle")
    assert answer.status_code == 200, answer.status
    return bytes(answer.data)


def _peak(unit: House, place: Path, auditor: Actor, case_id: int) -> int:
    """Most bytes Python holds while the parts are written (without the report, which is one)."""

    def none(*_given: Any) -> list[tuple[str, bytes]]:
        return []

    with (place / "peak.zip").open("wb+") as out:
        assert isinstance(out, io.BufferedRandom)
        tracemalloc.start()
        evidence.make_bundle(unit.db, place / "data", case_id, none, auditor, unit.now, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak
