"""Setting up the one organisation of an installation: its name, roles and official channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.people import Organization, Role
from models.words import Channel
from services import history
from services.actor import Actor
from services.directory import ORGANIZATION_ID
from services.errors import Refusal
from services.uow import UnitOfWork


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
    """A role people can hold; its superior has to be there before it."""
    session: Session = uow.session
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


def add_channel(uow: UnitOfWork, row: Mapping[str, Any], actor: Actor, now: datetime) -> Channel:
    """An official channel: words go out under its disclosed account or not at all.

    Raises `Refusal` ``form_invalid`` (422) where the account is not named."""
    if not str(row.get("account", "")).strip():
        raise Refusal("form_invalid", 422, errors={"account": "required"})
    channel = Channel(
        name=str(row["name"]),
        name_en=str(row.get("name_en", "")),
        account=str(row["account"]).strip(),
        url=str(row.get("url", "")),
        active=True,
    )
    uow.session.add(channel)
    uow.session.flush()
    history.append(
        uow,
        "org.channel_changed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "channel": channel.id,
            "name": channel.name,
            "account": channel.account,
            "created": True,
        },
    )
    return channel
