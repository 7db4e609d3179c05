"""Running cases moved to another version of their plan, one at a time.

A case's pinned version changes in one transaction with its instance's state, its tasks, queues
and clocks, under the revision read before. What cannot be moved stays as it is, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from models.tasks import UserTask
from services import access, history, instances, manifest, step_events, task_rows
from services.actor import Actor
from services.case_moves import CaseMove, look, new_settings
from services.errors import Refusal
from services.moments import utc_text
from services.plans import require_deployer
from services.queues import dequeue, enqueue, queue_owner, tally
from services.uow import UnitOfWork

REASON_LIMIT: Final = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case of a batch."""

    move: CaseMove
    moved: bool


def migrate_case(
    uow: UnitOfWork, case_id: int, to_version_id: int, reason: str, actor: Actor, now: datetime
) -> Outcome:
    """Move one running case to another version of its plan, or leave it as it is: the outcome says
    which, and why. ``now`` is wall time. Raises Refusal ``not_your_role`` / ``read_only`` 403,
    ``case_unknown`` / ``plan_unknown`` 404, ``form_invalid`` 422 (a reason is wanted), and those
    of `look`."""
    require_deployer(uow, actor)
    session = uow.session
    words = reason.strip()
    if not words or len(words) > REASON_LIMIT:
        code = "too_long" if words else "required"
        raise Refusal("form_invalid", 422, errors={"reason": code})
    case = session.get(Case, case_id)
    to = session.get(PlanVersion, to_version_id)
    if case is None:
        raise Refusal("case_unknown", 404)
    if to is None:
        raise Refusal("plan_unknown", 404)
    move = look(session, case, to, now)
    advance = move.migration.advance
    if move.reasons or advance is None:
        return Outcome(move, False)
    at = case.at(now)
    history.append(
        uow,
        "instance.migrated",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload=_payload(move, step_events.steps_of(advance)),
        personal={"reason": words},
    )
    # First the rows of tasks as they stand: what the step itself ends is looked up by its new keys.
    _tasks_to_version(uow, move)
    if move.settings:
        _keep_settings(session, case, to)
    case.plan_version_id = to.id
    session.flush()
    instances.record(
        uow, move.instance, case, move.new, advance, actor, now,
        told=True, reason="migrated", version=to,
    )  # fmt: skip
    return Outcome(move, True)


def note_batch(
    uow: UnitOfWork, to_version_id: int, outcomes: Sequence[Outcome], reason: str, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """The organisation's record of a batch: how many cases of which version moved, and how many
    stayed. Writes nothing where none moved."""
    require_deployer(uow, actor)
    to = uow.session.get_one(PlanVersion, to_version_id)
    moved = [one for one in outcomes if one.moved]
    if not moved:
        return
    history.append(
        uow,
        "org.cases_migrated",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "plan": to.plan_key,
            "to_version": to.id,
            "to_number": to.number,
            "to_hash": to.content_hash,
            "moved": dict(Counter(str(one.move.was.number) for one in moved)),
            "stayed": len(outcomes) - len(moved),
            "cases": [one.move.case.number for one in moved],
        },
        personal={"reason": reason.strip()},
    )


# ------------------------------------------------------------------------------ the parts


def _tasks_to_version(uow: UnitOfWork, move: CaseMove) -> None:
    """Open tasks as the new version has them: name, form, roles, and the queues they wait in. A
    claim stays, also of somebody who no longer holds the role; so does a draft."""
    session, counts = uow.session, Counter[str]()
    rows = session.scalars(
        select(UserTask).where(UserTask.instance_id == move.instance.id, UserTask.status == "open")
    ).all()
    admitted: set[str] = set()
    for task in rows:
        before = move.old.element(task.element_path)
        element = move.new.element(task.element_path)
        if before == element:
            continue
        values = {
            "name": element.name or element.id,
            "name_en": element.name_en,
            "form_key": element.form_key,
            "role_key": element.candidate_groups[0] if element.candidate_groups else "",
            "priority": element.priority,
        }
        task_rows.move(uow, task, values)
        was, now = access.candidate_keys(before), access.candidate_keys(element)
        if task.assignee_id is None and was != now:
            dequeue(session, [task.id])
            enqueue(session, [(task.id, now, task.sort_due)])
            counts[queue_owner(was)] -= 1
            counts[queue_owner(now)] += 1
        admitted.update(element.candidate_groups)
    instances.admit(uow, move.case, admitted)
    tally(session, counts)


def _keep_settings(session: Session, case: Case, to: PlanVersion) -> None:
    kept = case.settings or {}
    more = {row.setting.key: row.value for row in new_settings(session, case, to)}
    case.settings = {
        **kept,
        manifest.PLAN_SETTINGS: {**more, **kept.get(manifest.PLAN_SETTINGS, {})},
    }


def _payload(move: CaseMove, steps: Mapping[str, Any]) -> dict[str, Any]:
    migration = move.migration
    payload: dict[str, Any] = {
        "instance": move.instance.id,
        "from_version": move.was.id,
        "from_number": move.was.number,
        "from_hash": move.was.content_hash,
        "to_version": move.now.id,
        "to_number": move.now.number,
        "to_hash": move.now.content_hash,
        "kept": [
            {"task": task.id, "path": task.path, "was": _text(task.was), "due": _text(task.due_at)}
            for task in migration.kept
        ],
        "clocks": [
            {
                "path": clock.path,
                "change": clock.change,
                "was": _text(clock.was),
                "due": _text(clock.due_at),
            }
            for clock in migration.clocks
            if clock.change != "kept"
        ],
        "ahead": list(migration.ahead),
        "gone": list(migration.gone),
        "skipped": list(migration.skipped),
        "settings": list(move.settings),
        "asked": {
            table: {"added": [_named(r) for r in more], "removed": [_named(r) for r in less]}
            for table, (more, less) in move.asked.items()
        },
        **steps,
    }
    return {key: value for key, value in payload.items() if value not in ([], {})}


def _named(row: Mapping[str, Any]) -> str:
    return str(row.get("kind") or row.get("key") or row.get("name", ""))


def _text(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment is not None else None
