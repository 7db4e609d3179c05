"""Signals that never became a case on a destruction list: two people, a hold, carrying out;
afterwards no table and no file holds a word of theirs, and every chain still verifies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete, select

from models.audit import ExportJob
from models.cases import Case
from models.history import HistoryEvent, PersonalValue
from models.intake import Attachment, Signal
from models.retention import DestructionItem, DestructionList, LegalHold
from services import (
    destruction_lists,
    destruction_signals,
    files,
    history,
    legal_holds,
    signal_likeness,
    signals,
    unmasking,
)
from services.destruction_run import Outcome, carry_out
from services.errors import Refusal
from services.fingerprints import fingerprint
from services.signals import Contact, Noticed
from services.uow import UnitOfWork
from services.verify import verify_all, verify_chain
from tests.integration.archive_world import (
    LATER,
    actor,
    agreed,
    archived,
    draw_up,
    due_signals,
    keep,
    keep_signals,
    lies,
    set_aside,
    signal,
    taken,
    vote,
    with_keepers,
)
from tests.integration.evidence_world import bundle_of
from tests.integration.test_destruction import everything
from tests.integration.world import World
from tools.planroom_verify import verify

LINK = "https://weibo.com/shenlaoshi/77"
#: Each typed somewhere else.
TYPED = {
    "text": "申老师在三号楼发热两日", "link": "shenlaoshi", "contact": "申老师的邻居",
    "phone": "13900004444", "reason": "申老师本人来电更正", "file": "申老师体温单",
    "bytes": "体温三十八度六", "placed": "申老师提起诉讼", "lifted": "申老师已经撤诉",
    "unmasked": "核对申老师的电话",
}  # fmt: skip
PRINT = fingerprint(TYPED["text"], LINK)
DATABASE = TYPED.keys() - {"bytes"}


@pytest.fixture
def kept(world: World) -> World:
    """On each database, signals kept ten years."""
    with_keepers(world)
    keep_signals(world)
    return world


@pytest.fixture
def room(small: World) -> World:
    """On SQLite alone, for what is not the database's."""
    with_keepers(small)
    keep_signals(small)
    return small


def code(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code


def run(world: World, made: DestructionList, folder: Path | None = None) -> Outcome:
    done = carry_out(world.db, made.id, actor(world, "archivist2"), LATER, folder, seconds=600)
    assert done.outcome is not None and done.done == done.total == len(made.items)
    return done.outcome


def hold(world: World, found: Signal) -> int:
    by = actor(world, "lawyer")
    return world.db.run(lambda u: legal_holds.place_on_signal(u, found.id, "诉讼", by, LATER).id)


def told(world: World, type_: str) -> list[dict[str, Any]]:
    rows = world.all(select(HistoryEvent).where(HistoryEvent.type == type_))
    return [history.payload_of(row) for row in sorted(rows, key=lambda row: row.id)]


def left(world: World) -> set[str]:
    cells = [text for _, text in everything(world.db)]
    return {name for name, word in TYPED.items() if any(word in cell for cell in cells)}


def row_of(world: World, found: Signal) -> Signal:
    row: Signal = world.one(select(Signal).where(Signal.id == found.id))
    return row


def typed_everywhere(world: World, folder: Path) -> Signal:
    """A signal with words in every place one may have them, set aside."""
    duty, lawyer, auditor = world.actor("duty"), actor(world, "lawyer"), actor(world, "auditor")

    def recorded(uow: UnitOfWork) -> Signal:
        noticed = Noticed(
            TYPED["text"], link=LINK, medium="weibo", reads=7,
            contact=Contact(TYPED["contact"], TYPED["phone"]),
        )  # fmt: skip
        found = signals.record(uow, noticed, duty, world.now)
        content = TYPED["bytes"].encode()
        stored = files.store(uow, folder, "a.txt", content, world.now)
        files.attach(uow, stored, f"{TYPED['file']}.txt", duty, world.now, signal=found)
        return found

    found = world.db.run(recorded)

    def later(uow: UnitOfWork) -> None:
        placed = legal_holds.place_on_signal(uow, found.id, TYPED["placed"], lawyer, world.now)
        legal_holds.lift(uow, placed.id, TYPED["lifted"], lawyer, world.now)
        unmasking.unmask_signal(uow, found.id, TYPED["unmasked"], auditor, world.now)

    world.db.run(later)
    set_aside(world, found, TYPED["reason"])
    return found


def exported(world: World, folder: Path, name: str, query: dict[str, int]) -> None:
    path = folder / "exports" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TYPED["text"], "utf-8")
    job = ExportJob(
        person_id=world.people["auditor"].id, format="csv", query=query, status="done",
        file_name=name, size=9, digest=hashlib.sha256(b"x").hexdigest(), created_at=world.now,
    )  # fmt: skip
    world.db.run(lambda uow: uow.session.add(job))


# ------------------------------------------------------------------------ erase, then verify


