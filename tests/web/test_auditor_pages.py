"""What auditors see of members of the public: nothing, on any page, until they say why; and every
page they open is on record."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from models.history import HistoryEvent
from models.intake import Attachment, Signal
from models.tasks import UserTask
from models.words import StatementVersion
from services import files, history
from services.uow import UnitOfWork
from services.verify import verify_chain
from tests.integration.world import Made, World
from tests.web.conftest import Browser, Clock
from tests.web.public_case import (
    EVERYTHING,
    FILE_NAME,
    NAMED,
    POST,
    PUBLIC,
    SECRETS,
    address,
    found_in,
    give_role,
    opened,
    public_made,
    real,
    the_case,
    words_of,
)

__all__ = ["public_made"]
As = Callable[[str], Browser]
REASON = "倒查通报时间"


@pytest.fixture
def made(public_made: Made) -> Made:
    return public_made


#: Plans in force and their drafts: there is no case in them.
PLANS = ("library", "plans", "papers", "comparing", "plan_settings", "studio_", "proposing")


def reads(app: Flask, world: World, *, of_case: bool = False) -> Iterator[tuple[str, str]]:
    """Every address that is read and may show a case, with what is really there: (endpoint,
    address). All tasks, every version of the statement; ``of_case``: only what is about one."""
    there = real(world)
    every = world.all(select(UserTask.id).order_by(UserTask.created_at, UserTask.id))
    numbers = world.all(select(StatementVersion.number))
    about = {"case_id", "task_id", "statement_id", "signal_id", "attachment_id"}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or rule.endpoint == "static":
            continue
        if rule.endpoint.startswith(PLANS) and not rule.endpoint.startswith("studio_past"):
            continue
        if of_case and not about & rule.arguments:
            continue
        path = address(rule.rule, there)
        yield rule.endpoint, path
        if rule.endpoint == "tasks.show":
            for task in every:
                yield rule.endpoint, address(rule.rule, there | {"task_id": task})
        if rule.endpoint == "statements.printable":
            for number in numbers:
                yield rule.endpoint, f"{path}?version={number}"


def test_no_page_shows_an_auditor_who_they_are(app: Flask, as_: As, world: World) -> None:
    auditor, seen = as_("auditor"), 0
    for endpoint, path in reads(app, world):
        answer = auditor.get(path)
        assert answer.status_code < 500, path
        assert not found_in(words_of(answer)), (endpoint, path, found_in(words_of(answer)))
        seen += answer.status_code == 200
    assert seen > 35
    # Masked, not blanked: what kind it was can be read, and what is no personal data.
    case = the_case(world)
    page = auditor.get(f"/cases/{case.id}").text
    assert "〔姓名〕" in page and "〔电话〕" in page and "〔链接〕" in page
    ask = world.one(select(UserTask.id).where(UserTask.element_id == "ask"))
    assert POST in auditor.get(f"/tasks/{ask}").text
    assert PUBLIC in auditor.get("/statements/1").text
    auditor.post("/language", {"locale": "en"})
    assert "[name]" in auditor.get(f"/cases/{case.id}").text
    assert not found_in(auditor.get(f"/cases/{case.id}/record").text)


def test_staff_see_all_of_it(app: Flask, as_: As, world: World) -> None:
    case, duty = the_case(world), as_("duty")
    ask = world.one(select(UserTask.id).where(UserTask.element_id == "ask"))
    for path in (f"/cases/{case.id}", f"/tasks/{ask}", "/signals/1"):
        text = duty.get(path).text
        missing = set(SECRETS) - found_in(text)
        assert not missing, (path, missing)
        assert "〔" not in text, path
    assert FILE_NAME in duty.get(f"/cases/{case.id}").text
    assert NAMED["name"] in duty.get("/statements/1/text?version=1").text
    assert opened(world) == []


def test_unmasked_it_is_visible_for_an_hour_and_on_record(
    as_: As, world: World, clock: Clock
) -> None:
    case, auditor = the_case(world), as_("auditor")
    page, unmask = f"/cases/{case.id}", f"/audit/cases/{case.id}/unmask"
    auditor.get(page)
    unread = "\u200b" * 9  # characters without a width
    for reason in ("", "   ", "看看", "x" * 1001, unread, "。。。。。。", "- - - - -"):
        assert auditor.post(unmask, {"reason": reason, "next": page}).status_code == 303
        assert not found_in(auditor.get(page).text)
    answer = auditor.post(unmask, {"reason": REASON, "next": page})
    assert answer.headers["Location"] == page
    shown = auditor.get(page).text
    assert not set(SECRETS) - found_in(shown)
    assert "到 2026-03-10 11:00 为止" in shown
    assert FILE_NAME in shown
    # The signal of the case too; one that belongs to no case stays masked.
    assert NAMED["name"] in auditor.get("/signals/1").text
    other = auditor.get("/signals/2").text
    assert "〔姓名〕 〔电话〕" in other and SECRETS["email"] not in other
    event = world.one(select(HistoryEvent).where(HistoryEvent.type == "audit.unmasked"))
    with world.db.read() as session:
        assert event.chain == history.AUDIT
        assert history.payload_of(event)["case"] == case.id
        assert history.personal_of(session, event) == {"reason": REASON}
        assert verify_chain(session, history.AUDIT).ok
    # Another auditor has asked for nothing.
    second = second_auditor(world)
    assert not found_in(as_(second).get(page).text)
    clock.forward(minutes=59)
    assert found_in(auditor.get(page).text)
    clear = re.findall(r"live\?stamp=([\w\-.]+)", auditor.get(page).text)[0]
    assert auditor.get(f"{page}/live?stamp={clear}").status_code == 204
    clock.forward(minutes=2)
    assert not found_in(auditor.get(page).text)
    # A page left open is masked again by itself.
    again = auditor.get(f"{page}/live?stamp={clear}")
    assert again.status_code == 200 and not found_in(again.text)


def second_auditor(world: World) -> str:
    """The outsider becomes an auditor."""
    give_role(world, "outsider", "auditor", instead=True)
    return "outsider"


def test_only_auditors_unmask(as_: As, world: World) -> None:
    unmask = f"/audit/cases/{the_case(world).id}/unmask"
    for name in ("duty", "admin", "outsider"):
        browser = as_(name)
        browser.get("/inbox")
        assert browser.post(unmask, {"reason": REASON}).status_code == 403, name
    auditor = as_("auditor")
    auditor.get("/inbox")
    assert auditor.post("/audit/cases/999/unmask", {"reason": REASON}).status_code == 404
    out = auditor.post(unmask, {"reason": REASON, "next": "https://evil.example/"})
    assert out.headers["Location"].startswith("/cases/")


def test_a_signal_that_is_no_case_is_unmasked_for_itself(
    as_: As, world: World, clock: Clock
) -> None:
    auditor, page, unmask = as_("auditor"), "/signals/2", "/audit/signals/2/unmask"
    masked = auditor.get(page).text
    assert "〔姓名〕 〔电话〕" in masked and f'action="{unmask}"' in masked
    for reason in ("", "看看"):
        auditor.post(unmask, {"reason": reason, "next": page})
        assert SECRETS["email"] not in auditor.get(page).text
    answer = auditor.post(unmask, {"reason": REASON, "next": page})
    assert answer.headers["Location"] == page
    shown = auditor.get(page).text
    own, _heading, alike = shown.partition("可能是同一件事")
    assert SECRETS["email"] in own and "〔" not in own
    assert "〔姓名〕" in alike and SECRETS["mobile"] not in alike, "another signal stays masked"
    assert "您正在查看公众的个人信息,到 2026-03-10 11:00 为止" in shown
    # Nothing else came with it, nobody else sees it, and an hour is an hour.
    assert not found_in(auditor.get(f"/cases/{the_case(world).id}").text)
    assert SECRETS["email"] not in as_(second_auditor(world)).get(page).text
    event = world.one(select(HistoryEvent).where(HistoryEvent.type == "audit.unmasked"))
    payload = history.payload_of(event)
    assert payload["signal"] == 2 and "case" not in payload and event.chain == history.AUDIT
    assert "线索 #2" in auditor.get("/audit/log?what=audit.unmasked").text
    assert "显示个人信息" in auditor.get("/audit/exceptions?kinds=unmasked").text
    clock.forward(minutes=61)
    assert SECRETS["email"] not in auditor.get(page).text


def test_who_may_unmask_which_signal(as_: As, world: World) -> None:
    for name in ("duty", "admin", "outsider"):
        browser = as_(name)
        browser.get("/inbox")
        answer = browser.post("/audit/signals/2/unmask", {"reason": REASON})
        assert answer.status_code == 403, name
    auditor = as_("auditor")
    auditor.get("/inbox")
    assert auditor.post("/audit/signals/99/unmask", {"reason": REASON}).status_code == 404
    # One that is a case: the case is what is unmasked.
    assert auditor.post("/audit/signals/1/unmask", {"reason": REASON}).status_code == 303
    assert not found_in(page := auditor.get("/signals/1").text)
    assert "这条线索已转为事件" in page and "/audit/cases/" in page


def test_a_signals_file_asks_for_the_signal(
    as_: As, world: World, app: Flask, tmp_path: Path
) -> None:
    folder, actor = tmp_path / "data", world.actor("duty")

    def put(uow: UnitOfWork) -> int:
        stored = files.store(uow, folder, FILE_NAME, EVERYTHING.encode(), world.now)
        signal = uow.session.get_one(Signal, 2)
        row = files.attach(uow, stored, FILE_NAME, actor, world.now, signal=signal)
        uow.session.flush()
        return row.id

    added, auditor = world.db.run(put), as_("auditor")
    assert as_("duty").get(f"/files/{added}").status_code == 200
    refused = auditor.get(f"/files/{added}")
    assert refused.status_code == 403 and "/audit/signals/2/unmask" in refused.text
    auditor.post("/audit/signals/2/unmask", {"reason": REASON})
    assert auditor.get(f"/files/{added}").data == EVERYTHING.encode()


def test_files_are_handed_out_unmasked_only(as_: As, world: World) -> None:
    case, duty, auditor = the_case(world), as_("duty"), as_("auditor")
    sent = {"file": (io.BytesIO(EVERYTHING.encode()), FILE_NAME)}
    duty.post(f"/cases/{case.id}/files", sent)
    added = world.one(select(func.max(Attachment.id)))
    refused = auditor.get(f"/files/{added}")
    assert refused.status_code == 403
    assert "附件已遮蔽" in refused.text and f"/audit/cases/{case.id}/unmask" in refused.text
    assert not found_in(refused.text)
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": REASON})
    answer = auditor.get(f"/files/{added}")
    assert answer.status_code == 200 and answer.data == EVERYTHING.encode()
    last = opened(world)[-1]
    assert (last["what"], last["case"], last["id"]) == ("files.download", case.id, added)


# ---------------------------------------------------------------------------- erasure


def test_destroyed_is_destroyed_also_for_who_unmasks(
    app: Flask, as_: As, world: World, clock: Clock
) -> None:
    case, auditor = the_case(world), as_("auditor")
    world.complete(
        case,
        "destroy",
        "leader",
        {"confirmed": True, "reason": "purpose_over", "data_dir": ""},
        world.now + timedelta(minutes=5),
    )
    clock.forward(minutes=6)
    # The names are known no more, but texts that were not published still hold them.
    assert NAMED["name"] in as_("duty").get("/statements/1/text?version=1").text
    for endpoint, path in reads(app, world, of_case=True):
        answer = auditor.get(path)
        if path != "/signals/2":
            assert not found_in(words_of(answer)), (endpoint, path)
    auditor.post(f"/audit/cases/{case.id}/unmask", {"reason": REASON})
    assert "(已销毁)" in auditor.get(f"/cases/{case.id}/record").text
    assert NAMED["name"] in auditor.get("/statements/1/text?version=1").text
    with world.db.read() as session:
        for chain in (history.chain_of(case.id), history.AUDIT, history.ORG):
            assert verify_chain(session, chain).ok, chain
