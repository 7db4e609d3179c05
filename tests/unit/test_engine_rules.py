"""Business rule tasks, and the faults that end as incidents."""

from __future__ import annotations

from typing import Any

from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.engine_case import START, Run, compiled
from workflows import engine
from workflows.contract import Context
from workflows.definition import Definition
from workflows.feel import default_feel

DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
  namespace="http://example.org">
 <decision id="grading" name="grading"><decisionTable id="t" hitPolicy="{policy}">
  <input id="i1" label="reads"><inputExpression id="e1" typeRef="number">
   <text>signal.reads</text></inputExpression></input>
  <output id="o1" name="tier" typeRef="string"/>
  <rule id="r1"><description>多</description>
   <inputEntry id="a1"><text>&gt;= 1000</text></inputEntry>
   <outputEntry id="b1"><text>"major"</text></outputEntry></rule>
  <rule id="r2"><description>少</description>
   <inputEntry id="a2"><text>[10..2000]</text></inputEntry>
   <outputEntry id="b2"><text>"minor"</text></outputEntry></rule>
 </decisionTable></decision></definitions>"""


def graded(policy: str = "FIRST", mapping: str = "singleEntry") -> Definition:
    p = Process("p1").start().business_rule("rate", "grading", "proposal", mapping)
    p.user_task("t", "duty").end().chain("start", "rate", "t", "end")
    return compiled(p, files={"g.dmn": DMN.format(policy=policy).encode()})


def start(definition: Definition, **signal: Any) -> Run:
    return Run(definition, {"signal": signal})


def test_a_decision_is_taken_and_recorded() -> None:
    run = start(graded(), reads=5000)
    assert run.variables["proposal"] == "major" and run.open == ["t"]
    taken = run.last.decisions[0]
    assert (taken.path, taken.decision, taken.matched) == ("rate", "grading", ("r1",))
    assert taken.inputs == {"reads": 5000} and taken.rule_texts == ("多",)
    assert taken.output == "major"


def test_a_decision_mapped_as_a_context_or_a_list() -> None:
    whole = start(graded(mapping="singleResult"), reads=50)
    assert whole.variables["proposal"] == {"tier": "minor"}
    listed = start(graded("RULE ORDER", "collectEntries"), reads=1500)
    assert listed.variables["proposal"] == ["major", "minor"]


def test_no_match_is_an_incident() -> None:
    run = start_incident(graded(), reads=1)
    assert run.code == "decision_no_match" and run.path == "rate"


def test_overlap_under_unique_is_an_incident() -> None:
    assert start_incident(graded("UNIQUE"), reads=1500).code == "decision_overlap"


def start_incident(definition: Definition, **signal: Any) -> Any:
    advance = engine.start(definition, {"signal": signal}, Context(START), default_feel())
    assert advance.status == "incident" and advance.state == b""
    assert advance.variables == {"signal": signal}
    return advance.incidents[0]


def second(p: Process, target: str) -> Process:
    """``p`` after a first user task, so that the incident has a state to go back to."""
    return p.start().user_task("first", "duty").end().chain("start", "first", target)


def test_a_timer_without_a_moment_is_an_incident() -> None:
    p = second(Process("p1"), "wait").catch("wait", timer=("date", "first.at")).chain("wait", "end")
    run = Run(compiled(p))
    before = run.state
    advance = run.done("first", at=7)
    assert [(i.code, i.path) for i in advance.incidents] == [("timer_invalid", "wait")]
    assert advance.state == before and run.open == ["first"]
    run.done("first", at=START)
    assert run.timers["wait"].due_at == START


def test_a_collection_that_is_none_is_an_incident() -> None:
    p = (
        second(Process("p1"), "ask")
        .user_task(
            "ask", "duty", loop=multi_instance(collection="first.units", element_variable="unit")
        )
        .chain("ask", "end")
    )
    run = Run(compiled(p))
    assert [i.code for i in run.done("first", units="x").incidents] == ["expression_error"]
    run.done("first", units=["x", "y"])
    assert run.open == ["ask[0]", "ask[1]"]


def test_an_expression_over_its_time_is_an_incident() -> None:
    p = second(Process("p1"), "x").exclusive("x", default="x__end").user_task("a", "duty")
    p.flow("x", "a", "count(for i in 1..100000000 return i) > 1").flow("x", "end").flow("a", "end")
    run = Run(compiled(p))
    advance = run.done("first")
    assert [i.code for i in advance.incidents] == ["expression_timeout"] and run.open == ["first"]
