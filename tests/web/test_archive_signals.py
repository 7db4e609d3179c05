"""Signals that never became a case, on the archive's pages and wherever a signal is shown: kept,
held, put on a list, destroyed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from models.audit import ExportJob
from models.history import HistoryEvent
from models.intake import Signal
from models.retention import DestructionList, LegalHold, SignalRetention
from services import history
from services.destruction_run import carry_out
from services.uow import Database
from services.verify import verify_all
from tests.integration.archive_world import (
    LATER,
    actor,
    agreed,
    keep_signals,
    set_aside,
    signal,
    taken,
    with_keepers,
)
from tests.integration.world import MORNING, Made, World, make
from tests.web.conftest import Browser, Clock
from tests.web.public_case import words_of

As = Callable[[str], Browser]
PHONE = "13900004444"
WORDS = "住三号楼的申老师发热两日"
TEXT = f"{WORDS},电话 {PHONE}"
REASON = "申老师本人来电更正"


@pytest.fixture(scope="module")
def shelf(furnished: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One set aside, one that waits, one that became a case."""

    def work(database: Database) -> World:
        world = with_keepers(World(database, MORNING, dict(furnished[1])))
        keep_signals(world)
        set_aside(world, signal(world, TEXT, medium="weibo"), REASON)
        signal(world, "网传停水")
        taken(world, signal(world, "舞台支架倒塌"))
        return world

    return make(furnished[0], tmp_path_factory.mktemp("signals"), work)


@pytest.fixture
def made(shelf: Made) -> Made:
    return shelf


@pytest.fixture
def later(clock: Clock) -> Clock:
    """The day they are due."""
    clock.moment = LATER
    return clock


@pytest.fixture
def found(world: World, later: Clock) -> list[Signal]:
    return world.all(select(Signal).order_by(Signal.id))


def destroyed(world: World, *signals: Signal) -> None:
    made = agreed(world, *signals)
    done = carry_out(world.db, made.id, actor(world, "archivist"), LATER, None, seconds=600)
    assert done.outcome is not None and len(done.outcome.signals) == len(signals)


def plain(text: str) -> str:
    """With the punctuation the source is written in."""
    for wide, narrow in (("\uff0c", ","), ("\uff1a", ":"), ("\uff08", "("), ("\uff09", ")")):
        text = text.replace(wide, narrow)
    return text


def test_who_comes_to_the_pages_and_what_they_read(
    as_: As, world: World, found: list[Signal]
) -> None:
    pages = ["/archive/signals", "/archive/signals/1", "/archive/signals?number=1"]
    assert {as_("duty").get(page).status_code for page in pages} == {403}
    assert [as_("archivist").get(page).status_code for page in pages] == [200, 200, 303]
    for who, reads in (("lawyer", True), ("admin", False), ("auditor", True)):
        page = as_(who).get("/archive/signals").text
        assert "线索 #1" in page and (WORDS in page) is reads, who
        assert (PHONE in page) is (who == "lawyer"), who
        assert "舞台支架倒塌" not in page, "that one is kept with its case"
    assert WORDS not in as_("admin").get("/archive").text
    assert as_("archivist").get("/archive/signals/3").location == "/archive/cases/1"
    for path in ("/archive/signals/99", "/archive/signals/0"):
        assert as_("archivist").get(path).status_code == 404
    for number in ("99999999999999", "x", "#2"):
        answer = as_("archivist").get("/archive/signals", query_string={"number": number})
        assert answer.status_code == 303
    assert as_("archivist").get(f"/archive/signals?after={'9' * 30}").status_code == 200
    assert as_("archivist").get("/archive/signals?after=1").status_code == 200


def test_the_term_is_set_where_those_of_plans_are(
    as_: As, world: World, found: list[Signal]
) -> None:
    admin = as_("admin")
    page = admin.get("/archive/terms").text
    assert "没有立案的线索" in page and "现有 2 条" in page
    assert admin.post("/archive/terms/signals", {"term": "y77"}).status_code == 404
    assert admin.post("/archive/terms/signals", {"term": "y30"}).status_code == 303
    assert world.one(select(SignalRetention.term_key)) == "y30"
    assert "没有保管期满的事件和线索" in as_("archivist").get("/archive").text
    for who in ("leader", "auditor"):
        assert as_(who).post("/archive/terms/signals", {"term": "y10"}).status_code == 403


