"""Typed words taken out of a state: from results, from what calls handed on, from instances."""

from __future__ import annotations

from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.engine_case import Run, compiled
from workflows import engine, state
from workflows.feel import default_feel
from workflows.forgetting import forget

WORDS = "住三号楼的申老师"
FIELDS = {"ask": {"note"}, "told": {"note"}, "signal": {"text"}}


def run() -> Run:
    """A result in the root, the same words handed on to a call, and one result an instance."""
    inner = Process("inner").start("is").user_task("later", "duty").end("ie")
    inner.chain("is", "later", "ie")
    p = Process("p1").start("s")
    p.user_task(
        "ask",
        "duty",
        fields=[("note", "string"), ("kind", "enum", {"options": {"calm": "平静"}})],
    )
    p.user_task("told", "duty", loop=multi_instance(collection="units", element_variable="unit"))
    p.call("hand", "inner", in_expressions={"words": "ask.note", "kind": "ask.kind"})
    p.end("e").chain("s", "ask", "told", "hand", "e")
    made = Run(
        compiled(p, inner, variables={"units": "list"}),
        {"units": ["甲", "乙"], "signal": {"text": WORDS, "reads": 3}},
    )
    made.done("ask", note=WORDS, kind="calm")
    made.done("told[0]", note=WORDS, n=1)
    made.done("told[1]", note="calm", n=2)
    return made


def test_words_go_and_everything_else_stays() -> None:
    before = run()
    assert before.open == ["hand/later"]
    assert WORDS in str(state.load(before.state, before.definition.specs).scope)
    after = forget(before.definition, before.state, {WORDS, "calm"}, FIELDS)
    workflow = state.load(after, before.definition.specs)
    assert workflow.scope["ask"] == {"note": None, "kind": "calm"}, "a choice is no typed word"
    assert workflow.scope["told"] == [{"note": None, "n": 1}, {"note": None, "n": 2}]
    assert workflow.scope["signal"] == {"text": None, "reads": 3}
    inner = next(iter(workflow.subprocesses.values()))
    assert inner.scope["words"] == "" and inner.scope["kind"] == "calm", "handed on by the call"


def test_the_instance_goes_on_from_there() -> None:
    made = run()
    before = made.waiting
    after = forget(made.definition, made.state, {WORDS}, FIELDS)
    assert engine.waiting(made.definition, after) == before, "no task or timer moved"
    advance = engine.complete(
        made.definition, after, made.task_id("hand/later"), {}, made.context, default_feel()
    )
    assert advance.status == "completed"


def test_nothing_to_forget_changes_nothing() -> None:
    made = run()
    assert forget(made.definition, made.state, (), {}) == made.state
