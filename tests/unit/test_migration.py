"""Running instances moved to another version of their plan, on the engine alone."""

from __future__ import annotations

import importlib
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from lxml import etree

from tests.acceptance.stories import p11
from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.engine_case import START, Run, compiled
from tests.unit.plan_driver import Play, bundle
from tests.unit.test_engine_state import half_way
from workflows.bundle import Bundle
from workflows.contract import Advance
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel
from workflows.migration import Migration, migrate

FOUND = datetime.fromisoformat("2026-03-10T09:00:00+08:00")


def move(run: Run, new: Definition, **keys: Any) -> Migration:
    """Move the run to the new version; it goes on there."""
    moved = migrate(run.definition, new, run.state, run.context, default_feel(), **keys)
    if moved.advance is not None:
        run.definition, run.last = new, moved.advance
        run.advances.append(moved.advance)
    return moved


def reasons(run: Run, new: Definition) -> list[tuple[str, str, str]]:
    moved = move(run, new)
    assert moved.advance is None
    return [(r.code, r.path, r.other) for r in moved.reasons]


# ----------------------------------------------------------------- the same version: no change


class Moving(Play):
    """Moved to the very version it runs on after each step."""

    moves = 0

    def _take(self, advance: Advance) -> None:
        super()._take(advance)
        if self.status != "running":
            return
        moved = migrate(self.definition, self.definition, self.state, self.context, default_feel())
        assert moved.advance is not None, moved.reasons
        assert moved.advance.state == self.state
        changes = moved.advance
        assert not (changes.opened or changes.closed or changes.due_moved or changes.passed)
        assert not (changes.timers_set or changes.timers_dropped)
        assert {c.change for c in moved.clocks} <= {"kept"}
        assert not (moved.ahead or moved.gone or moved.skipped or moved.handed)
        type(self).moves += 1


@pytest.mark.parametrize("key", ["p11", "p04"])
def test_moving_to_the_same_version_changes_nothing(key: str) -> None:
    before = Moving.moves
    for story in importlib.import_module(f"tests.acceptance.stories.{key}").STORIES[::2]:
        story(Moving(key, FOUND, getattr(story, "settings", {})))
    assert Moving.moves - before > 60


def test_a_state_with_one_of_everything_stays_the_same() -> None:
    run = half_way()
    state = run.state
    assert move(run, run.definition).advance is not None
    assert run.state == state


# ---------------------------------------------------------------------- plan 11, its hour halved


@cache
def changed(key: str, *swaps: tuple[str, str]) -> Definition:
    """A plan of the library with pieces of its diagram replaced."""
    given = bundle(key)
    text = given.files["plan.bpmn"].decode()
    for old, new in swaps:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    files = {**given.files, "plan.bpmn": text.encode()}
    return compile_bundle(Bundle(files, given.manifest), default_feel())


HALF_HOUR = ('duration("PT1H")\' target="limit"', 'duration("PT30M")\' target="limit"')


def take_over(play: Play, new: Definition) -> Migration:
    moved = migrate(play.definition, new, play.state, play.context, default_feel())
    assert moved.advance is not None, moved.reasons
    play.definition = new
    play._take(moved.advance)
    return moved


@pytest.mark.parametrize("minutes", [10, 40])
def test_the_hour_of_plan_11_becomes_half_an_hour_from_its_own_start(minutes: int) -> None:
    play = Play("p11", FOUND).grade("extraordinary", severe=True)
    report = play.tasks["report_1h/report_in_time"]
    assert report.due_at == FOUND + timedelta(hours=1)
    play.wait(minutes=minutes)
    moved = take_over(play, changed("p11", HALF_HOUR))
    after = play.tasks["report_1h/report_in_time"]
    assert (after.id, after.round) == (report.id, report.round)
    assert after.due_at == FOUND + timedelta(minutes=30)
    assert moved.handed == {"report_1h": ("limit",)}
    clocks = {c.path: c for c in moved.clocks}
    due = clocks["report_1h/limit_due"]
    assert (due.change, due.was, due.due_at) == ("moved", report.due_at, after.due_at)
    assert due.past is (minutes == 40)
    assert clocks["golden_due"].change == "kept"
    play.wait(minutes=1)
    assert ("report_1h/limit_due" in play.fired) is (minutes == 40)
    play.finish()
    assert "report_1h/report_in_time" in play.done and "case_closed" in play.ends


