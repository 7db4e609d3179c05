"""Signing in and out: one answer for unknown user and wrong password, slowed, never looping."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.people import Person
from services.actor import SYSTEM
from services.people import create_person, set_active
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

PASSWORD = "right-horse-battery"


@pytest.fixture
def chen(world: World) -> Person:
    return world.db.run(
        lambda uow: create_person(uow, "chen", "陈立", PASSWORD, ["duty"], SYSTEM, world.now)
    )


def enter(browser: Browser, username: str, password: str, **keys: object) -> object:
    return browser.post("/sign-in", {"username": username, "password": password, **keys})


def test_home_leads_to_sign_in(visitor: Browser) -> None:
    assert visitor.get("/").status_code == 303
    answer = visitor.get("/inbox?tab=done")
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")
    assert "tab%3Ddone" in answer.location


def test_right_password_goes_on(visitor: Browser, chen: Person) -> None:
    answer = visitor.post(
        "/sign-in", {"username": "chen", "password": PASSWORD, "next": "/cases?status=open"}
    )
    assert (answer.status_code, answer.location) == (303, "/cases?status=open")
    assert "陈立" in visitor.get("/inbox").text


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil", "x"])
def test_next_stays_on_this_site(visitor: Browser, chen: Person, target: str) -> None:
    answer = visitor.post("/sign-in", {"username": "chen", "password": PASSWORD, "next": target})
    assert answer.location == "/inbox"


def test_wrong_password_and_unknown_user_hear_the_same(visitor: Browser, chen: Person) -> None:
    wrong = visitor.post("/sign-in", {"username": "chen", "password": "no"})
    unknown = visitor.post("/sign-in", {"username": "nobody", "password": "no"})
    assert wrong.status_code == unknown.status_code == 401
    for answer in (wrong, unknown):
        assert "用户名或密码不对" in answer.text
    assert 'value="chen"' in wrong.text  # the name stays
    assert 'value="no"' not in wrong.text  # the password does not


def test_failing_is_slowed_and_says_how_long(visitor: Browser, chen: Person, clock: Clock) -> None:
    for _ in range(5):
        visitor.post("/sign-in", {"username": "chen", "password": "no"})
    slowed = visitor.post("/sign-in", {"username": "chen", "password": PASSWORD})
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) >= 1
    clock.forward(minutes=6)
    assert visitor.post("/sign-in", {"username": "chen", "password": PASSWORD}).status_code == 303


def test_empty_form(visitor: Browser, world: World) -> None:
    assert visitor.post("/sign-in", {"username": "", "password": ""}).status_code == 422


def test_signing_in_starts_a_fresh_session(visitor: Browser, chen: Person) -> None:
    visitor.get("/sign-in")
    with visitor.client.session_transaction() as session:
        session["planted"] = "x"
    visitor.post("/sign-in", {"username": "chen", "password": PASSWORD})
    with visitor.client.session_transaction() as session:
        assert "planted" not in session


def test_switching_an_account_off_ends_its_sessions(
    visitor: Browser, chen: Person, world: World
) -> None:
    visitor.post("/sign-in", {"username": "chen", "password": PASSWORD})
    assert visitor.get("/inbox").status_code == 200
    world.db.run(lambda uow: set_active(uow, chen.id, False, SYSTEM, world.now))
    assert visitor.get("/inbox").status_code == 303


def test_sign_out(as_: Callable[[str], Browser]) -> None:
    duty = as_("duty")
    assert duty.get("/inbox").status_code == 200
    assert duty.post("/sign-out").status_code == 303
    assert duty.get("/inbox").status_code == 303


@pytest.mark.parametrize("cookie", ["abc", "1", "1:x", "-1:0", "9999999:0", "1:99"])
def test_a_forged_user_id_is_nobody(visitor: Browser, world: World, cookie: str) -> None:
    with visitor.client.session_transaction() as session:
        session["_user_id"] = cookie
    assert visitor.get("/inbox").status_code == 303


def test_language_switch(as_: Callable[[str], Browser]) -> None:
    duty = as_("duty")
    assert 'lang="zh-CN"' in duty.get("/inbox").text
    assert duty.post("/language", {"locale": "en", "next": "/inbox"}).location == "/inbox"
    page = duty.get("/inbox").text
    assert 'lang="en"' in page
    assert "Inbox" in page
    assert duty.post("/language", {"locale": "xx", "next": "//evil"}).location == "/inbox"
    assert 'lang="en"' in duty.get("/inbox").text
