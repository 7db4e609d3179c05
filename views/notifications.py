"""The bell in the header: unread words, fetched when it is opened."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_login import login_required

from services import masking
from services.notifications import mark_read, unread, unread_count
from views.kit import Answer, database, me, nothing_new, now, render, run, safe_next, seen
from views.notices import look, notice

bp = Blueprint("notifications", __name__, url_prefix="/notifications")

#: Counting stops here; the badge then says 99+.
MOST = 100


@bp.app_template_global()
def unread_now() -> int:
    """How many are unread, for pages that do not know it yet."""
    with database().read() as session:
        return unread_count(session, me(), MOST)


@bp.get("/badge")
@login_required
def badge() -> Answer:
    """How many are unread, for the polling header."""
    with database().read() as session:
        count = unread_count(session, me(), MOST)
    if request.args.get("n") == str(count):
        return nothing_new()
    return render("notifications/_badge.html", unread_count=count)


@bp.get("/panel")
@login_required
def panel() -> Answer:
    """The newest unread words."""
    with database().read() as session:
        items = unread(session, me())
        masks = masking.masks_for(session, me(), [item.case_id for item in items], now())
        rows = [(item, masks[item.case_id].text(notice(item)), *look(item)) for item in items]
    return render("notifications/_panel.html", rows=rows)


@bp.post("/read")
@login_required
def read() -> Response:
    """These have been seen; with ``go`` on to what one of them is about."""
    ids = [int(text) for text in request.form.getlist("id") if text.isascii() and text.isdigit()]
    run(lambda uow: mark_read(uow, me().id, ids[:200], now()))
    return seen(safe_next(request.form.get("go"), url_for("inbox.show")))
