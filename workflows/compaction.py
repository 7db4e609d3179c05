"""Keeping the task tree down to what is alive.

SpiffWorkflow keeps every finished task: a step costs 35 times more after 50 rounds of a loop,
the recursion limit ends an instance near step 490, and beyond depth 1000 `is_completed()`
answers True with tasks unfinished. Both forms of compaction are done here at once and at
every step: a finished task is contracted out of its chain the moment its successors stand
(they take its place among its parent's children, so the order of branches is kept), and with
it goes everything above the live tasks' common ancestor. What stays are live tasks and the
containers over them (boundary splits, event-based gateways, multi-instance bodies). It works
within each scope, so an open parallel branch, an open timer or a called process change
nothing. Nothing is lost: data lives in scopes, joins hold their tokens themselves, history is
in the store's own events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from workflows.task import PlanTask


def splice(task: PlanTask) -> None:
    """Take a finished task out; its children take its place. Containers stay while they are
    needed, and so does the root."""
    parent = task.parent
    if parent is None or task.id not in task.workflow.tasks:
        return
    if not task.has_state(TaskState.FINISHED_MASK) or _needed(task):
        return
    at = parent._children.index(task.id)
    parent._children[at : at + 1] = task._children
    for child in task.children:
        child._parent = parent.id
    task._children = []
    task.workflow.tasks.pop(task.id)
    settle(parent)


def settle(parent: PlanTask) -> None:
    """A child of ``parent`` is gone: perhaps ``parent`` is needed no longer."""
    if parent.has_state(TaskState.FINISHED_MASK):
        splice(parent)


def _needed(task: PlanTask) -> bool:
    """A finished container whose children still depend on it."""
    if not task.task_spec.holds_children or task.internal_data.get("over"):
        return False
    return bool(task._children)
