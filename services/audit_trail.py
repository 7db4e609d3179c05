"""What auditors opened: put on record, and read back. In the chain ``audit``, so that looking at a
case leaves no trace in the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.intake import Attachment, Signal
from models.people import Person
from models.tasks import UserTask
from models.words import Statement
from services import access, history, masking
from services.actor import Actor
from services.directory import people_by_id
from services.errors import Refusal
from services.uow import UnitOfWork

#: Rows of the log in a page.
PAGE = 50
#: Who may read the log.
READERS = (access.AUDITOR, access.ADMIN)
#: Longest argument of an address that is kept.
_ARGUMENT = 120


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


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log. ``case`` is the case it names, where it names one that is still there."""

    event: HistoryEvent
    payload: Mapping[str, Any]
    personal: Mapping[str, Any]
    person: Person | None
    case: Case | None


@dataclass(frozen=True, slots=True)
class Log:
    """The latest first; ``before`` is what the next page begins below, None on the last."""

    entries: list[Entry]
    before: int | None


def log(session: Session, person: Person, before: int | None = None) -> Log:
    """A page of the chain ``audit``, `PAGE` rows, by keyset. Raises Refusal ``not_your_role`` 403
    for anybody but auditors and administrators, ``not_active`` 403."""
    if not person.active:
        raise Refusal("not_active", 403)
    access.require_role(person, *READERS)
    query = select(HistoryEvent).where(HistoryEvent.chain == history.AUDIT)
    if before is not None:
        query = query.where(HistoryEvent.seq < before)
    events = list(session.scalars(query.order_by(HistoryEvent.seq.desc()).limit(PAGE + 1)))
    shown = events[:PAGE]
    payloads = [history.payload_of(event) for event in shown]
    personal = history.personal_by_event(session, shown)
    people = people_by_id(session, [event.person_id for event in shown])
    ids = {payload["case"] for payload in payloads if isinstance(payload.get("case"), int)}
    cases = {one.id: one for one in session.scalars(select(Case).where(Case.id.in_(ids)))}
    entries = [
        Entry(
            event,
            payload,
            personal.get(event.id, {}),
            people.get(event.person_id or 0),
            cases.get(payload.get("case", 0)),
        )
        for event, payload in zip(shown, payloads, strict=True)
    ]
    return Log(entries, shown[-1].seq if len(events) > PAGE else None)
