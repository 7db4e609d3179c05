"""What a completed form hands to the code that knows its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.cases import Case
from models.tasks import UserTask
from services.actor import Actor
from services.uow import UnitOfWork
from workflows.contract import Element


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as submitted. ``now`` and ``occurred_at`` are in the case's own time; ``data`` holds
    parsed values by field id (dates as datetimes), never raw strings of the browser for typed
    fields."""

    task: UserTask
    case: Case
    element: Element
    actor: Actor
    data: Mapping[str, Any]
    now: datetime
    occurred_at: datetime


#: Does the domain's writes and history, and returns the variables for the engine. Raises
#: `services.errors.Refusal`.
Handler = Callable[[UnitOfWork, Submission], dict[str, Any]]
