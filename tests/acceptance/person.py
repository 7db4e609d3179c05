"""What a person does at a browser: signs in, finds a task in the inbox, fills its form, completes
it. Every page that comes up is watched for faults and looked at for accessibility."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import (
    ConsoleMessage,
    Locator,
    Page,
    Response,
    ViewportSize,
    expect,
)

from tests.acceptance.server import ROOT

WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ZONE = ZoneInfo("Asia/Shanghai")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
#: Where pictures go when somebody wants to look at them.
SHOTS = os.environ.get("ACCEPTANCE_SHOTS", "")


class Watch:
    """Collects what must not happen on any page: script errors, refused content (CSP), 5xx.

    ``allowed`` are the statuses a person expects. ``left`` is the path of the page somebody is
    being switched away from: what it still fetches meanwhile may be answered to the next person,
    whose page it is not (404)."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.allowed: set[int] = set()
        self.left = ""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        status = re.search(r"the server responded with a status of (\d+)", message.text)
        if status and int(status.group(1)) in self.allowed:
            return
        fault = f"{message.location.get('url', '')}: {message.text}"
        if self.left and self.left in fault and re.search(r"\b404\b", message.text):
            return  # the browser's own line, or htmx's
        self.faults.append(fault)

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")


class Person:
    """One person at one browser. ``looked_at`` holds the kinds of pages measured so far; None
    measures nothing."""

    def __init__(self, page: Page, watch: Watch, looked_at: set[str] | None) -> None:
        self.page = page
        self.watch = watch
        self.looked_at = looked_at
        self.name = ""

    # -------------------------------------------------------------------- getting about

    def sign_in(self, username: str, password: str) -> None:
        self.open("/sign-in")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(password)
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.locator("body.signed-in")).to_be_visible()
        self.name = username
        self.arrived()

    def become(self, username: str) -> Person:
        """Go on as somebody else, by the switch in the demonstration's bar."""
        if username != self.name:
            self.watch.left = urlsplit(self.page.url).path
            with self.page.expect_navigation():
                self.page.locator("#demo-person").select_option(username)
            expect(self.page.locator("#demo-person")).to_have_value(username)
            self.watch.left = ""
            self.name = username
        return self

    def in_english(self) -> Person:
        """Go on in English, by the button in the bar."""
        with self.page.expect_navigation():
            self.page.locator("header").get_by_role("button", name="English").click()
        expect(self.page.locator("html")).to_have_attribute("lang", "en")
        return self

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.arrived()

    def arrived(self) -> None:
        """The page is there: look at it, unless one of its kind was looked at before."""
        self.page.wait_for_load_state("load")
        if self.looked_at is None:
            return
        kind = self._kind()
        if kind not in self.looked_at:
            self.looked_at.add(kind)
            self.examine()

    def _kind(self) -> str:
        path = re.sub(r"/[0-9a-f-]{20,}|/\d+", "/N", urlsplit(self.page.url).path)
        heading = self.page.locator("h1").first.text_content() or ""
        language = self.page.locator("html").get_attribute("lang")
        of_task = heading if path.startswith("/tasks/") else ""
        return f"{language} {path} {' '.join(of_task.split())}"

    def examine(self) -> None:
        """Notes as faults what axe finds serious or critical, wide or narrow, and a page for
        which a phone would have to be scrolled sideways. The test goes on and fails at its end,
        with all of them together."""
        before = self.page.viewport_size or WIDE
        for size in (WIDE, PHONE):
            self.page.set_viewport_size(size)
            found = violations(self.page)
            if size is PHONE and (beyond := self._beyond()) > 0:
                found.append(f"{beyond} px wider than the screen")
            for fault in found:
                # What every page has is said once.
                if self.looked_at is None or fault not in self.looked_at:
                    self.watch.faults.append(f"{self.page.url} at {size['width']} px: {fault}")
                if self.looked_at is not None:
                    self.looked_at.add(fault)
        self.page.set_viewport_size(before)

    def fits(self) -> None:
        """No sideways scrolling at the present width."""
        beyond = self._beyond()
        assert beyond <= 0, f"{self.page.url} is {beyond} px wider than the screen"

    def _beyond(self) -> int:
        beyond: int = self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return beyond

    def fits_phone(self) -> None:
        """No sideways scrolling on a telephone."""
        before = self.page.viewport_size or WIDE
        self.page.set_viewport_size(PHONE)
        self.fits()
        self.page.set_viewport_size(before)

    def picture(self, name: str) -> None:
        """A picture of the whole page, when ACCEPTANCE_SHOTS names a folder."""
        if not SHOTS:
            return
        folder = Path(SHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        before = self.page.viewport_size or WIDE
        # As tall as the page, so that bars which stick to the screen's edge cover nothing.
        height = self.page.evaluate("() => document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": before["width"], "height": height})
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=folder / f"{name}.png", full_page=True)
        self.page.set_viewport_size(before)

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        """Within this, an answer of that status is what the person expects."""
        self.watch.allowed.add(status)
        with self.page.expect_response(
            lambda answer: answer.request.is_navigation_request() and answer.status == status
        ):
            yield
        self.arrived()

    # ------------------------------------------------------------------------- reading

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def sees(self, *texts: str) -> None:
        """Each text stands somewhere on the page and is visible."""
        for text in texts:
            expect(self.main.get_by_text(text).locator("visible=true").first).to_be_visible()

    def misses(self, text: str) -> None:
        expect(self.main.get_by_text(text)).to_have_count(0)

    # --------------------------------------------------------------------------- cases

    def report(
        self,
        text: str,
        *,
        link: str = "",
        plan: str,
        discovered_at: datetime | None = None,
        more: dict[str, Any] | None = None,
    ) -> str:
        """Report by the intake page and follow to the case; its id is returned."""
        self.open("/report")
        self.fill(classified="no", text=text, link=link)
        self.page.get_by_text("补充:载体、数量、发现时间").click()
        self.fill(plan=plan, **(more or {}))
        if discovered_at is not None:
            self.fill(discovered_at=discovered_at)
        self.page.get_by_role("main").get_by_role("button", name="报告", exact=True).click()
        self.page.wait_for_url(re.compile(r"/(cases|tasks)/"))
        self.arrived()
        if "/tasks/" in self.page.url:
            self.main.locator("a[href*='/cases/']").first.click()
            self.page.wait_for_url(re.compile(r"/cases/\d+"))
            self.arrived()
        found = re.search(r"/cases/(\d+)", self.page.url)
        assert found, self.page.url
        return found.group(1)

    def case(self, case_id: str) -> None:
        self.open(f"/cases/{case_id}")

    def forward_40(self, case_id: str) -> None:
        """Press the demonstration's button on the case page."""
        self.case(case_id)
        self.page.get_by_role("button", name="快进 40 分钟").click()
        self.sees("本事件的时钟已快进 40 分钟。")

    def case_moment(self) -> datetime:
        """What time it is in the case whose page this is; shown once its clock was moved."""
        text = self.main.get_by_text("事件时间").first.text_content() or ""
        found = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", text)
        assert found, text
        return datetime.strptime(found.group(0), "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)

    # --------------------------------------------------------------------------- tasks

    def task(self, name: str, number: str) -> None:
        """Find an open task by its name and its case's number in one's inbox, claim it when it
        waits in the queue, and open it."""
        row = self._row("mine", name, number)
        if row is not None:
            row.get_by_role("link", name="办理").click()
        else:
            row = self._row("queue", name, number)
            assert row is not None, f"{self.name} has no task {name!r} of {number}"
            row.get_by_role("button", name="签收").click()
        self.page.wait_for_url(re.compile(r"/tasks/"))
        expect(self.page.locator("h1")).to_contain_text(name)
        self.arrived()

    def _row(self, tab: str, name: str, number: str) -> Locator | None:
        self.open(f"/inbox?tab={tab}")
        rows = self.page.locator("#inbox .task-row").filter(
            has=self.page.locator(".task-name").get_by_text(name, exact=True)
        )
        row = rows.filter(has_text=number)
        return row.first if row.count() else None

    def fill(self, **values: Any) -> None:
        """Fill fields by name, as hands would: choices are clicked, the rest is typed. A name's
        ``__`` stands for a dot."""
        for key, value in values.items():
            name = key.replace("__", ".")
            field = self.main.locator(f"[name='{name}']")
            tag = field.first.evaluate("e => e.tagName.toLowerCase() + ':' + (e.type || '')")
            if tag == "input:radio":
                self.main.locator(
                    f"label:has(input[name='{name}'][value='{_text(value)}'])"
                ).click()
            elif tag == "input:checkbox":
                field.set_checked(bool(value))
            elif tag.startswith("select"):
                field.select_option(_text(value))
            elif tag == "input:file":
                field.set_input_files(value)
            else:
                field.fill(_text(value))

    def happened(self, moment: datetime) -> None:
        """Say when it was really done."""
        box = self.main.locator("details:has([name='occurred_at'])")
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        self.fill(occurred_at=moment)

    def press(self, label: str) -> None:
        """Press a button of the page and wait for the answer."""
        button = self.main.get_by_role("button", name=label, exact=True).first
        with self.page.expect_navigation():
            button.click()
        self.arrived()

    def press_in(self, part: str, label: str) -> None:
        """Press the button of that name within a part of the page."""
        with self.page.expect_navigation():
            self.page.locator(part).get_by_role("button", name=label, exact=True).click()
        self.arrived()

    @property
    def finish_button(self) -> Locator:
        """The main button of the task's form, whatever it says (办结, 提交审签, 登记发布...)."""
        return self.main.locator("#task-form .card-footer .btn-primary")

    def complete(self) -> None:
        """Press the form's main button; the task is done."""
        with self.page.expect_navigation():
            self.finish_button.click()
        self.arrived()
        assert not self.page.url.endswith("/complete"), self._why()
        self.sees("已办结")

    def complete_refused(self, status: int) -> None:
        """Press the form's main button and be told, with that status, what is wrong."""
        with self.refused(status):
            self.finish_button.click()

    def _why(self) -> str:
        return " | ".join(self.main.locator(".alert, .invalid-feedback").all_inner_texts())

    def do(self, name: str, number: str, **values: Any) -> None:
        """Find a task, fill it, complete it."""
        self.task(name, number)
        self.fill(**values)
        self.complete()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    return str(value)


def whole_minute(moment: datetime) -> datetime:
    """The minute a moment lies in: what a form for minutes can say."""
    return moment.replace(second=0, microsecond=0)


def shown(moment: datetime) -> str:
    """The hour and minute of a moment as the pages show it."""
    return moment.astimezone(ZONE).strftime("%H:%M")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page, a line each. The script is run by
    the debugger: the page's own content security policy refuses inserted scripts."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".filter(v => ['serious', 'critical'].includes(v.impact))"
        ".flatMap(v => v.nodes.slice(0, 6)"
        ".map(n => `${v.impact} ${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 120)}`))"
    )
    return [str(line) for line in found]
