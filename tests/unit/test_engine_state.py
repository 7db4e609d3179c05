"""State and definitions as bytes: small, typed, and readable in years to come.

The fixtures were written by format 1; they are never written again. A new format gets a reader
of the old one and a fixture of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.engine_case import START, Run, compiled
from workflows import engine, state
from workflows.contract import Context
from workflows.definition import Bundle, Definition, DefinitionError
from workflows.feel import default_feel
from workflows.feel_values import YearsMonthsDuration

FIXTURES = Path(__file__).parent / "fixtures"


def rich() -> tuple[Process, Process]:
    """A plan that holds, after its first task, one of everything a state can hold."""
    shared = (
        Process("shared")
        .start("s")
        .user_task("ask", "duty", loop=multi_instance(collection="units", element_variable="unit"))
        .end("e")
        .chain("s", "ask", "e")
    )
    p = Process("p1").start().user_task("grade", "duty").parallel("f").parallel("j").end()
    p.call("many", "shared", ins={"units": "units"}, outs={"ask": "answers"})
    p.user_task("write", "office").service_task("tell", "notify").catch("wait", message="m1")
    p.boundary_timer("nag", "write", cycle="R/PT10M", interrupting=False, deadline="remind")
    p.boundary_timer(
        "due",
        "write",
        "PT1H",
        interrupting=False,
        deadline="due",
        properties={"anchor": "discovered_at"},
    )
    p.chain("start", "grade", "f", "many", "j", "end").chain("f", "write", "j")
    p.chain("f", "tell", "j").chain("f", "wait", "j")
    p.end("n").end("o").flow("nag", "n").flow("due", "o")
    watch = p.event_sub_process("watch")
    watch.start_on("far", timer=("duration", "P30D")).end("stop", terminate=True)
    watch.flow("far", "stop")
    return p, shared


def half_way() -> Run:
    definition = compiled(*rich(), messages={"m1": "go"}, variables={"units": "list"})
    run = Run(definition, {"units": ["甲", "乙"]}, anchors={"discovered_at": START})
    run.done("grade", at=START, span=timedelta(minutes=5))
    run.done("many/ask[1]", answer="乙")
    run.message("go", ok=True)
    return run


def finish(run: Run) -> None:
    assert run.open == ["many/ask[0]", "write"]
    assert sorted(run.timers) == ["due", "nag", "watch/far"]
    assert run.timers["due"].due_at == START + timedelta(hours=1)
    assert run.variables["grade"] == {"at": START, "span": timedelta(minutes=5)}
    run.later(minutes=12).fire()
    run.done("write", text="x")
    run.answer("tell")
    advance = run.done("many/ask[0]", answer="甲")
    assert advance.status == "completed" and advance.end_events == ("many/e", "end")
    assert run.variables["answers"] == [{"answer": "甲"}, {"answer": "乙"}]
    assert run.variables["wait"] == {"ok": True}


def test_a_state_goes_on_after_being_stored() -> None:
    finish(half_way())


def test_format_1_is_still_read() -> None:
    definition = Definition.load((FIXTURES / "definition_1.bin").read_bytes())
    stored = (FIXTURES / "state_1.bin").read_bytes()
    run = Run.__new__(Run)
    run.definition, run.now, run.advances = definition, START, []
    run.anchors = {"discovered_at": START}
    run.last = engine.retime(definition, stored, run.context, default_feel())
    finish(run)


def test_equal_states_are_equal_bytes() -> None:
    run = half_way()
    workflow = state.load(run.state, run.definition.specs)
    assert state.save(workflow) == run.state


def test_a_rich_state_is_small() -> None:
    assert len(half_way().state) < 1200


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -3, 1.5, "文", [], {}, [1, [2]], {"a": {"b": None}}, {"$": "x"},
        {"$": ["dt", "x"]}, 2**80, Decimal("1.10"), date(2026, 1, 5), time(8, 30),
        time(8, 30, tzinfo=ZoneInfo("Asia/Shanghai")), timedelta(days=-1, microseconds=3),
        datetime(2026, 1, 5, 7, tzinfo=UTC), YearsMonthsDuration(14),
    ],
)  # fmt: skip
def test_values_come_back_as_they_were(value: object) -> None:
    back = state.unpack(state.pack({"v": value}))["v"]
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("value", [{1: "x"}, object(), b"x", datetime(2026, 1, 5)])  # noqa: DTZ001
def test_what_is_no_value_is_refused(value: object) -> None:
    with pytest.raises(state.StateError):
        state.pack({"v": value})


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01garbage", b"\x63x"])
def test_rubbish_is_no_state_and_no_definition(data: bytes) -> None:
    definition = half_way().definition
    with pytest.raises(state.StateError):
        state.load(data, definition.specs)
    with pytest.raises(DefinitionError):
        Definition.load(data)


def test_a_definition_keeps_all_it_knows() -> None:
    definition = half_way().definition
    again = Definition.load(definition.dump())
    assert again.elements == definition.elements and again.dump() == definition.dump()
    assert (again.content_hash, again.process_id) == (definition.content_hash, "p1")
    assert again.element("many/ask[1]").kind == "userTask"
    with pytest.raises(KeyError):
        again.element("nowhere")


def test_a_running_step_writes_nothing_into_the_definition() -> None:
    run = half_way()
    before = run.definition.dump()
    flows = {
        (p, n): (s.flows, s.incoming)
        for p, spec in run.definition.specs.items()
        for n, s in spec.task_specs.items()
    }
    finish(run)
    assert run.definition.dump() == before
    assert flows == {
        (p, n): (s.flows, s.incoming)
        for p, spec in run.definition.specs.items()
        for n, s in spec.task_specs.items()
    }


def test_the_hash_is_over_names_and_contents() -> None:
    one = Bundle({"a.bpmn": b"x", "b.bpmn": b"y"}, {})
    assert one.content_hash == Bundle({"b.bpmn": b"y", "a.bpmn": b"x"}, {}).content_hash
    for files in ({"a.bpmn": b"xb", ".bpmn": b"y"}, {"a.bpmn": b"x", "b.bpmn": b"z"}):
        assert Bundle(files, {}).content_hash != one.content_hash


def test_anchors_are_no_part_of_the_state() -> None:
    run = half_way()
    moved = engine.retime(
        run.definition,
        run.state,
        Context(START, {"discovered_at": START - timedelta(hours=1)}),
        default_feel(),
    )
    assert [(t.path, t.due_at) for t in moved.timers_set] == [("due", START)]


def test_threads_share_one_definition() -> None:
    definition = half_way().definition

    def whole(_: int) -> str:
        run = Run(definition, {"units": ["甲", "乙"]}, anchors={"discovered_at": START})
        run.done("grade", at=START, span=timedelta(minutes=5))
        run.done("many/ask[1]", answer="乙")
        run.message("go", ok=True)
        finish(run)
        return run.last.status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(whole, range(24))) == {"completed"}
