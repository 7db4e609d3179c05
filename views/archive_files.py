"""Closed and archived cases as the archive keeps them: how long, what holds them, packages."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import BinaryIO, cast
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file, url_for
from flask_babel import gettext as _

from services import (
    archive_package,
    destruction_reading,
    keepers,
    legal_holds,
    masked_rows,
    masking,
    retention,
)
from services.access import can_see_case
from services.actor import Actor
from services.directory import people_by_id
from services.uow import UnitOfWork
from views import archive_papers, evidence_report, holding
from views.archive_room import OUTCOMES, plan_names
from views.gates import keepers_only
from views.i18n import local
from views.kit import Answer, actor, database, me, now, render, see_other, settings
from views.signal_rows import rows_of

bp = Blueprint("archive_files", __name__, url_prefix="/archive")
bp.before_request(keepers_only)

#: A package up to this size is made in memory (bytes), a larger one in a temporary file.
_IN_MEMORY = 8_000_000


@bp.get("/cases")
def index() -> Answer:
    """Closed and archived cases, the latest first; ``number`` goes to one."""
    number = request.args.get("number", "").replace("\x00", "").strip()[:40]
    after = request.args.get("after", "")
    with database().read() as session:
        if number:
            case = keepers.case_numbered(session, me(), number)
            return see_other("archive_files.show", case_id=case.id)
        known = after.isascii() and after.isdigit() and len(after) < 10
        page = keepers.page(session, int(after) if known else None)
        masks = masking.masks_for(session, me(), [case.id for case, _key in page.rows], now())
        return render(
            "archive_room/files.html",
            rows=[(masked_rows.case(masks[case.id], case), key) for case, key in page.rows],
            due=retention.days_due(session, [case for case, _key in page.rows]),
            held=retention.held_among(session, [case.id for case, _key in page.rows]),
            plans=plan_names(session),
            next_cursor=page.next,
            cursor=not page.first,
        )


@bp.get("/cases/<int:case_id>")
def show(case_id: int) -> Answer:
    """How one case is kept."""
    return _page(case_id)


@bp.post("/cases/<int:case_id>/hold")
def place(case_id: int) -> Answer:
    """Hold the case."""

    def on_case(uow: UnitOfWork, reason: str, by: Actor, at: datetime) -> None:
        legal_holds.place(uow, case_id, reason, by, at)

    return holding.placed(on_case, partial(_page, case_id), partial(_back, case_id))


@bp.post("/cases/<int:case_id>/holds/<int:hold_id>/lift")
def lift(case_id: int, hold_id: int) -> Answer:
    """Lift a hold, with a word why."""
    return holding.lifted(hold_id, partial(_page, case_id), partial(_back, case_id))


@bp.get("/holds")
def holds() -> Answer:
    """Every hold that stands."""
    with database().read() as session:
        rows = legal_holds.standing(session)
        masks = masking.masks_for(session, me(), [one.case.id for one in rows if one.case], now())
        loose = [one.signal for one in rows if one.case is None and one.signal is not None]
        of_signals = masking.masks_for_signals(session, me(), loose, now())
        held = []
        for one in rows:
            case, signal = one.case, one.signal
            if case is not None:
                mask, opens = masks[case.id], keepers.may_open(session, me(), case)
                case = masked_rows.case(mask, case)
            else:
                mask, opens = of_signals[signal.id if signal is not None else 0], True
            held.append((masked_rows.text_of(mask, one.hold, "reason"), case, signal, opens))
        return render(
            "archive_room/holds.html",
            rows=held,
            shown_signals=rows_of(session, loose),
            people=people_by_id(session, [one.hold.placed_by for one in rows]),
        )


@bp.get("/cases/<int:case_id>/package")
def package(case_id: int) -> Response:
    """The archive package, as a download."""
    # Closed by the answer once it has been sent.
    out = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    try:
        made = archive_package.make_package(
            database(),
            settings().data_dir,
            case_id,
            archive_papers.papers,
            evidence_report.papers,
            actor(),
            now(),
            cast(BinaryIO, out),
        )
    except BaseException:
        out.close()
        raise
    out.seek(0)
    answer = send_file(cast(BinaryIO, out), mimetype="application/zip")
    name = quote(_("归档包 %(number)s.zip", number=made.number), safe="")
    answer.headers["Content-Disposition"] = (
        f"attachment; filename=\"archive-{made.number}.zip\"; filename*=UTF-8''{name}"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _back(case_id: int) -> Answer:
    return see_other("archive_files.show", case_id=case_id)


def _page(
    case_id: int, status: int = 200, errors: Mapping[str, str] | None = None, refused: str = ""
) -> Answer:
    with database().read() as session:
        case = keepers.require_case(session, me(), case_id)
        mask = masking.mask_for(session, me(), case_id, now())
        found = legal_holds.holds_of(session, case_id)
        kept = retention.term_of(session, case)
        page = render(
            "archive_room/file.html",
            case=masked_rows.case(mask, case),
            case_now=case.at(now()),
            kept=kept,
            over=kept.due_on is not None and kept.due_on <= local(now()).date(),
            plan=plan_names(session).get(kept.plan_key),
            place_href=url_for("archive_files.place", case_id=case_id),
            lift_hrefs={
                hold.id: url_for("archive_files.lift", case_id=case_id, hold_id=hold.id)
                for hold in found
            },
            items=destruction_reading.items_of_case(session, case_id),
            outcomes=OUTCOMES,
            destroyed=retention.is_destroyed(session, case_id),
            may_take=archive_package.may_take(session, me(), case),
            may_see=can_see_case(session, me(), case),
            masked=mask.on,
            errors=errors or {},
            refused=refused,
            **holding.shown(session, found, mask),
        )
    return page if status == 200 else (page, status)
