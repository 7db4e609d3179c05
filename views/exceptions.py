"""The exceptions list: what departed from the ordinary way, filtered, and as an Excel file."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from services import exceptions
from services.errors import Refusal
from services.event_filter import EventFilter
from services.exceptions import Batch, Exceptional, ExceptionPage
from services.sheets import Column, Value, write_sheet
from views import filter_words, search_form
from views.event_names import event_name
from views.event_rows import EventRow, EventRows
from views.exception_words import kind_name, kinds_in_words, settled_words
from views.gates import auditors_only
from views.i18n import current_zone, format_moment
from views.kit import Answer, actor, database, me, now, render, run
from views.refusals import sentence

bp = Blueprint("exceptions", __name__, url_prefix="/audit/exceptions")
bp.before_request(auditors_only)

#: Rows of a file made while somebody waits; more are for the exports (`views.exporting`).
SHEET_ROWS = 20_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the list in words."""

    row: EventRow
    kinds: Sequence[str]
    since: Sequence[str]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Acts from the command line in one row: what they were, from when to when."""

    title: str
    what: str
    begun: datetime
    ended: datetime
    rows: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Chip:
    """A kind to add to the filter, or to take out of it."""

    text: str
    on: bool
    href: str


@bp.get("")
def show() -> Answer:
    """The list, 50 at a time, the latest first."""
    cursor = request.args.get("cursor") or None
    with database().read() as session:
        asked = search_form.read(session, request.args)
        errors, status = dict(asked.errors), 422 if asked.errors else 200
        found = ExceptionPage([], None, None, True)
        if not errors:
            try:
                found = exceptions.page_of_lines(session, asked.flt, cursor)
            except Refusal as refusal:
                errors[""], status = sentence(refusal), refusal.status
        flt = asked.flt
        page = render(
            "audit/exceptions.html",
            options=search_form.options(session),
            labels=filter_words.labels(),
            values=asked.values,
            errors=errors,
            chips=_chips(flt),
            narrowed=bool(replace(flt, kinds=()).to_dict()),
            rows=lines(EventRows(session, me(), now()), found.rows),
            found=found,
            first=cursor is None,
            next=_link(flt, found.next_cursor) if found.next_cursor else "",
            first_page=_link(flt),
            query=search_form.to_json(flt),
            kinds=flt.kinds,
            most=SHEET_ROWS,
        )
    return make_response(page, status)


@bp.post("/sheet")
def sheet() -> Response:
    """The list as an Excel file; that it was taken is on record."""
    flt = search_form.from_json(request.form.get("query", ""))
    file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the answer has been sent)
    with database().read() as session:
        made = EventRows(session, me(), now())
        written = write_sheet(
            file,
            _("例外清单"),
            _columns(),
            _lines(session, made, flt),
            zone=ZoneInfo(current_zone()),
            most=SHEET_ROWS,
            cut=_("只列出最近的 %(n)s 条。请缩小条件,或用“导出”。", n=SHEET_ROWS),
        )
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(1 << 16):
        digest.update(block)
    run(
        lambda uow: exceptions.record_file(
            uow, flt, written.rows, digest.hexdigest(), actor(), now(), masked=made.hides
        )
    )
    file.seek(0)
    name = _("例外清单") + format_moment(now()).replace(" ", "-").replace(":", "") + ".xlsx"
    return send_file(file, _XLSX, as_attachment=True, download_name=name)


def shown(made: EventRows, found: Sequence[Exceptional]) -> list[Shown]:
    """The exceptions in words."""
    rows = made.rows([one.event for one in found])
    return [
        Shown(row, [kind_name(k) for k in one.kinds], settled_words(one.kinds, one.settled))
        for row, one in zip(rows, found, strict=True)
    ]


def lines(made: EventRows, found: Sequence[Exceptional]) -> list[Shown | Gathered]:
    """The exceptions in words, what came by the dozen from the command line in one row each."""
    words = iter(shown(made, found))
    rows: list[Shown | Gathered] = []
    for one in exceptions.in_batches(found):
        if isinstance(one, Batch):
            rows.append(_gathered(one, list(islice(words, len(one.rows)))))
        else:
            rows.append(next(words))
    return rows


def _gathered(batch: Batch, rows: Sequence[Shown]) -> Gathered:
    counts = Counter(one.event.type for one in reversed(batch.rows))
    moments = [one.event.occurred_at for one in batch.rows]
    return Gathered(
        title=_("首次安装:没有人登录,由命令行办理,共 %(n)s 条", n=len(rows))
        if batch.founding
        else _("没有人登录,由命令行办理的一批,共 %(n)s 条", n=len(rows)),
        what=_("、").join(
            _("%(what)s %(n)s 条", what=event_name(type_), n=n) for type_, n in counts.items()
        ),
        begun=min(moments),
        ended=max(moments),
        rows=rows,
    )


def _chips(flt: EventFilter) -> list[Chip]:
    chips = [Chip(_("全部"), not flt.kinds, _link(replace(flt, kinds=())))]
    for kind, words in kinds_in_words():
        on = kind in flt.kinds
        others = tuple(one for one in flt.kinds if one != kind)
        chips.append(Chip(words, on, _link(replace(flt, kinds=others if on else (*others, kind)))))
    return chips


def _link(flt: EventFilter, cursor: str | None = None) -> str:
    return url_for("exceptions.show", cursor=cursor, **search_form.arguments(flt))


def _columns() -> list[Column]:
    return [
        Column(_("发生时间"), 20),
        Column(_("录入时间"), 20),
        Column(_("例外"), 16),
        Column(_("何事"), 48),
        Column(_("何人"), 22),
        Column(_("之后"), 36),
        Column(_("事件编号"), 14),
        Column(_("事件"), 32),
        Column(_("预案"), 28),
        Column(_("记录类型"), 22),
        Column(_("记录序号"), 10),
    ]


def _lines(session: Session, made: EventRows, flt: EventFilter) -> Iterator[list[Value]]:
    for some in exceptions.everything(session, flt):
        for one in shown(made, some):
            row, line = one.row, one.row.line
            yield [
                line.at,
                line.recorded_at,
                _("、").join(one.kinds),
                line.text,
                line.who,
                ";".join(one.since),
                row.number,
                row.title,
                row.plan,
                line.type,
                line.seq,
            ]
