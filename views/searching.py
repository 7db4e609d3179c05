"""The history searched across cases, and the searches an auditor keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from services import event_search, saved_searches
from services.errors import Refusal
from services.event_filter import EventFilter
from services.event_search import Page
from views import filter_words, search_form
from views.event_rows import EventRows
from views.gates import auditors_only
from views.kit import Answer, actor, database, me, now, render, run, say, see_other
from views.refusals import field_errors, sentence

bp = Blueprint("searching", __name__, url_prefix="/audit/search")
bp.before_request(auditors_only)

_NOTHING = Page([], None, None, True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved search; ``href`` runs it, "" for one that cannot be read any more."""

    id: int
    name: str
    href: str


@bp.get("")
def show() -> Answer:
    """The form, and once something is asked the events, 50 at a time. What is asked is on
    record."""
    with database().read() as session:
        asked = search_form.read(session, request.args)
    cursor = request.args.get("cursor") or None
    runs = bool(asked.flt.to_dict() or request.args.get("go")) and not asked.errors
    if runs and cursor is None:
        run(lambda uow: saved_searches.record_search(uow, asked.flt, actor(), now()))
    return _page(asked, runs, cursor)


@bp.post("/saved")
def save() -> Answer:
    """Keep the search shown under a name."""
    flt = _query()
    name = request.form.get("name", "")
    try:
        run(lambda uow: saved_searches.save(uow, name, flt, actor(), now()))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        asked = search_form.Asked(flt, search_form.values_of(flt), {})
        errors = field_errors(refusal) or {"name": sentence(refusal)}
        return _page(asked, True, None, errors, refusal.status)
    say(_("检索条件已保存。"))
    return see_other("searching.show", **search_form.arguments(flt))


@bp.post("/saved/<int:search_id>/remove")
def remove(search_id: int) -> Answer:
    """Forget a search of one's own."""
    run(lambda uow: saved_searches.remove(uow, search_id, actor(), now()))
    say(_("检索条件已删除。"))
    return see_other("searching.show")


def _page(
    asked: search_form.Asked,
    runs: bool,
    cursor: str | None,
    saving: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    errors = dict(asked.errors)
    with database().read() as session:
        found = _NOTHING
        if runs:
            try:
                found = event_search.page(session, asked.flt, cursor)
            except Refusal as refusal:
                errors[_FIELD.get(refusal.code, "")] = sentence(refusal)
                runs, status = False, refusal.status
        page = render(
            "audit/search.html",
            options=search_form.options(session),
            labels=filter_words.labels(),
            values=asked.values,
            errors=errors,
            saving=saving or {},
            typed=request.form,
            runs=runs,
            rows=EventRows(session, me(), now()).rows(found.events),
            found=found,
            first=cursor is None,
            next=_link(asked.flt, cursor=found.next_cursor) if found.next_cursor else "",
            first_page=_link(asked.flt),
            export=url_for("exporting.index", **search_form.arguments(asked.flt)),
            query=search_form.to_json(asked.flt),
            may_save=bool(asked.flt.to_dict()),
            kept=_kept(session),
        )
    return make_response(page, 422 if errors and status == 200 else status)


#: The field a refused search is about.
_FIELD = {"clause_unknown": "clause", "clause_needs_plan": "clause", "plan_unknown": "plan"}


def _link(flt: EventFilter, **more: Any) -> str:
    asked = search_form.arguments(flt) or {"go": "1"}
    return url_for("searching.show", **asked, **more)


def _kept(session: Session) -> list[Kept]:
    kept = []
    for one in saved_searches.own(session, me()):
        try:
            href = _link(EventFilter.from_dict(one.query))
        except Refusal:  # kept by a Planroom that knew other conditions: it can still be removed
            href = ""
        kept.append(Kept(one.id, one.name, href))
    return kept


def _query() -> EventFilter:
    """The filter of the page the form stood on. Raises Refusal ``filter_unreadable`` 422."""
    return search_form.from_json(request.form.get("query", ""))
