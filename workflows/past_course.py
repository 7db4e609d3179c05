"""How a case goes on a version: its steps, its choices, its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from workflows.contract import IncidentRaised
from workflows.definition import Definition
from workflows.specs.events import Split

How = Literal["recorded", "later", "default", "open", "cancelled"]


@dataclass(frozen=True, slots=True)
class Step:
    """A user task of a course. ``how`` it ended: as recorded, ``later`` (it opened after its
    recorded moment), by ``default`` values, not at all, or cancelled. ``late`` is seconds after
    the due date (negative: before), None without one."""

    path: str
    round: int
    opened: datetime
    due: datetime | None
    completed: datetime | None = None
    happened: datetime | None = None
    how: How = "open"
    #: Fields of its form that the record had no value for.
    filled: tuple[str, ...] = ()

    @property
    def late(self) -> int | None:
        """Seconds after the due date (negative: before); None without one or when not done."""
        if self.due is None or self.happened is None:
            return None
        return int((self.happened - self.due).total_seconds())


@dataclass(frozen=True, slots=True)
class Choice:
    """A gateway's or a table's answer; ``matched`` are flow or rule ids."""

    path: str
    decision: str
    matched: tuple[str, ...]
    output: Any


@dataclass(frozen=True, slots=True)
class Course:
    """How a case goes on a version. ``steps`` in the order they ended, those still open last.
    ``unheard`` are messages nobody waited for. ``stuck`` is the fault that stopped it."""

    steps: tuple[Step, ...]
    choices: tuple[Choice, ...]
    ends: tuple[str, ...]
    status: Literal["completed", "running", "incident"]
    finished: datetime
    unheard: tuple[str, ...] = ()
    stuck: IncidentRaised | None = None

    @property
    def done(self) -> list[tuple[str, int]]:
        """The completed steps as (path, round), in their order."""
        return [(step.path, step.round) for step in self.steps if step.completed is not None]


def targets(definition: Definition, path: str, flows: Sequence[str]) -> tuple[str, ...]:
    """Where flows out of the gateway at ``path`` lead, as paths."""
    element = definition.element(path)
    around = path.rpartition("/")[0]
    prefix = f"{around}/" if around else ""
    found: dict[str, str] = {}
    for name, spec in definition.specs.items():
        if name != element.process_id and not name.startswith(f"{element.process_id}/"):
            continue
        for one in spec.task_specs.values():
            for flow in one.flows if one.bpmn_id == element.id else ():
                target = spec.task_specs[flow.target]
                host = spec.task_specs[target.main] if isinstance(target, Split) else target
                found[flow.id] = str(host.bpmn_id)
    return tuple(prefix + found.get(flow, flow) for flow in flows)