def test_a_deadline_that_rang_rings_again_only_where_it_now_lies_ahead() -> None:
    play = Play("p11", FOUND).grade("extraordinary", severe=True).wait(minutes=62)
    assert "report_1h/limit_due" in play.fired and "report_1h/limit_due" not in play.timers
    two_hours = (HALF_HOUR[0], 'duration("PT2H")\' target="limit"')
    moved = take_over(play, changed("p11", two_hours))
    assert play.tasks["report_1h/report_in_time"].due_at == FOUND + timedelta(hours=2)
    assert play.timers["report_1h/limit_due"].due_at == FOUND + timedelta(hours=2)
    assert {c.path: c.change for c in moved.clocks}["report_1h/limit_due"] == "added"
    # and back: it lies behind, and does not ring a second time in the same hour
    take_over(play, changed("p11", HALF_HOUR))
    play.wait(minutes=1).wait(hours=3)
    assert play.fired.count("report_1h/limit_due") == 2


def test_moved_or_begun_there_the_rest_is_the_same() -> None:
    new = changed("p11", HALF_HOUR)
    here = Play("p11", FOUND)
    take_over(here, new)
    there = Play("p11", FOUND)
    there.definition = new
    for play in (here, there):
        play.grade("extraordinary", severe=True).wait(minutes=50)
        play.finish()
    assert (here.done, here.ends, here.fired) == (there.done, there.ends, there.fired)
    assert here.flows == there.flows
    assert here.fired.count("report_1h/limit_due") == 1


@cache
def other_plan_11() -> Definition:
    """Half an hour to report, a legal look after the facts, no reminder before the 24 hours, and
    one where there was none on the plan's handling."""
    given = bundle("p11")
    root = etree.fromstring(given.files["plan.bpmn"])
    for node in list(root.iter()):
        if node.get("id") in ("golden_remind", "golden_remind__golden_noted"):
            around = node.getparent()
            assert around is not None
            around.remove(node)
    text = etree.tostring(root, encoding="unicode")
    text = text.replace(*HALF_HOUR)
    flow = '<bpmn:sequenceFlow id="fact_check__gw_finding" sourceRef="fact_check" targetRef='
    assert text.count(flow) == 1
    text = text.replace(
        flow + '"gw_finding"/>',
        flow + '"legal_look"/><bpmn:userTask id="legal_look" camunda:candidateGroups="legal"/>'
        '<bpmn:sequenceFlow id="legal_look__gw" sourceRef="legal_look" targetRef="gw_finding"/>'
        '<bpmn:boundaryEvent id="plan_remind" attachedToRef="handling_plan" '
        'cancelActivity="false"><bpmn:extensionElements><camunda:properties>'
        '<camunda:property name="deadlineKind" value="remind"/></camunda:properties>'
        "</bpmn:extensionElements><bpmn:outgoing>plan_remind__noted</bpmn:outgoing>"
        "<bpmn:timerEventDefinition><bpmn:timeDuration>PT3H</bpmn:timeDuration>"
        "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        '<bpmn:endEvent id="plan_noted"/>'
        '<bpmn:sequenceFlow id="plan_remind__noted" sourceRef="plan_remind" '
        'targetRef="plan_noted"/>',
    )
    assert "legal_look" in text
    files = {**given.files, "plan.bpmn": text.encode()}
    return compile_bundle(Bundle(files, given.manifest), default_feel())


GRADE = {"tier": "extraordinary", "level": 4, "overridden": False, "reason": ""}


class Halting(Play):
    """Remembers itself after each step."""

    stops: list[Play]

    def _take(self, advance: Advance) -> None:
        super()._take(advance)
        self.stops = getattr(self, "stops", [])
        if self.status == "running":
            self.stops.append(self.aside())

    def aside(self) -> Play:
        """The same case, to be played on by itself."""
        other = Play.__new__(Play)
        other.__dict__ = {
            name: copy(value) for name, value in self.__dict__.items() if name != "stops"
        }
        return other


