"""Cases: opened, numbered, seen by whom, shown."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from models.cases import Anchor, Case
from models.history import HistoryEvent
from models.intake import Signal
from models.people import Organization
from services import anchors, cases, history, inbox, outbox, tasks, verify
from services.case_reading import overview
from services.errors import Refusal
from services.plans import deploy_plan
from tests.integration.world import World, bundle
from tests.unit.bpmn_builder import Process
from workflows.definition import Definition

CHECK = {"note": "三人轻伤", "serious": "true"}


def run_to_the_end(world: World, case: Case) -> None:
    world.complete(case, "check", "duty", CHECK)
    world.complete(case, "grade", "duty", {"tier": "general"})
    world.complete(case, "draft", "office", {"words": "通报"})
    world.complete(case, "approve", "leader", {"agreed": "true"})
    while outbox.deliver_next(world.db, world.now):
        pass


def test_numbers_are_unique_and_without_gaps_under_concurrency(world: World) -> None:
    numbers: list[str] = []

    def work() -> None:
        for _ in range(5):
            numbers.append(world.open().number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"2026-{n:04d}" for n in range(1, 21)]


def test_a_number_has_the_year_of_the_organisations_own_zone(world: World) -> None:
    assert world.open(now=datetime(2026, 12, 31, 16, 30, tzinfo=UTC)).number == "2027-0001"


def test_what_was_given_at_intake_reaches_the_process(world: World) -> None:
    def work(uow):  # type: ignore[no-untyped-def]
        row = Signal(
            text="网传视频",
            link="https://v.example/1",
            medium="short_video",
            reads=30000,
            discovered_at=world.now - timedelta(minutes=3),
            recorded_at=world.now,
        )
        uow.session.add(row)
        uow.session.flush()
        return row.id

    id_ = world.db.run(work)
    case = world.db.run(
        lambda uow: cases.open_case(
            uow,
            plan_key="t01",
            title="",
            summary="舞台桁架坠落,网传五人死亡",
            link="",
            signal=uow.session.get(Signal, id_),
            discovered_at=world.now - timedelta(minutes=3),
            actor=world.actor("duty"),
            now=world.now,
            extra={"medium": "phone", "where": "礼堂"},
        )
    )
    assert case.title == "舞台桁架坠落,网传五人死亡"
    assert case.settings == {"extra": {"where": "礼堂"}}
    world.complete(case, "check", "duty", CHECK)
    proposed = world.one(select(HistoryEvent).where(HistoryEvent.type == "tier.proposed"))
    payload = history.payload_of(proposed)
    assert (payload["tier"], payload["rules"]) == ("major", ["r_major"])
    assert payload["texts"] == ["阅读量达到一万"]
    signal = world.one(select(Signal))
    assert (signal.status, signal.case_id) == ("taken", case.id)
    with pytest.raises(Refusal, match="signal_taken"):
        world.db.run(
            lambda uow: cases.open_case(
                uow,
                plan_key="t01",
                title="再来",
                summary="",
                signal=uow.session.get(Signal, id_),
                actor=world.actor("duty"),
                now=world.now,
            )
        )


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"plan_key": "none"}, "plan_unknown"),
        ({"title": " ", "summary": ""}, "form_invalid"),
        ({"discovered_at": datetime(2026, 3, 10, 2, 1, tzinfo=UTC)}, "form_invalid"),
    ],
)
def test_a_case_that_cannot_be_opened_leaves_nothing(world: World, keys: dict, code: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(Refusal, match=code):
        world.open(**keys)
    assert world.all(select(Case)) == []
    assert world.open().number == "2026-0001"


def test_only_the_roles_the_plan_names_may_start_it(world: World) -> None:
    p = Process("t02").start("s").user_task("a", "duty").end("e").chain("s", "a", "e")
    p.node.set("{http://camunda.org/schema/1.0/bpmn}candidateStarterGroups", "office")
    world.deploy(bundle(p, roles=["duty", "office"]))
    with pytest.raises(Refusal, match="not_your_role"):
        world.open("t02", who="duty")
    assert world.open("t02", who="both").opened_by == world.people["both"].id


def test_who_sees_a_case(world: World) -> None:
    case = world.open()
    with world.db.read() as session:
        seen = {
            name: [c.id for c in cases.list_cases(session, person).rows]
            for name, person in world.people.items()
        }
    assert {name for name, ids in seen.items() if ids == [case.id]} == {"duty", "duty2", "auditor"}
    with world.db.read() as session, pytest.raises(Refusal) as refused:
        overview(session, case.id, world.people["outsider"], world.now)
    assert (refused.value.code, refused.value.status) == ("case_unknown", 404)


def test_cases_are_listed_by_pages(world: World) -> None:
    for n in range(5):
        world.open(now=world.now + timedelta(minutes=n))
    with world.db.read() as session:
        first = cases.list_cases(session, world.people["duty"], limit=3)
        second = cases.list_cases(session, world.people["duty"], limit=3, cursor=first.next_cursor)
    assert [c.number[-1] for c in first.rows + second.rows] == ["5", "4", "3", "2", "1"]
    assert second.next_cursor is None


def test_an_auditor_writes_nothing(world: World) -> None:
    case = world.open()
    task = world.open_tasks(case)["check"].id
    actor, now = world.actor("auditor"), world.now
    plan = bundle(Process("t03").start("s").user_task("a", "duty").end("e").chain("s", "a", "e"))
    verbs = {
        "open_case": lambda uow: cases.open_case(
            uow, plan_key="t01", title="x", summary="", actor=actor, now=now
        ),
        "move_clock": lambda uow: cases.move_clock(uow, case.id, 60, actor, now),
        "retier": lambda uow: cases.retier(uow, case.id, "x", actor, now),
        "correct_anchor": lambda uow: anchors.correct_anchor(
            uow, case.id, "discovered_at", now, "x", actor, now
        ),
        "claim": lambda uow: tasks.claim_task(uow, task, actor, now),
        "unclaim": lambda uow: tasks.unclaim_task(uow, task, actor, now),
        "reassign": lambda uow: tasks.reassign_task(uow, task, 1, actor, now),
        "save_draft": lambda uow: tasks.save_draft(uow, task, actor, {}, now),
        "complete": lambda uow: tasks.complete_task(uow, task, actor, CHECK, now),
        "deploy": lambda uow: deploy_plan(uow, plan, "", actor, now),
    }
    before = len(world.all(select(HistoryEvent.id)))
    for name, verb in verbs.items():
        with pytest.raises(Refusal) as refused:
            world.db.run(verb)
        assert (refused.value.code, refused.value.status) == ("read_only", 403), name
    assert len(world.all(select(HistoryEvent.id))) == before
    with world.db.read() as session:
        shown = overview(session, case.id, world.people["auditor"], now)
        assert [step.role for step in shown.steps] == [None]
        assert inbox.queue(session, world.people["auditor"]).rows == []


def test_a_real_cases_clock_is_not_moved(world: World) -> None:
    case, drill = world.open(), world.open(extra={"is_drill": True})

    def real(uow):  # type: ignore[no-untyped-def]
        uow.session.scalar(select(Organization)).is_demo = False

    world.db.run(real)
    with pytest.raises(Refusal, match="clock_real"):
        world.db.run(lambda uow: cases.move_clock(uow, case.id, 60, world.actor("duty"), world.now))
    world.db.run(lambda uow: cases.move_clock(uow, drill.id, 60, world.actor("duty"), world.now))
    with pytest.raises(Refusal, match="form_invalid"):
        world.db.run(
            lambda uow: cases.move_clock(uow, drill.id, -60, world.actor("duty"), world.now)
        )


def test_the_overview_is_read_without_the_engine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.open()
    world.complete(case, "check", "duty", CHECK, now=world.now + timedelta(minutes=5))
    world.complete(case, "grade", "duty", {"tier": "general"})
    monkeypatch.setattr(Definition, "load", None)
    monkeypatch.setattr("services.definitions._cache", {})
    with world.db.read() as session:
        shown = overview(
            session, case.id, world.people["both"], world.now + timedelta(hours=2, minutes=30)
        )
    assert shown.tier is not None
    assert shown.tier.key == "general"
    [step] = shown.steps
    assert (step.task.element_id, step.role, step.seconds_left) == ("draft", "office", -1800)
    [plan] = shown.diagrams
    assert plan.states == {
        "s": "done",
        "check": "done",
        "table": "done",
        "grade": "done",
        "draft": "late",
    }
    assert "s__check" in plan.flows
    assert [(c.task.element_id, c.status) for c in shown.clocks] == [
        ("check", "met"),
        ("draft", "overdue"),
    ]
    assert shown.clocks[0].clauses == ("T01-D1", "T01-S1")
    assert [e.event.type for e in shown.timeline][:2] == ["case.opened", "anchor.recorded"]
    assert {a.name for a in shown.anchors} == {"discovered_at", "opened_at", "graded_at"}


def test_what_a_finished_case_leaves(world: World) -> None:
    case = world.open()
    run_to_the_end(world, case)
    with world.db.read() as session:
        types = list(
            session.scalars(
                select(HistoryEvent.type)
                .where(HistoryEvent.case_id == case.id)
                .order_by(HistoryEvent.seq)
            )
        )
        assert verify.verify_chain(session, f"case:{case.id}").ok
        case_row = session.get(Case, case.id)
        assert case_row is not None
        assert case_row.status == "closed"
    assert types == [
        "case.opened",
        "anchor.recorded",
        "anchor.recorded",
        "instance.started",
        "task.opened",
        "task.completed",
        "tier.proposed",
        "task.opened",
        "deadline.met",
        "tier.graded",
        "task.completed",
        "task.opened",
        "anchor.recorded",
        "task.completed",
        "task.opened",
        "deadline.met",
        "task.completed",
        "decision.taken",
        "intent.created",
        "anchor.recorded",
        "notification.sent",
        "intent.done",
        "element.passed",
        "instance.completed",
        "case.closed",
    ]
    assert len(world.all(select(Anchor))) == 4


def test_a_finished_case_is_small(world: World) -> None:
    if world.db.dialect != "sqlite":
        return  # page accounting below is SQLite's own
    run_to_the_end(world, world.open())  # tables have their first pages

    def pages() -> int:
        with world.db.read() as session:
            return int(session.execute(text("select sum(payload) from dbstat")).scalar_one())

    before = pages()
    for _ in range(20):
        run_to_the_end(world, world.open())
    assert (pages() - before) / 20 < 25_000
