"""A plan on paper: the written plan and the table of changes, as DOCX files."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import quote

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from models.studio import PlanDraft
from services import draft_reading, plans
from services.directory import organization
from services.errors import Refusal
from services.plan_diff import diff, plan_text
from services.plan_diff_changes import PlanText
from services.plan_diff_store import version_text
from services.plan_reading import version_in_force, versions_of
from services.plan_text_clauses import coverage
from services.plan_text_people import unit_roles
from services.proposal_reading import proposals_of
from views.comparing import before, chosen
from views.i18n import format_moment, loc
from views.kit import database
from views.plan_docx import finished, marks, written_docx
from views.plan_docx_changes import change_table
from views.plan_docx_issue import Issue
from views.plan_docx_paper import Paper
from views.studio_kit import draft_in_hand
from workflows.contract import DeploymentError

bp = Blueprint("papers", __name__)

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@bp.get("/plans/<key>/written.docx")
@login_required
def written(key: str) -> Response:
    """The written plan with its annexes: the version in force, or that of ``version``."""
    with database().read() as session:
        versions = versions_of(session, key)
        version = chosen(versions, "version") or plans.current_version(session, key)
        issue = _issue(session, version, before(versions, version), versions)
        return _file(written_docx(issue), issue, _("成文预案"))


@bp.get("/plans/<key>/changes.docx")
@login_required
def changes(key: str) -> Response:
    """The table of changes between two versions, ``from`` and ``to``: without them the version
    in force and the one before it. Raises Refusal ``nothing_earlier`` 404 for a first version."""
    with database().read() as session:
        versions = versions_of(session, key)
        new = chosen(versions, "to") or plans.current_version(session, key)
        issue = _issue(session, new, chosen(versions, "from") or before(versions, new), versions)
        return _changes(issue)


@bp.get("/studio/drafts/<int:draft_id>/written.docx")
@login_required
def draft_written(draft_id: int) -> Response:
    """A draft as the plan it would be."""
    with database().read() as session:
        issue = _draft_issue(session, draft_in_hand(session, draft_id))
        return _file(written_docx(issue), issue, _("成文预案"))


@bp.get("/studio/drafts/<int:draft_id>/changes.docx")
@login_required
def draft_changes(draft_id: int) -> Response:
    """What a draft changes in the version in force, or in that of ``from``."""
    with database().read() as session:
        return _changes(_draft_issue(session, draft_in_hand(session, draft_id)))


def _changes(issue: Issue) -> Response:
    if issue.changes is None:
        raise Refusal("nothing_earlier", 404)
    name = _("修订对照表")
    paper = Paper(lying=True)
    paper.title(f"{issue.title}\n{name}")
    marks(paper, issue)
    paper.centred(_("与%(version)s对照", version=issue.earlier))
    change_table(paper, issue.changes, issue.reasons)
    return _file(finished(paper, issue, f"{issue.title} {name}"), issue, name)


def _issue(
    session: Session,
    version: PlanVersion,
    earlier: PlanVersion | None,
    versions: list[PlanVersion],
) -> Issue:
    if earlier is not None and earlier.id == version.id:
        earlier = None
    return _made(
        session,
        version_text(session, version),
        earlier,
        version=_("第 %(n)s 版", n=version.number),
        in_force=format_moment(version.deployed_at),
        made_at=version.deployed_at,
        document_number=version.document_number,
        review_on=version.review_on,
        reasons=_reasons(versions, earlier, version),
    )


def _reasons(versions: list[PlanVersion], earlier: PlanVersion | None, version: PlanVersion) -> str:
    """The notes of every version on the way from the one to the other."""
    if earlier is None:
        return ""
    low, high = sorted((earlier.number, version.number))
    notes = [one.note.strip() for one in reversed(versions) if low < one.number <= high]
    return "\n".join(filter(None, notes))


def _draft_issue(session: Session, draft: PlanDraft) -> Issue:
    """Raises Refusal ``draft_unreadable`` 422 for a draft whose files cannot be read."""
    versions = versions_of(session, draft.plan_key)
    base = next((one for one in versions if one.id == draft.base_version_id), None)
    in_force = version_in_force(session, draft.plan_key)
    proposal = next(
        (one for one in proposals_of(session, draft.plan_key) if one.draft_id == draft.id), None
    )
    try:
        text = plan_text(draft_reading.bundle_of_draft(session, draft))
    except DeploymentError as wrong:
        raise Refusal("draft_unreadable", 422) from wrong
    name = _("草稿")
    if base is not None:
        name = f"{name}({_('依据第 %(n)s 版', n=base.number)})"
    return _made(
        session,
        text,
        chosen(versions, "from") or in_force or base,
        version=name,
        in_force="",
        made_at=draft.updated_at,
        document_number=proposal.document_number if proposal is not None else "",
        review_on=proposal.review_on if proposal is not None else None,
        reasons=proposal.note if proposal is not None else "",
    )


def _made(
    session: Session,
    text: PlanText,
    earlier: PlanVersion | None,
    *,
    version: str,
    in_force: str,
    made_at: datetime,
    document_number: str,
    review_on: date | None,
    reasons: str,
) -> Issue:
    unit = organization(session)
    return Issue(
        text=text,
        unit=loc(unit) if unit is not None else "",
        unit_roles=unit_roles(session, [role.role for role in text.plan.roles]),
        version=version,
        in_force=in_force,
        made_at=made_at,
        document_number=document_number,
        review_on=review_on,
        coverage=coverage(text.read, text.bundle.manifest, text.clauses),
        changes=diff(version_text(session, earlier), text) if earlier is not None else None,
        earlier=_("第 %(n)s 版", n=earlier.number) if earlier is not None else "",
        reasons=reasons,
    )


def _file(body: bytes, issue: Issue, kind: str) -> Response:
    """The document as a download, named by plan, kind and version."""
    name = f"{issue.title} {kind} {issue.version}.docx"
    plain = "".join(char for char in name if char.isprintable() and char not in '\\/:*?"<>|')
    answer = Response(body, mimetype=_DOCX)
    answer.headers["Content-Disposition"] = (
        f"attachment; filename=\"plan.docx\"; filename*=UTF-8''{quote(plain, safe='')}"
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