@pytest.mark.parametrize(
    "story", [p11.extraordinary_case_reported_late, p11.raised_while_responding]
)
def test_from_wherever_it_stands_a_moved_case_comes_to_its_right_end(story: Any) -> None:
    told = Halting("p11", FOUND)
    story(told)
    assert len(told.stops) > 15
    looked = 0
    for stop in told.stops:
        there = copy(stop)
        there.__dict__ = {name: copy(value) for name, value in stop.__dict__.items()}
        moved = take_over(there, other_plan_11())
        for play in (stop, there):
            play.wait(hours=2).finish(grade=GRADE)
            assert "case_closed" in play.ends and play.status == "completed"
        ahead = "response/legal_look" in moved.ahead
        looked += ahead
        # The same work is done; besides it the new step where it still lay ahead (or came round
        # again), and the urging that the shorter limit brings.
        new = {"response/legal_look", "report_1h/limit_urge"}
        assert set(there.done) - new == set(stop.done) - new
        assert "response/legal_look" in there.done or not ahead
    assert looked


# ------------------------------------------------------------------- what stands around a step


def one(steps: str = "a b", **keys: Any) -> Process:
    """A row of user tasks; ``on`` are boundary timers as (id, host, duration, kind, cancel)."""
    p = Process("p1").start("s").end("e")
    names = steps.split()
    for name in names:
        p.user_task(name, "duty")
    p.chain("s", *names, "e")
    for id, host, text, kind, interrupting in keys.get("on", ()):
        p.boundary_timer(id, host, text, interrupting=interrupting, deadline=kind)
        p.end(f"{id}_end").flow(id, f"{id}_end")
    return p


DUE = ("a_due", "a", "PT1H", "due", False)
STOP = ("a_stop", "a", "PT3H", "", True)


def test_a_first_boundary_timer_counts_from_when_the_step_opened() -> None:
    run = Run(compiled(one()))
    id = run.task_id("a")
    run.later(minutes=20)
    moved = move(run, compiled(one(on=[DUE, STOP])), opened={"a": START})
    assert run.task_id("a") == id
    assert {p: t.due_at - START for p, t in run.timers.items()} == {
        "a_due": timedelta(hours=1), "a_stop": timedelta(hours=3),
    }  # fmt: skip
    assert run.timers["a_due"].task_id == id
    assert [(k.path, k.was, k.due_at) for k in moved.kept] == [
        ("a", None, START + timedelta(hours=1))
    ]
    assert moved.advance is not None and len(moved.advance.due_moved) == 1
    run.later(hours=3).fire()
    assert run.open == [] and run.last.end_events == ("a_due_end", "a_stop_end")


def test_a_second_one_counts_from_there_too_though_nobody_tells() -> None:
    run = Run(compiled(one(on=[DUE]))).later(minutes=20)
    move(run, compiled(one(on=[DUE, STOP])))
    assert run.timers["a_stop"].due_at == START + timedelta(hours=3)


def test_losing_the_last_boundary_timer_frees_the_step() -> None:
    run = Run(compiled(one(on=[DUE])))
    moved = move(run, compiled(one()))
    assert run.timers == {} and run.waiting.tasks[0].due_at is None
    assert [(c.path, c.change) for c in moved.clocks] == [("a_due", "dropped")]
    run.done("a")
    run.done("b")
    assert run.last.status == "completed" and run.last.end_events == ("e",)
    again = Run(compiled(one()))
    again.done("a")
    again.done("b")
    assert run.passed() == again.passed()


