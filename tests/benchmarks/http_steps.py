"""Durable completions over HTTP against the bare endpoint of the same server.

Both are posted by the same clients over kept connections, with the same session and token, in
turns: a chunk of completions, a chunk of bare posts. Every client works cases of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from time import perf_counter

from flask import Flask
from werkzeug.test import Client

from tests.benchmarks import plan
from tests.benchmarks.client import Browser
from tests.benchmarks.figures import Figure, median, plain, ratio
from tests.benchmarks.house import PASSWORD, House, house, postgres_url, sqlite_url
from tests.benchmarks.sampling import sampled
from tests.benchmarks.server import application, prepare, served

CLIENTS = (1, 8)
#: Chunks of each kind, and what each holds for all clients together.
CHUNKS, CASES, BARE = 5, 16, 256
#: Cases completed in process to see what each part costs.
SAMPLED = 40
_nonce = count(1)


def measure() -> Iterator[Figure]:
    yield from _on("SQLite", sqlite_url)
    yield from _on("PostgreSQL", postgres_url)


def _on(name: str, made: Callable[[], AbstractContextManager[str]]) -> Iterator[Figure]:
    with made() as url:
        place = house(url)
        place = House(url, place.db, place.person, datetime.now(UTC))
        prepare(place.db, max(CLIENTS))
        firsts = (_first(place) for _ in count())
        yield from _rates(name, url, firsts)
        yield from _parts(name, url, firsts)
        place.db.dispose()


def _first(place: House) -> str:
    """A new case; the id of its first task."""
    return place.open_tasks(place.open().id)["report_1"]


def _rates(name: str, url: str, firsts: Iterator[str]) -> Iterator[Figure]:
    with served(url) as port:
        browsers = [Browser(port) for _ in range(max(CLIENTS))]
        for clients in CLIENTS:
            some = browsers[:clients]
            rates: list[tuple[float, float]] = []
            for chunk in range(CHUNKS + 1):
                cases = [next(firsts) for _ in range(CASES)]
                ours = _together(
                    [partial(_work, b, cases[at::clients]) for at, b in enumerate(some)]
                )
                bare = _together(
                    [partial(_bare, b, at + 1, BARE // clients) for at, b in enumerate(some)]
                )
                if chunk:  # the first is to warm up
                    rates.append((ours, bare))
            where = f"{name}, {clients} client" + ("s" if clients > 1 else "")
            shares = [ours / bare for ours, bare in rates]
            yield ratio(
                f"completions over HTTP, {where}: rate / bare endpoint's",
                median(shares),
                "at least",
                0.25,
            )
            ours, bare = (median(values) for values in zip(*rates, strict=True))
            yield plain(f"completions over HTTP, {where}", ours, "per s")
            yield plain(f"bare endpoint, {where}", bare, "per s")


def _together(works: Sequence[Callable[[], int]]) -> float:
    """Posts per second of all browsers at work at once; each work returns how many it posted."""
    done = [0] * len(works)
    faults: list[BaseException] = []

    def one(at: int) -> None:
        try:
            done[at] = works[at]()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(works))]
    begun = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = perf_counter() - begun
    if faults:
        raise faults[0]
    return sum(done) / took


def _work(browser: Browser, firsts: Sequence[str]) -> int:
    """Complete every task of these cases; the page led to after each names the next."""
    done = 0
    for first in firsts:
        task_id = first
        for element, _ in plan.script(plan.SMALL):
            form = plan.form_of(element, next(_nonce))
            task_id = browser.post(f"/tasks/{task_id}/complete", form).rpartition("/")[2]
            done += 1
    return done


def _bare(browser: Browser, row: int, times: int) -> int:
    for _ in range(times):
        browser.post(f"/bench/{row}", plan.form_of("verify_1", next(_nonce)))
    return times


def _parts(name: str, url: str, firsts: Iterator[str]) -> Iterator[Figure]:
    """What each part of one completion costs, in one process without a network."""
    app = application(url)
    client, headers, token = signed_in(app)

    def work(cases: Sequence[str]) -> int:
        for first in cases:
            path = f"/tasks/{first}"
            for element, _ in plan.script(plan.SMALL):
                form = {**plan.form_of(element, next(_nonce)), "csrf_token": token}
                answer = client.post(f"{path}/complete", data=form, headers=headers)
                if answer.status_code != 303:
                    raise RuntimeError(f"{path}: {answer.status}")
                path = answer.location
        return 7 * len(cases)

    cases = [next(firsts) for _ in range(SAMPLED + 2)]
    work(cases[:2])
    with sampled() as samples:
        begun = perf_counter()
        steps = work(cases[2:])
        each = (perf_counter() - begun) / steps
    yield plain(f"one completion in process, {name}", each * 1000, "ms")
    for part, share in samples.shares().items():
        yield plain(f"one completion in process, {name}: {part}", share * each * 1000, "ms")
    app.extensions["planroom"].database.dispose()


def signed_in(app: Flask) -> tuple[Client, dict[str, str], str]:
    """A client without a cookie jar (see `Browser.post`), the cookie it sends, and its token."""
    client = Client(app)
    token = _token(client.get("/sign-in").text)
    form = {"username": "duty", "password": PASSWORD, "csrf_token": token}
    client.post("/sign-in", data=form)
    token = _token(client.get("/inbox").text)
    cookie = client.get_cookie("planroom")
    assert cookie is not None
    return Client(app, use_cookies=False), {"Cookie": f"planroom={cookie.value}"}, token


def _token(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]
