"""The traps of SpiffWorkflow 3.2.0 that the engine floor must survive, one test each.

Those of FEEL, of decision tables and of SQLite have theirs beside their own code. Where the
stock engine can be shown to fall in, the test does so first, so that a new version of it
that does not is noticed.
"""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.camunda.parser import CamundaParser
from SpiffWorkflow.util.task import TaskState

from tests.unit.bpmn_builder import Process, document, manifest
from tests.unit.engine_case import START, Run, compiled
from workflows import engine, state
from workflows.contract import DeploymentError, EngineRefusal
from workflows.definition import Bundle, compile_bundle
from workflows.feel import default_feel
from workflows.halt import Halt


def stock(*processes: Process, **data: Any) -> BpmnWorkflow:
    parser = CamundaParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(document(*processes))), filename="plan.bpmn")
    main = str(processes[0].node.get("id"))
    workflow = BpmnWorkflow(parser.get_spec(main), parser.get_subprocess_specs(main))
    workflow.task_tree.data.update(data)
    workflow.do_engine_steps()
    return workflow


def refused(p: Process, **keywords: Any) -> list[tuple[str, str]]:
    """(code, element) of the errors a plan is refused with."""
    bundle = Bundle({"plan.bpmn": document(p, **keywords)}, manifest("p1"))
    with pytest.raises(DeploymentError) as error:
        compile_bundle(bundle, default_feel())
    return [(f.code, f.element) for f in error.value.findings if f.severity == "error"]


def single(**keywords: Any) -> Process:
    return Process("p1").start().user_task("t", **keywords).end().chain("start", "t", "end")


# ------------------------------------------------------------------------------- parsing


def test_trap_camunda_attributes_are_carried() -> None:
    p = single(
        groups="duty,office",
        camunda_attributes={
            "candidateUsers": "u1",
            "assignee": "u2",
            "priority": "70",
            "followUpDate": "PT1H",
        },
    )
    element = compiled(p).element("t")
    assert element.candidate_groups == ("duty", "office")
    assert (element.candidate_users, element.assignee, element.priority) == (("u1",), "u2", 70)
    assert element.follow_up == "PT1H"
    stock_spec = stock(single(groups="duty")).spec.task_specs["t"]
    assert not any("duty" in str(value) for value in vars(stock_spec).values())


def test_trap_due_date_beside_a_timer_is_refused() -> None:
    p = single(groups="duty", camunda_attributes={"dueDate": "PT1H"})
    p.boundary_timer("late", "t", "PT1H", interrupting=False, deadline="due").end("l")
    assert [element for _, element in refused(p.flow("late", "l"))] == ["t"]


def test_trap_form_fields_are_read_without_a_form_key() -> None:
    p = single(groups="duty", fields=[("reason", "string", {"label": "事由"})])
    assert [f.id for f in compiled(p).element("t").form_fields] == ["reason"]


def test_trap_a_plain_iso_timer_runs() -> None:
    p = single(groups="duty").boundary_timer("late", "t", "PT1H", interrupting=False).end("l")
    p.flow("late", "l")
    with pytest.raises(Exception, match="PT1H"):
        stock(p)
    assert Run(compiled(p)).timers["late"].due_at == START + timedelta(hours=1)


@pytest.mark.parametrize("text", ["-PT1H", "0 0 12 * * ?", "PT1X", "2026-01-05T08:00:00"])
def test_trap_a_timer_that_cannot_be_read_is_refused_at_deployment(text: str) -> None:
    p = single(groups="duty").boundary_timer("late", "t", text).end("l").flow("late", "l")
    assert [element for _, element in refused(p)] == ["late"]


def test_trap_what_cannot_run_is_refused_with_its_id() -> None:
    tags = {
        "receiveTask": "",
        "sendTask": "",
        "serviceTask": "",
        "scriptTask": "",
        "complexGateway": "",
        "adHocSubProcess": "",
    }
    for tag in tags:
        p = Process("p1").start().end()
        p.add(tag, "bad")
        p.chain("start", "bad", "end")
        assert "bad" in [element for _, element in refused(p)], tag


