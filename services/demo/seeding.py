"""Fills an empty installation with the demonstration. Run again, it changes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services import organisation, people, signals
from services.actor import SYSTEM, Actor
from services.channels import add_channel
from services.demo import stories
from services.directory import organization
from services.kinds import RoleRow, role_rows
from services.passwords import hash_password
from services.plan_choice import take_plan
from services.plan_folder import plan_folders, read_folder
from services.uow import Database, UnitOfWork

#: Called with a word about what is being done.
Progress = Callable[[str], None]


def seed(
    db: Database,
    password: str,
    now: datetime,
    library: Path,
    progress: Progress = lambda _: None,
) -> bool:
    """Set up the organisation of ``library/demo.toml`` with everybody under one ``password``,
    deploy every plan of ``library``, record the sample signals and play the preloaded cases.

    False when there is an organisation already: then nothing is written. Raises
    `workflows.contract.DeploymentError` for a plan that cannot be deployed and `Refusal`
    ``form_invalid`` for a password that is too short."""
    with db.read() as session:
        if organization(session) is not None:
            return False
    data = _toml(library / "demo.toml")
    roles = role_rows(library)
    progress("演示单位和人员 / organisation and people")
    db.run(lambda uow: _people(uow, data, roles, password, now))
    deploy_library(db, library, now, progress)
    progress("舆情线索 / signals")
    db.run(lambda uow: _signals(uow, _toml(library / "signals.toml")["signal"], now))
    progress("演示事件 / cases")
    stories.archived(db, now)
    stories.running_late(db, now)
    return True


def deploy_library(
    db: Database,
    library: Path,
    now: datetime,
    progress: Progress = lambda _: None,
    *,
    folders: Iterable[Path] | None = None,
) -> None:
    """Deploy every folder of ``library`` that holds a plan (or ``folders`` only), with the
    standard roles it needs; unchanged ones stay as they are."""
    rows = role_rows(library)
    for folder in plan_folders(library) if folders is None else folders:
        bundle = read_folder(folder)
        version = db.run(lambda uow, b=bundle: take_plan(uow, b, rows, SYSTEM, now))  # type: ignore[misc]
        progress(f"预案 / plan {version.plan_key}, {version.number}")


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _people(
    uow: UnitOfWork,
    data: dict[str, Any],
    roles: list[RoleRow],
    password: str,
    now: datetime,
) -> None:
    organisation.found(
        uow, **data["organization"], roles=roles, actor=SYSTEM, now=now, is_demo=True
    )
    shared = hash_password(password)
    for row in data["person"]:
        people.create_person(
            uow,
            row["username"],
            row["name"],
            password,
            row["roles"],
            SYSTEM,
            now,
            name_en=row["name_en"],
            demo=True,
            hashed=shared,
        )
    for row in data["channel"]:
        add_channel(uow, row, SYSTEM, now)


def _signals(uow: UnitOfWork, rows: list[dict[str, Any]], now: datetime) -> None:
    reporter = people.person_by_username(uow.session, "reporter")
    assert reporter is not None
    actor = Actor(reporter.id, "reporter")
    for row in rows:
        discovered = now - timedelta(minutes=int(row["minutes_ago"]))
        noticed = signals.Noticed(
            text=row["text"],
            link=row.get("link", ""),
            medium=row.get("medium", ""),
            source="sample",
            reads=row.get("reads"),
            comments=row.get("comments"),
            reposts=row.get("reposts"),
            discovered_at=discovered,
        )
        signals.record(uow, noticed, actor, now)
