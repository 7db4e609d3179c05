"""The plan library: what each plan says, its diagram, its clauses and clocks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask_login import login_required

from services import plans
from services.definitions import catalogue_for
from services.directory import people_by_id
from services.plan_reading import version_by_id, version_by_number, versions_of
from services.tiers import tiers_of
from views.diagram import plain_sheets
from views.kit import Answer, database, render

bp = Blueprint("plans", __name__, url_prefix="/plans")


@bp.get("")
@login_required
def index() -> Answer:
    """Every plan with a current version."""
    with database().read() as session:
        found = plans.deployed_plans(session)
        rows = [(plan, plans.current_version(session, plan.key)) for plan in found]
        return render("plans/index.html", rows=rows)


@bp.get("/<key>")
@login_required
def show(key: str) -> Answer:
    """One plan, in its current or a given version."""
    number = request.args.get("version", "")
    with database().read() as session:
        if number.isascii() and number.isdigit() and len(number) < 9:
            version = version_by_number(session, key, int(number))
        else:
            version = plans.current_version(session, key)
        manifest = version.manifest
        read = catalogue_for(session, version)
        others = versions_of(session, key)
        return render(
            "plans/show.html",
            version=version,
            manifest=manifest,
            versions=others,
            deployers=people_by_id(session, [one.deployed_by for one in others]),
            tiers=list(reversed(tiers_of(manifest))),
            clauses=version.clauses.get("clause", []),
            clocks=manifest.get("clocks", []),
            tasks=[e for e in read.elements.values() if e.kind == "userTask"],
        )


@bp.get("/versions/<int:version_id>/files/<path:name>")
@login_required
def file(version_id: int, name: str) -> Response:
    """A BPMN or DMN file as deployed."""
    with database().read() as session:
        body = plans.file_of(session, version_id, name)
    answer = Response(body, mimetype="application/xml")
    # Shown by our own viewer only; opened by itself it is a download.
    answer.headers["Content-Disposition"] = "attachment"
    # A version never changes.
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return answer


@bp.get("/versions/<int:version_id>/diagram.json")
@login_required
def diagram(version_id: int) -> Response:
    """The version's drawings."""
    with database().read() as session:
        version = version_by_id(session, version_id)
        sheets: list[dict[str, Any]] = plain_sheets(version, catalogue_for(session, version))
    return jsonify(sheets=sheets)
