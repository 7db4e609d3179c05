"""Statements (情况通报, 回应稿): what is to be said in public, in numbered versions.

A text is never changed. A new version stands beside the old one and voids every approval the
older text had, so that nothing goes out in words nobody approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.cases import Case, CaseRole
from models.words import Approval, Statement, StatementVersion
from services import access, history, manifest, notifications, recused
from services.actor import Actor
from services.errors import Refusal, Stale
from services.stamps import touch_case
from services.statement_reading import (
    drafted_before,
    get,
    latest,
    require_digest,
    role_for_wording,
)
from services.statement_text import PART_NAMES, Parts, parts_of
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


def hold(session: Session, statement: Statement, *statuses: str, **values: Any) -> None:
    """Keep the statement as read until this unit ends, setting ``values``. Whoever else writes a
    version, approves or releases waits, and is run again. Raises `Stale` when it has moved on."""
    moved = session.execute(
        update(Statement)
        .where(
            Statement.id == statement.id,
            Statement.latest_number == statement.latest_number,
            Statement.status.in_(statuses),
        )
        .values({"latest_number": statement.latest_number, **values})
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Stale(f"statement {statement.id}")
    session.refresh(statement)


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


def write_version(
    uow: UnitOfWork,
    case: Case,
    statement: Statement,
    parts: Parts,
    actor: Actor,
    at: datetime,
    occurred_at: datetime,
    *,
    note: str = "",
    element_path: str = "",
) -> StatementVersion:
    """The next version, and the end of every approval the older text had. Case time. Raises
    `Refusal` ``statement_closed`` (409), and ``recused`` (403)."""
    session = uow.session
    recused.require_not_recused(session, case.id, actor.person_id, actor.on_behalf_of)
    if statement.status != "draft":
        raise Refusal("statement_closed", 409, status_now=statement.status)
    number = statement.latest_number + 1
    before = parts_of(latest(session, statement)) if statement.latest_number else Parts()
    changed = [name for name in PART_NAMES if getattr(before, name) != getattr(parts, name)]
    hold(session, statement, "draft", latest_number=number)
    written = StatementVersion(
        statement_id=statement.id,
        number=number,
        title=parts.title,
        known=parts.known,
        unknown=parts.unknown,
        doing=parts.doing,
        next_word_at=parts.next_word_at,
        next_word_note=parts.next_word_note,
        contact=parts.contact,
        digest=parts.digest(),
        author_id=actor.person_id,
        role_key=actor.role,
        created_at=at,
        note=note,
    )
    session.add(written)
    session.flush()
    history.append(
        uow,
        "statement.version_added",
        case=case,
        actor=actor,
        occurred_at=occurred_at,
        now=at,
        element_path=element_path,
        payload={
            "statement": statement.id,
            "version": number,
            "id": written.id,
            "digest": written.digest,
            "changed": changed,
        },
        personal={"note": note},
    )
    _void(uow, case, statement, number, actor, at, occurred_at)
    return written


def _void(
    uow: UnitOfWork,
    case: Case,
    statement: Statement,
    number: int,
    actor: Actor,
    at: datetime,
    occurred_at: datetime,
) -> None:
    standing = select(Approval).where(
        Approval.statement_id == statement.id,
        Approval.voided_at.is_(None),
        Approval.decision.in_(("approve", "approve_with_edits")),
    )
    voided = list(uow.session.scalars(standing.order_by(Approval.id)))
    # Told at once: until they approve again, nothing goes out.
    notifications.notify_people(
        uow,
        [approval.person_id for approval in voided if approval.person_id != actor.person_id],
        "approval_voided",
        {
            "statement": statement.id,
            "version": number,
            "number": case.number,
            "title": case.title,
        },
        case.wall(at),
        case=case,
    )
    for approval in voided:
        approval.voided_at = at
        approval.voided_by_version = number
        history.append(
            uow,
            "approval.voided",
            case=case,
            actor=actor,
            occurred_at=occurred_at,
            now=at,
            payload={
                "statement": statement.id,
                "id": approval.id,
                "kind": approval.kind,
                "person": approval.person_id,
                "digest": approval.digest,
                "by_version": number,
            },
        )


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
