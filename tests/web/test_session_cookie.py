"""The session lives in the cookie: only opening a page prolongs it, never a background answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.conftest import Browser

As = Callable[[str], Browser]


def renewed(browser: Browser, path: str, accept: str) -> bool:
    answer = browser.client.get(path, headers={"Accept": accept})
    assert answer.status_code in {200, 204}
    return any(cookie.startswith("planroom=") for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("path", ["/inbox", "/cases"])
def test_opening_a_page_prolongs_the_session(as_: As, path: str) -> None:
    duty = as_("duty")
    with duty.client.session_transaction() as session:
        session.permanent = True
    duty.get("/inbox")  # the page's token goes into the session
    assert renewed(duty, path, "text/html,application/xhtml+xml,*/*;q=0.8")


@pytest.mark.parametrize(
    "path", ["/inbox/list?tab=mine", "/notifications/badge", "/static/favicon.svg"]
)
def test_a_background_answer_leaves_the_cookie_alone(as_: As, path: str) -> None:
    """It may arrive after a sign-out or a switch, and would undo it."""
    duty = as_("duty")
    with duty.client.session_transaction() as session:
        session.permanent = True
    duty.get("/inbox")
    assert not renewed(duty, path, "*/*")
