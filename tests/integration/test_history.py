"""The record: one writer, chains, commitments; on both databases."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import rfc8785
from sqlalchemy import delete, event, select

from models.cases import Case
from models.history import ChainHead, HistoryEvent, PersonalValue
from services import history
from services.actor import CLOCK, SYSTEM, Actor
from services.canonical import plain
from services.errors import Refusal, Stale
from services.history_schema import PayloadError
from services.history_types import all_types, event_type
from services.uow import Database, UnitOfWork
from services.verify import verify_chain
from tests.integration.store_rows import add_case, open_case_on_record


def sign_in(uow: UnitOfWork, now: datetime, person: int = 1, **more: Any) -> HistoryEvent:
    return history.append(
        uow,
        "org.signed_in",
        actor=SYSTEM,
        occurred_at=now,
        now=now,
        payload={"person": person},
        **more,
    )


def org(db: Database) -> list[HistoryEvent]:
    with db.read() as session:
        return history.events_of_chain(session, history.ORG)


# --------------------------------------------------------------------------------- the chain


def test_the_hash_is_sha256_of_the_previous_hash_and_the_canonical_body(
    db: Database, now: datetime
) -> None:
    case_id = open_case_on_record(db, now)
    with db.read() as session:
        events = history.events_of_case(session, case_id)
        head = session.get_one(ChainHead, f"case:{case_id}")
    previous = ""
    for seq, row in enumerate(events, start=1):
        assert row.seq == seq
        body = rfc8785.dumps(history.body_of(row))
        assert row.hash == hashlib.sha256(previous.encode() + body).hexdigest()
        assert row.content.encode() == rfc8785.dumps(json.loads(row.content))
        previous = row.hash
    assert (head.seq, head.hash) == (3, previous)


def test_the_body_holds_all_that_matters_and_the_row_each_part_once(
    db: Database, now: datetime
) -> None:
    earlier = (now - timedelta(minutes=40)).astimezone(timezone(timedelta(hours=8)))

    def work(uow: UnitOfWork) -> int:
        case = add_case(uow, now)
        history.append(
            uow,
            "anchor.recorded",
            case=case,
            actor=Actor(case.opened_by, "duty", on_behalf_of=case.opened_by),
            occurred_at=earlier,
            now=now,
            payload={"name": "discovered_at"},
            element_path="intake",
        )
        return case.id

    case_id = db.run(work)
    with db.read() as session:
        (row,) = history.events_of_case(session, case_id)
        person = session.get_one(Case, case_id).opened_by
    assert history.body_of(row) == {
        "actor": person,
        "at": "2026-03-10T02:00:00Z",
        "chain": f"case:{case_id}",
        "data": {"name": "discovered_at"},
        "for": person,
        "happened": "2026-03-10T01:20:00Z",
        "path": "intake",
        "role": "duty",
        "seq": 1,
        "type": "anchor.recorded",
        "v": 1,
    }
    assert json.loads(row.content) == {"data": {"name": "discovered_at"}, "v": 1}
    assert row.case_id == case_id
    assert (row.person_id, row.role_key, row.on_behalf_of) == (person, "duty", person)
    assert (row.type, row.element_path) == ("anchor.recorded", "intake")
    assert (row.occurred_at, row.recorded_at) == (earlier, now)


def test_the_clock_and_planroom_itself_are_named(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> None:
        for actor in (CLOCK, SYSTEM):
            history.append(
                uow,
                "org.setting_changed",
                actor=actor,
                occurred_at=now,
                now=now,
                payload={"key": "zone"},
            )

    db.run(work)
    assert [history.body_of(row)["actor"] for row in org(db)] == ["clock", "system"]


def test_moments_keep_their_microseconds_through_both_databases(db: Database) -> None:
    moment = datetime(2026, 3, 10, 2, 0, 0, 123456, tzinfo=UTC)
    db.run(lambda uow: sign_in(uow, moment))
    (row,) = org(db)
    assert row.recorded_at == moment
    assert history.body_of(row)["at"] == "2026-03-10T02:00:00.123456Z"


def test_events_of_one_unit_cost_one_read_and_one_move_of_the_head(
    db: Database, now: datetime
) -> None:
    db.run(lambda uow: sign_in(uow, now))
    statements: list[str] = []

    def count(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)

    def work(uow: UnitOfWork) -> None:
        for n in range(1, 11):
            sign_in(uow, now, n, personal={"address": "10.0.0.1"})

    db.run(work)
    about = [s for s in statements if "chain_head" in s or "history_event" in s or "personal" in s]
    assert len(about) == 4, about  # read head, move head, events, values
    assert [row.seq for row in org(db)] == list(range(1, 12))


def test_the_event_returned_knows_its_place_after_the_commit(db: Database, now: datetime) -> None:
    first = db.run(lambda uow: sign_in(uow, now))
    second = db.run(lambda uow: sign_in(uow, now))
    assert (first.seq, second.seq) == (1, 2)
    assert [row.hash for row in org(db)] == [first.hash, second.hash]


def test_a_unit_may_write_to_two_chains(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> int:
        case = add_case(uow, now)
        actor = Actor(case.opened_by)
        common = {"actor": actor, "occurred_at": now, "now": now}
        history.append(uow, "case.closed", case=case, payload={}, **common)  # type: ignore[arg-type]
        sign_in(uow, now)
        history.append(uow, "case.archived", case=case, payload={}, **common)  # type: ignore[arg-type]
        return case.id

    case_id = db.run(work)
    with db.read() as session:
        assert [e.type for e in history.events_of_case(session, case_id)] == [
            "case.closed",
            "case.archived",
        ]
    assert [row.seq for row in org(db)] == [1]


def test_a_rolled_back_unit_leaves_no_event(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> None:
        sign_in(uow, now, personal={"address": "10.0.0.1"})
        uow.flush()
        raise Refusal("no")

    with pytest.raises(Refusal):
        db.run(work)
    with db.read() as session:
        assert session.scalars(select(HistoryEvent)).all() == []
        assert session.scalars(select(ChainHead)).all() == []
        assert session.scalars(select(PersonalValue)).all() == []


def test_a_rolled_back_savepoint_takes_its_events_along(db: Database, now: datetime) -> None:
    def work(uow: UnitOfWork) -> None:
        sign_in(uow, now, 1)
        with pytest.raises(Refusal), uow.savepoint():
            sign_in(uow, now, 2)
            raise Refusal("no")
        with pytest.raises(Refusal), uow.savepoint():
            sign_in(uow, now, 3)
            uow.flush()
            raise Refusal("no")
        sign_in(uow, now, 4)

    db.run(work)
    assert [history.payload_of(row)["person"] for row in org(db)] == [1, 4]
    assert [row.seq for row in org(db)] == [1, 2]


def test_reading_goes_on_from_a_place(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now, events=7)
    with db.read() as session:
        page = history.events_of_case(session, case_id, after=2, limit=3)
        assert [row.seq for row in page] == [3, 4, 5]
        assert history.events_of_case(session, case_id + 1) == []


# ------------------------------------------------------------------------------- concurrency


def _in_threads(count: int, target: Callable[[int], None]) -> None:
    errors: list[BaseException] = []

    def guarded(n: int) -> None:
        try:
            target(n)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_threads_on_one_chain_lose_nothing(db: Database, now: datetime) -> None:
    """Also the chain's very first event is fought over."""

    def many(n: int) -> None:
        for k in range(20):
            person = 100 * (n + 1) + k
            db.run(partial(sign_in, now=now, person=person))

    _in_threads(3, many)
    rows = org(db)
    assert [row.seq for row in rows] == list(range(1, 61))
    people = {history.payload_of(row)["person"] for row in rows}
    assert people == {100 * (n + 1) + k for n in range(3) for k in range(20)}
    with db.read() as session:
        assert verify_chain(session, history.ORG).ok


