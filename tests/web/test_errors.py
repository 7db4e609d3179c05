"""What goes wrong gets a page in the reader's language, the right status, and loses nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.exc import DataError

import config
from models.cases import Case
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


def test_missing_token_offers_what_was_typed_again(as_: As, world: World) -> None:
    case: Case = world.open()
    check = f"/tasks/{world.open_tasks(case)['check'].id}/complete"
    duty = as_("duty")
    typed = {"note": "写了很久<的>", "count": "3", "password": "p4ss"}
    answer = duty.client.post(check, data=typed)
    assert answer.status_code == 400
    assert "写了很久&lt;的&gt;" in answer.text
    assert "p4ss" not in answer.text
    assert f'action="{check}"' in answer.text
    token = answer.text.split('name="csrf_token" value="')[-1].split('"')[0]
    again = duty.client.post(
        check, data={"csrf_token": token, "note": "写了很久", "serious": "true", "count": "3"}
    )
    assert again.status_code == 303


def test_from_another_site_nothing_is_offered(as_: As) -> None:
    answer = as_("duty").client.post(
        "/report", data={"text": "planted"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 400
    assert "planted" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/sign-out",
        "/language",
        "/report",
        "/notifications/read",
        "/tasks/x/claim",
        "/tasks/x/complete",
        "/cases/1/retier",
        "/signals/1/take",
        "/people/1/roles",
        "/demo/switch",
        "/demo/cases/1/fast-forward",
    ],
)
def test_every_post_wants_the_token(as_: As, path: str) -> None:
    assert as_("duty").client.post(path, data={"a": "b"}).status_code == 400


def test_every_route_that_changes_something_is_behind_sign_in(app: Flask, visitor: Browser) -> None:
    visitor.get("/sign-in")
    open_to_all = {"auth.enter", "auth.sign_out", "auth.language", "static"}
    checked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in open_to_all or rule.endpoint == "auth.sign_in":
            continue
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        for name in rule.arguments:
            converter = "int:" if f"<int:{name}>" in path else "path:"
            path = path.replace(f"<{converter}{name}>", "1").replace(f"<{name}>", "1")
        method = "POST" if "POST" in (rule.methods or set()) else "GET"
        if method == "POST":
            assert visitor.post(path).status_code == 401, rule.rule
        else:
            answer = visitor.get(path)
            assert answer.status_code == 303, rule.rule
        checked += 1
    assert checked > 25


def test_not_found_in_both_languages(as_: As) -> None:
    duty = as_("duty")
    page = duty.get("/nothing/here")
    assert page.status_code == 404
    assert "没有找到" in page.text
    duty.post("/language", {"locale": "en"})
    assert "Not found" in duty.get("/nothing/here").text


def test_wrong_method(as_: As) -> None:
    answer = as_("duty").get("/sign-out")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_fault_of_ours_shows_a_number_and_no_trace(
    app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("views.cases.cases.list_cases", broken)
    answer = as_("duty").get("/cases")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "错误编号" in answer.text


def test_what_no_column_takes_is_refused_in_words(
    app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgreSQL refuses a zero byte; SQLite, which these tests run on, keeps it."""

    def refused(*_: object, **__: object) -> None:
        raise DataError("insert ...", {"name": "secret detail"}, ValueError("NUL (0x00) bytes"))

    monkeypatch.setattr("views.cases.cases.list_cases", refused)
    answer = as_("duty").get("/cases")
    assert answer.status_code == 422
    assert "无法保存的字符" in answer.text and "secret detail" not in answer.text


def test_too_many_fields(as_: As) -> None:
    duty = as_("duty")
    duty.get("/report")
    data = {f"f{n}": "x" for n in range(3000)}
    assert duty.post("/report", data, content_type="multipart/form-data").status_code == 413


def test_security_headers(visitor: Browser) -> None:
    answer = visitor.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'nonce="{nonce}"' in answer.text
    assert nonce not in visitor.get("/sign-in").headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_have_no_inline_style_or_handler(as_: As, world: World) -> None:
    case: Case = world.open()
    task = world.open_tasks(case)["check"].id
    for path in ("/inbox", "/report", "/cases", f"/cases/{case.id}", f"/tasks/{task}", "/plans"):
        text = as_("duty").get(path).text
        for forbidden in (" style=", " onclick=", " onload=", "<style", "javascript:"):
            assert forbidden not in text, (path, forbidden)


# ------------------------------------------------------------------------------- settings


def test_demonstration_and_default_key_stay_on_loopback() -> None:
    config.Settings(demo=True).check()
    for keys in (
        {"host": "0.0.0.0", "demo": True, "secret_key": "k" * 40},
        {"host": "0.0.0.0"},
        {"host": "10.0.0.5", "secret_key": "short"},
        {"trusted_proxies": 1},
        {"host": "example.org"},
    ):
        with pytest.raises(config.ConfigError):
            config.Settings(**keys).check()
    config.Settings(host="0.0.0.0", secret_key="k" * 40).check()


def test_settings_from_the_environment() -> None:
    read = config.read({"PORT": "9000", "DEMO": "yes", "DATA_DIR": "/srv/x", "THREADS": ""})
    assert (read.port, read.demo, str(read.data_dir), read.threads) == (9000, True, "/srv/x", 8)
    assert read.url == "sqlite:////srv/x/planroom.db"
    for wrong in ({"PORT": "x"}, {"DEMO": "maybe"}):
        with pytest.raises(config.ConfigError):
            config.read(wrong)
    names = [row[0] for row in config.table()]
    assert len(names) == len(set(names))
    assert all(row[2] for row in config.table())
