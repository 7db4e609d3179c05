"""The demonstration's two tools: act as somebody else, and move a case's clock. Registered only
when DEMO is set, which `config` allows on loopback only."""

from __future__ import annotations

import ipaddress

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException

from models.people import Person
from services.cases import move_clock
from services.directory import people
from services.switching import may_open, switch_person
from views import session as sessions
from views.auth import client_address
from views.i18n import loc
from views.kit import actor, database, now, only_auditor, run, safe_next, say, see_other, seen

bp = Blueprint("demo", __name__, url_prefix="/demo")


@bp.before_request
def loopback_only() -> None:
    """A request from another machine is refused even when the listening address let it in."""
    try:
        local = ipaddress.ip_address(client_address()).is_loopback
    except ValueError:
        local = False
    if not local:
        raise Forbidden


@bp.app_template_global()
def demo_people() -> list[Person]:
    """Everybody there is to be, for the header."""
    with database().read() as session:
        return people(session)


@bp.post("/switch")
@login_required
def switch() -> Response:
    """Go on as another person, without signing in again; recorded."""
    username = request.form.get("username", "")[:80]
    person = run(lambda uow: switch_person(uow, username, actor(), client_address(), now()))
    target = safe_next(request.form.get("next"), url_for("inbox.show"))
    if not _shown_to(person, target):
        target = url_for("inbox.show")
    sessions.begin(person)
    say(_("现在是 %(name)s。", name=loc(person)), "info")
    return seen(target)


def _shown_to(person: Person, target: str) -> bool:
    """Whether the page the switch was pressed on is one for the other person, too."""
    try:
        endpoint, given = current_app.url_map.bind("").match(target.partition("?")[0])
    except HTTPException:
        return False
    if endpoint.startswith(("people.", "organisation.")):
        return not {"admin", "auditor"}.isdisjoint(person.role_keys)
    if endpoint.startswith("plan_settings."):
        return not {"admin", "author"}.isdisjoint(person.role_keys)
    if endpoint == "intake.report" and only_auditor(person):
        return False
    about = {k: v for k, v in given.items() if k in {"case_id", "task_id", "statement_id"}}
    if not about:
        return True
    with database().read() as session:
        return may_open(session, person, **about)


@bp.post("/cases/<int:case_id>/fast-forward")
@login_required
def fast_forward(case_id: int) -> Response:
    """Move the case's own clock; deadlines passed on the way fire by themselves."""
    text = request.form.get("minutes", "40")
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 60 * 24 * 30:
        raise BadRequest
    minutes = int(text)
    run(lambda uow: move_clock(uow, case_id, minutes * 60, actor(), now()))
    say(_("本事件的时钟已快进 %(n)s 分钟。", n=minutes), "info")
    return see_other("cases.show", case_id=case_id)
