"""What may not be deployed, each with its code and its element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.bpmn_builder import Process, Scope, document, event, manifest, multi_instance
from workflows import catalogue, checks
from workflows.bundle import Bundle
from workflows.contract import Finding
from workflows.feel import default_feel
from workflows.findings import MAX_FINDINGS, Findings

DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
 namespace="https://example.org/dmn"><decision id="tiers" name="tiers"/></definitions>"""
DEFINED = {
    "messages": {"m_retier": "retier"}, "signals": {"s_calm": "calm"}, "errors": {"e_no": "no"},
}  # fmt: skip


def findings(*processes: Process, **more: Any) -> list[Finding]:
    told = manifest(**{"variables": {"level": "number", "rows": "list"}, **more})
    files = {"plan.bpmn": document(*processes, **DEFINED), "tiers.dmn": DMN}
    read = catalogue.read(files, told)
    return checks.check(Bundle(files, told), read, default_feel())


def codes(*processes: Process, **more: Any) -> list[tuple[str, str]]:
    return [(f.code, f.element) for f in findings(*processes, **more) if f.severity == "error"]


def warned(*processes: Process, **more: Any) -> list[tuple[str, str]]:
    return [(f.code, f.element) for f in findings(*processes, **more) if f.severity == "warning"]


def line(*ids: str) -> Process:
    """start -> ids -> end; the middle is for the test to add."""
    return Process("p1").start().end().chain("start", *ids, "end")


def sound() -> tuple[Process, ...]:
    """A plan that uses everything the engine can run."""
    plan = Process("p1").start().user_task("grade", "duty", form_key="planroom:grade")
    plan.chain("start", "rate", "grade", "how_bad").business_rule("rate", "tiers", "rated")
    plan.exclusive("how_bad", default="to_small")
    plan.flow("how_bad", "respond", "= grade.level >= 3 and level > 1")
    plan.flow("how_bad", "both", id="to_small")
    plan.boundary_timer("hurry", "grade", "PT10M", interrupting=False, deadline="remind")
    plan.boundary_timer(
        "late", "grade", date='discovered_at + duration("PT1H")', interrupting=False,
        deadline="escalate", escalate_to="leader",
    )  # fmt: skip
    plan.service_task("tell", "notify").chain("tell", "told").chain("late", "tell")
    plan.end("told").chain("hurry", "told")
    plan.parallel("both").chain("both", "ask", "joined").parallel("joined")
    plan.chain("both", "wait", "quiet", "joined").chain("wait", "calmed", "joined")
    plan.event_based("wait").catch("quiet", timer=("duration", "P1DT2H"))
    plan.catch("calmed", signal="s_calm").user_task("ask", "office", fields=[("a", "long")])
    plan.chain("joined", "which").inclusive("which", default="nothing")
    plan.flow("which", "hear", "ask.a > 3").flow("which", "merged", id="nothing")
    plan.chain("hear", "merged", "end").inclusive("merged").end()
    plan.user_task(
        "hear", "leader", loop=multi_instance(
            collection="rows", element_variable="row", until="nrOfCompletedInstances > 2"
        ),
        properties={"notSameAs": "ask respond/inside"},
    )  # fmt: skip
    respond = plan.sub_process("respond").start("r0").end("r1")
    respond.chain("r0", "inside", "called", "r1").user_task("inside", "duty")
    respond.call("called", "shared", ins={"inside": "given"}, outs={"sign": "signed"},
                 properties={"role.writer": "duty"})  # fmt: skip
    plan.boundary("again", "respond", message="m_retier").chain("again", "grade")
    plan.boundary("failed", "respond", error="e_no").chain("failed", "end")
    plan.chain("respond", "end")
    raised = plan.event_sub_process("raised").start_on("on_raise", signal="s_calm").end("raised_e")
    raised.chain("on_raise", "raised_e")
    shared = Process("shared").start("s0").user_task("sign", "writer").end("s1")
    shared.chain("s0", "sign", "ok").exclusive("ok", default="yes")
    shared.flow("ok", "s1", id="yes").flow("ok", "sign", 'given = null or sign.decision = "no"')
    return plan, shared


