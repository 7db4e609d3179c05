"""People: accounts, roles, deputies; signing in is slowed, never shut."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from models.people import Deputy, LoginThrottle, Membership, Person
from services import access, history, passwords, people
from services.actor import SYSTEM
from services.errors import Refusal
from services.sign_in import check_password
from services.uow import Database
from tests.integration.words_rows import Unit, make_unit

PASSWORD = "correct horse"
HERE, THERE = "10.0.0.5", "203.0.113.9"


@pytest.fixture
def unit(db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Unit:
    # A cheap hash: these tests are about counting, not about argon2's cost.
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
    passwords.nobodys.cache_clear()
    unit = make_unit(db, now)
    create(unit, "night", "duty")
    return unit


def create(unit: Unit, username: str, *roles: str, password: str = PASSWORD) -> Person:
    person = unit.run(
        lambda uow: people.create_person(
            uow, username, "夜班", password, roles, SYSTEM, unit.now, phone="13800000000"
        )
    )
    unit.people[username] = person.id
    return person


def sign_in(
    unit: Unit, password: str = PASSWORD, address: str = HERE, after: float = 0, name: str = "night"
) -> Person:
    moment = unit.now + timedelta(seconds=after)
    return unit.run(lambda uow: check_password(uow, name, password, address, moment))


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def wrong(unit: Unit, address: str, after: float, name: str = "night") -> Refusal:
    """A wrong password's refusal."""
    return refused(lambda: sign_in(unit, "wrong", address, after, name))


def fail(unit: Unit, times: int, address: str = THERE, name: str = "night") -> float:
    """Fail ``times`` times as fast as one may; the second at which the last one was."""
    after = 0.0
    for _ in range(times):
        refusal = wrong(unit, address, after, name)
        while refusal.code == "sign_in_slow":
            after += int(str(refusal.args_["retry_after"]))
            refusal = wrong(unit, address, after, name)
        assert (refusal.code, refusal.status) == ("sign_in_failed", 401)
    return after


def test_the_right_password_signs_in_and_is_on_record(unit: Unit) -> None:
    assert sign_in(unit).username == "night"
    with unit.db.read() as session:
        last = history.events_of_chain(session, "org")[-1]
        assert last.type == "org.signed_in" and HERE not in str(history.body_of(last))
        assert history.personal_of(session, last) == {"address": HERE}


def test_failures_are_counted_although_refused(unit: Unit) -> None:
    fail(unit, 3)
    with unit.db.read() as session:
        counts = {row.key: row.failures for row in session.query(LoginThrottle)}
    assert counts == {"user:night": 3, f"addr:{THERE}": 3}


def test_each_failure_waits_longer_up_to_a_limit(unit: Unit) -> None:
    after = fail(unit, 5)
    waits = []
    for _ in range(9):
        refusal = wrong(unit, THERE, after)
        assert (refusal.code, refusal.status) == ("sign_in_slow", 429)
        waits.append(int(str(refusal.args_["retry_after"])))
        after += waits[-1]
        assert wrong(unit, THERE, after).status == 401
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_while_slowed_even_the_right_password_is_not_looked_at(unit: Unit) -> None:
    after = fail(unit, 8)
    assert refused(lambda: sign_in(unit, PASSWORD, THERE, after)).code == "sign_in_slow"
    assert sign_in(unit, PASSWORD, THERE, after + 60).username == "night"


def test_the_address_is_slowed_for_every_account(unit: Unit) -> None:
    create(unit, "other", "office")
    after = fail(unit, 8)
    assert refused(lambda: sign_in(unit, "wrong", THERE, after, "other")).code == "sign_in_slow"
    # One good account does not wipe the address's count.
    sign_in(unit, PASSWORD, THERE, after + 60, "other")
    with unit.db.read() as session:
        row = session.get(LoginThrottle, f"addr:{THERE}")
        assert row is not None and row.failures == 8


def test_the_account_is_slowed_at_every_strange_address(unit: Unit) -> None:
    after = fail(unit, 8)
    elsewhere = "198.51.100.7"
    assert refused(lambda: sign_in(unit, "wrong", elsewhere, after)).status == 401
    assert refused(lambda: sign_in(unit, "wrong", elsewhere, after)).code == "sign_in_slow"


def test_the_duty_officer_is_not_locked_out_where_she_is_known(unit: Unit) -> None:
    sign_in(unit, PASSWORD, HERE)
    after = fail(unit, 12, THERE)
    assert sign_in(unit, PASSWORD, HERE, after).username == "night"
    # Nor by a stranger who shares her address: the wait there stays short.
    after = fail(unit, 12, HERE)
    refusal = refused(lambda: sign_in(unit, PASSWORD, HERE, after))
    assert int(str(refusal.args_["retry_after"])) <= 4
    assert sign_in(unit, PASSWORD, HERE, after + 4).username == "night"


def test_the_duty_officer_gets_in_from_a_new_phone_during_an_attack(unit: Unit) -> None:
    after = fail(unit, 12, THERE)
    assert sign_in(unit, PASSWORD, "192.0.2.44", after).username == "night"


