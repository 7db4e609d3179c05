"""A task of the running tree: SpiffWorkflow's, without its clock, its copies and its past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import compaction
from workflows.specs.base import Flow
from workflows.specs.events import EventSubProcess
from workflows.specs.gateways import EventBasedGateway
from workflows.specs.multi import MultiInstance

if TYPE_CHECKING:
    from workflows.step import Step

#: FUTURE is a child made but not yet entered: it exists only inside a step.
LIVE = TaskState.FUTURE | TaskState.WAITING | TaskState.READY | TaskState.STARTED
_INDEX = re.compile(r"\[\d+\]")


def static_path(path: str) -> str:
    """``call[2]/ask[0]`` -> ``call/ask``: the path under which the catalogue knows it."""
    return _INDEX.sub("", path) if "[" in path else path


def walk(task: PlanTask) -> Iterator[PlanTask]:
    """The task and all below it in its own scope, depth first. Depth is a handful at most."""
    yield task
    tasks = task.workflow.tasks
    for id in task._children:
        yield from walk(tasks[id])


class PlanTask(Task):  # type: ignore[misc]
    """A task whose data is its scope's, whose id is a number within its instance (``n``), and
    which never looks at a clock or a random source."""

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: PlanTask | None = None,
        state: int = TaskState.FUTURE,
        n: int | None = None,
        after: PlanTask | None = None,
    ) -> None:
        top = workflow.top_workflow
        self.n = top.number() if n is None else n
        self.id = top.id_of(self.n)
        self.workflow = workflow
        self.task_spec = task_spec
        self.triggered = False
        self.thread_id = 0
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0.0
        self._state = state
        self._children: list[Any] = []
        self._parent = parent.id if parent is not None else None
        workflow.tasks[self.id] = self
        if parent is not None:
            siblings = parent._children
            at = siblings.index(after.id) + 1 if after is not None else len(siblings)
            siblings.insert(at, self.id)

    # -- what SpiffWorkflow asks of a task ------------------------------------------------

    @property
    def data(self) -> dict[str, Any]:
        """The scope's variables; tasks have none of their own to lose at a join."""
        scope: dict[str, Any] = self.workflow.variables()
        return scope

    def _set_state(self, value: int) -> None:
        self._state = value

    def _inherit_data(self) -> None:
        """Nothing to copy: the scope is shared."""

    def _ready(self) -> None:
        if not self.has_state(TaskState.FINISHED_MASK):
            self._set_state(TaskState.READY)
            self.task_spec._on_ready(self)

    def run(self) -> bool | None:
        """Run a READY task; raises RuntimeError on any other. (The stock method runs a
        COMPLETED task again without a word.)"""
        if self._state != TaskState.READY:
            raise RuntimeError(f"{self.path} is not ready")
        result: bool | None = self.task_spec._run(self)
        if self._state != TaskState.READY:
            return result  # it was cancelled by what it did
        if result is None:
            self._set_state(TaskState.STARTED)
        else:
            self.complete()
        return result

    def complete(self) -> None:
        self._set_state(TaskState.COMPLETED)
        self.task_spec._on_complete(self)
        workflow = self.workflow
        compaction.splice(self)
        workflow.moved()

    def cancel(self, by: str = "") -> None:
        """End it and all below it. ``by`` is the path of the element that did."""
        if not self.attached:
            return
        if by:
            self.internal_data["by"] = by
        for child in list(self.children):
            child.cancel(by)
        if self.has_state(TaskState.FINISHED_MASK):
            self.detach()
            return
        parent = self.parent
        self.started = self._state == TaskState.STARTED
        self._set_state(TaskState.CANCELLED)
        self.task_spec._on_cancel(self)
        self.detach()
        if parent is not None:
            compaction.settle(parent)

    started = False

    # -- the tree -------------------------------------------------------------------------

    @property
    def attached(self) -> bool:
        return self.id in self.workflow.tasks and not self.workflow.closed

    @property
    def via(self) -> str:
        return str(self.internal_data.get("via", ""))

    @property
    def step(self) -> Step:
        step: Step = self.workflow.top_workflow.step
        return step

    @property
    def raced(self) -> bool:
        parent = self.parent
        return parent is not None and isinstance(parent.task_spec, EventBasedGateway)

    def child(self, spec: Any, via: str) -> PlanTask:
        made = PlanTask(self.workflow, spec, self)
        made.internal_data["via"] = via
        return made

    def spec_of(self, flow: Flow) -> Any:
        return self.workflow.spec.task_specs[flow.target]

    def spawn(self, flow: Flow) -> PlanTask:
        return self.child(self.spec_of(flow), flow.id)

    def detach(self) -> None:
        """Take it out of the tree, with all below it, without a word to anyone."""
        for child in list(self.children):
            child.detach()
        parent = self.parent
        if parent is not None:
            parent._children.remove(self.id)
        self.workflow.tasks.pop(self.id, None)

    # -- where it stands ------------------------------------------------------------------

    @property
    def path(self) -> str:
        own = str(self.task_spec.bpmn_id or self.task_spec.name)
        index = self.internal_data.get("i")
        suffix = f"[{index}]" if index is not None else ""
        return f"{self.workflow.prefix}{own}{suffix}"

    @property
    def event_path(self) -> str:
        """Path of the element whose trigger it waits for."""
        if isinstance(self.task_spec, EventSubProcess):
            return f"{self.path}/{self.task_spec.start}"
        return self.path

    def enter(self, quiet: bool = False, again: bool = False) -> None:
        """Count a new round of its path (unless ``again``) and record that it was entered
        (unless ``quiet``)."""
        rounds = self.workflow.top_workflow.rounds
        path = self.path
        if not quiet and not again:
            rounds[path] = rounds.get(path, 0) + 1
        self.internal_data["round"] = rounds.get(path, 0) or 1
        if not quiet:
            self.step.passed(self, "entered")

    # -- data -----------------------------------------------------------------------------

    def variables(self) -> dict[str, Any]:
        own = self.internal_data.get("locals")
        scope: dict[str, Any] = self.workflow.variables()
        return {**scope, **own} if own else scope

    def store(self, name: str, value: Any) -> None:
        """Set a variable of the scope; from an instance of a multi-instance body, its entry in
        the list of that name."""
        parent = self.parent
        if parent is None or not isinstance(parent.task_spec, MultiInstance):
            self.workflow.put(name, value)
            return
        begun: list[str] = parent.internal_data.setdefault("lists", [])
        old = self.workflow.variables().get(name) if name in begun else None
        entries = list(old) if isinstance(old, list) else [None] * parent.internal_data["n"]
        entries[self.internal_data["i"]] = value
        if name not in begun:
            begun.append(name)
        self.workflow.put(name, entries)