def test_a_sound_plan_has_no_findings() -> None:
    assert findings(*sound()) == []


def scripted(scope: Scope) -> None:
    node = scope.add("scriptTask", "x")
    node.append(node.makeelement("{http://www.omg.org/spec/BPMN/20100524/MODEL}script"))


def compensating(scope: Scope) -> None:
    event(scope.add("intermediateThrowEvent", "x"), "compensate")


def linking(scope: Scope) -> None:
    event(scope.add("intermediateThrowEvent", "x"), "link", name="a")


def conditional(scope: Scope) -> None:
    event(scope.add("intermediateCatchEvent", "x"), "conditional")


def doubled(scope: Scope) -> None:
    node = scope.add("intermediateCatchEvent", "x")
    event(node, "message", messageRef="m_retier")
    event(node, "signal", signalRef="s_calm")


LISTENER = '<camunda:executionListener class="a.B" event="start"/>'

#: What stands between start and end, and the code it must give for element x.
ONE_ELEMENT: list[tuple[Callable[[Process], object], str]] = [
    (scripted, "unsupported_element"),
    (lambda p: p.add("complexGateway", "x"), "unsupported_element"),
    (lambda p: p.add("transaction", "x"), "unsupported_element"),
    (lambda p: p.add("adHocSubProcess", "x"), "unsupported_element"),
    (lambda p: p.add("choreographyTask", "x"), "unsupported_element"),
    (lambda p: p.add("task", "x", isForCompensation="true"), "unsupported_element"),
    (lambda p: p.raw('<bpmn:task id="x"><bpmn:standardLoopCharacteristics/></bpmn:task>'),
     "loop_needs_one_count"),
    (compensating, "unsupported_event"),
    (linking, "unsupported_event"),
    (conditional, "unsupported_event"),
    (doubled, "several_event_definitions"),
    (lambda p: p.catch("x"), "event_without_trigger"),
    (lambda p: p.add("sendTask", "x"), "message_missing"),
    (lambda p: p.add("receiveTask", "x"), "message_missing"),
    (lambda p: p.add("receiveTask", "x", messageRef="m_none"), "message_unknown"),
    (lambda p: p.catch("x", message="m_none"), "message_unknown"),
    (lambda p: p.throw("x", signal="s_none"), "signal_unknown"),
    (lambda p: p.add("serviceTask", "x"), "service_not_external"),
    (lambda p: p.add("serviceTask", "x", camunda_attributes={"class": "a.B"}),
     "service_not_external"),
    (lambda p: p.service_task("x", ""), "topic_missing"),
    (lambda p: p.raw(f'<bpmn:task id="x"><bpmn:extensionElements>{LISTENER}'
                     "</bpmn:extensionElements></bpmn:task>"), "unsupported_extension"),
    (lambda p: p.add("task", "x", camunda_attributes={"expression": "${a}"}),
     "unsupported_extension"),
    (lambda p: p.raw('<bpmn:task id="x"><bpmn:dataInputAssociation/></bpmn:task>'),
     "unsupported_extension"),
    (lambda p: p.business_rule("x", "", "r"), "decision_missing"),
    (lambda p: p.business_rule("x", "none_such", "r"), "decision_unknown"),
    (lambda p: p.business_rule("x", "tiers", "r", "all"), "bad_decision_mapping"),
    (lambda p: p.business_rule("x", "tiers", "r-1"), "bad_variable_name"),
    (lambda p: p.call("x", "none_such"), "called_process_missing"),
    (lambda p: p.call("x", ""), "called_process_missing"),
    (lambda p: p.call("x", "p1"), "recursive_call"),
    (lambda p: p.user_task("x"), "no_candidate_group"),
    (lambda p: p.user_task("x", "nobody"), "unknown_role"),
    (lambda p: p.user_task("x", "duty", form_key="embedded:app:forms/x.html"), "unknown_form"),
    (lambda p: p.task("x", camunda_attributes={"formKey": "planroom:grade"}),
     "form_on_wrong_element"),
    (lambda p: p.user_task("x", "duty", fields=[("a", "money")]), "unknown_field_type"),
    (lambda p: p.user_task("x", "duty", fields=[("a", "enum")]), "enum_without_values"),
    (lambda p: p.user_task("x", "duty", fields=[("", "long")]), "field_without_id"),
    (lambda p: p.user_task("x", "duty", fields=[("a", "long"), ("a", "long")]), "duplicate_field"),
    (lambda p: p.user_task("x", "duty", fields=[
        ("a", "enum", {"options": {"u": "U"}, "defaultValue": "v"})]), "bad_field_default"),
    (lambda p: p.user_task("x", "duty", fields=[
        ("a", "string", {"validation": {"maxlength": "many"}})]), "bad_constraint"),
    (lambda p: p.user_task("x", "duty", fields=[
        ("a", "string", {"validation": {"class.Validator": ""}})]), "unknown_constraint"),
    (lambda p: p.user_task("x", "duty", properties={"notSameAs": "y"}), "not_same_as_unknown"),
    (lambda p: p.user_task("x", "duty", properties={"notSameAs": "start"}),
     "not_same_as_no_task"),
    (lambda p: p.user_task("x", "duty", properties={"notSameAs": "x"}), "not_same_as_itself"),
    (lambda p: p.user_task("x", "duty", properties={"origin": "guess"}), "unknown_origin"),
    (lambda p: p.user_task("x", "duty", properties={"approvalKind": "nod"}),
     "unknown_approval_kind"),
    (lambda p: p.user_task("x", "duty", properties={"deadlineKind": "due"}),
     "deadline_without_timer"),
    (lambda p: p.task("x", properties={"setsAnchor": "calmed_at"}), "anchor_on_wrong_element"),
    (lambda p: p.user_task("x", "duty", camunda_attributes={"followUpDate": "0 0 9 * * ?"}),
     "follow_up_invalid"),
    (lambda p: p.user_task("x", "duty", loop=multi_instance()), "loop_needs_one_count"),
    (lambda p: p.user_task("x", "duty", loop=multi_instance(cardinality="3", collection="rows")),
     "loop_needs_one_count"),
    (lambda p: p.user_task("x", "duty", loop=multi_instance(cardinality="3 +")), "loop_invalid"),
    (lambda p: p.user_task("x", "duty", loop=multi_instance(collection="lines")),
     "unknown_variable"),
    (lambda p: p.user_task("x", "duty", loop=multi_instance(cardinality="3", until="done")),
     "unknown_variable"),
]  # fmt: skip


