"""What a unit sets for a plan: defaults, choices, who may, and what a case starts with."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from services import history, plan_settings
from services.errors import Refusal
from services.plan_settings import SettingRow
from services.plans import current_version
from tests.integration.settings_plan import plan_t03
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process


@pytest.fixture
def world(world: World) -> World:
    world.deploy(plan_t03())
    return world


def change(
    world: World, key: str, value: str, who: str = "author", reason: str = "办公会议定"
) -> SettingRow:
    return world.db.run(
        lambda uow: plan_settings.change_setting(
            uow,
            "t03",
            current_version(uow.session, "t03").manifest,
            key,
            value,
            reason,
            world.actor(who),
            world.now,
        )
    )


def standing(world: World) -> dict[str, Any]:
    with world.db.read() as session:
        manifest = current_version(session, "t03").manifest
        return plan_settings.values(session, "t03", manifest)


def first_task(world: World, case: Case) -> str:
    [name] = world.open_tasks(case)
    return name


def test_until_the_unit_sets_something_the_plans_defaults_stand(world: World) -> None:
    assert standing(world) == {"check": False, "limit": None, "since": None}
    assert first_task(world, world.open("t03")) == "tell"


def test_what_the_unit_sets_is_what_the_engine_gets(world: World) -> None:
    change(world, "check", "true")
    assert first_task(world, world.open("t03")) == "check"
    change(world, "limit", "PT12H")
    change(world, "since", "2026-04-01", who="admin")
    assert standing(world) == {
        "check": True,
        "limit": timedelta(hours=12),
        "since": date(2026, 4, 1),
    }
    case = world.open("t03")
    task = world.open_tasks(case)["check_timed"]
    assert task.due_at == world.now + timedelta(hours=12)


def test_a_case_keeps_what_it_started_with_and_says_so(world: World) -> None:
    change(world, "check", "true")
    change(world, "limit", "P1D")
    case = world.open("t03")
    change(world, "limit", "")
    change(world, "check", "false")
    due = world.open_tasks(case)["check_timed"].due_at
    assert due == world.now + timedelta(days=1)
    with world.db.read() as session:
        opened = history.events_of_case(session, case.id)[0]
    assert history.payload_of(opened)["settings"] == {
        "check": True,
        "limit": "P1D",
        "since": None,
    }
    assert first_task(world, world.open("t03")) == "tell"


def test_a_change_is_on_the_organisations_record_once(world: World) -> None:
    change(world, "limit", "PT90M")
    change(world, "limit", "PT90M")
    row = world.one(select(HistoryEvent).where(HistoryEvent.type == "org.setting_changed"))
    assert history.payload_of(row) == {
        "key": "limit",
        "plan": "t03",
        "value": "PT90M",
        "was": None,
    }
    assert (row.chain, row.person_id) == ("org", world.people["author"].id)
    with world.db.read() as session:
        assert history.personal_of(session, row) == {"reason": "办公会议定"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("check", "yes", "not_yes_or_no"),
        ("check", "", "not_yes_or_no"),
        ("limit", "12", "not_a_duration"),
        ("limit", "P1Y", "not_a_duration"),
        ("limit", "-PT1H", "not_a_duration"),
        ("limit", "PT", "not_a_duration"),
        ("limit", "PT0H", "too_small"),
        ("limit", "P999999D", "too_large"),
        ("since", "1 April", "not_a_date"),
        ("since", "2026-02-30", "not_a_date"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(
    world: World, key: str, value: str, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        change(world, key, value)
    assert (refused.value.code, refused.value.status) == ("form_invalid", 422)
    assert refused.value.args_["errors"] == {"value": code}
    assert standing(world) == {"check": False, "limit": None, "since": None}


def test_a_change_needs_a_reason_and_a_setting(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        change(world, "check", "maybe", reason="  ")
    assert refused.value.args_["errors"] == {"value": "not_yes_or_no", "reason": "required"}
    with pytest.raises(Refusal, match="setting_unknown"):
        change(world, "other", "true")


@pytest.mark.parametrize("who", ["duty", "leader", "auditor", "outsider"])
def test_only_authors_and_administrators_set(world: World, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        change(world, "check", "true", who=who)
    assert refused.value.status == 403
    with world.db.read() as session:
        assert not plan_settings.may_change(world.people[who])
        assert plan_settings.values(session, "t03", current_version(session, "t03").manifest) == {
            "check": False,
            "limit": None,
            "since": None,
        }


def test_changes_at_once_do_not_undo_each_other(world: World) -> None:
    wanted = [("check", "true"), ("limit", "PT2H"), ("since", "2026-05-01")]
    gate = threading.Barrier(len(wanted))
    faults: list[BaseException] = []

    def one(key: str, value: str) -> None:
        try:
            gate.wait(10)
            change(world, key, value)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=pair) for pair in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults
    assert standing(world) == {
        "check": True,
        "limit": timedelta(hours=2),
        "since": date(2026, 5, 1),
    }


def test_a_choice_the_new_version_has_no_use_for_gives_way(world: World) -> None:
    change(world, "limit", "PT2H")
    other = {"key": "limit", "type": "boolean", "default": True, "name": "限时"}
    late = Process("t03").start("s").user_task("a", "duty").end("e").chain("s", "a", "e")
    world.deploy(bundle(late, roles=["duty"], variables={"settings": "context"}, settings=[other]))
    assert standing(world) == {"limit": True}
    assert world.open("t03").number
    # A plan without settings starts without the variable.
    assert world.open("t01").settings == {}
