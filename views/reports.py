"""The report-up page: one row for each recipient, entered, confirmed and corrected one at a time.

The rows stand in one form, on this page and on the task's; a row's fields are named
``RECIPIENT.FIELD`` and its button sends them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, make_response, request
from flask_babel import gettext as _
from flask_login import login_required

from services import access, masked_rows, masking, reports
from services.errors import Refusal
from services.reports import Entry
from services.task_reading import task_page
from views.forms import Mistakes, Reader
from views.forms.report_up import rows_context
from views.kit import Answer, actor, database, me, now, render, run, say, see_other
from views.refusals import field_errors, sentence
from views.unmasking import panel
from workflows.answers import REPORT_UP

bp = Blueprint("reports", __name__, url_prefix="/tasks/<task_id>/report")


@bp.get("")
@login_required
def show(task_id: str) -> Answer:
    """The recipients with how, to whom, when, and their confirmation."""
    return _page(task_id)


def _page(
    task_id: str, status: int = 200, errors: Mapping[str, str] | None = None, refused: str = ""
) -> Answer:
    with database().read() as session:
        page = task_page(session, task_id, me())
        if page.task.form_key != REPORT_UP:
            raise Refusal("task_unknown", 404)
        mask = masking.mask_for(session, me(), page.case.id, now())
        may_work = (
            access.can_work_task(session, me(), page.task) is not None
            and page.case.status != "archived"
        )
        text = render(
            "reports/show.html",
            **masked_rows.report_rows(
                mask, rows_context(session, page.task, page.case, page.case.at(now()))
            ),
            case=masked_rows.case(mask, page.case),
            demo_case=page.case,
            unmask=panel(page.case, mask),
            may_work=may_work,
            back="report",
            values=request.form if request.method == "POST" else {},
            errors=errors or {},
            refused=refused,
        )
    return make_response(text, status)


def _attempt(task_id: str, recipient: str, prefix: str, work: Callable[[], str]) -> Answer:
    """Do it and go back to the row; refused, the page comes again with what was typed."""
    try:
        said = work()
    except Mistakes as mistakes:
        return _page(task_id, 422, mistakes.errors)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        found = field_errors(refusal)
        errors = {
            f"{recipient}.{name if name == 'reason' else prefix + name}": text
            for name, text in found.items()
        }
        return _page(task_id, refusal.status, errors, "" if errors else sentence(refusal))
    say(said)
    page = "tasks.show" if request.form.get("back") == "task" else "reports.show"
    return see_other(page, task_id=task_id, _anchor=f"row-{recipient}")


def _entry(read: Reader, prefix: str, at: datetime) -> Entry:
    happened = read.moment(f"{prefix}happened_at") or at
    return Entry(
        method=read.choice(f"{prefix}method", reports.METHODS, required=True),
        to_whom=read.text(f"{prefix}to_whom", required=True, limit=200),
        happened_at=happened,
        acknowledged_at=read.moment(f"{prefix}acknowledged_at"),
        acknowledged_how=read.text(f"{prefix}acknowledged_how", limit=200),
        note=read.text(f"{prefix}note", limit=2_000),
    )


@bp.post("/<recipient>")
@login_required
def enter(task_id: str, recipient: str) -> Answer:
    """Write down one report made."""

    def work() -> str:
        read = Reader(request.form)
        at = _at(task_id)
        entry = _entry(read, f"{recipient}.", at)
        read.finish()
        if read.flag(f"{recipient}.confirmed"):
            entry = Entry(
                entry.method,
                entry.to_whom,
                entry.happened_at,
                entry.happened_at,
                str(_("当场确认")),
                entry.note,
            )
        line = run(lambda uow: reports.enter_line(uow, task_id, recipient, entry, actor(), now()))
        return str(_("已登记:%(name)s。", name=line.name))

    return _attempt(task_id, recipient, "", work)


@bp.post("/<recipient>/acknowledge")
@login_required
def acknowledge(task_id: str, recipient: str) -> Answer:
    """Write down that the recipient confirmed."""

    def work() -> str:
        read = Reader(request.form)
        moment = read.moment(f"{recipient}.acknowledged_at") or _at(task_id)
        how = read.text(f"{recipient}.acknowledged_how", limit=200)
        read.finish()
        line = run(
            lambda uow: reports.acknowledge_line(
                uow, task_id, recipient, how, actor(), now(), acknowledged_at=moment
            )
        )
        return str(_("已登记确认:%(name)s。", name=line.name))

    return _attempt(task_id, recipient, "", work)


@bp.post("/<recipient>/correct")
@login_required
def correct(task_id: str, recipient: str) -> Answer:
    """Put a row right, with the reason."""

    def work() -> str:
        read = Reader(request.form)
        entry = _entry(read, f"{recipient}.c_", _at(task_id))
        reason = read.text(f"{recipient}.reason", required=True, limit=1_000)
        read.finish()
        line = run(
            lambda uow: reports.correct_line(uow, task_id, recipient, entry, reason, actor(), now())
        )
        return str(_("已更正:%(name)s。", name=line.name))

    return _attempt(task_id, recipient, "c_", work)


def _at(task_id: str) -> datetime:
    """The moment in the case's own time."""
    with database().read() as session:
        return task_page(session, task_id, me()).case.at(now())