@pytest.mark.parametrize(("add", "code"), ONE_ELEMENT)
def test_one_element(add: Callable[[Process], object], code: str) -> None:
    process = line("x")
    add(process)
    assert (code, "x") in codes(process)


@pytest.mark.parametrize("tag", ["task", "manualTask"])
def test_tasks_that_only_pass_are_fine(tag: str) -> None:
    process = line("x")
    process.add(tag, "x")
    assert codes(process) == []


def test_findings_name_the_file_and_what_is_wrong() -> None:
    (found,) = findings(line("x").user_task("x", "nobody"))
    assert found == Finding("unknown_role", "error", "plan.bpmn", "x", {"role": "nobody"})


# ----------------------------------------------------------------------- timers


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("duration", "-PT1H", "negative"),
        ("duration", "+PT1H", "negative"),
        ("duration", "PT", "not_iso8601"),
        ("duration", "P", "unknown"),
        ("duration", "PT1H30", "not_iso8601"),
        ("duration", "P1W2D", "not_iso8601"),
        ("duration", "1 hour", "syntax"),
        ("duration", '"PT1H"', "quoted"),
        ("duration", "0 0 9 * * ?", "cron"),
        ("duration", "2026-01-01T00:00:00Z", "date_in_duration"),
        ("duration", "R3/PT10M", "cycle_in_duration"),
        ("date", "PT1H", "duration_in_date"),
        ("date", "2026-01-01T00:00:00", "no_offset"),
        ("date", "2026-02-30T00:00:00Z", "no_such_day"),
        ("date", "2026-01-01", "not_iso8601"),
        ("cycle", "PT10M", "duration_in_cycle"),
        ("cycle", "0 0 9 * * ?", "cron"),
        ("cycle", "0 */5 * * * *", "cron"),
        ("cycle", "R3/-PT10M", "negative"),
        ("cycle", "R-1/PT10M", "not_iso8601"),
        ("cycle", "R0/PT10M", "zero_repeats"),
        ("cycle", "R3", "cycle_not_iso"),
        ("cycle", 'duration("PT1H")', "cycle_not_iso"),
        ("date", "end of day(", "syntax"),
        ("date", 'discovered_at + duration("1H")', "invalid_literal"),
        ("date", "no_such_at", "unknown"),
    ],
)
def test_unparsable_timers(kind: str, text: str, problem: str) -> None:
    process = line("a").user_task("a", "duty").chain("x", "end")
    process.boundary("x", "a", timer=(kind, text))
    (found,) = findings(process)
    if problem == "unknown":
        assert (found.code, found.element) == ("unknown_variable", "x")
    else:
        assert (found.code, found.element, found.args["problem"]) == ("timer_invalid", "x", problem)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("duration", "PT1H"), ("duration", "P3D"), ("duration", "P1W"), ("duration", "PT0.5S"),
        ("duration", "P1DT2H3M4S"), ("duration", 'duration("PT1H")'),
        ("duration", 'if level > 2 then duration("PT1H") else duration("PT2H")'),
        ("date", "2026-01-01T00:00:00+08:00"), ("date", "2026-01-01T00:00Z"),
        ("date", "= end of day after(calmed_at, 3)"),
        ("date", "add working days(discovered_at, 3)"),
        ("cycle", "R3/PT10M"), ("cycle", "R/PT10M"),
    ],
)  # fmt: skip
def test_timers_that_parse(kind: str, text: str) -> None:
    process = line("a").user_task("a", "duty").chain("x", "end")
    process.boundary("x", "a", timer=(kind, text))
    assert codes(process, anchors=["calmed_at"]) == []


