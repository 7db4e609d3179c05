"""What every view needs: the database, the moment, who is asking, and how to answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.routing import IntegerConverter

from config import Settings
from models.people import Person
from services.access import ADMIN, AUDITOR
from services.actor import Actor
from services.directory import organization, roles
from services.uow import Database, UnitOfWork
from views.i18n import DEFAULT_ZONE, LOCALES, current_locale, loc
from views.mask_words import in_words

T = TypeVar("T")
Answer = str | Response | tuple[str, int] | tuple[str, int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Planroom:
    """What the application factory leaves for the views (``app.extensions["planroom"]``)."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]


def planroom() -> Planroom:
    """The running application's parts."""
    found: Planroom = current_app.extensions["planroom"]
    return found


def database() -> Database:
    """The one door to the database."""
    return planroom().database


def settings() -> Settings:
    """The settings the application was made with."""
    return planroom().settings


def library() -> Path:
    """The folder of the plan library that came with the program."""
    return Path(current_app.root_path) / "bpmn"


def wall_clock() -> datetime:
    """The wall moment; the only place below the command line that asks for it."""
    return datetime.now(UTC)


def now() -> datetime:
    """One wall moment a request: everything it does happens at the same time."""
    if "now" not in g:
        g.now = planroom().clock()
    moment: datetime = g.now
    return moment


def run(work: Callable[[UnitOfWork], T]) -> T:
    """Do one service's work in one transaction."""
    return database().run(work)


def me() -> Person:
    """Who is signed in. Only for views behind `login_required`."""
    person: Person = current_user.person
    return person


def actor(role: str = "") -> Actor:
    """The signed-in person as an actor."""
    return Actor(me().id, role)


def only_auditor(person: Person) -> bool:
    """Whether the person reads everything and writes nothing."""
    return bool(person.role_keys) and set(person.role_keys) == {AUDITOR}


def wants_fragment() -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def safe_next(target: str | None, otherwise: str) -> str:
    """A place on this site to go on to; anything else becomes ``otherwise``."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    parts = urlsplit(target.rstrip("?"))
    if parts.scheme or parts.netloc or "\\" in target or any(ord(c) < 32 for c in target):
        return otherwise
    return target.rstrip("?")


def see_other(endpoint: str, **values: Any) -> Response:
    """303 to a page, so that a reload never posts again."""
    return seen(url_for(endpoint, **values))


def seen(address: str) -> Response:
    """303 to an address of this site; htmx is told to load the whole page."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": address})
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def say(text: str, category: str = "success") -> None:
    """A word at the top of the next page."""
    flash(text, category)


def unchanged(stamp: str) -> bool:
    """Whether the page already shows this state: it sends back the stamp it was rendered with."""
    return request.args.get("stamp", "") == stamp


def nothing_new() -> Response:
    """204: htmx leaves the page alone."""
    return Response(status=204)


def render(template: str, **context: Any) -> str:
    """Render with the moment at hand; everything else common comes from the processors below."""
    return in_words(render_template(template, now=context.pop("now", now()), **context))


# ------------------------------------------------------------------ what templates may use


@dataclass(frozen=True, slots=True)
class NavigationItem:
    text: str
    href: str
    icon: str
    here: bool
    main: bool = False


#: Who has to do with keeping and destroying cases, or looks at it.
KEEPERS = frozenset({"archive", "leader", "office", "legal", ADMIN, AUDITOR})

#: The blueprints of the audit room.
AUDIT_ROOM = (
    "audit",
    "audit_log",
    "clauses",
    "compliance",
    "exceptions",
    "exporting",
    "proof",
    "replaying",
    "searching",
)


