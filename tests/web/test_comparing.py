"""Two versions side by side: what changed in words, in both languages, and who may look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape

from tests.integration.world import World
from tests.web.conftest import Browser
from tests.web.county import county_made as county_made
from tests.web.county import draft_of
from tests.web.county import made as made

As = Callable[[str], Browser]


def text_of(html: str) -> str:
    """What people read."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def rows(page: str) -> list[str]:
    """The list of changes, a text each."""
    return [text_of(row) for row in re.findall(r'<li class="cmp-row.*?</li>', page, re.S)]


def drawings(page: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(unescape(re.findall(r"data-compare='([^']*)'", page)[0]))
    return found


# ------------------------------------------------------------------------ in words


def test_four_edits_in_words(as_: As, world: World) -> None:
    page = as_("duty").get("/plans/p11/compare?from=1&to=2").text
    assert "4 处改动:时限 1 处、步骤 1 处、审签 1 处、判定表 1 处。" in text_of(page)
    assert rows(page) == [
        "变更 第 5 步“1小时内信息报送” : 其中“限时信息报送”(第 A2 步)的完成时限 在图中看 "
        "修订前: 1 小时 → 修订后: 30 分钟 条款 P11-D1",
        "新增 第 1 步“问法制” 在图中看 修订后: 谁办:法制;之后:转 第 2 步“研判核实”",
        "删去 审签“法制审核” 修订前: 法制 (限重大、特别重大)",
        '变更 判定表“舆情分级” : 第 3 条规则“发酵趋势”的条件 修订前: "fast" → 修订后: "slow"',
    ]


def test_and_in_english(as_: As, world: World) -> None:
    browser = as_("author")
    browser.post("/language", {"locale": "en"})
    page = browser.get("/plans/p11/compare?from=1&to=2").text
    assert "Changes: 4 (Clocks 1, Steps 1, Approvals 1, Decision table 1)." in text_of(page)
    first, second, third, fourth = rows(page)
    assert first.startswith("Changed Step 5 “Report up within 1 hour” : within it")
    assert "Before: 1 h → After: 30 min" in first
    assert second.startswith("Added Step 1")
    assert "Who: Legal; Then: go to step 2 “Triage and verify”" in second
    assert third.startswith("Removed Approvals “Legal check”")
    assert fourth.endswith('Before: "fast" → After: "slow"')
    list_only = page[page.index("cmp-list") : page.index('id="tables-title"')]
    assert set(re.findall(r"[\u4e00-\u9fff]+", text_of(list_only))) == {
        "问法制", "舆情分级", "发酵趋势",
    }  # the plan's own words that have no English  # fmt: skip


def test_a_decision_table_cell_by_cell(as_: As, world: World) -> None:
    page = as_("duty").get("/plans/p11/compare?from=1&to=2").text
    table = page[page.index('id="tables-title"') : page.index('id="drawings"')]
    cells = re.findall(r'<td class="cmp-cell-changed">(.*?)</td>', table, re.S)
    assert [text_of(cell) for cell in cells] == ['修订前: "fast" 修订后: "slow"']
    assert len(re.findall(r"<tr", table)) == 1 + 8  # all the rules stand there


def test_both_drawings_and_what_is_marked_in_them(as_: As, world: World) -> None:
    browser = as_("duty")
    page = browser.get("/plans/p11/compare").text  # the version in force and the one before it
    found = drawings(page)
    first = found["sheets"][0]  # type: ignore[index]
    assert first["key"] == "p11"
    assert {id: mark["kind"] for id, mark in first["marks"].items()} == {
        "report_1h": "changed",
        "ask_law": "added",
    }
    bodies = [browser.get(first[side]).data for side in ("before", "after")]
    assert [b'id="ask_law"' in body for body in bodies] == [False, True]
    assert not re.search(r"\sstyle=|\son\w+=", page)


def test_a_version_with_itself(as_: As, world: World) -> None:
    page = as_("duty").get("/plans/p11/compare?from=2&to=2").text
    assert "两版内容相同。" in page
    assert rows(page) == []


def test_only_one_version(as_: As, world: World) -> None:
    page = as_("duty").get("/plans/t01/compare")
    assert page.status_code == 200
    assert "只有一版" in page.text


def test_versions_there_are_not(as_: As, world: World) -> None:
    browser = as_("duty")
    for query in ("from=9&to=1", "from=x", "to=-1", "to=" + "9" * 30):
        assert browser.get(f"/plans/p11/compare?{query}").status_code == 404, query
    assert browser.get("/plans/nothing/compare").status_code == 404


# ------------------------------------------------------------------------ a draft


def test_a_draft_against_its_base_or_another(as_: As, world: World) -> None:
    draft = draft_of(world, ("plan.bpmn", 'name="研判核实"', 'name="<b>研判</b>"'.replace(
        "<", "&lt;").replace(">", "&gt;")))  # fmt: skip
    page = as_("author").get(f"/studio/drafts/{draft}/changes").text
    assert len(rows(page)) == 1
    assert "研判核实 → 修订后: <b>研判</b>" in rows(page)[0]
    assert "<b>研判</b>" not in page  # nobody's name is markup
    assert len(rows(as_("author").get(f"/studio/drafts/{draft}/changes?from=1").text)) == 5


def test_who_may_see_a_drafts_changes(as_: As, world: World) -> None:
    draft = draft_of(world, ("plan.bpmn", 'name="研判核实"', 'name="研判"'))
    for who in ("author", "admin", "auditor", "leader"):
        assert as_(who).get(f"/studio/drafts/{draft}/changes").status_code == 200, who
    for who in ("duty", "office", "outsider"):
        assert as_(who).get(f"/studio/drafts/{draft}/changes").status_code == 404, who


def test_nobody_signed_in_sees_nothing(visitor: Browser, world: World) -> None:
    for address in ("/plans/p11/compare", "/studio/drafts/1/changes"):
        assert visitor.get(address).status_code == 303


def test_a_draft_that_cannot_be_read_says_why(as_: As, world: World) -> None:
    draft = draft_of(world, ("plan.bpmn", '<bpmn:process id="p11"', '<bpmn:process id="other"'))
    page = as_("author").get(f"/studio/drafts/{draft}/changes")
    assert page.status_code == 200
    assert "草稿现在读不出来" in page.text
    assert rows(page.text) == []
