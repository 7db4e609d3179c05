"""Drafts of plans: whose they are, how they are saved and undone, what is on record of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.history import HistoryEvent
from models.studio import DraftChange, DraftFile
from services import draft_reading, drafts, history
from services.errors import Refusal
from tests.integration.world import World, on_paper, plan_t01
from workflows.contract import DeploymentError


def save(world: World, draft: int, who: str = "author", **keys: Any) -> int:
    """Save one line more; returns the revision."""
    body = world.draft_files(draft)["plan.bpmn"] + b"\n"
    return world.save_draft(draft, {"plan.bpmn": body}, who, **keys)


def undo(world: World, draft: int) -> str:
    return world.db.run(lambda uow: drafts.undo(uow, draft, world.actor("author"), world.now)[1])


def payloads(world: World, type_: str) -> list[dict[str, Any]]:
    with world.db.read() as session:
        events = session.scalars(select(HistoryEvent).where(HistoryEvent.type == type_)).all()
        return [history.payload_of(event) for event in events]


def test_a_draft_starts_as_the_version_in_force_and_is_one_for_each_author(world: World) -> None:
    mine, admins = world.draft(), world.draft(who="admin")
    assert world.draft_files(mine) == dict(on_paper(plan_t01()).files)
    assert world.draft() == mine != admins
    with world.db.read() as session:
        others = draft_reading.others_editing(session, draft_reading.get_draft(session, mine))
        assert [one.author_id for one in others] == [world.people["admin"].id]
    assert [p["draft"] for p in payloads(world, "org.draft_opened")] == [mine, admins]


def test_a_save_is_one_step_on_record_that_can_be_undone(world: World) -> None:
    draft = world.draft()
    before = world.draft_files(draft)
    assert save(world, draft, revision=0, what="first") == 1
    assert save(world, draft, revision=1, what="second") == 2
    assert undo(world, draft) == "second"
    assert world.draft_files(draft)["plan.bpmn"] == before["plan.bpmn"] + b"\n"
    undo(world, draft)
    assert world.draft_files(draft) == before
    with pytest.raises(Refusal, match="nothing_to_undo"):
        undo(world, draft)
    told = payloads(world, "org.draft_saved")
    assert [(p["revision"], p["what"], p.get("undone")) for p in told] == [
        (1, "first", None), (2, "second", None), (3, "second", 2), (4, "first", 1),
    ]  # fmt: skip


def test_a_save_of_the_same_writes_nothing(small: World) -> None:
    draft = small.draft()
    assert small.save_draft(draft, small.draft_files(draft)) == 0
    assert payloads(small, "org.draft_saved") == []


def test_a_save_from_an_older_revision_is_refused_and_loses_nothing(world: World) -> None:
    draft = world.draft()
    save(world, draft, revision=0)
    kept = world.draft_files(draft)
    with pytest.raises(Refusal, match="draft_moved"):
        save(world, draft, revision=0)
    assert world.draft_files(draft) == kept


@pytest.mark.parametrize(
    ("name", "code"),
    [("admin", "not_your_draft"), ("leader", "not_your_role"), ("auditor", "read_only"),
     ("duty", "draft_unknown")],
)  # fmt: skip
def test_nobody_else_writes_in_it(small: World, name: str, code: str) -> None:
    draft = small.draft()
    with pytest.raises(Refusal, match=code):
        save(small, draft, name)


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
def test_what_cannot_be_read_is_not_saved(small: World, name: str, body: bytes, code: str) -> None:
    draft = small.draft()
    kept = small.draft_files(draft)
    with pytest.raises(DeploymentError) as refused:
        small.save_draft(draft, {name: body})
    assert refused.value.findings[0].code == code and small.draft_files(draft) == kept


def test_only_the_newest_saves_can_be_undone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "UNDO_STEPS", 3)
    draft = world.draft()
    for _ in range(6):
        save(world, draft)
    with world.db.read() as session:
        kept = session.scalars(select(DraftChange.revision).order_by(DraftChange.revision)).all()
    assert list(kept) == [4, 5, 6]


def test_a_discarded_draft_leaves_no_file(world: World) -> None:
    draft = world.draft()
    save(world, draft)
    world.db.run(lambda uow: drafts.discard_draft(uow, draft, world.actor("author"), world.now))
    with world.db.read() as session:
        assert session.scalars(select(DraftFile)).all() == []
        assert session.scalars(select(DraftChange)).all() == []
        with pytest.raises(Refusal, match="draft_unknown"):
            draft_reading.get_draft(session, draft)
    assert len(payloads(world, "org.draft_discarded")) == 1
    assert world.draft() != draft
