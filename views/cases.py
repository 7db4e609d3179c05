"""The list of cases and a case's page: whose turn it is, where the plan stands, what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from services import case_reading, cases, channels, files, incidents, masked_rows, masking, recusals
from services.access import is_auditor
from services.anchors import correct_anchor
from services.case_list import change_stamp, summaries
from services.case_reading import CaseOverview
from services.definitions import catalogue_for
from services.directory import people, people_by_id, roles
from services.errors import Refusal
from services.masking import Mask
from views.diagram import sheet
from views.forms import Mistakes, Reader
from views.kit import (
    Answer,
    actor,
    database,
    me,
    nothing_new,
    now,
    render,
    run,
    say,
    see_other,
    unchanged,
)
from views.refusals import field_errors, sentence
from views.terms import ANCHORS
from views.timeline import Words, record, rows_named, timeline
from views.unmasking import panel

bp = Blueprint("cases", __name__, url_prefix="/cases")

STATUSES = ("open", "closed", "archived")


@bp.get("")
@login_required
def index() -> Answer:
    """Cases the person may see, the latest first."""
    status = request.args.get("status", "")
    after = request.args.get("after", "")
    cursor = int(after) if after.isascii() and after.isdigit() and len(after) < 12 else None
    with database().read() as session:
        page = cases.list_cases(
            session, me(), status=status if status in STATUSES else None, cursor=cursor
        )
        masks = masking.masks_for(session, me(), [case.id for case in page.rows], now())
        return render(
            "cases/index.html",
            page=page,
            titles={case.id: masks[case.id].text(case.title) for case in page.rows},
            status=status,
            cursor=cursor,
            summaries=summaries(session, page.rows),
        )


@bp.get("/<int:case_id>")
@login_required
def show(case_id: int) -> Answer:
    """The whole case."""
    return _page(case_id)


@bp.get("/<int:case_id>/live")
@login_required
def live(case_id: int) -> Answer:
    """The case's changing parts for a page that is open, or 204 when nothing has changed."""
    with database().read() as session:
        if unchanged(_stamp(session, case_id)):
            return nothing_new()
        return render("cases/_live.html", **_context(session, case_id))


@bp.get("/<int:case_id>/record")
@login_required
def full_record(case_id: int) -> Answer:
    """Every event of the case's chain, in order, as it was written."""
    with database().read() as session:
        mask = masking.mask_for(session, me(), case_id, now())
        view = masked_rows.overview(mask, case_reading.overview(session, case_id, me(), now()))
        lines = record(_words(session, view), view.timeline)
        return render(
            "cases/record.html",
            view=view,
            case=view.case,
            lines=lines,
            demo_case=view.case,
            unmask=panel(view.case, mask),
        )


@bp.get("/<int:case_id>/diagram.json")
@login_required
def diagram(case_id: int) -> Response:
    """The plan's drawings and how each element stands."""
    with database().read() as session:
        view = case_reading.overview(session, case_id, me(), now())
        read = catalogue_for(session, view.version)
        sheets = [sheet(view.version, one, read, view) for one in view.diagrams]
    return jsonify(sheets=sheets)


def _words(session: Session, view: CaseOverview) -> Words:
    read = catalogue_for(session, view.version)
    return Words.of_plan(
        view.version.manifest,
        read.elements,
        read.flows,
        view.at,
        roles={role.key: role for role in roles(session)},
        people=people_by_id(session, rows_named(e.payload for e in view.timeline)),
        channels=channels.by_id(session),
    )


def _context(session: Session, case_id: int) -> dict[str, Any]:
    mask = masking.mask_for(session, me(), case_id, now())
    view = masked_rows.overview(mask, case_reading.overview(session, case_id, me(), now()))
    words = _words(session, view)
    return {
        "view": view,
        "case": view.case,
        "case_now": view.at,
        "words": words,
        "lines": timeline(words, view.timeline),
        "anchor_keys": dict.fromkeys([*ANCHORS, *words.anchors]),
        "people": people_by_id(session, [a.person_id for a in view.anchors]) | dict(view.people),
        "attachments": [
            (masked_rows.attachment(mask, row), stored)
            for row, stored in files.attachments(session, case_id)
        ],
        "role_names": words.roles,
        **_recusals(session, view, mask),
        "stamp": _stamp(session, case_id),
        "demo_case": view.case,
        "unmask": panel(view.case, mask),
    }


