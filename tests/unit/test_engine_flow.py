"""Tokens through tasks, gateways, scopes and events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.bpmn_builder import Process, event, multi_instance
from tests.unit.engine_case import START, Run, compiled
from workflows import engine
from workflows.contract import EngineRefusal
from workflows.feel import default_feel


def fork() -> Process:
    p = Process("p1").start().user_task("grade", "duty").parallel("split")
    p.user_task("a", "duty").user_task("b", "office").parallel("join").end()
    p.chain("start", "grade", "split", "a", "join", "end").chain("split", "b", "join")
    return p


def test_a_plan_runs_from_start_to_end() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    run = Run(compiled(p))
    assert run.open == ["t"] and run.last.status == "running"
    advance = run.done("t", ok=True)
    assert advance.status == "completed" and advance.end_events == ("end",)
    assert advance.closed[0].outcome == "completed"
    assert run.passed() == ["start", "t", "end"]
    assert run.flows() == ["start__t", "t__end"]
    assert advance.variables == {"t": {"ok": True}}
    with pytest.raises(EngineRefusal) as refusal:
        engine.complete(
            run.definition,
            advance.state,
            run.advances[0].opened[0].id,
            {},
            run.context,
            default_feel(),
        )
    assert refusal.value.code == "not_running"


def test_branches_open_together_and_join() -> None:
    run = Run(compiled(fork()))
    advance = run.done("grade", tier="major")
    assert [t.path for t in advance.opened] == ["a", "b"]
    run.done("b", n=2)
    assert run.open == ["a"]
    advance = run.done("a", n=1)
    assert advance.status == "completed"
    assert advance.variables == {"grade": {"tier": "major"}, "a": {"n": 1}, "b": {"n": 2}}
    assert run.flows() == [
        "start__grade",
        "grade__split",
        "split__a",
        "split__b",
        "b__join",
        "a__join",
        "join__end",
    ]
    assert run.passed().count("join") == 1


def test_a_task_of_another_state_is_refused() -> None:
    run = Run(compiled(fork()))
    id = run.task_id("grade")
    run.done("grade")
    for wrong in (id, "no-uuid", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(EngineRefusal) as refusal:
            engine.complete(run.definition, run.state, wrong, {}, run.context, default_feel())
        assert refusal.value.code == "task_not_open"


def test_a_loop_counts_rounds() -> None:
    p = Process("p1").start().exclusive("merge").user_task("draft", "duty")
    p.exclusive("ok", default="ok__merge").end()
    p.chain("start", "merge", "draft", "ok").flow("ok", "merge").flow("ok", "end", "draft.good")
    run = Run(compiled(p))
    run.done("draft", good=False)
    advance = run.done("draft", good=False)
    assert [t.round for t in advance.opened] == [3]
    assert advance.decisions[0].matched == ("ok__merge",)
    assert advance.decisions[0].inputs == {"draft.good": False}
    assert run.done("draft", good=True).status == "completed"
    rounds = [x.round for a in run.advances for x in a.passed if x.path == "draft"]
    assert rounds == [1, 1, 2, 2, 3, 3]


def test_an_exclusive_gateway_takes_the_first_true_flow_of_the_file() -> None:
    p = Process("p1").start().exclusive("x", default="x__c")
    p.user_task("a", "duty").user_task("b", "duty").user_task("c", "duty").end()
    p.chain("start", "x").flow("x", "a", "n > 10").flow("x", "b", "n > 5").flow("x", "c")
    for task in "abc":
        p.flow(task, "end")
    definition = compiled(p, variables={"n": "number"})
    assert [Run(definition, {"n": n}).open for n in (20, 7, 1)] == [["a"], ["b"], ["c"]]


def test_an_inclusive_gateway_waits_for_what_it_opened() -> None:
    p = Process("p1").start().inclusive("s", default="s__c")
    p.user_task("a", "duty").user_task("b", "duty").user_task("c", "duty").inclusive("j")
    p.user_task("after", "duty").end().chain("start", "s")
    p.flow("s", "a", "n > 1").flow("s", "b", "n > 2").flow("s", "c")
    for task in "abc":
        p.flow(task, "j")
    p.chain("j", "after", "end")
    definition = compiled(p, variables={"n": "number"})
    run = Run(definition, {"n": 3})
    assert run.open == ["a", "b"]
    run.done("a")
    assert run.open == ["b"]
    run.done("b")
    assert run.open == ["after"]
    alone = Run(definition, {"n": 0})
    assert alone.open == ["c"]
    alone.done("c")
    assert alone.open == ["after"]


def test_an_inclusive_join_waits_for_a_branch_with_more_than_one_task() -> None:
    p = Process("p1").start().inclusive("s").user_task("a", "duty").user_task("b1", "duty")
    p.user_task("b2", "duty").inclusive("j").end().chain("start", "s")
    p.flow("s", "a", "true").flow("s", "b1", "true").chain("b1", "b2", "j", "end").flow("a", "j")
    run = Run(compiled(p))
    run.done("a")
    run.done("b1")
    assert run.open == ["b2"]
    assert run.done("b2").status == "completed"


def called(process: str = "shared") -> Process:
    return (
        Process(process)
        .start("s")
        .user_task("draft", "duty")
        .user_task("check", "office")
        .end("e")
        .chain("s", "draft", "check", "e")
    )


def test_a_called_process_sees_and_gives_only_what_is_named() -> None:
    p = Process("p1").start().user_task("grade", "duty")
    p.call(
        "make",
        "shared",
        ins={"case": "subject"},
        outs={"check": "verdict"},
        in_expressions={"level": "grade.level + 1"},
    )
    p.user_task("last", "duty").end().chain("start", "grade", "make", "last", "end")
    run = Run(compiled(p, called()), {"case": {"title": "t"}, "secret": 1})
    run.done("grade", level=3)
    assert run.open == ["make/draft"]
    assert run.waiting.tasks[0].element_id == "draft"
    run.done("make/draft", text="x")
    assert "draft" not in run.variables
    run.done("make/check", ok=True)
    assert run.open == ["last"]
    assert run.variables == {
        "case": {"title": "t"},
        "secret": 1,
        "grade": {"level": 3},
        "verdict": {"ok": True},
    }
    run.done("last")
    assert run.passed() == [
        "start",
        "grade",
        "make/s",
        "make/draft",
        "make/check",
        "make/e",
        "make",
        "last",
        "end",
    ]


def test_variables_all_goes_over_whole() -> None:
    p = Process("p1").start().call("make", "shared", all_in=True, all_out=True).end()
    p.chain("start", "make", "end")
    run = Run(compiled(p, called()), {"a": 1})
    run.done("make/draft", x=1)
    run.done("make/check", y=2)
    assert run.last.status == "completed"
    assert run.variables == {"a": 1, "draft": {"x": 1}, "check": {"y": 2}}


def test_a_sub_process_works_on_the_outer_data() -> None:
    p = Process("p1").start()
    inner = p.sub_process("respond")
    inner.start("s").user_task("act", "duty").end("e").chain("s", "act", "e")
    p.end().chain("start", "respond", "end")
    run = Run(compiled(p), {"a": 1})
    assert run.open == ["respond/act"]
    advance = run.done("respond/act", done=True)
    assert advance.status == "completed"
    assert advance.end_events == ("respond/e", "end")
    assert advance.variables == {"a": 1, "act": {"done": True}}


def asking(**loop: Any) -> Process:
    """A task that is done as many times as the loop says, then the end."""
    p = Process("p1").start().user_task("ask", "duty", loop=multi_instance(**loop)).end()
    return p.chain("start", "ask", "end")


def test_multi_instance_keeps_every_result() -> None:
    p = asking(collection="units", element_variable="unit")
    run = Run(compiled(p, variables={"units": "list"}), {"units": ["x", "y", "z"]})
    assert run.open == ["ask[0]", "ask[1]", "ask[2]"]
    run.done("ask[2]", answer="c")
    run.done("ask[0]", answer="a")
    assert run.variables["ask"] == [{"answer": "a"}, None, {"answer": "c"}]
    assert run.done("ask[1]", answer="b").status == "completed"
    assert [x["answer"] for x in run.variables["ask"]] == ["a", "b", "c"]


def test_sequential_multi_instance_and_its_condition() -> None:
    p = asking(cardinality="5", sequential=True, until="nrOfCompletedInstances = 2")
    run = Run(compiled(p))
    assert run.open == ["ask[0]"]
    run.done("ask[0]", n=1)
    assert run.open == ["ask[1]"]
    assert run.done("ask[1]", n=2).status == "completed"


def test_multi_instance_ends_early_and_cancels_the_rest() -> None:
    p = asking(cardinality="3", until="nrOfCompletedInstances = 1")
    run = Run(compiled(p))
    advance = run.done("ask[1]")
    assert advance.status == "completed"
    assert {c.path: c.outcome for c in advance.closed} == {
        "ask[0]": "cancelled",
        "ask[1]": "completed",
        "ask[2]": "cancelled",
    }


def test_multi_instance_of_a_called_process() -> None:
    p = (
        Process("p1")
        .start()
        .call(
            "each",
            "shared",
            ins={"unit": "unit"},
            outs={"check": "verdicts"},
            loop=multi_instance(collection="units", element_variable="unit"),
        )
        .end()
        .chain("start", "each", "end")
    )
    run = Run(compiled(p, called(), variables={"units": "list"}), {"units": ["x", "y"]})
    assert run.open == ["each[0]/draft", "each[1]/draft"]
    run.done("each[1]/draft")
    run.done("each[1]/check", v=2)
    assert run.variables["verdicts"] == [None, {"v": 2}]
    run.done("each[0]/draft")
    assert run.done("each[0]/check", v=1).status == "completed"
    assert run.variables["verdicts"] == [{"v": 1}, {"v": 2}]
    assert run.definition.element("each[1]/draft").id == "draft"


def test_no_instances_at_all() -> None:
    p = asking(collection="units", element_variable="unit")
    run = Run(compiled(p, variables={"units": "list"}), {"units": []})
    assert run.last.status == "completed" and run.variables["ask"] == []


def test_a_message_interrupts_and_leads_back() -> None:
    p = Process("p1").start().exclusive("merge").user_task("grade", "duty")
    inner = p.sub_process("respond")
    inner.start("s").parallel("f").user_task("a", "duty").user_task("b", "duty").parallel("g")
    inner.end("e").chain("s", "f", "a", "g", "e").chain("f", "b", "g")
    p.boundary("again", "respond", message="m1").end()
    p.chain("start", "merge", "grade", "respond", "end").flow("again", "merge")
    run = Run(compiled(p, messages={"m1": "retier"}))
    run.done("grade", tier=1)
    run.done("respond/a", kept=True)
    assert run.waiting.messages == ("retier",)
    with pytest.raises(EngineRefusal) as refusal:
        engine.send_message(run.definition, run.state, "other", {}, run.context, default_feel())
    assert refusal.value.code == "message_not_expected"
    advance = run.message("retier", reason="worse")
    assert [(c.path, c.outcome, c.by) for c in advance.closed] == [
        ("respond/b", "cancelled", "again")
    ]
    assert run.open == ["grade"] and advance.opened[0].round == 2
    assert run.variables["again"] == {"reason": "worse"} and run.variables["a"] == {"kept": True}
    run.done("grade", tier=2)
    run.done("respond/a")
    assert run.done("respond/b").status == "completed"


def test_a_non_interrupting_message_may_come_twice() -> None:
    p = Process("p1").start().user_task("t", "duty").user_task("read", "office").end().end("e2")
    p.boundary("note", "t", interrupting=False, message="m1")
    p.chain("start", "t", "end").chain("note", "read", "e2")
    run = Run(compiled(p, messages={"m1": "note"}))
    run.message("note", n=1)
    run.message("note", n=2)
    assert sorted(run.open) == ["read", "read", "t"]
    run.done("t")
    assert run.open == ["read", "read"] and run.last.status == "running"


def test_a_terminate_end_cancels_its_scope_only() -> None:
    p = Process("p1").start()
    inner = p.sub_process("part")
    inner.start("s").parallel("f").user_task("a", "duty").user_task("b", "duty")
    inner.end("stop", terminate=True).end("e").chain("s", "f", "a", "stop").chain("f", "b", "e")
    p.user_task("after", "duty").end().chain("start", "part", "after", "end")
    run = Run(compiled(p))
    advance = run.done("part/a")
    assert [(c.path, c.outcome, c.by) for c in advance.closed] == [
        ("part/a", "completed", ""),
        ("part/b", "cancelled", "part/stop"),
    ]
    assert run.open == ["after"]


def test_an_error_goes_to_the_boundary_of_its_scope() -> None:
    p = Process("p1").start()
    inner = p.sub_process("part")
    inner.start("s").parallel("f").user_task("a", "duty").user_task("b", "duty").end("e")
    inner.end("bad").chain("s", "f", "a", "bad").chain("f", "b", "e")
    bad = inner.node.find("*[@id='bad']")
    assert bad is not None
    event(bad, "error", errorRef="err")
    p.boundary("caught", "part", error="err").user_task("repair", "duty").end().end("e2")
    p.chain("start", "part", "end").chain("caught", "repair", "e2")
    run = Run(compiled(p, errors={"err": "E1"}))
    advance = run.done("part/a")
    assert run.open == ["repair"]
    assert ("part/b", "cancelled") in [(c.path, c.outcome) for c in advance.closed]
    assert run.done("repair").status == "completed"


def test_an_event_based_gateway_takes_what_comes_first() -> None:
    p = Process("p1").start().event_based("race").catch("msg", message="m1")
    p.catch("late", timer=("duration", "PT1H")).user_task("a", "duty").user_task("b", "duty")
    p.end().chain("start", "race", "msg", "a", "end").chain("race", "late", "b", "end")
    definition = compiled(p, messages={"m1": "hello"})
    run = Run(definition)
    assert run.waiting.messages == ("hello",) and list(run.timers) == ["late"]
    advance = run.message("hello")
    assert run.open == ["a"] and not run.timers and len(advance.timers_dropped) == 1
    other = Run(definition).later(hours=1)
    other.fire()
    assert other.open == ["b"] and not other.waiting.messages
    assert "late" in other.passed() and "msg" not in other.passed("entered")


def test_an_external_task_is_an_intent_and_waits_for_its_answer() -> None:
    p = Process("p1").start()
    p.service_task("tell", "notify", properties={"to": "duty", "message": "m"})
    p.user_task("t", "duty").end().chain("start", "tell", "t", "end")
    run = Run(compiled(p), {"case": {"number": "P-1"}})
    intent = run.last.intents[0]
    assert intent.topic == "notify" and intent.path == "tell"
    assert intent.payload["to"] == "duty"
    assert intent.payload["variables"] == {"case": {"number": "P-1"}}
    assert run.waiting.externals == (intent,) and run.open == []
    run.answer("tell", {"sent": 2})
    assert run.open == ["t"] and run.variables["tell"] == {"sent": 2}
    with pytest.raises(EngineRefusal) as refusal:
        engine.answer_external(
            run.definition, run.state, str(intent.task_id), None, run.context, default_feel()
        )
    assert refusal.value.code == "external_not_waiting"


def test_an_event_sub_process_interrupts_its_scope() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    watch = p.event_sub_process("stop")
    watch.start_on("told", message="m1").user_task("wind_up", "duty").end("e")
    watch.chain("told", "wind_up", "e")
    run = Run(compiled(p, messages={"m1": "halt"}))
    advance = run.message("halt", why="x")
    assert run.open == ["stop/wind_up"]
    assert [(c.path, c.by) for c in advance.closed] == [("t", "stop")]
    assert run.variables["told"] == {"why": "x"}
    assert run.done("stop/wind_up").status == "completed"


def test_a_non_interrupting_event_sub_process_runs_beside() -> None:
    p = Process("p1").start().user_task("t", "duty").end().chain("start", "t", "end")
    watch = p.event_sub_process("aside")
    watch.start_on("told", interrupting=False, message="m1").user_task("note", "duty").end("e")
    watch.chain("told", "note", "e")
    run = Run(compiled(p, messages={"m1": "ping"}))
    run.message("ping")
    run.message("ping")
    assert run.open.count("aside/note") == 2
    run.done("t")
    assert run.last.status == "running"
    run.done("aside/note")
    assert run.done("aside/note").status == "completed"


def test_steps_are_pure() -> None:
    run = Run(compiled(fork()))
    state = run.state
    id = run.task_id("grade")
    copy = bytes(bytearray(state))
    one = engine.complete(run.definition, state, id, {"n": 1}, run.context, default_feel())
    two = engine.complete(run.definition, state, id, {"n": 1}, run.context, default_feel())
    assert one == two and state == copy


def test_instances_have_ids_of_their_own() -> None:
    definition = compiled(fork())
    assert Run(definition).task_id("grade") != Run(definition).task_id("grade")


def test_moments_in_data_keep_their_types() -> None:
    run = Run(compiled(fork()))
    run.done("grade", at=START, span=timedelta(hours=1), day=START.date())
    run.done("a")
    assert run.variables["grade"] == {"at": START, "span": timedelta(hours=1), "day": START.date()}


def test_a_plain_task_passes_at_once() -> None:
    p = Process("p1").start().task("note").user_task("t", "duty").end()
    run = Run(compiled(p.chain("start", "note", "t", "end")))
    assert run.open == ["t"]
