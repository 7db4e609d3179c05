"""The diagrams of a case: how each element stands, as the events tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from models.tasks import UserTask
from services.definitions import static_path
from workflows.catalogue import Catalogue

ElementState = Literal["done", "open", "late", "cancelled"]
#: Which state is shown where an element stands several times (a shared process called twice).
_WEIGHT: Mapping[ElementState, int] = {"cancelled": 0, "done": 1, "open": 2, "late": 3}


@dataclass(frozen=True, slots=True)
class DiagramView:
    """One process to draw: where its file is, and how its elements stand, by element id.
    ``flows`` are the sequence flows taken; ``open`` is how many of the open user tasks stand in
    this process itself, ``late`` how many of them are past their due date."""

    process_id: str
    file: str
    name: str
    states: Mapping[str, ElementState]
    flows: tuple[str, ...]
    open: int
    late: int


def element_states(
    payloads: Iterable[Mapping[str, Any]], tasks: Iterable[UserTask], at: datetime
) -> dict[str, ElementState]:
    """How each element stands, by path, as the events tell it in order; open tasks past their due
    date are late, and so is every call and sub-process around them."""
    states: dict[str, ElementState] = {}
    tasks = list(tasks)
    for payload in payloads:
        for step in payload.get("steps", ()):
            path = static_path(step.lstrip("+-").partition("#")[0])
            sign = step[:1]
            states[path] = "open" if sign == "+" else "cancelled" if sign == "-" else "done"
    for task in tasks:
        if task.status == "open":
            states[static_path(task.element_path)] = "open"
    # After all of them: an open task does not hide a late one of the same element.
    for task in tasks:
        if task.status == "open" and _is_late(task, at):
            states |= dict.fromkeys(and_around(static_path(task.element_path)), "late")
    return states


def _is_late(task: UserTask, at: datetime) -> bool:
    return task.overdue_at is not None or (task.due_at is not None and task.due_at < at)


def and_around(path: str) -> list[str]:
    """The path itself, then the calls and sub-processes it stands in, innermost first."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]


def diagrams(
    read: Catalogue,
    payloads: Sequence[Mapping[str, Any]],
    tasks: Sequence[UserTask],
    at: datetime,
) -> list[DiagramView]:
    """The plan's process and every process it calls, with their elements' states."""
    by_process: dict[str, dict[str, ElementState]] = {read.process_id: {}}
    for call in read.calls.values():
        by_process.setdefault(call.process_id, {})
    for path, state in element_states(payloads, tasks, at).items():
        element = read.elements.get(path)
        if element is None:
            continue
        shown = by_process.setdefault(element.process_id, {})
        before = shown.get(element.id)
        if before is None or _WEIGHT[before] <= _WEIGHT[state]:
            shown[element.id] = state
    taken = dict.fromkeys(flow for payload in payloads for flow in payload.get("flows", ()))
    flows = tuple(taken)
    views = []
    for process_id, states in by_process.items():
        process = read.processes.get(process_id)
        if process is not None:
            own = [
                task
                for task in tasks
                if task.status == "open"
                and read.elements[static_path(task.element_path)].process_id == process_id
            ]
            late = sum(_is_late(task, at) for task in own)
            views.append(
                DiagramView(process_id, process.file, process.name, states, flows, len(own), late)
            )
    return views
