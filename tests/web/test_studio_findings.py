"""What is wrong with a draft, as its page and the editors are told."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


def save(author: Browser, draft: int, content: str, name: str = "plan.bpmn") -> None:
    answer = author.save(draft, content, name=name)
    assert answer.status_code == 200, answer.text


def test_what_is_wrong_is_told_with_its_place_and_the_remedy(as_: As, draft: int) -> None:
    author = as_("author")
    body = author.get(f"/studio/drafts/{draft}/files/plan.bpmn").text
    assert 'notSameAs" value="draft"' in body
    looser = body.replace("PT1H", "PT3H").replace('notSameAs" value="draft"', 'x" value="draft"')
    save(author, draft, looser.replace('candidateGroups="office"', 'candidateGroups="nobody"'))
    told = author.get(f"/studio/drafts/{draft}/findings.json").get_json()
    by_code = {row["code"]: row for row in told["findings"]}
    assert not told["deployable"]
    assert {"unknown_role", "deadline_lengthened", "four_eyes_removed"} <= by_code.keys()
    assert told["findings"][0]["severity"] == "error"
    row = by_code["unknown_role"]
    assert row["text"].endswith("。") and row["fix"] and "element=draft" in row["where"]
    page = author.get(f"/studio/drafts/{draft}/findings").text
    assert row["text"] in page and row["fix"] in page
    assert row["where"].replace("&", "&amp;") in page
    part = author.get(f"/studio/drafts/{draft}/findings?fragment=1").text
    assert row["text"] in part and "<html" not in part


def test_english_readers_get_english(as_: As, draft: int) -> None:
    author = as_("author")
    author.post("/language", {"locale": "en", "next": "/studio"})
    told = author.get(f"/studio/drafts/{draft}/findings.json").get_json()
    assert all(row["text"] for row in told["findings"])


def test_a_broken_manifest_is_a_finding_and_no_fault(as_: As, draft: int, world: World) -> None:
    author = as_("author")
    body = author.get(f"/studio/drafts/{draft}/files/plan.toml").text
    save(author, draft, body.replace('process = "t01"', 'process = "gone"'), "plan.toml")
    told = author.get(f"/studio/drafts/{draft}/findings.json").get_json()
    assert [row["code"] for row in told["findings"]] == ["process_missing"]
    assert not told["deployable"]


def test_outsiders_do_not_see_them(as_: As, draft: int) -> None:
    assert as_("outsider").get(f"/studio/drafts/{draft}/findings").status_code == 404
    assert as_("outsider").get(f"/studio/drafts/{draft}/findings.json").status_code == 404
    assert as_("auditor").get(f"/studio/drafts/{draft}/findings").status_code == 200