def test_erased_and_everything_still_verifies(
    kept: World, tmp_path: Path, database_url: str
) -> None:
    found, other, case = typed_everywhere(kept, tmp_path), signal(kept, "另一条"), archived(kept)
    exported(kept, tmp_path, "all.csv", {})
    exported(kept, tmp_path, "of_case.csv", {"case": case.id})
    assert left(kept) == DATABASE, "before, the search finds them all"
    cells = [text for where, text in everything(kept.db) if PRINT in text]
    assert cells == [PRINT], "in the signal's row alone, in no event"
    outcome = run(kept, agreed(kept, found), tmp_path)
    assert (outcome.destroyed, outcome.held) == ((), ())
    assert (outcome.signals, outcome.signals_held) == ((found.id,), ())
    assert (outcome.values, outcome.files) == (8, 1)
    assert left(kept) == set() and not any(PRINT in text for _, text in everything(kept.db))
    assert lies(tmp_path / "files") == [] and kept.all(select(Attachment)) == []
    assert lies(tmp_path / "exports") == ["of_case.csv"]
    row = row_of(kept, found)
    assert (row.text, row.link, row.fingerprint, row.extra) == ("", "", "", {})
    assert (row.medium, row.reads, row.status) == ("weibo", 7, "dismissed"), "what stays"
    assert row.destroyed_at == LATER and row_of(kept, other).text == "另一条"
    assert {(one.reason, one.lift_reason) for one in kept.all(select(LegalHold))} == {("", "")}
    with kept.db.read() as session:
        reports = {report.chain: report for report in verify_all(session)}
    assert all(report.ok for report in reports.values()), reports
    assert (reports["org"].erased, reports["audit"].erased) == (7, 1)
    [event] = told(kept, "signal.destroyed")
    assert event.pop("basis") and event == {
        "signal": found.id, "list": 1, "values": 8, "files": 1, "reason": "period_over",
    }  # fmt: skip
    [carried] = told(kept, "org.destruction_carried_out")
    assert (carried["signals"], carried["signals_held"], carried["destroyed"]) == (
        [found.id], [], [],
    )  # fmt: skip
    content, _made = bundle_of(kept, tmp_path, case.id, LATER)
    (tmp_path / "bundle.zip").write_bytes(content)
    assert verify(tmp_path / "bundle.zip").sound, "a case's bundle is as good as before"
    if database_url.startswith("sqlite:///"):
        path = Path(database_url.removeprefix("sqlite:///"))
        kept.db.dispose()
        body = b"".join(p.read_bytes() for p in (path, path.with_name(path.name + "-wal"))
                        if p.exists())  # fmt: skip
        assert {name for name, word in TYPED.items() if word.encode() in body} == set()


def test_a_value_that_goes_without_a_record_is_a_fault(kept: World, tmp_path: Path) -> None:
    found, other = typed_everywhere(kept, tmp_path), signal(kept, "另一条")
    run(kept, agreed(kept, found))

    def chains() -> dict[str, str]:
        with kept.db.read() as session:
            return {name: verify_chain(session, name).reason for name in ("org", "audit")}

    assert chains() == {"org": "", "audit": ""}
    recorded = kept.all(select(HistoryEvent).where(HistoryEvent.type == "signal.recorded"))
    [event] = [one for one in recorded if history.payload_of(one)["signal"] == other.id]
    gone = list(history.content_of(event)["personal"].values())
    kept.db.run(
        lambda u: u.session.execute(delete(PersonalValue).where(PersonalValue.commitment.in_(gone)))
    )
    assert chains() == {"org": "untold", "audit": ""}
    with kept.db.read() as session:
        assert verify_chain(session, "org").first_break == event.seq


def test_of_a_case_they_go_with_the_case_and_so_do_later_reports(kept: World) -> None:
    keep(kept)
    first, second = signal(kept, TYPED["text"], link=LINK), signal(kept, TYPED["reason"])
    duty = kept.actor("duty")
    kept.db.run(lambda uow: signals.mark_duplicate(uow, second.id, first.id, duty, kept.now))
    case = taken(kept, first)
    outcome = run(kept, agreed(kept, case))
    assert outcome.destroyed == (case.number,) and left(kept) == set()
    rows = kept.all(select(Signal).order_by(Signal.id))
    assert [(one.text, one.fingerprint, one.destroyed_at) for one in rows] == [("", "", LATER)] * 2
    assert not any(PRINT in text for _, text in everything(kept.db))
    third = signal(kept, TYPED["text"], link=LINK)
    with kept.db.read() as session:
        assert signal_likeness.duplicates(session, third) == [], "nothing is left to be like"
    with pytest.raises(Refusal, match="signal_destroyed"):
        kept.db.run(lambda uow: signals.mark_duplicate(uow, third.id, first.id, duty, kept.now))
    with kept.db.read() as session:
        assert all(report.ok for report in verify_all(session))


# ----------------------------------------------------------------------------- two people


