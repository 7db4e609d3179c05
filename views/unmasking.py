"""Showing a case's personal data, or a signal's, to an auditor: the small form other pages
include."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, request, url_for
from flask_babel import gettext as _

from models.audit import Unmasking
from models.cases import Case
from models.intake import Signal
from services import access, unmasking
from services.errors import Refusal
from services.masking import Mask
from services.uow import UnitOfWork
from views.forms import Mistakes, Reader
from views.gates import auditors_only
from views.i18n import format_moment
from views.kit import Answer, actor, database, me, now, run, safe_next, say, seen
from views.refusals import field_errors, sentence

bp = Blueprint("unmasking", __name__, url_prefix="/audit")
bp.before_request(auditors_only)


@bp.post("/cases/<int:case_id>/unmask")
def unmask(case_id: int) -> Answer:
    """Unmask the case for an hour and go back to where it was asked for."""
    back = safe_next(request.form.get("next"), f"/cases/{case_id}")
    return _unmask(back, lambda uow, reason: unmasking.unmask(uow, case_id, reason, actor(), now()))


@bp.post("/signals/<int:signal_id>/unmask")
def unmask_signal(signal_id: int) -> Answer:
    """The same for a signal that is no case yet."""
    back = safe_next(request.form.get("next"), f"/signals/{signal_id}")
    return _unmask(
        back, lambda uow, reason: unmasking.unmask_signal(uow, signal_id, reason, actor(), now())
    )


def _unmask(back: str, work: Callable[[UnitOfWork, str], Unmasking]) -> Answer:
    try:
        read = Reader(request.form)
        reason = read.text("reason", required=True, limit=unmasking.MOST)
        read.finish()
        row = run(lambda uow: work(uow, reason))
    except (Mistakes, Refusal) as wrong:
        if isinstance(wrong, Refusal) and wrong.status in {403, 404}:
            raise
        errors = wrong.errors if isinstance(wrong, Mistakes) else field_errors(wrong)
        why = errors.get("reason") or (sentence(wrong) if isinstance(wrong, Refusal) else "")
        say(_("没有显示个人信息。原因:%(why)s", why=why), "error")
        return seen(back)
    until = format_moment(row.until)
    say(
        _("本事件的个人信息显示到 %(until)s,原因已记录。", until=until)
        if row.case_id is not None
        else _("这条线索的个人信息显示到 %(until)s,原因已记录。", until=until),
        "warning",
    )
    return seen(back)


def panel(case: Case | None, mask: Mask, back: str = "") -> dict[str, object] | None:
    """What `templates/audit/_unmask.html` shows on a page of the case: None where there is nothing
    to say, since the reader sees the case without being an auditor. ``back`` is where the form
    leads from a page that came in answer to a form: such an address cannot be opened again."""
    person = me()
    if case is None or not access.is_auditor(person):
        return None
    if mask.on:
        return _asking(url_for("unmasking.unmask", case_id=case.id), back or f"/cases/{case.id}")
    with database().read() as session:
        until = unmasking.running_until(session, person.id, case.id, now())
    return {"until": until} if until is not None else None


def signal_panel(signal: Signal, mask: Mask) -> dict[str, object] | None:
    """As `panel`, on the page of a signal that is no case yet; nothing is left to see of one that
    was destroyed."""
    person = me()
    if not access.is_auditor(person) or signal.destroyed_at is not None:
        return None
    if mask.on:
        action = url_for("unmasking.unmask_signal", signal_id=signal.id)
        return _asking(action, f"/signals/{signal.id}") | {"signal": True}
    with database().read() as session:
        until = unmasking.signal_until(session, person.id, signal.id, now())
    return {"until": until} if until is not None else None


def _asking(action: str, otherwise: str) -> dict[str, object]:
    return {
        "action": action,
        "back": request.full_path if request.method == "GET" else otherwise,
        "signal": False,
        "until": None,
        "least": unmasking.LEAST,
        "most": unmasking.MOST,
    }


def init_app(app: Flask) -> None:
    """Give the templates the panel."""
    app.jinja_env.globals["unmask_panel"] = panel
