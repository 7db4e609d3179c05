"""Putting plans in force with a second person's agreement, and rolling them back.

By default nobody loosens an approval alone: what one person proposes, another who may decide
agrees to, and only then it becomes a version. A unit may switch the second person off; that is an
exception on record, and so is every version that comes into force under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, cast

from sqlalchemy import Table, update
from sqlalchemy.orm import Session

from models.people import Person
from models.plans import Plan, PlanVersion
from models.studio import PlanDraft, PlanProposal
from services import access, draft_reading, drafts, history, proposal_notices
from services.actor import SYSTEM, Actor
from services.errors import Refusal, Stale
from services.organisation import locked
from services.plan_findings import findings_of
from services.plan_reading import version_by_id, version_in_force
from services.plans import Issue, current_version, deploy_plan, put_in_force
from services.proposal_reading import DECIDERS, get_proposal
from services.rows import affected
from services.second_person import needs_second_person
from services.uow import UnitOfWork
from workflows.contract import DeploymentError

NOTE_LIMIT: Final = 2_000
NUMBER_LIMIT: Final = 100

_PROPOSALS = cast(Table, PlanProposal.__table__)
_DRAFTS = cast(Table, PlanDraft.__table__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the proposer says of it: ``note`` why (needed), the 文号, the next review's day."""

    note: str
    document_number: str = ""
    review_on: date | None = None


def propose_draft(
    uow: UnitOfWork, draft_id: int, wanted: Wanted, actor: Actor, now: datetime
) -> PlanProposal:
    """Propose a draft as it stands. From now on it is locked; where the unit needs no second
    person it comes into force at once. Raises Refusal as `drafts.save_files`, ``form_invalid``
    422, ``nothing_changed`` 409, DeploymentError with the findings of a draft that may not be
    deployed."""
    session = uow.session
    person = drafts.author(uow, actor)
    draft = draft_reading.get_draft(session, draft_id)
    if draft.author_id != person.id:
        raise Refusal("not_your_draft", 403)
    if draft.status != "open":
        raise Refusal("draft_locked", 409, draft=draft.id)
    _check(wanted)
    bundle = draft_reading.bundle_of_draft(session, draft)
    if str(bundle.manifest.get("key")) != draft.plan_key:
        raise Refusal("draft_key_changed", 409, plan=draft.plan_key)
    in_force = version_in_force(session, draft.plan_key)
    if in_force is not None and in_force.content_hash == bundle.content_hash:
        raise Refusal("nothing_changed", 409)
    report = findings_of(session, bundle, in_force=in_force)
    if not report.deployable:
        raise DeploymentError(report.findings)
    locked(session)
    _require_still(session, draft.plan_key, in_force)
    _set_status(uow, draft, "open", "submitted")
    return _propose(
        uow, "deploy", draft.plan_key, bundle.content_hash, wanted, actor, now,
        draft_id=draft.id, base=in_force,
    )  # fmt: skip


def propose_rollback(
    uow: UnitOfWork, version_id: int, wanted: Wanted, actor: Actor, now: datetime
) -> PlanProposal:
    """Propose to put an earlier version in force again. Raises Refusal ``not_your_role`` 403,
    ``plan_unknown`` 404, ``nothing_changed`` 409 for the version that is, ``form_invalid`` 422."""
    drafts.author(uow, actor)
    _check(wanted)
    version = version_by_id(uow.session, version_id)
    in_force = current_version(uow.session, version.plan_key)
    if in_force.id == version.id:
        raise Refusal("nothing_changed", 409)
    locked(uow.session)
    _require_still(uow.session, version.plan_key, in_force)
    return _propose(
        uow, "rollback", version.plan_key, version.content_hash, wanted, actor, now,
        target=version, base=in_force,
    )  # fmt: skip


