"""A process instance in memory: its scopes and the tasks alive in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from workflows.process_spec import ProcessSpec
from workflows.specs.events import EventSubProcess
from workflows.task import LIVE, PlanTask, walk

if TYPE_CHECKING:
    from workflows.step import Step


class _Scope:
    """What the instance and its sub-workflows have in common."""

    tasks: dict[UUID, PlanTask]
    task_tree: PlanTask
    spec: ProcessSpec
    closed = False

    def live(self) -> list[PlanTask]:
        """Waiting, ready and started tasks of this scope alone, in the tree's order."""
        return [task for task in walk(self.task_tree) if task._state & LIVE]

    def waiting_at(self, spec_name: str, other_than: PlanTask) -> PlanTask | None:
        """The task that holds the tokens of a join."""
        for task in self.tasks.values():
            if (
                task._state == TaskState.WAITING
                and task.task_spec.name == spec_name
                and task is not other_than
            ):
                return task
        return None

    def begin(self) -> None:
        """Put a token on the start event and let the event sub-processes watch."""
        root = PlanTask(self, self.spec.task_specs["Start"], None, TaskState.COMPLETED)
        self.task_tree = root
        for name in (*self.spec.begins, *self.spec.watches):
            child = root.child(self.spec.task_specs[name], "")
            child.task_spec._update(child)

    def idle(self) -> bool:
        """Nothing is left but event sub-processes that wait."""
        return not any(
            not (isinstance(t.task_spec, EventSubProcess) and t._state == TaskState.WAITING)
            for t in self.tasks.values()
            if t._state & LIVE
        )

    def moved(self) -> None:
        """Something ended here: joins may fire, and the scope may be done."""
        joins = [
            t
            for t in self.tasks.values()
            if t._state == TaskState.WAITING and "tokens" in t.internal_data
        ]
        for task in joins:
            if task.task_spec.may_fire(task):
                task._ready()


class SubWorkflow(_Scope, BpmnSubWorkflow):  # type: ignore[misc]
    """The inside of a sub-process or called process. ``shared``: it works on the outer scope;
    else ``scope`` is its own, laid over the outer one unless ``isolated``."""

    def __init__(
        self, spec: ProcessSpec, host: PlanTask, top: PlanWorkflow, scope: dict[str, Any] | None
    ) -> None:
        self.host = host
        self.top_workflow = top
        self.parent_task_id = host.id
        self.spec = spec
        self.prefix = f"{host.path}/"
        self.depth = host.workflow.depth + 1
        self.tasks = {}
        self.completed = False
        self.isolated = bool(host.task_spec.isolated)
        self.shared = scope is None
        self.scope: dict[str, Any] = scope if scope is not None else {}

    @property
    def parent_workflow(self) -> Any:
        return self.host.workflow

    def variables(self) -> dict[str, Any]:
        if self.shared:
            outer: dict[str, Any] = self.host.workflow.variables()
            return outer
        if self.isolated:
            return self.scope
        return {**self.host.workflow.variables(), **self.scope}

    def put(self, name: str, value: Any) -> None:
        if self.shared:
            self.host.workflow.put(name, value)
        else:
            self.scope[name] = value

    def moved(self) -> None:
        super().moved()
        if self.idle() and not self.closed:
            self.top_workflow.finish_scope(self)


class PlanWorkflow(_Scope, BpmnWorkflow):  # type: ignore[misc]
    """One process instance in memory, for the length of one step."""

    prefix = ""

    def __init__(
        self, specs: dict[str, ProcessSpec], process_id: str, scope: dict[str, Any], seed: int
    ) -> None:
        self.specs = specs
        self.spec = specs[process_id]
        self.subprocess_specs = specs
        self.subprocesses: dict[UUID, SubWorkflow] = {}
        self.scope = scope
        self.seed = seed
        self.count = 0
        self.rounds: dict[str, int] = {}
        self.tasks = {}
        self.completed = False
        self.step: Step

    @property
    def depth(self) -> Literal[0]:
        return 0

    def number(self) -> int:
        self.count += 1
        return self.count

    def id_of(self, n: int) -> UUID:
        """The id of this instance's task number ``n``."""
        return UUID(int=(self.seed << 32) | n)

    def variables(self) -> dict[str, Any]:
        return self.scope

    def put(self, name: str, value: Any) -> None:
        self.scope[name] = value

    def open_scope(self, host: PlanTask) -> None:
        """Start the inside of a sub-process or call activity."""
        spec = host.task_spec
        own = spec.incoming_data(host)
        shared = not spec.isolated and "locals" not in host.internal_data
        inner = SubWorkflow(self.specs[spec.spec], host, self, None if shared else own)
        self.subprocesses[host.id] = inner
        inner.begin()

    def finish_scope(self, inner: SubWorkflow) -> None:
        """Nothing is alive inside: hand the data out and let the host go on."""
        for task in list(inner.tasks.values()):
            if task._state & LIVE:  # event sub-processes that waited
                task.cancel()
        inner.closed = True
        del self.subprocesses[inner.host.id]
        host = inner.host
        if host._state == TaskState.STARTED:
            host.task_spec.outgoing_data(host, inner)
            host._ready()

    def close_scope(self, host: PlanTask) -> None:
        """The host is cancelled: so is all inside."""
        inner = self.subprocesses.pop(host.id, None)
        if inner is not None:
            for task in inner.live():
                task.cancel(host.internal_data.get("by", ""))
            inner.closed = True

    def everywhere(self) -> Iterator[PlanTask]:
        """All live tasks of all scopes, outer before inner at the place of the host."""
        yield from self._from(self)

    def _from(self, scope: Any) -> Iterator[PlanTask]:
        for task in scope.live():
            yield task
            inner = self.subprocesses.get(task.id)
            if inner is not None:
                yield from self._from(inner)
