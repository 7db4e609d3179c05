"""Who has to do with keeping and destroying cases, and which cases they meet there.

The lists of the archive name closed and archived cases by number and title, as any list of files
does, to everybody who takes part in deciding on them. What stands in a case is read where it always
is, by those who may see it (`services.access`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from services import access
from services.errors import Refusal

ARCHIVE: Final = "archive"
KEEPERS: Final = (ARCHIVE, access.ADMIN, "leader", "office", "legal", access.AUDITOR)


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


def may_open(session: Session, person: Person, case: Case) -> bool:
    """Whether the archive's page of a case is for the person."""
    try:
        require_case(session, person, case.id)
    except Refusal:
        return False
    return True
