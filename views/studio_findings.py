"""What is wrong with a draft, as it was last saved."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session

from models.plans import Plan, PlanVersion
from models.studio import PlanDraft
from services import drafts
from services.plan_findings import FindingReport, findings_of_files
from views import finding_words
from views.kit import Answer, database, render
from views.studio_kit import draft_in_hand, draft_page
from workflows.contract import Finding

bp = Blueprint("studio_findings", __name__, url_prefix="/studio")


@bp.get("/drafts/<int:draft_id>/findings")
@login_required
def show(draft_id: int) -> Answer:
    """All findings, errors first; with ``?fragment=1`` (or for htmx) the list alone."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files, report = _report(session, draft)
        rows = [_row(draft, finding) for finding in report.findings]
        found = {
            "errors": [row for row in rows if row["severity"] == "error"],
            "warnings": [row for row in rows if row["severity"] != "error"],
            "files": files,
        }
        if request.args.get("fragment") or request.headers.get("HX-Request"):
            return render("studio/_findings.html", draft=draft, **found)
        return render("studio/findings.html", **draft_page(session, draft, "findings"), **found)


@bp.get("/drafts/<int:draft_id>/findings.json")
@login_required
def as_json(draft_id: int) -> Response:
    """The same for the editors: ``{findings: [{code, severity, file, element, text, fix, where}],
    deployable}``."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        _files, report = _report(session, draft)
        return jsonify(
            findings=[_row(draft, finding) for finding in report.findings],
            deployable=report.deployable,
        )


def _report(session: Session, draft: PlanDraft) -> tuple[int, FindingReport]:
    """How many files were read, and what was found."""
    plan = session.get(Plan, draft.plan_key)
    in_force = (
        session.get(PlanVersion, plan.current_version_id)
        if plan is not None and plan.current_version_id
        else None
    )
    files = drafts.files_of(session, draft)
    return len(files), findings_of_files(session, files, in_force=in_force)


def _row(draft: PlanDraft, finding: Finding) -> dict[str, Any]:
    """``where`` is the element's place in the diagram, "" for what is not drawn."""
    what, fix = finding_words.parts(finding)
    drawn = finding.element and finding.file.endswith(".bpmn")
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "element": finding.element,
        "text": what,
        "fix": fix,
        "where": url_for(
            "studio_diagram.show", draft_id=draft.id, file=finding.file, element=finding.element
        )
        if drawn
        else "",
    }
