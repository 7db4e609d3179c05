"""A real unit's first day on the command line: the unit, its people, its channels, its plans."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from config import Settings
from services.directory import organization, people, roles
from services.plans import deployed_plans
from services.uow import Database

ROOT = Path(__file__).resolve().parents[2]
SECRET = ["--password", "first-password-1"]


@pytest.fixture
def empty(sqlite_url: str, tmp_path: Path) -> Flask:
    """The application on a migrated database with nothing in it."""
    return create_app(Settings(data_dir=tmp_path, database_url=sqlite_url))


def call(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


def founded(app: Flask) -> None:
    assert call(app, "org", "init", "--name", "澜浦县图书馆", *SECRET).exit_code == 0


def test_a_unit_is_set_up_with_roles_people_channels_and_plans(
    empty: Flask, sqlite_url: str
) -> None:
    founded(empty)
    added = call(
        empty, "org", "add-person", "w", "--name", "王", "--role", "duty", "--role", "unit", *SECRET
    )
    assert (added.exit_code, added.output.splitlines()[-1]) == (0, "w: duty, unit")
    told = call(empty, "org", "add-channel", "--name", "政府网站", "--account", "澜浦县图书馆")
    assert told.exit_code == 0
    deployed = call(empty, "plans", "deploy")
    assert deployed.exit_code == 0, deployed.output
    db = Database(sqlite_url)
    with db.read() as session:
        unit = organization(session)
        assert unit is not None
        assert (unit.name, unit.is_demo) == ("澜浦县图书馆", False)
        assert {r.key for r in roles(session)} >= {"duty", "office", "leader", "auditor", "admin"}
        held = {p.username: sorted(p.role_keys) for p in people(session)}
        assert held == {"admin": ["admin"], "w": ["duty", "unit"]}
    db.dispose()


def deployed(sqlite_url: str) -> tuple[set[str], set[str]]:
    """Keys of the plans in use and of the roles there are."""
    db = Database(sqlite_url)
    with db.read() as session:
        found = {p.key for p in deployed_plans(session)}, {r.key for r in roles(session)}
    db.dispose()
    return found


def test_a_unit_starts_with_the_plans_of_its_kind_and_their_roles(
    empty: Flask, sqlite_url: str
) -> None:
    unknown = call(empty, "org", "init", "--name", "甲", "--kind", "circus", *SECRET)
    assert (unknown.exit_code, "monitoring_station" in unknown.output) == (2, True)
    made = call(empty, "org", "init", "--name", "自来水公司", "--kind", "company", *SECRET)
    assert made.exit_code == 0, made.output
    plans, held = deployed(sqlite_url)
    assert "p04" in plans
    assert "p11" not in plans
    assert {"legal", "publicity"} <= held
    # A further plan is named, or all are taken; then what is in use is kept up to date.
    assert call(empty, "plans", "deploy", str(ROOT / "bpmn" / "p11")).exit_code == 0
    again = call(empty, "plans", "deploy")
    assert again.exit_code == 0, again.output
    assert {"p04", "p11"} <= deployed(sqlite_url)[0]
    assert again.output.count("version 1") == len(deployed(sqlite_url)[0])


def test_a_unit_may_start_with_no_plan_and_the_standing_roles(
    empty: Flask, sqlite_url: str
) -> None:
    words = ("org", "init", "--name", "学校", "--kind", "school", "--no-plans")
    assert call(empty, *words, *SECRET).exit_code == 0
    plans, held = deployed(sqlite_url)
    assert plans == set()
    assert held == {"leader", "office", "duty", "reporter", "author", "auditor", "admin"}
    every = call(empty, "plans", "deploy", "--all")
    assert every.exit_code == 0, every.output
    assert {"p04", "p11"} <= deployed(sqlite_url)[0]


def test_a_second_unit_and_an_unknown_role_are_refused(empty: Flask) -> None:
    founded(empty)
    again = call(empty, "org", "init", "--name", "又一个", *SECRET)
    assert (again.exit_code, "organization_exists" in again.output) == (1, True)
    nobody = call(empty, "org", "add-person", "w", "--name", "王", "--role", "troll", *SECRET)
    assert (nobody.exit_code, "role_unknown" in nobody.output) == (1, True)
    unnamed = call(empty, "org", "add-channel", "--name", "小号", "--account", " ")
    assert (unnamed.exit_code, "account" in unnamed.output) == (1, True)


def test_a_new_password_ends_sessions_and_an_unknown_account_is_said(
    empty: Flask, sqlite_url: str
) -> None:
    founded(empty)
    assert call(empty, "org", "set-password", "admin", *SECRET).exit_code == 0
    assert call(empty, "org", "set-password", "ghost", *SECRET).exit_code == 1
    db = Database(sqlite_url)
    with db.read() as session:
        assert people(session)[0].session_epoch == 1
    db.dispose()


def test_the_record_is_verified_and_a_changed_event_named(empty: Flask, sqlite_url: str) -> None:
    founded(empty)
    good = call(empty, "history", "verify")
    assert good.exit_code == 0
    assert "org: " in good.output
    assert "unbroken" in good.output
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as raw:
        for (name,) in raw.execute(
            "select name from sqlite_master where type='trigger' and tbl_name='history_event'"
        ).fetchall():
            raw.execute(f"drop trigger {name}")
        raw.execute("update history_event set type = 'org.signed_in' where seq = 3")
    bad = call(empty, "history", "verify", "org")
    assert bad.exit_code == 1
    assert "BROKEN at 3" in bad.output


def test_settings_that_cannot_be_used_are_one_sentence() -> None:
    with pytest.raises(Exception, match="DEMO works on loopback only") as refused:
        create_app(Settings(host="0.0.0.0", demo=True))
    assert type(refused.value).__name__ == "ConfigError"
