"""Releases: only approved words, through disclosed channels; links, corrections, withdrawal."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.words import Channel, Release, Statement
from services import approvals, history, releases, statements
from services.approvals import handle_approve, handle_review
from services.errors import Refusal, Stale
from services.releases import handle_release
from services.statement_text import Parts
from services.statement_versions import hold
from services.statements import handle_draft
from services.uow import Database, UnitOfWork
from tests.integration.words_rows import Unit, make_unit

DRAFT = "planroom:statement-draft"
REVIEW = "planroom:statement-review"
APPROVE = "planroom:statement-approve"
RELEASE = "planroom:statement-release"
LINK = "https://weibo.com/lanpu/1"


@pytest.fixture
def unit(db: Database, now: datetime) -> Unit:
    return make_unit(db, now)


def approved(unit: Unit, **text: Any) -> dict[str, Any]:
    made = unit.submit(handle_draft, DRAFT, unit.text(**text))
    given = {"decision": "approve", "digest": made["digest"]}
    kind = {"approvalKind": "secrecy"}
    unit.submit(handle_review, REVIEW, given, path="words/secrecy", properties=kind)
    unit.submit(handle_approve, APPROVE, given)
    return made


def release(unit: Unit, digest: str, **data: Any) -> dict[str, Any]:
    options = {k: data.pop(k) for k in ("at", "occurred_at") if k in data}
    given = {"channel_id": unit.channel_id, "link": LINK, "digest": digest, **data}
    return unit.submit(handle_release, RELEASE, given, **options)


def edited(unit: Unit, made: dict[str, Any], **changes: Any) -> str:
    def work(uow: Any) -> str:
        return statements.add_version(
            uow,
            made["statement_id"],
            Parts.read(unit.text(**changes)),
            unit.actor("publicity"),
            unit.now,
            base_digest=made["digest"],
        ).digest

    return unit.run(work)


def approve_again(unit: Unit, statement_id: int, digest: str) -> None:
    """One tap each by those whose approvals are missing."""

    def work(uow: UnitOfWork) -> None:
        for kind, who in (("secrecy", "secrecy"), ("final", "leader")):
            approvals.approve_again(uow, statement_id, kind, digest, unit.actor(who), unit.now)

    unit.run(work)


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def row(unit: Unit) -> Release:
    with unit.db.read() as session:
        return session.query(Release).one()


def test_an_approved_text_goes_out_and_is_on_record(unit: Unit) -> None:
    made = approved(unit)
    result = release(unit, made["digest"])
    out = row(unit)
    assert result == {"released": True, "release_id": out.id, "version": 1}
    assert (out.account, out.link, out.digest) == ("澜浦发布", LINK, made["digest"])
    event = unit.events("statement.released")[0]
    assert event["channel_name"] == "官方微博" and len(event["approvals"]) == 2


@pytest.mark.parametrize("given", [(), ("secrecy",), ("final",)])
def test_a_missing_approval_blocks_and_is_named(unit: Unit, given: tuple[str, ...]) -> None:
    made = unit.submit(handle_draft, DRAFT, unit.text())
    yes = {"decision": "approve", "digest": made["digest"]}
    if "secrecy" in given:
        kind = {"approvalKind": "secrecy"}
        unit.submit(handle_review, REVIEW, yes, path="words/secrecy", properties=kind)
    if "final" in given:
        unit.submit(handle_approve, APPROVE, yes)
    refusal = refused(lambda: release(unit, made["digest"]))
    assert (refusal.code, refusal.status) == ("approval_missing", 409)
    assert refusal.args_["kinds"] == [k for k in ("secrecy", "final") if k not in given]
    with unit.db.read() as session:
        assert session.query(Release).count() == 0
        assert session.query(Statement).one().status == "draft"


def test_a_change_after_approval_blocks_until_approved_again(unit: Unit) -> None:
    made = approved(unit)
    digest = edited(unit, made, contact="县委宣传部 0571-11111111")
    assert refused(lambda: release(unit, made["digest"])).code == "text_changed"
    assert refused(lambda: release(unit, digest)).args_["kinds"] == ["secrecy", "final"]
    approve_again(unit, made["statement_id"], digest)
    assert release(unit, digest)["version"] == 2


def test_a_change_that_lands_while_releasing_blocks_the_release(unit: Unit) -> None:
    """The release has read the approved text; the change commits first; the release, run again,
    sees the new text and is refused."""
    made = approved(unit)
    task_id = unit.open_task(RELEASE, "words/release")
    tries: list[int] = []
    given = {"channel_id": unit.channel_id, "link": LINK, "digest": made["digest"]}

    def handler(uow: Any, submission: Any) -> dict[str, Any]:
        uow.session.get_one(Statement, made["statement_id"])  # read, then somebody is faster
        if not tries:
            thread = threading.Thread(target=lambda: edited(unit, made, doing="甲"))
            thread.start()
            thread.join()
        tries.append(1)
        return handle_release(uow, submission)

    refusal = refused(lambda: unit.submit(handler, RELEASE, given, task_id=task_id))
    assert refusal.code == "text_changed" and len(tries) <= 2
    with unit.db.read() as session:
        assert session.query(Release).count() == 0


def test_holding_a_statement_that_moved_on_is_stale(unit: Unit) -> None:
    made = approved(unit)

    def work(uow: Any) -> None:
        statement = uow.session.get_one(Statement, made["statement_id"])
        edited(unit, made, doing="甲")
        hold(uow.session, statement, "draft")

    with pytest.raises(Stale):
        unit.db.run(work, retries=0)


def test_words_go_out_through_active_channels_of_the_unit_only(unit: Unit) -> None:
    made = approved(unit)
    assert refused(lambda: release(unit, made["digest"], channel_id=999)).code == "channel_unknown"
    assert refused(lambda: release(unit, made["digest"], channel_id=None)).status == 422

    def close(uow: Any) -> None:
        uow.session.get_one(Channel, unit.channel_id).active = False

    unit.run(close)
    assert refused(lambda: release(unit, made["digest"])).code == "channel_unknown"


@pytest.mark.parametrize(
    ("link", "error"),
    [("", "required"), ("javascript:alert(1)", "not_a_link"), ("https://", "not_a_link")],
)
def test_a_link_is_given_or_left_for_later(unit: Unit, link: str, error: str) -> None:
    made = approved(unit)
    refusal = refused(lambda: release(unit, made["digest"], link=link))
    assert refusal.args_["errors"] == {"link": error}


def test_a_link_left_for_later_is_added_and_put_right_on_record(unit: Unit) -> None:
    made = approved(unit)
    release_id = release(unit, made["digest"], link="", link_later=True)["release_id"]

    def add(link: str, who: str = "spokesperson") -> Release:
        return unit.run(
            lambda uow: releases.add_link(uow, release_id, link, unit.actor(who), unit.now)
        )

    assert refused(lambda: add(LINK, "archive")).status == 403
    assert add(LINK).link == LINK
    assert add(LINK + "2").link == LINK + "2"
    assert [(e["was"], e["link"]) for e in unit.events("statement.link_added")] == [
        ("", LINK),
        (LINK, LINK + "2"),
    ]


def test_a_release_is_neither_to_come_nor_before_its_approval(unit: Unit) -> None:
    made = approved(unit)
    for moment, error in (
        (unit.now + timedelta(minutes=5), "in_future"),
        (unit.now - timedelta(minutes=5), "before_approval"),
    ):
        refusal = refused(lambda m=moment: release(unit, made["digest"], occurred_at=m))
        assert refusal.args_["errors"] == {"occurred_at": error}


def test_a_released_text_is_not_changed_but_corrected(unit: Unit) -> None:
    made = approved(unit)
    release(unit, made["digest"])
    assert refused(lambda: edited(unit, made, known="别的")).code == "statement_closed"
    correction = unit.run(
        lambda uow: statements.create_statement(
            uow,
            unit.case_id,
            "correction",
            Parts.read(unit.text(known="伤者应为四人。")),
            unit.actor("publicity"),
            unit.now,
            corrects_id=made["statement_id"],
        )
    )
    digest = Parts.read(unit.text(known="伤者应为四人。")).digest()

    def out() -> Release:
        return unit.run(
            lambda uow: releases.release_from_page(
                uow,
                correction.id,
                channel_id=unit.channel_id,
                link=LINK,
                link_later=False,
                digest=digest,
                actor=unit.actor("spokesperson"),
                now=unit.now,
            )
        )

    assert refused(out).code == "approval_missing"
    approve_again(unit, correction.id, digest)
    assert out().digest == digest
    assert unit.events("statement.corrected")[0]["statement"] == made["statement_id"]


def test_the_page_does_not_overtake_an_open_release_task(unit: Unit) -> None:
    made = approved(unit)
    unit.open_task(RELEASE, "words/release")
    refusal = refused(
        lambda: unit.run(
            lambda uow: releases.release_from_page(
                uow,
                made["statement_id"],
                channel_id=unit.channel_id,
                link=LINK,
                link_later=False,
                digest=made["digest"],
                actor=unit.actor("spokesperson"),
                now=unit.now,
            )
        )
    )
    assert refusal.code == "release_by_task"


def test_the_same_words_go_out_once_a_channel(unit: Unit) -> None:
    made = approved(unit)
    release(unit, made["digest"])
    with unit.db.read() as session:
        before = session.query(Release).count()

    def again(channel_id: int) -> Release:
        return unit.run(
            lambda uow: releases.release_from_page(
                uow,
                made["statement_id"],
                channel_id=channel_id,
                link=LINK,
                link_later=False,
                digest=made["digest"],
                actor=unit.actor("spokesperson"),
                now=unit.now,
            )
        )

    assert refused(lambda: again(unit.channel_id)).code == "released_there"

    def site(uow: Any) -> int:
        channel = Channel(name="官网", account="县政府网")
        uow.session.add(channel)
        uow.session.flush()
        return channel.id

    assert again(unit.run(site)).account == "县政府网"
    with unit.db.read() as session:
        assert session.query(Release).count() == before + 1


def test_a_withdrawal_has_a_reason_and_leaves_the_record(unit: Unit) -> None:
    made = approved(unit)
    release_id = release(unit, made["digest"])["release_id"]

    def take_back(reason: str, who: str = "spokesperson") -> Release:
        return unit.run(
            lambda uow: releases.withdraw(uow, release_id, reason, unit.actor(who), unit.now)
        )

    assert refused(lambda: take_back(" ")).args_["errors"] == {"reason": "required"}
    assert refused(lambda: take_back("数字有误", "archive")).status == 403
    taken = take_back("数字有误")
    assert taken.withdrawn_at == unit.now and taken.withdrawal_reason == "数字有误"
    assert refused(lambda: take_back("再来")).code == "withdrawn_already"
    with unit.db.read() as session:
        assert session.query(Statement).one().status == "withdrawn"
        assert session.query(Release).one().link == LINK
    assert "reason" not in unit.events("statement.withdrawn")[0], "typed words are committed to"
    with unit.db.read() as session:
        found = history.events_of_case(session, unit.case_id)
        withdrawn = next(event for event in found if event.type == "statement.withdrawn")
        assert history.personal_of(session, withdrawn) == {"reason": "数字有误"}
    assert refused(lambda: release(unit, made["digest"])).code == "statement_closed"