def test_a_timer_without_text() -> None:
    process = line("a").user_task("a", "duty").chain("x", "end")
    process.boundary("x", "a", timer=("duration", " "))
    assert codes(process) == [("timer_missing", "x")]


def test_due_date_beside_a_due_deadline() -> None:
    attributes = {"dueDate": "PT1H"}
    process = line("x").user_task("x", "duty", camunda_attributes=attributes)
    assert warned(process) == [("due_date_not_watched", "x")]
    process.boundary_timer("t", "x", "PT1H", interrupting=False, deadline="due").chain("t", "end")
    assert codes(process) == [("two_deadlines", "x")]


def test_due_date_beside_the_deadline_of_the_enclosing_sub_process() -> None:
    process = line("sub")
    process.sub_process("sub").start("s").end("e").chain("s", "x", "e").user_task(
        "x", "duty", camunda_attributes={"dueDate": "PT1H"}
    )
    process.boundary_timer("t", "sub", "PT1H", interrupting=False, deadline="due")
    assert codes(process.chain("t", "end")) == [("two_deadlines", "x")]


def test_deadlines_of_a_wrong_kind_or_to_nobody() -> None:
    process = line("a").user_task("a", "duty").chain("t", "end").chain("u", "end").chain("v", "end")
    process.boundary_timer("t", "a", "PT1H", deadline="soon")
    process.boundary_timer("u", "a", "PT2H", deadline="escalate")
    process.boundary_timer("v", "a", "PT3H", deadline="escalate", escalate_to="nobody")
    assert codes(process) == [
        ("unknown_deadline_kind", "t"), ("escalate_to_missing", "u"), ("unknown_role", "v"),
    ]  # fmt: skip


