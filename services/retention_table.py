"""The unit's own retention table (保管期限表): its terms, added, renamed, switched off.

档案法实施条例 (2024) has each unit draw up a table of its own. Until it has changed anything, the
three usual terms stand (永久, 定期30年, 定期10年) and nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.retention import RetentionTerm
from services import access, history, keepers
from services.actor import SYSTEM, Actor
from services.errors import Refusal
from services.organisation import locked
from services.uow import UnitOfWork

#: Who keeps the table and sets the terms of plans.
SETTERS: Final = (keepers.ARCHIVE, access.ADMIN)
PERMANENT: Final = "permanent"
NAME_LIMIT: Final = 120
MOST_YEARS: Final = 500


@dataclass(frozen=True, slots=True)
class Term:
    """A row of the table. ``years`` None: permanent. Inactive: no plan may take it any more; the
    plans that have it keep it."""

    key: str
    name: str
    name_en: str
    years: int | None
    active: bool = True


DEFAULTS: Final = (
    Term(PERMANENT, "永久", "Permanent", None),
    Term("y30", "30年", "30 years", 30),
    Term("y10", "10年", "10 years", 10),
)


def terms(session: Session) -> list[Term]:
    """The table, the longest first; the defaults where the unit has changed nothing yet."""
    rows = session.scalars(select(RetentionTerm)).all()
    found = [Term(r.key, r.name, r.name_en, r.years, r.active) for r in rows] or list(DEFAULTS)
    return sorted(found, key=lambda t: (t.years is not None, -(t.years or 0), t.key))


def term_named(session: Session, key: str) -> Term:
    """Raises Refusal ``term_unknown`` 404."""
    for term in terms(session):
        if term.key == key:
            return term
    raise Refusal("term_unknown", 404, term=key)


def add_term(
    uow: UnitOfWork, name: str, name_en: str, years: int | None, actor: Actor, now: datetime
) -> Term:
    """Add a term of the unit's own; ``years`` None is permanent. Raises Refusal ``not_your_role`` /
    ``read_only`` 403, ``form_invalid`` 422 (``name``: required, too_long, term_name_taken;
    ``years``: too_small, too_large)."""
    setter(uow, actor)
    name, name_en = _names(uow.session, name, name_en)
    if years is not None and not 0 < years <= MOST_YEARS:
        wrong = "too_small" if years <= 0 else "too_large"
        raise Refusal("form_invalid", 422, errors={"years": wrong})
    ensure_terms(uow, now)
    taken = set(uow.session.scalars(select(RetentionTerm.key)))
    base = PERMANENT if years is None else f"y{years}"
    tries = [base, *(f"{base}_{n}" for n in range(2, len(taken) + 3))]
    key = next(one for one in tries if one not in taken)
    term = Term(key, name, name_en, years)
    _add(uow, term, actor, now)
    return term


def change_term(
    uow: UnitOfWork,
    key: str,
    actor: Actor,
    now: datetime,
    *,
    name: str,
    name_en: str,
    active: bool,
) -> Term:
    """Rename a term, switch it off or on again. Its years never change: cases archived under it
    were promised them; a new length is a new term. What is the same already writes nothing.

    Raises Refusal as `add_term`, ``term_unknown`` 404, ``term_needed`` 409 for switching off the
    permanent term, under which every plan without a setting stands."""
    setter(uow, actor)
    before = term_named(uow.session, key)
    name, name_en = _names(uow.session, name, name_en, key)
    if key == PERMANENT and not active:
        raise Refusal("term_needed", 409)
    after = Term(key, name, name_en, before.years, active)
    if after == before:
        return before
    ensure_terms(uow, now)
    row = uow.session.get_one(RetentionTerm, key)
    row.name, row.name_en, row.active = name, name_en, active
    was = {"name": before.name, "name_en": before.name_en, "active": before.active}
    _told(uow, after, actor, now, was)
    return after


def ensure_terms(uow: UnitOfWork, now: datetime) -> None:
    """Put the defaults into the table, each with its event, if nothing stands there: before the
    first row that refers to one."""
    if uow.session.scalar(select(RetentionTerm.key).limit(1)) is None:
        for term in DEFAULTS:
            _add(uow, term, SYSTEM, now)


def to_be_set(uow: UnitOfWork, key: str, was: str | None, now: datetime) -> bool:
    """Whether a term is to take the place of the one set before (None: none was, which is
    permanent), its row in the table then made sure of. Raises Refusal ``term_unknown`` 404,
    ``term_off`` 409 for one that is switched off."""
    term = term_named(uow.session, key)
    if key == (was or PERMANENT):
        return False
    if not term.active:
        raise Refusal("term_off", 409, term=term.name, term_en=term.name_en)
    ensure_terms(uow, now)
    return True


def _add(uow: UnitOfWork, term: Term, actor: Actor, now: datetime) -> None:
    uow.session.add(
        RetentionTerm(
            key=term.key, name=term.name, name_en=term.name_en, years=term.years, active=True
        )
    )
    uow.session.flush()
    _told(uow, term, actor, now)


def _told(
    uow: UnitOfWork, term: Term, actor: Actor, now: datetime, was: dict[str, Any] | None = None
) -> None:
    payload: dict[str, Any] = {
        "key": term.key, "name": term.name, "name_en": term.name_en, "years": term.years,
        "active": term.active,
    }  # fmt: skip
    if was is not None:
        payload["was"] = was
    history.append(uow, "org.term_changed", actor=actor, occurred_at=now, now=now, payload=payload)


def _names(session: Session, name: str, name_en: str, own: str = "") -> tuple[str, str]:
    name, name_en = " ".join(name.split()), " ".join(name_en.split())
    errors = {}
    if not name:
        errors["name"] = "required"
    elif any(term.name == name for term in terms(session) if term.key != own):
        errors["name"] = "term_name_taken"
    for field, text in (("name", name), ("name_en", name_en)):
        if len(text) > NAME_LIMIT:
            errors[field] = "too_long"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    return name, name_en


def setter(uow: UnitOfWork, actor: Actor) -> None:
    """Whoever changes the table or a plan's term, one after the other. Raises Refusal
    ``not_your_role`` / ``read_only`` 403."""
    access.require_role(access.writer(uow.session, actor), *SETTERS)
    locked(uow.session)