def main_navigation(phone: bool = False) -> list[NavigationItem]:
    """The pages this person goes to; the phone's bar has the report button in its middle."""
    person = me()
    items = [
        ("inbox.show", _("待办事项"), "inbox", ("inbox", "tasks")),
        ("intake.signals_list", _("舆情线索"), "radar-2", ("intake",)),
        (
            "cases.index",
            _("舆情事件"),
            "folders",
            ("cases", "statement_new", "statements", "files"),
        ),
        (
            "library.index",
            _("预案"),
            "book-2",
            ("library", "plans", "plan_settings", "studio", "proposing", "comparing", "migrating"),
        ),
    ]
    if AUDITOR in person.role_keys:
        items.append(("audit.room", _("核查室"), "shield-check", AUDIT_ROOM))
    here = request.blueprint or ""
    if here.startswith("studio_"):
        here = "studio"
    bar = [
        NavigationItem(
            text,
            url_for(endpoint),
            icon,
            here in blueprints and request.endpoint != "intake.report",
        )
        for endpoint, text, icon, blueprints in items
    ]
    if phone and not only_auditor(person):
        report = NavigationItem(
            _("报告舆情"),
            url_for("intake.report"),
            "speakerphone",
            request.endpoint == "intake.report",
            True,
        )
        bar.insert(2, report)
    return bar


def client_words() -> dict[str, str]:
    """The few words the page's script writes itself; {d}, {h}, {m} are numbers."""
    return {
        "left": _("剩余 {span}"),
        "late": _("超时 {span}"),
        "days": _("{d} 天 {h} 小时"),
        "hours": _("{h} 小时 {m} 分"),
        "minutes": _("{m} 分钟"),
        "moment": _("不到 1 分钟"),
        "updated": _("页面内容已更新。"),
        "offline": _("暂时连不上服务器,正在重试。"),
        "leave": _("有内容尚未保存。"),
    }


def my_role_names() -> str:
    """The roles of the person signed in, for the header, where they stand twice."""
    if "my_role_names" not in g:
        with database().read() as session:
            names = {role.key: loc(role) for role in roles(session)}
        g.my_role_names = _("、").join(names.get(key, key) for key in me().role_keys)
    found: str = g.my_role_names
    return found


def _zone() -> str:
    with database().read() as session:
        unit = organization(session)
    return unit.zone if unit is not None else DEFAULT_ZONE


def csp_nonce() -> str:
    """One fresh nonce an answer, for the inline script of the page's head."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def row_number(text: str) -> int:
    """A row's id as a field or an argument gives it (``type=row_number``). Raises ValueError for
    what no row can have."""
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError(text)
    return number


class RowNumber(IntegerConverter):
    """``<int:...>`` in an address: a row's id. A number larger than both databases can hold becomes
    the largest they can, which no row has: 404 by the view, whatever the method."""

    regex = "[0-9]+"
    largest = 2**31 - 1

    def to_python(self, value: str) -> int:
        digits = value.lstrip("0")
        return self.largest if len(digits) > 10 else min(int(digits or 0), self.largest)


def init_app(app: Flask) -> None:
    """Give the templates their common names."""
    app.url_map.converters["int"] = RowNumber
    app.extensions["planroom_zone"] = _zone
    stamps: dict[str, str] = {}

    def static_url(name: str) -> str:
        """A static file's address with its time of change, so that it may be cached for long."""
        if name not in stamps or app.debug:
            file = Path(app.static_folder or "static") / name
            stamps[name] = str(int(file.stat().st_mtime)) if file.exists() else "0"
        return url_for("static", filename=name, v=stamps[name])

    def other_language() -> str:
        return LOCALES["en" if current_locale() == "zh" else "zh"]

    app.jinja_env.globals.update(
        static_url=static_url,
        csp_nonce=csp_nonce,
        client_words=client_words,
        main_navigation=main_navigation,
        my_role_names=my_role_names,
        other_language=other_language,
        loc=loc,
    )

    @app.context_processor
    def common() -> dict[str, Any]:
        person = current_user.person if current_user.is_authenticated else None
        return {
            "me": person,
            "demo": settings().demo,
            "poll_seconds": settings().poll_seconds,
            "can_report": person is not None and not only_auditor(person),
            "read_only": person is not None and only_auditor(person),
            "is_admin": person is not None and ADMIN in person.role_keys,
            "keeps_cases": person is not None
            and "archive_room.index" in current_app.view_functions
            and not KEEPERS.isdisjoint(person.role_keys),
        }