def approve(
    uow: UnitOfWork,
    proposal_id: int,
    content_hash: str,
    comment: str,
    actor: Actor,
    now: datetime,
) -> PlanVersion:
    """Agree to exactly what was shown (``content_hash``): it comes into force. Raises Refusal
    ``proposal_unknown`` 404, ``not_your_role`` 403, ``own_proposal`` 403 for whoever proposed
    it, ``proposal_decided`` 409, ``proposal_moved`` 409 where another version has come into
    force since, or the content is not what was shown; DeploymentError where the unit no longer
    has a role it needs."""
    proposal, person = _to_decide(uow, proposal_id, actor)
    if person.id == proposal.submitted_by:
        raise Refusal("own_proposal", 403)
    if content_hash != proposal.content_hash or not _stands(uow.session, proposal):
        raise Refusal("proposal_moved", 409)
    history.append(
        uow, "org.plan_approved", actor=actor, occurred_at=now, now=now,
        payload={"plan": proposal.plan_key, "proposal": proposal.id,
                 "hash": proposal.content_hash, "comment": comment.strip()[:NOTE_LIMIT]},
    )  # fmt: skip
    version = _carry_out(uow, proposal, person.id, comment, actor, now)
    proposal_notices.tell_proposer(uow, proposal, now)
    return version


def refuse(
    uow: UnitOfWork, proposal_id: int, comment: str, actor: Actor, now: datetime
) -> PlanProposal:
    """Do not agree, and say why: the draft is its author's again. Raises as `approve`,
    ``form_invalid`` 422 without a comment."""
    proposal, person = _to_decide(uow, proposal_id, actor)
    if person.id == proposal.submitted_by:
        raise Refusal("own_proposal", 403)
    if not comment.strip():
        raise Refusal("form_invalid", 422, errors={"comment": "required"})
    _decide(uow, proposal, "refused", person.id, comment, now)
    history.append(
        uow, "org.plan_refused", actor=actor, occurred_at=now, now=now,
        payload={"plan": proposal.plan_key, "proposal": proposal.id,
                 "comment": comment.strip()[:NOTE_LIMIT]},
    )  # fmt: skip
    _give_back(uow, proposal)
    proposal_notices.tell_proposer(uow, proposal, now)
    return proposal


def withdraw(uow: UnitOfWork, proposal_id: int, actor: Actor, now: datetime) -> PlanProposal:
    """Take one's own proposal back. Raises as `approve`, ``not_your_draft`` 403."""
    person = drafts.author(uow, actor)
    proposal = get_proposal(uow.session, proposal_id)
    if proposal.submitted_by != person.id:
        raise Refusal("not_your_draft", 403)
    _decide(uow, proposal, "withdrawn", person.id, "", now)
    history.append(
        uow, "org.plan_withdrawn", actor=actor, occurred_at=now, now=now,
        payload={"plan": proposal.plan_key, "proposal": proposal.id},
    )  # fmt: skip
    _give_back(uow, proposal)
    return proposal


# ------------------------------------------------------------------------------ the parts


def _check(wanted: Wanted) -> None:
    errors = {}
    if not wanted.note.strip():
        errors["note"] = "required"
    elif len(wanted.note) > NOTE_LIMIT:
        errors["note"] = "too_long"
    if len(wanted.document_number) > NUMBER_LIMIT:
        errors["document_number"] = "too_long"
    if errors:
        raise Refusal("form_invalid", 422, errors=errors)


def _require_still(session: Session, plan_key: str, in_force: PlanVersion | None) -> None:
    """Now that nobody else can put one in force: still the version that was looked at."""
    plan = session.get(Plan, plan_key, populate_existing=True)
    current = plan.current_version_id if plan is not None else None
    if current != (in_force.id if in_force is not None else None):
        raise Stale(f"plan {plan_key} has another version in force")


def _propose(
    uow: UnitOfWork,
    kind: Literal["deploy", "rollback"],
    plan_key: str,
    content_hash: str,
    wanted: Wanted,
    actor: Actor,
    now: datetime,
    *,
    draft_id: int | None = None,
    target: PlanVersion | None = None,
    base: PlanVersion | None = None,
) -> PlanProposal:
    assert actor.person_id is not None
    proposal = PlanProposal(
        plan_key=plan_key, kind=kind, draft_id=draft_id,
        target_version_id=target.id if target else None, base_version_id=base.id if base else None,
        content_hash=content_hash, note=wanted.note.strip(),
        document_number=wanted.document_number.strip(), review_on=wanted.review_on,
        status="waiting", submitted_by=actor.person_id, submitted_at=now,
    )  # fmt: skip
    uow.session.add(proposal)
    uow.session.flush()
    payload: dict[str, Any] = {
        "plan": plan_key, "proposal": proposal.id, "kind": kind, "hash": content_hash,
        "draft": draft_id, "target": proposal.target_version_id, "base": proposal.base_version_id,
        "note": proposal.note, "document_number": proposal.document_number,
        "review_on": wanted.review_on.isoformat() if wanted.review_on else "",
    }  # fmt: skip
    history.append(uow, "org.plan_proposed", actor=actor, occurred_at=now, now=now, payload=payload)
    if needs_second_person(uow.session):
        proposal_notices.tell_deciders(uow, proposal, DECIDERS, now)
    else:
        _carry_out(uow, proposal, None, "", actor, now)
    return proposal


