"""Destruction lists: drawn up, agreed to by two, carried out; afterwards no table and no file
holds a word that was typed, and every chain still verifies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from models.audit import ExportJob
from models.cases import Case
from models.history import HistoryEvent
from models.intake import Attachment
from models.retention import DestructionItem, DestructionList, LegalHold, PlanRetention
from services import (
    destruction,
    destruction_lists,
    destruction_run,
    files,
    free_space,
    history,
    legal_holds,
    unmasking,
)
from services.actor import Actor
from services.destruction_run import Outcome, Portion, carry_out
from services.errors import Refusal
from services.uow import UnitOfWork
from services.verify import verify_all
from tests.integration.archive_world import (
    LATER,
    actor,
    agreed,
    archived,
    draw_up,
    due,
    keep,
    lies,
    vote,
    with_keepers,
)
from tests.integration.test_destruction import everything
from tests.integration.world import World

#: Each typed somewhere else; none of them a word of the product or of the plan.
TYPED = {
    "field": "住三号楼的申老师发热两日", "summary": "家长群传申老师确诊", "where": "申老师家属处",
    "file": "申老师体温单", "bytes": "体温三十八度六", "placed": "申老师提起诉讼",
    "lifted": "申老师已经撤诉", "unmasked": "核对申老师的电话", "export": "导出里写着申老师",
}  # fmt: skip
DATABASE = TYPED.keys() - {"bytes", "export"}


@pytest.fixture
def kept(world: World) -> World:
    """On each database, cases kept ten years."""
    with_keepers(world)
    keep(world)
    return world


@pytest.fixture
def room(small: World) -> World:
    """On SQLite alone, for what is not the database's."""
    with_keepers(small)
    keep(small)
    return small


def run(world: World, made: DestructionList, folder: Path | None = None) -> Outcome:
    who = actor(world, "archivist2")
    done = carry_out(world.db, made.id, who, LATER, folder, seconds=600)
    assert done.outcome is not None and done.done == done.total == len(made.items)
    return done.outcome


def code(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code


def hold(world: World, case: Case, reason: str = "诉讼") -> int:
    who = actor(world, "lawyer")
    return world.db.run(lambda uow: legal_holds.place(uow, case.id, reason, who, LATER).id)


def typed_everywhere(world: World, folder: Path) -> Case:
    """An archived case with words in every place that outlives archiving."""
    case = world.open("t11", summary=TYPED["summary"])
    duty = world.actor("duty")
    world.db.run(
        lambda uow: files.add_to_case(
            uow, folder, case.id, f"{TYPED['file']}.txt", TYPED["bytes"].encode(), duty, world.now
        )
    )
    world.complete(case, "fill", "duty", {"remark": TYPED["field"], "who": "申某", "count": 3})
    items = {
        "call_notes": {"present": True},
        "patrol_notes": {"present": True},
        "photos": {"note": "未拍照"},
        "minutes": {"present": True, "where": TYPED["where"]},
    }
    world.complete(case, "put_away", "office", {"items": items})
    lawyer, auditor = actor(world, "lawyer"), actor(world, "auditor")

    def later(uow: UnitOfWork) -> None:
        placed = legal_holds.place(uow, case.id, TYPED["placed"], lawyer, world.now)
        legal_holds.lift(uow, placed.id, TYPED["lifted"], lawyer, world.now)
        unmasking.unmask(uow, case.id, TYPED["unmasked"], auditor, world.now)

    world.db.run(later)
    return case


def exported(world: World, folder: Path, name: str, query: dict[str, int]) -> None:
    """An export that lies there, as the exports' own service leaves it."""
    path = folder / "exports" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TYPED["export"], "utf-8")
    job = ExportJob(
        person_id=world.people["auditor"].id, format="csv", query=query, status="done",
        file_name=name, size=9, digest=hashlib.sha256(b"x").hexdigest(), created_at=world.now,
    )  # fmt: skip
    world.db.run(lambda uow: uow.session.add(job))