def test_an_anchor_nobody_sets() -> None:
    process = line("a").user_task("a", "duty", properties={"setsAnchor": "calmed_at"})
    for id, anchor in (("t", "calmed_at"), ("u", "no_such_at")):
        process.boundary_timer(id, "a", "PT1H", properties={"anchor": anchor}).chain(id, "end")
    assert codes(process) == [("unknown_anchor", "u")]


def with_clock(*, inner_terminates: bool, outer_terminates: bool) -> Process:
    process = Process("p1").start().user_task("a", "duty").end(terminate=outer_terminates)
    watch = process.chain("start", "a", "end").event_sub_process("watch")
    watch.start_on("tick", timer=("duration", "PT1H")).end("tock", terminate=inner_terminates)
    watch.chain("tick", "tock")
    return process


@pytest.mark.parametrize("inner", [False, True])
def test_a_waiting_timer_event_sub_process_needs_a_terminate_end_elsewhere(inner: bool) -> None:
    process = with_clock(inner_terminates=inner, outer_terminates=False)
    assert codes(process) == []
    assert warned(process) == [("timer_keeps_open", "watch")]
    assert findings(with_clock(inner_terminates=inner, outer_terminates=True)) == []


# ------------------------------------------------------------------ expressions


def choice(condition: str, **more: Any) -> Process:
    process = line("a", "x").user_task("a", "duty", **more).exclusive("x", default="x__end")
    return process.end("other").flow("x", "other", condition, id="f")


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("level == 1", "condition_invalid"),
        ("level >", "condition_invalid"),
        ("${level > 1}", "condition_invalid"),
        ("=", "condition_invalid"),
        ("lvl = 1", "unknown_variable"),
        ("a.c = 1", "unknown_variable"),
        ("grade.level = 1", "unknown_variable"),
        ('level = "1"', "type_mismatch"),
        ('a.b = "1"', "type_mismatch"),
        ('discovered_at = "2026"', "type_mismatch"),
    ],
)
def test_conditions_that_cannot_hold(condition: str, code: str) -> None:
    assert (code, "f") in codes(choice(condition, fields=[("b", "long")]))


@pytest.mark.parametrize(
    "condition",
    ["level > 1", "= level > 1", "a.b > 1 and signal.reads > 1000", 'case.tier = "major"',
     "now() > discovered_at", "some r in rows satisfies r.met = false"],
)  # fmt: skip
def test_conditions_that_may_hold(condition: str) -> None:
    assert codes(choice(condition, fields=[("b", "long")])) == []


def test_a_condition_in_another_language() -> None:
    process = choice("level > 1")
    for node in process.node.iter("{*}conditionExpression"):
        node.set("language", "javascript")
    assert codes(process) == [("wrong_language", "f")]


def test_variables_of_a_called_process_are_what_it_is_given() -> None:
    def called() -> Process:
        process = Process("q").start("qs").user_task("t", "duty").end("qe").chain("qs", "t", "g")
        process.exclusive("g", default="d").flow("g", "qe", id="d").end("qf")
        return process.flow("g", "qf", "level > 1 and t.done = true", id="f")

    assert codes(line("c").call("c", "q"), called()) == [("unknown_variable", "f")]
    assert codes(line("c").call("c", "q", ins={"level": "level"}), called()) == []
    assert codes(line("c").call("c", "q", all_in=True), called()) == []


def test_data_mappings() -> None:
    def called() -> Process:
        return Process("q").start("qs").user_task("t", "duty").end("qe").chain("qs", "t", "qe")

    def with_call(**keywords: Any) -> list[tuple[str, str]]:
        return codes(line("c").call("c", "q", **keywords), called())

    assert with_call(ins={"level": "n"}, outs={"t": "back"}) == []
    assert with_call(ins={"lvl": "n"}) == [("unknown_variable", "c")]
    assert with_call(outs={"u": "back"}) == [("unknown_variable", "c")]
    assert with_call(ins={"level": "n n"}) == [("bad_variable_name", "c")]
    assert with_call(in_expressions={"n": "level +"}) == [("mapping_invalid", "c")]
    assert with_call(in_expressions={"n": "level + 1"}) == []


