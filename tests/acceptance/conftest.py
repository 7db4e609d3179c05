"""The demonstration in a real browser: one server a module, one Chromium a session, and people
whose pages are watched for faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.acceptance.person import PHONE, WIDE, Person, Watch
from tests.acceptance.server import Server, running
from tools.browser import find_chromium

ARGS = [
    "--no-sandbox",
    "--disable-gpu",  # there is none: drawing by a stand-in costs more than none
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]

#: ``enter("duty")`` gives a person signed in at a browser of their own.
Enter = Callable[..., Person]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium with a fresh profile."""
    path = find_chromium()
    assert path, "no Chromium on this machine: see build/missing.txt"
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real product with the demonstration in it, a module's own."""
    with running(tmp_path_factory.mktemp("planroom")) as started:
        yield started
    log = started.log.read_text("utf-8", errors="replace")
    assert "Traceback" not in log, log[-6000:]


@pytest.fixture(scope="session")
def looked_at() -> set[str]:
    """Kinds of pages whose accessibility was measured already."""
    return set()


@pytest.fixture
def enter(browser: Browser, server: Server, looked_at: set[str]) -> Iterator[Enter]:
    """Signs somebody in. At the end of the test nothing may have gone wrong in any browser."""
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def sign_in(username: str, *, phone: bool = False, look: bool = True) -> Person:
        context = browser.new_context(
            viewport=PHONE if phone else WIDE,
            has_touch=phone,
            locale="zh-CN",
            # Wherever the reader is, the pages show the unit's time.
            timezone_id="Europe/Lisbon",
            base_url=server.url,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch = Watch(page)
        watches.append(watch)
        person = Person(page, watch, looked_at if look else None)
        person.sign_in(username, server.password)
        return person

    yield sign_in
    for context in contexts:
        context.close()
    faults = [fault for watch in watches for fault in watch.faults]
    assert not faults, "\n".join(faults)
