"""Destroying a case's personal data: afterwards no table, and not the database file either, holds a
word that was typed; the record still verifies and says what was destroyed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select

from models.cases import Case, ProcessInstance
from models.history import HistoryEvent
from models.intake import Attachment, Signal, StoredFile
from models.tasks import UserTask
from services import (
    anchors,
    case_reading,
    cases,
    destruction,
    files,
    history,
    legal_holds,
    signals,
    tasks,
)
from services.errors import Refusal
from services.history_types import event_type
from services.typed_words import DESTROYED
from services.uow import Database, UnitOfWork
from services.verify import verify_chain
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Field, Process
from workflows import state
from workflows.bundle import Bundle

#: Each typed somewhere else; none of them a word of the product or of the plan.
TYPED = {
    "field": "住三号楼的申老师发热两日", "short": "申某", "reason": "另一人代办因申老师请假",
    "draft": "草稿里写着申老师的电话", "summary": "家长群传申老师确诊",
    "signal": "网传申老师已转院", "contact": "报料人夏女士", "file": "申老师体温单",
    "anchor": "申老师家属更正了时间", "bytes": "体温三十八度六",
}  # fmt: skip


def plan_t09() -> Bundle:
    """What is typed, besides a task that stays open; then destroying, then one more task."""
    p = Process("t09", "登记预案")
    p.start("s").parallel("both")
    p.user_task(
        "fill",
        "duty",
        name="登记",
        fields=[
            ("remark", "string"),
            ("who", "string"),
            ("count", "long"),
            ("abnormal", "boolean"),
        ],
    )
    p.user_task("destroy", "leader", name="销毁", form_key="planroom:destroy")
    p.user_task("after", "office", name="善后", fields=[("done", "boolean")])
    p.user_task("other", "office", name="另一事", fields=[("words", "string")])
    p.parallel("joined").end("e")
    p.chain("s", "both", "fill", "destroy", "after", "joined", "e")
    p.chain("both", "other", "joined")
    return bundle(
        p, roles=["duty", "office", "leader"], anchors=["discovered_at", "opened_at", "graded_at"]
    )


@pytest.fixture
def typed(world: World, tmp_path: Path) -> Case:
    """A case into which somebody typed something everywhere."""
    world.deploy(plan_t09())
    now, duty = world.now, world.actor("duty")
    noticed = signals.Noticed(
        text=TYPED["signal"], contact=signals.Contact(name=TYPED["contact"], phone="13900000000")
    )
    signal = world.db.run(lambda uow: signals.record(uow, noticed, duty, now))
    case = world.db.run(
        lambda uow: cases.open_case(
            uow,
            plan_key="t09",
            title="舞台桁架坠落",
            summary=TYPED["summary"],
            signal=uow.session.get_one(Signal, signal.id),
            actor=duty,
            now=now,
        )
    )
    fill = world.open_tasks(case)["fill"].id
    world.claim(fill, "duty")
    world.db.run(
        lambda uow: tasks.reassign_task(
            uow, fill, world.people["duty2"].id, duty, now, TYPED["reason"]
        )
    )
    given = {"remark": TYPED["field"], "who": TYPED["short"], "count": 3, "abnormal": True}
    world.finish(fill, "duty2", given, now)
    other = world.open_tasks(case)["other"].id
    world.db.run(
        lambda uow: tasks.save_draft(
            uow, other, world.actor("office"), {"words": TYPED["draft"]}, now
        )
    )
    world.db.run(
        lambda uow: files.add_to_case(
            uow, tmp_path, case.id, f"{TYPED['file']}.txt", TYPED["bytes"].encode(), duty, now
        )
    )
    world.db.run(
        lambda uow: anchors.correct_anchor(
            uow, case.id, "discovered_at", now - timedelta(hours=1), TYPED["anchor"], duty, now
        )
    )
    return case


def destroy(world: World, case: Case, folder: Path | None = None, **data: Any) -> None:
    given = {"confirmed": True, "reason": "purpose_over", "data_dir": str(folder or ""), **data}
    world.complete(case, "destroy", "leader", given, world.now + timedelta(hours=1))


def everything(db: Database) -> Iterator[tuple[str, str]]:
    """Every cell of every table as text, packed state unpacked; with where it stands."""
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').mappings():
                for column, value in row.items():
                    yield f"{table}.{column}", _text(value)


def _text(value: object) -> str:
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes):
        packed = value[1:] if value[:2] == bytes([state.FORMAT, 0x78]) else value
        try:
            value = zlib.decompress(packed)
        except zlib.error:
            value = bytes(value)
        return value.decode("utf-8", errors="replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def traces(db: Database) -> dict[str, set[str]]:
    """Typed word -> where in the database it stands, as itself or escaped."""
    found: dict[str, set[str]] = {}
    for where, text in everything(db):
        for name, word in TYPED.items():
            escaped = word.encode("unicode_escape").decode("ascii")
            if word in text or escaped in text or escaped.upper() in text.upper():
                found.setdefault(name, set()).add(where)
    return found


def test_no_table_holds_a_typed_word_afterwards(world: World, typed: Case, tmp_path: Path) -> None:
    before = traces(world.db)
    assert before.keys() == TYPED.keys() - {"bytes"}, "else the search would find nothing at all"
    assert "process_instance.state" in before["field"]
    assert list((tmp_path / "files").rglob("*")), "the file's bytes lie there"
    destroy(world, typed, tmp_path)
    assert traces(world.db) == {}
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert not world.all(select(Attachment)) and not world.all(select(StoredFile))


def test_the_file_itself_holds_none_either(
    world: World, typed: Case, tmp_path: Path, database_url: str
) -> None:
    if not database_url.startswith("sqlite:///"):
        return  # PostgreSQL's files are not ours to read; its rows are searched above
    path = Path(database_url.removeprefix("sqlite:///"))

    def found() -> set[str]:
        world.db.dispose()
        parts = [path, path.with_name(path.name + "-wal")]
        body = b"".join(part.read_bytes() for part in parts if part.exists())
        return {name for name, word in TYPED.items() if word.encode() in body}

    assert found() == TYPED.keys() - {"bytes"}
    destroy(world, typed, tmp_path)
    assert found() == set()


def test_the_record_says_what_was_destroyed_and_still_verifies(
    world: World, typed: Case, tmp_path: Path
) -> None:
    with world.db.read() as session:
        held = destruction.inventory(session, session.get_one(Case, typed.id))
    assert (held.drafts, held.files, held.signals) == (1, 1, 1)
    by_field = {(one.type, one.path, one.field): one.count for one in held.held}
    assert by_field["task.completed", "fill", "remark"] == 1
    destroy(world, typed, tmp_path)
    with world.db.read() as session:
        for chain in (f"case:{typed.id}", "org"):
            checked = verify_chain(session, chain)
            assert checked.ok and checked.erased, chain
        event = case_reading.case_events(session, typed.id)
        payload = next(history.payload_of(e) for e in event if e.type == "personal.destroyed")
        case = session.get_one(Case, typed.id)
        assert destruction.inventory(session, case).values == 0
    assert payload["values"] == held.values and payload["reason"] == "purpose_over"
    assert (payload["files"], payload["drafts"], payload["signals"]) == (1, 1, 1)
    assert payload["basis"] == list(destruction.BASIS)
    assert {"type": "task.completed", "path": "fill", "field": "remark", "n": 1} in payload["by"]


def test_figures_and_choices_stay_and_the_case_goes_on(
    world: World, typed: Case, tmp_path: Path
) -> None:
    destroy(world, typed, tmp_path)
    fill = world.one(select(UserTask).where(UserTask.element_id == "fill"))
    assert fill.result == {"remark": DESTROYED, "who": DESTROYED, "count": 3, "abnormal": True}
    assert world.one(select(Case.title)) == "舞台桁架坠落", "the case keeps its name"
    world.complete(typed, "after", "office", {"done": "true"}, world.now + timedelta(hours=2))
    world.complete(typed, "other", "office", {"words": ""}, world.now + timedelta(hours=2))
    assert world.one(select(ProcessInstance.status)) == "completed"


def test_the_case_page_says_destroyed(world: World, typed: Case, tmp_path: Path) -> None:
    destroy(world, typed, tmp_path)
    with world.db.read() as session:
        duty = world.people["duty"]
        entries = case_reading.overview(session, typed.id, duty, world.now).timeline
    erased = {entry.event.type: entry.erased for entry in entries if entry.erased}
    assert erased["task.completed"] == ("text",)
    assert erased["task.reassigned"] == ("reason",)
    assert "case.opened" in erased and "title" not in erased["case.opened"]


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"confirmed": False}, {"confirmed": "required"}),
        ({"confirmed": "true"}, {"confirmed": "required"}),
        ({"reason": ""}, {"reason": "required"}),
        ({"reason": "因为申老师"}, {"reason": "not_an_option"}),
    ],
)
def test_it_is_confirmed_with_a_listed_reason_or_not_done(
    world: World, typed: Case, data: dict[str, Any], errors: dict[str, str]
) -> None:
    before = traces(world.db)
    with pytest.raises(Refusal) as refusal:
        destroy(world, typed, None, **data)
    assert refusal.value.args_["errors"] == errors
    assert traces(world.db) == before


def test_a_file_attached_elsewhere_too_keeps_its_bytes(
    world: World, typed: Case, tmp_path: Path
) -> None:
    other = world.open("t01")
    world.db.run(
        lambda uow: files.add_to_case(
            uow, tmp_path, other.id, "a.txt", TYPED["bytes"].encode(), world.actor("duty"),
            world.now,
        )
    )  # fmt: skip
    destroy(world, typed, tmp_path)
    assert [row.case_id for row in world.all(select(Attachment))] == [other.id]
    assert len([p for p in (tmp_path / "files").rglob("*") if p.is_file()]) == 1


def test_statements_and_their_approvals_are_kept_apart() -> None:
    kept = {"approval.given", "statement.released", "statement.version_added"}
    assert all(event_type(name).category == "statement" for name in kept)


def test_while_a_hold_stands_the_plan_destroys_nothing(world: World, typed: Case) -> None:
    """A hold (暂缓销毁) binds the plan's own task as it binds a list."""
    leader, now = world.actor("leader"), world.now
    held = world.db.run(lambda uow: legal_holds.place(uow, typed.id, "诉讼中", leader, now))
    with pytest.raises(Refusal) as refused:
        destroy(world, typed)
    assert (refused.value.code, refused.value.args_["number"]) == ("case_held", typed.number)
    with world.db.read() as session:
        assert destruction.inventory(session, session.get_one(Case, typed.id)).values > 0
        assert session.scalars(select(Attachment)).all()
    world.db.run(lambda uow: legal_holds.lift(uow, held.id, "已结案", leader, now))
    destroy(world, typed)
    with world.db.read() as session:
        assert destruction.inventory(session, session.get_one(Case, typed.id)).values == 0


