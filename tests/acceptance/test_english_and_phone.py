"""The English switch leaves no Chinese in the interface, and every main page fits a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.acceptance.conftest import Enter
from tests.acceptance.person import PHONE, Person

HAN = re.compile(r"[\u3400-\u9fff\uff01-\uff5e\u3000-\u303f]")
#: Words people typed themselves stay in their language: what was said of a case, statements,
#: the plan's own drawing. A switch or a text marked as Chinese is meant.
OWN_WORDS = (
    "[lang^='zh'], .text-prewrap, .text-break, textarea, [data-canvas], a[href^='/signals/']"
)
#: What people typed in the demonstration that stands inside sentences of the interface.
TYPED = (
    "老城小学食堂:多名学生午餐后呕吐,家长群称“已有孩子抢救”",
    "公交改线公示期未满即实施,居民质疑",
    "党政办值班室",
    "上级业务部门值班室",
    "网信部门值班室",
    "电话中复述并确认",
    "@澜浦县文化活动中心",
    "三日内无新增讨论。",
    "事实清楚,向网友致歉的话要放在前面说。",
    # A channel is recorded under the name it had, in the language of its place.
    "政务微博",
)
#: Pages of the interface, by the person who reads them. ``{late}`` is the case running late,
#: ``{draft}`` the author's draft of plan 11.
PAGES = {
    "duty": (
        "/inbox",
        "/inbox?tab=queue",
        "/inbox?tab=done",
        "/signals",
        "/report",
        "/cases",
        "/cases/{late}",
        "/cases/{late}/record",
        "/plans",
        "/plans/p11",
        "/plans/p04",
    ),
    "leader": ("/inbox?tab=queue", "/cases/{archived}"),
    "author": (
        "/studio",
        "/studio/drafts/{draft}?tier=major&role=publicity&path=first_statement/draft&do=review",
        "/studio/drafts/{draft}/diagram",
        "/studio/drafts/{draft}/propose",
    ),
    "admin": ("/inbox", "/people", "/organisation", "/plans/p13/settings/public_notice"),
}


def chinese(page: Page) -> list[str]:
    """Texts and labels of the interface that hold Chinese, without people's own words."""
    page.wait_for_load_state("networkidle")
    texts: list[str] = page.evaluate(
        """(own) => {
          const out = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const node = walk.currentNode, parent = node.parentElement;
            if (!node.data.trim() || parent.closest('script, style')) continue;
            if (parent.closest(own)) continue;
            out.push(node.data.trim());
          }
          for (const e of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
            if (e.closest(own)) continue;
            for (const a of ['aria-label', 'title', 'placeholder'])
              if (e.getAttribute(a)) out.push(a + '=' + e.getAttribute(a));
          }
          return out;
        }""",
        OWN_WORDS,
    )
    left = []
    for text in texts:
        rest = text
        for typed in TYPED:
            rest = rest.replace(typed, "")
        if HAN.search(rest):
            left.append(text)
    return left


#: The demonstration plays the archived case first, then the one running late.
CASES = {"archived": "1", "late": "2"}


def pages(person: Person) -> Iterator[tuple[str, str]]:
    """Each page of `PAGES` as (who, address), with the person at the browser changed to them. The
    draft is begun as its author does it; begun again it is the same one."""
    for username, paths in PAGES.items():
        person.become(username)
        numbers = dict(CASES)
        if username == "author":
            person.page.goto("/plans/p11")
            with person.page.expect_navigation():
                person.page.locator("form[action$='/plans/p11/draft'] button").first.click()
            found = re.search(r"/studio/drafts/(\d+)", person.page.url)
            assert found, person.page.url
            numbers["draft"] = found.group(1)
        for path in paths:
            yield username, path.format(**numbers)


def test_english_has_no_chinese_chrome(enter: Enter) -> None:
    person = enter("duty")
    person.in_english()
    left: list[str] = []
    for _username, path in pages(person):
        person.open(path)
        left += [f"{path}: {text}" for text in chinese(person.page)]
    assert not left, "\n".join(left)


def test_tasks_are_english_too(enter: Enter) -> None:
    person = enter("duty", look=False)
    person.in_english()
    person.case("2")
    left: list[str] = []
    person.become("auditor")
    links = person.page.locator("#tasks a[href^='/tasks/']").evaluate_all(
        "found => found.map(e => e.getAttribute('href'))"
    )
    for username in ("duty", "unit", "secrecy", "office", "auditor"):
        person.become(username)
        for link in links:
            person.open(link)
            left += [f"{username} {link}: {text}" for text in chinese(person.page)]
    assert not left, "\n".join(dict.fromkeys(left))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_main_pages_fit_a_phone(enter: Enter, language: str) -> None:
    person = enter("duty", look=language == "zh")
    if language == "en":
        person.in_english()
    person.page.set_viewport_size(PHONE)
    wide: list[str] = []
    for username, path in pages(person):
        person.open(path)
        beyond = person.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if beyond > 0:
            wide.append(f"{username} {path}: {beyond} px")
        person.picture(f"phone-{language}-{username}-{path.strip('/').replace('/', '-')[:30]}")
    assert not wide, "\n".join(wide)
