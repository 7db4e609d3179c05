"""What every spec of ours shares: how a token enters an element, runs it and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.mixins import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from workflows.task import PlanTask


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow out of a spec. ``target`` is a spec's name; ``condition`` is FEEL."""

    id: str
    target: str
    condition: str | None = None
    default: bool = False


class Floor:
    """Mixed in before a stock spec class.

    The stock engine predicts whole branches ahead and keeps what is finished; here children
    are made when a task completes, and a finished task is spliced out of the tree at once
    (`workflows.compaction`), so that a step costs the same in round 1 and in round 500.
    Specs are shared by all threads and are never written to while running.
    """

    #: Names of constructor arguments the spec store keeps beside the common ones.
    KEPT: tuple[str, ...] = ()
    #: BPMN local name, for `ElementPassed.kind`; "" for specs that are not on the diagram.
    kind: str = ""
    #: A person acts on it; the run loop leaves it alone.
    manual: bool = False

    #: A finished task stays in the tree while it has children (until its data say ``over``).
    holds_children: bool = False

    name: str
    bpmn_id: str
    flows: Sequence[Flow] = ()
    #: Ids of the flows that lead here; filled in when a definition is loaded.
    incoming: tuple[str, ...] = ()

    # -- SpiffWorkflow's hooks ------------------------------------------------------------

    def _predict(self, my_task: PlanTask, *args: Any, **kwargs: Any) -> None:
        """Nothing is predicted."""

    def _update(self, my_task: PlanTask) -> None:
        if my_task.state == TaskState.FUTURE:
            self.entering(my_task)
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: PlanTask) -> bool:
        return True

    def _on_ready(self, my_task: PlanTask) -> None:
        """Nothing to do; the stock checks of the spec were made at deployment."""

    def _run(self, my_task: PlanTask) -> bool | None:
        return self._run_hook(my_task)

    def _run_hook(self, my_task: PlanTask) -> bool | None:
        return True

    def _on_complete(self, my_task: PlanTask) -> None:
        my_task.step.passed(my_task, "completed")
        parent = my_task.parent
        if parent is not None and isinstance(parent.task_spec, Container):
            parent.task_spec.child_ended(parent, my_task)
        for child in [my_task.spawn(flow) for flow in self.leaving(my_task)]:
            # An earlier sibling may have ended the scope (an error thrown at once).
            if child.state == TaskState.FUTURE and child.attached:
                child.task_spec._update(child)

    def _on_cancel(self, my_task: PlanTask) -> None:
        my_task.step.passed(my_task, "cancelled")

    # -- ours -----------------------------------------------------------------------------

    def entering(self, my_task: PlanTask) -> None:
        """A token arrives: count the round and say so."""
        my_task.enter()

    def leaving(self, my_task: PlanTask) -> Sequence[Flow]:
        """The flows a token takes when the task completes."""
        return self.flows


class Container(Floor):
    """A spec whose tasks stay in the tree, completed or started, as long as their children
    live: a boundary split, an event-based gateway, a multi-instance body."""

    def child_ended(self, my_task: PlanTask, child: PlanTask) -> None:
        """A direct child completed or was cancelled."""


class PassThrough(Floor, BpmnSpecMixin):
    """``bpmn:task`` and ``bpmn:manualTask``: nothing for a machine to do, so the token passes.
    (The stock engine waits for a person on both.)"""

    manual = False
    kind = "task"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manual = False
