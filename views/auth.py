"""Signing in and out, and the language switch."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, logout_user

from services.errors import Refusal
from services.sign_in import check_password
from views import session as sessions
from views.i18n import LOCALES
from views.kit import Answer, now, render, run, safe_next, say, see_other, seen
from views.refusals import sentence

bp = Blueprint("auth", __name__)


def client_address() -> str:
    """Where the request comes from; proxies are believed as far as TRUSTED_PROXIES says."""
    return request.remote_addr or ""


@bp.get("/")
def home() -> Response:
    """To the inbox, by way of signing in."""
    return see_other("inbox.show")


@bp.get("/sign-in")
def sign_in() -> Answer:
    """The sign-in page; who is signed in already goes on."""
    target = safe_next(request.args.get("next"), url_for("inbox.show"))
    if current_user.is_authenticated:
        return seen(target)
    return render("auth/sign_in.html", values={"username": ""}, errors={}, target=target)


@bp.post("/sign-in")
def enter() -> Answer:
    """Check the password. Failing is slowed by account and by address; an unknown user hears
    what a wrong password hears."""
    target = safe_next(request.form.get("next"), url_for("inbox.show"))
    username = request.form.get("username", "").strip()[:80]
    password = request.form.get("password", "")[:1000]
    try:
        if not username or not password:
            raise Refusal("sign_in_empty", 422)
        person = run(lambda uow: check_password(uow, username, password, client_address(), now()))
    except Refusal as refusal:
        page = render(
            "auth/sign_in.html",
            values={"username": username},
            errors={"": sentence(refusal)},
            target=target,
        )
        answer = make_response(page, refusal.status)
        if "retry_after" in refusal.args_:
            answer.headers["Retry-After"] = str(refusal.args_["retry_after"])
        return answer
    sessions.begin(person)
    return seen(target)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    locale = session.get("locale")
    logout_user()
    session.clear()
    if locale:
        session["locale"] = locale
    say(_("已退出登录。"), "info")
    return see_other("auth.sign_in")


@bp.post("/language")
def language() -> Response:
    """Switch this browser's language."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
        session.permanent = True
    answer = redirect(safe_next(request.form.get("next"), url_for("inbox.show")), 303)
    assert isinstance(answer, Response)
    return answer