def _stamp(session: Session, case_id: int) -> str:
    """Of what the page shows: the case, and whether it is masked for the reader."""
    stamp = change_stamp(session, case_id, me())
    clear = not is_auditor(me()) or masking.unmasked(session, me().id, [case_id], now())
    return stamp if clear else f"{stamp}-masked"


def _recusals(session: Session, view: CaseOverview, mask: Mask) -> dict[str, Any]:
    """Who stands back, for plans that ask for it, and whom the office may name."""
    standing = recusals.of_case(session, view.case.id)
    read = catalogue_for(session, view.version)
    asked = bool(standing) or recusals.provided_for(read.elements.values())
    may = asked and recusals.may_record(session, view.case, me())
    return {
        "recusals": [replace(line, reason=mask.text(line.reason)) for line in standing],
        "recusals_asked": asked,
        "may_recuse": may,
        "recusable_people": people(session) if may else [],
    }


def _page(
    case_id: int,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    refused: str = "",
) -> Response:
    with database().read() as session:
        page = render(
            "cases/show.html",
            **_context(session, case_id),
            errors=errors or {},
            values=request.form if request.method == "POST" else {},
            refused=refused,
        )
    return make_response(page, status)


def _attempt(case_id: int, work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Mistakes as mistakes:
        return _page(case_id, mistakes.errors, 422)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        errors = field_errors(refusal)
        return _page(case_id, errors, refusal.status, "" if errors else sentence(refusal))


@bp.post("/<int:case_id>/retier")
@login_required
def retier(case_id: int) -> Answer:
    """Ask for the case to be graded again."""

    def work() -> Answer:
        read = Reader(request.form)
        reason = read.text("reason", required=True, limit=2000)
        read.finish()
        run(lambda uow: cases.retier(uow, case_id, reason, actor(), now()))
        say(_("已要求重新定级,值班员会收到任务。"))
        return see_other("cases.show", case_id=case_id)

    return _attempt(case_id, work)


@bp.post("/<int:case_id>/anchors/<name>")
@login_required
def correct(case_id: int, name: str) -> Answer:
    """Correct when something really happened; the clocks are counted again."""

    def work() -> Answer:
        read = Reader(request.form)
        moment = read.moment("occurred_at", required=True)
        reason = read.text("reason", required=True, limit=1000)
        read.finish()
        assert moment is not None
        run(lambda uow: correct_anchor(uow, case_id, name[:60], moment, reason, actor(), now()))
        say(_("时间点已更正,相关时限已重新计算。"))
        return see_other("cases.show", case_id=case_id)

    return _attempt(case_id, work)


@bp.post("/<int:case_id>/incidents/<int:incident_id>")
@login_required
def resolve(case_id: int, incident_id: int) -> Answer:
    """Say what was done about an engine fault."""

    def work() -> Answer:
        read = Reader(request.form)
        words = read.text("resolution", required=True, limit=2000)
        read.finish()
        run(lambda uow: incidents.resolve_incident(uow, incident_id, actor(), words, now()))
        say(_("运行异常已标为已处理。"))
        return see_other("cases.show", case_id=case_id)

    return _attempt(case_id, work)


@bp.post("/<int:case_id>/recusals")
@login_required
def recuse(case_id: int) -> Answer:
    """Record who stands back from the case."""

    def work() -> Answer:
        read = Reader(request.form)
        person = read.whole("person_ids")
        role = read.text("role_keys", limit=60)
        reason = read.text("reason", required=True, limit=2000)
        read.finish()
        named, keys = [person] if person is not None else [], [role] if role else []
        run(
            lambda uow: recusals.record(
                uow, case_id, actor(), now(), person_ids=named, role_keys=keys, reason=reason
            )
        )
        say(_("已登记回避。回避的人不能再起草、审核、审批、发布。"))
        return see_other("cases.show", case_id=case_id)

    return _attempt(case_id, work)


@bp.post("/<int:case_id>/recusals/<int:recusal_id>/lift")
@login_required
def lift_recusal(case_id: int, recusal_id: int) -> Answer:
    """Say that a recusal holds no longer."""

    def work() -> Answer:
        read = Reader(request.form)
        reason = read.text("lift_reason", required=True, limit=2000)
        read.finish()
        run(lambda uow: recusals.lift(uow, recusal_id, actor(), now(), reason))
        say(_("回避已解除,原登记保留。"))
        return see_other("cases.show", case_id=case_id)

    return _attempt(case_id, work)
