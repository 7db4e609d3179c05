"""Requests no page of ours makes: every address by outsiders, auditors and without a token, names
of files that are meant to harm, markup everywhere, places to go on to that are elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from models.cases import Case
from models.history import HistoryEvent
from models.intake import Signal
from services.uow import Database
from tests.integration.conftest import Furnish
from tests.integration.world import World
from tests.web.conftest import Browser, Clock
from tests.web.words_case import LINK, Desk, open_desk
from views.read_only import ALLOWED

As = Callable[[str], Browser]
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"
#: What everybody may do: sign in and out, choose a language, tick off one's own notices.
OWN = {"auth.enter", "auth.sign_out", "auth.language", "notifications.read", "demo.switch"}


@pytest.fixture
def desk(world: World, as_: As, clock: Clock, furnish: Furnish) -> Desk:
    def work(_db: Database) -> Case:
        made = open_desk(world, as_, clock)
        made.until("release")
        return made.case

    return Desk(world, furnish("t02 at its release", work), as_, clock)


def address(rule: Rule, desk: Desk) -> str:
    """The rule's address with what is really there: the case, its open task, its statement."""
    real = {
        "case_id": str(desk.case.id),
        "task_id": desk.task("release").rpartition("/")[2],
        "recipient": "party",
        "kind": "final",
        "name": "discovered_at",
    }
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: real.get(found[1], "1"), rule.rule)


def rules(app: Flask, method: str) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and rule.endpoint != "static":
            yield rule


#: Fields that would be right, so that it is the person who is refused and not the form.
GOOD = {
    "reason": "x", "resolution": "x", "note": "x", "to": "1", "link": LINK, "channel_id": "1",
    "party.method": "phone", "party.to_whom": "王", "party.reason": "x", "decision": "approve",
    "moment": "2026-03-10T09:00", "classified": "no", "text": "x", "of": "1", "minutes": "5",
    "given_by": "1", "approver": "1", "approver_id": "1", "plan": "t02", "role": "duty",
}  # fmt: skip


def test_every_address_that_changes_something_wants_the_token(app: Flask, desk: Desk) -> None:
    duty = desk.as_("duty")
    events = desk.world.one(select(func.count(HistoryEvent.id)))
    count = 0
    for rule in rules(app, "POST"):
        answer = duty.client.post(address(rule, desk), data=GOOD)
        assert answer.status_code == 400, rule.rule
        count += 1
    assert count > 25
    assert desk.world.one(select(func.count(HistoryEvent.id))) == events


@pytest.mark.parametrize("who", ["outsider", "auditor"])
def test_outsiders_and_auditors_change_nothing(app: Flask, desk: Desk, who: str) -> None:
    browser = desk.as_(who)
    browser.get("/inbox")
    events = desk.world.one(select(func.count(HistoryEvent.id)))
    for rule in rules(app, "POST"):
        if rule.endpoint in OWN or (who == "outsider" and rule.endpoint == "intake.send_report"):
            continue
        if who == "auditor" and rule.endpoint in ALLOWED:
            continue  # the audit room's own: tests/web/test_auditor_writes.py
        answer = browser.post(address(rule, desk), {**GOOD, **desk.text(reason="x")})
        assert answer.status_code in (400, 403, 404, 422), (rule.rule, answer.status_code)
    assert desk.world.one(select(func.count(HistoryEvent.id))) == events
    assert desk.world.open_tasks(desk.case)["release"].status == "open"


def test_outsiders_see_nothing_of_the_case(app: Flask, desk: Desk) -> None:
    outsider = desk.as_("outsider")
    for rule in rules(app, "GET"):
        answer = outsider.get(address(rule, desk))
        assert answer.status_code < 500, rule.rule
        assert desk.case.title not in answer.text, rule.rule
        assert "情况通报" not in answer.text, rule.rule
        if "<" in rule.rule and not rule.endpoint.startswith("plans."):
            assert answer.status_code in (403, 404), rule.rule


@pytest.mark.parametrize(
    "wrong", ["0", "-1", "999999", "2147483648", "9" * 40, "1e3", "x" * 300, "１", "%00", "..%2f1"]
)
def test_wrong_numbers_are_no_fault_of_ours(app: Flask, desk: Desk, wrong: str) -> None:
    duty = desk.as_("duty")
    duty.get("/inbox")
    for rule in app.url_map.iter_rules():
        if "<" not in rule.rule or rule.endpoint == "static":
            continue
        path = re.sub(r"<[^>]+>", wrong, rule.rule)
        if "POST" in (rule.methods or set()):
            assert 400 <= duty.post(path, GOOD).status_code < 500, path
        else:
            # 403 where the page is for others, whatever it would be about.
            assert duty.get(path).status_code in (403, 404, 308), path