def left(world: World) -> set[str]:
    cells = [text for _, text in everything(world.db)]
    return {name for name, word in TYPED.items() if any(word in cell for cell in cells)}


# ------------------------------------------------------------------------ erase, then verify


def test_erased_and_the_chains_still_verify(kept: World, tmp_path: Path, database_url: str) -> None:
    case, other = typed_everywhere(kept, tmp_path), archived(kept)
    exported(kept, tmp_path, "all.csv", {})
    exported(kept, tmp_path, "mine.csv", {"case": case.id})
    exported(kept, tmp_path, "other.csv", {"case": other.id})
    assert left(kept) == DATABASE, "before, the search finds them all"
    outcome = run(kept, agreed(kept, case), tmp_path)
    assert outcome.destroyed == (case.number,) and outcome.held == () and outcome.files == 1
    assert left(kept) == set()
    assert lies(tmp_path / "files") == [] and lies(tmp_path / "exports") == ["other.csv"]
    jobs = {job.query.get("case", 0): job for job in kept.all(select(ExportJob))}
    assert [jobs[n].status for n in (0, case.id, other.id)] == ["stopped", "stopped", "done"]
    with kept.db.read() as session:
        reports = {report.chain: report for report in verify_all(session)}
    assert all(report.ok for report in reports.values()), reports
    assert reports[f"case:{case.id}"].erased == 7
    assert reports["audit"].erased == 1 and reports[f"case:{other.id}"].erased == 0
    told = _told(kept, "personal.destroyed")
    assert told[0]["list"] == 1 and told[0]["reason"] == "period_over"
    assert told[0]["values"] == outcome.values
    # The case is still there with what stays: number, title, figures.
    assert kept.one(select(Case.title).where(Case.id == case.id)) == "舞台桁架坠落"
    if database_url.startswith("sqlite:///"):
        path = Path(database_url.removeprefix("sqlite:///"))
        kept.db.dispose()
        body = b"".join(p.read_bytes() for p in (path, path.with_name(path.name + "-wal"))
                        if p.exists())  # fmt: skip
        assert {name for name, word in TYPED.items() if word.encode() in body} == set()


def test_held_cases_stay_and_the_rest_goes(kept: World, tmp_path: Path) -> None:
    gone, held = archived(kept, "甲"), archived(kept, "乙来电")
    made = agreed(kept, gone, held)
    placed = hold(kept, held, "上级调阅")
    outcome = run(kept, made, tmp_path)
    assert (outcome.destroyed, outcome.held) == ((gone.number,), (held.number,))
    assert any("乙来电" in text for _, text in everything(kept.db))
    rows = {row.case_id: row.outcome for row in kept.all(select(DestructionItem))}
    assert rows == {gone.id: "destroyed", held.id: "held"}
    assert _told(kept, "org.destruction_carried_out") == [
        {"list": made.id, "destroyed": [gone.number], "held": [held.number],
         "values": outcome.values, "files": 0}
    ]  # fmt: skip
    assert code(lambda: run(kept, made)) == "list_not_approved", "once is enough"
    assert code(lambda: hold(kept, gone)) == "case_destroyed"
    assert due(kept) == []
    kept.db.run(lambda uow: legal_holds.lift(uow, placed, "已还", actor(kept, "lawyer"), LATER))
    assert due(kept) == [held.id], "it may stand on another list"


