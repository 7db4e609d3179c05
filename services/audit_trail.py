"""What auditors opened, put on record: in the chain ``audit``, so that looking at a case leaves no
trace in the case. `services.audit_log` reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.history import HistoryEvent
from models.intake import Attachment, Signal
from models.people import Person
from models.tasks import UserTask
from models.words import Statement
from services import access, history, masking
from services.actor import Actor
from services.uow import UnitOfWork

#: Longest argument of an address that is kept.
_ARGUMENT = 120
#: What of a filter may be typed.
_TYPED = frozenset({"role", "element", "clause", "tier"})


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened: ``what`` is the page's key (its endpoint), ``case`` the case it belongs to,
    ``id`` the task, statement, signal, file or plan it shows, ``args`` what the address asked."""

    what: str
    case: int | None = None
    id: int | str | None = None
    args: tuple[tuple[str, str], ...] = ()


def record_opened(uow: UnitOfWork, opened: Opened, actor: Actor, now: datetime) -> HistoryEvent:
    """Put it on record, at the wall moment. What the address asked may hold words about people:
    they are masked here, since the chain keeps them for ever."""
    payload: dict[str, Any] = {"what": opened.what}
    if opened.case is not None:
        payload["case"] = opened.case
    if opened.id is not None:
        payload["id"] = opened.id
    if opened.args:
        payload["args"] = {
            name: masking.BARE.text(value)[:_ARGUMENT] for name, value in opened.args
        }
    return history.append(
        uow,
        "audit.opened",
        actor=Actor(actor.person_id, access.AUDITOR, actor.on_behalf_of),
        occurred_at=now,
        now=now,
        payload=payload,
        chain=history.AUDIT,
    )


def filter_told(query: Mapping[str, Any]) -> dict[str, Any]:
    """A filter (`EventFilter.to_dict`) as the chain keeps it: what was typed into it masked, as
    what an address asks for is."""
    return {
        name: masking.BARE.text(value)[:_ARGUMENT] if name in _TYPED else value
        for name, value in query.items()
    }


def case_behind(session: Session, given: Mapping[str, Any]) -> int | None:
    """The case that an address is about, by the names of its arguments; None for none."""
    if isinstance(given.get("case_id"), int):
        return int(given["case_id"])
    if "task_id" in given:
        task = session.get(UserTask, str(given["task_id"]))
        return task.case_id if task is not None else None
    if "statement_id" in given:
        statement = session.get(Statement, given["statement_id"])
        return statement.case_id if statement is not None else None
    signal_id = given.get("signal_id")
    if "attachment_id" in given:
        attachment = session.get(Attachment, given["attachment_id"])
        if attachment is None or attachment.case_id is not None:
            return attachment.case_id if attachment is not None else None
        signal_id = attachment.signal_id
    signal = session.get(Signal, signal_id) if signal_id is not None else None
    return signal.case_id if signal is not None else None


def sees_anyway(session: Session, person: Person, case_id: int) -> bool:
    """Whether the person may see the case without the auditor's role."""
    return case_id in masking.seen_otherwise(session, person, [case_id])
