"""An auditor replays cases: plays one to its end, looks into a called process, goes about by
keyboard, finds what was late, lays two cases side by side."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Enter
from tests.acceptance.person import Person


def replay_of(auditor: Person, status: str) -> str:
    """Open the replay of the first case in that state; its number in the address."""
    auditor.open(f"/cases?status={status}")
    link = auditor.main.locator("a[href^='/cases/']").first.get_attribute("href") or ""
    found = re.search(r"/cases/(\d+)", link)
    assert found, link
    auditor.open(f"/audit/cases/{found.group(1)}/replay")
    shown(auditor.page)
    return found.group(1)


def shown(page: Page) -> None:
    expect(page.locator(".replay-event").first).to_be_visible(timeout=20_000)
    expect(page.locator(".replay-canvas:not([hidden]) .djs-shape").first).to_be_visible()


def position(page: Page) -> tuple[int, int]:
    found = re.findall(r"\d+", page.locator("[data-dock] [data-position]").inner_text())
    return int(found[0]), int(found[1])


def is_at(page: Page, number: int) -> None:
    expect(page.locator("[data-dock] [data-position]")).to_contain_text(f"第 {number} 步")


def test_an_auditor_replays_cases(enter: Enter) -> None:
    auditor = enter("auditor", look=False)
    page = auditor.page
    done = replay_of(auditor, "archived")
    auditor.examine()
    _, events = position(page)
    auditor.picture("replay-1-opened")

    # Played to the end at the greatest speed, all is done and no token is left.
    page.locator("[data-speed]").select_option("64")
    page.get_by_role("button", name="播放", exact=True).click()
    expect(page.get_by_role("button", name="暂停")).to_be_visible()
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible(timeout=30_000)
    is_at(page, events)
    canvas = page.locator(".replay-canvas:not([hidden])")
    expect(canvas.locator("[data-element-id=case_closed].is-done")).to_have_count(1)
    expect(page.locator(".replay-canvas:not([hidden]) .replay-token")).to_have_count(0)

    # The first release: its process opens in place, its words are read out.
    page.keyboard.press("s")
    crumbs = page.locator("[data-crumbs] li")
    expect(crumbs).to_have_count(2)
    expect(page.locator("[data-now] h2")).to_contain_text("发布第")
    expect(page.locator("[data-live]")).to_contain_text("发布第")
    expect(canvas.locator("[data-element-id=release].is-now")).to_have_count(1)
    auditor.picture("replay-2-called-process")
    # What the reader opens stays open; the switch brings following back.
    crumbs.first.locator("button").click()
    page.keyboard.press("ArrowRight")
    expect(crumbs).to_have_count(1)
    page.locator("[data-follow]").check()
    page.keyboard.press("ArrowLeft")
    expect(crumbs).to_have_count(2)

    # By keyboard: ends, single steps, marks, speed, help; the address tells where.
    page.locator("[data-scrub]").focus()
    page.keyboard.press("Home")
    is_at(page, 0)
    page.keyboard.press("ArrowRight")
    is_at(page, 1)
    page.keyboard.press("End")
    is_at(page, events)
    page.locator("h1").click()
    page.keyboard.press("p")
    before = position(page)[0]
    assert 0 < before < events
    page.keyboard.press("[")
    expect(page.locator("[data-speed]")).to_have_value("32")
    page.keyboard.press("Shift+?")
    expect(page.locator("[data-keys]")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(rf"at={before}$"))
    auditor.open(f"/audit/cases/{done}/replay?at={before}")
    shown(page)
    assert position(page) == (before, events)

    # What was late, with shape and words beside the colour.
    late = replay_of(auditor, "open")
    page.keyboard.press("Home")
    page.keyboard.press("l")
    expect(page.locator("[data-now] h2")).to_contain_text("超时")
    expect(page.locator(".replay-canvas:not([hidden]) .is-late").first).to_be_attached()
    auditor.picture("replay-3-late")

    auditor.open(f"/audit/compare?a={done}&b={late}")
    shown(page)
    page.keyboard.press("l")
    expect(page.locator("[data-side-details]").nth(1).locator("h2")).to_contain_text("超时")
    auditor.examine()
    auditor.picture("replay-4-two")
    auditor.open(f"/audit/compare?a={late}")
    shown(page)
    page.keyboard.press("End")
    cursor = page.locator("[data-chart] [data-cursor]").first
    assert float(cursor.get_attribute("x1") or 0) > 100
    auditor.examine()
    auditor.picture("replay-5-median")
