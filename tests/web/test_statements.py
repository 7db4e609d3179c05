"""Statements in the browser: drafting, deciding on the text shown, one tap, release, correction."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.integration.world import World
from tests.web.conftest import Browser, Clock
from tests.web.words_case import LINK, Desk, digest_in, open_desk, typed

PAGE = "/statements/1"


@pytest.fixture
def desk(world: World, as_: Callable[[str], Browser], clock: Clock) -> Desk:
    return open_desk(world, as_, clock)


def test_a_draft_with_something_unsaid_keeps_what_was_typed(desk: Desk) -> None:
    desk.until("draft")
    answer = desk.complete("draft", "office", desk.text(unknown="", next_word_at=""))
    assert answer.status_code == 422
    assert 'href="#f-unknown"' in answer.text and 'href="#f-next_word_at"' in answer.text
    assert "3人受伤,无人死亡。" in answer.text
    assert desk.complete("draft", "office", desk.text()).status_code == 303


def test_the_approver_sees_and_decides_on_the_latest_text(desk: Desk) -> None:
    desk.until("approve")
    leader, page, shown = desk.form("approve", "leader")
    assert "3人受伤,无人死亡。" in page.text and shown[:8] in page.text
    edit = desk.text(doing="伤者已送县医院。") | {"digest": shown}
    assert desk.as_("office").post(f"{PAGE}/versions", edit).status_code == 303
    late = leader.post(f"{desk.task('approve')}/complete", {"decision": "approve", "digest": shown})
    assert late.status_code == 409
    assert "第 2 版" in late.text and "伤者已送县医院。" in late.text
    assert digest_in(late) != shown  # what is sent next is the text now shown


def test_sending_back_needs_a_word(desk: Desk) -> None:
    desk.until("approve")
    answer = desk.complete("approve", "leader", {"decision": "return"})
    assert answer.status_code == 422 and 'href="#f-comment"' in answer.text
    answer = desk.complete("approve", "leader", {})
    assert answer.status_code == 422 and 'href="#f-decision"' in answer.text


def test_a_change_blocks_the_release_until_one_tap_each(desk: Desk) -> None:
    desk.until("release")
    page = desk.as_("office").get(PAGE)
    edit = desk.text(contact="宣传部 0571-1111") | {"digest": digest_in(page)}
    assert desk.as_("office").post(f"{PAGE}/versions", edit).status_code == 303
    blocked = desk.complete("release", "duty", {"channel_id": "1", "link": LINK})
    assert blocked.status_code == 409
    assert "保密审查、签发" in blocked.text and LINK in blocked.text
    for who, kind in (("duty", "secrecy"), ("leader", "final")):
        browser = desk.as_(who)
        page = browser.get(PAGE)
        assert f"/approve/{kind}" in page.text
        tap = browser.post(f"{PAGE}/approve/{kind}", {"digest": digest_in(page)})
        assert tap.status_code == 303
    assert "可以发布" in desk.as_("leader").get(PAGE).text
    done = desk.complete("release", "duty", {"channel_id": "1", "link": LINK})
    assert done.status_code == 303
    assert "澜浦发布" in desk.as_("leader").get(PAGE).text


def test_a_tap_on_a_text_that_changed_again_is_refused(desk: Desk) -> None:
    desk.until("release")
    office = desk.as_("office")
    edit = desk.text(doing="甲") | {"digest": digest_in(office.get(PAGE))}
    office.post(f"{PAGE}/versions", edit)
    seen = digest_in(desk.as_("leader").get(PAGE))
    office.post(f"{PAGE}/versions", desk.text(doing="乙") | {"digest": seen})
    answer = desk.as_("leader").post(f"{PAGE}/approve/final", {"digest": seen})
    assert answer.status_code == 409 and "第 3 版" in answer.text


def test_any_two_versions_are_compared(desk: Desk) -> None:
    desk.until("approve")
    edit = desk.text(known="4人受伤,无人死亡。") | {"decision": "approve_with_edits"}
    assert desk.complete("approve", "leader", edit).status_code == 303
    page = desk.as_("office").get(f"{PAGE}?a=2&b=1")
    assert re.search(r"<del[^>]*>3</del>", page.text)
    assert re.search(r"<ins[^>]*>4</ins>", page.text)
    assert desk.as_("office").get(f"{PAGE}?a=1&b=7").status_code == 404
    text = desk.as_("office").get(f"{PAGE}/text?version=1")
    assert "3人受伤" in text.text and "4人受伤" not in text.text
    for odd in ("9" * 30, "-1", "0", "x", ""):
        assert "4人受伤" in desk.as_("office").get(f"{PAGE}/text?version={odd}").text, odd
        assert desk.as_("office").get(f"{PAGE}?a={odd}&b={odd}").status_code == 200, odd
        assert desk.as_("office").get(f"/statements/new?case={odd}").status_code == 404, odd


def test_a_telephone_decision_is_entered_and_signed_later(desk: Desk) -> None:
    desk.until("release")
    office = desk.as_("both")
    edit = desk.text(doing="甲") | {"digest": digest_in(office.get(PAGE))}
    assert desk.as_("office").post(f"{PAGE}/versions", edit).status_code == 303
    leader_id = desk.world.people["leader"].id
    said = {
        "oral_by": str(leader_id),
        "occurred_at": typed(desk.clock() - timedelta(minutes=5)),
        "digest": digest_in(desk.as_("duty").get(PAGE)),
    }
    # The words just typed are not what was agreed to on the telephone before.
    sooner = desk.as_("duty").post(f"{PAGE}/oral/final", said)
    assert sooner.status_code == 422 and "不能早于这一版文稿写成的时间" in sooner.text
    desk.clock.forward(minutes=6)
    said["occurred_at"] = typed(desk.clock() - timedelta(minutes=5))
    missing = desk.as_("duty").post(f"{PAGE}/oral/final", said | {"oral_by": ""})
    assert missing.status_code == 422 and "必填" in missing.text
    assert desk.as_("duty").post(f"{PAGE}/oral/final", said).status_code == 303
    page = desk.as_("leader").get(PAGE)
    assert "待补签" in page.text
    found = re.search(r"(/statements/1/approvals/\d+/countersign)", page.text)
    assert found is not None
    assert desk.as_("duty").post(found.group(1)).status_code == 403
    assert desk.as_("leader").post(found.group(1)).status_code == 303
    assert "已补签" in desk.as_("leader").get(PAGE).text


def test_a_release_says_where_and_links_or_says_later(desk: Desk) -> None:
    desk.until("release")
    nothing = desk.complete("release", "duty", {"link": "javascript:alert(1)", "channel_id": "1"})
    assert nothing.status_code == 422 and 'href="#f-link"' in nothing.text
    later = desk.complete("release", "duty", {"channel_id": "1", "link_later": "true"})
    assert later.status_code == 303
    duty = desk.as_("duty")
    assert "链接待补" in duty.get(PAGE).text
    assert duty.post(f"{PAGE}/releases/1/link", {"link": LINK}).status_code == 303
    assert LINK in duty.get(PAGE).text


def test_what_is_out_is_corrected_or_withdrawn(desk: Desk) -> None:
    desk.until("closing")
    office, duty = desk.as_("office"), desk.as_("duty")
    page = office.get(PAGE)
    refused = office.post(f"{PAGE}/versions", desk.text(doing="甲") | {"digest": digest_in(page)})
    assert refused.status_code == 409
    form = office.get("/statements/new?corrects=1")
    assert form.status_code == 200 and "更正" in form.text
    data = desk.text(kind="correction", known="4人受伤。") | {
        "case": str(desk.case.id),
        "corrects_id": "1",
    }
    bad = office.post("/statements/new", data | {"known": ""})
    assert bad.status_code == 422 and "宣传部 0571-0000" in bad.text
    assert office.post("/statements/new", data).location == "/statements/2"
    assert duty.post("/statements/2/releases", {"channel_id": "1", "link": LINK}).status_code == 409
    assert duty.post(f"{PAGE}/releases/1/withdraw", {}).status_code == 422
    assert duty.post(f"{PAGE}/releases/1/withdraw", {"reason": "数字有误"}).status_code == 303
    assert "数字有误" in office.get(PAGE).text


@pytest.mark.parametrize("who", ["outsider", "admin"])
def test_outsiders_are_refused_at_every_address(desk: Desk, who: str) -> None:
    desk.until("closing")
    browser = desk.as_(who)
    for path in (PAGE, f"{PAGE}/text", "/statements/99", "/statements/new?corrects=1"):
        assert browser.get(path).status_code == 404
    for path in (
        "/versions",
        "/approve/final",
        "/oral/final",
        "/approvals/1/countersign",
        "/releases",
        "/releases/1/link",
        "/releases/1/withdraw",
    ):
        answer = browser.post(PAGE + path, desk.text(reason="x", link=LINK, channel_id="1"))
        assert answer.status_code in (403, 404), path
    made = browser.post("/statements/new", desk.text(case=str(desk.case.id)))
    assert made.status_code in (403, 404)


def test_an_auditor_reads_and_writes_nothing(desk: Desk) -> None:
    desk.until("release")
    auditor = desk.as_("auditor")
    page = auditor.get(PAGE)
    assert page.status_code == 200 and f"{PAGE}/versions" not in page.text
    edit = desk.text(doing="甲") | {"digest": digest_in(desk.as_("office").get(PAGE))}
    assert auditor.post(f"{PAGE}/versions", edit).status_code == 403


def test_nobody_gets_in_without_signing_in_or_a_token(desk: Desk, visitor: Browser) -> None:
    desk.until("release")
    assert visitor.client.get(PAGE).status_code in (302, 303)
    office = desk.as_("office")
    assert office.client.post(f"{PAGE}/versions", data=desk.text()).status_code == 400