@pytest.mark.parametrize("kind", ["compensate", "link", "conditional", "cancel"])
def test_trap_events_that_do_nothing_are_refused(kind: str) -> None:
    p = single(groups="duty")
    p.raw(
        f'<bpmn:intermediateThrowEvent id="bad"><bpmn:{kind}EventDefinition id="d"/>'
        "</bpmn:intermediateThrowEvent>"
    )
    p.flow("t", "bad")
    assert "bad" in [element for _, element in refused(p)]


def test_trap_flows_keep_the_order_of_the_file() -> None:
    p = Process("p1").start().exclusive("x").user_task("a", "duty").user_task("b", "duty").end()
    p.chain("start", "x").flow("x", "a", "n > 1").flow("x", "b", "n > 0").flow("a", "end")
    xml = document(p.flow("b", "end")).decode()
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{i}_di" bpmnElement="{i}">'
        f'<dc:Bounds x="0" y="{y}" width="1" height="1"/></bpmndi:BPMNShape>'
        for i, y in (("a", 900), ("b", 10))
    )
    diagram = (
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="d">'
        f'<bpmndi:BPMNPlane id="pl" bpmnElement="p1">{shapes}</bpmndi:BPMNPlane>'
        "</bpmndi:BPMNDiagram></bpmn:definitions>"
    )
    files = {"plan.bpmn": xml.replace("</bpmn:definitions>", diagram).encode()}
    bundle = Bundle(files, manifest("p1", variables={"n": "number"}))
    assert Run(compile_bundle(bundle, default_feel()), {"n": 2}).open == ["a"]


# --------------------------------------------------------------------------- expressions


def test_trap_no_expression_reaches_python() -> None:
    escape = "[c for c in ().__class__.__base__.__subclasses__()] != []"
    p = Process("p1").start().exclusive("x", default="x__end").user_task("t", "duty").end()
    p.chain("start", "x").flow("x", "t", escape).flow("x", "end").flow("t", "end")
    assert stock(p).get_next_task(spec_name="t") is not None  # Python ran it
    assert {element for _, element in refused(p)} & {"x", "x__t"}
    source = "\n".join(f.read_text() for f in Path("workflows").rglob("*.py"))
    assert "PythonScriptEngine(" not in source
    run = Run(compiled(single(groups="duty")))
    workflow = state.load(run.state, run.definition.specs)
    step = engine.begin(run.definition, workflow, run.context, default_feel())
    task = next(iter(workflow.everywhere()))
    assert workflow.script_engine.evaluate(task, "1 + 1") == 2
    with pytest.raises(Halt):
        workflow.script_engine.execute(task, "x = 1")
    with pytest.raises(Halt):
        workflow.script_engine.call_service(task, operation="x")
    assert step.passes == []


def gateway(condition: str = "n > 1") -> Process:
    p = Process("p1").start().user_task("t", "duty").exclusive("x").user_task("a", "duty").end()
    p.chain("start", "t", "x").flow("x", "a", condition).flow("x", "end", "n < 0")
    return p.flow("a", "end")


def test_trap_no_true_flow_is_an_incident_and_the_state_stays() -> None:
    broken = stock(gateway(), n=1)
    with pytest.raises(Exception, match="No conditions satisfied"):
        broken.get_next_task(spec_name="t").run()
        broken.do_engine_steps()
    assert broken.get_next_task(spec_name="x").state == TaskState.ERROR

    run = Run(compiled(gateway(), variables={"n": "number"}), {"n": 1})
    before = run.state
    advance = run.done("t", ok=True)
    assert advance.status == "incident" and advance.state == before
    incident = advance.incidents[0]
    assert (incident.code, incident.path, incident.element_id) == ("no_flow_true", "x", "x")
    assert not advance.closed and not advance.passed and advance.variables == {"n": 1}
    assert run.open == ["t"]


def test_trap_a_null_condition_is_an_incident() -> None:
    run = Run(compiled(gateway("n = 2"), variables={"n": "number"}), {"n": "2"})
    advance = run.done("t")
    assert [i.code for i in advance.incidents] == ["condition_null"]
    assert advance.incidents[0].details["flow"] == "x__a"
    assert run.open == ["t"]


# ------------------------------------------------------------------------------- running


