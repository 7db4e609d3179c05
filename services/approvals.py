"""Decisions on a statement: 同意, 修改后同意, 退回修改, 不同意.

Each is bound to one exact text: the approver submits the digest of what they were shown, and it
has to be the digest of the latest version. An approval *stands* while it is the newest decision
of its kind, says yes, and no later version has voided it.

Who may decide is asked in `services.approvers`; what was said by telephone on the statement's page
is entered in `services.oral_approvals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.cases import Case
from models.words import Approval, Statement, StatementVersion
from services import history, recused
from services.actor import Actor
from services.approval_needs import FINAL, YES, require_awaited
from services.approvers import has_role, holds, require_four_eyes, require_holder
from services.errors import Refusal
from services.stamps import touch_case
from services.statement_reading import require_digest, require_statement_of, written_at
from services.statement_text import Parts, parts_of
from services.statement_versions import hold, write_version
from services.submission import Submission
from services.uow import UnitOfWork

DECISIONS = ("approve", "approve_with_edits", "return", "reject")
#: Why a comment is asked for: whoever gets the text back has to know what to change.
NEEDS_COMMENT = ("return", "reject")


@dataclass(frozen=True, slots=True)
class Decision:
    """What an approver hands in. ``digest`` is of the text they were shown; ``parts`` the whole
    edited text for ``approve_with_edits``. ``oral_by`` is the person who gave the decision by
    telephone (电话请示) when somebody else enters it, in ``approver_role``."""

    kind: str
    decision: str
    digest: str
    comment: str = ""
    parts: Parts | None = None
    oral_by: int | None = None
    approver_role: str = ""


def decide(
    uow: UnitOfWork,
    case: Case,
    statement: Statement,
    given: Decision,
    actor: Actor,
    at: datetime,
    occurred_at: datetime,
    *,
    task_id: str | None = None,
    element_path: str = "",
) -> Approval:
    """Record a decision; all moments in case time.

    Raises `Refusal`: ``form_invalid`` (422: unknown decision, no comment, edits missing or by
    telephone, a moment still to come or before the text was written), ``statement_closed`` (409),
    ``text_changed`` (409), ``text_unchanged`` (422), ``four_eyes`` (403), ``oral_own_text`` (403,
    the writer of a text cannot enter another's word for it)."""
    session = uow.session
    _check(given, at, occurred_at)
    if statement.status != "draft":
        raise Refusal("statement_closed", 409, status_now=statement.status)
    text = require_digest(session, statement, given.digest)
    # Moments are typed to the minute: the minute the text was written in is not before it.
    if occurred_at < written_at(session, text).replace(second=0, microsecond=0):
        raise Refusal("form_invalid", 422, errors={"occurred_at": "before_text"})
    approver = given.oral_by if given.oral_by is not None else actor.person_id
    if given.oral_by is not None and text.author_id == actor.person_id:
        raise Refusal("oral_own_text", 403)
    recused.require_not_recused(session, case.id, actor.person_id, approver, actor.on_behalf_of)
    if given.kind == FINAL and given.decision in YES:
        require_four_eyes(session, statement, approver, text)
    if given.decision == "approve_with_edits" and given.parts is not None:
        if given.parts == parts_of(text):
            raise Refusal("text_unchanged", 422)
        given.parts.require(statement.kind, at)
        text = write_version(
            uow,
            case,
            statement,
            given.parts,
            actor,
            at,
            occurred_at,
            note=given.comment,
            element_path=element_path,
        )
    else:
        hold(session, statement, "draft")
    approval = Approval(
        statement_id=statement.id,
        version_id=text.id,
        digest=text.digest,
        kind=given.kind,
        decision=given.decision,
        comment=given.comment,
        oral=given.oral_by is not None,
        person_id=approver,
        role_key=given.approver_role or actor.role,
        on_behalf_of=actor.on_behalf_of,
        task_id=task_id,
        occurred_at=occurred_at,
        recorded_at=at,
        entered_by=actor.person_id,
    )
    session.add(approval)
    session.flush()
    history.append(
        uow,
        "approval.given",
        case=case,
        actor=actor,
        occurred_at=occurred_at,
        now=at,
        element_path=element_path,
        payload={
            "statement": statement.id,
            "version": text.number,
            "digest": text.digest,
            "kind": given.kind,
            "decision": given.decision,
            "id": approval.id,
            "oral": approval.oral,
            "task": task_id,
            "person": approver,
        },
        personal={"comment": given.comment},
    )
    return approval


def _check(given: Decision, at: datetime, occurred_at: datetime) -> None:
    wrong: dict[str, str] = {}
    if given.decision not in DECISIONS:
        wrong["decision"] = "not_an_option"
    if given.decision in NEEDS_COMMENT and not given.comment.strip():
        wrong["comment"] = "required"
    if given.decision == "approve_with_edits":
        if given.parts is None:
            wrong["decision"] = "required"
        elif given.oral_by is not None:
            # Nobody can have read the exact edited text over the telephone.
            wrong["oral"] = "oral_edits"
    if occurred_at > at:
        wrong["occurred_at"] = "in_future"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)


