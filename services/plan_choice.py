"""Choosing plans from the library: which fit the unit's kind, which it uses, taking one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Role
from models.plans import PlanVersion
from services import organisation, plans
from services.actor import Actor
from services.errors import Refusal
from services.kinds import RoleRow, with_superiors
from services.manifest import bound_role
from services.plan_folder import plan_folders, read_folder
from services.uow import UnitOfWork
from workflows.bundle import Bundle
from workflows.contract import DeploymentError


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan of the library as a unit of some kind sees it. ``version`` is the one it uses (None:
    not taken), ``new`` are the organisation's roles it would bring."""

    key: str
    number: int
    title: str
    title_en: str
    kinds: tuple[str, ...]
    fits: bool
    version: PlanVersion | None
    new: tuple[RoleRow, ...]


def offers(session: Session, library: Path, kind: str, rows: Sequence[RoleRow]) -> list[Offer]:
    """Every plan of the library that can be read, in the order of its number. ``rows`` are the
    standard roles."""
    used = {plan.key: plan.current_version_id for plan in plans.deployed_plans(session)}
    held = set(session.scalars(select(Role.key)))
    found = []
    for folder in plan_folders(library):
        manifest = _manifest(folder)
        if not manifest:
            continue  # `flask plans deploy` says what is wrong with it
        key = str(manifest.get("key", folder.name))
        needed = with_superiors(roles_of(manifest), rows)
        fitting = tuple(str(one) for one in manifest.get("kinds", []))
        version = used.get(key)
        found.append(
            Offer(
                key,
                int(manifest.get("number", 0)),
                str(manifest.get("title", key)),
                str(manifest.get("title_en", "")),
                fitting,
                kind in fitting,
                session.get(PlanVersion, version) if version is not None else None,
                tuple(row for row in needed if row["key"] not in held),
            )
        )
    return sorted(found, key=lambda offer: (offer.number, offer.key))


def fitting_folders(library: Path, kind: str) -> list[Path]:
    """The folders of the plans that fit a kind of unit. One that cannot be read is among them:
    deploying it says what is wrong."""
    return [f for f in plan_folders(library) if kind in _manifest(f).get("kinds", [kind])]


def used_folders(session: Session, library: Path) -> list[Path]:
    """The folders of the plans in use."""
    used = {plan.key for plan in plans.deployed_plans(session)}
    return [f for f in plan_folders(library) if _manifest(f).get("key", f.name) in used]


def folder_of(library: Path, key: str) -> Path:
    """The folder of a plan. Raises Refusal ``plan_unknown`` 404."""
    for folder in plan_folders(library):
        if folder.name == key:
            return folder
    raise Refusal("plan_unknown", 404, plan=key)


def _manifest(folder: Path) -> Mapping[str, Any]:
    """A folder's manifest; empty when it cannot be read."""
    try:
        return read_folder(folder).manifest
    except DeploymentError:
        return {}


def roles_of(manifest: Mapping[str, Any]) -> list[str]:
    """The organisation's roles a plan binds its own to."""
    return [bound_role(manifest, str(key)) for key in manifest.get("roles", {})]


def take_plan(
    uow: UnitOfWork,
    bundle: Bundle,
    rows: Sequence[RoleRow],
    actor: Actor,
    now: datetime,
    note: str = "",
    *,
    named: bool = False,
) -> PlanVersion:
    """Deploy a plan of the library with the standard roles (``rows``) it needs and the
    organisation does not have yet. A plan the unit has put in force from the studio is the unit's
    own: it stays as it is unless an operator has ``named`` it, so that neither an upgrade nor a
    press of a button undoes what two people agreed to. Raises as `services.plans.deploy_plan`."""
    plans.require_deployer(uow, actor)
    key = str(bundle.manifest.get("key", ""))
    if not named and plans.is_own(uow.session, key):
        return plans.current_version(uow.session, key)
    organisation.ensure_roles(uow, with_superiors(roles_of(bundle.manifest), rows), actor, now)
    return plans.deploy_plan(uow, bundle, note, actor, now)
