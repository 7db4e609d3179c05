"""Files of cases and signals: added, and served as downloads, never shown inside a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from services import access, files, masked_files, signals
from services.errors import Refusal
from services.masking import BARE
from views.downloads import kept_file
from views.kit import Answer, actor, database, me, now, render, run, say, see_other, settings
from views.refusals import sentence
from views.unmasking import panel, signal_panel

bp = Blueprint("files", __name__)


@bp.get("/files/<int:attachment_id>")
@login_required
def download(attachment_id: int) -> Response:
    """The file under its own name. Whatever it holds, the browser saves it and runs none of it.
    An auditor is asked first why they want to see it."""
    with database().read() as session:
        try:
            found = masked_files.download(session, settings().data_dir, attachment_id, me(), now())
        except Refusal as refusal:
            if refusal.code != "file_masked":
                raise
            return _masked(session, refusal.args_)
    return kept_file(found.path, found.name, found.mime, found.path.name)


def _masked(session: Session, what: Mapping[str, Any]) -> Response:
    if what.get("signal") is not None:
        unmask = signal_panel(signals.get(session, what["signal"]), BARE)
    else:
        unmask = panel(access.case_seen_by(session, me(), what["case"]), BARE)
    page = render("audit/file_masked.html", unmask=unmask)
    return make_response(page, 403)


@bp.post("/cases/<int:case_id>/files")
@login_required
def add(case_id: int) -> Answer:
    """Add a file to a case the person sees; a refused one is explained on the case's page."""
    sent = request.files.get("file")
    task_id = request.form.get("task_id") or None
    note = request.form.get("note", "")
    try:
        if sent is None or not sent.filename:
            raise Refusal("file_empty", 422)
        name, content = sent.filename, sent.read(files.MAX_BYTES + 1)
        run(
            lambda uow: files.add_to_case(
                uow,
                settings().data_dir,
                case_id,
                name,
                content,
                actor(),
                now(),
                task_id=task_id,
                note=note,
            )
        )
    except Refusal as refusal:
        if not refusal.code.startswith(("file", "picture")) or not _from_case_page():
            raise
        say(sentence(refusal), "error")
        return see_other("cases.show", case_id=case_id, _anchor="files")
    say(_("附件已添加。"))
    return see_other("cases.show", case_id=case_id, _anchor="files")


def _from_case_page() -> bool:
    """Whether a browser's form asks, which goes back to its page; a program hears the status."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
