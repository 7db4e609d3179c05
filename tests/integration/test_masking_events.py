"""What an auditor is told of events outside the case's own chain: no name that is known in the case
stands there; on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models.audit import ExportJob
from models.cases import Case
from models.history import HistoryEvent
from models.people import Membership
from services import export_jobs, signals, unmasking
from services.access import person_of
from services.event_filter import EventFilter
from services.export_run import Exports
from services.export_source import Entry, Source
from services.export_tables import COLUMNS, Labels
from services.masking_events import masks_beside
from services.uow import UnitOfWork
from tests.integration.test_masking import NAME, PHONE, give, opened, plan_t03
from tests.integration.world import World

OTHER = "司马长风"


@pytest.fixture
def case(world: World) -> Case:
    """A case with a second signal, which speaks of somebody whom the form names."""
    world.deploy(plan_t03())
    made, duty = opened(world), world.actor("duty")

    def twice(uow: UnitOfWork) -> None:
        again = signals.record(uow, signals.Noticed(text=f"{OTHER}也来了"), duty, world.now)
        again.case_id, again.status = made.id, "taken"
        signals.record(uow, signals.Noticed(text="另有人来"), duty, world.now)

    world.db.run(twice)
    return made


def exported(world: World, who: str = "auditor") -> list[Entry]:
    with world.db.read() as session:
        person = person_of(session, world.people[who].id)
        assert person is not None
        source = Source(session, EventFilter(), person, world.now)
        entries = list(source.by_time(words=True))
        assert source.masked is (who == "auditor")
        return entries


def test_events_about_a_signal_are_masked_as_its_case_is(
    world: World,
    case: Case,
) -> None:
    told = [dict(entry.personal) for entry in exported(world)]
    for secret in (NAME, PHONE, OTHER):
        assert secret not in repr(told)
    assert "〔姓名〕也来了" in [one.get("text") for one in told], "the rest of it is to be read"
    assert "另有人来" in [one.get("text") for one in told]
    assert NAME in repr([dict(entry.personal) for entry in exported(world, "duty")])


def test_unmasked_with_its_case(world: World, case: Case) -> None:
    reason = f"核对{NAME}所说是否属实"
    auditor = world.actor("auditor")
    world.db.run(lambda uow: unmasking.unmask(uow, case.id, reason, auditor, world.now))
    with world.db.read() as session:
        events = list(session.scalars(select(HistoryEvent)))
        person = person_of(session, world.people["auditor"].id)
        assert person is not None
        now = masks_beside(session, person, events, world.now)
        later = masks_beside(session, person, events, world.now + timedelta(hours=2))
        of = {event.id: event for event in events}
        asked = next(event for event in events if event.type == "audit.unmasked")
        assert not now[asked.id].on
        assert NAME not in str(later[asked.id].event(asked, {}, {"reason": reason})["reason"])
        assert all(of[id_].case_id is None for id_ in later)
        assert {of[id_].type for id_ in later} >= {"signal.recorded", "signal.taken"}


def test_a_file_is_not_made_for_whoever_is_no_auditor_any_more(
    world: World,
    case: Case,
    tmp_path: Path,
) -> None:
    """Who is none sees no case masked: the role is asked for again when the file is begun."""
    auditor = world.actor("auditor")
    job = world.db.run(
        lambda uow: export_jobs.request(uow, "csv", EventFilter(), "zh", auditor, world.now)
    )

    def taken_away(uow: UnitOfWork) -> None:
        of = Membership.person_id == auditor.person_id
        for row in uow.session.scalars(select(Membership).where(of)):
            row.until = world.now

    world.db.run(taken_away)
    exports = Exports(world.db, tmp_path, lambda: world.now)
    exports.submit(job.id, Labels({name: name for name in COLUMNS})).result()
    exports.close()
    with world.db.read() as session:
        made = session.get_one(ExportJob, job.id)
        assert (made.status, made.error, made.file_name) == ("failed", "not_your_role", "")
    assert not list((tmp_path / "exports").iterdir())


def test_an_auditor_who_works_on_the_case_reads_all_of_it(
    world: World,
    case: Case,
) -> None:
    give(world, "duty2", "auditor")
    with world.db.read() as session:
        person = person_of(session, world.people["duty2"].id)
        assert person is not None
        events = list(session.scalars(select(HistoryEvent)))
        found = masks_beside(session, person, events, world.now)
    assert found and not any(mask.on for mask in found.values())
