"""An instance's live tree, built anew on the specs of another version.

A task stays itself (same number, so the same id) where the other version has an element of the
same kind at the same path. What stands around it is restructured where that differs: an activity
that gains its first boundary event gets its split, one that loses its last is taken out of it.
What has no place is noted as a `Reason`; what is still to be computed (clocks, inputs, new
watchers) is noted for `workflows.migration`, which does it inside a step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.util.task import TaskState

from workflows.instance import PlanWorkflow, SubWorkflow
from workflows.migration_report import Reason, ReasonCode
from workflows.process_spec import ProcessSpec
from workflows.specs.base import Flow
from workflows.specs.events import BoundaryEvent, Catching, EventSubProcess, Split
from workflows.specs.gateways import EventBasedGateway
from workflows.specs.multi import MultiInstance
from workflows.specs.scopes import CallActivity, SubProcess
from workflows.specs.tasks import UserTask
from workflows.task import PlanTask

Scope = PlanWorkflow | SubWorkflow
_NAME = re.compile(r'"[^"]*"|[^\W\d]\w*')


@dataclass(slots=True)
class Fired:
    """A boundary event that both versions have and that does not wait: it has happened."""

    split: PlanTask
    flow: Flow
    before: PlanTask  # the split of the old tree


@dataclass(slots=True)
class Input:
    """A call under way whose ``camunda:in`` differ: these are handed in anew."""

    host: PlanTask
    inner: SubWorkflow
    mappings: list[dict[str, str]]


@dataclass(slots=True)
class Tree:
    """The new tree and what is left to do. ``pairs`` are the scopes, old and new, outer first.
    ``timers`` pair the old task with the new; ``added`` boundary events are (split, flow);
    ``watchers`` (root, spec name); ``racers`` (event-based gateway, flow)."""

    workflow: PlanWorkflow
    reasons: list[Reason] = field(default_factory=list)
    pairs: list[tuple[Scope, Scope]] = field(default_factory=list)
    timers: list[tuple[PlanTask, PlanTask]] = field(default_factory=list)
    added: list[tuple[PlanTask, Flow]] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    watchers: list[tuple[PlanTask, str]] = field(default_factory=list)
    racers: list[tuple[PlanTask, Flow]] = field(default_factory=list)
    #: Names a scope was given anew, by the id of the scope's host ("" for none).
    anew: dict[str, frozenset[str]] = field(default_factory=dict)

    def anew_at(self, scope: Any) -> frozenset[str]:
        """Variables a task of ``scope`` sees that were handed in anew."""
        names: frozenset[str] = frozenset()
        while isinstance(scope, SubWorkflow):
            names |= self.anew.get(str(scope.host.id), frozenset())
            if scope.isolated:
                break
            scope = scope.host.workflow
        return names


def rebuild(old: PlanWorkflow, specs: dict[str, ProcessSpec], process_id: str) -> Tree:
    """The live tree of ``old`` on other specs. ``old`` is used up: its data go over."""
    workflow = PlanWorkflow(specs, process_id, old.scope, old.seed)
    workflow.count, workflow.rounds = old.count, old.rounds
    builder = _Builder(old, Tree(workflow))
    builder.scope(old, workflow)
    return builder.tree


class _Builder:
    def __init__(self, old: PlanWorkflow, tree: Tree) -> None:
        self.old = old
        self.tree = tree

    def scope(self, old: Scope, new: Scope) -> None:
        """All of one scope, and of the scopes within."""
        self.tree.pairs.append((old, new))
        top = old.task_tree
        root = PlanTask(new, new.spec.task_specs["Start"], None, top._state, top.n)
        root.internal_data = top.internal_data
        new.task_tree = root
        for child in top.children:
            self.task(child, root)
        if any(_interrupts(task) for task in old.live()):
            return  # its inside is all there is of this scope: nothing new begins to watch
        there = {task.task_spec.name for task in root.children}
        for name in new.spec.watches:
            spec = new.spec.task_specs[name]
            before = old.spec.task_specs.get(name)
            if name not in there and not _same_trigger(before, spec):
                self.tree.watchers.append((root, name))

    def task(self, old: PlanTask, parent: PlanTask, in_split: bool = False) -> None:
        """One live task and all below it, under ``parent`` of the new tree."""
        spec = old.task_spec
        if isinstance(spec, Split):
            self._split(old, parent)
            return
        new = parent.workflow.spec.task_specs.get(spec.name)
        if isinstance(spec, EventSubProcess) and old.state == TaskState.WAITING:
            if _same_trigger(spec, new):
                self._timer(old, self._make(old, new, parent))
            return  # else nobody watches for it any more
        if code := _unlike(spec, new):
            self._cannot(code, old)
            return
        split = None if in_split else split_of(parent.workflow.spec, spec.name)
        if split is not None:
            parent = PlanTask(parent.workflow, split, parent, TaskState.COMPLETED)
            parent.internal_data["via"] = old.via
            self.tree.added += [(parent, flow) for flow in split.flows[1:]]
        made = self._make(old, new, parent)
        if isinstance(spec, EventBasedGateway):
            self._race(old, made)
            return
        if "tokens" in made.internal_data:
            _tokens(old, made)
        if isinstance(spec, Catching):
            self._timer(old, made)
        if isinstance(spec, SubProcess):
            self._inside(old, made)
        for child in old.children:
            self.task(child, made)

    # ------------------------------------------------------------------------- the parts

    def _make(self, old: PlanTask, spec: Any, parent: PlanTask) -> PlanTask:
        made = PlanTask(parent.workflow, spec, parent, old._state, old.n)
        made.internal_data = old.internal_data
        return made

    def _cannot(self, code: ReasonCode, task: PlanTask) -> None:
        self.tree.reasons.append(Reason(code, task.path))

    def _split(self, old: PlanTask, parent: PlanTask) -> None:
        before: Split = old.task_spec
        spec = split_of(parent.workflow.spec, before.main)
        holder = self._make(old, spec, parent) if spec is not None else parent
        there = {flow.target for flow in before.flows[1:]}
        waits = {flow.target for flow in spec.flows[1:]} if spec is not None else set()
        stay: set[str] = set()
        for child in old.children:
            name = child.task_spec.name
            if name in there and isinstance(child.task_spec, BoundaryEvent):
                new = holder.workflow.spec.task_specs.get(name)
                if name in waits and _same_trigger(child.task_spec, new):
                    self._timer(child, self._make(child, new, holder))
                    stay.add(name)
            else:
                self.task(child, holder, in_split=name == before.main)
        if spec is None:
            return
        for flow in spec.flows[1:]:
            was = old.workflow.spec.task_specs.get(flow.target)
            if flow.target not in there or not _same_trigger(was, holder.spec_of(flow)):
                self.tree.added.append((holder, flow))
            elif flow.target not in stay:
                self.tree.fired.append(Fired(holder, flow, old))

    def _race(self, old: PlanTask, made: PlanTask) -> None:
        targets = {flow.target for flow in made.task_spec.flows}
        before = {flow.target for flow in old.task_spec.flows}
        for child in old.children:
            name = child.task_spec.name
            new = made.workflow.spec.task_specs.get(name)
            if name in targets and not _unlike(child.task_spec, new):
                self._timer(child, self._make(child, new, made))
            else:
                before.discard(name)
        new_flows = [flow for flow in made.task_spec.flows if flow.target not in before]
        self.tree.racers += [(made, flow) for flow in new_flows]
        if not made.children and not new_flows:
            self._cannot("race_gone", old)

    def _timer(self, old: PlanTask, new: PlanTask) -> None:
        if new.task_spec.event_definition.kind == "timer":
            self.tree.timers.append((old, new))

    def _inside(self, old: PlanTask, made: PlanTask) -> None:
        inner = self.old.subprocesses.get(old.id)
        if inner is None:
            return
        spec = made.workflow.top_workflow.specs[made.task_spec.spec]
        scope = SubWorkflow(spec, made, self.tree.workflow, None if inner.shared else inner.scope)
        self.tree.workflow.subprocesses[made.id] = scope
        if isinstance(made.task_spec, CallActivity):
            again = _again(old.task_spec, made.task_spec, self.tree.anew_at(made.workflow))
            if again:
                self.tree.inputs.append(Input(made, scope, again))
                names = frozenset(one.get("target") or one.get("source", "") for one in again)
                self.tree.anew[str(made.id)] = names
        self.scope(inner, scope)


def split_of(spec: ProcessSpec, name: str) -> Split | None:
    """The split over the activity of that name, if it has boundary events."""
    for one in spec.task_specs.values():
        if isinstance(one, Split) and one.main == name:
            return one
    return None


def words(text: str) -> set[str]:
    """The names a FEEL text mentions."""
    return {name for name in _NAME.findall(text) if not name.startswith('"')}


def _again(old: CallActivity, new: CallActivity, anew: frozenset[str]) -> list[dict[str, str]]:
    """The inputs that were not there before, differ, or come from what was itself handed in
    anew."""
    return [
        one
        for one in new.ins
        if one not in old.ins
        or words(one.get("sourceExpression") or one.get("source") or "") & anew
    ]


def _tokens(old: PlanTask, made: PlanTask) -> None:
    """A join's tokens, by the flows of the new version: of the same id, else the one flow that
    leads there from where the token came (a step put in between is not made up for). A token of
    a branch that is gone goes with it."""
    spec, name = made.workflow.spec, made.task_spec.name
    sources = {
        flow.id: source
        for source, one in old.workflow.spec.task_specs.items()
        for flow in one.flows
    }
    tokens: dict[str, int] = {}
    for id, n in old.internal_data["tokens"].items():
        into = {id} if id in made.task_spec.incoming else set()
        if not into and sources.get(id) in spec.task_specs:
            into = set(spec.reach(sources[id], name))
        if len(into) == 1:
            tokens[into.pop()] = n
    made.internal_data["tokens"] = tokens
    if not tokens:
        made.detach()


def _interrupts(task: PlanTask) -> bool:
    spec = task.task_spec
    return (
        isinstance(spec, EventSubProcess) and spec.interrupting and task.state == TaskState.STARTED
    )


def _same_trigger(old: Any, new: Any) -> bool:
    """Whether both are events of one class that wait for one kind of thing."""
    return (
        new is not None
        and type(old) is type(new)
        and old.event_definition.kind == new.event_definition.kind
    )


def _unlike(old: Any, new: Any) -> ReasonCode | None:
    """Why a live task of ``old`` cannot go on as ``new``."""
    if new is None:
        if isinstance(old, UserTask):
            return "step_gone"
        if isinstance(old, SubProcess | MultiInstance):
            return "scope_gone"
        return "join_gone" if hasattr(old, "may_fire") else "wait_gone"
    if type(old) is not type(new):
        return "kind_changed"
    if isinstance(old, CallActivity) and old.spec != new.spec:
        return "call_changed"
    if isinstance(old, MultiInstance) and _body(old) != _body(new):
        return "multi_changed"
    if isinstance(old, Catching) and not _same_trigger(old, new):
        return "kind_changed"
    return None


def _body(spec: MultiInstance) -> Sequence[Any]:
    return (spec.sequential, spec.cardinality, spec.collection, spec.element)
