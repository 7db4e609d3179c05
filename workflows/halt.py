"""What ends a step that cannot be taken."""

from __future__ import annotations

from workflows.contract import IncidentRaised
from workflows.task import PlanTask, static_path


class Halt(Exception):
    """The step cannot be taken: it ends as an incident and the state stays as it was."""

    def __init__(self, code: str, task: PlanTask, message: str, **details: str) -> None:
        path = task.event_path
        self.incident = IncidentRaised(
            code, path, static_path(path).rsplit("/", 1)[-1], message, details
        )
        super().__init__(message)