def test_all_variables_both_ways_is_doubtful() -> None:
    called = Process("q").start("qs").end("qe").chain("qs", "qe")
    assert warned(line("c").call("c", "q", all_in=True, all_out=True), called) == [
        ("everything_comes_back", "c")
    ]


def test_deciding_by_what_is_typed_is_doubtful() -> None:
    def asked(condition: str) -> list[tuple[str, str]]:
        process = line("ask", "x").exclusive("x", default="x__end")
        fields: list[tuple[Any, ...]] = [
            ("who", "string"),
            ("count", "long"),
            ("ward", "long", {"properties": {"personal": "true"}}),
        ]
        process.user_task("ask", "duty", fields=fields)
        process.end("other").flow("x", "other", condition, id="odd")
        return warned(process)

    assert asked('ask.who = "欧阳小敏"') == [("typed_words_decide", "odd")]
    assert asked("ask.ward > 3") == [("typed_words_decide", "odd")]
    assert asked('ask.count > 3 and string(level) != "ask.who"') == []


def test_what_comes_back_from_a_call_is_known_after_it() -> None:
    called = Process("q").start("qs").user_task("t", "duty").end("qe").chain("qs", "t", "qe")
    process = line("c", "x").call("c", "q", outs={"t": "back"}).exclusive("x", default="x__end")
    process.end("other").flow("x", "other", "back.ok = true")
    assert codes(process, called) == []


# ------------------------------------------------------------------------- shape


def test_dead_ends() -> None:
    process = Process("p1").start().end().chain("start", "g").flow("g", "end", "level > 1")
    process.exclusive("g").flow("g", "x", "level <= 1").user_task("x", "duty")
    process.boundary_timer("t", "x", "PT1H")
    assert codes(process) == [("dead_end", "x"), ("dead_end", "t")]
    assert warned(process) == [("no_default_flow", "g")]


def test_unreachable_elements() -> None:
    process = line("a").user_task("a", "duty").user_task("x", "duty").chain("x", "end")
    assert codes(process) == [("unreachable", "x")]


@pytest.mark.parametrize(
    ("process", "code", "element"),
    [
        (lambda: Process("p1").end(), "start_missing", "p1"),
        (lambda: Process("p1").start().task("a").chain("start", "a"), "end_missing", "p1"),
        (lambda: line().start("again").chain("again", "end"), "several_starts", "p1"),
        (lambda: line().flow("end", "start"), "end_has_outgoing", "end"),
        (lambda: line("a").task("a").flow("a", "start"), "event_has_incoming", "start"),
        (lambda: line("a").task("a").flow("a", "end", id="z"), "several_outgoing", "a"),
        (lambda: line("a").task("a").flow("a", "gone", id="z"), "flow_end_missing", "z"),
        (lambda: line().flow("gone", "end", id="z"), "flow_end_missing", "z"),
        (lambda: line().user_task("a", "duty").task("a"), "duplicate_id", "a"),
        (lambda: line("a-1").task("a-1"), "bad_element_id", "a-1"),
        (lambda: line("_1").task("_1"), "bad_element_id", "_1"),
        (lambda: line("if").task("if"), "reserved_id", "if"),
        (lambda: line("signal").task("signal"), "reserved_id", "signal"),
        (lambda: line("End").task("End"), "reserved_id", "End"),
        (lambda: line().boundary_timer("t", "gone", "PT1H").chain("t", "end"),
         "boundary_without_host", "t"),
        (lambda: line("a").task("a").boundary_timer("t", "start", "PT1H").chain("t", "end"),
         "boundary_without_host", "t"),
        (lambda: line("x").event_based("x"), "event_gateway_needs_events", "x"),
        (lambda: line("x").exclusive("x", default="other"), "default_unknown", "x"),
        (lambda: line("x").exclusive("x").flow("x", "end", id="z"), "condition_missing", "z"),
        (lambda: line("x").task("x", default="x__end"), "default_without_choice", "x"),
        (lambda: line("x").exclusive("x", default="z").flow("x", "end", "level > 1", id="z"),
         "default_has_condition", "z"),
        (lambda: line().task("x").flow("x", "end", "level > 1", id="z"),
         "condition_without_choice", "z"),
        (lambda: line().boundary("t", "a", error="e_no", interrupting=False).chain("t", "end")
         .task("a").chain("a", "end"), "error_must_interrupt", "t"),
        (lambda: Process("p1").start_on("x", message="m_retier").end().chain("x", "end"),
         "start_must_be_plain", "x"),
        (lambda: Process("p1", executable=False).start().end().chain("start", "end"),
         "process_not_executable", "p1"),
    ],
)  # fmt: skip
def test_shapes(process: Callable[[], Process], code: str, element: str) -> None:
    assert (code, element) in codes(process())