def test_a_hold_waits_for_a_destruction_under_way_and_is_told_so(
    kept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = archived(kept)
    made, real, said = agreed(kept, case), destruction.destroy, list[str]()
    late = Thread(target=lambda: said.append(code(lambda: hold(kept, case))))

    def slowly(*args: Any) -> object:
        late.start()
        late.join(0.3)
        assert late.is_alive(), "it waits"
        return real(*args)

    monkeypatch.setattr(destruction, "destroy", slowly)
    assert run(kept, made).destroyed == (case.number,)
    late.join(20)
    assert said == ["case_destroyed"] and kept.all(select(LegalHold)) == []


# --------------------------------------------------------------------------- what is refused


def test_a_list_holds_only_what_is_due(room: World) -> None:
    case, held, running = archived(room), archived(room), room.open("t11")
    hold(room, held)
    for wrong in (held, running):
        assert code(lambda wrong=wrong: draw_up(room, case, wrong)) == "case_not_due"  # type: ignore[misc]
    assert code(lambda: draw_up(room)) == "form_invalid"
    for who in ("leader", "admin", "auditor"):
        assert code(lambda who=who: draw_up(room, case, who=who)) in ("not_your_role", "read_only")  # type: ignore[misc]
    draw_up(room, case)
    assert code(lambda: draw_up(room, case)) == "case_not_due", "on a list already"
    assert _told(room, "org.destruction_proposed")[0]["cases"] == [case.number]


def test_two_others_agree_to_exactly_what_they_saw(room: World) -> None:
    _both_roles(room)
    made = draw_up(room, archived(room))
    assert code(lambda: vote(room, made, "archivist")) == "own_list"
    assert code(lambda: vote(room, made, "archivist2")) == "not_your_role"
    assert code(lambda: vote(room, made, "auditor")) == "read_only"
    assert code(lambda: vote(room, made, "leader", digest="0" * 64)) == "list_moved"
    assert code(lambda: vote(room, made, "leader", "perhaps")) == "form_invalid"
    assert code(lambda: run(room, made)) == "list_not_approved", "no vote yet"
    vote(room, made, "leader", comment="同意")
    assert code(lambda: vote(room, made, "leader")) == "voted_already"
    assert code(lambda: run(room, made)) == "list_not_approved", "one vote is not two"
    assert vote(room, made, "office").status == "approved"
    assert code(lambda: vote(room, made, "admin")) == "list_decided"
    stranger = Actor(room.people["office"].id, "office")
    assert code(lambda: carry_out(room.db, made.id, stranger, LATER, None)) == "not_your_role"
    assert code(lambda: carry_out(room.db, 99, stranger, LATER, None)) == "not_your_role"
    assert code(lambda: carry_out(room.db, 99, actor(room, "archivist"), LATER, None)) == (
        "list_unknown"
    )


def _both_roles(room: World) -> None:
    """The archivist is a leader too: may not agree to an own list all the same."""

    def work(uow: UnitOfWork) -> None:
        person = uow.session.get_one(type(room.people["leader"]), room.people["archivist"].id)
        leader = room.people["leader"].memberships[0]
        person.memberships.append(type(leader)(role_key="leader", since=room.now))

    room.db.run(work)


def test_one_refusal_closes_a_list_and_a_list_may_be_withdrawn(room: World) -> None:
    case = archived(room)
    made = draw_up(room, case)
    vote(room, made, "leader")
    assert code(lambda: vote(room, made, "lawyer", "refuse")) == "form_invalid", "say why"
    assert vote(room, made, "lawyer", "refuse", comment="还要用").status == "refused"
    assert code(lambda: run(room, made)) == "list_not_approved"
    assert due(room) == [case.id]
    again = agreed(room, case)
    clerk, leader = actor(room, "archivist2"), actor(room, "leader")
    assert (
        code(lambda: room.db.run(lambda u: destruction_lists.withdraw(u, again.id, leader, LATER)))
        == "not_your_role"
    )
    room.db.run(lambda uow: destruction_lists.withdraw(uow, again.id, clerk, LATER))
    assert code(lambda: run(room, again)) == "list_not_approved"
    assert (
        code(lambda: room.db.run(lambda u: destruction_lists.withdraw(u, again.id, clerk, LATER)))
        == "list_decided"
    )
    assert due(room) == [case.id] and any("来电一次" in text for _, text in everything(room.db))


def test_a_longer_term_set_since_stops_a_list(room: World) -> None:
    case = archived(room)
    waiting = draw_up(room, case)
    keep(room, "y30")
    assert code(lambda: vote(room, waiting, "leader")) == "list_not_due"
    keep(room, "y10")
    vote(room, waiting, "leader")
    vote(room, waiting, "lawyer")
    keep(room, "permanent")
    assert code(lambda: run(room, waiting)) == "list_not_due"
    assert room.one(select(PlanRetention.term_key)) == "permanent"
    assert _told(room, "personal.destroyed") == []


def test_a_longer_term_set_between_two_cases_stops_it_there(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a portion, by somebody in another process."""
    made = agreed(room, archived(room, "甲来电"), archived(room, "乙来电"))
    real = destruction_run._destroy

    def then(*args: Any) -> None:
        real(*args)
        args[-1].after_commit(lambda: keep(room, "permanent"))

    monkeypatch.setattr(destruction_run, "_destroy", then)
    assert code(lambda: run(room, made)) == "list_not_due"
    assert len(_told(room, "personal.destroyed")) == 1


def test_a_list_changed_past_us_is_not_carried_out(room: World) -> None:
    case, other = archived(room), archived(room)
    made = agreed(room, case)
    room.db.run(lambda uow: uow.session.execute(update(DestructionItem).values(case_id=other.id)))
    assert code(lambda: run(room, made)) == "list_moved"
    assert _told(room, "personal.destroyed") == []


def test_a_fault_between_two_cases_is_gone_on_from(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = archived(room, "甲来电"), archived(room, "乙来电")
    made = agreed(room, first, second)
    real = history.append

    def fails(uow: UnitOfWork, type_: str, **keys: object) -> object:
        if type_ == "personal.destroyed" and keys["case"].id == second.id:  # type: ignore[attr-defined]
            raise OSError("the disk is full")
        return real(uow, type_, **keys)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(history, "append", fails)
        with pytest.raises(OSError, match="full"):
            run(room, made)
    texts = [text for _, text in everything(room.db)]
    assert not any("甲来电" in text for text in texts) and any("乙来电" in t for t in texts)
    wiped: list[object] = []
    monkeypatch.setattr(free_space, "wipe", lambda engine, tables: wiped.append(tables))
    outcome = run(room, made)
    assert outcome.destroyed == (first.number, second.number) and len(wiped) == 1
    assert len(_told(room, "personal.destroyed")) == 2, "each once"


def test_it_is_done_in_portions_and_what_is_left_can_be_taken_back(
    room: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (archived(room, word) for word in ("甲来电", "乙来电", "丙来电"))
    made, who = agreed(room, first, second, third), actor(room, "archivist2")
    wiped: list[object] = []
    monkeypatch.setattr(free_space, "wipe", lambda engine, tables: wiped.append(tables))

    def portion() -> Portion:
        return carry_out(room.db, made.id, who, LATER, None, seconds=0)

    assert portion() == Portion(1, 3, None) and portion() == Portion(2, 3, None)
    assert room.one(select(DestructionList.status)) == "approved" and not wiped
    texts = [text for _, text in everything(room.db)]
    assert [any(word in text for text in texts) for word in ("甲来电", "乙来电", "丙来电")] == [
        False, False, True,
    ]  # fmt: skip
    room.db.run(lambda uow: destruction_lists.withdraw(uow, made.id, who, LATER))
    assert len(wiped) == 1, "the words of the first two are not left in free space"
    assert code(portion) == "list_not_approved"
    assert due(room) == [third.id]


def test_files_that_another_case_has_too_keep_their_bytes(room: World, tmp_path: Path) -> None:
    case = typed_everywhere(room, tmp_path)
    other = room.open("t11")
    room.db.run(
        lambda uow: files.add_to_case(
            uow, tmp_path, other.id, "a.txt", TYPED["bytes"].encode(), room.actor("duty"), room.now
        )
    )
    run(room, agreed(room, case), tmp_path)
    assert [row.case_id for row in room.all(select(Attachment))] == [other.id]
    assert len(lies(tmp_path / "files")) == 1


def _told(world: World, type_: str) -> list[dict[str, object]]:
    rows = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(row) for row in sorted(rows, key=lambda row: row.id)]