def test_auditors_look_and_send_nothing(as_: As, world: World, found: list[Signal]) -> None:
    auditor = as_("auditor")
    assert auditor.get("/archive/signals/1").status_code == 200
    for path in ("terms/signals", "signals/1/hold", "signals/1/holds/1/lift", "lists"):
        given = {"reason": "x", "term": "y10", "signal": ["1"]}
        assert auditor.post(f"/archive/{path}", given).status_code == 403, path
    assert world.all(select(LegalHold)) == [] and world.all(select(DestructionList)) == []
    opened = world.all(select(HistoryEvent).where(HistoryEvent.type == "audit.opened"))
    assert [history.payload_of(one)["what"] for one in opened] == ["archive_signals.show"]


def test_the_story_of_a_list(as_: As, world: World, found: list[Signal]) -> None:
    clerk, leader, sure = as_("archivist"), as_("leader"), {"confirmed": "on"}
    page = clerk.get("/archive").text
    assert page.count('name="signal"') == 2 and WORDS in page and "2037-01-01" in page
    wrong = clerk.post("/archive/lists", {"signal": ["3"]})
    assert wrong.status_code == 409 and "有线索不能列入" in wrong.text
    assert clerk.post("/archive/lists", {"signal": ["1"], "note": "已鉴定"}).status_code == 303
    shown = leader.get("/archive/lists/1").text
    assert WORDS in shown and "线索 #1" in shown
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest is not None
    given = {"digest": digest.group(1), "decision": "approve"}
    assert leader.post("/archive/lists/1/vote", given).status_code == 303
    assert clerk.post("/archive/lists/1/carry-out", sure).status_code == 409, "one is not two"
    assert as_("lawyer").post("/archive/lists/1/vote", given).status_code == 303
    assert clerk.post("/archive/lists/1/carry-out", sure).status_code == 303
    page = plain(clerk.get("/archive/lists/1").text)
    assert "已销毁 1 件" in page and WORDS not in page and "线索 #1 (已销毁)" in page
    assert "第 1 号" in clerk.get("/archive/signals/1").text
    with world.db.read() as session:
        assert all(report.ok for report in verify_all(session))


def test_a_hold_keeps_a_signal_off_the_lists(as_: As, world: World, found: list[Signal]) -> None:
    lawyer, clerk = as_("lawyer"), as_("archivist")
    lawyer.get("/archive/signals/1")
    assert lawyer.post("/archive/signals/1/hold", {"reason": " "}).status_code == 422
    assert as_("office").post("/archive/signals/1/hold", {"reason": "x"}).status_code == 403
    assert lawyer.post("/archive/signals/99/hold", {"reason": "x"}).status_code == 404
    said = {"reason": f"诉讼,当事人 {PHONE}"}
    assert lawyer.post("/archive/signals/1/hold", said).status_code == 303
    assert clerk.get("/archive").text.count('name="signal"') == 1
    assert "暂缓销毁" in clerk.get("/archive/signals").text
    assert PHONE in clerk.get("/archive/holds").text
    assert PHONE not in as_("auditor").get("/archive/holds").text, "masked"
    assert PHONE not in as_("auditor").get("/archive/signals/1").text, "masked"
    lift = "/archive/signals/1/holds/1/lift"
    assert lawyer.post(lift, {"lift_1": ""}).status_code == 422
    assert lawyer.post(lift, {"lift_1": "已结案"}).status_code == 303
    assert lawyer.post(lift, {"lift_1": "已结案"}).status_code == 409
    assert clerk.get("/archive").text.count('name="signal"') == 2


PAGES = (
    "/signals", "/signals/1", "/signals/2", "/archive", "/archive/signals", "/archive/signals/1",
    "/archive/holds", "/archive/lists/1", "/archive/terms", "/audit", "/audit/search?go=1",
    "/audit/search?types=signal.dismissed", "/audit/exceptions", "/audit/log", "/audit/proof",
    "/audit/exports",
)  # fmt: skip


