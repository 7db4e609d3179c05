"""Statements: what each kind must say, versions, digests, differences, drafting in a plan."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import rfc8785

from models.words import Approval, Statement
from services import statement_reading, statements
from services.approvals import handle_review
from services.errors import Refusal
from services.statement_text import Parts, difference
from services.statements import handle_draft
from services.uow import Database
from tests.integration.words_rows import Unit, make_unit

DRAFT = "planroom:statement-draft"
REVIEW = "planroom:statement-review"


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def parts(unit: Unit, **changes: Any) -> Parts:
    return Parts.read(unit.text(**changes))


def errors(refusal: pytest.ExceptionInfo[Refusal]) -> dict[str, str]:
    assert refusal.value.code == "form_invalid"
    assert refusal.value.status == 422
    found = refusal.value.args_["errors"]
    assert isinstance(found, dict)
    return found


def test_first_round_creates_and_later_rounds_add_versions(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text())
    assert first["version"] == 1 and first["kind"] == "first_facts"
    data = unit.text(known="3人受伤,其中1人重伤。", digest=first["digest"])
    second = unit.submit(handle_draft, DRAFT, data)
    assert second["statement_id"] == first["statement_id"]
    assert second["version"] == 2
    assert second["digest"] != first["digest"]
    assert unit.events("statement.version_added")[1]["changed"] == ["known"]


def test_handing_the_same_text_in_again_adds_no_version(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text())
    again = unit.submit(handle_draft, DRAFT, unit.text(digest=first["digest"]))
    assert again == first
    assert len(unit.events("statement.version_added")) == 1


def test_another_scope_and_a_released_one_start_new_statements(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text(), path="words[0]/draft")
    other = unit.submit(handle_draft, DRAFT, unit.text(), path="words[1]/draft")
    assert other["statement_id"] != first["statement_id"]

    def release(uow: Any) -> None:
        uow.session.get_one(Statement, first["statement_id"]).status = "released"

    unit.run(release)
    third = unit.submit(handle_draft, DRAFT, unit.text(kind="progress"), path="words[0]/draft")
    assert third["statement_id"] not in (first["statement_id"], other["statement_id"])
    assert third["version"] == 1


@pytest.mark.parametrize("part", ["known", "unknown", "doing", "next_word_at", "contact", "title"])
@pytest.mark.parametrize("kind", ["first_facts", "progress"])
def test_first_facts_and_progress_say_all_five_things(unit: Unit, kind: str, part: str) -> None:
    data = unit.text(kind=kind) | {part: None if part == "next_word_at" else "   \r\n "}
    with pytest.raises(Refusal) as refusal:
        unit.submit(handle_draft, DRAFT, data)
    assert errors(refusal) == {part: "required"}


def test_the_next_word_may_not_be_promised_for_the_past(unit: Unit, now: datetime) -> None:
    with pytest.raises(Refusal) as refusal:
        unit.submit(handle_draft, DRAFT, unit.text(next_word_at=now))
    assert errors(refusal) == {"next_word_at": "in_past"}


def test_a_cause_needs_the_investigation_done(unit: Unit) -> None:
    with pytest.raises(Refusal) as refusal:
        unit.submit(handle_draft, DRAFT, unit.text(kind="cause"))
    assert refusal.value.code == "investigation_open"
    done = unit.submit(handle_draft, DRAFT, unit.text(kind="cause", investigation_done=True))
    assert done["kind"] == "cause"
    assert unit.events("statement.created")[0]["investigation_done"] is True


def test_a_correction_names_a_released_statement_of_the_case(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text(), path="a/draft")
    data = unit.text(kind="correction", corrects_id=first["statement_id"])
    with pytest.raises(Refusal) as refusal:
        unit.submit(handle_draft, DRAFT, data, path="b/draft")
    assert refusal.value.code == "correction_of"  # it is not out yet

    def release(uow: Any) -> None:
        uow.session.get_one(Statement, first["statement_id"]).status = "released"

    unit.run(release)
    made = unit.submit(handle_draft, DRAFT, data, path="b/draft")
    with unit.db.read() as session:
        assert (
            statement_reading.get(session, made["statement_id"]).corrects_id
            == (first["statement_id"])
        )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"known": 7}, {"known": "not_text"}),
        ({"known": "a\x00b"}, {"known": "not_text"}),
        ({"known": "\ud800"}, {"known": "not_text"}),
        ({"known": "字" * 20_001}, {"known": "too_long"}),
        ({"title": "字" * 301}, {"title": "too_long"}),
        ({"next_word_at": "tomorrow"}, {"next_word_at": "not_a_moment"}),
        ({"kind": "rumour"}, {"kind": "not_an_option"}),
    ],
)
def test_bad_input_names_the_field(
    unit: Unit, change: dict[str, Any], error: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as refusal:
        unit.submit(handle_draft, DRAFT, unit.text(**change))
    assert errors(refusal) == error


def test_the_digest_is_over_the_canonical_json_of_all_parts(unit: Unit, now: datetime) -> None:
    text = parts(unit)
    body = {name: getattr(text, name) for name in Parts.__slots__ if name != "next_word_at"}
    body["next_word_at"] = "2026-03-10T11:00:00+00:00"
    assert text.digest() == hashlib.sha256(rfc8785.dumps(body)).hexdigest()
    beijing = (now + timedelta(hours=9)).astimezone(ZoneInfo("Asia/Shanghai"))
    assert parts(unit, next_word_at=beijing).digest() == text.digest()
    assert parts(unit, known=text.known + "\r\n").digest() == text.digest()
    for name in ("title", "known", "unknown", "doing", "next_word_note", "contact"):
        assert parts(unit, **{name: "别的"}).digest() != text.digest()
    assert parts(unit, next_word_at=now + timedelta(hours=8)).digest() != text.digest()


def test_the_difference_reads_in_both_directions(unit: Unit) -> None:
    older = parts(unit, known="网传五人死亡,现场混乱。")
    newer = parts(unit, known="网传五人死亡不实,医院确认三人受伤,无人死亡。")
    changed = {d.part: d for d in difference(older, newer, ZoneInfo("Asia/Shanghai"))}
    assert [name for name, d in changed.items() if d.changed] == ["known"]
    segments = changed["known"].segments
    assert "".join(s.text for s in segments if s.op != "insert") == older.known
    assert "".join(s.text for s in segments if s.op != "delete") == newer.known
    assert segments[0].op == "equal" and segments[0].text.startswith("网传五人死亡")
    assert len(segments) <= 5  # runs to read, not scattered characters
    moment = changed["next_word_at"].segments
    assert [s.text for s in moment] == ["2026-03-10 19:00"]


def test_any_two_versions_compare_whichever_way_they_are_named(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text(known="甲"))
    second = unit.submit(handle_draft, DRAFT, unit.text(known="乙", digest=first["digest"]))
    unit.submit(handle_draft, DRAFT, unit.text(known="丙", digest=second["digest"]))
    with unit.db.read() as session:
        there = statement_reading.compare(session, first["statement_id"], 3, 1)
        assert (there.older.number, there.newer.number) == (1, 3)
        with pytest.raises(Refusal) as refusal:
            statement_reading.compare(session, first["statement_id"], 1, 9)
        assert refusal.value.status == 404


def test_a_version_voids_standing_approvals_and_tells_their_givers(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text())
    given = {"decision": "approve", "digest": first["digest"]}
    kind = {"approvalKind": "secrecy"}
    unit.submit(handle_review, REVIEW, given, path="words/secrecy", properties=kind)
    new = Parts.read(unit.text(doing="伤者已送医。"))
    unit.run(
        lambda uow: statements.add_version(
            uow,
            first["statement_id"],
            new,
            unit.actor("publicity"),
            unit.now,
            base_digest=first["digest"],
            note="改错字",
        )
    )
    voided = unit.events("approval.voided")
    assert [(v["kind"], v["by_version"], v["digest"]) for v in voided] == [
        ("secrecy", 2, first["digest"])
    ]
    with unit.db.read() as session:
        approval = session.query(Approval).one()
        assert approval.voided_at == unit.now and approval.voided_by_version == 2


def test_two_writers_of_the_same_text_do_not_overwrite_each_other(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text())

    def write(who: str, known: str) -> None:
        unit.run(
            lambda uow: statements.add_version(
                uow,
                first["statement_id"],
                Parts.read(unit.text(known=known)),
                unit.actor(who),
                unit.now,
                base_digest=first["digest"],
            )
        )

    write("publicity", "甲")
    with pytest.raises(Refusal) as refusal:
        write("secrecy", "乙")
    assert refusal.value.code == "text_changed" and refusal.value.status == 409
    assert refusal.value.args_["shown"] == 1 and refusal.value.args_["latest"] == 2


def test_who_has_no_part_in_the_words_does_not_change_them(unit: Unit) -> None:
    first = unit.submit(handle_draft, DRAFT, unit.text())

    def write(who: str) -> None:
        unit.run(
            lambda uow: statements.add_version(
                uow,
                first["statement_id"],
                Parts.read(unit.text(known="别的")),
                unit.actor(who),
                unit.now,
                base_digest=first["digest"],
            )
        )

    for who in ("archive", "auditor"):
        with pytest.raises(Refusal) as refusal:
            write(who)
        assert refusal.value.status == 403


def test_times_are_the_cases_own(unit: Unit) -> None:
    def ahead(uow: Any) -> None:
        unit.case(uow).clock_offset = 3600

    unit.run(ahead)
    first = unit.submit(handle_draft, DRAFT, unit.text())
    made = unit.run(
        lambda uow: statements.add_version(
            uow,
            first["statement_id"],
            Parts.read(unit.text(known="别的")),
            unit.actor("publicity"),
            unit.now,
            base_digest=first["digest"],
        )
    )
    assert made.created_at == unit.now + timedelta(hours=1)
