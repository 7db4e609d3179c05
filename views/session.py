"""Who is signed in, by Flask-Login. A session names the person and their session epoch; raising
the epoch ends every session of theirs."""

from __future__ import annotations

from flask import Flask, request, session, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, login_user
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from models.people import Person
from services.people import person_by_id
from views.kit import database, seen


class PageSessions(SecureCookieSessionInterface):
    """The session lives in the cookie, and opening a page prolongs it. What an open page asks in
    the background does not: such an answer may arrive after the person was switched or signed
    out, and its copy of the cookie would bring the old session back."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        if session.modified:
            return True
        opens_a_page = "text/html" in request.headers.get("Accept", "")
        return opens_a_page and super().should_set_cookie(app, session)


class SignedIn(UserMixin):
    """A person with a session."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def get_id(self) -> str:
        """``ID:EPOCH``, what the session cookie holds."""
        return f"{self.person.id}:{self.person.session_epoch}"

    @property
    def is_active(self) -> bool:
        return self.person.active


def load(token: str) -> SignedIn | None:
    """The person behind a session, unless it was ended or the account switched off."""
    number, _, epoch = token.partition(":")
    if not (number.isascii() and number.isdigit() and epoch.isascii() and epoch.isdigit()):
        return None
    with database().read() as db:
        person = person_by_id(db, int(number))
        if person is None:
            return None
        # Kept beyond this session: the request reads it, nobody writes it.
        db.expunge_all()
    if not person.active or person.session_epoch != int(epoch):
        return None
    return SignedIn(person)


def begin(person: Person) -> None:
    """Start a fresh session for the person: nothing of the one before is kept but the
    language, so a cookie planted beforehand is worth nothing."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale
    session.permanent = True
    login_user(SignedIn(person))


def unauthorized() -> Response:
    """To the sign-in page and back again; 401 for what cannot be repeated by going there."""
    if request.method in {"GET", "HEAD"}:
        target = request.full_path if request.query_string else request.path
        return seen(url_for("auth.sign_in", next=target))
    raise Unauthorized


def init_app(app: Flask) -> None:
    """Attach Flask-Login and the session's rules."""
    app.session_interface = PageSessions()
    manager = LoginManager()
    manager.user_loader(load)
    manager.unauthorized_handler(unauthorized)
    manager.init_app(app)
