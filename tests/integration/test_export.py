"""Exports on both databases: what a filter keeps, in whose order, and how many there will be."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from lxml import etree

from models.cases import Case
from services import (
    event_search,
    export_ocel,
    export_rows,
    export_seen,
    export_source,
    export_xes,
    history,
)
from services.event_filter import EventFilter
from services.export_ocel import write_ocel
from services.export_source import Source
from services.export_xes import AUTOMATIC, TYPES, write_xes
from tests.integration.test_masking import opened, plan_t03
from tests.integration.world import World

_XES = "{http://www.xes-standard.org/}"


@pytest.fixture
def cases(world: World) -> list[Case]:
    """Two cases, the second worked on first."""
    made = [world.open(), world.open()]
    later = world.now + timedelta(minutes=5)
    world.complete(made[1], "check", "duty", {"note": "一"}, later)
    world.complete(made[0], "check", "duty2", {"note": "二"}, later + timedelta(minutes=1))
    return made


def written(
    world: World, flt: EventFilter, write: Callable[[IO[bytes], Source], int]
) -> tuple[bytes, int]:
    out = io.BytesIO()
    with world.db.read() as session:
        person = session.merge(world.people["auditor"], load=False)
        n = write(out, Source(session, flt, person, world.now))
    return out.getvalue(), n


def told(text: bytes) -> dict[str, list[tuple[str, str, str]]]:
    """Case number -> (element, transition, resource) of a log's events, in order."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for trace in etree.fromstring(text).iter(f"{_XES}trace"):
        keys = {one.get("key"): one.get("value") for one in trace}
        events = found.setdefault(str(keys["concept:name"]), [])
        for event in trace.iter(f"{_XES}event"):
            one = {attribute.get("key"): str(attribute.get("value")) for attribute in event}
            events.append((one["element"], one["lifecycle:transition"], one["org:resource"]))
    return found


def test_a_log_goes_case_by_case_and_keeps_what_the_filter_keeps(
    world: World, cases: list[Case], tmp_path: Path
) -> None:
    def xes(out: IO[bytes], source: Source) -> int:
        n = write_xes(out, source, lambda _: None, automatic=False)
        assert source.total(TYPES) in (n, None)
        return n

    def ocel(out: IO[bytes], source: Source) -> int:
        return write_ocel(out, source, lambda _: None, tmp_path)

    duty, duty2 = (f"person:{world.people[name].id}" for name in ("duty", "duty2"))
    text, _ = written(world, EventFilter(), xes)
    log = told(text)
    assert list(log) == [case.number for case in cases]
    checked = [one[1:] for one in log[cases[0].number] if one[0] == "check"]
    assert (checked[0], checked[-1]) == (("schedule", duty), ("complete", duty2))
    assert ("grade", "schedule", duty) in log[cases[1].number]
    for flt in (
        EventFilter(case=cases[1].id),
        EventFilter(plan="t01"),
        EventFilter(person=world.people["duty2"].id),
        EventFilter(element="check"),
        EventFilter(types=("task.completed", "task.opened")),
        EventFilter(since=world.now + timedelta(minutes=5)),
        EventFilter(plan="t01", tier="major"),
    ):
        with world.db.read() as session:
            kept = list(event_search.stream(session, flt))
        text, n = written(world, flt, ocel)
        log_ = json.loads(text)
        assert [one["id"] for one in log_["events"]] == [f"{e.chain}:{e.seq}" for e in kept]
        assert n == len(kept)
        text, n = written(world, flt, xes)
        assert n == len([event for event in kept if event.type in TYPES])
        assert sum(map(len, told(text).values())) == n
    _whatever_the_batch(world, xes, ocel)
    with world.db.read() as session:
        person = session.merge(world.people["auditor"], load=False)
        everything = Source(session, EventFilter(), person, world.now)
        assert everything.total() == sum(1 for _ in everything.by_time())
        one = Source(session, EventFilter(case=cases[0].id), person, world.now)
        assert one.total() == len(history.events_of_case(session, cases[0].id))
        steps = [event for event in one.by_case(AUTOMATIC) if event.payload.get("steps")]
        assert len(steps) == 2  # the start, and the completion with what followed from it


def test_an_event_is_related_to_the_version_its_case_ran_on(world: World, tmp_path: Path) -> None:
    """Numbers count within a plan: version 1 of a second plan is not the first row."""
    world.deploy(plan_t03())
    case = opened(world)
    text, _ = written(
        world,
        EventFilter(case=case.id),
        lambda out, s: write_ocel(out, s, lambda n: None, tmp_path),
    )
    related = {
        event["type"]: {one["objectId"] for one in event["relationships"]
                        if one["objectId"].startswith("plan_version:")}
        for event in json.loads(text)["events"]
    }  # fmt: skip
    own = f"plan_version:{case.plan_version_id}"
    assert related["instance.started"] == {own}
    assert set().union(*related.values()) == {own}


def _whatever_the_batch(world: World, *writers: Callable[[IO[bytes], Source], int]) -> None:
    """How many events are read together, and how many objects are remembered, changes no byte."""
    for write in writers:
        for flt in (EventFilter(), EventFilter(since=world.now + timedelta(minutes=5))):
            at_once = written(world, flt, write)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(export_rows, "BATCH", 3)  # every chain is longer than two of these
                patched.setattr(export_seen, "MOST_KNOWN", 2)
                patched.setattr(export_source, "_MOST_KEPT", 1)
                patched.setattr(export_ocel, "BATCH", 3)
                patched.setattr(export_xes, "BATCH", 3)
                assert written(world, flt, write) == at_once
            assert at_once[1] > 3
