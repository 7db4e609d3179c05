"""The exceptions list (例外清单): what departed from the ordinary way, as facts on record.

What is an exception, the registry says (`services.history_types`): a kind that is added there
stands in the list, its filter and its file without a change here. The list judges nobody and
counts nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from models.history import HistoryEvent
from services import access, auditing, event_search, history
from services.actor import Actor
from services.event_filter import EventFilter
from services.event_kinds import all_kinds, kinds_of
from services.event_settled import Facts, settled
from services.uow import UnitOfWork

#: Rows read at once for a file.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An event with the kinds of exception it is, and by kind what has settled it since."""

    event: HistoryEvent
    kinds: tuple[str, ...]
    settled: Facts


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """As `event_search.Page`."""

    rows: list[Exceptional]
    next_cursor: str | None
    searched_to: datetime | None
    complete: bool


def page(
    session: Session,
    flt: EventFilter,
    cursor: str | None = None,
    limit: int = event_search.LIMIT,
) -> ExceptionPage:
    """The next exceptions that the filter keeps, the latest first; without ``kinds`` of every
    kind. Raises as `event_search.page`."""
    asked = replace(flt, kinds=flt.kinds or all_kinds())
    found = event_search.page(session, asked, cursor, limit)
    rows = exceptional(session, found.events)
    return ExceptionPage(rows, found.next_cursor, found.searched_to, found.complete)


def everything(session: Session, flt: EventFilter) -> Iterator[list[Exceptional]]:
    """All of them, the latest first, some at a time. Raises as `page`."""
    cursor = None
    while True:
        found = page(session, flt, cursor, _BATCH)
        if found.rows:
            yield found.rows
        cursor = found.next_cursor
        if cursor is None:
            return


def exceptional(session: Session, events: Sequence[HistoryEvent]) -> list[Exceptional]:
    """The events with what they are exceptions as."""
    facts: Mapping[int, Facts] = settled(session, events)
    return [Exceptional(event, kinds_of(event), facts.get(event.id, {})) for event in events]


def record_file(
    uow: UnitOfWork,
    flt: EventFilter,
    rows: int,
    digest: str,
    actor: Actor,
    now: datetime,
    *,
    masked: bool,
) -> HistoryEvent:
    """Put on record that an auditor took the list away as a file of so many rows. Raises Refusal
    ``not_your_role`` 403."""
    auditing.auditor(uow.session, actor)
    return history.append(
        uow,
        "audit.exported",
        actor=Actor(actor.person_id, access.AUDITOR),
        occurred_at=now,
        now=now,
        payload={
            "format": "exceptions_xlsx",
            "filter": flt.to_dict(),
            "events": rows,
            "digest": digest,
            "masked": masked,
        },
        chain=history.AUDIT,
    )