def speaking(browser: Browser, locale: str) -> Browser:
    browser.get("/notifications/panel")
    browser.post("/language", {"locale": locale})
    return browser


@pytest.mark.parametrize(
    ("locale", "gone", "said", "act"),
    [
        ("zh", "(已销毁)", "内容已按规定销毁", "销毁线索 #1"),
        ("en", "(destroyed)", "The content has been destroyed", "Signal #1 destroyed"),
    ],
)
def test_destroyed_it_is_said_in_words_wherever_it_was_shown(
    as_: As, world: World, found: list[Signal], locale: str, gone: str, said: str, act: str
) -> None:
    destroyed(world, *found[:2])
    for who in ("duty", "archivist", "lawyer", "admin", "auditor"):
        person = speaking(as_(who), locale)
        for path in PAGES:
            answer = person.get(path)
            assert answer.status_code in (200, 303, 403, 404), (who, path)
            for word in (WORDS, PHONE, REASON):
                assert word not in answer.text, (who, path, word)
    duty, auditor = speaking(as_("duty"), locale), speaking(as_("auditor"), locale)
    for signal_id in (1, 2):
        page = duty.get(f"/signals/{signal_id}").text
        assert said in page and "/take" not in page and "/dismiss" not in page
    assert ("没有处理" if locale == "zh" else "Never handled") in duty.get("/signals/2").text
    assert "/unmask" not in auditor.get("/signals/1").text, "there is nothing left to see"
    assert "/signals/2" not in duty.get("/signals").text, "it waits for nobody"
    assert gone in plain(auditor.get("/archive/signals").text)
    assert gone in plain(auditor.get("/archive/lists/1").text)
    assert gone in plain(auditor.get("/audit/search?types=signal.dismissed").text)
    assert act in plain(auditor.get("/audit/exceptions").text)
    carried = auditor.get("/audit/search?types=org.destruction_carried_out").text
    assert ("销毁 2 件" if locale == "zh" else "2 destroyed") in carried
    term = auditor.get("/audit/search?types=org.signal_retention_set").text
    assert ("10年" if locale == "zh" else "10 years") in term
    again = signal(world, TEXT, now=LATER)
    assert "/signals/1" not in duty.get(f"/signals/{again.id}").text, "nothing is like it"


def test_destroyed_it_is_in_no_export(
    app: Flask, as_: As, world: World, found: list[Signal]
) -> None:
    destroyed(world, *found[:2])
    auditor, made = as_("auditor"), app.extensions["planroom_exports"]
    auditor.get("/audit/exports")
    files = [auditor.post("/audit/exceptions/sheet", {"query": "{}"})]
    for format_ in ("csv", "xlsx", "xes_steps", "ocel"):
        assert auditor.post("/audit/exports", {"format": format_}).status_code == 303
        job = world.one(select(func.max(ExportJob.id)))
        made.wait(job, 60)
        files.append(auditor.get(f"/audit/exports/{job}/file"))
    made.close()
    for answer in files:
        assert answer.status_code == 200
        text = words_of(answer)
        assert not [word for word in (WORDS, PHONE, REASON) if word in text]
    assert "销毁线索 #1" in plain(words_of(files[0]))
    assert words_of(files[1]).count("signal.destroyed") == 2, "what is empty is explained"


def test_nothing_more_is_done_with_it(as_: As, world: World, found: list[Signal]) -> None:
    destroyed(world, *found[:2])
    duty = as_("duty")
    duty.get("/signals/2")
    for act, given in (("take", {"plan": "t11"}), ("dismiss", {"reason": "x"})):
        answer = duty.post(f"/signals/2/{act}", given)
        assert answer.status_code == 409 and "已经销毁" in answer.text, act
    assert duty.post("/signals/2/duplicate", {"of": "3"}).status_code == 409
    held = as_("lawyer").post("/archive/signals/2/hold", {"reason": "x"})
    assert held.status_code == 409 and "已经销毁" in held.text
    auditor = as_("auditor")
    auditor.get("/signals/2")
    auditor.post("/audit/signals/2/unmask", {"reason": "核对报送时间"})
    assert world.all(select(HistoryEvent).where(HistoryEvent.type == "audit.unmasked")) == []
