"""What-if runs: the live run against the public engine, the walk, the runs and their figures."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.unit import plan_driver
from tests.unit.bpmn_builder import Process, document
from tests.unit.bpmn_builder import manifest as small_manifest
from tests.unit.whatif_case import CALENDAR, FIRST, Durable, number, package
from workflows.answers import GRADE, untouched
from workflows.bundle import Bundle
from workflows.contract import Context
from workflows.definition import Definition, compile_bundle
from workflows.feel import Feel, FeelError, default_feel
from workflows.whatif import questions
from workflows.whatif.live import LiveRun
from workflows.whatif.memo import MemoFeel
from workflows.whatif.package import Package, play_portion, walk_through
from workflows.whatif.play import DISCOVERED, MOST_STEPS, Stage, play
from workflows.whatif.questions import Question, graded
from workflows.whatif.runs import Chances, Pace, Tally, Trial, result, wilson


def library(key: str) -> Package:
    settings = plan_driver.setting_values(key, {})
    return package(plan_driver.bundle(key), plan_driver.definition(key), settings)


def small(plan: Process) -> Package:
    bundle = Bundle({"plan.bpmn": document(plan)}, small_manifest("p1"))
    return package(bundle, compile_bundle(bundle, default_feel()), {})


def trial(runs: int = 24, seed: int = 7, **pace: Pace) -> Trial:
    return Trial(seed, runs, pace, {}, Chances({}, 0.15, 0.7, BACK, {"follow#next": "calm"}))


#: What the walk of plan 11 learns, where a test has no need of the walk.
BACK = frozenset(
    ("follow#next", one) for one in ("continue", "progress", "questions", "expert", "respond")
)


# ----------------------------------------------------------- a live run and the engine


@pytest.mark.parametrize("key", ["p11", "p04", "p13"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_live_run_does_what_the_engine_does(key: str, seed: int) -> None:
    definition = plan_driver.definition(key)
    asked = library(key).asked
    chance = random.Random(f"{key}:{seed}")
    variables = {
        "signal": {"text": "x", "link": "", "medium": "other", "reads": 0, "comments": 0,
                   "reposts": 0},
        "case": {"number": "1", "title": "x", "tier": None},
        "settings": plan_driver.setting_values(key, {}),
    }  # fmt: skip
    durable = Durable(definition, variables)
    live = LiveRun(definition, variables, MemoFeel(default_feel()), DISCOVERED, FIRST, CALENDAR)
    passed, fired = [], []

    def same(moved: Any) -> None:
        passed.extend(moved.passed)
        fired.extend(moved.fired)
        assert passed == durable.passed
        assert [(int(t.id), t.path, t.due_at) for t in fired] == [
            (number(t.id), t.path, t.due_at) for t in durable.fired
        ]
        assert live.over == (durable.status == "completed")
        if live.over:
            return
        waits = durable.waiting()
        assert [
            (int(t.id), t.path, t.round, live.due_at(t.id), t.follow_up_at)
            for t in live.tasks.values()
        ] == [(number(t.id), t.path, t.round, t.due_at, t.follow_up_at) for t in waits.tasks]
        assert [
            (int(t.id), t.path, t.due_at, t.deadline_kind, t.escalate_to, t.anchor)
            for t in live.timers.values()
        ] == [
            (number(t.id), t.path, t.due_at, t.deadline_kind, t.escalate_to, t.anchor)
            for t in waits.timers
        ]
        assert live.messages == waits.messages

    same(live.start())
    for _ in range(35):
        if live.over:
            break
        due = min((t.due_at for t in live.timers.values()), default=None)
        if due is not None and (not live.tasks or chance.random() < 0.3):
            moment = max(due, live.now)
            durable.fire(moment)
            same(live.fire(moment))
            continue
        task = chance.choice(list(live.tasks.values()))
        element = definition.element(task.path)
        moment = live.now + timedelta(minutes=chance.randint(1, 90))
        data = untouched(element, moment)
        for question in asked.questions.get(element.path, ()):
            usual, other = question.options[:2]
            data[question.field] = usual if chance.random() < 0.8 else other
        if element.form_key == GRADE:
            data = graded(chance.choice(asked.tiers))
        durable.complete(int(task.id), data, moment)
        same(live.complete(task.id, data, moment))
    assert len(passed) > 50


def test_a_live_run_ends_at_an_incident() -> None:
    plan = Process("p1").start().user_task("ask", "duty").exclusive("gw").end()
    plan.flow("start", "ask").flow("ask", "gw").flow("gw", "end", 'ask.x = "y"')
    bundle = Bundle({"plan.bpmn": document(plan)}, small_manifest("p1"))
    definition = compile_bundle(bundle, default_feel())
    live = LiveRun(definition, {}, default_feel(), DISCOVERED, FIRST, CALENDAR)
    live.start()
    live.complete(next(iter(live.tasks)), {"x": "z"}, FIRST)
    assert live.over
    assert live.incident is not None
    assert live.incident.code == "no_flow_true"
    assert live.incident.path == "gw"


# ------------------------------------------------------------------------------- memory


class Counting(Feel):
    """Counts what it is asked."""

    asked = 0

    def evaluate_many(self, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        return super().evaluate_many(*args, **kwargs)


def test_an_expression_is_asked_once_for_the_same_values() -> None:
    inner = Counting()
    memo = MemoFeel(inner)
    context = Context(FIRST, {"discovered_at": DISCOVERED}, CALENDAR)
    later = Context(FIRST + timedelta(hours=1), context.anchors, CALENDAR)
    for unread in ("a", "b"):
        variables = {"triage": {"basis": "first", "note": unread}, "other": unread}
        assert memo.conditions(['triage.basis = "first"'], variables, context) == [True]
        assert memo.conditions(['triage.basis = "first"'], variables, later) == [True]
    assert inner.asked == 1
    assert memo.conditions(['triage.basis = "first"'], {"triage": {"basis": "x"}}, context) == [
        False
    ]
    assert inner.asked == 2


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("a = 1", {"a": 1}, {"a": True}),
        ("a.x = null", {"a": {"x": None}}, {"a": {"x": 1}}),
        ("a.x.y", {"a": {"x": {"y": 1}}}, {"a": {"x": {"y": 2}}}),
        ("count(a) + a[1]", {"a": [1]}, {"a": [2]}),
        ('"a.x" = a', {"a": "a.x"}, {"a": "b"}),
        ('get value(a, "x")', {"a": {"x": 1}}, {"a": {"x": 2}}),
        ("a = null", {"a": None}, {"a": {}}),
        ("for i in a return i.x", {"a": [{"x": 1}]}, {"a": [{"x": 2}]}),
    ],
)
def test_what_an_expression_sees_tells_answers_apart(
    text: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    context = Context(FIRST, {}, CALENDAR)
    memo, plain = MemoFeel(default_feel()), default_feel()
    for variables in (one, other, one, other):
        assert memo.evaluate_many([text], variables, context) == plain.evaluate_many(
            [text], variables, context
        )


def test_now_and_anchors_tell_answers_apart() -> None:
    memo = MemoFeel(default_feel())
    for hours in (0, 1, 0):
        moment = FIRST + timedelta(hours=hours)
        context = Context(moment, {"t_at": moment}, CALENDAR)
        assert memo.evaluate("now()", {}, context) == moment
        assert memo.evaluate("t_at", {"t_at": 1}, context) == moment


def test_a_fault_is_remembered_too() -> None:
    inner = Counting()
    memo = MemoFeel(inner)
    context = Context(FIRST, {}, CALENDAR)
    for _ in range(2):
        with pytest.raises(FeelError) as caught:
            memo.conditions(["gone = 1"], {}, context)
        assert caught.value.code == "condition_null"
    assert inner.asked == 1


# ---------------------------------------------------------------------------- questions


def test_only_what_conditions_read_is_a_question() -> None:
    asked = library("p11").asked
    triage = {q.field: q.quiet for q in asked.questions["triage"]}
    # read by gateways; read by the grading table only, whose answer a person decides over
    assert triage["respond"] is False
    assert triage["basis"] is False
    assert triage["casualties"] is True
    assert "note" not in triage
    assert asked.question("follow#next") is not None
    assert [tier.key for tier in asked.tiers] == [
        "general", "considerable", "major", "extraordinary",
    ]  # fmt: skip


# --------------------------------------------------------------------------------- walk


def test_the_walk_of_plan_11_goes_through_every_tier_and_answer() -> None:
    plan = library("p11")
    found = walk_through(plan, {"duty": 10}, {"leader": 1})
    assert {one.tier for one in found.scenarios} == {tier.key for tier in plan.asked.tiers}
    assert not [one for one in found.scenarios if one.ended]
    told = {(one.tier, key, value) for one in found.scenarios for key, n, value in one.answers}
    for tier in plan.asked.tiers:
        assert (tier.key, "triage#respond", False) in told
        assert (tier.key, "first_statement/approve#decision", "return") in told
    # what the settings shut off, and nothing of the plan's own process
    missed = [path for path in found.missed if "/" not in path]
    assert missed == ["answer_limits__notified", "gw_clocks__answer_limits"]
    assert ("follow#next", "progress") in found.returning
    assert ("follow#next", "calm") not in found.returning
    assert found.usual["follow#next"] == "calm"
    late = [o for o in found.scenarios if o.tier == "extraordinary" and o.late and not o.answers]
    assert "office" in {one.role for one in late[0].told}
    assert any(not one.met for one in late[0].deadlines)
    usual = next(one for one in found.scenarios if one.tier == "extraordinary")
    report = next(row for row in usual.rows if row.path == "report_1h/report_in_time")
    assert report.due == DISCOVERED + timedelta(hours=1)
    assert report.done == FIRST + timedelta(minutes=30)


def test_the_walk_says_who_holds_two_tasks_at_once() -> None:
    plan = Process("p1").start().parallel("both").user_task("a", "duty").user_task("b", "duty")
    plan.end("end_a").end("end_b").flow("start", "both")
    plan.chain("both", "a", "end_a").chain("both", "b", "end_b")
    one = walk_through(small(plan), {"duty": 20}, {"duty": 1}).scenarios[0]
    (overlap,) = one.overlaps
    assert (overlap.role, overlap.paths, overlap.minutes) == ("duty", ("a", "b"), 20)
    assert walk_through(small(plan), {"duty": 20}, {"duty": 2}).scenarios[0].overlaps == ()


def test_the_walk_finds_the_answer_at_which_the_plan_stops() -> None:
    plan = _asking(("yes", "no", "maybe"))
    plan.exclusive("gw").end().chain("start", "ask", "gw")
    plan.flow("gw", "end", 'ask.x = "yes" or ask.x = "no"')
    found = walk_through(small(plan), {}, {})
    (halted,) = [one for one in found.scenarios if one.ended]
    assert halted.answers == (("ask#x", 1, "maybe"),)
    assert halted.incident is not None
    assert halted.incident.code == "no_flow_true"


def _asking(options: tuple[str, ...]) -> Process:
    field = ("x", "enum", {"options": dict.fromkeys(options, "x"), "validation": {"required": ""}})
    return Process("p1").start().user_task("ask", "duty", fields=[field])


# --------------------------------------------------------------------------------- runs


def test_the_same_seed_gives_the_same_figures_however_it_is_dealt_out() -> None:
    plan = library("p11")
    one = trial(duty=Pace(20, 60))
    _, whole = play_portion(0, plan, one, range(24))
    parts = Tally()
    for numbers in (range(20, 24), range(8, 20), range(8)):
        parts.add(play_portion(0, plan, one, numbers)[1])
    assert result(parts) == result(whole)
    assert result(whole).ended == 24
    _, other = play_portion(0, plan, trial(seed=8, duty=Pace(20, 60)), range(24))
    assert result(other) != result(whole)


def test_slower_people_keep_fewer_deadlines_and_more_people_wait_less() -> None:
    plan = library("p11")
    top = Chances({"extraordinary": 1.0}, 0.1, 1.0, BACK, {"follow#next": "calm"})

    def shares(minutes: float, people: int) -> tuple[float, float]:
        paces = {role: Pace(minutes, minutes * 2) for role in ("duty", "leader", "office")}
        given = Trial(3, 30, paces, {"leader": people, "duty": people}, top)
        found = result(play_portion(0, plan, given, range(30))[1])
        kept = {one.path: one for one in found.shares}["report_1h/limit_due"]
        assert kept.applied == 30
        return kept.share, found.waits["leader"]

    quick, slow = shares(5, 1), shares(25, 1)
    assert quick[0] > 0.9 > slow[0]
    assert shares(25, 3)[1] < slow[1]


def test_runs_that_stop_are_told_with_the_answers_that_led_there() -> None:
    plan = _asking(("yes", "no"))
    plan.exclusive("gw").end().chain("start", "ask", "gw")
    plan.flow("gw", "end", 'ask.x = "yes"')
    given = Trial(1, 40, {}, {}, Chances({}, 0.0, 0.5))
    found = result(play_portion(0, small(plan), given, range(40))[1])
    (stuck,) = found.stuck
    assert (stuck.ended, stuck.code, stuck.path) == ("incident", "no_flow_true", "gw")
    assert stuck.answers == (("ask#x", 1, "no"),)
    assert stuck.runs + found.ended == 40
    assert 5 < stuck.runs < 35


def test_people_work_off_one_task_after_the_other() -> None:
    plan = Process("p1").start().parallel("both").user_task("a", "duty").user_task("b", "duty")
    plan.end("end_a").end("end_b").flow("start", "both")
    plan.chain("both", "a", "end_a").chain("both", "b", "end_b")
    pack = small(plan)
    definition = Definition.load(pack.definition)

    def done(people: int) -> list[int]:
        stage = Stage(definition, pack.asked, {}, CALENDAR, default_feel(), {"duty": people})
        played = play(stage, _never, _first, lambda element, role, n, task: 20)
        return [int((j.done - FIRST).total_seconds() // 60) for j in played.jobs if j.done]

    assert done(1) == [20, 40]
    assert done(2) == [20, 20]


def test_a_plan_that_goes_round_for_ever_is_stopped() -> None:
    plan = Process("p1").start().user_task("ask", "duty").exclusive("again", default="again__ask")
    plan.end().flow("start", "ask").flow("ask", "again").flow("again", "end", "1 = 2")
    plan.flow("again", "ask")
    pack = small(plan)
    stage = Stage(
        Definition.load(pack.definition), pack.asked, {}, CALENDAR, MemoFeel(default_feel())
    )
    played = play(stage, _never, _first, lambda element, role, n, task: 1)
    assert played.ended == "circles"
    assert len(played.jobs) == MOST_STEPS + 1


def test_wilson() -> None:
    # the interval of 8 in 10, as tables have it
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10)[1] == 1.0


def _never(n: int) -> questions.Tier:
    raise AssertionError("nothing is graded here")


def _first(question: Question, n: int) -> Any:
    return question.options[0]
