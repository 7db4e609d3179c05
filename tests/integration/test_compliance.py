"""Deadlines counted, on hand-made cases whose figures are known, and on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.cases import Case
from models.history import HistoryEvent
from models.tasks import UserTask
from services import anchors, cases, clause_evidence, compliance_cases, history
from services.clause_evidence import clause_page
from services.compliance import Compliance, Row, compliance
from services.compliance_clocks import Scope
from services.compliance_moments import moments
from services.errors import Refusal
from services.uow import Database, UnitOfWork
from tests.integration.test_deadlines import fire
from tests.integration.world import MORNING, TIERS, World, make_world
from tests.kept import copied
from tests.unit.bpmn_builder import Process, document, manifest
from workflows.bundle import Bundle

CLAUSES = b"""
[[clause]]
id = "T02-D1"
line = 1
text = "in an hour"
text_en = "in an hour"
fate = "element"
by = ["check", "check_due"]
[[clause]]
id = "T02-D2"
line = 2
text = "say it in three hours"
text_en = "say it in three hours"
fate = "element"
by = ["say", "say_due"]
"""


def plan_t02(limit: str = "PT1H") -> Bundle:
    """Check within ``limit`` of the discovery, grade, then a part that has three hours; a message
    takes the check away."""
    p = Process("t02")
    p.start("s")
    p.user_task("check", "duty", fields=[("note", "string")])
    p.boundary_timer(
        "check_due", "check", date=f'discovered_at + duration("{limit}")', interrupting=False,
        deadline="due", properties={"anchor": "discovered_at", "clause": "T02-D1"},
    )  # fmt: skip
    p.boundary("retier", "check", message="m_retier")
    p.user_task("grade", "duty", form_key="planroom:grade")
    say = p.sub_process("say")
    say.start("say_start")
    say.user_task("draft", "office", fields=[("words", "string")])
    say.user_task("approve", "leader", fields=[("agreed", "boolean")])
    say.end("said")
    say.chain("say_start", "draft", "approve", "said")
    p.boundary_timer(
        "say_due", "say", date='discovered_at + duration("PT3H")', interrupting=False,
        deadline="due", properties={"anchor": "discovered_at", "clause": "T02-D2"},
    )  # fmt: skip
    p.end("e")
    for name in ("check_due", "say_due"):
        p.end(f"{name}_end")
        p.chain(name, f"{name}_end")
    p.chain("s", "check", "grade", "say", "e")
    p.flow("retier", "grade")
    return Bundle(
        {"plan.bpmn": document(p, messages={"m_retier": "retier"}), "clauses.toml": CLAUSES},
        manifest(
            "t02", roles=["duty", "office", "leader"], variables={}, tiers=TIERS,
            anchors=["discovered_at", "opened_at", "graded_at"],
        ),
    )  # fmt: skip


class Told:
    """The cases by name, told up to 66 minutes after the first was opened:

    met: checked at 30 minutes and said; missed: checked at 90; corrected: the clock noted the
    miss, then 50 minutes were entered; running: opened at 55; overdue: opened with the first and
    still open; cancelled: graded anew at 5; drill: late; second: on the second version, whose limit
    is half an hour, done after 40 minutes.
    """

    def __init__(self, world: World) -> None:
        self.world, self.start = world, world.now
        self.cases: dict[str, Case] = {}
        world.deploy(plan_t02())
        for name in ("met", "missed", "corrected", "overdue", "cancelled"):
            self.cases[name] = world.open("t02", title=name)
        self.cases["drill"] = world.open("t02", extra={"is_drill": True})
        self._act("cancelled", 5)
        self.check("met", 30)
        self.grade("met", "general", 31)
        self.say("met", 40, 50)
        self.cases["running"] = world.open("t02", now=self.at(55))
        fire(world, self.at(61))
        self.check("corrected", 66, occurred_at=self.at(50))
        self.grade("corrected", "general", 67)
        world.deploy(plan_t02("PT30M"))
        self.cases["second"] = world.open("t02", now=self.at(68))
        self.check("missed", 90)
        self.grade("missed", "major", 91)
        self.check("drill", 100)
        self.check("second", 108)
        self.grade("second", "major", 109)

    def at(self, minutes: float) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def check(self, name: str, minutes: float, **keys: Any) -> None:
        case = self.cases[name]
        self.world.complete(case, "check", "duty", {}, self.at(minutes), **keys)

    def grade(self, name: str, tier: str, minutes: float) -> None:
        self.world.complete(self.cases[name], "grade", "duty", {"tier": tier}, self.at(minutes))

    def say(self, name: str, drafted: float, approved: float) -> None:
        case = self.cases[name]
        self.world.complete(case, "draft", "office", {}, self.at(drafted))
        self.world.complete(case, "approve", "leader", {"agreed": "true"}, self.at(approved))

    def _act(self, name: str, minutes: float) -> None:
        actor, id_ = self.world.actor("duty"), self.cases[name].id
        self.world.db.run(lambda uow: cases.retier(uow, id_, "x", actor, self.at(minutes)))


@pytest.fixture(scope="module")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Told once; only the last test tells on."""
    with copied(sqlite_template, tmp_path_factory.mktemp("compliance")) as database:
        yield Told(make_world(database, MORNING))


