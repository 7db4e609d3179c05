"""The running tree: SpiffWorkflow's tasks and workflows, kept down to what is alive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import compaction
from workflows.specs.base import Flow
from workflows.specs.events import EventSubProcess
from workflows.specs.gateways import EventBasedGateway
from workflows.specs.multi import Loop, MultiInstance

if TYPE_CHECKING:
    from workflows.step import Step

#: FUTURE is a child made but not yet entered: it exists only inside a step.
LIVE = TaskState.FUTURE | TaskState.WAITING | TaskState.READY | TaskState.STARTED
_INDEX = re.compile(r"\[\d+\]")


def static_path(path: str) -> str:
    """``call[2]/ask[0]`` -> ``call/ask``: the path under which the catalogue knows it."""
    return _INDEX.sub("", path)


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]
    """One process or sub-process. Shared by threads; complete before it is used.

    ``reached`` caches, per spec and gateway, which flows into the gateway lie ahead; writing
    the same answer twice does no harm.
    """

    #: Name of the start event a token begins at, and of the event sub-processes beside it.
    begins: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.task_specs.clear()
        self._reached: dict[tuple[str, str], frozenset[str]] = {}

    def reach(self, source: str, gateway: str) -> frozenset[str]:
        """Ids of the flows into ``gateway`` that a token at ``source`` may still take."""
        key = (source, gateway)
        if key not in self._reached:
            seen, found, todo = {source}, set(), [source]
            while todo:
                for flow in self.task_specs[todo.pop()].flows:
                    if flow.target == gateway:
                        found.add(flow.id)
                    elif flow.target not in seen:
                        seen.add(flow.target)
                        todo.append(flow.target)
            self._reached[key] = frozenset(found)
        return self._reached[key]


class PlanTask(Task):  # type: ignore[misc]
    """A task whose data is its scope's, whose id is a number within its instance (``n``), and
    which never looks at a clock or a random source."""

    def __init__(
        self, workflow: Any, task_spec: Any, parent: PlanTask | None = None,
        state: int = TaskState.FUTURE, n: int | None = None, after: PlanTask | None = None,
    ) -> None:
        top = workflow.top_workflow
        self.n = top.number() if n is None else n
        self.id = UUID(int=(top.seed << 32) | self.n)
        self.workflow = workflow
        self.task_spec = task_spec
        self.triggered = False
        self.thread_id = 0
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0.0
        self._state = state
        self._children: list[UUID] = []
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
            t for t in self.tasks.values()
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


def walk(task: PlanTask) -> Iterator[PlanTask]:
    """The task and all below it in its own scope, depth first. Depth is a handful at most."""
    yield task
    for child in task.children:
        yield from walk(child)


__all__ = ["LIVE", "Loop", "PlanTask", "PlanWorkflow", "ProcessSpec", "SubWorkflow", "static_path"]
