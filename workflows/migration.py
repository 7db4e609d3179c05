"""Moving a running instance to another version of its plan, in one pure step.

A task stays itself at its path: same id, same round, so drafts and claims (rows keyed by the id)
survive. A clock keeps the moment it was armed and is counted anew from it by the new version's
text; one that is past by then is due at once. A boundary timer the new version adds to an open
step is armed at the moment that step opened. A deadline that has already rung does not ring again
unless its new moment lies ahead, as when an anchor is corrected. Variables and rounds stay; what
comes later in the diagram simply holds from now on, and steps added before the place the instance
stands at are not made up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from workflows import deadlines, migration_tree, timers
from workflows import state as states
from workflows.contract import Context, FeelValue, TimerSet
from workflows.definition import Definition
from workflows.engine import begin, carry_out
from workflows.feel import Feel
from workflows.instance import PlanWorkflow
from workflows.migration_report import ClockMoved, KeptTask, Migration, Reason
from workflows.migration_routes import compare, element_at
from workflows.migration_tree import Fired, Tree, words
from workflows.snapshot import Snapshot, take
from workflows.specs.events import Catching, Split
from workflows.specs.scopes import transfer
from workflows.step import Step
from workflows.task import PlanTask

__all__ = ["Migration", "Reason", "migrate"]


def migrate(
    old: Definition,
    new: Definition,
    state: bytes,
    context: Context,
    feel: Feel,
    *,
    opened: Mapping[str, datetime] | None = None,
    fill: Mapping[str, FeelValue] | None = None,
) -> Migration:
    """The instance on the new version, or why it stays.

    ``opened`` says when what is under way was entered (path -> moment): where a timer new to it
    counts from. ``fill`` are variables of the root scope to be added where they are missing, and
    inside a context its missing entries (a setting the old version did not know)."""
    try:
        workflow = states.load(state, old.specs)
    except states.StateError:
        return Migration(None, (Reason("unreadable"),))
    if workflow.idle():
        return Migration(None, (Reason("not_running"),))
    before = take(workflow, old)
    waits = _waits(workflow)
    tree = migration_tree.rebuild(workflow, new.specs, new.process_id)
    if tree.reasons:
        return Migration(None, tuple(tree.reasons))
    routes = compare(tree, old, new)
    if routes.reasons:
        return Migration(None, routes.reasons)
    moved = tree.workflow
    _fill(moved.scope, fill or {})
    step = begin(new, moved, context, feel)
    work = _Work(step, tree, old, new, opened or {})
    advance = carry_out(step, moved, before, state, dict(moved.scope), work.do)
    if advance.status == "incident":
        return Migration(None, tuple(Reason("fault", i.path, i.code) for i in advance.incidents))
    after, later = take(moved, new), _waits(moved)
    return Migration(
        advance,
        kept=_kept(before, after),
        clocks=_clocks(before, after, moved, context.now),
        ahead=routes.ahead,
        gone=routes.gone,
        skipped=routes.skipped,
        waits_added=tuple(path for path in later if path not in waits),
        waits_dropped=tuple(path for path in waits if path not in later),
        handed={
            one.host.path: tuple(m.get("target") or m.get("source", "") for m in one.mappings)
            for one in tree.inputs
        },
    )


class _Work:
    """What has to be computed once the tree stands."""

    def __init__(
        self,
        step: Step,
        tree: Tree,
        old: Definition,
        new: Definition,
        opened: Mapping[str, datetime],
    ) -> None:
        self.step, self.tree = step, tree
        self.old, self.new = old, new
        self.opened = opened

    def do(self) -> None:
        tree = self.tree
        for one in tree.inputs:
            given = transfer(one.host, one.mappings, one.host.variables())
            one.inner.scope.update(given)
        for _, split in _splits(tree.workflow):
            self._forget_due(split)
        for before, task in tree.timers:
            if self._differs(before, task):
                self._count_anew(task)
        for fired in tree.fired:
            self._perhaps_again(fired)
        for split, flow in tree.added:
            self._arm(split, split.child(split.spec_of(flow), flow.id))
        for root, name in tree.watchers:
            watcher = root.child(root.workflow.spec.task_specs[name], "")
            watcher.task_spec._update(watcher)
        for gateway, flow in tree.racers:
            racer = gateway.child(gateway.spec_of(flow), flow.id)
            racer.task_spec._update(racer)
        # A join may be complete on the new diagram, or a scope have nothing left to wait for.
        for _, scope in reversed(tree.pairs):
            if not scope.closed:
                scope.moved()

    def _differs(self, before: PlanTask, task: PlanTask) -> bool:
        """Whether a clock reads otherwise in the new version: its text or anchor, or a value it
        mentions that was handed in anew."""
        return self._text(self.old, before) != self._text(self.new, task) or self._anew(task)

    def _text(self, definition: Definition, task: PlanTask) -> tuple[Any, ...]:
        trigger = task.task_spec.event_definition
        element = element_at(definition, task.event_path)
        known = (element.anchor, element.deadline_kind) if element else ()
        return (trigger.text, trigger.timer_kind, *known)

    def _anew(self, task: PlanTask) -> bool:
        text = task.task_spec.event_definition.text
        return bool(words(text) & self.tree.anew_at(task.workflow))

    def _count_anew(self, task: PlanTask) -> None:
        data = task.internal_data
        turned = data.pop("turned", None)
        data.setdefault("armed", self.step.context.now)
        deadlines.set_timer(self.step, task)
        found = timers.of_data(data)
        if not turned or found is None or found.due > self.step.context.now:
            return
        # A cycle that has begun keeps its start; turns already gone by do not come again.
        following = found.following(self.step.context.now, self.step.zone)
        for key in ("due", "left", "every"):
            data.pop(key, None)
        data.update(timers.to_data(following), turned=True)

    def _forget_due(self, split: PlanTask) -> None:
        """A host none of whose boundary timers is its due date any more has none."""
        kinds = set()
        for flow in split.task_spec.flows[1:]:
            spec = split.spec_of(flow)
            element = element_at(self.new, f"{split.workflow.prefix}{spec.bpmn_id}")
            kinds.add(element.deadline_kind if element else None)
        if "due" not in kinds:
            split.internal_data.pop("due", None)
        if kinds == {None}:
            split.internal_data.pop("armed", None)

    def _perhaps_again(self, fired: Fired) -> None:
        """A deadline that has rung: it waits again if its moment now lies ahead."""
        split, spec = fired.split, fired.split.spec_of(fired.flow)
        path = f"{split.workflow.prefix}{spec.bpmn_id}"
        was, now = element_at(self.old, path), element_at(self.new, path)
        if was is None or now is None or now.deadline_kind is None:
            return
        same = (was.timer, was.anchor, was.deadline_kind) == (
            now.timer,
            now.anchor,
            now.deadline_kind,
        )
        if same and not words(now.timer) & self.tree.anew_at(split.workflow):
            return
        host = next(c for c in split.children if c.task_spec.name == split.task_spec.main)
        armed = split.internal_data.get("armed") or self._opening(split)
        found = deadlines.schedule(self.step, host, now.timer, now.anchor, armed)
        if now.deadline_kind == "due" and found is not None:
            split.internal_data["due"] = found.due
        if found is not None and found.due > self.step.context.now:
            self._arm(split, split.child(spec, fired.flow.id))

    def _arm(self, split: PlanTask, event: PlanTask) -> None:
        """Let a boundary event wait; a timer counts from when its host opened."""
        armed = self._opening(split)
        event.task_spec._update(event)
        if event.task_spec.event_definition.kind == "timer":
            event.internal_data["armed"] = armed
            deadlines.set_timer(self.step, event)

    def _opening(self, split: PlanTask) -> datetime:
        """When the host was entered: as told, else as a clock on it knows, else now."""
        host = next((c for c in split.children if c.task_spec.name == split.task_spec.main), split)
        told = self.opened.get(host.path)
        if told is not None:
            return told
        for one in (split, *split.children):
            armed = one.internal_data.get("armed")
            if isinstance(armed, datetime):
                return armed
        return self.step.context.now


def _splits(workflow: PlanWorkflow) -> list[tuple[Any, PlanTask]]:
    return [
        (scope, task)
        for scope in (workflow, *workflow.subprocesses.values())
        for task in scope.tasks.values()
        if isinstance(task.task_spec, Split)
    ]


def _fill(scope: dict[str, Any], fill: Mapping[str, FeelValue]) -> None:
    for name, value in fill.items():
        there = scope.get(name)
        if isinstance(there, dict) and isinstance(value, Mapping):
            scope[name] = {**value, **there}
        elif name not in scope:
            scope[name] = value


def _waits(workflow: PlanWorkflow) -> list[str]:
    """Paths of the messages and signals somebody waits for."""
    return [
        task.event_path
        for task in workflow.everywhere()
        if isinstance(task.task_spec, Catching)
        and task.state == TaskState.WAITING
        and task.task_spec.event_definition.kind in ("message", "signal")
    ]


def _kept(before: Snapshot, after: Snapshot) -> tuple[KeptTask, ...]:
    return tuple(
        KeptTask(id, task.path, task.round, before.tasks[id].due_at, task.due_at)
        for id, task in after.tasks.items()
        if id in before.tasks
    )


def _clocks(
    before: Snapshot, after: Snapshot, workflow: PlanWorkflow, now: datetime
) -> tuple[ClockMoved, ...]:
    armed = {str(t.id): t.internal_data.get("armed") for t in workflow.everywhere()}
    found = [
        _clock(before.timers.get(id), timer, armed.get(id), now)
        for id, timer in after.timers.items()
    ]
    for id, timer in before.timers.items():
        if id not in after.timers:
            found.append(ClockMoved(timer.path, timer.deadline_kind, "dropped", timer.due_at, None))
    return tuple(found)


def _clock(
    was: TimerSet | None, timer: TimerSet, armed: datetime | None, now: datetime
) -> ClockMoved:
    due = timer.due_at
    if was is None:
        return ClockMoved(timer.path, timer.deadline_kind, "added", None, due, armed, due <= now)
    same = was.due_at == due
    past = due <= now and not same
    return ClockMoved(
        timer.path, timer.deadline_kind, "kept" if same else "moved", was.due_at, due, armed, past
    )