def figures(world: World, scope: Scope | None = None) -> Compliance:
    with world.db.read() as session:
        return compliance(session, scope or Scope())


def row(found: Compliance, path: str, version: int = 1) -> Row:
    [one] = [r for r in found.rows if r.deadline.key == f"{path}@{version}"]
    return one


def test_the_figures_are_the_cases_on_both_databases(db: Database, now: datetime) -> None:
    told = Told(make_world(db, now))
    found = figures(told.world)
    check = row(found, "check")
    assert {tier: dict(f.counts) for tier, f in check.tiers.items()} == {
        "general": {"met": 2},
        "major": {"missed": 1},
        "": {"running": 1, "overdue": 1, "cancelled": 1},
    }
    general, major = check.tiers["general"], check.tiers["major"]
    assert [(one.number, one.late) for one in general.judged] == [
        (told.cases["met"].number, -1800),
        (told.cases["corrected"].number, -600),
    ]
    assert general.spare_median == 1200 and general.late_median is None
    assert (major.late_median, major.late_longest) == (1800, 1800)
    assert general.roles == {"duty": {"met": 2}}
    # Another limit is another deadline, in the version that set it.
    second = row(found, "check", 2)
    assert {tier: dict(f.counts) for tier, f in second.tiers.items()} == {"major": {"missed": 1}}
    assert second.tiers["major"].late_longest == 600
    assert check.deadline.clauses[:1] == second.deadline.clauses[:1] == ("T02-D1",)
    # A deadline on a part is one, however many tasks stand in it: judged by the last.
    say = row(found, "say")
    assert say.deadline.whole and say.deadline.versions == [1, 2]
    assert dict(say.tiers["general"].counts) == {"met": 1, "running": 1}
    assert [one.late for one in say.tiers["general"].judged] == [50 * 60 - 3 * 3600]
    assert set(say.tiers["general"].roles) == {"leader", "office"}
    assert say.all.total == 4
    # What the pages read besides, in the same SQL on either database.
    scope = Scope(plan="t02")
    with told.world.db.read() as session:
        times = moments(session, found.book, scope)
        page = compliance_cases.clock_cases(session, found.book, scope, say.deadline)
        [closed] = compliance_cases.moment_cases(session, scope, "closing").rows
        [end] = history.events_of_case(session, closed.case_id, after=(closed.seq or 0) - 1)[:1]
        evidence = clause_page(session, "t02", "T02-D2")
    assert dict(times.cases) == {("t02", ""): 3, ("t02", "general"): 2, ("t02", "major"): 2}
    assert (closed.number, closed.taken, end.type) == (
        told.cases["met"].number, 50 * 60, "case.closed",
    )  # fmt: skip
    assert [key for key, one in times.times.items() if one.n] == [("t02", "general", "closing")]
    assert times.times["t02", "general", "closing"].values == [
        (closed.case_id, closed.number, 50 * 60)
    ]
    assert Counter(one.verdict for one in page.rows) == {"met": 1, "running": 3}
    assert {one.case.id for one in evidence.cases} == {one.case_id for one in page.rows}


