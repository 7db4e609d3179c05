"""Drafts of plans: whose they are, how they are saved and undone, what is on record of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.studio import DraftChange, DraftFile
from services import drafts, history
from services.actor import Actor
from services.errors import Refusal
from services.uow import Database, UnitOfWork
from tests.integration.world import World, make_world, on_paper, plan_t01
from workflows.contract import DeploymentError

PLAN = "t01"


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    made = make_world(db, now)
    made.deploy(on_paper(plan_t01()))
    return made


def who(world: World, name: str) -> Actor:
    return Actor(world.people[name].id)


def do(world: World, work: Callable[[UnitOfWork], Any]) -> Any:
    return world.db.run(work)


def begin(world: World, name: str = "author") -> int:
    made: int = do(world, lambda uow: drafts.open_draft(uow, PLAN, who(world, name), world.now).id)
    return made


def files(world: World, draft_id: int) -> dict[str, bytes]:
    with world.db.read() as session:
        return drafts.files_of(session, drafts.get_draft(session, draft_id))


def save(world: World, draft_id: int, name: str = "author", **keys: Any) -> int:
    changes = {"plan.bpmn": keys.pop("content", files(world, draft_id)["plan.bpmn"] + b"\n")}
    moved: int = do(
        world,
        lambda uow: (
            drafts.save_files(uow, draft_id, changes, who(world, name), world.now, **keys).revision
        ),
    )
    return moved


def payloads(world: World, type_: str) -> list[dict[str, Any]]:
    with world.db.read() as session:
        events = session.scalars(select(HistoryEvent).where(HistoryEvent.type == type_)).all()
        return [history.payload_of(event) for event in events]


def test_a_draft_starts_as_the_version_in_force_and_is_one_for_each_author(world: World) -> None:
    mine, admins = begin(world), begin(world, "admin")
    assert files(world, mine) == dict(on_paper(plan_t01()).files)
    assert begin(world) == mine != admins
    with world.db.read() as session:
        others = drafts.others_editing(session, drafts.get_draft(session, mine))
        assert [one.author_id for one in others] == [world.people["admin"].id]
    assert [p["draft"] for p in payloads(world, "org.draft_opened")] == [mine, admins]


def test_a_save_is_one_step_on_record_that_can_be_undone(world: World) -> None:
    draft = begin(world)
    before = files(world, draft)
    assert save(world, draft, revision=0, what="first") == 1
    assert save(world, draft, revision=1, what="second") == 2
    after = do(world, lambda uow: drafts.undo(uow, draft, who(world, "author"), world.now)[1])
    assert after == "second" and files(world, draft)["plan.bpmn"] == before["plan.bpmn"] + b"\n"
    do(world, lambda uow: drafts.undo(uow, draft, who(world, "author"), world.now))
    assert files(world, draft) == before
    with pytest.raises(Refusal, match="nothing_to_undo"):
        do(world, lambda uow: drafts.undo(uow, draft, who(world, "author"), world.now))
    told = payloads(world, "org.draft_saved")
    assert [(p["revision"], p["what"], p.get("undone")) for p in told] == [
        (1, "first", None), (2, "second", None), (3, "second", 2), (4, "first", 1),
    ]  # fmt: skip


def test_a_save_of_the_same_writes_nothing(world: World) -> None:
    draft = begin(world)
    assert save(world, draft, content=files(world, draft)["plan.bpmn"]) == 0
    assert payloads(world, "org.draft_saved") == []


def test_a_save_from_an_older_revision_is_refused_and_loses_nothing(world: World) -> None:
    draft = begin(world)
    save(world, draft, revision=0)
    kept = files(world, draft)
    with pytest.raises(Refusal, match="draft_moved"):
        save(world, draft, revision=0)
    assert files(world, draft) == kept


@pytest.mark.parametrize(
    ("name", "code"),
    [("admin", "not_your_draft"), ("leader", "not_your_role"), ("auditor", "read_only"),
     ("duty", "draft_unknown")],
)  # fmt: skip
def test_nobody_else_writes_in_it(world: World, name: str, code: str) -> None:
    draft = begin(world)
    with pytest.raises(Refusal, match=code):
        save(world, draft, name)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("plan.bpmn", b"\x89PNG\r\n\x1a\n", "binary_file"),
        ("plan.bpmn", b"<a/>", "not_bpmn"),
        ("plan.toml", b"= broken", "toml_invalid"),
        ("../plan.bpmn", b"<a/>", "file_name"),
        ("notes.txt", b"hello", "file_name"),
    ],
)
def test_what_cannot_be_read_is_not_saved(world: World, name: str, body: bytes, code: str) -> None:
    draft = begin(world)
    kept = files(world, draft)
    with pytest.raises(DeploymentError) as refused:
        do(
            world,
            lambda uow: drafts.save_files(
                uow, draft, {name: body}, who(world, "author"), world.now
            ),
        )
    assert refused.value.findings[0].code == code and files(world, draft) == kept


def test_only_the_newest_saves_can_be_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "UNDO_STEPS", 3)
    draft = begin(world)
    for _ in range(6):
        save(world, draft)
    with world.db.read() as session:
        kept = session.scalars(select(DraftChange.revision).order_by(DraftChange.revision)).all()
    assert list(kept) == [4, 5, 6]


def test_a_discarded_draft_leaves_no_file(world: World) -> None:
    draft = begin(world)
    save(world, draft)
    do(world, lambda uow: drafts.discard_draft(uow, draft, who(world, "author"), world.now))
    with world.db.read() as session:
        assert session.scalars(select(DraftFile)).all() == []
        assert session.scalars(select(DraftChange)).all() == []
        with pytest.raises(Refusal, match="draft_unknown"):
            drafts.get_draft(session, draft)
    assert len(payloads(world, "org.draft_discarded")) == 1
    assert begin(world) != draft
