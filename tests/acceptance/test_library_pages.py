"""The plan library in a browser: the fifteen rows, a page for every plan in use with its tabs,
the written plan and the role cards, wide and on a phone, in both languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.acceptance.conftest import Enter
from tests.acceptance.person import PHONE
from tests.unit.plan_driver import PLANS, manifest

LIBRARY = Path(__file__).resolve().parents[2] / "bpmn"
TEXTS = tomllib.loads((LIBRARY / "library.toml").read_text(encoding="utf-8"))["text"]
PARTS = ("overview", "roles", "clocks", "tiers", "clauses", "papers", "versions")
#: Whose pages axe measures, every part of them: overlays, lost and replaced parts, long tables.
MEASURED = ("p05", "p06")


def test_the_library_says_what_each_text_is(enter: Enter) -> None:
    author = enter("author")
    author.open("/plans")
    author.sees("正文与标题不符,无预案内容")
    for text in TEXTS:
        author.sees(text["title"])
    author.picture("library")
    author.page.set_viewport_size(PHONE)
    author.open("/plans?kind=utility")
    author.fits()
    author.sees("县供水公司的供水防冻应急抢险")
    author.misses("国有企业的网络舆情应急处置")


@pytest.mark.parametrize("key", PLANS)
def test_every_plan_has_its_page_and_papers(enter: Enter, key: str) -> None:
    """Each opens without a fault and fits a phone."""
    author = enter("author")
    author.looked_at = None  # measured below, part by part
    author.page.set_viewport_size(PHONE)
    for part in PARTS:
        if part == "tiers" and not manifest(key).get("tiers"):
            continue
        author.open(f"/plans/{key}?part={part}")
        author.fits()
        if key in MEASURED:
            author.examine()
    for paper, words in (("written", "处置步骤"), ("cards", "要办的事")):
        author.open(f"/plans/{key}/{paper}")
        author.fits()
        author.sees(words)
        if key in MEASURED:
            author.examine()
