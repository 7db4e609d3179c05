"""Signals that never became a case, as the archive keeps them: how long, and what holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from services import (
    access,
    destruction_reading,
    keepers,
    legal_holds,
    masked_rows,
    masking,
    retention_signals,
)
from services.calendar import zone_of
from services.directory import people_by_id
from services.errors import Refusal
from views.archive_room import OUTCOMES
from views.gates import keepers_only
from views.i18n import local
from views.kit import Answer, actor, database, me, now, render, run, say, see_other
from views.refusals import field_errors, sentence
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

    def work() -> str:
        role = access.require_role(me(), *legal_holds.HOLDERS)
        reason = request.form.get("reason", "")
        run(lambda uow: legal_holds.place_on_signal(uow, signal_id, reason, actor(role), now()))
        return _("已暂缓销毁,解除前不会被销毁。")

    return _attempt(signal_id, "reason", work)


@bp.post("/<int:signal_id>/holds/<int:hold_id>/lift")
def lift(signal_id: int, hold_id: int) -> Answer:
    """Lift a hold, with a word why."""
    field = f"lift_{hold_id}"

    def work() -> str:
        role = access.require_role(me(), *legal_holds.HOLDERS)
        reason = request.form.get(field, "")
        run(lambda uow: legal_holds.lift(uow, hold_id, reason, actor(role), now()))
        return _("已解除暂缓。")

    return _attempt(signal_id, field, work)


def _attempt(signal_id: int, field: str, work: Callable[[], str]) -> Answer:
    try:
        said = work()
    except Refusal as refusal:
        if refusal.status in {403, 404} or refusal.code == "signal_taken":
            raise
        said = " ".join(field_errors(refusal).values())
        errors = {field: said} if said else {}
        return _page(signal_id, refusal.status, errors, "" if errors else sentence(refusal))
    say(said)
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
            holds=[masked_rows.text_of(mask, hold, "reason", "lift_reason") for hold in found],
            place_href=url_for("archive_signals.place", signal_id=signal_id),
            lift_hrefs={
                hold.id: url_for("archive_signals.lift", signal_id=signal_id, hold_id=hold.id)
                for hold in found
            },
            items=destruction_reading.items_of_signal(session, signal_id),
            outcomes=OUTCOMES,
            destroyed=row.destroyed_at is not None,
            people=people_by_id(
                session, [one for hold in found for one in (hold.placed_by, hold.lifted_by)]
            ),
            may_hold=legal_holds.may_hold(me()),
            errors=errors or {},
            values=request.form if request.method == "POST" else {},
            refused=refused,
        )
    return page if status == 200 else (page, status)
