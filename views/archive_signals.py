"""Signals that never became a case, as the archive keeps them: how long, and what holds them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from flask import Blueprint, request, url_for

from services import (
    destruction_reading,
    keepers,
    legal_holds,
    masking,
    retention_signals,
)
from services.actor import Actor
from services.calendar import zone_of
from services.uow import UnitOfWork
from views import holding
from views.archive_room import OUTCOMES
from views.gates import keepers_only
from views.i18n import local
from views.kit import Answer, database, me, now, render, see_other
from views.signal_rows import rows_of

bp = Blueprint("archive_signals", __name__, url_prefix="/archive/signals")
bp.before_request(keepers_only)


@bp.get("")
def index() -> Answer:
    """Signals of no case, the latest first; ``number`` goes to one."""
    number = request.args.get("number", "").strip().removeprefix("#")
    if number:
        known = number.isascii() and number.isdigit() and len(number) < 10
        return see_other("archive_signals.show", signal_id=int(number) if known else 0)
    after = request.args.get("after", "")
    known = after.isascii() and after.isdigit() and len(after) < 10
    with database().read() as session:
        page = keepers.signal_page(session, int(after) if known else None)
        kept, zone = retention_signals.signal_term(session), zone_of(session)
        ids = [one.id for one in page.rows]
        return render(
            "archive_room/signals.html",
            rows=[(rows_of(session, page.rows)[one], one) for one in ids],
            due={s.id: retention_signals.due_on(s, kept.term, zone) for s in page.rows},
            held=retention_signals.held_among(session, ids),
            kept=kept,
            next_cursor=page.next,
            cursor=not page.first,
        )


@bp.get("/<int:signal_id>")
def show(signal_id: int) -> Answer:
    """How one signal is kept. One that has become a case is kept with that."""
    with database().read() as session:
        case_id = keepers.case_of_signal(session, me(), signal_id)
    if case_id is not None:
        return see_other("archive_files.show", case_id=case_id)
    return _page(signal_id)


@bp.post("/<int:signal_id>/hold")
def place(signal_id: int) -> Answer:
    """Hold the signal."""

    def on_signal(uow: UnitOfWork, reason: str, by: Actor, at: datetime) -> None:
        legal_holds.place_on_signal(uow, signal_id, reason, by, at)

    return holding.placed(on_signal, partial(_page, signal_id), partial(_back, signal_id))


@bp.post("/<int:signal_id>/holds/<int:hold_id>/lift")
def lift(signal_id: int, hold_id: int) -> Answer:
    """Lift a hold, with a word why."""
    return holding.lifted(hold_id, partial(_page, signal_id), partial(_back, signal_id))


def _back(signal_id: int) -> Answer:
    return see_other("archive_signals.show", signal_id=signal_id)


def _page(
    signal_id: int, status: int = 200, errors: Mapping[str, str] | None = None, refused: str = ""
) -> Answer:
    with database().read() as session:
        row = keepers.require_signal(session, me(), signal_id)
        mask = masking.masks_for_signals(session, me(), [row], now())[row.id]
        found = legal_holds.holds_of_signal(session, signal_id)
        kept = retention_signals.term_of(session, row)
        page = render(
            "archive_room/signal.html",
            signal=rows_of(session, [row])[row.id],
            kept=kept,
            over=kept.due_on is not None and kept.due_on <= local(now()).date(),
            place_href=url_for("archive_signals.place", signal_id=signal_id),
            lift_hrefs={
                hold.id: url_for("archive_signals.lift", signal_id=signal_id, hold_id=hold.id)
                for hold in found
            },
            items=destruction_reading.items_of_signal(session, signal_id),
            outcomes=OUTCOMES,
            destroyed=row.destroyed_at is not None,
            errors=errors or {},
            refused=refused,
            **holding.shown(session, found, mask),
        )
    return page if status == 200 else (page, status)
