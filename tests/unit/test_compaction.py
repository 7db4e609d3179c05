"""Hundreds of rounds cost what one does, whatever else stays open."""

from __future__ import annotations

import pytest

from tests.unit.bpmn_builder import Process, multi_instance
from tests.unit.engine_case import Run, compiled
from workflows.definition import Definition
from workflows.instance import PlanWorkflow
from workflows.state import load
from workflows.task import walk

ROUNDS = 500


def rounds(p: Process, end: str = "end") -> Process:
    """A loop of two tasks with deadlines until ``second.stop``; ends in ``good``."""
    p.start("s0").exclusive("merge").user_task("first", "duty").user_task("second", "office")
    p.exclusive("again", default="again__merge").end("good")
    p.chain("s0", "merge", "first", "second", "again").flow("again", "merge")
    p.flow("again", "good", "second.stop")
    p.boundary_timer("remind", "first", "PT1H", interrupting=False, deadline="remind")
    p.boundary_timer(
        "escalate",
        "second",
        cycle="R/PT1H",
        interrupting=False,
        deadline="escalate",
        escalate_to="leader",
    )
    return p.end("r1").end("r2").flow("remind", "r1").flow("escalate", "r2")


def tree(definition: Definition, state: bytes) -> PlanWorkflow:
    return load(state, definition.specs)


def count(definition: Definition, state: bytes) -> int:
    workflow = tree(definition, state)
    scopes = (workflow, *workflow.subprocesses.values())
    return sum(1 for scope in scopes for _ in walk(scope.task_tree))


def go(run: Run, prefix: str = "", times: int = ROUNDS) -> list[tuple[int, int]]:
    """(tasks, bytes) of the state after each round but the last, which leaves the loop."""
    sizes = []
    for turn in range(times):
        run.done(f"{prefix}first", note=turn)
        run.done(f"{prefix}second", stop=turn == times - 1)
        sizes.append((count(run.definition, run.state), len(run.state)))
        del run.advances[:-1]
    return sizes[:-1]


def flat(sizes: list[tuple[int, int]]) -> None:
    tasks = {tasks for tasks, _ in sizes}
    assert len(tasks) == 1, tasks
    early, late = sizes[5][1], max(size for _, size in sizes)
    assert late <= early * 1.15, (early, late)


def test_five_hundred_rounds_of_a_plain_loop() -> None:
    run = Run(compiled(rounds(Process("p1"))))
    flat(go(run))
    assert run.last.status == "completed" and run.last.end_events == ("good",)


def test_five_hundred_rounds_beside_an_open_parallel_branch() -> None:
    p = Process("p1").start().parallel("split").user_task("beside", "leader").parallel("join").end()
    inner = p.sub_process("part")
    rounds(inner)  # type: ignore[arg-type]
    p.chain("start", "split", "part", "join", "end").chain("split", "beside", "join")
    p.boundary_timer("late", "beside", "P1D", interrupting=False, deadline="due")
    p.end("l").flow("late", "l")
    run = Run(compiled(p))
    flat(go(run, "part/"))
    assert run.open == ["beside"] and run.last.end_events == ("part/good",)
    assert run.done("beside").end_events == ("end",)


def test_five_hundred_rounds_after_an_open_escalation() -> None:
    p = rounds(Process("p1"))
    p.boundary_timer(
        "up", "first", "PT2H", interrupting=False, deadline="escalate", escalate_to="leader"
    )
    p.user_task("decide", "leader").end("d").chain("up", "decide", "d")
    run = Run(compiled(p)).later(hours=3)
    run.fire()
    assert run.open == ["first", "decide"]
    flat(go(run))
    assert run.last.status == "running" and run.open == ["decide"]
    assert run.done("decide").status == "completed"


def test_five_hundred_rounds_inside_a_called_process_after_another_call() -> None:
    shared = rounds(Process("shared"))
    before = Process("before").start("s").user_task("t", "duty").end("e").chain("s", "t", "e")
    p = Process("p1").start().call("once", "before").call("loop", "shared").end()
    p.chain("start", "once", "loop", "end")
    p.boundary_timer("over", "loop", "P9D", interrupting=False, deadline="due").end("o")
    run = Run(compiled(p.flow("over", "o"), before, shared))
    run.done("once/t")
    flat(go(run, "loop/"))
    assert run.last.status == "completed" and run.last.end_events == ("loop/good", "end")


def test_rounds_with_a_waiting_event_sub_process() -> None:
    p = rounds(Process("p1"))
    watch = p.event_sub_process("watch")
    watch.start_on("deadline", timer=("duration", "P30D")).end("stop", terminate=True)
    watch.flow("deadline", "stop")
    run = Run(compiled(p))
    flat(go(run, times=60))
    assert run.last.status == "completed"


@pytest.mark.parametrize("sequential", [True, False])
def test_rounds_inside_every_instance_of_a_body(sequential: bool) -> None:
    shared = rounds(Process("shared"))
    p = (
        Process("p1")
        .start()
        .call("each", "shared", loop=multi_instance(cardinality="2", sequential=sequential))
        .end()
    )
    run = Run(compiled(p.chain("start", "each", "end"), shared))
    flat(go(run, "each[0]/", 60))
    assert run.open == ["each[1]/first"]
    flat(go(run, "each[1]/", 60))
    assert run.last.status == "completed"


def test_depth_stays_small() -> None:
    run = Run(compiled(rounds(Process("p1"))))
    go(run, times=30)
    run = Run(compiled(rounds(Process("p1"))))
    run.done("first")
    workflow = tree(run.definition, run.state)
    assert max(task.depth for task in walk(workflow.task_tree)) <= 2
    assert [t.task_spec.name for t in walk(workflow.task_tree)] == [
        "Start",
        "second.BoundaryEventSplit",
        "second",
        "escalate",
    ]


def test_the_order_of_branches_is_kept() -> None:
    p = Process("p1").start().parallel("split").parallel("join").end()
    p.chain("start", "split").chain("join", "end")
    for name in "abc":
        p.user_task(f"{name}1", "duty").user_task(f"{name}2", "duty")
        p.chain("split", f"{name}1", f"{name}2", "join")
    run = Run(compiled(p))
    run.done("b1")
    assert run.open == ["a1", "b2", "c1"]
    run.done("a1")
    run.done("c1")
    assert run.open == ["a2", "b2", "c2"]