def test_trap_a_waiting_timer_event_sub_process_does_not_hold_the_instance() -> None:
    p = single(groups="duty")
    watch = p.event_sub_process("watch")
    watch.start_on("later", timer=("duration", '"PT1H"')).end("w", terminate=True)
    watch.flow("later", "w")
    q = single(groups="duty")
    watch = q.event_sub_process("watch")
    watch.start_on("later", timer=("duration", "PT1H")).end("w", terminate=True).flow("later", "w")
    held = stock(p)
    held.get_next_task(spec_name="t").run()
    held.do_engine_steps()
    assert not held.is_completed()
    run = Run(compiled(q))
    assert "watch/later" in run.timers
    advance = run.done("t")
    assert advance.status == "completed" and len(advance.timers_dropped) == 1


def test_trap_called_data_goes_only_where_it_is_named() -> None:
    shared = Process("shared").start("s").user_task("u", "duty").end("e").chain("s", "u", "e")
    p = Process("p1").start().call("c", "shared", ins={"a": "a"}, outs={"u": "result"})
    p.user_task("t", "duty").end().chain("start", "c", "t", "end")
    leaky = stock(p, shared, a=1, secret=2)
    assert "secret" in leaky.get_next_task(spec_name="u").data
    definition = compiled(p, shared, variables={"a": "number", "secret": "number"})
    run = Run(definition, {"a": 1, "secret": 2})
    workflow = state.load(run.state, run.definition.specs)
    inner = next(iter(workflow.subprocesses.values()))
    assert inner.scope == {"a": 1}
    run.done("c/u", x=3)
    assert run.variables == {"a": 1, "secret": 2, "result": {"x": 3}}


def test_trap_time_comes_from_the_context_alone() -> None:
    source = "".join(f.read_text() for f in Path("workflows").rglob("*.py"))
    for asked in ("datetime.now", "time.time(", "utcnow", "date.today"):
        assert asked not in source
    p = single(groups="duty").boundary_timer("late", "t", "PT1H").end("l").flow("late", "l")
    run = Run(compiled(p))
    run.now = START.replace(year=2090)
    assert [f.path for f in run.fire().timers_fired] == ["late"]


def test_trap_overdue_timers_fire_oldest_first_and_go_with_their_host() -> None:
    p = single(groups="duty")
    p.boundary_timer("deadline", "t", "PT2H").end("d").flow("deadline", "d")
    p.boundary_timer("nag", "t", "PT1H", interrupting=False).end("n").flow("nag", "n")
    p.boundary_timer("never", "t", "PT3H", interrupting=False).end("v").flow("never", "v")
    advance = Run(compiled(p)).later(days=2).fire()
    assert [f.path for f in advance.timers_fired] == ["nag", "deadline"]
    assert len(advance.timers_dropped) == 1 and advance.status == "completed"
    assert "never" not in [x.path for x in advance.passed]


def test_trap_missed_cycles_fire_once_after_a_downtime() -> None:
    p = single(groups="duty")
    p.boundary_timer("nag", "t", cycle="R5/PT10M", interrupting=False).end("n").flow("nag", "n")
    run = Run(compiled(p)).later(minutes=35)
    advance = run.fire()
    assert len(advance.timers_fired) == 1
    assert run.timers["nag"].due_at == START + timedelta(minutes=40)
    run.later(days=1)
    assert len(run.fire().timers_fired) == 1 and not run.timers


def test_trap_an_unfinished_cycle_does_not_keep_the_instance_open() -> None:
    p = single(groups="duty")
    p.boundary_timer("nag", "t", cycle="R9/PT10M", interrupting=False).end("n").flow("nag", "n")
    run = Run(compiled(p)).later(minutes=10)
    run.fire()
    assert run.done("t").status == "completed"


def test_trap_the_task_a_deadline_cancels_is_reported() -> None:
    p = single(groups="duty").boundary_timer("late", "t", "PT1H").end("l").flow("late", "l")
    advance = Run(compiled(p)).later(hours=2).fire()
    assert [(c.path, c.outcome, c.by) for c in advance.closed] == [("t", "cancelled", "late")]


def test_trap_a_completed_task_is_not_run_again() -> None:
    done = stock(single(groups="duty"))
    task = done.get_next_task(spec_name="t")
    task.run()
    task.run()  # not a word
    p = Process("p1").start().user_task("t", "duty").user_task("u", "duty").end()
    run = Run(compiled(p.chain("start", "t", "u", "end")))
    id = run.task_id("t")
    run.done("t")
    with pytest.raises(EngineRefusal, match="task_not_open"):
        engine.complete(run.definition, run.state, id, {}, run.context, default_feel())