def _to_decide(uow: UnitOfWork, proposal_id: int, actor: Actor) -> tuple[PlanProposal, Person]:
    person = access.writer(uow.session, actor)
    proposal = get_proposal(uow.session, proposal_id)
    access.require_role(person, *DECIDERS)
    locked(uow.session)
    if proposal.status != "waiting":
        raise Refusal("proposal_decided", 409)
    return proposal, person


def _stands(session: Session, proposal: PlanProposal) -> bool:
    """Whether what was proposed is still what would come into force, over the same version."""
    in_force = version_in_force(session, proposal.plan_key)
    if (in_force.id if in_force else None) != proposal.base_version_id:
        return False
    if proposal.draft_id is None:
        return True
    draft = draft_reading.get_draft(session, proposal.draft_id)
    return draft_reading.bundle_of_draft(session, draft).content_hash == proposal.content_hash


def _carry_out(
    uow: UnitOfWork,
    proposal: PlanProposal,
    approved_by: int | None,
    comment: str,
    actor: Actor,
    now: datetime,
) -> PlanVersion:
    issue = Issue(
        proposal.id, proposal.submitted_by, approved_by, approved_by is None,
        proposal.document_number, proposal.review_on,
    )  # fmt: skip
    # Whoever agrees need not be a plan author: what was agreed to is carried out by Planroom.
    doer = actor if approved_by is None else SYSTEM
    if proposal.draft_id is not None:
        draft = draft_reading.get_draft(uow.session, proposal.draft_id)
        bundle = draft_reading.bundle_of_draft(uow.session, draft)
        if bundle.content_hash != proposal.content_hash:
            raise Refusal("proposal_moved", 409)
        version = deploy_plan(uow, bundle, proposal.note, doer, now, issue=issue)
        _set_status(uow, draft, "submitted", "deployed")
        drafts.empty(uow.session, draft)
    else:
        target = version_by_id(uow.session, proposal.target_version_id or 0)
        version = put_in_force(uow, target, proposal.note, doer, now, issue)
    _decide(uow, proposal, "approved", approved_by, comment, now, version.id)
    return version


def _decide(
    uow: UnitOfWork,
    proposal: PlanProposal,
    status: str,
    by: int | None,
    comment: str,
    now: datetime,
    version_id: int | None = None,
) -> None:
    done = uow.session.execute(
        update(_PROPOSALS)
        .where(_PROPOSALS.c.id == proposal.id, _PROPOSALS.c.status == "waiting")
        .values(
            status=status, decided_by=by, decided_at=now, comment=comment.strip()[:NOTE_LIMIT],
            version_id=version_id,
        )
    )  # fmt: skip
    if affected(done) != 1:
        raise Refusal("proposal_decided", 409)
    uow.session.refresh(proposal)


def _give_back(uow: UnitOfWork, proposal: PlanProposal) -> None:
    if proposal.draft_id is not None:
        draft = draft_reading.get_draft(uow.session, proposal.draft_id)
        _set_status(uow, draft, "submitted", "open")


def _set_status(uow: UnitOfWork, draft: PlanDraft, was: str, status: str) -> None:
    done = uow.session.execute(
        update(_DRAFTS)
        .where(
            _DRAFTS.c.id == draft.id,
            _DRAFTS.c.status == was,
            _DRAFTS.c.revision == draft.revision,
        )
        .values(status=status)
    )
    if affected(done) != 1:
        raise Stale(f"draft {draft.id} moved")
    uow.session.refresh(draft)
