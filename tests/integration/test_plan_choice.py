"""Choosing by kind: what is offered, what a plan brings with it, and the unit's own names."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.people import Organization, Role
from models.plans import Plan
from services import history, organisation, plan_choice
from services.actor import SYSTEM
from services.definitions import catalogue_for, definition_for
from services.directory import roles
from services.errors import Refusal
from services.kinds import kind_named, kinds, role_rows, standing, with_superiors
from services.plan_folder import plan_folders, read_folder
from services.plans import current_version
from tests.integration.library import REAL, small_library
from tests.integration.world import World
from workflows.contract import DeploymentError

ROWS = role_rows(REAL)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return small_library(folder)


def take(world: World, library: Path, key: str, who: str = "admin") -> None:
    bundle = read_folder(library / key)
    world.db.run(lambda uow: plan_choice.take_plan(uow, bundle, ROWS, world.actor(who), world.now))


def rename(world: World, key: str, name: str, name_en: str = "", who: str = "admin") -> None:
    world.db.run(
        lambda uow: organisation.rename_role(uow, key, name, name_en, world.actor(who), world.now)
    )


def held(world: World) -> set[str]:
    with world.db.read() as session:
        return {role.key for role in roles(session)}


def events(world: World, type_: str) -> list[dict[str, object]]:
    found = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(row) for row in found]


# ------------------------------------------------------------------------------ the files


def test_the_kinds_are_those_plans_may_name() -> None:
    assert [kind.key for kind in kinds(REAL)] == [
        "school", "company", "government", "police", "monitoring_station", "utility",
    ]  # fmt: skip
    assert all(kind.name and kind.name_en and kind.about and kind.about_en for kind in kinds(REAL))
    with pytest.raises(Refusal, match="kind_unknown"):
        kind_named(REAL, "circus")


def test_every_role_stands_below_its_superior_and_the_standing_ones_are_whole() -> None:
    seen: set[str] = set()
    for row in ROWS:
        assert row.get("superior") is None or row["superior"] in seen, row["key"]
        assert row["name"] and row["name_en"], row["key"]
        seen.add(row["key"])
    above = {row["key"] for row in with_superiors(standing(ROWS), ROWS)}
    assert above == standing(ROWS)
    assert {"reporter", "duty", "leader", "author", "auditor", "admin"} <= above
    chain = [row["key"] for row in with_superiors(["lab", "nobody"], ROWS)]
    assert chain == ["leader", "technical", "lab"]


# ------------------------------------------------------------------------------ plans


def test_plans_that_fit_are_told_apart_from_those_in_use(world: World, library: Path) -> None:
    take(world, library, "u01")
    with world.db.read() as session:
        found = plan_choice.offers(session, library, "school", ROWS)
        used = plan_choice.used_folders(session, library)
    assert [(o.key, o.fits, o.version is not None) for o in found] == [
        ("u01", False, True),
        ("s01", True, False),
        ("s02", True, False),
    ]
    assert [folder.name for folder in used] == ["u01"]
    fitting = plan_choice.fitting_folders(library, "school")
    assert [folder.name for folder in fitting] == ["s01", "s02"]
    assert plan_choice.fitting_folders(library, "police") == []


def test_a_plan_brings_the_roles_it_needs_with_those_above_them(
    world: World, library: Path
) -> None:
    assert not {"lab", "technical"} & held(world)
    with world.db.read() as session:
        offer = plan_choice.offers(session, library, "utility", ROWS)[0]
    assert [row["key"] for row in offer.new] == ["technical", "lab"]
    take(world, library, "u01")
    assert {"lab", "technical"} <= held(world)
    assert "web" not in held(world)
    lab = world.one(select(Role).where(Role.key == "lab"))
    assert (lab.name, lab.superior) == ("实验室", "technical")
    added = [e["role"] for e in events(world, "org.role_changed")]
    assert added == ["technical", "lab"]
    # Taken again, nothing is written.
    before = world.all(select(HistoryEvent.seq).where(HistoryEvent.chain == "org"))
    take(world, library, "u01")
    assert world.all(select(HistoryEvent.seq).where(HistoryEvent.chain == "org")) == before


def test_a_role_the_unit_has_named_keeps_its_name(world: World, library: Path) -> None:
    rename(world, "duty", "总值班室", "Duty room")
    take(world, library, "s01")
    row = world.one(select(Role).where(Role.key == "duty"))
    assert (row.name, row.name_en) == ("总值班室", "Duty room")


def test_a_plan_that_cannot_be_deployed_brings_nothing(world: World, library: Path) -> None:
    toml = library / "u01" / "plan.toml"
    toml.write_text(toml.read_text("utf-8").replace('role = "duty"', 'role = "wizard"'), "utf-8")
    with pytest.raises(DeploymentError):
        take(world, library, "u01")
    assert "lab" not in held(world)
    assert world.all(select(Plan.key).where(Plan.key == "u01")) == []


@pytest.mark.parametrize("who", ["duty", "auditor"])
def test_only_authors_and_administrators_take_plans(world: World, library: Path, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        take(world, library, "u01", who)
    assert refused.value.status == 403
    assert "lab" not in held(world)


def test_a_folder_that_cannot_be_read_is_left_out_and_deploying_says_why(
    world: World, library: Path
) -> None:
    (library / "u01" / "plan.toml").write_text("key = ", "utf-8")
    with world.db.read() as session:
        found = plan_choice.offers(session, library, "utility", ROWS)
    assert [offer.key for offer in found] == ["s01", "s02"]
    assert library / "u01" in plan_choice.fitting_folders(library, "utility")
    with pytest.raises(Refusal, match="plan_unknown"):
        plan_choice.folder_of(library, "../s01")


def test_an_alias_read_back_says_where_its_steps_come_from(world: World, library: Path) -> None:
    take(world, library, "s01")
    take(world, library, "s02")
    with world.db.read() as session:
        for key, origin in (("s01", "text"), ("s02", "lost")):
            version = current_version(session, key)
            assert catalogue_for(session, version).elements["a"].origin == origin
            found = definition_for(session, version.content_hash)
            assert (found.elements["a"].origin, found.process_id) == (origin, "s01")
        assert version.manifest["kinds"] == ["school"]
    case = world.open("s02")
    assert list(world.open_tasks(case)) == ["a"]


# ------------------------------------------------------------------------------ the unit


def test_the_unit_changes_its_kind(world: World) -> None:
    def choose(key: str, who: str = "admin") -> None:
        kind = kind_named(REAL, key)
        world.db.run(lambda uow: organisation.choose_kind(uow, kind, world.actor(who), world.now))

    choose("school")
    choose("school")
    assert world.one(select(Organization.kind)) == "school"
    assert events(world, "org.setting_changed") == [
        {"key": "kind", "value": "school", "was": "government"}
    ]
    for who in ("author", "duty", "auditor"):
        with pytest.raises(Refusal):
            choose("police", who)
    assert world.one(select(Organization.kind)) == "school"


def test_a_role_gets_the_units_own_name(world: World) -> None:
    rename(world, "duty", "  总  值班室 ", "Duty room")
    rename(world, "duty", "总 值班室", "Duty room")
    row = world.one(select(Role).where(Role.key == "duty"))
    assert (row.name, row.name_en) == ("总 值班室", "Duty room")
    assert events(world, "org.role_changed") == [
        {
            "role": "duty",
            "name": "总 值班室",
            "name_en": "Duty room",
            "was": {"name": "duty", "name_en": ""},
        }
    ]


def test_a_name_that_will_not_do_is_refused(world: World) -> None:
    for name, name_en, errors in (
        (" ", "", {"name": "required"}),
        ("x" * 121, "y" * 121, {"name": "too_long", "name_en": "too_long"}),
        ("office", "", {"name": "name_taken"}),
    ):
        with pytest.raises(Refusal) as refused:
            rename(world, "duty", name, name_en)
        assert refused.value.args_["errors"] == errors
    with pytest.raises(Refusal, match="role_unknown"):
        rename(world, "emperor", "帝")
    with pytest.raises(Refusal, match="not_your_role"):
        rename(world, "duty", "总值班", who="author")
    assert events(world, "org.role_changed") == []


def test_the_standard_library_is_found_whole() -> None:
    assert {"p04", "p11"} <= {folder.name for folder in plan_folders(REAL)}


def test_a_unit_without_a_row_is_said(world: World) -> None:
    with world.db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM organization")
    with pytest.raises(Refusal, match="organization_unknown"):
        world.db.run(
            lambda uow: organisation.choose_kind(uow, kind_named(REAL, "school"), SYSTEM, world.now)
        )
