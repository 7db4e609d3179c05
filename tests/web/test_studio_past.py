"""Past cases as tests of a draft: the page and its portions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from models.cases import Case
from services import outbox
from tests.integration.test_case_migration import CHECK
from tests.integration.world import World
from tests.web.conftest import Browser, Clock

SignIn = Callable[[str], Browser]


def finished(world: World) -> Case:
    """A case done within the hour its first step has."""
    case = world.open()
    at = world.now + timedelta(minutes=45)
    world.complete(case, "check", "duty", CHECK, at)
    world.complete(case, "grade", "duty", {"tier": "general"}, at)
    world.complete(case, "draft", "office", {"words": "机密的文字"}, at)
    world.complete(case, "approve", "leader", {"agreed": "true"}, at)
    while outbox.deliver_next(world.db, at + timedelta(hours=1)):
        pass
    return case


def draft_of(world: World, *swaps: tuple[str, str]) -> int:
    draft = world.draft()
    world.edit_draft(draft, *swaps)
    return draft


HALF = ('duration("PT1H")', 'duration("PT30M")')


def test_the_page_asks_for_its_cases_and_they_say_what_differs(
    world: World, as_: SignIn, clock: Clock
) -> None:
    case = finished(world)
    draft = draft_of(world, HALF)
    author = as_("author")
    page = author.get(f"/studio/drafts/{draft}/past").text
    address = f"/studio/drafts/{draft}/past/cases"
    assert address in page and "最近 1 件" in page
    part = author.get(address, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    for words in (
        case.number, "1 处不同", "时限结果变了", "原按时(提前 15 分钟),新版超时 15 分钟",
        "共 1 件:0 件走法一样,1 件不同,0 件不能比较",
    ):  # fmt: skip
        assert words in part, words
    # an author who has no part in the case sees how it went, not what it was
    assert case.title not in part and "机密的文字" not in part
    assert case.title in as_("auditor").get(address).text
    whole = author.get(address).text
    assert "<html" in whole and "1 处不同" in whole


def test_unchanged_and_none_and_broken(world: World, as_: SignIn) -> None:
    draft = draft_of(world)
    author = as_("author")
    assert "还没有办完的事件" in author.get(f"/studio/drafts/{draft}/past").text
    finished(world)
    address = f"/studio/drafts/{draft}/past/cases"
    assert "走法一样" in author.get(address).text
    assert "共 1 件" in author.get(f"{address}?after=1&same=1&changed=-4&doubtful=x").text
    draft_of(world, ('targetRef="grade"', 'targetRef="nowhere"'))
    broken = author.get(f"/studio/drafts/{draft}/past").text
    assert "旧案没法在上面重放" in broken
    assert author.get(address).status_code == 422


def test_outsiders_do_not_see_it(world: World, as_: SignIn) -> None:
    draft = draft_of(world)
    assert as_("outsider").get(f"/studio/drafts/{draft}/past").status_code == 404
    assert as_("duty").get(f"/studio/drafts/{draft}/past/cases").status_code == 404
