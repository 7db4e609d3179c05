"""Showing a case's personal data to an auditor: the small form other pages include."""

from __future__ import annotations

from flask import Blueprint, Flask, request
from flask_babel import gettext as _
from flask_login import login_required

from models.cases import Case
from services import access, unmasking
from services.auditing import require_auditor
from services.errors import Refusal
from services.masking import Mask
from views.forms import Mistakes, Reader
from views.i18n import format_moment
from views.kit import Answer, actor, database, me, now, run, safe_next, say, seen
from views.refusals import field_errors, sentence

bp = Blueprint("unmasking", __name__, url_prefix="/audit")


@bp.before_request
@login_required
def auditors_only() -> None:
    """Raises Refusal ``not_your_role`` 403 for anybody else."""
    require_auditor(me())


@bp.post("/cases/<int:case_id>/unmask")
def unmask(case_id: int) -> Answer:
    """Unmask the case for an hour and go back to where it was asked for."""
    back = safe_next(request.form.get("next"), f"/cases/{case_id}")
    try:
        read = Reader(request.form)
        reason = read.text("reason", required=True, limit=unmasking.MOST)
        read.finish()
        row = run(lambda uow: unmasking.unmask(uow, case_id, reason, actor(), now()))
    except (Mistakes, Refusal) as wrong:
        if isinstance(wrong, Refusal) and wrong.status in {403, 404}:
            raise
        errors = wrong.errors if isinstance(wrong, Mistakes) else field_errors(wrong)
        why = errors.get("reason") or (sentence(wrong) if isinstance(wrong, Refusal) else "")
        say(_("没有显示个人信息。原因:%(why)s", why=why), "error")
        return seen(back)
    say(
        _("本事件的个人信息显示到 %(until)s,原因已记录。", until=format_moment(row.until)),
        "warning",
    )
    return seen(back)


def panel(case: Case | None, mask: Mask) -> dict[str, object] | None:
    """What `templates/audit/_unmask.html` shows on a page of the case: None where there is nothing
    to say, since the reader sees the case without being an auditor."""
    person = me()
    if case is None or not access.is_auditor(person):
        return None
    if mask.on:
        return {"case_id": case.id, "until": None, "least": unmasking.LEAST, "most": unmasking.MOST}
    with database().read() as session:
        until = unmasking.running_until(session, person.id, case.id, now())
    return {"case_id": case.id, "until": until} if until is not None else None


def init_app(app: Flask) -> None:
    """Give the templates the panel."""
    app.jinja_env.globals["unmask_panel"] = panel
