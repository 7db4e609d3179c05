"""Reporting in half a minute: what was noticed, its screenshots, and the case it opens, in one
step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import Signal
from models.people import Person
from models.plans import Plan, PlanVersion
from services import access, files, plans, signals
from services.actor import Actor
from services.directory import organization
from services.errors import Refusal
from services.signals import Noticed
from services.uow import UnitOfWork

#: Media that leave neither a link nor a screenshot.
UNSEEN = frozenset({"phone", "letter"})
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Reported:
    """The signal, and the case it opened if a plan was named."""

    signal: Signal
    case: Case | None


@dataclass(frozen=True, slots=True)
class Startable:
    """A plan under which a person may open a case; ``fits`` when it is made for this kind of
    organisation."""

    plan: Plan
    fits: bool


def startable(session: Session, person: Person) -> list[Startable]:
    """The plans under which the person may open a case: those made for this kind of
    organisation first, of each the one last used before the others, then by key."""
    unit = organization(session)
    kind = unit.kind if unit is not None else ""
    last_used = session.scalar(
        select(PlanVersion.plan_key)
        .join(Case, Case.plan_version_id == PlanVersion.id)
        .order_by(Case.id.desc())
        .limit(1)
    )
    found = []
    for plan in plans.deployed_plans(session):
        version = plans.current_version(session, plan.key)
        starters = plans.starter_roles(session, version)
        if not starters or set(starters) & set(person.role_keys):
            found.append(Startable(plan, kind in version.manifest.get("kinds", [])))
    return sorted(found, key=lambda one: (not one.fits, one.plan.key != last_used, one.plan.key))


def report(
    uow: UnitOfWork,
    noticed: Noticed,
    uploads: Sequence[tuple[str, bytes]],
    data_dir: Path,
    *,
    plan_key: str,
    actor: Actor,
    now: datetime,
) -> Reported:
    """Record a signal with its files and, where ``plan_key`` is not empty, open a case from it.
    ``uploads`` are (claimed name, content). A link or a file must be there unless the medium
    leaves neither.

    Raises `Refusal` ``form_invalid`` (422) and those of `services.signals.record`,
    `services.files.store` and `services.signals.take`."""
    access.writer(uow.session, actor)
    if not noticed.link.strip() and not uploads and noticed.medium not in UNSEEN:
        raise Refusal("form_invalid", 422, errors={"link": "link_or_picture"})
    if len(uploads) > MOST_FILES:
        raise Refusal("form_invalid", 422, errors={"files": "too_many_files"})
    signal = signals.record(uow, noticed, actor, now)
    for name, content in uploads:
        stored = files.store(uow, data_dir, name, content, now)
        files.attach(uow, stored, name, actor, now, signal=signal)
    if not plan_key:
        return Reported(signal, None)
    case = signals.take(
        uow, signal.id, plan_key=plan_key, title="", summary=noticed.text, actor=actor, now=now
    )
    return Reported(signal, case)