def test_a_branch_a_timer_opened_lives_on_when_the_split_goes_or_comes() -> None:
    def urging() -> Process:
        p = one().user_task("urge", "office").end("urged").flow("urge", "urged")
        p.boundary_timer("late", "a", "PT1H", interrupting=False, deadline="escalate",
                         escalate_to="office")  # fmt: skip
        return p.flow("late", "urge")

    run = Run(compiled(urging())).later(hours=1)
    run.fire()
    assert run.open == ["a", "urge"]
    quiet = one()
    quiet.boundary("m", "a", message="m1", interrupting=False).user_task("urge", "office")
    quiet.end("urged").chain("m", "urge", "urged")
    new = compiled(quiet, messages={"m1": "go"})
    assert move(run, new).waits_added == ("m",)
    assert run.open == ["a", "urge"]
    run.message("go")
    assert run.open == ["a", "urge", "urge"]
    run.done("a")
    assert sorted(run.open) == ["b", "urge", "urge"]


def test_a_step_put_in_ahead_comes_and_one_behind_is_not_made_up_for() -> None:
    run = Run(compiled(one("a b c")))
    run.done("a")
    moved = move(run, compiled(one("x a y b z")))
    assert (moved.ahead, moved.gone, moved.skipped) == (("z",), ("c",), ("x", "y"))
    run.done("b")
    assert run.open == ["z"]


def test_a_cycle_keeps_its_start_and_misses_no_turn_twice() -> None:
    def nagging(cycle: str) -> Definition:
        p = one()
        p.boundary_timer("nag", "a", cycle=cycle, interrupting=False, deadline="remind")
        return compiled(p.end("n").flow("nag", "n"))

    run = Run(nagging("R/PT10M")).later(minutes=25)
    run.fire()
    move(run, nagging("R/PT4M"))
    assert run.timers["nag"].due_at == START + timedelta(minutes=28)
    move(run, nagging("R/PT4M"))
    assert run.timers["nag"].due_at == START + timedelta(minutes=28)


def test_watchers_begin_and_end_with_the_version() -> None:
    def watched(*names: str) -> Definition:
        p = one()
        for name in names:
            inner = p.event_sub_process(name)
            inner.start_on(f"{name}_start", message=f"m_{name}").end(f"{name}_end", terminate=True)
            inner.flow(f"{name}_start", f"{name}_end")
        return compiled(p, messages={f"m_{name}": name for name in names})

    run = Run(watched("w"))
    moved = move(run, watched("v"))
    assert (moved.waits_added, moved.waits_dropped) == (("v/v_start",), ("w/w_start",))
    assert run.waiting.messages == ("v",)
    run.message("v")
    assert run.last.status == "completed"


# -------------------------------------------------------------------------- what cannot be moved


def two_branches(*extra: str, joined: bool = True, inside: str = "") -> Process:
    p = Process("p1").start("s").parallel("f").end("e")
    p.flow("s", "f")
    if joined:
        p.parallel("j").user_task("last", "duty").chain("j", "last", "e")
    for name in ("a", "b", *extra):
        p.user_task(name, "duty")
        chain = ["f", name, *([inside] if name == "a" and inside else []), "j" if joined else "e"]
        if inside and name == "a":
            p.user_task(inside, "duty")
        p.chain(*chain)
    return p


def test_an_open_step_that_is_gone_keeps_the_case_where_it_is() -> None:
    run = Run(compiled(one()))
    assert reasons(run, compiled(one("b c"))) == [("step_gone", "a", "")]
    assert run.open == ["a"]


def test_a_step_that_became_something_else_does_not_move() -> None:
    other = Process("p1").start("s").service_task("a", "notify").user_task("b", "duty").end("e")
    new = compiled(other.chain("s", "a", "b", "e"))
    assert reasons(Run(compiled(one())), new) == [("kind_changed", "a", "")]


def test_a_join_that_would_wait_for_a_branch_never_opened() -> None:
    run = Run(compiled(two_branches()))
    assert reasons(run, compiled(two_branches("c"))) == [("join_waits", "j", "")]
    assert reasons(run, compiled(two_branches(joined=False))) == [("join_gone", "j", "")]
    run.done("a")
    assert reasons(run, compiled(two_branches("c"))) == [("join_waits", "j", "")]


