"""Running tokens until only people, timers and the outside are waited for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.util.task import TaskState

from workflows.halt import Halt
from workflows.instance import PlanWorkflow
from workflows.task import PlanTask

#: A step that runs more elements than this goes round in a circle without a person in it.
MOST_RUNS = 10_000


def run(workflow: PlanWorkflow) -> None:
    """Run what is READY and needs nobody, in the stock engine's order: inner scopes first, each
    until quiet, then one pass over the whole tree. Raises Halt."""
    runs = 0
    while True:
        begun = runs
        inner = sorted(workflow.subprocesses.values(), key=lambda s: s.depth, reverse=True)
        for scope in inner:
            while not scope.closed and _any_ready(scope):
                runs = _pass(_ready(scope.live()), runs)
        if any(_any_ready(scope) for scope in (workflow, *workflow.subprocesses.values())):
            runs = _pass(_ready(workflow.everywhere()), runs)
        if runs == begun:
            return


def _any_ready(scope: Any) -> bool:
    """Whether there is anything to run, before the tree is walked for its order."""
    for task in scope.tasks.values():
        if task._state == TaskState.READY and not task.task_spec.manual:
            return True
    return False


def _ready(tasks: Iterable[PlanTask]) -> list[PlanTask]:
    return [t for t in tasks if t._state == TaskState.READY and not t.task_spec.manual]


def _pass(ready: list[PlanTask], runs: int) -> int:
    for task in ready:
        # An earlier one of this pass may have ended it, or its scope.
        if task.attached and task.state == TaskState.READY:
            task.run()
            runs += 1
            if runs > MOST_RUNS:
                raise Halt("engine_error", task, f"more than {MOST_RUNS} elements in one step")
    return runs
