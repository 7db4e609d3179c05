"""Statements (情况通报, 回应稿): what is to be said in public, in numbered versions
(`services.statement_versions`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.cases import Case, CaseRole
from models.words import Statement, StatementVersion
from services import access, history, manifest, notifications, recused
from services.actor import Actor
from services.errors import Refusal
from services.stamps import touch_case
from services.statement_reading import (
    drafted_before,
    get,
    latest,
    require_digest,
    role_for_wording,
)
from services.statement_text import Parts, parts_of
from services.statement_versions import write_version
from services.submission import Submission
from services.uow import UnitOfWork


def create_statement(
    uow: UnitOfWork,
    case_id: int,
    kind: str,
    parts: Parts,
    actor: Actor,
    now: datetime,
    *,
    corrects_id: int | None = None,
    investigation_done: bool = False,
    occurred_at: datetime | None = None,
) -> Statement:
    """Start a statement outside a task (a correction, or a reply) with its first version.

    ``now`` is wall time, ``occurred_at`` case time. Raises `Refusal`: ``form_invalid`` (422),
    ``investigation_open`` (422, a cause before the investigation is done), ``correction_of``
    (422, nothing released is named), ``not_your_role`` or ``read_only`` (403), ``case_unknown``
    (404), ``case_archived`` (409)."""
    case = _case_for(uow.session, case_id, actor)
    at = case.at(now)
    touch_case(uow, case)
    _invite_approvers(uow, case, now)
    return start(
        uow,
        case,
        kind,
        parts,
        actor,
        at,
        occurred_at or at,
        corrects_id=corrects_id,
        investigation_done=investigation_done,
    )


def _invite_approvers(uow: UnitOfWork, case: Case, now: datetime) -> None:
    """No task will ask them, and perhaps none has so far: let them see the case, and know."""
    plan = manifest.manifest_of(uow.session, case)
    rules = manifest.approvals(plan, case.tier, manifest.switched_off(case))
    roles = {rule.role for rule in rules} - {""}
    for role in sorted(roles):
        if uow.session.get(CaseRole, (case.id, role)) is None:
            uow.session.add(CaseRole(case_id=case.id, role_key=role))
    notifications.notify_roles(
        uow,
        sorted(roles),
        "approval_wanted",
        {"number": case.number, "title": case.title},
        now,
        case=case,
    )


def add_version(
    uow: UnitOfWork,
    statement_id: int,
    parts: Parts,
    actor: Actor,
    now: datetime,
    *,
    base_digest: str,
    note: str = "",
) -> StatementVersion:
    """Put a new text in place of the one with ``base_digest`` (the one the writer was shown).

    Every standing approval of the older text is voided. Raises `Refusal`: ``text_changed`` (409)
    when somebody else wrote a version meanwhile, ``text_unchanged`` (422), ``statement_closed``
    (409, it is out or withdrawn: correct it instead), and those of `create_statement`."""
    statement = get(uow.session, statement_id)
    case = _case_for(uow.session, statement.case_id, actor)
    require_digest(uow.session, statement, base_digest)
    if parts_of(latest(uow.session, statement)) == parts:
        raise Refusal("text_unchanged", 422)
    at = case.at(now)
    parts.require(statement.kind, at)
    touch_case(uow, case)
    return write_version(uow, case, statement, parts, actor, at, at, note=note)


def start(
    uow: UnitOfWork,
    case: Case,
    kind: str,
    parts: Parts,
    actor: Actor,
    at: datetime,
    occurred_at: datetime,
    *,
    corrects_id: int | None = None,
    investigation_done: bool = False,
    element_path: str = "",
) -> Statement:
    """`create_statement` in case time and without its checks of the person. Raises `Refusal` as
    that."""
    session = uow.session
    recused.require_not_recused(session, case.id, actor.person_id, actor.on_behalf_of)
    parts.require(kind, at)
    if kind == "cause" and not investigation_done:
        raise Refusal("investigation_open", 422, errors={"investigation_done": "required"})
    if kind == "correction":
        corrected = session.get(Statement, corrects_id) if corrects_id else None
        if corrected is None or corrected.case_id != case.id or corrected.status == "draft":
            raise Refusal("correction_of", 422, errors={"corrects_id": "required"})
    plan = manifest.manifest_of(session, case)
    rules = manifest.approvals(plan, case.tier, manifest.switched_off(case))
    statement = Statement(
        case_id=case.id,
        kind=kind,
        status="draft",
        latest_number=0,
        approvals_needed=[rule.kind for rule in rules],
        corrects_id=corrects_id if kind == "correction" else None,
        investigation_done=investigation_done if kind == "cause" else False,
        created_at=at,
        created_by=actor.person_id,
    )
    session.add(statement)
    session.flush()
    history.append(
        uow,
        "statement.created",
        case=case,
        actor=actor,
        occurred_at=occurred_at,
        now=at,
        element_path=element_path,
        payload={
            "statement": statement.id,
            "kind": kind,
            "corrects": statement.corrects_id,
            "investigation_done": statement.investigation_done,
            "approvals": statement.approvals_needed,
        },
    )
    write_version(uow, case, statement, parts, actor, at, occurred_at, element_path=element_path)
    return statement


def _case_for(session: Session, case_id: int, actor: Actor) -> Case:
    person = access.writer(session, actor)
    case = access.require_part_in_case(session, person, session.get(Case, case_id))
    if case.status == "archived":
        raise Refusal("case_archived", 409)
    if role_for_wording(session, person, case) is None:
        raise Refusal("not_your_role", 403)
    return case


# ------------------------------------------------------------------ in a plan


def handle_draft(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:statement-draft``: the first round creates the statement, a later one (it was
    returned) adds a version. ``s.data``: ``kind``, the parts, ``corrects_id``,
    ``investigation_done`` and, from the second round, ``digest`` of the text that was edited.

    An unchanged text may be handed in again after a return: the drafter stands by it, and the
    approvers see the same version. Raises what `create_statement` and `add_version` raise."""
    session = uow.session
    parts = Parts.read(s.data)
    statement = drafted_before(session, s.task)
    if statement is None:
        statement = start(
            uow,
            s.case,
            str(s.data.get("kind") or ""),
            parts,
            s.actor,
            s.now,
            s.occurred_at,
            corrects_id=_int(s.data, "corrects_id"),
            investigation_done=s.data.get("investigation_done") is True,
            element_path=s.task.element_path,
        )
    else:
        current = require_digest(session, statement, s.data.get("digest"))
        parts.require(statement.kind, s.now)
        if parts_of(current) != parts:
            write_version(
                uow,
                s.case,
                statement,
                parts,
                s.actor,
                s.now,
                s.occurred_at,
                note=str(s.data.get("note") or ""),
                element_path=s.task.element_path,
            )
    written = latest(session, statement)
    return {
        "statement_id": statement.id,
        "kind": statement.kind,
        "version": written.number,
        "digest": written.digest,
    }


def _int(data: Mapping[str, Any], key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
