"""What-if runs of a draft: the walk through every tier and answer, and the share in which each
deadline is kept, before and after the change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request, stream_with_context, url_for
from flask_login import login_required
from sqlalchemy.orm import Session

from models.studio import PlanDraft
from services import whatif
from services.answering_times import answering_times
from services.directory import roles as unit_roles
from services.whatif import Outcome, Parameters, Prepared
from views import whatif_form, whatif_words
from views.i18n import loc
from views.kit import Answer, database, render, wants_fragment
from views.studio_kit import draft_in_hand, draft_page, told
from views.whatif_drawing import is_late, minutes, timeline
from views.whatif_words import Words
from workflows.contract import DeploymentError, Finding
from workflows.whatif.walk import Scenario, Walk

bp = Blueprint("studio_whatif", __name__, url_prefix="/studio")

NDJSON: Final = "application/x-ndjson"


class Hand:
    """A draft with everything its what-if page needs, read in one session and then let go."""

    def __init__(self, session: Session, draft: PlanDraft, given: Mapping[str, str]) -> None:
        self.draft_id = draft.id
        self.prepared = whatif.prepare_draft(session, draft)
        version = whatif.in_force(session, draft)
        self.version_id = version.id if version is not None else None
        self.version_number = version.number if version is not None else None
        self.version: Prepared | None = None
        if version is not None:
            try:
                self.version = whatif.prepare_version(session, version)
            except DeploymentError:  # deployed before a rule that it breaks now
                self.version = None
        names = {role.key: loc(role) for role in unit_roles(session)}
        self.words = Words(self.prepared, names)
        self.version_words = Words(self.version, names) if self.version is not None else None
        people = whatif.people_by_role(session)
        self.filled = whatif_form.read(given, self.prepared, answering_times(session), people)

    @property
    def same(self) -> bool:
        """Whether the draft says what the version in force says."""
        return self.version is not None and self.version.package.key == self.prepared.package.key


@bp.get("/drafts/<int:draft_id>/whatif")
@login_required
def show(draft_id: int) -> Answer:
    """The page; parameters of a run in the address, with its result if it is still in memory."""
    return _page(draft_id, request.args)


@bp.get("/drafts/<int:draft_id>/whatif/walk")
@login_required
def walk(draft_id: int) -> Answer:
    """The walk, computed if need be: a part of the page for htmx, else the whole page. ``tier``
    and ``scenario`` say what is shown in full."""
    return _page(draft_id, request.args, walked=True)


@bp.post("/drafts/<int:draft_id>/whatif/runs")
@login_required
def runs(draft_id: int) -> Answer:
    """Play the runs. As ``application/x-ndjson`` it tells how far it is line by line, last the
    address of the result; else it answers with that address when all is done."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        try:
            hand = Hand(session, draft, request.form)
        except DeploymentError:
            return _page(draft_id, request.form, status=422)
    parameters = hand.filled.parameters
    if parameters is None:
        return _page(draft_id, request.form, status=422)
    address = url_for(
        "studio_whatif.show", draft_id=draft_id, _anchor="result",
        **whatif_form.as_arguments(parameters),
    )  # fmt: skip
    if NDJSON not in request.headers.get("Accept", ""):
        for _progress in whatif.compute(hand.prepared, hand.version, parameters):
            pass
        return Response(status=303, headers={"Location": address})
    lines = _lines(hand, parameters, address)
    answer = Response(stream_with_context(lines), mimetype=NDJSON)
    # A proxy that gathers the answer would show no progress.
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/drafts/<int:draft_id>/whatif/diagram")
@login_required
def diagram(draft_id: int) -> Answer:
    """The drawings with the share in which each deadline is kept, for the viewer."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        try:
            hand = Hand(session, draft, request.args)
        except DeploymentError:
            abort(404)
    outcome = _kept(hand)
    if outcome is None:
        abort(404)
    found = whatif_words.rows(outcome, hand.words, hand.version_words)
    marks = whatif_words.states(found, hand.prepared, outcome.before is not None)
    return jsonify(
        sheets=whatif_words.sheets(
            hand.prepared,
            marks,
            lambda file: url_for("studio.file", draft_id=draft_id, name=file),
        )
    )


# ------------------------------------------------------------------------------ the parts


def _lines(hand: Hand, parameters: Parameters, address: str) -> Iterator[str]:
    """Progress as lines of JSON; the client's going away closes the computation."""
    work = whatif.compute(hand.prepared, hand.version, parameters)
    try:
        for progress in work:
            yield json.dumps({"done": progress.done, "total": progress.total}) + "\n"
    finally:
        work.close()
    yield json.dumps({"result_url": address}) + "\n"


