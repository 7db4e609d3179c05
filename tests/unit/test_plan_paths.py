"""The stories of plans 4, 6 and 11 told on the engine alone: every sequence flow of theirs, and the
clocks of their texts, without a database (on the services: tests/acceptance/test_stories.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from tests.acceptance.stories import p04, p06, p11
from tests.acceptance.stories.clocked import source_clocks
from tests.unit.plan_driver import Play, read

#: 23:02 in Beijing, as in the demonstration's story: less than an hour of the day is left.
FOUND = datetime(2026, 3, 10, 15, 2, tzinfo=UTC)
TOLD = {"p04": p04, "p06": p06, "p11": p11}

Story = Callable[[Any], None]


def every(modules: dict[str, ModuleType]) -> list[tuple[str, Story]]:
    return [(key, story) for key, module in modules.items() for story in module.STORIES]


@cache
def played(key: str, story: Story) -> Play:
    play = Play(key, FOUND, getattr(story, "settings", None))
    story(play)
    return play


@pytest.mark.parametrize(
    ("key", "story"), every(TOLD), ids=[f"{key}-{story.__name__}" for key, story in every(TOLD)]
)
def test_story_on_the_engine_alone(key: str, story: Story) -> None:
    assert played(key, story).status == "completed"


@pytest.mark.parametrize("key", TOLD)
def test_every_flow_of_the_plan_is_taken_by_some_story(key: str) -> None:
    taken = {flow for story in TOLD[key].STORIES for flow in played(key, story).flows}
    placed = read(key)
    own = {
        (key, flow.id) for flow in placed.flows.values()
        if placed.elements[flow.source].process_id == key
    }  # fmt: skip
    assert own - taken == set()


@pytest.mark.parametrize("key", TOLD)
def test_every_clock_of_the_text_is_met_and_missed(key: str) -> None:
    judged: dict[str, set[str]] = {}
    for story in TOLD[key].STORIES:
        for clock, verdicts in played(key, story).judged.items():
            judged.setdefault(clock, set()).update(verdicts)
    timed = {id for id, clock in source_clocks().items() if clock.timed and id[1:3] == key[1:]}
    assert {id: judged.get(id) for id in timed} == {id: {"met", "missed"} for id in timed}