# ------------------------------------------------------------ from the statement's own page


def approve_again(
    uow: UnitOfWork, statement_id: int, kind: str, digest: str, actor: Actor, now: datetime
) -> Approval:
    """One tap: approve the latest text after a change took the approval away (see `awaits_page`).
    For a holder of the approving role, or a deputy of one (``actor.on_behalf_of``).

    Raises `Refusal`: ``approval_not_due`` (409), ``not_your_role`` (403), those of `decide`."""
    session = uow.session
    statement, case, need = require_awaited(session, statement_id, kind, actor)
    if not holds(session, actor, need.role, now):
        raise Refusal("not_your_role", 403, roles=[need.role])
    at = case.at(now)
    given = Decision(kind, "approve", digest, approver_role=need.role)
    touch_case(uow, case)
    return decide(uow, case, statement, given, actor, at, at)


# ------------------------------------------------------------------------------ in a plan


def handle_review(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:statement-review``: a decision of the kind in the element's property
    ``approvalKind`` (review, secrecy, legal, countersign). ``s.data``, and what it raises, as in
    `handle_approve`."""
    return _handle(uow, s, s.element.properties.get("approvalKind") or "review")


def handle_approve(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:statement-approve``: the final decision (签发). ``s.data``: ``decision``,
    ``digest`` (of the text shown), ``comment``, the parts for 修改后同意, ``oral_by`` (person id)
    for a telephone decision entered by somebody else; it happened at ``s.occurred_at``.

    Raises what `decide` raises, ``no_statement`` (409), and ``not_an_approver`` (403) when the
    task was handed to somebody who does not hold the role and whose word it cannot be."""
    return _handle(uow, s, FINAL)


def _handle(uow: UnitOfWork, s: Submission, kind: str) -> dict[str, Any]:
    session = uow.session
    statement = require_statement_of(session, s.task)
    oral_by = s.data.get("oral_by")
    if oral_by == s.actor.person_id:
        oral_by = None  # their own decision, said earlier: `occurred_at` tells when
    roles = [key for key in s.element.candidate_groups if key]
    if oral_by is not None:
        require_holder(session, oral_by, roles)
    elif (
        kind == FINAL
        and roles
        # Whether a deputy may act for the principal was checked when the task was taken.
        and not has_role(session, s.actor.on_behalf_of or s.actor.person_id, roles)
    ):
        raise Refusal("not_an_approver", 403)
    decision = str(s.data.get("decision") or "")
    given = Decision(
        kind,
        decision,
        str(s.data.get("digest") or ""),
        comment=str(s.data.get("comment") or "").strip(),
        parts=Parts.read(s.data) if decision == "approve_with_edits" else None,
        oral_by=oral_by,
        approver_role=roles[0] if oral_by is not None and roles else "",
    )
    approval = decide(
        uow,
        s.case,
        statement,
        given,
        s.actor,
        s.now,
        s.occurred_at,
        task_id=s.task.id,
        element_path=s.task.element_path,
    )
    text = session.get_one(StatementVersion, approval.version_id)
    return {
        "decision": approval.decision,
        "version": text.number,
        "digest": text.digest,
        "comment": approval.comment,
    }
