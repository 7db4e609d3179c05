"""Setting up the one organisation of an installation: its name, roles and official channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.people import Organization, Role
from services import access, history
from services.actor import Actor
from services.directory import ORGANIZATION_ID
from services.errors import Refusal
from services.kinds import Kind
from services.uow import UnitOfWork

ROLE_NAME_LIMIT = 120


def found(
    uow: UnitOfWork,
    *,
    name: str,
    name_en: str = "",
    kind: str,
    zone: str = "Asia/Shanghai",
    roles: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
    is_demo: bool = False,
) -> Organization:
    """Set up the organisation with its first roles (rows of ``bpmn/roles.toml``: ``key``,
    ``name``, ``name_en``, ``rank``, ``superior``).

    Raises `Refusal` ``organization_exists`` (409) and ``form_invalid`` (422, no name)."""
    session = uow.session
    if session.get(Organization, ORGANIZATION_ID) is not None:
        raise Refusal("organization_exists", 409)
    if not name.strip():
        raise Refusal("form_invalid", 422, errors={"name": "required"})
    unit = Organization(
        id=ORGANIZATION_ID,
        name=name.strip(),
        name_en=name_en.strip(),
        kind=kind,
        zone=zone,
        settings={},
        is_demo=is_demo,
    )
    session.add(unit)
    history.append(
        uow,
        "org.setting_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"key": "organization", "value": {"name": unit.name, "kind": kind, "zone": zone}},
    )
    for row in roles:
        add_role(uow, row, actor, now)
    return unit


def add_role(uow: UnitOfWork, row: Mapping[str, Any], actor: Actor, now: datetime) -> Role:
    """A role people can hold; its superior has to be there before it. Raises `Refusal` as
    `access.require_writer`."""
    session: Session = uow.session
    access.require_writer(session, actor)
    role = Role(
        key=str(row["key"]),
        name=str(row["name"]),
        name_en=str(row.get("name_en", "")),
        superior=row.get("superior"),
        rank=int(row.get("rank", 0)),
    )
    session.add(role)
    session.flush()
    history.append(
        uow,
        "org.role_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"role": role.key, "name": role.name, "superior": role.superior, "created": True},
    )
    return role


def ensure_roles(
    uow: UnitOfWork, rows: Iterable[Mapping[str, Any]], actor: Actor, now: datetime
) -> list[Role]:
    """Add those of ``rows`` (each after its superior) that the organisation does not have; what it
    has stays as the unit named it. Returns the new ones."""
    known = set(uow.session.scalars(select(Role.key)))
    return [add_role(uow, row, actor, now) for row in rows if row["key"] not in known]


def rename_role(
    uow: UnitOfWork, key: str, name: str, name_en: str, actor: Actor, now: datetime
) -> Role:
    """Give a role the unit's own name, shown wherever the role is. The same name writes nothing.

    Raises `Refusal` ``not_your_role`` / ``read_only`` 403, ``role_unknown`` 404, ``form_invalid``
    422 (fields ``name``, ``name_en``: ``required``, ``too_long``, ``name_taken``)."""
    access.require_administrator(uow.session, actor)
    locked(uow.session)
    role = uow.session.get(Role, key, populate_existing=True)
    if role is None:
        raise Refusal("role_unknown", 404, roles=[key])
    name, name_en = " ".join(name.split()), " ".join(name_en.split())
    errors = {}
    if not name:
        errors["name"] = "required"
    for field, text in (("name", name), ("name_en", name_en)):
        if len(text) > ROLE_NAME_LIMIT:
            errors[field] = "too_long"
    if "name" not in errors:
        # Two roles of one name could not be told apart.
        others = select(Role.key).where(Role.name == name, Role.key != key)
        if uow.session.scalar(others.limit(1)) is not None:
            errors["name"] = "name_taken"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)
    was = {"name": role.name, "name_en": role.name_en}
    if was == {"name": name, "name_en": name_en}:
        return role
    role.name, role.name_en = name, name_en
    history.append(
        uow,
        "org.role_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"role": key, "name": name, "name_en": name_en, "was": was},
    )
    return role


def choose_kind(uow: UnitOfWork, kind: Kind, actor: Actor, now: datetime) -> Organization:
    """Say what kind of unit it is: which plans are offered first. Plans in use stay.

    Raises `Refusal` ``not_your_role`` / ``read_only`` 403, ``organization_unknown`` 404."""
    access.require_administrator(uow.session, actor)
    unit = locked(uow.session)
    was = unit.kind
    if was == kind.key:
        return unit
    unit.kind = kind.key
    history.append(
        uow,
        "org.setting_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={"key": "kind", "value": kind.key, "was": was},
    )
    return unit


def locked(session: Session) -> Organization:
    """The organisation's row, locked for the rest of the unit of work: changes of what the unit
    has set come one after the other. Raises Refusal ``organization_unknown``
    404."""
    session.execute(
        update(Organization)
        .where(Organization.id == ORGANIZATION_ID)
        .values(name=Organization.name)
        .execution_options(synchronize_session=False)
    )
    unit = session.scalar(
        select(Organization)
        .where(Organization.id == ORGANIZATION_ID)
        .execution_options(populate_existing=True)
    )
    if unit is None:
        raise Refusal("organization_unknown", 404)
    return unit
