"""The people of the stories: two for every role of the library, and the unit's own channels."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

from models.people import Membership, Person
from services import organisation
from services.actor import SYSTEM
from services.channels import add_channel
from services.uow import Database, UnitOfWork


def found_organisation(db: Database, library: Path, now: datetime) -> None:
    """An organisation with the roles of ``library``; of each role a person of the role's key as
    user name and a colleague, whose name ends in 2."""
    roles = tomllib.loads((library / "roles.toml").read_text(encoding="utf-8"))["role"]
    channel = {"name": "政府网站", "name_en": "Website", "account": "澜浦县融媒体中心"}

    def work(uow: UnitOfWork) -> None:
        organisation.found(
            uow,
            name="澜浦县融媒体中心",
            kind="government",
            roles=roles,
            actor=SYSTEM,
            now=now,
            is_demo=True,
        )
        add_channel(uow, channel, SYSTEM, now)
        for role in roles:
            for name in (role["key"], f"{role['key']}2"):
                # No password: nobody of the cast signs in.
                person = Person(username=name, name=name, password_hash="x", created_at=now)
                person.memberships = [Membership(role_key=role["key"], since=now)]
                uow.session.add(person)

    db.run(work)
