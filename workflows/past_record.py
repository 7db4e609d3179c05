"""What was decided in a finished case, as far as it can be decided again on another version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.contract import Variables, WorkCalendar


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded completion. ``completed`` is when it was entered, ``happened`` when the work was
    done; ``result`` is as stored: JSON values by field. ``seq`` orders the record."""

    path: str
    round: int
    opened: datetime
    completed: datetime
    happened: datetime
    result: Mapping[str, Any]
    seq: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message somebody sent."""

    name: str
    payload: Mapping[str, Any]
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """An anchor put right later on."""

    name: str
    happened: datetime
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Record:
    """What was decided in a case. ``cancelled`` are tasks (path, round) nobody had to answer;
    ``fields`` the form fields of the version it was decided on, by path; ``usual`` how long a role
    takes, in minutes."""

    started: datetime
    finished: datetime
    variables: Variables
    anchors: Mapping[str, datetime]
    calendar: WorkCalendar
    answers: tuple[Answer, ...]
    messages: tuple[Sent, ...] = ()
    corrections: tuple[Corrected, ...] = ()
    cancelled: frozenset[tuple[str, int]] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
