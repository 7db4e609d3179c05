"""What statement pages and forms show alike: a text, its approvals, its history, differences."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.words import Statement, StatementVersion
from services import approval_needs, channels, release_reading, statement_reading
from services.approvers import require_four_eyes
from services.directory import people_by_id, people_in_roles
from services.errors import Refusal
from services.statement_text import PART_NAMES, PartDifference, difference, parts_of
from views import statement_terms
from views.i18n import current_zone


def text_values(text: StatementVersion | None) -> dict[str, Any]:
    """A version's parts as the values of a form's fields."""
    return {name: getattr(text, name) for name in PART_NAMES} if text is not None else {}


def compared(older: StatementVersion, newer: StatementVersion) -> tuple[PartDifference, ...]:
    """The difference of two versions, moments in the organisation's zone."""
    return difference(parts_of(older), parts_of(newer), ZoneInfo(current_zone()))


def frame(session: Session, statement: Statement, now: datetime) -> dict[str, Any]:
    """What every place that shows a statement needs; ``now`` is the case's own time."""
    versions = statement_reading.versions(session, statement.id)
    decisions = approval_needs.of_statement(session, statement.id)
    out = release_reading.of_statement(session, statement.id)
    people = people_by_id(
        session,
        [
            *(v.author_id for v in versions),
            *(d.person_id for d in decisions),
            *(d.entered_by for d in decisions),
            *(r.person_id for r in out),
            *(r.withdrawn_by for r in out),
        ],
    )
    return {
        "statement": statement,
        "current": versions[-1],
        "versions": versions,
        "version_numbers": {v.id: v.number for v in versions},
        "decisions": decisions,
        "needs": approval_needs.needs(session, statement),
        "releases": out,
        "channel_names": channels.by_id(session),
        "writers": people,
        "words": statement_terms,
        "case_now": now,
    }


def decision_frame(
    session: Session,
    statement: Statement,
    kind: str,
    person: Person,
    approver_roles: tuple[str, ...],
    now: datetime,
) -> dict[str, Any]:
    """What an approver is shown: the text, what has changed since the version they (their kind)
    last decided on, who may have decided by telephone."""
    shown = frame(session, statement, now)
    seen = [d for d in shown["decisions"] if d.kind == kind]
    by_id = {v.id: v for v in shown["versions"]}
    last_seen = by_id.get(seen[-1].version_id) if seen else None
    if last_seen is None and len(shown["versions"]) > 1:
        last_seen = shown["versions"][-2]
    changed = None
    if last_seen is not None and last_seen.number != shown["current"].number:
        changed = compared(last_seen, shown["current"])
    approvers = [p for p in people_in_roles(session, approver_roles) if p.id != person.id]
    return {
        **shown,
        "approval_kind": kind,
        "last_seen": last_seen,
        "changed": changed,
        "approvers": approvers,
        "own_text": kind == approval_needs.FINAL and _own_text(session, statement, person, shown),
        "defaults": text_values(shown["current"]),
    }


def _own_text(
    session: Session, statement: Statement, person: Person, shown: dict[str, Any]
) -> bool:
    try:
        require_four_eyes(session, statement, person.id, shown["current"])
    except Refusal:
        return True
    return False


def released_statements(session: Session, case: Case) -> list[Statement]:
    """What a correction may correct: what is, or was, out."""
    return [s for s in statement_reading.of_case(session, case.id) if s.status != "draft"]
