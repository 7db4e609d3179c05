"""The log of the audit room: who opened, searched, exported and unmasked what, and when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import login_required

from models.cases import Case
from services import audit_trail
from services.access import AUDITOR
from services.audit_trail import Entry
from services.masking import BARE
from services.moments import from_text
from views.audit_trail import what_words
from views.i18n import format_moment, loc
from views.kit import Answer, database, me, render
from views.record_words import RECORD_SENTENCES

bp = Blueprint("audit_log", __name__, url_prefix="/audit/log")


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
        page = audit_trail.log(session, me(), cursor)
        return render(
            "audit/log.html",
            rows=[_row(entry) for entry in page.entries],
            before=page.before,
            first=cursor is None,
            in_room=AUDITOR in me().role_keys,
        )


def _row(entry: Entry) -> Row:
    given = entry.payload
    words: dict[str, str] = defaultdict(str)
    for source in (given, entry.personal):
        for name, value in source.items():
            if not isinstance(value, dict | list):
                # A reason may name somebody; whoever reads the log has not asked to see them.
                words[name] = BARE.text(str(value if value is not None else ""))
    if "what" in given:
        words["what"] = what_words(given["what"])
    template = RECORD_SENTENCES.get(entry.event.type)
    text = str(template) % words if template is not None else entry.event.type
    return Row(
        seq=entry.event.seq,
        at=entry.event.recorded_at,
        who=loc(entry.person) if entry.person is not None else _("系统"),
        text=text.strip().rstrip(":"),
        about=_about(given),
        case=entry.case,
    )


def _about(given: Any) -> str:
    parts = []
    if given.get("id") not in (None, "") and "what" in given:
        parts.append(str(given["id"]))
    if isinstance(given.get("until"), str):
        parts.append(_("到 %(until)s 为止", until=format_moment(from_text(given["until"]))))
    for name in ("args", "filter"):
        if isinstance(given.get(name), dict):
            parts += [f"{key}={value}" for key, value in given[name].items()]
    if isinstance(given.get("cases"), list):
        parts.append(", ".join(f"#{one}" for one in given["cases"]))
    if "masked" in given:
        parts.append(_("个人信息已遮蔽") if given["masked"] else _("含个人信息"))
    return " · ".join(parts)