def test_sums_agree_with_the_last_judgements_on_record(told: Told) -> None:
    drills = {told.cases["drill"].id}
    last: dict[str, str] = {}
    with told.world.db.read() as session:
        judgements = select(HistoryEvent).where(
            HistoryEvent.type.in_(["deadline.met", "deadline.missed"]),
            HistoryEvent.element_path.like("check%"),
        )
        for event in session.scalars(judgements.order_by(HistoryEvent.id)):
            if event.case_id not in drills:
                last[history.payload_of(event)["task"]] = event.type
    counted = Counter[str]()
    for one in figures(told.world).rows:
        if one.deadline.path == "check":
            counted.update(one.all.counts)
    on_record = Counter(last.values())
    assert counted["met"] == on_record["deadline.met"] == 2
    assert counted["missed"] + counted["overdue"] == on_record["deadline.missed"] == 3


def test_what_is_asked_narrows(told: Told) -> None:
    world = told.world
    assert row(figures(world, Scope(drills=True)), "check").all.counts["missed"] == 2
    major = figures(world, Scope(plan="t02", tier="major"))
    assert {tier for one in major.rows for tier in one.tiers} == {"major"}
    said = figures(world, Scope(plan="t02", clause="T02-D2"))
    assert [one.deadline.path for one in said.rows] == ["say"]
    late = figures(world, Scope(since=told.at(60)))
    assert {(one.deadline.path, one.deadline.versions[0]) for one in late.rows} == {
        ("check", 2),
        ("say", 2),
    }
    assert figures(world, Scope(until=told.start)).rows == []
    for scope, errors in (
        (Scope(plan="t02", tier="x"), {"tier": "not_an_option"}),
        (Scope(plan="t02", clause="T02-D9"), {"clause": "not_an_option"}),
        (Scope(tier="major"), {"plan": "required"}),
        (Scope(since=told.at(1), until=told.at(0)), {"until": "ends_before_begin"}),
    ):
        with pytest.raises(Refusal) as refused:
            figures(world, scope)
        assert (refused.value.status, refused.value.args_["errors"]) == (422, errors)
    with pytest.raises(Refusal) as unknown:
        figures(world, Scope(plan="nowhere"))
    assert unknown.value.status == 404


def test_behind_a_figure_stand_its_cases_and_events(told: Told) -> None:
    scope = Scope(plan="t02")
    names = {case.id: name for name, case in told.cases.items()}
    with told.world.db.read() as session:
        book, check = compliance_cases.deadline_of(session, scope, "check@1")
        page = compliance_cases.clock_cases(session, book, scope, check)
        by_name = {names[one.case_id]: one for one in page.rows}
        assert page.next is None and list(by_name) == [
            "running", "cancelled", "overdue", "corrected", "missed", "met",
        ]  # fmt: skip
        said = {}
        for name, one in by_name.items():
            assert one.seq is not None
            [event] = history.events_of_case(session, one.case_id, after=one.seq - 1, limit=1)
            said[name] = (event.type, event.person_id is None)
        assert said == {
            "met": ("deadline.met", False),
            "missed": ("deadline.missed", False),
            "corrected": ("deadline.met", False),
            "overdue": ("deadline.missed", True),
            "running": ("task.opened", False),
            "cancelled": ("task.cancelled", False),
        }
        # What the clock noted before still stands in history, and is pointed at.
        corrected = by_name["corrected"]
        assert corrected.noted is not None and corrected.lag == 16 * 60
        [note] = history.events_of_case(
            session, corrected.case_id, after=corrected.noted - 1, limit=1
        )
        assert note.type == "deadline.missed" and note.person_id is None
        assert by_name["met"].noted is None
        missed = compliance_cases.clock_cases(session, book, scope, check, verdict="missed")
        assert [names[one.case_id] for one in missed.rows] == ["missed"]
        with pytest.raises(Refusal):
            compliance_cases.deadline_of(session, scope, "check@7")