def test_event_sub_processes() -> None:
    process = line()
    process.event_sub_process("x").start("s").end("e").chain("s", "e")
    process.chain("start", "x")
    assert set(codes(process)) >= {
        ("event_without_trigger", "s"), ("event_sub_process_has_flow", "x"),
        ("several_outgoing", "start"),
    }  # fmt: skip


def test_a_sub_process_may_not_share_a_name_with_a_process() -> None:
    process = line("q", "c").call("c", "q")
    process.sub_process("q").start("s").end("e").chain("s", "e")
    called = Process("q").start("qs").end("qe").chain("qs", "qe")
    assert ("duplicate_sub_process", "q") in codes(process, called)


def test_a_fault_in_a_process_called_twice_is_one_finding() -> None:
    called = Process("q").start("qs").user_task("x", "nobody").end("qe").chain("qs", "x", "qe")
    process = line("c", "d").call("c", "q").call("d", "q")
    assert codes(process, called) == [("unknown_role", "x")]


def test_processes_nobody_calls_are_left_alone() -> None:
    stray = Process("q").start("qs")
    scripted(stray)
    assert codes(line(), stray) == []


def test_role_rebinding_to_an_unknown_role() -> None:
    called = Process("q").start("qs").end("qe").chain("qs", "qe")
    process = line("c").call("c", "q", properties={"role.writer": "nobody"})
    assert codes(process, called) == [("unknown_role", "c")]


def test_the_manifest() -> None:
    assert codes(line(), roles={}) == [("no_roles", "")]
    assert codes(line(), variables={"a": "text"}) == [("unknown_variable_type", "a")]
    assert codes(line(), variables={"if": "number"}) == [("bad_variable_name", "if")]


def test_a_decision_table_that_is_no_xml() -> None:
    files = {"plan.bpmn": document(line()), "tiers.dmn": b"PK\x03\x04"}
    told = manifest()
    found = checks.check(Bundle(files, told), catalogue.read(files, told), default_feel())
    assert [(f.code, f.file) for f in found] == [("binary_file", "tiers.dmn")]


def test_a_large_hostile_diagram_is_judged_in_seconds() -> None:
    process = Process("p1").start().end().exclusive("g").chain("start", "g")
    for n in range(1_500):
        process.user_task(f"t{n}", "nobody").flow("g", f"t{n}", f"x{n} = 1").chain(f"t{n}", "end")
    assert 400 < len(findings(process)) <= 2 * MAX_FINDINGS


def test_no_crowd_of_warnings_hides_an_error() -> None:
    found = Findings()
    for n in range(2 * MAX_FINDINGS):
        found.warning("outcome_ignored", "plan.bpmn", f"t{n}")
    found.error("release_unapproved", "plan.bpmn", "r")
    first, *rest = found.all()
    assert first.severity == "error" and len(rest) == MAX_FINDINGS
    assert not found.full