def _page(
    draft_id: int, given: Mapping[str, str], *, status: int = 200, walked: bool = False
) -> Answer:
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        try:
            hand = Hand(session, draft, given)
        except DeploymentError as error:
            return _broken(session, draft, error.findings, status)
    # No session is open while the walk is computed.
    found = _walk(hand, walked)
    parameters = hand.filled.parameters
    context = {
        "hand": hand,
        "words": hand.words,
        "lapse": whatif_words.lapse,
        "filled": hand.filled,
        "arguments": whatif_form.as_arguments(parameters) if parameters else {},
        **_walk_part(found, given),
    }
    if walked and wants_fragment():
        return render("studio/_whatif_walk.html", draft_id=draft_id, **context)
    with database().read() as session:
        page = draft_page(session, draft_in_hand(session, draft_id), "whatif", **context)
        page |= _result_part(hand, given)
        return render("studio/whatif.html", draft_id=draft_id, **page), status


def _walk(hand: Hand, wanted: bool) -> Walk | None:
    parameters = hand.filled.parameters
    if parameters is None:
        return None
    if wanted:
        return whatif.walk(hand.prepared, parameters)
    return whatif.kept_walk(hand.prepared, parameters)


def _walk_part(found: Walk | None, given: Mapping[str, str]) -> dict[str, Any]:
    if found is None:
        return {"walk": None}
    tiers = list(dict.fromkeys(one.tier for one in found.scenarios))
    tier = given.get("tier", "")
    tier = tier if tier in tiers else tiers[-1]
    of_tier = [one for one in found.scenarios if one.tier == tier]
    wanted = next((o for o in of_tier if o.key == given.get("scenario", "")), of_tier[0])
    firsts = {one.tier: one for one in reversed(found.scenarios)}
    return {
        "walk": found,
        "walk_tiers": tiers,
        "walk_firsts": [firsts[key] for key in tiers],
        "walk_tier": tier,
        "scenarios": of_tier,
        "scenario": wanted,
        "timeline": timeline(wanted),
        "is_late": is_late,
        "minutes": minutes,
        "busiest": busiest,
        "halted": [one for one in found.scenarios if one.ended],
    }


def busiest(scenario: Scenario) -> list[tuple[str, int, int]]:
    """Who holds several tasks at once: (role, the most at once, minutes in all)."""
    found: dict[str, list[int]] = {}
    for one in scenario.overlaps:
        row = found.setdefault(one.role, [0, 0])
        row[0] = max(row[0], len(one.paths))
        row[1] += one.minutes
    return [(role, most, spent) for role, (most, spent) in found.items()]


def _kept(hand: Hand) -> Outcome | None:
    parameters = hand.filled.parameters
    if parameters is None:
        return None
    return whatif.kept_outcome(hand.prepared, hand.version, parameters)


def _result_part(hand: Hand, given: Mapping[str, str]) -> dict[str, Any]:
    outcome = _kept(hand) if "seed" in given else None
    if outcome is None:
        return {"outcome": None, "forgotten": "seed" in given and not hand.filled.errors}
    return {
        "outcome": outcome,
        "rows": whatif_words.rows(outcome, hand.words, hand.version_words),
        "percent": whatif_words.percent,
        "safe": whatif_words.SAFE,
        "doubtful": whatif_words.DOUBTFUL,
    }


def _broken(
    session: Session, draft: PlanDraft, findings: tuple[Finding, ...], status: int
) -> Answer:
    page = draft_page(session, draft, "whatif")
    problems = [told(one) for one in findings if one.severity == "error"]
    return render("studio/whatif.html", draft_id=draft.id, **page, problems=problems), status