def test_units_on_two_chains_in_either_order_do_not_deadlock(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now, events=1)
    runs: list[int] = []

    def many(n: int) -> None:
        def work(uow: UnitOfWork) -> None:
            runs.append(n)
            case = uow.session.get_one(Case, case_id)

            def of_case() -> None:
                history.append(
                    uow,
                    "task.claimed",
                    case=case,
                    actor=CLOCK,
                    occurred_at=now,
                    now=now,
                    payload={"task": "t"},
                )

            def of_org() -> None:
                sign_in(uow, now)

            acts = [of_case, of_org]
            for act in acts if n % 2 else reversed(acts):
                act()

        for _ in range(10):
            db.run(work)

    _in_threads(4, many)
    with db.read() as session:
        assert len(history.events_of_case(session, case_id)) == 41
    assert len(org(db)) == 40
    assert len(runs) <= 43  # only the organisation's very first event may be fought over


def test_a_head_moved_behind_our_back_is_stale(db: Database, now: datetime) -> None:
    """The head is compared when it is set, even though it is locked before."""
    db.run(lambda uow: sign_in(uow, now))

    def work(uow: UnitOfWork) -> None:
        sign_in(uow, now)

        def lie(
            conn: Any, _cur: object, statement: str, params: Any, _ctx: object, _many: bool
        ) -> tuple[str, Any]:
            if statement.startswith("UPDATE chain_head"):
                statement = statement.replace("chain_head.seq =", "chain_head.seq <>")
            return statement, params

        event.listen(uow.session.connection(), "before_cursor_execute", lie, retval=True)

    with pytest.raises(Stale):
        db.run(work, retries=0)
    assert len(org(db)) == 1


# --------------------------------------------------------------------------- personal values


def test_personal_values_are_committed_to_and_kept_beside(db: Database, now: datetime) -> None:
    case_id = open_case_on_record(db, now)
    with db.read() as session:
        opened = history.events_of_case(session, case_id)[0]
        assert "李四" not in opened.content
        assert "舞台" not in opened.content
        assert history.personal_of(session, opened) == {
            "title": "舞台桁架坠落",
            "reporter": "李四",
        }
        for name, commitment in history.body_of(opened)["personal"].items():
            row = session.get_one(PersonalValue, commitment)
            assert (row.field, row.event_chain) == (name, f"case:{case_id}")
            assert len(bytes.fromhex(row.salt)) == 16
            told = hashlib.sha256(bytes.fromhex(row.salt) + row.value.encode()).hexdigest()
            assert told == commitment


