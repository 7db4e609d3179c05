"""Putting drafts and earlier versions in force: proposing, and what the second person decides."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanProposal
from services import draft_reading, proposals
from services.directory import people_by_id
from services.errors import Refusal
from services.plan_findings import findings_of
from services.plan_reading import plan_by_key, version_by_id, version_if_any, version_in_force
from services.proposal_reading import get_proposal, may_decide, proposals_of
from services.proposals import Wanted
from services.second_person import needs_second_person, set_four_eyes
from services.uow import UnitOfWork
from views import comparing
from views.kit import Answer, actor, database, me, now, render, run, say, see_other
from views.refusals import field_errors, sentence
from views.studio_kit import draft_in_hand, draft_page, may_author, told
from workflows.contract import DeploymentError, Finding

bp = Blueprint("proposing", __name__, url_prefix="/studio")


@bp.get("/drafts/<int:draft_id>/propose")
@login_required
def propose(draft_id: int) -> Answer:
    """What putting the draft in force asks for."""
    return _propose_page(draft_id)


def _propose_page(
    draft_id: int,
    status: int = 200,
    values: Any = None,
    errors: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Answer:
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        page = draft_page(session, draft, "propose")
        try:
            report = findings_of(
                session, draft_reading.bundle_of_draft(session, draft), in_force=page["in_force"]
            )
            found, deployable = report.findings, report.deployable
        except DeploymentError as error:
            found, deployable = error.findings, False
        own = proposals_of(session, draft.plan_key)
        return (
            render(
                "studio/propose.html",
                **page,
                problems=[told(finding) for finding in found],
                deployable=deployable,
                values=values or {},
                errors=errors or {},
                refused=sentence(refusal) if refusal is not None else "",
                proposal=next(
                    (p for p in own if p.draft_id == draft.id and p.status == "waiting"), None
                ),
                refusals=[p for p in own if p.draft_id == draft.id and p.status == "refused"],
                people=people_by_id(session, [p.decided_by for p in own]),
            ),
            status,
        )


@bp.post("/drafts/<int:draft_id>/propose")
@login_required
def propose_draft(draft_id: int) -> Answer:
    """Propose it; where the unit needs no second person it comes into force at once."""
    wanted, errors = _wanted()
    if errors:
        return _propose_page(draft_id, 422, request.form, errors)

    def work(uow: UnitOfWork) -> tuple[int, str, str]:
        made = proposals.propose_draft(uow, draft_id, wanted, actor(), now())
        return made.id, made.status, made.plan_key

    try:
        proposal_id, status, key = run(work)
    except DeploymentError:
        return _propose_page(draft_id, 422, request.form)
    except Refusal as refusal:
        if refusal.code == "form_invalid":
            return _propose_page(draft_id, 422, request.form, field_errors(refusal))
        if refusal.status != 409:
            raise
        return _propose_page(draft_id, 409, request.form, refusal=refusal)
    return _proposed(proposal_id, status, key)


@bp.post("/plans/<key>/versions/<int:version_id>/rollback")
@login_required
def rollback(key: str, version_id: int) -> Answer:
    """Propose to put an earlier version in force again."""
    _require_of(key, version_id)
    wanted, errors = _wanted()
    if errors:
        return _rollback_page(version_id, 422, request.form, errors)

    def work(uow: UnitOfWork) -> tuple[int, str]:
        made = proposals.propose_rollback(uow, version_id, wanted, actor(), now())
        return made.id, made.status

    try:
        proposal_id, status = run(work)
    except DeploymentError as error:
        return _rollback_page(version_id, 422, request.form, problems=error.findings)
    except Refusal as refusal:
        if refusal.code == "form_invalid":
            return _rollback_page(version_id, 422, request.form, field_errors(refusal))
        raise
    return _proposed(proposal_id, status, key)


@bp.get("/plans/<key>/versions/<int:version_id>/rollback")
@login_required
def rollback_page(key: str, version_id: int) -> Answer:
    """What going back to an earlier version asks for."""
    _require_of(key, version_id)
    return _rollback_page(version_id)


def _require_of(key: str, version_id: int) -> None:
    """The address names the plan and a version of it. Raises Refusal ``plan_unknown`` 404."""
    with database().read() as session:
        if version_by_id(session, version_id).plan_key != key:
            raise Refusal("plan_unknown", 404)


def _rollback_page(
    version_id: int,
    status: int = 200,
    values: Any = None,
    errors: dict[str, str] | None = None,
    problems: tuple[Finding, ...] = (),
) -> Answer:
    if not may_author(me()):
        raise Refusal("not_your_role", 403)
    with database().read() as session:
        version = version_by_id(session, version_id)
        return (
            render(
                "studio/rollback.html",
                version=version,
                current=version_in_force(session, version.plan_key),
                plan_row=plan_by_key(session, version.plan_key),
                values=values or {},
                errors=errors or {},
                problems=[told(one) for one in problems],
                second_person=needs_second_person(session),
            ),
            status,
        )


def _proposed(proposal_id: int, status: str, key: str) -> Response:
    if status == "approved":
        say(_("新版本已启用。本单位没有要求第二人同意,已记录在案。"))
        return see_other("plans.show", key=key)
    say(_("已提请启用,等另一人审定。"))
    return see_other("proposing.proposal", proposal_id=proposal_id)


def _wanted() -> tuple[Wanted, dict[str, str]]:
    form = request.form
    text = form.get("review_on", "").strip()
    try:
        review_on = date.fromisoformat(text) if text else None
    except ValueError:
        return Wanted(""), {"review_on": _("请填写日期,如 2027-03-01。")}
    return Wanted(form.get("note", ""), form.get("document_number", ""), review_on), {}


@bp.get("/proposals/<int:proposal_id>")
@login_required
def proposal(proposal_id: int) -> Answer:
    """What the second person reads before deciding."""
    return _proposal_page(proposal_id)


def _proposal_page(
    proposal_id: int,
    status: int = 200,
    errors: dict[str, str] | None = None,
    problems: tuple[Finding, ...] = (),
) -> Answer:
    person = me()
    if not draft_reading.may_read(person):
        raise Refusal("proposal_unknown", 404)
    with database().read() as session:
        found = get_proposal(session, proposal_id)
        return (
            render(
                "studio/proposal.html",
                proposal=found,
                plan_row=plan_by_key(session, found.plan_key),
                base=version_if_any(session, found.base_version_id),
                target=version_if_any(session, found.target_version_id),
                result=version_if_any(session, found.version_id),
                people=people_by_id(session, [found.submitted_by, found.decided_by]),
                may_decide=may_decide(found, person),
                problems=[told(one) for one in problems] or _proposal_findings(session, found),
                **_changes(session, found),
                values=request.form,
                errors=errors or {},
            ),
            status,
        )


def _changes(session: Session, found: PlanProposal) -> dict[str, Any]:
    """What would change, in words, for what is still to be decided (`comparing/_said.html`)."""
    base = version_if_any(session, found.base_version_id)
    if base is None or found.status != "waiting":
        return {"difference": None}
    if found.draft_id is not None:
        new = comparing.side_of_draft(session, draft_reading.get_draft(session, found.draft_id))
    else:
        target = version_by_id(session, found.target_version_id or 0)
        new = comparing.side_of_version(session, target)
    told = comparing.compared(comparing.side_of_version(session, base), new)
    return {name: told.get(name) for name in ("difference", "summary", "groups", "terms")}


def _proposal_findings(session: Session, found: PlanProposal) -> list[dict[str, Any]]:
    """What the checks say of a draft that waits; of a version nothing new is to be said."""
    if found.draft_id is None or found.status != "waiting":
        return []
    draft = draft_reading.get_draft(session, found.draft_id)
    bundle = draft_reading.bundle_of_draft(session, draft)
    base = version_if_any(session, found.base_version_id)
    return [told(one) for one in findings_of(session, bundle, in_force=base).findings]


@bp.post("/proposals/<int:proposal_id>/approve", defaults={"verdict": "approve"})
@bp.post("/proposals/<int:proposal_id>/refuse", defaults={"verdict": "refuse"})
@bp.post("/proposals/<int:proposal_id>/withdraw", defaults={"verdict": "withdraw"})
@login_required
def decide(proposal_id: int, verdict: str) -> Answer:
    """Agree, refuse with a reason, or take one's own back."""
    form = request.form
    comment, shown = form.get("comment", ""), form.get("content_hash", "")

    def work(uow: UnitOfWork) -> str:
        if verdict == "approve":
            return proposals.approve(uow, proposal_id, shown, comment, actor(), now()).plan_key
        if verdict == "refuse":
            return proposals.refuse(uow, proposal_id, comment, actor(), now()).plan_key
        return proposals.withdraw(uow, proposal_id, actor(), now()).plan_key

    try:
        key = run(work)
    except DeploymentError as error:  # sound when it was proposed; the unit has changed since
        return _proposal_page(proposal_id, 422, problems=error.findings)
    except Refusal as refusal:
        if refusal.code != "form_invalid":
            raise
        return _proposal_page(proposal_id, 422, field_errors(refusal))
    if verdict == "approve":
        say(_("已同意,新版本已启用。"))
        return see_other("plans.show", key=key)
    say(_("已退回编制人。") if verdict == "refuse" else _("已撤回申请。"))
    return see_other("proposing.proposal", proposal_id=proposal_id)


@bp.post("/second-person")
@login_required
def second_person() -> Answer:
    """Switch the second person off (an exception on record), or on again."""
    on, reason = request.form.get("on") == "true", request.form.get("reason", "")
    try:
        run(lambda uow: set_four_eyes(uow, on, reason, actor(), now()))
    except Refusal as refusal:
        if refusal.code != "form_invalid":
            raise
        say(_("请写明为什么不须第二人同意。没有改动。"), "danger")
        return see_other("studio.index")
    say(_("已改为须由第二人同意。") if on else _("已改为不须第二人同意,已记录在案。"))
    return see_other("studio.index")
