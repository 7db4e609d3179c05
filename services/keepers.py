"""Who has to do with keeping and destroying cases, and which cases they meet there.

The lists of the archive name closed and archived cases by number and title, as any list of files
does, to everybody who takes part in deciding on them, and signals of no case by number. What stands
in them is read where it always is, by those who may see it (`services.access`, `services.signals`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import Signal
from models.people import Person
from models.plans import PlanVersion
from services import access
from services.errors import Refusal

ARCHIVE: Final = "archive"
KEEPERS: Final = (ARCHIVE, access.ADMIN, "leader", "office", "legal", access.AUDITOR)
#: Cases on a page of the archive's list.
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Cases with their plans' keys; ``next`` is the case the next page comes after (None at the
    end)."""

    rows: list[tuple[Case, str]]
    next: int | None
    first: bool


@dataclass(frozen=True, slots=True)
class SignalPage:
    """Signals; ``next`` is the one the next page comes after (None at the end)."""

    rows: list[Signal]
    next: int | None
    first: bool


def require_keeper(person: Person) -> None:
    """Raises Refusal ``not_your_role`` 403 for anybody who has nothing to do with it,
    ``not_active`` 403 for an account that has been switched off."""
    if not person.active:
        raise Refusal("not_active", 403)
    access.require_role(person, *KEEPERS)


def require_case(session: Session, person: Person, case_id: int) -> Case:
    """A case as the archive knows it: one that is closed or archived, or that the person sees
    anyway. Raises Refusal ``case_unknown`` 404 for any other."""
    case = session.get(Case, case_id)
    if case is not None and case.status in ("closed", "archived"):
        require_keeper(person)
        return case
    return access.require_see_case(session, person, case)


def case_numbered(session: Session, person: Person, number: str) -> Case:
    """As `require_case`, by the number."""
    found = session.scalar(select(Case.id).where(Case.number == number))
    return require_case(session, person, found if found is not None else 0)


def page(session: Session, after: int | None = None, limit: int = PAGE) -> Page:
    """Closed and archived cases, the latest first, those after the case ``after``."""
    query = (
        select(Case, PlanVersion.plan_key)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(Case.status.in_(("closed", "archived")))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(limit + 1)
    )
    last = session.get(Case, after) if after is not None else None
    if last is not None:
        query = query.where(tuple_(Case.opened_at, Case.id) < (last.opened_at, last.id))
    rows = [(row[0], row[1]) for row in session.execute(query)]
    more = rows[limit - 1][0].id if len(rows) > limit else None
    return Page(rows[:limit], more, last is None)


def may_open(session: Session, person: Person, case: Case) -> bool:
    """Whether the archive's page of a case is for the person."""
    try:
        require_case(session, person, case.id)
    except Refusal:
        return False
    return True


def require_signal(session: Session, person: Person, signal_id: int) -> Signal:
    """A signal that never became a case, as the archive knows it. Raises Refusal
    ``signal_unknown`` 404 for any other."""
    require_keeper(person)
    signal = session.get(Signal, signal_id)
    if signal is None or signal.case_id is not None:
        raise Refusal("signal_unknown", 404)
    return signal


def case_of_signal(session: Session, person: Person, signal_id: int) -> int | None:
    """The case a signal belongs to, where the archive's page of that is for the person."""
    signal = session.get(Signal, signal_id)
    case = session.get(Case, signal.case_id) if signal is not None and signal.case_id else None
    return case.id if case is not None and may_open(session, person, case) else None


def signal_page(session: Session, after: int | None = None, limit: int = PAGE) -> SignalPage:
    """Signals that never became a case, destroyed ones included, the last recorded first, those
    after the signal ``after``."""
    query = select(Signal).where(Signal.case_id.is_(None)).order_by(Signal.id.desc())
    if after is not None:
        query = query.where(Signal.id < after)
    rows = list(session.scalars(query.limit(limit + 1)))
    more = rows[limit - 1].id if len(rows) > limit else None
    return SignalPage(rows[:limit], more, after is None)
