"""The written plan and the role cards: made from the diagram, and from all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from services.plan_folder import read_folder, read_toml
from services.plan_text import WrittenPlan, written_plan
from services.plan_text_cards import RoleCard, role_cards
from services.plan_text_clauses import coverage, doer
from services.plan_text_steps import Route, Step, every, targets
from tests.unit.bpmn_builder import Process, document, manifest
from workflows import catalogue, decision_table
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue

LIBRARY = Path(__file__).resolve().parents[2] / "bpmn"
KEYS = sorted(path.parent.name for path in LIBRARY.glob("*/plan.toml"))


@dataclass(frozen=True)
class Told:
    read: Catalogue
    plan: WrittenPlan
    clauses: list[Mapping[str, Any]]

    @property
    def cards(self) -> dict[str, RoleCard]:
        return {card.role.key: card for card in role_cards(self.plan, self.clauses)}


def tell(bundle: Bundle) -> Told:
    read = catalogue.read(bundle.files, bundle.manifest)
    tables = {}
    for name, data in bundle.of_type(".dmn"):
        tables.update(decision_table.parse(data, name))
    clauses = read_toml(bundle.files, "clauses.toml").get("clause", [])
    return Told(read, written_plan(read, bundle.manifest, tables), clauses)


@lru_cache(maxsize=32)
def library(key: str) -> Told:
    return tell(read_folder(LIBRARY / key))


def small(*processes: Process, **keys: Any) -> Told:
    key = str(processes[0].node.get("id"))
    given = {"roles": ["duty", "office", "leader"], **keys}
    return tell(Bundle({"plan.bpmn": document(*processes)}, manifest(key, **given)))


def numbered(told: Told) -> list[tuple[str, str]]:
    return [(number, step.element.id) for number, step in told.plan.by_number.items()]


def step(told: Told, id: str) -> Step:
    return next(s for s in told.plan.by_number.values() if s.element.id == id)


# ---------------------------------------------------------------- the library


@pytest.mark.parametrize("key", KEYS)
def test_every_task_is_told_once(key: str) -> None:
    told = library(key)
    here = Counter((s.element.process_id, s.element.id) for s in told.plan.tasks)
    tasks = [e for e in told.read.elements.values() if e.kind == "userTask"]
    assert set(here) == {(e.process_id, e.id) for e in tasks}
    assert set(here.values()) == {1}
    paths = Counter(path for s in told.plan.tasks for path in s.paths)
    assert paths == Counter(e.path for e in tasks)


@pytest.mark.parametrize("key", KEYS)
def test_every_task_is_on_the_card_of_each_role_that_may_do_it(key: str) -> None:
    told = library(key)
    on_cards = {
        (card.role.role, path)
        for card in told.cards.values()
        for one in card.steps
        for path in one.step.paths
    }
    for element in told.read.elements.values():
        if element.kind == "userTask":
            assert element.candidate_groups, element.path
            for group in element.candidate_groups:
                assert (group, element.path) in on_cards, (element.path, group)


@pytest.mark.parametrize("key", KEYS)
def test_every_clock_is_told(key: str) -> None:
    told = library(key)
    for clock in told.plan.manifest.get("clocks", []):
        name = clock["element"]
        if name in told.read.elements:
            assert told.plan.step_of[name] in told.plan.by_number, clock["id"]
        elif name:
            assert doer(told.read, told.plan.manifest, name).kind == "setting", clock["id"]
    # Each deadline in the diagram that a case can come to stands with its step, in known words.
    told_timers = {
        (s.element.process_id, limit.name, limit.kind)
        for s in told.plan.by_number.values()
        for limit in s.limits
    }
    for element in told.read.elements.values():
        host = told.plan.of_path(element.attached_to)
        if element.deadline_kind and host is not None and host.used:
            assert (element.process_id, element.name, element.deadline_kind) in told_timers, (
                element.path
            )
    raw = [limit.moment.text for s in told.plan.by_number.values() for limit in s.limits]
    assert [text for text in raw if text] == []


@pytest.mark.parametrize("key", KEYS)
def test_every_way_leads_to_a_step_that_is_there(key: str) -> None:
    told = library(key)
    plan = told.plan
    assert len(plan.by_number) == sum(len(every(part.steps)) for part in plan.parts)
    for one in plan.by_number.values():
        routes = [one.to, *(limit.to for limit in one.limits), *(h.to for h in one.happenings)]
        for route in routes:
            assert set(targets(route)) <= set(plan.by_number)
    for path in told.read.elements:
        assert plan.step_of[path] in plan.by_number, path
    led = {n for s in plan.by_number.values() for n in _led(s)}
    led |= {n for part in plan.parts for start in part.starts for n in targets(start.to)}
    led |= {n for s in plan.by_number.values() for start in s.starts for n in targets(start.to)}
    # What only a closed-off way leads to (a limit the caller does not give) has nothing before it.
    assert {n for n, s in plan.by_number.items() if s.used} <= led, "a step nothing leads to"


def _led(one: Step) -> list[str]:
    found = targets(one.to)
    for limit in one.limits:
        found += targets(limit.to)
    for happening in one.happenings:
        found += targets(happening.to)
    return found


@pytest.mark.parametrize("key", KEYS)
def test_what_does_a_clause_is_named(key: str) -> None:
    told = library(key)
    covered = coverage(told.read, told.plan.manifest, told.clauses)
    assert sum(covered.counts.values()) == covered.total == len(told.clauses)
    for one in covered.clauses:
        for found in one.doers:
            assert found.kind != "unknown", (one.clause["id"], found.by)


# --------------------------------------------------------------- small diagrams


def chain() -> Process:
    p = Process("p").start(name="开始").user_task("first", "duty", name="甲")
    return p.user_task("second", "office", name="乙").end()


def test_a_changed_diagram_is_a_changed_text() -> None:
    before = small(chain().chain("start", "first", "second", "end"))
    assert numbered(before) == [("1", "first"), ("2", "second")]
    longer = chain().user_task("between", "leader", name="丙")
    after = small(longer.chain("start", "first", "between", "second", "end"))
    assert numbered(after) == [("1", "first"), ("2", "between"), ("3", "second")]
    assert [s.step.number for s in after.cards["leader"].steps] == ["2"]
    assert "leader" not in before.cards
    turned = small(chain().chain("start", "second", "first", "end"))
    assert numbered(turned) == [("1", "second"), ("2", "first")]
    timed = chain().boundary_timer("t", "first", "PT2H", interrupting=False, deadline="due")
    late = small(timed.end("t_end").chain("t", "t_end").chain("start", "first", "second", "end"))
    assert [limit.moment.terms for limit in step(late, "first").limits] == [(("+", "PT2H"),)]
    assert step(before, "first").limits == ()


def test_a_choice_is_told_with_the_step_before_it_and_a_loop_leads_back() -> None:
    p = chain().exclusive("ok", default="ok__first")
    p.chain("start", "first", "ok").flow("ok", "second", "first.fine = true")
    p.flow("ok", "first").chain("second", "end")
    told = small(p)
    assert numbered(told) == [("1", "first"), ("2", "second")]
    to = step(told, "first").to
    assert to is not None
    assert to.kind == "choice"
    assert [(b.condition, b.default, b.to.number, b.to.back) for b in to.branches] == [
        ("first.fine = true", False, "2", False),
        ("", True, "1", True),
    ]


def test_a_choice_that_several_steps_lead_to_has_a_number() -> None:
    p = chain().exclusive("ok", default="ok__end").exclusive("way", default="way__first")
    p.chain("start", "way", "first", "ok").chain("way", "second", "ok")
    p.flow("ok", "end").flow("ok", "way", "first.again = true")
    told = small(p)
    assert [id for _, id in numbered(told)] == ["way", "first", "second", "ok"]
    assert step(told, "ok").kind == "choice"


def test_parallel_work_is_named_and_waited_for() -> None:
    p = chain().parallel("fork").parallel("join").user_task("last", "leader", name="丁")
    p.chain("start", "fork", "first", "join", "last", "end").chain("fork", "second", "join")
    told = small(p)
    assert [id for _, id in numbered(told)] == ["first", "second", "last"]
    start = told.plan.parts[0].starts[0].to
    assert start is not None
    assert start.kind == "together"
    assert targets(start) == ["1", "2"]
    joined = step(told, "first").to
    assert joined is not None
    assert (joined.kind, targets(joined)) == ("join", ["3"])
    assert told.cards["duty"].steps[0].hands_to == ("leader",)


def called(p: Process, id: str, ins: str = "", properties: str = "") -> None:
    p.raw(
        f'<bpmn:callActivity id="{id}" name="{id}" calledElement="report">'
        f"<bpmn:extensionElements>{ins}<camunda:properties>{properties}</camunda:properties>"
        "</bpmn:extensionElements></bpmn:callActivity>"
    )


def test_a_called_process_is_told_once_with_the_limits_of_each_call() -> None:
    report = Process("report", "报送").start("rs").exclusive("timed_q", default="timed_q__free")
    report.user_task("timed_one", "duty", name="限时").user_task("free", "duty", name="酌情")
    report.boundary_timer(
        "due", "timed_one", date="discovered_at + limit", interrupting=False, deadline="due"
    )
    report.end("re").end("de").chain("due", "de").chain("rs", "timed_q")
    report.flow("timed_q", "timed_one", "timed = true").flow("timed_q", "free")
    report.chain("timed_one", "re").chain("free", "re")
    p = Process("p").start()
    one = "<camunda:in sourceExpression='{}' target='timed'/>"
    limit = "<camunda:in sourceExpression='duration(\"{}\")' target='limit'/>"
    called(p, "quick", one.format("true") + limit.format("PT1H"))
    called(p, "slow", one.format("true") + limit.format("PT2H"))
    called(
        p,
        "loose",
        one.format("false") + "<camunda:in sourceExpression='null' target='limit'/>",
        '<camunda:property name="role.duty" value="office"/>',
    )
    p.end().chain("start", "quick", "slow", "loose", "end")
    told = small(p, report)
    assert [(part.letter, part.callers) for part in told.plan.parts] == [
        ("", ()),
        ("A", ("1", "2", "3")),
    ]
    timed = step(told, "timed_one")
    assert timed.number == "A2"
    assert timed.paths == ("quick/timed_one", "slow/timed_one", "loose/timed_one")
    assert {limit.calls: limit.moment.terms for limit in timed.limits} == {
        ("1",): (("+", "PT1H"),),
        ("2",): (("+", "PT2H"),),
    }
    assert [limit.moment.terms for _, limit in step(told, "quick").inside] == [(("+", "PT1H"),)]
    assert step(told, "loose").inside == ()
    # A call may bind a role anew: both have the task on their card.
    assert timed.roles == ("duty", "office")
    assert [s.step.number for s in told.cards["office"].steps] == ["A2", "A3"]


def test_a_step_no_call_comes_to_is_marked() -> None:
    report = Process("report").start("rs").exclusive("q", default="q__no")
    report.user_task("yes", "duty").user_task("no", "duty").end("re")
    report.chain("rs", "q").flow("q", "yes", "wanted = true").flow("q", "no")
    report.chain("yes", "re").chain("no", "re")
    p = Process("p").start().user_task("before", "office")
    called(p, "only", "<camunda:in sourceExpression='false' target='wanted'/>")
    told = small(p.end().chain("start", "before", "only", "end"), report)
    assert (step(told, "yes").used, step(told, "no").used) == (False, True)


def test_groups_messages_escalation_and_four_eyes() -> None:
    p = chain()
    inner = p.sub_process("group", name="处置")
    inner.start("gs").user_task("inside", "duty", name="内").end("ge")
    inner.chain("gs", "inside", "ge")
    p.boundary_timer(
        "late", "second", "PT1H", interrupting=False, deadline="escalate", escalate_to="leader"
    )
    p.user_task("urge", "leader", name="督办").end("urged").chain("late", "urge", "urged")
    p.user_task("check", "leader,office", name="复核", properties={"notSameAs": "second"})
    p.chain("start", "first", "group", "second", "check", "end")
    told = small(p)
    assert [number for number, _ in numbered(told)] == ["1", "2", "2.1", "3", "4", "5"]
    late = step(told, "second").limits[0]
    assert (late.kind, late.escalate_to, targets(late.to)) == ("escalate", "leader", ["4"])
    leader = told.cards["leader"]
    assert [watch.step.element.id for watch in leader.watches] == ["second"]
    (four,) = (s for s in leader.steps if s.step.element.id == "check")
    assert [other.element.id for other in four.not_same_as] == ["second"]
    assert told.cards["duty"].steps[0].hands_to == ("duty",)  # into the group
    assert told.cards["duty"].steps[1].hands_to == ("office",)  # out of it again


def test_what_runs_beside_the_work_does_not_lead_back_to_the_caller() -> None:
    report = Process("report").start("rs").user_task("ask", "duty", name="问").end("re")
    report.boundary_timer(
        "late", "ask", "PT1H", interrupting=False, deadline="escalate", escalate_to="leader"
    )
    report.user_task("urge", "leader", name="督办").end("noted").chain("late", "urge", "noted")
    report.chain("rs", "ask", "re")
    p = Process("p").start()
    called(p, "only")
    told = small(p.user_task("then", "office").end().chain("start", "only", "then", "end"), report)
    aside, back = step(told, "urge").to, step(told, "ask").to
    assert aside is not None
    assert back is not None
    assert (aside.side, back.side) == (True, False)
    assert told.cards["leader"].steps[0].hands_to == ()
    assert told.cards["duty"].steps[0].hands_to == ("office",)


def test_provisions_stand_with_their_roles() -> None:
    rows = [
        {"key": "watch", "section": "duty", "role": "office", "text": "值守", "text_en": "Watch"},
        {"key": "aim", "section": "purpose", "text": "目的", "text_en": "Aim"},
    ]
    clock = {"id": "P-D1", "kind": "cover", "iso": "P1D", "element": "provisions.watch"}
    told = small(chain().chain("start", "first", "second", "end"), provisions=rows, clocks=[clock])
    assert [row["key"] for row in told.plan.provisions("purpose", "basis")] == ["aim"]
    assert [row["key"] for row in told.cards["office"].role.duties] == ["watch"]
    assert [row["id"] for row in told.cards["office"].standing] == ["P-D1"]
    assert told.cards["duty"].role.duties == ()


def test_replaced_clauses_stand_on_the_card_of_who_does_it_otherwise() -> None:
    told = small(chain().chain("start", "first", "second", "end"))
    row = {"id": "P-E1", "fate": "replaced", "by": ["first"], "why": "不用"}
    cards = {card.role.key: card for card in role_cards(told.plan, [row])}
    assert [clause["id"] for clause in cards["duty"].replaced] == ["P-E1"]
    assert cards["office"].replaced == ()


@pytest.mark.parametrize(
    ("by", "kind", "name"),
    [
        ("triage", "element", "研判核实"),
        ("triage#major", "field", "研判核实:是否重大舆情"),
        ("roles.leader", "setting", "领导小组"),
        ("tiers.major", "setting", "重大"),
        ("archive.files", "setting", "截图、证据等附件"),
        ("clocks.P04-D1", "setting", "应立即报告,最迟不得超过1小时"),
        ("recipients", "setting", ""),
        ("closing", "element", "确认平息并结束处置"),
        ("tiers.none", "unknown", "tiers.none"),
        ("nowhere", "unknown", "nowhere"),
    ],
)
def test_doers(by: str, kind: str, name: str) -> None:
    told = library("p04")
    found = doer(told.read, told.plan.manifest, by)
    assert (found.kind, found.name) == (kind, name)


def test_a_setting_of_an_element_s_name() -> None:
    told = library("p04")
    found = doer(told.read, told.plan.manifest, "closing", setting=True)
    assert (found.kind, found.name) == ("setting", "舆情被消除或趋于平稳")


def test_a_route_without_flows_ends() -> None:
    assert targets(None) == []
    assert targets(Route("end")) == []
