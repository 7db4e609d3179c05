"""The three lists of a person: mine, my roles' queue, done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask_login import login_required

from services import inbox
from services.directory import roles
from services.notifications import unread_count
from views.kit import Answer, database, me, nothing_new, now, render, unchanged

bp = Blueprint("inbox", __name__, url_prefix="/inbox")

LISTS = {"mine": inbox.mine, "queue": inbox.queue, "done": inbox.done}


def _context() -> dict[str, Any]:
    tab = request.args.get("tab", "")
    cursor = request.args.get("after") or None
    person = me()
    with database().read() as session:
        counts = inbox.counts(session, person, now())
        if tab not in LISTS:
            # Nothing in hand but something waiting: that is what the person came for.
            tab = "queue" if counts.mine == 0 and counts.queue else "mine"
        page = LISTS[tab](session, person, cursor)
        return {
            "tab": tab,
            "page": page,
            "cursor": cursor,
            "counts": counts,
            "role_names": {role.key: role for role in roles(session)},
            "stamp": inbox.stamp(session, person),
            "unread_count": unread_count(session, person),
        }


@bp.get("")
@login_required
def show() -> Answer:
    """One of the lists, from its start or after a cursor."""
    return render("inbox/show.html", **_context())


@bp.get("/list")
@login_required
def fragment() -> Answer:
    """The list again for a page that is open, or 204 when nothing has changed."""
    with database().read() as session:
        stamp = inbox.stamp(session, me())
    if unchanged(stamp):
        return nothing_new()
    return render("inbox/_list.html", **_context())