def test_trap_every_result_survives_a_join() -> None:
    p = Process("p1").start().parallel("f").user_task("a", "duty").user_task("b", "duty")
    p.parallel("j").user_task("last", "duty").end().chain("start", "f", "a", "j", "last", "end")
    p.chain("f", "b", "j")
    losing = stock(p)
    for name in ("a", "b"):
        task = losing.get_next_task(spec_name=name)
        task.data["approved"] = name
        task.run()
        losing.do_engine_steps()
    assert losing.get_next_task(spec_name="last").data["approved"] == "b"
    run = Run(compiled(p), {"approved": None})
    run.done("a", approved=True, comment="first")
    run.done("b", approved=False, comment="second")
    assert run.variables == {
        "approved": None,
        "a": {"approved": True, "comment": "first"},
        "b": {"approved": False, "comment": "second"},
    }


def test_trap_deprecated_and_destructive_calls_are_not_used() -> None:
    source = "".join(f.read_text() for f in Path("workflows").rglob("*.py"))
    for name in ("refresh_waiting_tasks", "reset_from_task_id", "reset_branch", "migrate_workflow"):
        assert name not in source


def test_trap_a_finished_cycle_yields_no_moment() -> None:
    p = single(groups="duty")
    p.boundary_timer("nag", "t", cycle="R1/PT10M", interrupting=False).end("n").flow("nag", "n")
    run = Run(compiled(p)).later(hours=1)
    run.fire()
    assert run.waiting.timers == ()


def test_trap_an_old_format_is_read_and_an_unknown_one_refused() -> None:
    run = Run(compiled(single(groups="duty")))
    assert run.state[0] == 1
    with pytest.raises(state.StateError):
        state.load(bytes([99]) + run.state[1:], run.definition.specs)


def test_trap_the_script_engine_is_there_after_every_load() -> None:
    p = Process("p1").start().user_task("t", "duty").exclusive("x", default="x__end")
    p.user_task("a", "duty").end().chain("start", "t", "x").flow("x", "a", "t.go").flow("x", "end")
    run = Run(compiled(p.flow("a", "end")))
    run.done("t", go=True)
    assert run.open == ["a"]


def test_trap_an_instance_deep_in_its_life_still_knows_it_is_open() -> None:
    p = Process("p1").start().exclusive("m").user_task("t", "duty")
    p.exclusive("x", default="x__m").end().chain("start", "m", "t", "x").flow("x", "m")
    run = Run(compiled(p.flow("x", "end", "t.stop")))
    for _ in range(600):
        run.done("t", stop=False)
        del run.advances[:-1]
    assert run.last.status == "running" and not run.last.end_events
    advance = run.done("t", stop=True)
    assert advance.status == "completed" and advance.end_events == ("end",)
    assert run.last.closed[0].round == 601


def test_trap_moments_in_data_are_stored_by_type() -> None:
    value = {"at": START, "day": START.date(), "span": timedelta(minutes=3), "$": [1]}
    assert state.unpack(state.pack(value)) == value
    with pytest.raises(state.StateError):
        state.pack({"naive": START.replace(tzinfo=None)})


# ---------------------------------------------------------------------------------- cost


def test_trap_the_library_logs_no_state_changes() -> None:
    assert logging.getLogger("spiff").getEffectiveLevel() >= logging.WARNING
    assert not logging.getLogger("spiff.task").isEnabledFor(logging.INFO)


def test_trap_the_definition_is_no_part_of_the_state() -> None:
    p = single(groups="duty", documentation="原文" * 500)
    run = Run(compiled(p))
    assert len(run.state) < 400


def test_trap_a_circle_without_a_person_ends_as_an_incident() -> None:
    p = Process("p1").start().user_task("t", "duty").exclusive("m").exclusive("x", default="x__m")
    p.end().chain("start", "t", "m", "x").flow("x", "m").flow("x", "end", "n > 1")
    run = Run(compiled(p, variables={"n": "number"}), {"n": 1})
    advance = run.done("t")
    assert [i.code for i in advance.incidents] == ["engine_error"] and run.open == ["t"]
