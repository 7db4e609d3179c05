"""Approvals by telephone (电话请示): somebody who works on the words enters what the approver said,
and the approver signs it later (补签)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from models.cases import Case
from models.words import Approval
from services import access, history
from services.actor import Actor
from services.approval_needs import require_awaited
from services.approvals import Decision, decide
from services.approvers import require_holder
from services.errors import Refusal
from services.stamps import touch_case
from services.statement_reading import get, role_for_wording
from services.uow import UnitOfWork


def enter_oral(
    uow: UnitOfWork,
    statement_id: int,
    given: Decision,
    actor: Actor,
    now: datetime,
    *,
    occurred_at: datetime,
) -> Approval:
    """Enter, for someone who works on the case's words, that an approver approved the latest text
    by telephone (电话请示) at ``occurred_at`` (case time). ``given.oral_by`` names the approver,
    who signs later (`countersign`).

    Raises `Refusal`: ``approval_not_due`` (409), ``not_your_role`` (403), ``form_invalid`` (422,
    the one named does not hold the role), those of `decide`."""
    session = uow.session
    statement, case, need = require_awaited(session, statement_id, given.kind, actor)
    if role_for_wording(session, access.writer(session, actor), case) is None:
        raise Refusal("not_your_role", 403)
    require_holder(session, given.oral_by, (need.role,))
    given = replace(given, approver_role=need.role)
    touch_case(uow, case)
    return decide(uow, case, statement, given, actor, case.at(now), occurred_at)


def countersign(uow: UnitOfWork, approval_id: int, actor: Actor, now: datetime) -> Approval:
    """The approver signs what they had approved by telephone (补签).

    Raises `Refusal`: ``approval_unknown`` (404), ``not_your_approval`` (403),
    ``countersigned_already`` (409)."""
    session = uow.session
    access.writer(session, actor)
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise Refusal("approval_unknown", 404)
    if not approval.oral or approval.person_id != actor.person_id:
        raise Refusal("not_your_approval", 403)
    if approval.countersigned_at is not None:
        raise Refusal("countersigned_already", 409)
    case = session.get_one(Case, get(session, approval.statement_id).case_id)
    at = case.at(now)
    approval.countersigned_at = at
    touch_case(uow, case)
    history.append(
        uow,
        "approval.countersigned",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload={
            "statement": approval.statement_id,
            "id": approval.id,
            "digest": approval.digest,
        },
    )
    return approval
