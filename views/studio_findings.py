"""What is wrong with a draft, as it was last saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import draft_reading
from services.element_names import names_of
from services.plan_findings import FindingReport, findings_of_files
from services.plan_reading import version_in_force
from views import finding_words
from views.i18n import loc
from views.kit import Answer, database, render
from views.studio_kit import draft_in_hand, draft_page, told
from workflows.contract import Finding

bp = Blueprint("studio_findings", __name__, url_prefix="/studio")


@bp.get("/drafts/<int:draft_id>/findings")
@login_required
def show(draft_id: int) -> Answer:
    """All findings, errors first; with ``?fragment=1`` (or for htmx) the list alone."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files, report = _report(session, draft)
        rows = _rows(draft, files, report)
        found = {
            "errors": [row for row in rows if row["severity"] == "error"],
            "warnings": [row for row in rows if row["severity"] != "error"],
            "files": len(files),
        }
        if request.args.get("fragment") or request.headers.get("HX-Request"):
            return render("studio/_findings.html", draft=draft, **found)
        return render("studio/findings.html", **draft_page(session, draft, "findings"), **found)


@bp.get("/drafts/<int:draft_id>/findings.json")
@login_required
def as_json(draft_id: int) -> Response:
    """The same for the editors: ``{findings: [{code, severity, file, element, name, text, fix,
    where}],
    deployable}``."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files, report = _report(session, draft)
        return jsonify(
            findings=_rows(draft, files, report),
            deployable=report.deployable,
        )


def _report(session: Session, draft: PlanDraft) -> tuple[dict[str, bytes], FindingReport]:
    """The files that were read, and what was found."""
    in_force = version_in_force(session, draft.plan_key)
    files = draft_reading.files_of(session, draft)
    return files, findings_of_files(session, files, in_force=in_force)


def _rows(
    draft: PlanDraft, files: Mapping[str, bytes], report: FindingReport
) -> list[dict[str, Any]]:
    names = names_of(files, report.findings)
    return [
        {**_row(draft, one), "name": _named(names.get((one.file, one.element)))}
        for one in report.findings
    ]


def _named(names: tuple[str, str] | None) -> str:
    return loc({"name": names[0], "name_en": names[1]}) if names is not None else ""


def _row(draft: PlanDraft, finding: Finding) -> dict[str, Any]:
    """``where`` is the element's place in the diagram, "" for what is not drawn."""
    what, fix = finding_words.parts(finding)
    drawn = finding.element and finding.file.endswith(".bpmn")
    return {
        **told(finding),
        "code": finding.code,
        "text": what,
        "fix": fix,
        "where": url_for(
            "studio_diagram.show", draft_id=draft.id, file=finding.file, element=finding.element
        )
        if drawn
        else "",
    }
