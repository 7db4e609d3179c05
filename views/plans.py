"""The plan library: what each plan says, its diagram, its clauses and clocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from models.studio import PlanProposal
from services import plans
from services.definitions import catalogue_for
from services.directory import organization, people_by_id
from services.draft_reading import may_read
from services.errors import Refusal
from services.library_shelf import Shelf, SourceText, read_shelf
from services.plan_reading import usage, version_by_id, version_by_number, versions_of
from services.plan_settings import review_due
from services.plan_text import WrittenPlan
from services.plan_text_cards import role_cards
from services.plan_text_clauses import coverage, doer
from services.plan_text_people import unit_roles
from services.plan_text_store import written_plan_for
from services.proposal_reading import rollbacks_of
from services.tiers import tiers_of
from views import plan_terms, plan_words
from views.diagram import plain_sheets
from views.i18n import loc
from views.kit import Answer, database, me, render
from views.plan_drawing import clock_chart, segments
from views.plan_settings import settings_part
from views.studio_kit import may_author

bp = Blueprint("plans", __name__, url_prefix="/plans")


#: The pages of a plan, in the order of their tabs.
PARTS = ("overview", "roles", "clocks", "tiers", "clauses", "papers", "versions")


@bp.get("/<key>")
@login_required
def show(key: str) -> Answer:
    """One plan, in its current or a given version; ``part`` is the tab, ``element`` (a path) the
    step to show in the diagram, ``fate`` the clauses to list."""
    part = request.args.get("part", "overview")
    with database().read() as session:
        version = _version(session, key)
        plan, read = written_plan_for(session, version), catalogue_for(session, version)
        manifest = version.manifest
        tiers = list(reversed(tiers_of(manifest)))
        if part not in PARTS or (part == "tiers" and not tiers and not plan.criteria):
            abort(404)
        element = read.elements.get(request.args.get("element", ""))
        covered = coverage(read, manifest, version.clauses.get("clause", []))
        others, rollbacks = versions_of(session, key), rollbacks_of(session, key)
        return render(
            "plans/show.html",
            **_common(session, version, plan),
            part=part,
            parts=[one for one in PARTS if one != "tiers" or tiers or plan.criteria],
            tiers=tiers,
            versions=others,
            current=plans.current_version(session, key),
            deployers=people_by_id(session, _named(others, rollbacks)),
            rollbacks=rollbacks if may_read(me()) else [],
            usage=usage(session, key),
            coverage=covered,
            segments=segments(covered.counts),
            fate=request.args.get("fate", ""),
            chart=clock_chart(manifest.get("clocks", [])),
            doer=lambda by: doer(read, manifest, by),
            element=element,
            explained=_shelf().explanation_of,
            settings_part=settings_part(session, version),
            review_due=review_due(session, version),
        )


def _named(versions: list[PlanVersion], rollbacks: list[PlanProposal]) -> list[int | None]:
    """Ids of the people the versions page names."""
    found = [id for one in versions for id in (one.deployed_by, one.approved_by)]
    return [*found, *(id for one in rollbacks for id in (one.submitted_by, one.decided_by))]


@bp.get("/<key>/written")
@login_required
def written(key: str) -> Answer:
    """The written plan, told from the version's diagram and ``plan.toml``."""
    with database().read() as session:
        version = _version(session, key)
        plan, read = written_plan_for(session, version), catalogue_for(session, version)
        covered = coverage(read, version.manifest, version.clauses.get("clause", []))
        return render(
            "plans/written.html",
            **_common(session, version, plan),
            coverage=covered,
            doer=lambda by: doer(read, version.manifest, by),
        )


@bp.get("/<key>/cards")
@login_required
def cards(key: str) -> Answer:
    """A card for each role of the plan, or for the one named ``role``."""
    wanted = request.args.get("role", "")
    with database().read() as session:
        version = _version(session, key)
        plan = written_plan_for(session, version)
        found = role_cards(plan, version.clauses.get("clause", []))
        shown = [card for card in found if not wanted or card.role.key == wanted]
        if wanted and not shown:
            abort(404)
        return render(
            "plans/cards.html",
            **_common(session, version, plan),
            cards=found,
            shown=shown,
            wanted=wanted,
        )


def _version(session: Session, key: str) -> PlanVersion:
    """The version the address asks for. Raises Refusal ``plan_unknown`` 404."""
    number = request.args.get("version", "")
    if not number:
        return plans.current_version(session, key)
    if number.isascii() and number.isdigit() and len(number) < 9:
        return version_by_number(session, key, int(number))
    raise Refusal("plan_unknown", 404, plan=key)


def _common(session: Session, version: PlanVersion, plan: WrittenPlan) -> dict[str, Any]:
    """What all pages of a plan show."""
    found = unit_roles(session, [role.role for role in plan.roles])
    return {
        "version": version,
        "manifest": version.manifest,
        "plan": plan,
        "busy": {role for step in plan.tasks if step.used for role in step.roles},
        "held": {key for key, role in found.items() if role.people},
        "words": plan_words,
        "terms": plan_terms,
        "text": _source_text(version),
        "unit": organization(session),
        "unit_roles": found,
        "may_author": may_author(me()),
        "may_study": may_read(me()),
        "at": {"version": version.number} if request.args.get("version") else {},
    }


def _source_text(version: PlanVersion) -> SourceText | None:
    """Which of the fifteen source texts the plan is, if it is one."""
    return _shelf().text_of(version.plan_key)


def _shelf() -> Shelf:
    return read_shelf(Path(current_app.root_path) / "bpmn")


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
    """The version's drawings; ``element`` (a path) is marked and brought into sight."""
    with database().read() as session:
        version = version_by_id(session, version_id)
        read = catalogue_for(session, version)
        sheets: list[dict[str, Any]] = plain_sheets(version, read)
        element = read.elements.get(request.args.get("element", ""))
    for sheet in sheets:
        if element is not None and sheet["key"] == element.process_id:
            shown = {"state": "open", "late": False, "text": _("● 此处"), "label": loc(element)}
            sheet["states"] = {element.id: shown}
    return jsonify(sheets=sheets)