def test_a_figure_is_as_many_rows_however_many_are_of_one_case(small: World) -> None:
    """A step gone round more often than a page has rows; and a task that belongs to no role."""
    small.deploy(plan_t02())
    cases_ = [small.open("t02") for _ in range(3)]
    instance = small.open_tasks(cases_[1])["check"].instance_id

    def rounds(uow: UnitOfWork) -> None:
        for n in range(compliance_cases.PAGE + 20):
            done = small.now + timedelta(minutes=n)
            uow.session.add(
                UserTask(
                    id=f"round-{n:03}", instance_id=instance,
                    case_id=cases_[1].id, element_id="check", element_path="check", name="check",
                    role_key="duty" if n % 7 else "", status="completed", created_at=small.now,
                    due_at=small.now + timedelta(minutes=30), sort_due=small.now,
                    occurred_at=done, completed_at=done,
                )
            )  # fmt: skip

    small.db.run(rounds)
    scope = Scope(plan="t02")
    counts = row(figures(small, scope), "check").all
    with small.db.read() as session:
        book, check = compliance_cases.deadline_of(session, scope, "check@1")
        asked: list[tuple[str, str | None, int]] = [("", None, counts.total)]
        asked += [(verdict, None, n) for verdict, n in counts.counts.items()]
        for tier in row(figures(small, scope), "check").tiers.values():
            asked += [
                (verdict, role, n)
                for role, some in tier.roles.items()
                for verdict, n in some.items()
            ]
        assert {role for _verdict, role, _n in asked} == {None, "duty", ""}
        for verdict, role, n in asked:
            found: list[int] = []
            before = None
            while True:
                page = compliance_cases.clock_cases(
                    session, book, scope, check, verdict=verdict, role=role, before=before
                )
                found += [one.case_id for one in page.rows]
                before = page.next
                if before is None:
                    break
            assert len(found) == n, (verdict, role)


def test_a_clause_has_its_evidence_in_every_case(told: Told) -> None:
    names = {case.id: name for name, case in told.cases.items()}
    with told.world.db.read() as session:
        page = clause_page(session, "t02", "T02-D1")
        found = {names[one.case.id]: one for one in page.cases}
        assert {name: (one.state, one.verdict) for name, one in found.items()} == {
            "second": ("done", "missed"),
            "running": ("open", ""),
            "cancelled": ("cancelled", ""),
            "overdue": ("open", "missed"),
            "corrected": ("done", "met"),
            "missed": ("done", "missed"),
            "met": ("done", "met"),
        }
        step, clock = found["corrected"].found
        told_of = [(item.event.type, item.event.person_id is None) for item in step.items]
        assert told_of == [
            ("deadline.missed", True), ("task.completed", False), ("deadline.met", False),
        ]  # fmt: skip
        assert (clock.target.kind, clock.state, found["met"].found[1].state) == (
            "timer", "done", "quiet",
        )  # fmt: skip
        assert found["second"].version.number == 2
        # What it never came to is told only when asked for.
        assert {names[one.case.id] for one in clause_page(session, "t02", "T02-D2").cases} == {
            "met", "corrected", "missed", "second",
        }  # fmt: skip
        every = clause_page(session, "t02", "T02-D2", everything=True, drills=True)
        states = {names[one.case.id]: one.state for one in every.cases}
        assert (states["running"], states["overdue"], states["met"]) == (
            "unreached", "unreached", "done",
        )  # fmt: skip
        for plan, clause, code in (
            ("t02", "T02-D9", "clause_unknown"), ("x", "T02-D1", "plan_unknown"),
        ):  # fmt: skip
            with pytest.raises(Refusal) as refused:
                clause_page(session, plan, clause)
            assert (refused.value.code, refused.value.status) == (code, 404)


def test_evidence_comes_in_pages_and_none_is_lost(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clause_evidence, "PAGE", 2)
    monkeypatch.setattr(clause_evidence, "FAR_BATCH", 2)
    for everything, clause in ((False, "T02-D2"), (True, "T02-D1")):
        with told.world.db.read() as session:
            seen: list[int] = []
            before: int | None = None
            while True:
                page = clause_page(session, "t02", clause, everything=everything, before=before)
                seen += [one.case.id for one in page.cases]
                assert len(page.cases) <= 2
                if page.next is None:
                    break
                before = page.next
        assert seen == sorted(set(seen), reverse=True)
        assert len(seen) == (7 if everything else 4)


def test_a_moved_clock_of_a_part_is_one_and_a_new_one_another(told: Told) -> None:
    """The discovery is put right while a part is under way: one deadline, by its last due date."""
    case, world = told.cases["second"], told.world
    world.complete(case, "draft", "office", {}, told.at(110))
    world.db.run(
        lambda uow: anchors.correct_anchor(
            uow, case.id, "discovered_at", told.at(10), "x", world.actor("duty"), told.at(111)
        )
    )
    world.complete(case, "approve", "leader", {"agreed": "true"}, told.at(195))
    say = row(figures(world), "say")
    assert dict(say.tiers["major"].counts) == {"running": 1, "missed": 1}
    assert [one.late for one in say.tiers["major"].judged] == [5 * 60]
