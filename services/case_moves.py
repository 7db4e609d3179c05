"""What moving a running case to another version of its plan would do. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.plans import PlanVersion
from models.tasks import UserTask
from services import access, history, manifest, plan_settings
from services.case_reading import case_events
from services.context import context_of
from services.definitions import definition_for
from services.errors import Refusal
from services.tiers import tier_named
from workflows.definition import Definition
from workflows.feel import default_feel
from workflows.migration import Migration, Reason, migrate

#: Who may look at what would move; authors and administrators also move it.
READERS: Final = (access.AUTHOR, access.ADMIN, access.AUDITOR, "leader")


@dataclass(frozen=True, slots=True)
class CaseMove:
    """What moving one case would do. ``reasons`` (none when it can be moved) are the engine's, and
    ``tier_gone``: the case's tier is not one of the new version. ``settings`` are keys the new
    version adds, with the values the unit has set; ``asked`` what the version asks for beside its
    diagram, as it differs: kind of row -> (added, removed) rows."""

    case: Case
    instance: ProcessInstance
    was: PlanVersion
    now: PlanVersion
    old: Definition
    new: Definition
    migration: Migration
    reasons: tuple[Reason | str, ...]
    settings: tuple[str, ...]
    asked: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class TaskChange:
    """An open task of a case that can be moved. ``held``: somebody has claimed it;
    ``held_without_role``: somebody who may not take it anew in the new version."""

    path: str
    was: datetime | None
    due_at: datetime | None
    roles_were: tuple[str, ...]
    roles: tuple[str, ...]
    held: bool
    held_without_role: bool
    draft: bool


def may_read(person: Any) -> bool:
    """Whether the person may see which cases run on which version."""
    return person.active and not set(person.role_keys).isdisjoint(READERS)


def may_move(person: Any) -> bool:
    """Whether the person may move cases."""
    return person.active and not {access.AUTHOR, access.ADMIN}.isdisjoint(person.role_keys)


def running_cases(session: Session, plan_key: str) -> list[tuple[Case, PlanVersion]]:
    """Cases of the plan that can still take a step, by version (the newest first) and number."""
    rows = session.execute(
        select(Case, PlanVersion)
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .join(ProcessInstance, ProcessInstance.id == Case.primary_instance_id)
        .where(PlanVersion.plan_key == plan_key, ProcessInstance.state.is_not(None))
        .order_by(PlanVersion.number.desc(), Case.opened_at, Case.id)
    )
    return [(case, version) for case, version in rows]


def look(session: Session, case: Case, to: PlanVersion, now: datetime) -> CaseMove:
    """What moving the case to a version would do; nothing is written. ``now`` is wall time.
    Raises Refusal ``plan_unknown`` 404 for a version of another plan, ``case_not_running`` 409,
    ``same_version`` 409."""
    was = session.get_one(PlanVersion, case.plan_version_id)
    if was.plan_key != to.plan_key:
        raise Refusal("plan_unknown", 404, plan=to.plan_key)
    if was.id == to.id:
        raise Refusal("same_version", 409)
    instance = (
        session.get(ProcessInstance, case.primary_instance_id) if case.primary_instance_id else None
    )
    if instance is None or instance.state is None:
        raise Refusal("case_not_running", 409)
    old = definition_for(session, instance.content_hash)
    new = definition_for(session, to.content_hash)
    fill = new_settings(session, case, to)
    migration = migrate(
        old,
        new,
        instance.state,
        context_of(session, case, now),
        default_feel(),
        opened=_entered(session, case),
        fill={"settings": plan_settings.as_values(fill)} if fill else {},
    )
    reasons: list[Reason | str] = list(migration.reasons)
    if case.tier is not None and tier_named(to.manifest, case.tier) is None:
        reasons.append("tier_gone")
    return CaseMove(
        case,
        instance,
        was,
        to,
        old,
        new,
        migration,
        tuple(reasons),
        tuple(row.setting.key for row in fill),
        _asked(was.manifest, to.manifest, case.tier),
    )


def task_changes(session: Session, move: CaseMove) -> list[TaskChange]:
    """The open tasks of a case that can be moved, in the tree's order."""
    rows = {
        row.id: row
        for row in session.scalars(
            select(UserTask).where(UserTask.id.in_([task.id for task in move.migration.kept]))
        )
    }
    found = []
    for task in move.migration.kept:
        row = rows[task.id]
        before, element = move.old.element(task.path), move.new.element(task.path)
        holder = access.person_of(session, row.assignee_id) if row.assignee_id else None
        keys = access.candidate_keys(element)
        found.append(
            TaskChange(
                task.path,
                task.was,
                task.due_at,
                access.candidate_keys(before),
                keys,
                holder is not None,
                holder is not None and access.role_for(keys, holder) is None,
                row.draft is not None,
            )
        )
    return found


# ------------------------------------------------------------------------------ the parts


def _entered(session: Session, case: Case) -> dict[str, datetime]:
    """When what waits was entered, by path (the latest round), as history tells it."""
    found: dict[str, datetime] = {}
    for event in case_events(session, case.id):
        for step in history.payload_of(event).get("steps", ()):
            if step.startswith("+"):
                found[step[1:].partition("#")[0]] = event.recorded_at
    return found


def new_settings(session: Session, case: Case, to: PlanVersion) -> list[plan_settings.SettingRow]:
    """Settings of the new version the case does not know, as the unit has them now."""
    known = (case.settings or {}).get(manifest.PLAN_SETTINGS, {})
    rows = plan_settings.rows(session, to.plan_key, to.manifest)
    return [row for row in rows if row.setting.key not in known]


#: Tables of ``plan.toml`` a case is held to beside its diagram, and what names their rows.
ASKED: Final = {"approvals": "kind", "recipients": "key", "archive": "key"}


def _asked(
    was: Mapping[str, Any], now: Mapping[str, Any], tier: str | None
) -> dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]]:
    """Rows of `ASKED` that hold for the case's tier and are new or gone, and a closing criterion
    that reads otherwise."""
    found: dict[str, tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]] = {}
    for table, name in ASKED.items():
        before = {row[name]: row for row in _for(was.get(table), tier)}
        after = {row[name]: row for row in _for(now.get(table), tier)}
        more = [row for key, row in after.items() if key not in before]
        less = [row for key, row in before.items() if key not in after]
        if more or less:
            found[table] = (more, less)
    before_closing, after_closing = manifest.closing(was), manifest.closing(now)
    if before_closing.criterion != after_closing.criterion:
        found["closing"] = (
            [{"name": after_closing.criterion, "name_en": after_closing.criterion_en}],
            [{"name": before_closing.criterion, "name_en": before_closing.criterion_en}],
        )
    return found


def _for(rows: Any, tier: str | None) -> list[Mapping[str, Any]]:
    return [row for row in rows or () if not row.get("tiers") or tier in row["tiers"]]
