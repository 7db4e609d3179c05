"""How long one engine step takes, against the stock engine reloaded and serialised whole.

``python -m tests.benchmarks.engine_step`` prints medians in milliseconds; `measure` returns
them for the larger bench. One step: load the state, complete one user task (with 2 kB of data
in the instance), run to quiet, save. The stock step: deserialise the JSON, run the task,
`do_engine_steps`, serialise.
"""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.camunda.parser import CamundaParser
from SpiffWorkflow.camunda.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState

from tests.unit.bpmn_builder import Process, document, manifest
from workflows import engine
from workflows.contract import Context
from workflows.definition import Bundle, Definition, compile_bundle
from workflows.feel import default_feel

CONTEXT = Context(datetime(2026, 1, 5, 15, 2, tzinfo=UTC))
DATA: dict[str, Any] = {"signal": {"text": "x" * 1900, "reads": 12, "link": "https://example.org"}}


def loop_plan(tasks: int) -> Process:
    """A loop of ``tasks`` user tasks with a gateway after each but the last; about three
    elements a task."""
    p = Process("p1").start().exclusive("m0")
    p.flow("start", "m0")
    before = "m0"
    for n in range(tasks):
        p.user_task(f"t{n}", "duty").flow(before, f"t{n}")
        before = f"t{n}"
        if n < tasks - 1:
            p.task(f"k{n}").exclusive(f"g{n}", default=f"g{n}__{_next(n)}")
            p.chain(before, f"k{n}", f"g{n}")
            p.flow(f"g{n}", "end", "t0.stop").flow(f"g{n}", _next(n))
            before = _next(n)
            p.exclusive(before)
    p.exclusive("again", default="again__m0").end().flow(before, "again")
    return p.flow("again", "end", "t0.stop").flow("again", "m0")


def _next(n: int) -> str:
    return f"m{n + 1}"


def compiled(plan: Process) -> Definition:
    bundle = Bundle({"plan.bpmn": document(plan)}, manifest("p1"))
    return compile_bundle(bundle, default_feel())


def ours(definition: Definition, rounds: int, tasks: int, measured: int = 200) -> dict[str, float]:
    """Median ms of a step after ``rounds`` rounds, and the size of the state in bytes."""
    feel = default_feel()
    state = engine.start(definition, DATA, CONTEXT, feel).state
    times: list[float] = []
    for step in range(rounds * tasks + measured):
        task = engine.waiting(definition, state).tasks[0].id
        begun = time.perf_counter()
        state = engine.complete(definition, state, task, {"stop": False}, CONTEXT, feel).state
        if step >= rounds * tasks:
            times.append((time.perf_counter() - begun) * 1000)
    return {"ms": statistics.median(times), "bytes": float(len(state))}


def stock(plan: Process, rounds: int, tasks: int, measured: int = 10) -> dict[str, float]:
    """The same with the stock engine; conditions are Python there."""
    xml = document(plan).replace(b"t0.stop", b"stop")
    parser = CamundaParser()
    parser.add_bpmn_xml(etree.parse(io.BytesIO(xml)), filename="plan.bpmn")
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))
    workflow = BpmnWorkflow(parser.get_spec("p1"), {})
    workflow.task_tree.data.update(DATA, stop=False)
    workflow.do_engine_steps()
    times: list[float] = []
    text = ""

    def step(current: BpmnWorkflow) -> None:
        # The stock engine waits on plain tasks too.
        task = current.get_next_task(state=TaskState.READY, manual=True)
        task.run()
        current.do_engine_steps()
        while (task := current.get_next_task(state=TaskState.READY, manual=True)) is not None:
            if not task.task_spec.name.startswith("k"):
                break
            task.run()
            current.do_engine_steps()

    for _ in range(rounds * tasks):
        step(workflow)
    text = serializer.serialize_json(workflow)
    for _ in range(measured):
        begun = time.perf_counter()
        current = serializer.deserialize_json(text)
        step(current)
        text = serializer.serialize_json(current)
        times.append((time.perf_counter() - begun) * 1000)
    return {"ms": statistics.median(times), "bytes": float(len(text))}


#: Past some 490 steps the stock engine ends in a RecursionError.
MOST_STOCK_STEPS = 400


def measure(
    rounds: Sequence[int] = (0, 10, 50, 500), *, with_stock: bool = True
) -> list[dict[str, Any]]:
    """One record a size and number of rounds: elements, rounds, ours and (where it gets that
    far) stock in ms, with the bytes each keeps."""
    records: list[dict[str, Any]] = []
    for tasks in (5, 23):
        plan = loop_plan(tasks)
        definition = compiled(plan)
        for turns in rounds:
            mine = ours(definition, turns, tasks)
            record = {
                "elements": len(definition.elements),
                "rounds": turns,
                "ours_ms": round(mine["ms"], 3),
                "ours_bytes": int(mine["bytes"]),
            }
            if with_stock and turns * tasks <= MOST_STOCK_STEPS:
                theirs = stock(plan, turns, tasks)
                record.update(stock_ms=round(theirs["ms"], 3), stock_bytes=int(theirs["bytes"]))
            records.append(record)
    return records


if __name__ == "__main__":
    for one in measure():
        print(json.dumps(one))
