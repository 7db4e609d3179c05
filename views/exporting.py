"""The audit room's exports: asked for here, made in the background, downloaded; and whether a
case's record fits its diagram."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.audit import ExportJob
from services import access, conformance_check, export_jobs
from services.access import AUDITOR
from services.errors import Refusal
from services.export_run import Exports
from views import filter_words, search_form
from views.downloads import kept_file
from views.export_words import FORMATS, error_words, misfit_words, status_words, table_labels
from views.gates import auditors_only
from views.i18n import current_locale
from views.kit import (
    Answer,
    Planroom,
    actor,
    database,
    me,
    now,
    render,
    run,
    say,
    see_other,
    settings,
    wants_fragment,
)
from views.names import Names
from views.refusals import sentence

log = logging.getLogger(__name__)
bp = Blueprint("exporting", __name__, url_prefix="/audit")
bp.before_request(auditors_only)

#: Seconds a request waits for a small export, so that it is there when the page opens.
PATIENCE = 1.5


@bp.get("/exports")
def index() -> Answer:
    """The form, perhaps filled in by an address (as the search's), and one's own exports."""
    _settle()
    with database().read() as session:
        asked = search_form.read(session, request.args)
        return _page(session, asked.values, asked.errors)


@bp.post("/exports")
def start() -> Answer:
    """Ask for a file; a wrong filter shows the form again."""
    _settle()
    with database().read() as session:
        asked = search_form.read(session, request.form)
        errors = dict(asked.errors)
        format_ = request.form.get("format", "")
        if format_ not in FORMATS:
            errors["format"] = _("请从列出的选项中选择。")
        if errors:
            return _page(session, asked.values, errors), 422
        labels = table_labels(session)
    locale = current_locale()

    try:
        job = run(
            lambda uow: export_jobs.request(uow, format_, asked.flt, locale, actor(AUDITOR), now())
        )
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        with database().read() as session:
            return _page(session, asked.values, {"": sentence(refusal)}), refusal.status
    _exports().submit(job.id, labels)
    _exports().wait(job.id, PATIENCE)
    return see_other("exporting.index", _anchor=f"export-{job.id}")


@bp.get("/exports/<int:job_id>")
def job(job_id: int) -> Answer:
    """How far it is: a row of the list, asked for again each second while it is being made."""
    _settle()
    with database().read() as session:
        found = export_jobs.job_of(session, job_id, me().id)
        if not wants_fragment():
            return see_other("exporting.index", _anchor=f"export-{job_id}")
        return render("audit/_export_job.html", job=found, **_words(session))


@bp.post("/exports/<int:job_id>/cancel")
def cancel(job_id: int) -> Answer:
    """Stop one's own export."""
    if run(lambda uow: export_jobs.cancel(uow, job_id, actor(AUDITOR), now())):
        say(_("导出已停止。"))
    else:
        say(_("这次导出已经结束,没有可停止的。"), "warning")
    return see_other("exporting.index", _anchor=f"export-{job_id}")


@bp.get("/exports/<int:job_id>/file")
def download(job_id: int) -> Response:
    """The file. Whatever it holds, the browser saves it and runs none of it."""
    with database().read() as session:
        found = export_jobs.download(session, settings().data_dir, job_id, me().id)
    return kept_file(found.path, found.name, found.mime, found.digest)


@bp.get("/cases/<int:case_id>/conformance")
def conformance(case_id: int) -> Answer:
    """Whether the case's record fits its diagram; as a part of a page where htmx asks."""
    with database().read() as session:
        case = access.case_seen_by(session, me(), case_id)
        verdict = conformance_check.check_case(session, case.id)
        names = conformance_check.names_of(session, case, verdict)
    whole = "audit/_conformance.html" if wants_fragment() else "audit/conformance.html"
    why = misfit_words(verdict.misfit, names) if verdict.misfit is not None else ""
    return render(whole, case=case, verdict=verdict, why=why, names=names)


# ------------------------------------------------------------------------------------ inside


def _page(session: Session, values: Any, errors: Any) -> str:
    jobs = export_jobs.jobs_of(session, me().id)
    return render(
        "audit/exports.html",
        options=search_form.options(session),
        labels=filter_words.labels(),
        values={"format": "csv", **values},
        errors=errors,
        jobs=jobs,
        **_words(session),
    )


def _words(session: Session) -> dict[str, Any]:
    names = Names(session)

    def asked(job: ExportJob) -> str:
        said = filter_words.filter_words(job.query, names)
        return " · ".join(said) or _("没有条件,全部记录")

    return {
        "asked": asked,
        "formats": FORMATS,
        "status_words": status_words,
        "error_words": error_words,
        "under_way": export_jobs.UNDER_WAY,
        "percent": _percent,
    }


def _percent(job: ExportJob) -> int | None:
    if not job.total:
        return None
    return min(100, 100 * job.done // job.total)


def _exports() -> Exports:
    found: Exports = current_app.extensions["planroom_exports"]
    return found


def _settle() -> None:
    try:
        _exports().settle()
    except OSError:  # a full disk must not hide the page that says so
        log.exception("the exports could not be put in order")


def init_app(app: Flask) -> None:
    """Give the application its threads for exports; none runs before the first is asked for."""
    parts: Planroom = app.extensions["planroom"]
    app.extensions["planroom_exports"] = Exports(
        parts.database, parts.settings.data_dir, parts.clock
    )
