"""Language and time as the reader wants them: locale, zone, and the filters built on them.

Chinese is the source language: msgids are Chinese sentences. Data that carries two languages
(``name`` and ``name_en``) goes through the filter ``loc``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, has_request_context, session
from flask_babel import Babel
from flask_babel import gettext as _

LOCALES = {"zh": "中文", "en": "English"}
DEFAULT_ZONE = "Asia/Shanghai"


def current_locale() -> str:
    """``zh`` unless this browser was switched to ``en``."""
    if has_request_context() and session.get("locale") in LOCALES:
        return str(session["locale"])
    return "zh"


def current_zone() -> str:
    """The organisation's IANA zone; every moment is shown and typed in it."""
    if not has_request_context():
        return DEFAULT_ZONE
    if "zone" not in g:
        find: Callable[[], str] = current_app.extensions["planroom_zone"]
        g.zone = find()
    return str(g.zone)


def loc(value: Any, name: str = "name") -> str:
    """The field in the reader's language, Chinese where there is no English.

    ``value`` is an object with ``name`` and ``name_en``, or a mapping with those keys.
    """

    def get(key: str) -> str:
        found = value.get(key) if isinstance(value, Mapping) else getattr(value, key, "")
        return str(found or "")

    if current_locale() == "en":
        return get(f"{name}_en") or get(name)
    return get(name)


def local(moment: datetime) -> datetime:
    """The moment in the organisation's zone."""
    return moment.astimezone(ZoneInfo(current_zone()))


def format_moment(moment: datetime | None, *, seconds: bool = False) -> str:
    """``2026-03-01 23:02``: one way of writing, sortable, the same in both languages."""
    if moment is None:
        return ""
    return local(moment).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def format_short(moment: datetime | None, now: datetime | None = None) -> str:
    """``23:02`` today, ``03-01 23:02`` this year, else with the year."""
    if moment is None:
        return ""
    there = local(moment)
    here = local(now) if now is not None else None
    if here is not None and there.date() == here.date():
        return there.strftime("%H:%M")
    if here is not None and there.year == here.year:
        return there.strftime("%m-%d %H:%M")
    return there.strftime("%Y-%m-%d %H:%M")


def format_input(moment: datetime | None) -> str:
    """The value of a ``datetime-local`` field."""
    return "" if moment is None else local(moment).strftime("%Y-%m-%dT%H:%M")


def format_span(seconds: float) -> str:
    """A length of time in the two largest units that matter: 3 天 4 小时, 2 小时 5 分, 38 分钟."""
    minutes = int(abs(seconds) // 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return _("%(d)s 天 %(h)s 小时", d=days, h=hours)
    if hours:
        return _("%(h)s 小时 %(m)s 分", h=hours, m=minutes)
    if minutes:
        return _("%(m)s 分钟", m=minutes)
    return _("不到 1 分钟")


_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def format_iso(text: str) -> str:
    """An ISO 8601 duration of days, hours and minutes in words; any other text as it is."""
    found = _ISO.fullmatch(text) if len(text) > 1 else None
    if found is None:
        return text
    days, hours, minutes = (int(part or 0) for part in found.groups())
    parts = (
        _("%(d)s 天", d=days) if days else "",
        _("%(h)s 小时", h=hours) if hours else "",
        _("%(m)s 分钟", m=minutes) if minutes else "",
    )
    return " ".join(part for part in parts if part) or text


def format_size(size: int) -> str:
    """Bytes in B, kB or MB."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def init_app(app: Flask) -> None:
    """Attach Babel and the filters. Catalogues are in ``translations/`` beside the app."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "zh")
    Babel(app, locale_selector=current_locale, timezone_selector=current_zone)
    app.jinja_env.filters.update(
        loc=loc,
        moment=format_moment,
        short=format_short,
        moment_input=format_input,
        span=format_span,
        size=format_size,
        iso_span=format_iso,
    )
    app.jinja_env.globals.update(current_locale=current_locale, current_zone=current_zone)
