"""What has since happened to an exception: facts beside it, which do not undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.history import HistoryEvent
from models.tasks import UserTask
from models.words import Approval
from services import history
from services.event_kinds import LATE
from services.moments import from_text

_AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact:
    """``code``: ``countersigned`` (an oral approval, signed at ``at``) or ``met`` (a deadline
    noted as missed; the work, entered at ``entered_at``, was done in time at ``at``). Moments are
    the case's own."""

    code: str
    at: datetime
    entered_at: datetime | None = None


#: By kind of exception.
Facts = Mapping[str, Fact]


def settled(session: Session, events: Sequence[HistoryEvent]) -> dict[int, Facts]:
    """What has settled the events' kinds of exception, by event id; an event none of whose kinds
    is settled is absent. A few queries however many events."""
    found: dict[int, dict[str, Fact]] = {}
    for find in (_countersigned, _met_after_all):
        for event_id, kind, fact in find(session, events):
            found.setdefault(event_id, {})[kind] = fact
    return dict(found)


def _countersigned(session: Session, events: Sequence[HistoryEvent]) -> list[tuple[int, str, Fact]]:
    asked = _payloads(events, "approval.given", lambda data: data.get("oral") is True)
    signed: dict[int, datetime] = {}
    for some in _batches([data["id"] for _, data in asked if "id" in data]):
        for id_, at in session.execute(
            select(Approval.id, Approval.countersigned_at).where(Approval.id.in_(some))
        ):
            if at is not None:
                signed[id_] = at
    return [
        (event.id, "oral", Fact("countersigned", signed[data["id"]]))
        for event, data in asked
        if data.get("id") in signed
    ]


def _met_after_all(session: Session, events: Sequence[HistoryEvent]) -> list[tuple[int, str, Fact]]:
    asked = _payloads(
        events, "deadline.missed", lambda data: bool(data.get("task") and data.get("due"))
    )
    done: dict[str, tuple[datetime, datetime | None]] = {}
    for some in _batches([data["task"] for _, data in asked]):
        for id_, happened, entered in session.execute(
            select(UserTask.id, UserTask.occurred_at, UserTask.completed_at).where(
                UserTask.id.in_(some), UserTask.status == "completed"
            )
        ):
            if happened is not None:
                done[id_] = (happened, entered)
    return [
        (event.id, LATE, Fact("met", *done[data["task"]]))
        for event, data in asked
        if data["task"] in done and done[data["task"]][0] <= from_text(data["due"])
    ]


def _payloads(
    events: Sequence[HistoryEvent], type_: str, when: Callable[[Mapping[str, Any]], bool]
) -> list[tuple[HistoryEvent, dict[str, Any]]]:
    read = [(event, history.payload_of(event)) for event in events if event.type == type_]
    return [(event, data) for event, data in read if when(data)]


def _batches(ids: Sequence[T]) -> list[Sequence[T]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
