"""Elements by path, with calls put in place and roles bound."""

from __future__ import annotations

import pytest

from tests.unit.bpmn_builder import Process, document, manifest, multi_instance
from workflows import catalogue
from workflows.catalogue import Catalogue, DataMapping
from workflows.contract import DeploymentError


def read(*processes: Process, extra: bytes = b"", **more: object) -> Catalogue:
    files = {"plan.bpmn": document(*processes, messages={"m_retier": "retier"})}
    if extra:
        files["shared/extra.bpmn"] = extra
    return catalogue.read(files, manifest(**more))  # type: ignore[arg-type]


def called() -> Process:
    process = Process("approve", "审批").start("begin").user_task("draft", "writer")
    process.user_task("sign", "boss", properties={"notSameAs": "draft"}).end("done")
    return process.chain("begin", "draft", "sign", "done")


def test_a_user_task_is_read_whole() -> None:
    process = Process("p1").start().end().chain("start", "grade", "end")
    process.user_task(
        "grade", "duty, office", name="研判", documentation="按表研判。", documentation_en="Grade.",
        properties={
            "name.en": "Grade", "clause": "P11-1 P11-2", "origin": "baseline",
            "setsAnchor": "graded_at", "notSameAs": "report",
        },
        camunda_attributes={
            "candidateUsers": "li,wang", "assignee": "zhao", "priority": "80",
            "followUpDate": "PT10M",
        },
        fields=[
            ("deaths", "long", {"label": "死亡人数", "defaultValue": "0",
                "properties": {"label.en": "Deaths", "help": "据医院", "help.en": "By hospital"},
                "validation": {"required": "true", "min": "0"}}),
            ("note", "string", {"label": "备注", "properties": {"widget": "textarea"}}),
            ("medium", "enum", {"label": "渠道", "options": {"v": "视频", "w": "微博"},
                "properties": {"v.en": "Video"}}),
        ],
    )  # fmt: skip
    process.user_task("report", "duty")
    element = read(process).elements["grade"]
    assert (element.kind, element.name, element.name_en) == ("userTask", "研判", "Grade")
    assert (element.documentation, element.documentation_en) == ("按表研判。", "Grade.")
    assert element.candidate_groups == ("duty", "office")
    assert element.candidate_users == ("li", "wang")
    assert (element.assignee, element.priority, element.follow_up) == ("zhao", 80, "PT10M")
    assert element.clauses == ("P11-1", "P11-2")
    assert element.origin == "baseline"
    assert element.not_same_as == ("report",)
    assert element.process_id == "p1"
    assert element.properties["setsAnchor"] == "graded_at"
    deaths, note, medium = element.form_fields
    assert (deaths.id, deaths.type, deaths.label, deaths.label_en) == (
        "deaths", "long", "死亡人数", "Deaths",
    )  # fmt: skip
    assert deaths.required
    assert deaths.default == "0"
    assert deaths.constraints == {"min": "0"}
    assert (deaths.help, deaths.help_en) == ("据医院", "By hospital")
    assert note.type == "text"
    assert not note.required
    assert medium.options == (("v", "视频", "Video"), ("w", "微博", ""))


def test_defaults_where_nothing_is_said() -> None:
    element = read(Process("p1").start().end().chain("start", "end")).elements["start"]
    assert (element.priority, element.origin, element.attached_to) == (50, "text", "")
    assert element.deadline_kind is None
    assert element.interrupting


@pytest.mark.parametrize(
    ("keywords", "kind", "text"),
    [
        ({"duration": "PT1H"}, "duration", "PT1H"),
        ({"date": "end of day(discovered_at)"}, "date", "end of day(discovered_at)"),
        ({"cycle": "R3/PT10M"}, "cycle", "R3/PT10M"),
    ],
)
def test_deadlines(keywords: dict[str, str], kind: str, text: str) -> None:
    process = Process("p1").start().user_task("a", "duty").end().chain("start", "a", "end")
    process.boundary_timer(
        "late", "a", interrupting=False, deadline="escalate", escalate_to="boss",
        properties={"anchor": "discovered_at"}, **keywords,
    )  # fmt: skip
    process.flow("late", "end")
    late = read(process, roles={"duty": "duty", "boss": "leader"}).elements["late"]
    assert (late.timer_kind, late.timer) == (kind, text)
    assert (late.deadline_kind, late.escalate_to, late.anchor) == (
        "escalate", "leader", "discovered_at",
    )  # fmt: skip
    assert late.attached_to == "a"
    assert not late.interrupting


def test_sub_processes_and_calls_become_paths() -> None:
    process = Process("p1").start().chain("start", "respond", "end").end()
    respond = process.sub_process("respond")
    respond.start("s").call("release", "approve", ins={"a": "b"}, outs={"sign": "sign"}).end("e")
    respond.chain("s", "release", "e")
    process.event_sub_process("raised").start_on("on_raise", message="m_retier").user_task(
        "regrade"
    )
    read_ = read(process, called(), roles={"writer": "publicity", "boss": "leader"})
    assert set(read_.elements) == {
        "start", "respond", "end", "respond/s", "respond/release", "respond/e",
        "respond/release/begin", "respond/release/draft", "respond/release/sign",
        "respond/release/done", "raised", "raised/on_raise", "raised/regrade",
    }  # fmt: skip
    draft = read_.elements["respond/release/draft"]
    assert (draft.id, draft.process_id, draft.candidate_groups) == (
        "draft", "approve", ("publicity",),
    )  # fmt: skip
    assert read_.elements["respond/release/sign"].not_same_as == ("respond/release/draft",)
    call = read_.calls["respond/release"]
    assert call.process_id == "approve"
    assert call.ins == (DataMapping(source="a", target="b"),)
    assert call.outs == (DataMapping(source="sign", target="sign"),)
    flow = read_.flows["respond/s__release"]
    assert (flow.source, flow.target) == ("respond/s", "respond/release")


