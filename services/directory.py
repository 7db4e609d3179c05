"""Who is in the organisation, for pages that list or name people. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Membership, Organization, Person, Role

#: Row id of the one organisation of an installation.
ORGANIZATION_ID = 1


def organization(session: Session) -> Organization | None:
    """The organisation, once it has been set up."""
    return session.get(Organization, ORGANIZATION_ID)


def roles(session: Session) -> list[Role]:
    """Every role, the most senior first."""
    return list(session.scalars(select(Role).order_by(Role.rank.desc(), Role.key)))


def people(session: Session, *, active: bool = True) -> list[Person]:
    """Everybody, by username; without those switched off unless ``active`` is False."""
    query = select(Person).order_by(Person.id)
    if active:
        query = query.where(Person.active.is_(True))
    return list(session.scalars(query))


def people_by_id(session: Session, ids: Iterable[int | None]) -> dict[int, Person]:
    """The people behind ids, for naming them; unknown ids and None are left out."""
    wanted = {found for found in ids if found is not None}
    if not wanted:
        return {}
    return {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(wanted)))}


def people_in_roles(session: Session, role_keys: Iterable[str]) -> list[Person]:
    """Active people who hold one of the roles now, by username."""
    keys = list(role_keys)
    if not keys:
        return []
    return list(
        session.scalars(
            select(Person)
            .join(Membership)
            .where(
                Membership.role_key.in_(keys), Membership.until.is_(None), Person.active.is_(True)
            )
            .order_by(Person.id)
            .distinct()
        )
    )