def test_two_others_agree_to_cases_and_signals_together(room: World) -> None:
    keep(room)
    case, found = archived(room), signal(room, "来电反映")
    for who, wrong in (("leader", "not_your_role"), ("auditor", "read_only")):
        assert code(lambda who=who: draw_up(room, found, who=who)) == wrong  # type: ignore[misc]
    made = draw_up(room, case, found)
    assert {(item.case_id, item.signal_id) for item in made.items} == {
        (case.id, None), (None, found.id),
    }  # fmt: skip
    [proposed] = told(room, "org.destruction_proposed")
    assert (proposed["cases"], proposed["signals"]) == ([case.number], [found.id])
    assert due_signals(room) == [] and code(lambda: draw_up(room, found)) == "signal_not_due"
    assert code(lambda: run(room, made)) == "list_not_approved"
    assert code(lambda: vote(room, made, "archivist2")) == "not_your_role"
    assert code(lambda: vote(room, made, "auditor")) == "read_only"
    vote(room, made, "leader")
    assert code(lambda: run(room, made)) == "list_not_approved", "one vote is not two"
    assert vote(room, made, "office").status == "approved"
    outcome = run(room, made)
    assert (outcome.destroyed, outcome.signals) == ((case.number,), (found.id,))
    assert code(lambda: draw_up(room, found)) == "signal_not_due", "once is enough"


def test_refused_or_taken_back_it_may_stand_on_another(room: World) -> None:
    found, by = signal(room, "来电反映"), actor(room, "archivist")
    made = draw_up(room, found)
    vote(room, made, "leader", "refuse", comment="再等等")
    again = draw_up(room, found)
    room.db.run(lambda uow: destruction_lists.withdraw(uow, again.id, by, LATER))
    assert due_signals(room) == [found.id] and row_of(room, found).text == "来电反映"


def test_a_list_says_which_signals(room: World) -> None:
    first, second = signal(room, "甲"), signal(room, "乙")
    made = agreed(room, first)

    def swap(uow: UnitOfWork) -> None:
        uow.session.get_one(DestructionItem, made.items[0].id).signal_id = second.id

    room.db.run(swap)
    assert code(lambda: run(room, made)) == "list_moved"
    assert told(room, "signal.destroyed") == []


# ------------------------------------------------------------------- what comes in between


def test_a_hold_in_between_is_respected(kept: World) -> None:
    gone, held = signal(kept, "甲来电"), signal(kept, "乙来电")
    made = agreed(kept, gone, held)
    hold(kept, held)
    outcome = run(kept, made)
    assert (outcome.signals, outcome.signals_held) == ((gone.id,), (held.id,))
    assert row_of(kept, held).text == "乙来电" and row_of(kept, held).destroyed_at is None
    assert code(lambda: hold(kept, gone)) == "signal_destroyed"
    assert due_signals(kept) == []


def test_a_hold_waits_for_a_destruction_under_way_and_is_told_so(
    kept: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = signal(kept, "甲来电")
    made, real, said = agreed(kept, found), destruction_signals.destroy, list[str]()
    late = Thread(target=lambda: said.append(code(lambda: hold(kept, found))))

    def slowly(*args: Any) -> object:
        late.start()
        late.join(0.3)
        assert late.is_alive(), "it waits"
        return real(*args)

    monkeypatch.setattr(destruction_signals, "destroy", slowly)
    assert run(kept, made).signals == (found.id,)
    late.join(20)
    assert said == ["signal_destroyed"] and kept.all(select(LegalHold)) == []


@pytest.mark.parametrize("how", ["taken", "aside", "longer"])
def test_what_is_dealt_with_in_between_stops_the_list(room: World, how: str) -> None:
    found = signal(room, "甲来电")
    made = agreed(room, found)
    if how == "taken":
        taken(room, found)
    elif how == "aside":
        set_aside(room, found, now=LATER)
    else:
        keep_signals(room, "y30")
    assert code(lambda: run(room, made)) == "list_signals_not_due"
    assert row_of(room, found).text == "甲来电" and told(room, "signal.destroyed") == []


def test_nothing_can_be_done_with_a_destroyed_signal(room: World) -> None:
    found, other = signal(room, "甲来电"), signal(room, "乙来电")
    run(room, agreed(room, found))
    duty, auditor, later = room.actor("duty"), actor(room, "auditor"), LATER + timedelta(hours=1)

    def attempts(uow: UnitOfWork) -> list[Callable[[], object]]:
        keys: dict[str, Any] = {"actor": duty, "now": later}
        return [
            lambda: signals.take(uow, found.id, plan_key="t11", title="甲", summary="甲", **keys),
            lambda: signals.dismiss(uow, found.id, "x", duty, later),
            lambda: signals.mark_duplicate(uow, found.id, other.id, duty, later),
            lambda: signals.mark_duplicate(uow, other.id, found.id, duty, later),
            lambda: unmasking.unmask_signal(uow, found.id, "核对申老师", auditor, later),
        ]

    for n in range(5):
        assert code(lambda n=n: room.db.run(lambda u: attempts(u)[n]())) == "signal_destroyed"  # type: ignore[misc]
    with room.db.read() as session:
        assert [one.id for one in signals.waiting(session)] == [other.id]
        assert signals.contact_of(session, signals.get(session, found.id)) == Contact()
    assert room.all(select(Case)) == []
