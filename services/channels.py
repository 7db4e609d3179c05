"""The unit's official channels: words go out under the disclosed account of one, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.words import Channel
from services import access, history
from services.actor import Actor
from services.errors import Refusal
from services.uow import UnitOfWork


def in_use(session: Session) -> list[Channel]:
    """The channels words may go out through."""
    return list(session.scalars(select(Channel).where(Channel.active).order_by(Channel.id)))


def by_id(session: Session) -> dict[int, Channel]:
    """Every channel by its id, also those no longer in use: what went out through them still
    names them."""
    return {channel.id: channel for channel in session.scalars(select(Channel))}


def add_channel(uow: UnitOfWork, row: Mapping[str, Any], actor: Actor, now: datetime) -> Channel:
    """An official channel: words go out under its disclosed account or not at all.

    Raises `Refusal` ``form_invalid`` (422) where the account is not named, and those of
    `access.require_administrator`."""
    access.require_administrator(uow.session, actor)
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
