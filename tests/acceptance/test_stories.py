"""Every plan of the library, played on the product: each gateway branch, each clock met and
missed, held against the table of the texts' own numbers; no sequence flow left untaken."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case
from services import history, replay
from services.case_diagrams import element_states
from services.case_reading import case_events
from services.conformance_check import check_case
from services.uow import Database
from tests.acceptance.stories.clocked import source_clocks
from tests.acceptance.stories.run import Stage
from tests.unit.plan_driver import PLANS, manifest, read
from tests.unit.replay_course import as_given, run

Told = Callable[[Any], None]


def stories(key: str) -> tuple[Told, ...]:
    """The stories of a plan, from ``tests/acceptance/stories/<key>.py``."""
    told: tuple[Told, ...] = importlib.import_module(f"tests.acceptance.stories.{key}").STORIES
    return told


def flows_of(key: str) -> set[tuple[str, str]]:
    """All sequence flows of a plan and what it calls, as (process id, flow id)."""
    placed = read(key)
    return {(placed.elements[flow.source].process_id, flow.id) for flow in placed.flows.values()}


@pytest.fixture(scope="module")
def stages(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Stage]]:
    """A stage a plan, kept for the last tests, which look at all stories together."""
    found: dict[str, Stage] = {}
    at = datetime.fromisoformat("2026-03-10T09:00:00+08:00")

    def stage(key: str) -> Stage:
        if key not in found:
            path = tmp_path_factory.mktemp(key) / "planroom.db"
            shutil.copyfile(sqlite_template, path)
            found[key] = Stage.set(Database(f"sqlite:///{path}"), key, at)
        return found[key]

    yield stage
    for one in found.values():
        one.db.engine.dispose()


TOLD = [(key, story) for key in PLANS for story in stories(key)]


@pytest.mark.parametrize(
    ("key", "story"), TOLD, ids=[f"{key}-{story.__name__}" for key, story in TOLD]
)
def test_story(key: str, story: Told, stages: Callable[[str], Stage]) -> None:
    stages(key).play(story)


# ------------------------------------------------------------ all stories of a plan together


def told(key: str, stages: Callable[[str], Stage]) -> Stage:
    """The plan's stage once all of its stories are told (those not yet told are, now)."""
    stage = stages(key)
    for story in stories(key):
        if story not in stage.told:
            stage.play(story)
    return stage


def clocks_of(key: str) -> set[str]:
    prefix = str(manifest(key)["business_prefix"])
    return {id for id in source_clocks() if id.startswith(f"{prefix}-")}


@pytest.mark.parametrize("key", PLANS)
def test_every_clock_of_the_text_is_met_and_missed(
    key: str, stages: Callable[[str], Stage]
) -> None:
    judged = told(key, stages).judged
    timed = {id for id in clocks_of(key) if source_clocks()[id].timed}
    assert {id: judged.get(id, set()) for id in timed} == {id: {"met", "missed"} for id in timed}
    assert set(judged) <= clocks_of(key), "a clock of another text"


@pytest.mark.parametrize("key", PLANS)
def test_the_plan_lists_every_clock_of_its_text(key: str) -> None:
    listed = {row["id"]: row for row in manifest(key)["clocks"]}
    assert set(listed) == clocks_of(key)
    for id, row in listed.items():
        clock = source_clocks()[id]
        assert row["kind"] == clock.kind or (clock.kind, row["kind"]) == ("rule", "external"), id
        assert row["iso"] in (clock.iso or ("",)) or not row["iso"], id


@pytest.mark.parametrize("key", [key for key in PLANS if "alias" not in manifest(key)])
def test_every_sequence_flow_of_the_plan_is_taken(key: str, stages: Callable[[str], Stage]) -> None:
    own = {
        (process, flow) for process, flow in flows_of(key) if process == manifest(key)["process"]
    }
    assert own - told(key, stages).flows == set()


def test_every_sequence_flow_of_the_library_is_taken(stages: Callable[[str], Stage]) -> None:
    """The shared processes' too: over all stories, 100 %."""
    there = {flow for key in PLANS for flow in flows_of(key)}
    taken = {flow for key in PLANS for flow in told(key, stages).flows}
    assert there - taken == set()


@pytest.mark.parametrize("key", PLANS)
def test_every_case_replays_to_how_its_page_shows_it(
    key: str, stages: Callable[[str], Stage]
) -> None:
    """The replay's script, played to the end, marks each element as the case's own page does, and
    leaves no token behind."""
    with told(key, stages).db.read() as session:
        played, shown = [], []
        for case in session.scalars(select(Case)):
            frames = replay.frames(session, case)
            played.append((as_given(frames), [len(frames.seq)]))
            events = [history.payload_of(one) for one in case_events(session, case.id)]
            shown.append(element_states(events, (), case.opened_at))
    for [end], states in zip(run(*played)["seen"], shown, strict=True):
        assert {path: one[0] for path, one in end["found"].items()} == states
        assert not any(one[2] for one in end["found"].values())


@pytest.mark.parametrize("key", PLANS)
def test_a_flow_is_known_by_its_id(key: str) -> None:
    """History names flows by id alone: no two processes of a plan may share one."""
    ids = [flow for _, flow in flows_of(key)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("key", PLANS)
def test_every_case_fits_its_diagram(key: str, stages: Callable[[str], Stage]) -> None:
    """The record of each story, held against the plan's diagram: every step's turn had come."""
    stage = told(key, stages)
    with stage.db.read() as session:
        for case_id in session.scalars(select(Case.id)):
            verdict = check_case(session, case_id)
            assert verdict.fits and verdict.ended, (case_id, verdict)
