"""An engine run in which whatever waits is answered, in an order hypothesis draws."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.unit.engine_case import Run
from workflows.definition import Definition

#: More open tasks, or elements in one step, than this and a run is left where it is.
MOST_OPEN, MOST_PASSED = 40, 500
#: Mostly true, so that inclusive gateways often take two ways.
LIKELY = st.sampled_from([True, True, False])
#: What the conditions of generated diagrams ask for.
RESULTS = st.fixed_dictionaries(
    {"c": st.integers(0, 2), "a": LIKELY, "b": LIKELY, "again": st.booleans()}
)


def random_run(definition: Definition, data: st.DataObject, *, steps: int, calm: int) -> Run:
    """Tasks done, clocks rung, messages sent and the outside answering, in any order, until the
    run has ended or ``steps`` were taken. From the step ``calm`` on no loop is asked for again."""
    run = Run(definition)
    for step in range(steps):
        waiting = run.waiting if run.last.status == "running" else None
        if waiting is None or len(waiting.tasks) > MOST_OPEN:
            break
        todo = [("do", task.path) for task in waiting.tasks]
        todo += [("wait", "")] if waiting.timers else []
        todo += [("send", name) for name in waiting.messages]
        todo += [("answer", one.path) for one in waiting.externals if one.task_id]
        if not todo or len(run.last.passed) > MOST_PASSED:
            break
        kind, what = todo[data.draw(st.integers(0, len(todo) - 1))]
        if kind == "do":
            result: dict[str, Any] = data.draw(RESULTS)
            run.done(what, **(result if step < calm else {**result, "again": False}))
        elif kind == "send":
            run.message(what)
        elif kind == "answer":
            run.answer(what)
        else:
            run.now = min(timer.due_at for timer in waiting.timers) + timedelta(seconds=1)
            run.fire()
    return run
