"""Takes the pictures of README.md and docs/ from the running product: `make pictures`.

Starts the demonstration on a free port with a database of its own, goes through the preloaded
late case and a new one as people would, and writes docs/img/*.png, reduced to few colours.
Give names (`python -m tools.pictures case inbox`) to write only these.
"""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tools.browser import find_chromium

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "img"
PASSWORD = "planroom-pictures"
COLOURS = 192
MOST_BYTES = 150_000
#: Height (pixels) of the window for a part of a page, so that nothing sticks over it.
TALL = 2000
#: Pixels left around a part that has no frame of its own.
MARGIN = 20
#: What a demonstration may not inherit from the shell that takes the pictures.
OURS = ("DATABASE_URL", "SECRET_KEY", "HOST", "TRUSTED_PROXIES", "SCHEDULER")


class Camera:
    """One person at a browser window; ``wanted`` holds the names to write (empty: all)."""

    def __init__(self, page: Page, wanted: set[str]) -> None:
        self.page = page
        self.wanted = wanted

    def sign_in(self, username: str) -> None:
        self.page.goto("/sign-in")
        self.page.locator("[name=username]").fill(username)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.locator("main form.card button").click()
        expect(self.page.locator("body.signed-in")).to_be_visible()

    def become(self, username: str, path: str) -> None:
        """Go on as somebody else by the demonstration's switch, at ``path``."""
        if self.page.locator("#demo-person").input_value() != username:
            with self.page.expect_navigation():
                self.page.locator("#demo-person").select_option(username)
        self.page.goto(path)

    def task(self, username: str, name: str, case: str) -> None:
        """Open the person's task of that name in the case whose title holds ``case``; claim it
        when it waits in the queue."""
        for tab, button in (("mine", "link"), ("queue", "button")):
            self.become(username, f"/inbox?tab={tab}")
            row = self.page.locator("#inbox .task-row").filter(has_text=case)
            row = row.filter(has=self.page.locator(".task-name").get_by_text(name, exact=True))
            if row.count():
                target = row.first.locator("a.btn" if button == "link" else "form button")
                with self.page.expect_navigation():
                    target.click()
                return
        raise LookupError(f"{username} has no task {name} in {case}")

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"label:has(input[name='{name}'][value='{value}'])").first.click()

    def press(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()

    def complete(self) -> None:
        self.press(self.page.locator("#task-form .card-footer .btn-primary"))
        shown = self.page.locator("#task-form .invalid-feedback, #error-summary")
        if self.page.url.endswith("/complete"):
            raise RuntimeError(f"not completed: {' | '.join(shown.all_inner_texts())}")

    def take(self, name: str, height: int, of: Locator | None = None, margin: bool = False) -> None:
        """Write what stands in a window of ``height`` pixels; or of a part of the page all that
        there is, at most ``height``."""
        if self.wanted and name not in self.wanted:
            return
        before = self.page.viewport_size
        assert before is not None
        tall = height if of is None else TALL
        self.page.set_viewport_size({"width": before["width"], "height": tall})
        self.page.evaluate("document.activeElement && document.activeElement.blur()")
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.wait_for_load_state("networkidle")
        if of is None:
            shot = self.page.screenshot(animations="disabled")
        else:
            found = of.bounding_box()
            if found is None:
                raise LookupError(f"nothing to take for {name}")
            edge = MARGIN if margin else 0
            bottom = found["y"] + min(found["height"], height) + edge
            if bottom > tall:  # far down a long page
                self.page.set_viewport_size({"width": before["width"], "height": int(bottom) + 1})
            found = {
                "x": found["x"] - edge,
                "y": found["y"] - edge,
                "width": found["width"] + 2 * edge,
                "height": min(found["height"], height) + 2 * edge,
            }
            shot = self.page.screenshot(animations="disabled", clip=found)
        save(name, shot)
        self.page.set_viewport_size(before)


def save(name: str, shot: bytes) -> None:
    """Write it in few colours. Raises ValueError when it is still too large."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    path = FOLDER / f"{name}.png"
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"[planroom] {path.relative_to(ROOT)} {picture.width}x{picture.height} {size // 1000} kB")
    if size > MOST_BYTES:
        raise ValueError(f"{path.name} has {size} bytes, more than {MOST_BYTES}")


# ------------------------------------------------------------------------------ the round

LATE = "老城小学食堂"
NEW = "文化活动中心舞台桁架坠落"


def go_round(wide: Camera, phone: Camera) -> None:
    report(phone)
    inbox_and_grading(wide)
    the_late_case(wide)
    report_up(wide)
    task_and_late_entry(wide)
    statement(wide)
    audit_room(wide)
    for_others(wide)
    studio(wide)


def report(phone: Camera) -> None:
    page = phone.page
    phone.sign_in("reporter")
    page.goto("/report")
    phone.choose("classified", "no")
    page.locator("[name=text]").fill(f"{NEW},短视频称“死了五个人”,评论迅速增加")
    page.locator("[name=link]").fill("https://video.example/lanpu/88231")
    page.locator("[name=plan]").select_option("p11")
    phone.take("report-phone", 780)
    phone.press(page.locator("main form button.btn-primary"))


def inbox_and_grading(wide: Camera) -> None:
    page = wide.page
    wide.sign_in("duty")
    wide.task("duty", "研判核实", NEW)
    for name, value in (("casualties", "true"), ("severe", "true"), ("sensitive", "true")):
        wide.choose(name, value)
    wide.choose("trend", "fast")
    wide.complete()
    expect(page.locator(".proposal")).to_be_visible()
    wide.take("grade", 900)
    wide.task("duty", "确认舆情等级", NEW)
    wide.become("duty", "/inbox?tab=mine")
    wide.take("inbox", 480)


def the_late_case(wide: Camera) -> None:
    page = wide.page
    wide.become("duty", "/cases")
    wide.press(page.locator("a.task-name").filter(has_text=LATE))
    expect(page.locator("#case-diagram .djs-container").first).to_be_visible()
    expect(page.locator("#case-diagram .djs-element.is-done").first).to_be_visible()
    wide.take("case", 900)
    page.locator("[data-sheets] .nav-link").filter(has_text="信息报送").click()
    expect(page.locator("#case-diagram .djs-element.is-late").first).to_be_visible()
    wide.take("diagram", 1000, page.locator("#diagram"))
    case = page.url
    wide.become("office", "/inbox?tab=queue")
    page.locator("button.bell").click()
    expect(page.locator("#notification-panel form").first).to_be_visible()
    wide.take("overdue", 560)
    wide.become("auditor", f"{case}/record")
    wide.take("record", 760)


def report_up(wide: Camera) -> None:
    wide.task("duty", "限时信息报送", LATE)
    wide.take("report-up", 1060)


def task_and_late_entry(wide: Camera) -> None:
    page = wide.page
    wide.task("unit", "涉事主体核查事实", LATE)
    wide.take("task", 900)
    box = page.locator("#task-form details:has([name='occurred_at'])")
    box.locator("summary").click()
    earlier = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(minutes=35)
    box.locator("[name=occurred_at]").fill(earlier.strftime("%Y-%m-%dT%H:%M"))
    wide.take("late-entry", 400, box, margin=True)


def statement(wide: Camera) -> None:
    page = wide.page
    approve(wide, "secrecy", "保密审查")
    wide.become("publicity", "/cases")
    wide.press(page.locator("a.task-name").filter(has_text=LATE))
    wide.press(page.locator("#statements a.list-group-item").first)
    here = page.url
    page.locator("#edit summary").click()
    known = page.locator("#edit [name=known]")
    known.fill(known.input_value().replace("出现呕吐等不适", "先后出现呕吐等不适"))
    page.locator("#edit [name=note]").fill("补“先后”二字")
    wide.press(page.locator("#edit button.btn-primary"))
    page.goto(f"{here}?a=1&b=2")
    wide.take("statement", 1000)
    wide.become("secrecy", here)
    wide.press(page.locator("#approvals form button.btn-primary").first)
    approve(wide, "legal", "法制审核")
    approve(wide, "leader", "签发")
    wide.task("spokesperson", "署名发布", LATE)
    wide.take("release", 1000)


def approve(wide: Camera, username: str, task: str) -> None:
    wide.task(username, task, LATE)
    wide.choose("decision", "approve")
    wide.complete()


def for_others(wide: Camera) -> None:
    wide.become("author", "/plans/p11")
    expect(wide.page.locator(".djs-container").first).to_be_visible()
    wide.take("plan", 820)
    wide.page.goto("/plans/p11/written")
    wide.take("plan-written", 900, wide.page.locator(".plan-step-group").first, margin=True)
    wide.page.goto("/plans/p11/cards?role=duty")
    wide.take("plan-card", 900, wide.page.locator(".plan-card"))


# ----------------------------------------------------------------------------- the studio

REVIEW = "办公室审核"


def audit_room(wide: Camera) -> None:
    """The exceptions, and the first release of the finished case in its replay."""
    wide.become("auditor", "/audit/exceptions?kinds=late&kinds=tier_overridden&kinds=clock_moved")
    wide.take("audit-exceptions", 900)
    wide.page.goto("/audit/cases/1/replay")
    expect(wide.page.locator(".replay-event").first).to_be_visible()
    wide.page.keyboard.press("s")
    expect(wide.page.locator("[data-now] h2")).to_contain_text("发布第")
    wide.page.wait_for_timeout(1500)  # the token arrives
    wide.take("audit-replay", 1290)


def studio(wide: Camera) -> None:
    """Plan 11's hour for reporting up becomes thirty minutes and statements get a review; what
    that does; a running case moved to the new version."""
    page = wide.page
    wide.become("author", "/plans/p11")
    wide.press(page.get_by_role("button", name="改这个预案"))
    found = re.search(r"/studio/drafts/\d+", page.url)
    assert found is not None, page.url
    draft = found.group()
    page.goto(f"{draft}?path=report_1h/report_in_time&do=change")
    page.locator("form[method=post] [name=amount]").fill("30")
    page.locator("form[method=post] [name=unit]").select_option("minutes")
    wide.take("studio-table", 1060)
    save_row(wide)
    page.goto(f"{draft}?path=first_statement/draft&do=review")
    page.locator("form[method=post] [name=name]").fill(REVIEW)
    page.locator("form[method=post] [name=kind]").select_option("review")
    page.locator("form[method=post] [name=role]").select_option("office")
    save_row(wide)
    drawn_and_tried(wide, draft)
    in_force_and_moved(wide, draft)


def save_row(wide: Camera) -> None:
    wide.press(wide.page.locator("form[method=post]").get_by_role("button", name="保存"))


def drawn_and_tried(wide: Camera, draft: str) -> None:
    page = wide.page
    page.goto(f"{draft}/diagram?file=shared/approve_release.bpmn")
    drawn = page.locator("[data-element-id]").get_by_text(REVIEW).first
    expect(drawn).to_be_visible()
    drawn.click(force=True)  # what is clicked lies over the words
    expect(page.locator(".bio-properties-panel-header")).to_be_visible()
    wide.take("studio-diagram", 900)
    page.goto(f"{draft}/changes")
    expect(page.locator("[data-compare] .djs-container").first).to_be_visible()
    wide.take("studio-changes", 900)
    page.goto(f"{draft}/whatif")
    form = page.locator("form[data-whatif]")
    form.locator("summary").first.click()
    # The work done so far here took a script's seconds.
    for name, value in (("m-duty", "10"), ("p-duty", "30"), ("seed", "11")):
        form.locator(f"[name='{name}']").fill(value)
    form.locator("[data-start]").click()
    expect(page.locator("#result table").first).to_be_visible(timeout=120_000)
    wide.take("studio-whatif", 620, page.locator("#result"), margin=True)


def in_force_and_moved(wide: Camera, draft: str) -> None:
    page = wide.page
    page.goto(f"{draft}/propose")
    page.locator("[name=note]").fill("提速,并由办公室把关")
    page.locator("[name=document_number]").fill("澜办发〔2026〕7号")
    wide.press(page.locator("main form button.btn-primary").filter(has_text="提请启用"))
    wide.become("leader", page.url)
    wide.press(page.get_by_role("button", name="同意启用"))
    wide.become("author", "/plans/p11/migrate")
    page.locator("form input[name=case]").first.check()
    wide.press(page.get_by_role("button", name="先看会怎样"))
    wide.take("studio-migrate", 1020)


# ------------------------------------------------------------------------------ the product


@contextmanager
def demonstration(data_dir: Path) -> Iterator[str]:
    """The product on a free port; gives its address. Raises RuntimeError when it does not come."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env |= {"DEMO": "1", "DEMO_PASSWORD": PASSWORD, "DATA_DIR": str(data_dir), "PORT": port}
    log = data_dir / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "run-planroom"],
            cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{address}/sign-in", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
                continue
            yield address
            return
        raise RuntimeError(f"it did not start:\n{log.read_text('utf-8')[-3000:]}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    browser_path = find_chromium()
    if browser_path is None:
        raise SystemExit("[planroom] no Chromium: run `make setup-test` first")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with (
        tempfile.TemporaryDirectory() as folder,
        demonstration(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-sync"],
            # The browser's own words (a file to choose, a date to type) in Chinese too.
            env={**os.environ, "LANGUAGE": "zh_CN", "LANG": "zh_CN.UTF-8"},
        )
        shared = {"base_url": address, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
        wide = browser.new_context(viewport={"width": 1280, "height": 900}, **shared)  # type: ignore[arg-type]
        narrow = browser.new_context(  # a telephone
            viewport={"width": 390, "height": 780},
            has_touch=True,
            **shared,  # type: ignore[arg-type]
        )
        for context in (wide, narrow):
            context.set_default_timeout(30_000)
        go_round(Camera(wide.new_page(), wanted), Camera(narrow.new_page(), wanted))
        browser.close()


if __name__ == "__main__":
    main()
