"""Past cases as tests of a draft: what finished cases would have done on it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import access, draft_reading, masking, past_cases
from services.definitions import definition_for
from services.past_cases import Replay
from views import past_words
from views.kit import Answer, database, me, now, render, wants_fragment
from views.past_words import Words
from views.studio_kit import draft_in_hand, draft_page, told
from workflows.contract import DeploymentError

bp = Blueprint("studio_past", __name__, url_prefix="/studio")

#: Cases computed for one answer; the page asks for the next ones by itself.
PORTION: Final = 5


@bp.get("/drafts/<int:draft_id>/past")
@login_required
def show(draft_id: int) -> Answer:
    """The plan's finished cases; each is played on the draft as the page asks for it."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        try:
            past_cases.compiled(session, draft_reading.bundle_of_draft(session, draft))
            problems: list[dict[str, Any]] = []
        except DeploymentError as error:
            problems = [told(one) for one in error.findings if one.severity == "error"]
        return render(
            "studio/past.html",
            **draft_page(session, draft, "past"),
            problems=problems,
            count=len(past_cases.finished_cases(session, draft.plan_key)),
            most=past_cases.MOST,
            part_of=None,
        )


@bp.get("/drafts/<int:draft_id>/past/cases")
@login_required
def rows(draft_id: int) -> Answer:
    """The next few cases from ``after`` (how many were shown); ``same``, ``changed`` and
    ``doubtful`` count those before. A fragment; as a page of its own without scripts."""
    after = min(max(request.args.get("after", 0, type=int), 0), past_cases.MOST)
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        try:
            part_of = _portion(session, draft, after)
        except DeploymentError as error:
            return (
                render(
                    "studio/past.html",
                    **draft_page(session, draft, "past"),
                    problems=[told(one) for one in error.findings if one.severity == "error"],
                    count=0,
                    most=past_cases.MOST,
                    part_of=None,
                ),
                422,
            )
        if wants_fragment():
            return render("studio/_past_cases.html", draft=draft, **part_of)
        return render(
            "studio/past.html",
            **draft_page(session, draft, "past"),
            problems=[],
            count=part_of["total"],
            most=past_cases.MOST,
            part_of=part_of,
            **part_of,
        )


def _portion(session: Session, draft: PlanDraft, after: int) -> dict[str, Any]:
    bundle = draft_reading.bundle_of_draft(session, draft)
    definition = past_cases.compiled(session, bundle)
    cases = past_cases.finished_cases(session, draft.plan_key)
    some = past_cases.replay(session, cases[after : after + PORTION], definition, bundle.manifest)
    same = _count("same") + sum(not one.doubt and not one.differences for one in some)
    changed = _count("changed") + sum(bool(one.differences) for one in some)
    masks = masking.masks_for(session, me(), [one.case.id for one in some], now())
    return {
        "titles": {one.case.id: masks[one.case.id].text(one.case.title) for one in some},
        "replays": [(one, _words(session, one, definition, bundle.manifest)) for one in some],
        "seen": {one.case.id for one in some if access.can_see_case(session, me(), one.case)},
        "after": after + len(some),
        "total": len(cases),
        "same": same,
        "changed": changed,
        "doubtful": _count("doubtful") + sum(bool(one.doubt) for one in some),
        "words": past_words,
    }


def _count(name: str) -> int:
    return min(max(request.args.get(name, 0, type=int), 0), past_cases.MOST)


def _words(session: Session, one: Replay, definition: Any, manifest: Any) -> Words:
    own = definition_for(session, one.version.content_hash)
    return Words(own, definition, manifest, now())