def test_a_step_put_in_behind_a_token_that_waits_at_the_join() -> None:
    run = Run(compiled(two_branches()))
    run.done("a")
    moved = move(run, compiled(two_branches(inside="x")))
    assert moved.skipped == ("x",)
    run.done("b")
    assert run.open == ["last"]


def test_a_join_that_the_new_version_completes_fires_at_once() -> None:
    three = compiled(two_branches("c"))
    run = Run(three)
    run.done("a")
    run.done("b")
    # c's own branch is what is still open: without it the case has nothing left at the join
    assert reasons(run, compiled(two_branches())) == [("step_gone", "c", "")]
    run = Run(three)
    run.done("c")
    moved = move(run, compiled(two_branches()))
    assert moved.advance is not None
    run.done("a")
    run.done("b")
    assert run.open == ["last"]


def called(process: str) -> tuple[Process, ...]:
    p = Process("p1").start("s").call("c", process).end("e").chain("s", "c", "e")
    inner = [
        Process(id).start("s1").user_task("ask", "duty").end("e1").chain("s1", "ask", "e1")
        for id in ("one", "two")
        if id == process
    ]
    return (p, *inner)


def test_a_call_of_another_process_does_not_move() -> None:
    run = Run(compiled(*called("one")))
    assert reasons(run, compiled(*called("two"))) == [("call_changed", "c", "")]
    assert reasons(run, compiled(one())) == [("scope_gone", "c", "")]


def many(collection: str, **keys: Any) -> Definition:
    p = Process("p1").start("s").end("e")
    p.user_task(
        "ask", "duty", loop=multi_instance(collection=collection, element_variable="u", **keys)
    )
    return compiled(p.chain("s", "ask", "e"), variables={"units": "list", "others": "list"})


def test_a_body_that_asks_others_does_not_move_and_its_condition_may_change() -> None:
    run = Run(many("units"), {"units": [1, 2, 3], "others": []})
    run.done("ask[1]")
    assert reasons(run, many("others")) == [("multi_changed", "ask", "")]
    assert move(run, many("units", until="nrOfCompletedInstances >= 2")).advance is not None
    run.done("ask[0]")
    assert run.last.status == "completed"


def test_a_later_choice_over_a_step_that_was_passed() -> None:
    def judged(*, review: bool) -> Definition:
        p = Process("p1").start("s").user_task("a", "duty").user_task("b", "duty").end("e")
        if not review:
            return compiled(p.chain("s", "a", "b", "e"))
        p.end("no")
        p.user_task("legal", "duty", fields=[("ok", "boolean")])
        p.exclusive("gw", default="gw__no")
        p.chain("s", "a", "legal", "b", "gw").flow("gw", "e", "legal.ok = true").flow("gw", "no")
        return compiled(p)

    run = Run(judged(review=False))
    run.done("a")
    assert reasons(run, judged(review=True)) == [("result_missing", "gw", "legal")]
    early = Run(judged(review=False))
    assert move(early, judged(review=True)).ahead == ("legal",)


def test_a_clock_that_fails_on_this_case_is_said_and_nothing_moves() -> None:
    bad = ("a_bad", "a", "duration(wanted)", "due", False)
    run = Run(compiled(one(), variables={"wanted": "string"}), {"wanted": "soon"})
    state = run.state
    new = compiled(one(on=[bad]), variables={"wanted": "string"})
    [(code, path, _)] = reasons(run, new)
    assert (code, path) == ("fault", "a_bad") and run.state == state


def test_a_setting_the_old_version_did_not_know_is_filled_in() -> None:
    def chosen(condition: str) -> Definition:
        p = Process("p1").start("s").user_task("a", "duty").exclusive("gw", default="gw__no")
        p.end("yes").end("no").chain("s", "a", "gw")
        p.flow("gw", "yes", condition).flow("gw", "no")
        return compiled(p, variables={"settings": "context"})

    run = Run(chosen("settings.old"), {"settings": {"old": False}})
    move(run, chosen("settings.new"), fill={"settings": {"old": True, "new": True}})
    assert run.variables["settings"] == {"old": False, "new": True}
    run.done("a")
    assert run.last.end_events == ("yes",)
