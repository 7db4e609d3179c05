"""Who in the unit can fill a plan's roles now. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Membership, Person, Role


@dataclass(frozen=True, slots=True)
class UnitRole:
    """A role of the organisation and how many people, switched on, hold it now."""

    key: str
    name: str
    name_en: str
    people: int


def unit_roles(session: Session, keys: Iterable[str]) -> dict[str, UnitRole]:
    """The organisation's roles of these keys; keys it does not know are left out."""
    wanted = set(keys)
    holders = session.execute(
        select(Membership.role_key, func.count(Person.id.distinct()))
        .join(Person)
        .where(Membership.role_key.in_(wanted), Membership.until.is_(None), Person.active.is_(True))
        .group_by(Membership.role_key)
    )
    counts = {str(key): int(count) for key, count in holders}
    return {
        role.key: UnitRole(role.key, role.name, role.name_en, counts.get(role.key, 0))
        for role in session.scalars(select(Role).where(Role.key.in_(wanted)))
    }
