"""The exceptions list (例外清单): what departed from the ordinary way, as facts on record.

What is an exception, the registry says (`services.history_types`): a kind that is added there
stands in the list, its filter and its file without a change here. The list judges nobody and
counts nobody.

Acts from the command line come by the dozen (an installation sets up roles, people and plans; an
upgrade puts all plans in force again): `in_batches` gathers such a run into one line, which holds
all of its events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy.orm import Session

from models.history import HistoryEvent
from services import access, auditing, event_search, history
from services.actor import SYSTEM, Actor
from services.audit_trail import filter_told
from services.event_filter import EventFilter
from services.event_kinds import all_kinds, kinds_of
from services.event_settled import Facts, settled
from services.uow import UnitOfWork

#: Rows read at once for a file.
_AT_ONCE: Final = 500
#: From so many acts on a run is a batch; what is further apart is none; a page goes on so far not
#: to cut one in two.
LEAST: Final = 3
APART: Final = timedelta(hours=1)
MOST: Final = 500
#: Kinds of exception that acts from the command line are by themselves.
_BY_COMMAND: Final = frozenset({"admin_act", "deployed_alone"})
#: The event that founds the unit: the setting of this name.
_FOUNDED: Final = "organization"


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An event with the kinds of exception it is, and by kind what has settled it since."""

    event: HistoryEvent
    kinds: tuple[str, ...]
    settled: Facts


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of acts of the organisation that nobody signed in did, the latest first: one row of
    the list. ``founding``: the unit was set up with it."""

    rows: tuple[Exceptional, ...]
    founding: bool


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


def page_of_lines(session: Session, flt: EventFilter, cursor: str | None = None) -> ExceptionPage:
    """As `page`; where it would end within a batch it goes on, to `MOST` rows."""
    found = page(session, flt, cursor)
    rows = list(found.rows)
    while rows and _by_command(rows[-1]) and len(rows) < MOST:
        if found.next_cursor is None or not found.complete:
            break
        found = page(session, flt, found.next_cursor)
        rows += found.rows
    return replace(found, rows=rows)


def in_batches(rows: Sequence[Exceptional]) -> list[Exceptional | Batch]:
    """The rows in their order, runs of acts from the command line gathered. Nothing is left out."""
    runs: list[list[Exceptional]] = [[row] for row in rows[:1]]
    for before, row in pairwise(rows):
        if _go_together(before, row):
            runs[-1].append(row)
        else:
            runs.append([row])
    found: list[Exceptional | Batch] = []
    for run in runs:
        if len(run) < LEAST:
            found += run
        else:
            found.append(Batch(tuple(run), any(map(_founds, run))))
    return found


def _go_together(one: Exceptional, other: Exceptional) -> bool:
    apart = abs(one.event.occurred_at - other.event.occurred_at)
    return _by_command(one) and _by_command(other) and apart <= APART


def _by_command(row: Exceptional) -> bool:
    event = row.event
    return (
        event.chain == history.ORG
        and event.person_id is None
        and _BY_COMMAND.issuperset(row.kinds)
        and history.content_of(event).get("by") == SYSTEM.kind
    )


def _founds(row: Exceptional) -> bool:
    event = row.event
    return event.type == "org.setting_changed" and history.payload_of(event).get("key") == _FOUNDED


def everything(session: Session, flt: EventFilter) -> Iterator[list[Exceptional]]:
    """All of them, the latest first, some at a time. Raises as `page`."""
    cursor = None
    while True:
        found = page(session, flt, cursor, _AT_ONCE)
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
            "filter": filter_told(flt.to_dict()),
            "events": rows,
            "digest": digest,
            "masked": masked,
        },
        chain=history.AUDIT,
    )
