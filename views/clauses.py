"""The clauses of a written plan, each with the cases in which it applied and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services import masking, plans
from services.case_reading import TimelineEvent
from services.clause_evidence import CaseEvidence, clause_page
from services.clause_reading import Evidence, Item
from services.definitions import catalogue_for
from services.directory import roles
from services.library_shelf import read_shelf
from services.plan_reading import version_by_number
from services.plan_text_clauses import coverage
from services.tiers import tier_named
from views import clause_words, plan_terms, plan_words
from views.gates import auditors_only
from views.kit import Answer, database, library, me, now, render, row_number
from views.plan_drawing import segments
from views.timeline import Words
from workflows.contract import FormField

bp = Blueprint("clauses", __name__, url_prefix="/audit/clauses")
bp.before_request(auditors_only)


@bp.get("")
def index() -> Answer:
    """Which plan."""
    with database().read() as session:
        found = [plans.current_version(session, one.key) for one in plans.deployed_plans(session)]
        counts = {
            one.plan_key: coverage(
                catalogue_for(session, one), one.manifest, one.clauses.get("clause", [])
            ).counts
            for one in found
        }
        return render(
            "audit/clauses.html", versions=found, counts=counts, segments=segments, **_words()
        )


@bp.get("/<plan_key>")
def show(plan_key: str) -> Answer:
    """A plan's clauses (``fate``: of one fate), or of ``clause`` the evidence; ``all``: also the
    cases that never came to it; ``drills``: drills too."""
    clause = request.args.get("clause", "")
    with database().read() as session:
        version = plans.current_version(session, plan_key)
        rows = version.clauses.get("clause", [])
        if not clause:
            return render(
                "audit/clauses_of_plan.html",
                version=version,
                coverage=coverage(catalogue_for(session, version), version.manifest, rows),
                segments=segments,
                fate=request.args.get("fate", ""),
                **_words(),
            )
        page = clause_page(
            session,
            plan_key,
            clause,
            everything=request.args.get("all") == "1",
            drills=request.args.get("drills") == "1",
            before=request.args.get("before", type=row_number),
        )
        ids = [str(row.get("id")) for row in rows]
        place = ids.index(clause) if clause in ids else -1
        return render(
            "audit/clause.html",
            version=version,
            page=page,
            clause=page.newest.clause,
            ids=ids,
            earlier=ids[place - 1] if place > 0 else "",
            later=ids[place + 1] if 0 <= place < len(ids) - 1 else "",
            said=read_shelf(library()).explanation_of(clause),
            lines=_lines(session),
            masks=masking.masks_for(session, me(), [c.case.id for c in page.cases], now()),
            tier_of=lambda one: tier_named(one.version.manifest, one.case.tier),
            asked={key: value for key, value in request.args.items() if value},
            **_words(),
        )


def _words() -> Mapping[str, Any]:
    return {"words": plan_words, "terms": plan_terms, "told": clause_words}


def _lines(session: Session) -> Callable[[CaseEvidence, Evidence, Item], clause_words.Told]:
    """What puts an event of the evidence into words: each case with the names of its version."""
    names = {role.key: role for role in roles(session)}
    by_version: dict[int, Words] = {}

    def words_of(version: PlanVersion) -> Words:
        if version.id not in by_version:
            read = catalogue_for(session, version)
            by_version[version.id] = Words.of_plan(
                version.manifest, _elements(session, version), read.flows, now(), roles=names
            )
        return by_version[version.id]

    def told(case: CaseEvidence, evidence: Evidence, item: Item) -> clause_words.Told:
        # Personal values are left where they are: nothing here needs them.
        entry = TimelineEvent(
            event=item.event,
            payload=item.payload,
            personal={},
            person=item.person,
            on_behalf_of=item.on_behalf_of,
            lag=int((item.event.recorded_at - item.event.occurred_at).total_seconds()),
        )
        return clause_words.told(words_of(case.version), entry, item, _field(evidence))

    return told


def _field(evidence: Evidence) -> FormField | None:
    """The field a piece of evidence is about."""
    element = evidence.target.element
    if evidence.target.kind != "field" or element is None:
        return None
    return next((one for one in element.form_fields if one.id == evidence.target.key), None)


def _elements(session: Session, version: PlanVersion) -> Mapping[str, Any]:
    """The version's elements; what only earlier versions have, as they had it."""
    found: dict[str, Any] = {}
    for number in range(1, version.number):
        earlier = version_by_number(session, version.plan_key, number)
        found |= catalogue_for(session, earlier).elements
    return found | catalogue_for(session, version).elements