def test_the_same_process_called_twice_has_its_callers_roles() -> None:
    process = Process("p1").start().end().chain("start", "first", "second", "end")
    process.call("first", "approve")
    process.call("second", "approve", properties={"role.boss": "mayor", "role.writer": "boss"})
    bound = {"writer": "publicity", "boss": "office", "mayor": "leader"}
    elements = read(process, called(), roles=bound).elements
    assert elements["first/draft"].candidate_groups == ("publicity",)
    assert elements["first/sign"].candidate_groups == ("office",)
    assert elements["second/draft"].candidate_groups == ("office",)
    assert elements["second/sign"].candidate_groups == ("leader",)


def test_rebinding_reaches_calls_within_the_call() -> None:
    outer = Process("outer").start().call("inner", "approve").end().chain("start", "inner", "end")
    process = Process("p1").start().end().chain("start", "out", "end")
    process.call("out", "outer", properties={"role.boss": "mayor"})
    bound = {"writer": "publicity", "boss": "office", "mayor": "leader"}
    elements = read(process, called(), outer, roles=bound).elements
    assert elements["out/inner/sign"].candidate_groups == ("leader",)


def test_not_same_as_looks_outwards_and_takes_paths() -> None:
    process = Process("p1").start().end().chain("start", "draft", "release", "check", "end")
    process.user_task("draft", "duty").call("release", "approve")
    process.user_task("check", "duty", properties={"notSameAs": "release/sign draft"})
    elements = read(process, called()).elements
    assert elements["check"].not_same_as == ("release/sign", "draft")
    # Inside the call its own draft is nearer than the caller's.
    assert elements["release/sign"].not_same_as == ("release/draft",)


def test_the_innermost_lane_is_given_and_sub_processes_hand_theirs_on() -> None:
    process = Process("p1").start().user_task("a").end().chain("start", "a", "sub", "call", "end")
    process.sub_process("sub").start("s").user_task("b").end("e").chain("s", "b", "e")
    process.call("call", "approve")
    process.lanes({"县里": {"办公室": ["a", "sub"], "领导": ["call"]}})
    elements = read(process, called()).elements
    assert elements["a"].lane == "办公室"
    assert elements["sub/b"].lane == "办公室"
    assert elements["call"].lane == "领导"
    assert elements["call/draft"].lane == ""  # a called process inherits none
    assert elements["start"].lane == ""


def test_a_lane_named_as_a_role_gives_its_tasks_that_role() -> None:
    process = Process("p1").start().user_task("a").end().chain("start", "a", "end")
    process.lanes({"office": ["a"]})
    assert read(process, roles={"office": "leader"}).elements["a"].candidate_groups == ("leader",)


def test_files_are_read_together() -> None:
    process = Process("p1").start().call("c", "approve").end().chain("start", "c", "end")
    assert "c/draft" in read(process, extra=document(called())).elements


def test_a_process_that_calls_itself_is_found_not_followed() -> None:
    a = Process("p1").start().call("c", "other").end().chain("start", "c", "end")
    b = Process("other").start().call("d", "p1").end().chain("start", "d", "end")
    read_ = read(a, b)
    assert [(f.code, f.element, f.args["process"]) for f in read_.findings] == [
        ("recursive_call", "d", "p1 > other > p1")
    ]
    assert "c/d" in read_.elements
    assert "c/d/start" not in read_.elements


def test_calls_that_fan_out_without_bound_are_cut() -> None:
    levels = []
    for level in range(8):
        process = Process(f"level{level}" if level else "p1").start().end()
        for n in range(10):
            process.call(f"c{n}", f"level{level + 1}")
        levels.append(process)
    levels.append(Process("level8").start().end())
    read_ = read(*levels)
    assert "too_many_elements" in {f.code for f in read_.findings}
    assert len(read_.elements) <= catalogue.MAX_ELEMENTS + 100


def test_a_long_chain_of_calls_is_cut() -> None:
    chain = [
        Process(f"level{n}" if n else "p1").start().call("c", f"level{n + 1}").end()
        for n in range(200)
    ]
    assert {f.code for f in read(*chain).findings} == {"calls_too_deep"}


def test_a_missing_process_is_refused() -> None:
    with pytest.raises(DeploymentError) as caught:
        read(Process("p2").start().end())
    assert caught.value.findings[0].code == "process_missing"
    assert caught.value.findings[0].args == {"process": "p1", "found": "p2"}


def test_faults_of_all_files_are_reported_at_once() -> None:
    files = {"a.bpmn": b"", "b.bpmn": b"PK\x03\x04", "c.bpmn": document(Process("p1").start())}
    with pytest.raises(DeploymentError) as caught:
        catalogue.read(files, manifest())
    assert [(f.file, f.code) for f in caught.value.findings] == [
        ("a.bpmn", "empty_file"), ("b.bpmn", "binary_file"),
    ]  # fmt: skip


def test_the_data_of_a_call() -> None:
    process = Process("p1").start().end().chain("start", "c", "end")
    process.call(
        "c", "approve", in_expressions={"n": "= a + 1"}, all_in=True, all_out=True,
        loop=multi_instance(collection="rows", element_variable="row"),
    )  # fmt: skip
    call = read(process, called()).calls["c"]
    assert call.ins == (
        DataMapping(expression="a + 1", target="n"), DataMapping(everything=True),
    )  # fmt: skip
    assert call.outs == (DataMapping(everything=True),)