def test_an_unknown_user_hears_and_costs_the_same(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = passwords.matches

    def counting(stored: str, password: str) -> bool:
        checked.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "matches", counting)
    known = refused(lambda: sign_in(unit, "wrong", THERE))
    unknown = refused(lambda: sign_in(unit, "wrong", THERE, name="nobody"))
    assert (known.code, known.status, known.args_) == (unknown.code, unknown.status, unknown.args_)
    assert len(checked) == 2
    assert checked[1].split("$")[:4] == checked[0].split("$")[:4]  # the same cost
    after = fail(unit, 8, "198.51.100.7", "nobody")
    slow = refused(lambda: sign_in(unit, "wrong", "198.51.100.7", after, "nobody"))
    assert slow.code == "sign_in_slow"


def test_a_switched_off_account_hears_what_a_wrong_password_hears(unit: Unit) -> None:
    before = unit.people["night"]
    unit.run(lambda uow: people.set_active(uow, before, False, SYSTEM, unit.now))
    assert refused(lambda: sign_in(unit)).code == "sign_in_failed"
    with unit.db.read() as session:
        assert session.get_one(Person, before).session_epoch == 1


def test_counts_are_forgotten_and_do_not_pile_up(unit: Unit) -> None:
    for n in range(5):
        fail(unit, 1, f"198.51.100.{n}", f"nobody{n}")
    later = timedelta(minutes=31).total_seconds()
    assert refused(lambda: sign_in(unit, "wrong", THERE, later)).status == 401
    with unit.db.read() as session:
        assert {row.key for row in session.query(LoginThrottle)} == {"user:night", f"addr:{THERE}"}


def test_an_old_hash_is_renewed_at_sign_in(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=64))
    sign_in(unit)
    with unit.db.read() as session:
        assert "t=2" in session.get_one(Person, unit.people["night"]).password_hash


@pytest.mark.parametrize("password", ["short", "x" * 1001])
def test_a_password_has_a_length(unit: Unit, password: str) -> None:
    refusal = refused(lambda: create(unit, "new", "duty", password=password))
    assert refusal.args_["errors"] == {"password": "password_length"}


def test_names_are_taken_once_and_roles_exist(unit: Unit) -> None:
    assert refused(lambda: create(unit, "night", "duty")).code == "username_taken"
    assert refused(lambda: create(unit, "new", "wizard")).args_["roles"] == ["wizard"]
    assert refused(lambda: create(unit, "  ")).args_["errors"] == {"username": "required"}


def test_the_account_is_on_record_without_the_person_in_it(unit: Unit) -> None:
    with unit.db.read() as session:
        event = next(
            e for e in history.events_of_chain(session, "org") if e.type == "org.person_created"
        )
        assert "night" not in str(history.body_of(event)) and "13800000000" not in str(
            history.body_of(event)
        )
        assert history.personal_of(session, event)["username"] == "night"


def test_roles_end_and_come_back(unit: Unit) -> None:
    who = unit.people["night"]

    def give(*roles: str) -> Person:
        return unit.run(lambda uow: people.set_roles(uow, who, roles, SYSTEM, unit.now))

    assert sorted(give("office", "legal").role_keys) == ["legal", "office"]
    assert give("duty").role_keys == ["duty"]
    give("duty")  # nothing changes, nothing is recorded
    with unit.db.read() as session:
        assert session.query(Membership).filter_by(person_id=who).count() == 3
        changes = [
            history.payload_of(e)
            for e in history.events_of_chain(session, "org")
            if e.type == "org.membership_changed"
        ]
    assert [(c["added"], c["removed"]) for c in changes] == [
        (["duty"], []),
        (["legal", "office"], ["duty"]),
        (["duty"], ["legal", "office"]),
    ]


def test_deputies_act_for_a_time(unit: Unit) -> None:
    leader, office = unit.people["leader"], unit.people["office"]
    until = unit.now + timedelta(days=3)

    def appoint(principal: int, deputy: int, role: str, end: datetime | None = until) -> Deputy:
        return unit.run(
            lambda uow: people.set_deputy(
                uow, principal, deputy, role, SYSTEM, unit.now, until=end, reason="出差"
            )
        )

    assert refused(lambda: appoint(leader, leader, "leader")).code == "deputy_self"
    assert refused(lambda: appoint(leader, office, "legal")).code == "deputy_role"
    assert refused(lambda: appoint(leader, office, "leader", unit.now)).status == 422
    row = appoint(leader, office, "leader")
    with unit.db.read() as session:
        for moment, roles in ((unit.now, {"leader"}), (until, set())):
            assert access.deputised_roles(session, office, leader, moment) == roles
    unit.run(lambda uow: people.end_deputy(uow, row.id, SYSTEM, unit.now))
    with unit.db.read() as session:
        assert access.deputised_roles(session, office, leader, unit.now) == set()


def test_a_new_password_ends_all_sessions(unit: Unit) -> None:
    who = unit.people["night"]
    unit.run(lambda uow: people.set_password(uow, who, "another one", SYSTEM, unit.now))
    assert sign_in(unit, "another one").session_epoch == 1
    assert refused(lambda: sign_in(unit, PASSWORD)).status == 401