def test_a_figure_that_is_personal_is_committed_to_and_goes(world: World) -> None:
    """What the plan calls personal data is in no event, words or not."""
    p = Process("t10", "证件预案")
    card: Field = ("card", "long", {"properties": {"personal": "true"}})
    p.start("s").user_task("fill", "duty", name="登记", fields=[card, ("count", "long")])
    p.user_task("destroy", "leader", name="销毁", form_key="planroom:destroy").end("e")
    p.chain("s", "fill", "destroy", "e")
    world.deploy(bundle(p, roles=["duty", "leader"], anchors=["discovered_at", "opened_at"]))
    case = world.open("t10")
    world.complete(case, "fill", "duty", {"card": 33010219, "count": 4})
    assert "33010219" in "".join(text for _where, text in everything(world.db))
    with world.db.read() as session:
        events = history.events_of_case(session, case.id)
        done = next(event for event in events if event.type == "task.completed")
        assert history.payload_of(done)["result"] == {"count": 4}
        assert history.personal_of(session, done) == {"text": {"card": 33010219}}
        assert "33010219" not in "".join(event.content for event in events)
    destroy(world, case)
    assert [where for where, text in everything(world.db) if "33010219" in text] == []
    with world.db.read() as session:
        assert verify_chain(session, history.chain_of(case.id)).ok


def test_of_other_signals_nothing_goes(world: World, typed: Case) -> None:
    """Also where another's number begins with the same figures."""
    duty, now = world.actor("duty"), world.now

    def more(uow: UnitOfWork) -> None:
        for n in range(12):
            signals.record(uow, signals.Noticed(text=f"另一条{n}"), duty, now)

    world.db.run(more)
    own = world.one(select(Signal).where(Signal.case_id == typed.id)).id
    destroy(world, typed)
    with world.db.read() as session:
        others = session.scalars(select(Signal).where(Signal.id != own)).all()
        assert str(own) in {str(other.id)[0] for other in others if other.id > 9}
        kept = {text for _where, text in everything(world.db) if text.startswith("另一条")}
        assert kept == {f"另一条{n}" for n in range(12)}
        events = [e for e in session.scalars(select(HistoryEvent)) if e.type == "signal.recorded"]
        assert len(history.personal_by_event(session, events)) == 12
