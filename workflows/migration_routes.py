"""What lies ahead of a moved instance on the diagrams, and what would stop it there.

Looks at the live tasks and the flows alone; nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState

from workflows.contract import Element
from workflows.definition import Definition
from workflows.migration_report import Reason
from workflows.migration_tree import Scope, Tree, words
from workflows.process_spec import ProcessSpec
from workflows.specs.events import BoundaryEvent, Catching, EventSubProcess
from workflows.specs.gateways import ParallelGateway
from workflows.specs.multi import Loop, MultiInstance
from workflows.specs.scopes import CallActivity, SubProcess
from workflows.specs.tasks import UserTask
from workflows.task import static_path

_ACTIVITIES = (UserTask, SubProcess, MultiInstance, Loop)


@dataclass(frozen=True, slots=True)
class Routes:
    """Paths of user tasks, as `workflows.migration_report.Migration` names them; ``reasons`` are
    what would stop the instance later on."""

    ahead: tuple[str, ...]
    gone: tuple[str, ...]
    skipped: tuple[str, ...]
    reasons: tuple[Reason, ...]


def compare(tree: Tree, old: Definition, new: Definition) -> Routes:
    """Both versions from where the instance stands."""
    before: set[str] = set()
    after: set[str] = set()
    skipped: set[str] = set()
    reasons: list[Reason] = []
    for was, now in tree.pairs:
        before |= set(_user_tasks(old, was, _ahead(was.spec, _live(was))))
        live = _live(now) | {flow.target for split, flow in tree.added if split.workflow is now}
        ahead = _ahead(now.spec, live)
        after |= set(_user_tasks(new, now, ahead))
        passed = _passed(now.spec, live, ahead)
        here = [path for path in _user_tasks(new, now, passed) if path not in old.elements]
        skipped |= set(here)
        stopped = _hanging(now, live) - _hanging(was, _live(was))
        reasons += [Reason("join_waits", now.prefix + _id(now, name)) for name in sorted(stopped)]
        reasons += _unjoined(was, now)
        inside = [path for path in here if not _called(new, path, static_path(now.prefix))]
        reasons += _missing(now, live, {path.rpartition("/")[2] for path in inside})
    known_old, known_new = set(old.elements), set(new.elements)
    return Routes(
        ahead=_in_order(new, after - known_old - skipped),
        gone=_in_order(old, before - known_new),
        skipped=_in_order(new, skipped),
        reasons=tuple(reasons),
    )


def _live(scope: Scope) -> set[str]:
    return {task.task_spec.name for task in scope.live()}


def _ahead(spec: ProcessSpec, names: Iterable[str], past: str = "") -> set[str]:
    """What tokens at these specs may still reach, without going through ``past``."""
    seen: set[str] = set()
    todo = [name for name in names if name in spec.task_specs]
    while todo:
        for flow in spec.task_specs[todo.pop()].flows:
            if flow.target not in seen and flow.target != past:
                seen.add(flow.target)
                todo.append(flow.target)
    return seen


def _passed(spec: ProcessSpec, live: set[str], ahead: set[str]) -> set[str]:
    """Activities that lie behind the live tasks: no way from the start leads to one of them but
    through there; or there is a way from there to a live task and none back. In a loop both hold
    of one another, and the start decides."""
    found = set()
    for name, one in spec.task_specs.items():
        if name in live or not isinstance(one, _ACTIVITIES):
            continue
        if name not in ahead:
            behind = bool(_ahead(spec, {name}) & live)
        else:
            behind = bool(live & _ahead(spec, spec.begins) - _ahead(spec, spec.begins, past=name))
        if behind:
            found.add(name)
    return found


def _called(definition: Definition, path: str, prefix: str) -> bool:
    """Whether the element stands in a called process below ``prefix``: its variables are its
    own."""
    around = path.rpartition("/")[0]
    while len(around) >= len(prefix) and around:
        if around + "/" == prefix:
            return False
        if definition.elements[around].kind == "callActivity":
            return True
        around = around.rpartition("/")[0]
    return False


def _user_tasks(definition: Definition, scope: Scope, names: Iterable[str]) -> Iterator[str]:
    """Paths of the user tasks that these specs are or hold."""
    prefix = static_path(scope.prefix)
    paths = {prefix + _id(scope, name) for name in names}
    for path, element in definition.elements.items():
        if element.kind == "userTask" and any(
            path == one or path.startswith(f"{one}/") for one in paths
        ):
            yield path


def _id(scope: Scope, name: str) -> str:
    return str(scope.spec.task_specs[name].bpmn_id or name)


def _in_order(definition: Definition, paths: set[str]) -> tuple[str, ...]:
    return tuple(path for path in definition.elements if path in paths)


def _hanging(scope: Scope, live: set[str]) -> set[str]:
    """Parallel joins that some tokens come to and that nothing can complete any more."""
    spec, found = scope.spec, set()
    for name, gateway in spec.task_specs.items():
        if not isinstance(gateway, ParallelGateway) or len(gateway.incoming) < 2:
            continue
        come = {flow for task in scope.live() for flow in _tokens(task, name)}
        for other in live - {name}:
            come |= spec.reach(other, name)
        if come and set(gateway.incoming) - come:
            found.add(name)
    return found


def _tokens(task: Any, gateway: str) -> Iterable[str]:
    return task.internal_data.get("tokens", ()) if task.task_spec.name == gateway else ()


def _unjoined(was: Scope, now: Scope) -> Iterator[Reason]:
    """Joins that two live branches come to and that the new version does not have."""
    for name, gateway in was.spec.task_specs.items():
        if not hasattr(gateway, "may_fire") or len(gateway.incoming) < 2:
            continue
        there = now.spec.task_specs.get(name)
        if type(there) is type(gateway):
            continue
        coming = [task for task in was.live() if _comes(was, task, name)]
        if len(coming) > 1:
            yield Reason("join_gone", was.prefix + str(gateway.bpmn_id))


def _comes(scope: Scope, task: Any, gateway: str) -> bool:
    """Whether the task holds a token of its own that leads to the gateway."""
    spec = task.task_spec
    waits = isinstance(spec, BoundaryEvent | EventSubProcess) and task.state == TaskState.WAITING
    if waits or task.parent is None:
        return False
    return bool(scope.spec.reach(spec.name, gateway))


def _missing(scope: Scope, live: set[str], skipped: set[str]) -> Iterator[Reason]:
    """Conditions, inputs and clocks ahead that ask for the result of a step that was passed."""
    known = scope.variables()
    for step in sorted(skipped - known.keys()):
        for name in sorted(_ahead(scope.spec, live, past=step)):
            if any(step in words(text) for text in _texts(scope, scope.spec, name)):
                yield Reason("result_missing", scope.prefix + _id(scope, name), scope.prefix + step)


def _texts(scope: Scope, spec: ProcessSpec, name: str) -> Iterator[str]:
    """The FEEL an element asks, and what the sub-process it is asks inside."""
    one = spec.task_specs[name]
    yield from (flow.condition for flow in one.flows if flow.condition)
    if isinstance(one, CallActivity):
        yield from (m.get("sourceExpression") or m.get("source") or "" for m in one.ins)
    elif isinstance(one, SubProcess):
        inner = scope.top_workflow.specs[one.spec]
        for within in inner.task_specs:
            yield from _texts(scope, inner, within)
    if isinstance(one, Catching) and one.event_definition.text:
        yield one.event_definition.text


def element_at(definition: Definition, path: str) -> Element | None:
    """The element at a path with or without indices."""
    return definition.elements.get(static_path(path))
