"""The table of a draft: what it shows, its forms, and who may change it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from services import draft_reading
from services.plan_table import plan_table
from tests.integration.world import World
from tests.web.conftest import Browser
from workflows.edits.spans import Span

As = Callable[[str], Browser]


def span_of(world: World, draft: int, path: str) -> Span | None:
    with world.db.read() as session:
        here = draft_reading.get_draft(session, draft)
        found = plan_table(draft_reading.bundle_of_draft(session, here))
    row = found.row(path)
    assert row is not None
    return row.deadline.span if row.deadline is not None else None


CHANGE = {
    "path": "check", "do": "change", "name": "核查", "name_en": "Check", "role": "duty",
    "amount": "30", "unit": "minutes", "anchor": "discovered_at", "escalate": "10",
    "escalate_unit": "minutes", "escalate_to": "leader",
}  # fmt: skip


def test_every_step_is_a_row_with_its_limit(as_: As, draft: int) -> None:
    page = as_("author").get(f"/studio/drafts/{draft}")
    assert page.status_code == 200
    assert 'id="r-check"' in page.text and 'id="r-approve"' in page.text
    assert "1 小时内" in page.text and "修改" in page.text


def test_a_form_opens_alone_for_htmx_and_in_the_page_without(as_: As, draft: int) -> None:
    author = as_("author")
    address = f"/studio/drafts/{draft}?path=check&do=change"
    part = author.get(address, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<tr") and "<html" not in part.text
    assert 'name="amount"' in part.text and 'value="1"' in part.text
    whole = author.get(address)
    assert "<html" in whole.text and 'name="amount"' in whole.text
    assert author.get(f"/studio/drafts/{draft}?path=nothing&do=change").status_code == 200


def test_a_limit_is_changed_said_and_can_be_undone(as_: As, world: World, draft: int) -> None:
    author = as_("author")
    author.get(f"/studio/drafts/{draft}")
    answer = author.post(f"/studio/drafts/{draft}/steps", CHANGE)
    assert answer.status_code == 303
    assert span_of(world, draft, "check") == Span(30, "minutes")
    page = author.get(f"/studio/drafts/{draft}")
    assert "“核查”时限:1 小时 → 30 分钟" in page.text
    author.post(f"/studio/drafts/{draft}/undo")
    assert span_of(world, draft, "check") == Span(1, "hours")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"amount": "soon"}, "请填写 1 到 9999 的整数"),
        ({"name": ""}, "必填"),
        ({"remind": "40", "remind_unit": "minutes"}, "提醒要早于到限"),
        ({"escalate_to": ""}, "请选择超时报谁督办"),
        ({"role": "nobody"}, "预案里没有这个角色"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    as_: As, world: World, draft: int, given: dict[str, str], sentence: str
) -> None:
    author = as_("author")
    author.get(f"/studio/drafts/{draft}")
    answer = author.post(f"/studio/drafts/{draft}/steps", {**CHANGE, "name_en": "Typed", **given})
    assert answer.status_code == 422
    assert sentence in answer.text and 'value="Typed"' in answer.text
    assert span_of(world, draft, "check") == Span(1, "hours")


def test_an_old_page_does_not_write_over_a_newer_save(as_: As, draft: int) -> None:
    author = as_("author")
    author.get(f"/studio/drafts/{draft}")
    author.post(f"/studio/drafts/{draft}/steps", {**CHANGE, "revision": "0"})
    answer = author.post(
        f"/studio/drafts/{draft}/steps", {**CHANGE, "amount": "5", "revision": "0"}
    )
    assert answer.status_code == 409


def test_what_is_not_drawn_is_left_to_the_diagram(as_: As, draft: int) -> None:
    """The plan has no layout: there is nowhere to put a step."""
    author = as_("author")
    author.get(f"/studio/drafts/{draft}")
    step = {"path": "check", "do": "add", "name": "复核", "role": "office", "form": "note"}
    answer = author.post(f"/studio/drafts/{draft}/steps", step)
    assert answer.status_code == 422
    assert "请在流程图中修改" in answer.text
    assert re.search(r"/diagram\?file=plan\.bpmn&amp;element=check", answer.text)


def test_others_look_and_change_nothing(as_: As, draft: int) -> None:
    for who in ("admin", "auditor"):
        browser = as_(who)
        page = browser.get(f"/studio/drafts/{draft}?path=check&do=change")
        assert page.status_code == 200 and 'name="amount"' not in page.text
        assert browser.post(f"/studio/drafts/{draft}/steps", CHANGE).status_code == 403
    assert as_("duty").get(f"/studio/drafts/{draft}").status_code == 404


def test_only_the_rows_of_a_role(as_: As, draft: int) -> None:
    page = as_("author").get(f"/studio/drafts/{draft}?role=leader")
    assert 'id="r-approve"' in page.text and 'id="r-check"' not in page.text


def test_a_recipient_is_added_and_taken_out(as_: As, world: World, draft: int) -> None:
    author = as_("author")
    author.get(f"/studio/drafts/{draft}")
    row = {"table": "recipients", "key": "", "do": "save", "name": "宣传部"}
    assert author.post(f"/studio/drafts/{draft}/rows", row).status_code == 303
    page = author.get(f"/studio/drafts/{draft}?table=recipients&key=unit&do=change")
    assert 'value="宣传部"' in page.text
    gone = {"table": "recipients", "key": "unit", "do": "remove"}
    answer = author.post(f"/studio/drafts/{draft}/rows", gone)
    assert answer.status_code == 422 and "至少留一个接收方" in answer.text
    assert author.post(f"/studio/drafts/{draft}/rows", {**row, "table": "x"}).status_code == 404
