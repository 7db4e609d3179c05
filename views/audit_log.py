"""The log of the audit room: who opened, searched, exported and unmasked what, and when; by person,
kind of page, period and case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.cases import Case
from services import audit_log, audit_lookups
from services.access import AUDITOR
from services.audit_log import Asked, Entry
from services.directory import people
from services.history_types import all_types
from services.masking import BARE, Mask
from services.masking_events import masks_beside
from services.moments import utc_text
from views import room_words
from views.audit_trail import NOT_RECORDED, RECORDED, what_words
from views.event_names import event_name
from views.forms.base import Reader
from views.i18n import loc
from views.kit import Answer, database, me, now, render
from views.names import Names
from views.record_words import RECORD_SENTENCES

bp = Blueprint("audit_log", __name__, url_prefix="/audit/log")

#: Pages of every kind.
OPENED = "audit.opened"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the log, ready to show. ``about`` is what of it was looked at or asked."""

    seq: int
    at: datetime
    who: str
    text: str
    about: str
    case: Case | None


@bp.get("")
@login_required
def show() -> Answer:
    """The latest first; ``?before=`` goes on below a row."""
    before = request.args.get("before", "")
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 12 else None
    with database().read() as session:
        asked, errors, given = _asked(session)
        found = audit_log.log(session, me(), asked, cursor)
        masks = masks_beside(session, me(), [entry.event for entry in found.entries], now())
        names = Names(session, found.cases)
        page = render(
            "audit/log.html",
            rows=[]
            if errors
            else [
                _row(entry, found.cases, masks.get(entry.event.id, BARE), names)
                for entry in found.entries
            ],
            found=found,
            next=_link(given, found.before) if found.before and not errors else "",
            first_page=_link(given),
            first=cursor is None,
            narrowed=bool(given),
            people=[(one.id, loc(one)) for one in people(session, active=False)],
            acts=_acts(),
            pages=[(keys[0], words) for words, keys in _pages().items()],
            values=given | {"since": asked.since or "", "until": asked.until or ""}
            if not errors
            else request.args,
            errors=errors,
            in_room=AUDITOR in me().role_keys,
        )
    return make_response(page, 422 if errors else 200)


def _asked(session: Session) -> tuple[Asked, Mapping[str, str], dict[str, Any]]:
    """The filter, what is wrong with it by field, and what of it an address carries."""
    read, known = Reader(request.args), _pages()
    keys = {key: tuple(some) for some in known.values() for key in some}
    what = read.choice("what", {*keys, *(key for key, _words in _acts())})
    number, case = read.text("case", limit=40), None
    if number:
        case = audit_lookups.case_id_of(session, number)
        if case is None:
            read.wrong("case", _("没有这个编号的事件。"))
    person = read.whole("person")
    if person is not None and not 0 < person < 2**31:
        read.wrong("person", _("请从列出的选项中选择。"))
    since, until = read.moment("since"), read.moment("until")
    if since is not None and until is not None and until <= since:
        read.wrong("until", _("结束不能早于开始。"))
    if read.errors:
        return Asked(), read.errors, {}
    types = (what,) if what and what not in keys else ()
    asked = Asked(person, keys.get(what, ()), types, case, since, until)
    given = {
        "person": person,
        "what": what,
        "case": number,
        "since": utc_text(since) if since is not None else "",
        "until": utc_text(until) if until is not None else "",
    }
    return asked, {}, {name: value for name, value in given.items() if value}


def _link(given: Mapping[str, Any], before: int | None = None) -> str:
    return url_for("audit_log.show", before=before, **given)


def _pages() -> dict[str, list[str]]:
    """What a kind of page is called -> its keys, those of pages before those of their forms:
    several addresses may be one kind."""
    forms = (key for key in sorted(current_app.view_functions) if key not in NOT_RECORDED)
    found: dict[str, list[str]] = {str(words): [] for words in RECORDED.values()}
    for key in dict.fromkeys((*RECORDED, *forms)):
        if (words := what_words(key)) in found:
            found[words].append(key)
    return found


def _acts() -> list[tuple[str, str]]:
    """Types of event of the log, in words; pages of every kind first."""
    names = [type_.name for type_ in all_types() if type_.name.startswith("audit.")]
    rest = [(name, event_name(name)) for name in names if name != OPENED]
    return [(OPENED, _("打开任何一页")), *rest]


def _row(entry: Entry, cases: Mapping[int, Case], mask: Mask, names: Names) -> Row:
    given = entry.payload
    words: dict[str, str] = defaultdict(str)
    for source in (given, entry.personal):
        for name, value in source.items():
            if not isinstance(value, dict | list):
                # A reason may name somebody: shown as the case is that it is about.
                words[name] = mask.text(str(value if value is not None else ""))
    words |= room_words.arguments(given, cases)
    template = RECORD_SENTENCES.get(entry.event.type)
    text = str(template) % words if template is not None else entry.event.type
    return Row(
        seq=entry.event.seq,
        at=entry.event.recorded_at,
        who=loc(entry.person) if entry.person is not None else _("系统"),
        text=text.strip().rstrip(":"),
        about=" · ".join(room_words.about(entry.event.type, given, names)),
        case=entry.case,
    )
