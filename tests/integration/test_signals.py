"""Signals: recorded, grouped, taken up, set aside; the public's details only committed to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Anchor
from models.history import PersonalValue
from models.intake import Signal
from services import history, signal_likeness, signals
from services.errors import Refusal
from services.fingerprints import canonical_link, fingerprint, likeness
from services.signals import Contact, Noticed
from tests.integration.world import World

VIDEO = "网传县文化广场舞台钢架倒塌砸死五人,现场视频流出"


def record(world: World, who: str = "duty", **noticed: Any) -> Signal:
    options = {"text": VIDEO, **noticed}
    extra = options.pop("extra", None)
    return world.db.run(
        lambda uow: signals.record(
            uow, Noticed(**options), world.actor(who), world.now, extra=extra
        )
    )


def refused(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def suggested(world: World, signal: Signal) -> list[int]:
    with world.db.read() as session:
        return [s.signal.id for s in signal_likeness.duplicates(session, signal)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.weibo.com/1/a?utm_source=x&b=2&a=1#top", "http://weibo.com/1/a/?a=1&b=2"),
        ("https://m.weibo.com:443/1/%E7%BD%91", "https://weibo.com/1/网"),
        ("https://v.douyin.com/AbC?share_id=1&timestamp=9", "https://v.douyin.com/AbC"),
    ],
)
def test_copies_of_a_link_are_one(one: str, other: str) -> None:
    assert canonical_link(one) == canonical_link(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://weibo.com/1/a", "https://weibo.com/1/b"),
        ("https://v.douyin.com/AbC", "https://v.douyin.com/abc"),
        ("https://a.com/?id=1", "https://a.com/?id=2"),
        ("https://a.com:8443/", "https://a.com/"),
    ],
)
def test_different_links_stay_different(one: str, other: str) -> None:
    assert canonical_link(one) != canonical_link(other)


@pytest.mark.parametrize("link", ["", "not a link", "ftp://a/b", "http://", "http://[::1", "//x"])
def test_without_a_web_address_the_text_counts(link: str) -> None:
    assert canonical_link(link) == ""
    assert fingerprint("Stage, 倒塌!", link) == fingerprint("stage 倒塌", "")
    assert fingerprint("舞台倒塌", link) != fingerprint("舞台搭好", "")


def test_likeness_is_of_neighbouring_characters() -> None:
    assert likeness(VIDEO, VIDEO + "!!") == 1.0
    assert likeness(VIDEO, "县文化广场舞台钢架倒塌砸死五人的现场视频流出,太惨了") > 0.55
    assert likeness(VIDEO, "县一中食堂饭菜里吃出虫子,家长要求给个说法") < 0.2
    assert likeness("舞台", "舞台") == 1.0 and likeness("", "") == 0.0


def test_duplicates_are_suggested_never_dropped(world: World) -> None:
    first = record(world, link="https://weibo.com/1/a")
    same = record(world, text="看这个", link="https://www.weibo.com/1/a?utm_medium=x")
    alike = record(world, text="县文化广场舞台钢架倒塌砸死五人的现场视频流出,太惨了")
    record(world, text="县一中食堂饭菜里吃出虫子,家长要求给个说法")
    old = record(world, discovered_at=world.now - timedelta(days=10), link="https://weibo.com/9")
    assert suggested(world, first) == [same.id, alike.id]
    assert old.id not in suggested(world, first)
    with world.db.read() as session:
        assert len(signals.waiting(session)) == 5


def test_what_is_wrong_is_named(world: World) -> None:
    later = world.now + timedelta(minutes=1)
    refusal = refused(
        lambda: record(
            world,
            text=" ",
            medium="smoke",
            source="rumour",
            reads=-1,
            comments=2**31,
            link="x" * 2001,
            discovered_at=later,
        )
    )
    assert refusal.args_["errors"] == {
        "text": "required",
        "medium": "not_an_option",
        "source": "not_an_option",
        "reads": "too_small",
        "comments": "too_large",
        "link": "too_long",
        "discovered_at": "in_future",
    }


def test_the_publics_details_are_only_committed_to(world: World) -> None:
    told = record(world, source="phone", contact=Contact("赵六", "13800000000"))
    with world.db.read() as session:
        row = session.get_one(Signal, told.id)
        for column in Signal.__table__.columns:
            assert "赵六" not in str(getattr(row, column.name))
        event = next(
            e for e in history.events_of_chain(session, "org") if e.type == "signal.recorded"
        )
        assert "赵六" not in str(history.body_of(event)) and VIDEO not in str(
            history.body_of(event)
        )
        assert signals.contact_of(session, row) == Contact("赵六", "13800000000")

    def forget(uow: Any) -> None:
        for value in uow.session.scalars(select(PersonalValue)):
            if value.field == "extra":
                uow.session.delete(value)

    world.db.run(forget)
    with world.db.read() as session:
        assert signals.contact_of(session, session.get_one(Signal, told.id)) == Contact()


def test_a_signal_taken_opens_a_case_discovered_when_it_was(world: World) -> None:
    seen = world.now - timedelta(minutes=12)
    told = record(world, discovered_at=seen, reads=20_000, link="https://weibo.com/1/a")

    def take(who: str) -> Any:
        return world.db.run(
            lambda uow: signals.take(
                uow,
                told.id,
                plan_key="t01",
                title="舞台桁架坠落",
                summary="",
                actor=world.actor(who),
                now=world.now,
            )
        )

    assert refused(lambda: take("auditor")).code == "read_only"
    assert refused(lambda: take("admin")).code == "signal_unknown"
    case = take("duty")
    assert (case.link, case.summary) == ("https://weibo.com/1/a", VIDEO)
    with world.db.read() as session:
        row = session.get_one(Signal, told.id)
        assert (row.status, row.case_id) == ("taken", case.id)
        anchors = select(Anchor).where(Anchor.case_id == case.id, Anchor.name == "discovered_at")
        assert session.scalars(anchors).one().occurred_at == seen
    refusal = refused(lambda: take("duty2"))
    assert (refusal.code, refusal.status) == ("signal_settled", 409)
    assert refusal.args_["case"] == case.id


def test_setting_aside_needs_a_reason_and_is_final(world: World) -> None:
    told = record(world)

    def dismiss(reason: str) -> Signal:
        return world.db.run(
            lambda uow: signals.dismiss(uow, told.id, reason, world.actor("duty"), world.now)
        )

    assert refused(lambda: dismiss("  ")).args_["errors"] == {"reason": "required"}
    assert dismiss("旧闻重炒").status == "dismissed"
    assert refused(lambda: dismiss("再来")).status == 409


def test_a_duplicate_joins_the_case_of_its_original(world: World) -> None:
    first, second, third = record(world), record(world), record(world)
    case = world.db.run(
        lambda uow: signals.take(
            uow,
            first.id,
            plan_key="t01",
            title="舞台",
            summary="",
            actor=world.actor("duty"),
            now=world.now,
        )
    )

    def mark(signal: Signal, of: Signal) -> Signal:
        return world.db.run(
            lambda uow: signals.mark_duplicate(
                uow, signal.id, of.id, world.actor("duty"), world.now
            )
        )

    assert refused(lambda: mark(second, second)).code == "duplicate_of"
    marked = mark(second, first)
    assert (marked.status, marked.duplicate_of, marked.case_id) == ("duplicate", first.id, case.id)
    assert refused(lambda: mark(third, second)).code == "duplicate_of"
    with world.db.read() as session:
        assert [signal.id for signal in signals.waiting(session)] == [third.id]


def test_accounts_that_only_look_after_people_see_their_own(world: World) -> None:
    told = record(world, "admin")
    other = record(world, "duty")
    assert signals.may_see(world.people["admin"], told)
    assert not signals.may_see(world.people["admin"], other)
    assert signals.may_see(world.people["auditor"], other)


def test_the_list_turns_pages_without_losing_any(world: World) -> None:
    made = [
        record(world, text=f"线索{n}", discovered_at=world.now - timedelta(minutes=n // 2))
        for n in range(7)
    ]
    seen: list[int] = []
    with world.db.read() as session:
        while page := signals.waiting(session, 3, seen[-1] if seen else None):
            seen += [signal.id for signal in page]
    assert sorted(seen) == [signal.id for signal in made] and len(set(seen)) == 7