def test_equal_values_have_different_commitments(db: Database, now: datetime) -> None:
    for _ in range(2):
        db.run(lambda uow: sign_in(uow, now, personal={"address": "10.0.0.1"}))
    commitments = {history.body_of(row)["personal"]["address"] for row in org(db)}
    assert len(commitments) == 2


def test_retention_deletes_values_and_the_rest_stays_readable(db: Database, now: datetime) -> None:
    db.run(lambda uow: sign_in(uow, now, personal={"address": "10.0.0.1"}))
    db.run(lambda uow: uow.session.execute(delete(PersonalValue)))
    with db.read() as session:
        (row,) = history.events_of_chain(session, history.ORG)
        assert history.personal_of(session, row) == {}
        assert history.payload_of(row) == {"person": 1}


def test_values_of_many_events_come_in_one_query_and_apart(db: Database, now: datetime) -> None:
    for n in (1, 2):
        db.run(partial(sign_in, now=now, person=n, personal={"address": f"10.0.0.{n}"}))
    with db.read() as session:
        rows = history.events_of_chain(session, history.ORG)
        found = history.personal_by_event(session, rows)
    assert found == {row.id: {"address": f"10.0.0.{row.seq}"} for row in rows}


def test_empty_personal_values_are_left_out(db: Database, now: datetime) -> None:
    db.run(lambda uow: sign_in(uow, now, personal={"address": ""}))
    (row,) = org(db)
    assert "personal" not in history.body_of(row)


# ------------------------------------------------------------------------------ the registry


@pytest.mark.parametrize(
    ("type_", "payload", "personal"),
    [
        ("org.signed_out", {}, None),
        ("org.signed_in", {}, None),  # the person is missing
        ("org.signed_in", {"person": "1"}, None),
        ("org.signed_in", {"person": 1, "address": "10.0.0.1"}, None),  # personal, in the open
        ("org.signed_in", {"person": 1}, {"method": "x"}),  # not declared personal
        ("org.setting_changed", {"key": "x", "value": float("nan")}, None),
        ("org.setting_changed", {"key": "x", "value": 2**60}, None),
        ("org.setting_changed", {"key": "x", "value": object()}, None),
        ("org.setting_changed", {"key": "x", "value": b"x"}, None),
        ("org.setting_changed", {"key": "x", "value": "\ud800"}, None),
    ],
)
def test_an_event_that_the_registry_does_not_allow_is_refused_where_it_is_given(
    sqlite_url: str, now: datetime, type_: str, payload: dict[str, Any], personal: Any
) -> None:
    db = Database(sqlite_url)

    def work(uow: UnitOfWork) -> None:
        with pytest.raises(PayloadError):
            history.append(
                uow,
                type_,
                actor=SYSTEM,
                occurred_at=now,
                now=now,
                payload=payload,
                personal=personal,
            )

    db.run(work)
    assert org(db) == []
    db.dispose()


def test_values_are_written_as_json_has_them() -> None:
    moment = datetime(2026, 3, 10, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    assert plain(
        {
            "at": moment,
            "day": date(2026, 3, 10),
            "span": timedelta(hours=1, milliseconds=500),
            "whole": Decimal("3"),
            "part": Decimal("2.5"),
            "list": (1, {"x": None}),
        }
    ) == {
        "at": "2026-03-10T02:00:00Z",
        "day": "2026-03-10",
        "span": "PT3600.5S",
        "whole": 3,
        "part": 2.5,
        "list": [1, {"x": None}],
    }
    with pytest.raises(ValueError, match="offset"):
        plain(datetime(2026, 3, 10))  # noqa: DTZ001


def test_the_payload_is_copied(db: Database, now: datetime) -> None:
    payload: dict[str, Any] = {"key": "x", "value": {"a": 1}}

    def work(uow: UnitOfWork) -> None:
        history.append(
            uow, "org.setting_changed", actor=SYSTEM, occurred_at=now, now=now, payload=payload
        )
        payload["value"]["a"] = 2

    db.run(work)
    assert history.payload_of(org(db)[0])["value"] == {"a": 1}


def test_every_type_has_a_schema_that_is_one_and_names_a_category() -> None:
    names = [spec.name for spec in all_types()]
    assert len(names) == len(set(names)) >= 60
    for spec in all_types():
        assert spec.schema["additionalProperties"] is False
        assert spec is event_type(spec.name) is event_type(spec.name, spec.version)
        with pytest.raises(PayloadError):
            spec.check({"no such field": 1}, {})


def test_a_version_that_never_was_is_unknown() -> None:
    with pytest.raises(PayloadError):
        event_type("case.opened", 99)
