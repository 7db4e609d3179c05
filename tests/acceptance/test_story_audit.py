"""Months later an auditor starts from the exceptions, searches, sees how limits and clauses were
kept, shows personal data with a reason, and proves a case to somebody who does not trust the
server. And replays: plays a case to its end, looks into a called process, goes about by keyboard,
finds what was late, lays two cases side by side."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.acceptance.conftest import Enter
from tests.acceptance.person import Person
from tests.acceptance.server import ROOT


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


def test_from_the_exceptions_to_the_proof(enter: Enter, tmp_path: Path) -> None:
    auditor = enter("auditor")
    # What was late, and straight to the place in its replay.
    auditor.open("/audit")
    auditor.sees("例外清单", "只列事实")
    auditor.picture("audit-exceptions")
    auditor.page.get_by_role("navigation", name="按种类筛选").get_by_text("超时").click()
    auditor.arrived()
    late = auditor.main.locator("#results li").first
    expect(late).to_contain_text("超时")
    late.get_by_role("link", name=re.compile("^回放")).click()
    shown(auditor.page)
    expect(auditor.page.locator("[data-now] h2")).to_contain_text("超时")
    # Across cases; kept for next time.
    auditor.open("/audit/search?category=statement")
    auditor.sees("起草文稿")
    auditor.picture("audit-search")
    for room in ("compliance", "clauses/p11", "cases", "exports"):
        auditor.open(f"/audit/{room}")
        auditor.picture(f"audit-{room.replace('/', '-')}")
    case_id = personal_data_with_a_reason(auditor)
    a_bundle_is_checked_elsewhere(auditor, case_id, tmp_path)
    an_export_arrives(auditor)
    auditor.open("/audit/log")
    auditor.sees("显示个人信息:复核当时的联系经过", "制作佐证材料包")
    auditor.picture("audit-log")


def personal_data_with_a_reason(auditor: Person) -> str:
    auditor.open("/cases?status=archived")
    auditor.main.locator("a.task-name").first.click()
    auditor.arrived()
    found = re.search(r"/cases/(\d+)", auditor.page.url)
    assert found, auditor.page.url
    auditor.page.locator("#unmask summary").click()
    auditor.fill(reason="复核当时的联系经过")
    auditor.press("显示个人信息")
    auditor.sees("您正在查看公众的个人信息")
    auditor.open("/audit/exceptions?kinds=unmasked")
    auditor.sees("显示个人信息:复核当时的联系经过")
    return found.group(1)


def a_bundle_is_checked_elsewhere(auditor: Person, case_id: str, folder: Path) -> None:
    """The program and the bundle lie alone in a folder; a byte changed does not pass."""
    auditor.open(f"/audit/cases/{case_id}/proof")
    auditor.press("重算整条链")
    auditor.sees("全部对得上")
    auditor.picture("audit-proof")
    bundle, program = folder / "bundle.zip", folder / "planroom_verify.py"
    with auditor.page.expect_download() as begun:
        auditor.main.get_by_role("button", name="制作并下载").click()
    begun.value.save_as(bundle)
    auditor.open("/audit/proof")
    auditor.picture("audit-heads")
    with auditor.page.expect_download() as begun:
        auditor.main.get_by_role("link", name=re.compile("planroom_verify.py")).click()
    begun.value.save_as(program)
    assert program.read_bytes() == (ROOT / "tools" / "planroom_verify.py").read_bytes()
    key = auditor.main.locator("section", has_text="签名密钥").locator("code").first.inner_text()
    assert checked(folder, key.strip()) == 0
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bundle.write_bytes(damaged)
    assert checked(folder, key.strip()) in (1, 2)


def checked(folder: Path, key: str) -> int:
    command = [sys.executable, "-I", "planroom_verify.py", "bundle.zip", "--key", key]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def an_export_arrives(auditor: Person) -> None:
    auditor.open("/audit/exports")
    auditor.fill(format="xes")
    auditor.press("开始导出")
    expect(auditor.main.get_by_role("link", name="下载")).to_be_visible(timeout=60_000)
    with auditor.page.expect_download() as begun:
        auditor.main.get_by_role("link", name="下载").click()
    assert begun.value.path().read_bytes().startswith(b"<?xml")
    auditor.picture("audit-exported")
