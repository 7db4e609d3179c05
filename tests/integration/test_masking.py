"""Who sees a case masked, and what is masked in it; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from models.audit import Unmasking
from models.cases import Case, CaseMember
from models.intake import Attachment
from models.people import Membership
from services import case_reading, files, history, masked_files, masking, signals, unmasking
from services.access import person_of
from services.errors import Refusal
from services.masking import Mask
from services.uow import Database, UnitOfWork
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Field, Process
from workflows.bundle import Bundle

NAME, PHONE = "欧阳小敏", "13812345678"


def plan_t03() -> Bundle:
    p = Process("t03", "来电预案")
    fields: list[Field] = [
        ("caller", "string", {"label": "来电人姓名"}),
        ("told", "string", {"label": "内容"}),
        ("count", "long"),
    ]
    p.start("s").user_task("ask", "duty", name="接听", fields=fields).end("e")
    p.chain("s", "ask", "e")
    return bundle(p, roles=["duty"], anchors=["discovered_at", "opened_at"])


@pytest.fixture
def world(world: World) -> World:
    world.deploy(plan_t03())
    return world


def opened(world: World, name: str = NAME) -> Case:
    """A case from a signal somebody telephoned in, its form filled in."""
    noticed = signals.Noticed(
        text=f"{name}来电 {PHONE}", contact=signals.Contact(name, PHONE), medium="phone"
    )
    duty = world.actor("duty")

    def work(uow: UnitOfWork) -> Case:
        signal = signals.record(uow, noticed, duty, world.now)
        return signals.take(
            uow,
            signal.id,
            plan_key="t03",
            title=f"{name}反映停水",
            summary="",
            actor=duty,
            now=world.now,
        )

    case = world.db.run(work)
    world.complete(
        case,
        "ask",
        "duty",
        {"caller": f"{name}、司马长风", "told": f"找司马长风,{PHONE}", "count": 3},
    )
    return case


def mask(world: World, who: str, case: Case, later: timedelta = timedelta()) -> Mask:
    with world.db.read() as session:
        person = person_of(session, world.people[who].id)
        assert person is not None
        return masking.mask_for(session, person, case.id, world.now + later)


def give(world: World, who: str, role: str) -> None:
    row = Membership(person_id=world.people[who].id, role_key=role, since=world.now)
    world.db.run(lambda uow: uow.session.add(row))


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield said
    event.remove(db.engine, "before_cursor_execute", note)


def test_who_needs_the_auditors_role_sees_it_masked(world: World) -> None:
    case = opened(world)
    assert mask(world, "auditor", case).on
    assert not mask(world, "duty", case).on and not mask(world, "outsider", case).on
    give(world, "duty2", "auditor")  # works on the case
    give(world, "office", "auditor")  # does not: the plan asks nothing of the office
    give(world, "leader", "auditor")
    member = CaseMember(case_id=case.id, person_id=world.people["leader"].id, added_at=world.now)
    world.db.run(lambda uow: uow.session.add(member))
    assert not mask(world, "duty2", case).on
    assert mask(world, "office", case).on
    assert not mask(world, "leader", case).on


def test_what_is_masked_in_its_record(world: World) -> None:
    case = opened(world)
    hide = mask(world, "auditor", case)
    with world.db.read() as session:
        events = case_reading.case_events(session, case.id)
        personal = history.personal_by_event(session, events)
        shown = [
            (
                e.type,
                hide.payload(e, history.payload_of(e)),
                hide.event(e, {}, personal.get(e.id, {})),
            )
            for e in events
        ]
        plain = [personal.get(e.id, {}) for e in events]
    assert NAME in repr(plain) and PHONE in repr(plain)
    for secret in (NAME, PHONE, "司马长风"):
        assert secret not in repr(shown)
    told = next(own for type_, _payload, own in shown if type_ == "task.completed")["text"]
    assert told == {"caller": "〔姓名〕", "told": "找〔姓名〕,〔电话〕"}
    done = next(payload for type_, payload, _own in shown if type_ == "task.completed")
    assert done["result"] == {"count": 3} and "task" in done
    # What is off changes nothing, and is the very same.
    off = mask(world, "duty", case)
    assert off.event(events[0], {}, plain[0]) is plain[0]


def test_many_cases_cost_no_more_queries_than_one(world: World) -> None:
    cases = [opened(world, name) for name in ("甲小明", "乙小红", "丙小刚", "丁小丽")]
    with world.db.read() as session:
        auditor = person_of(session, world.people["auditor"].id)
        assert auditor is not None
        with counted(world.db) as one:
            masking.masks_for(session, auditor, [cases[0].id], world.now)
        session.expunge_all()
        with counted(world.db) as many:
            found = masking.masks_for(session, auditor, [c.id for c in cases] + [None], world.now)
    assert len(many) <= len(one) <= 12
    # A name is known in its own case.
    assert found[cases[1].id].text("乙小红和甲小明") == "〔姓名〕和甲小明"
    assert found[None].text(f"乙小红 {PHONE}") == "乙小红 〔电话〕"


def test_unmasking_is_asked_for_with_a_reason_and_ends(world: World) -> None:
    case, other, auditor = opened(world), opened(world), world.actor("auditor")

    def ask(reason: str, who: str = "auditor") -> None:
        world.db.run(
            lambda uow: unmasking.unmask(uow, case.id, reason, world.actor(who), world.now)
        )

    for reason, code in (("", "required"), (" 看 一 ", "too_short"), ("x" * 1001, "too_long")):
        with pytest.raises(Refusal) as refused:
            ask(reason)
        assert refused.value.args_["errors"] == {"reason": code}
    for who in ("duty", "admin", "leader"):
        with pytest.raises(Refusal, match="not_your_role"):
            ask("倒查通报时间", who)
    assert world.all(select(Unmasking)) == []
    ask("倒查通报时间")
    assert not mask(world, "auditor", case).on and mask(world, "auditor", other).on
    assert not mask(world, "auditor", case, unmasking.SPAN - timedelta(seconds=1)).on
    assert mask(world, "auditor", case, unmasking.SPAN).on
    assert mask(world, "auditor", case, -timedelta(seconds=1)).on
    ask("再看一次来电")
    with world.db.read() as session:
        told = history.events_of_chain(session, history.AUDIT)
        reasons = [history.personal_of(session, one)["reason"] for one in told]
    assert reasons == ["倒查通报时间", "再看一次来电"]
    assert {one.role_key for one in told} == {auditor.role}


def test_a_file_is_handed_out_where_the_case_is_unmasked(world: World, tmp_path: Path) -> None:
    case = opened(world)
    world.db.run(
        lambda uow: files.add_to_case(
            uow, tmp_path, case.id, f"{NAME}.txt", b"x", world.actor("duty"), world.now
        )
    )
    added = world.one(select(Attachment.id))

    def take(who: str) -> bytes:
        with world.db.read() as session:
            person = person_of(session, world.people[who].id)
            assert person is not None
            return masked_files.download(
                session, tmp_path, added, person, world.now
            ).path.read_bytes()

    assert take("duty") == b"x"
    with pytest.raises(Refusal) as refused:
        take("auditor")
    assert refused.value.code == "file_masked" and refused.value.args_ == {"case": case.id}
    with pytest.raises(Refusal, match="file_unknown"):
        take("outsider")
    actor = world.actor("auditor")
    world.db.run(lambda uow: unmasking.unmask(uow, case.id, "核对现场照片", actor, world.now))
    assert take("auditor") == b"x"
