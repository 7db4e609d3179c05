"""Versions of a statement. A text is never changed: a new version stands beside the old one and
voids every approval the older text had, so that nothing goes out in words nobody approved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.cases import Case
from models.words import Approval, Statement, StatementVersion
from services import history, notifications, recused
from services.actor import Actor
from services.errors import Refusal, Stale
from services.statement_reading import latest
from services.statement_text import PART_NAMES, Parts, parts_of
from services.uow import UnitOfWork


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