@pytest.mark.parametrize("path", ["/sign-in", "/report", "/language", "/sign-out"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=a",
         b"--a\r\nContent-Disposition: form-data\r\n\r\nz\r\n--a--\r\n"),
        ("multipart/form-data; boundary=a",
         b'--a\r\nContent-Disposition: form-data; filename="x"\r\n\r\nz\r\n--a--\r\n'),
        ("multipart/form-data", b"nothing"),
        ("application/json", b'{"csrf_token": 1}'),
        ("application/x-www-form-urlencoded", b"text=%ff%00&classified=%ed%a0%80"),
        ("text/plain; charset=nonsense", b"a=b"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_form(as_: As, path: str, kind: str, body: bytes) -> None:
    duty = as_("duty")
    duty.get("/inbox")
    headers = {"X-CSRFToken": duty.token, "Content-Type": kind}
    assert duty.client.post(path, data=body, headers=headers).status_code < 500


def test_classified_said_twice_stops(as_: As, world: World) -> None:
    answer = as_("duty").post(
        "/report", {"classified": ["no", "yes"], "text": "机密内容", "link": LINK, "plan": "t01"}
    )
    assert "机密内容" not in answer.text
    assert world.one(select(func.count(Signal.id))) == 0


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "\t//evil",
     "/inbox\r\nX-Evil: 1", "javascript:alert(1)", "///evil.example", " //evil.example", ""],
)  # fmt: skip
def test_going_on_stays_here(as_: As, target: str) -> None:
    duty = as_("duty")
    for path, more in (
        ("/language", {"locale": "zh"}),
        ("/demo/switch", {"username": "duty"}),
        ("/notifications/read", {"go": target}),
    ):
        answer = duty.post(path, {"next": target, **more})
        assert answer.headers.get("Location", "/inbox") == "/inbox", path
        assert "X-Evil" not in answer.headers
        duty.get("/inbox")


NAMES = [
    "../../../etc/passwd.pdf", "..\\..\\windows.pdf", "/abs/olute.pdf", "x%0d%0aX-Evil: 1.pdf",
    "<img src=x onerror=alert(4)>.pdf", "\u202egpj.fdp.pdf", "\x00a.pdf", "a" * 400 + ".pdf",
    "通" * 200 + ".pdf", "a;filename*=UTF-8''b.exe.pdf", '"quoted".pdf',
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_do_no_harm(as_: As, world: World, name: str) -> None:
    case: Case = world.open()
    duty = as_("duty")
    answer = duty.post(
        f"/cases/{case.id}/files",
        {"file": (io.BytesIO(PDF), name), "note": HOSTILE},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code in (303, 422)
    page = duty.get(f"/cases/{case.id}").text
    assert "onerror=alert(2)>" not in page and "<img src=x" not in page
    if answer.status_code == 303:
        sent = duty.get("/files/1")
        assert sent.data == PDF
        header = sent.headers["Content-Disposition"]
        assert header.startswith("attachment; filename=")
        assert ".." not in header and "/" not in header.partition("''")[0]
        assert not {"X-Evil", "\r", "\n", "\u202e"} & {*sent.headers.keys(), *header}


def test_markup_is_text_on_every_page(app: Flask, as_: As, world: World) -> None:
    duty = as_("duty")
    told = {"classified": "no", "text": HOSTILE, "link": f"javascript:{HOSTILE}", "plan": "t01"}
    opened = duty.post("/report", {**told, "contact_name": HOSTILE, "contact_phone": "<b>1</b>"})
    assert opened.status_code == 303
    case = world.one(select(Case))
    check = f"/tasks/{world.open_tasks(case)['check'].id}"
    duty.post(f"{check}/draft", {"note": HOSTILE, "count": HOSTILE})
    duty.post(f"/cases/{case.id}/anchors/discovered_at", {"reason": HOSTILE})
    for path in ("/inbox", "/inbox?tab=queue", "/cases", f"/cases/{case.id}", f"{check}",
                 f"/cases/{case.id}/record", f"/cases/{case.id}/live", "/signals", "/signals/1",
                 "/notifications/panel", f"/cases/{case.id}/diagram.json"):  # fmt: skip
        answer = duty.get(path)
        assert answer.status_code == 200, path
        if answer.mimetype == "text/html":
            assert "<script>alert" not in answer.text, path
            assert "<img src=x" not in answer.text, path
            assert 'href="javascript' not in answer.text.lower(), path
            assert "onerror=alert(2)>" not in answer.text, path
        assert "script-src 'self' 'nonce-" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store", path


def test_the_session_cookie_is_guarded(app: Flask, visitor: Browser) -> None:
    cookie = visitor.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Domain" not in cookie
    app.config["SESSION_COOKIE_SECURE"] = True
    other = app.test_client().get("/sign-in", base_url="https://localhost")
    assert "Secure" in other.headers["Set-Cookie"]
