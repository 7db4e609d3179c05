"""The diagram editor's page: what it hands the editor, and to whom."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

from models.studio import DraftFile
from tests.integration.world import World
from tests.web.conftest import Browser

As = Callable[[str], Browser]


def handed(browser: Browser, address: str, name: str = "plan-editor") -> dict[str, Any]:
    text = browser.get(address).text
    # The page's own words come before the editor's.
    *_, found = re.findall(rf"data-{name}='([^']*)'", text)
    data: dict[str, Any] = json.loads(html.unescape(found))
    return data


def test_the_editor_knows_the_plan(as_: As, draft: int) -> None:
    author = as_("author")
    data = handed(author, f"/studio/drafts/{draft}/diagram")
    assert data["start"] == "plan.bpmn"
    assert [file["name"] for file in data["files"]] == ["plan.bpmn"]
    assert author.get(data["files"][0]["address"]).text.startswith("<?xml")
    assert data["processes"] == [{"key": "t01", "name": "试验预案", "file": "plan.bpmn"}]
    assert {role["key"] for role in data["roles"]} >= {"duty", "office", "leader"}
    assert [anchor["key"] for anchor in data["anchors"]][:1] == ["discovered_at"]
    assert [tier["key"] for tier in data["tiers"]] == ["general", "major"]
    assert data["revision"] == 0
    words = handed(author, f"/studio/drafts/{draft}/diagram", "words")
    assert words["state_saved"] == "已保存" and words["origin_unit"] and words["deadline_due"]


def test_an_address_may_name_the_element(as_: As, draft: int) -> None:
    page = f"/studio/drafts/{draft}/diagram"
    data = handed(as_("author"), f"{page}?file=plan.bpmn&element=check")
    assert (data["start"], data["element"]) == ("plan.bpmn", "check")
    odd = "?file=../secret&element='%22><script>alert(1)</script>"
    assert handed(as_("author"), page + odd)["start"] == "plan.bpmn"
    assert "<script>alert" not in as_("author").get(page + odd).text


def test_others_see_the_drawing_only(as_: As, draft: int) -> None:
    page = f"/studio/drafts/{draft}/diagram"
    auditor = as_("auditor")
    text = auditor.get(page).text
    assert "data-plan-editor" not in text and "build/studio.js" not in text
    assert f'data-diagram="{page}/sheets"' in text
    (sheet,) = auditor.get(f"{page}/sheets").get_json()["sheets"]
    assert sheet["title"] == "试验预案"
    assert auditor.get(sheet["source"]).text.startswith("<?xml")
    assert as_("outsider").get(page).status_code == 404
    assert as_("outsider").get(f"{page}/sheets").status_code == 404


def test_a_broken_file_is_still_offered(as_: As, draft: int, world: World) -> None:
    """A draft may hold what cannot be read: the others stay open to be worked on."""

    def spoil(uow: Any) -> None:
        uow.session.add(
            DraftFile(draft_id=draft, name="odd.bpmn", content=b"<broken", changed_at=world.now)
        )
        manifest = uow.session.get(DraftFile, (draft, "plan.toml"))
        manifest.content = b"key = "

    world.db.run(spoil)
    data = handed(as_("author"), f"/studio/drafts/{draft}/diagram")
    assert [file["title"] for file in data["files"]] == ["试验预案", "odd.bpmn"]
    assert data["roles"] == [] and data["variables"] == []
