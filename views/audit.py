"""The audit room's door: its tabs, and the cases to replay."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, request, url_for
from flask_babel import gettext as _

from services import cases, masking
from services.case_list import summaries
from views.gates import auditors_only
from views.kit import (
    Answer,
    NavigationItem,
    database,
    me,
    now,
    render,
    row_number,
    say,
    see_other,
)

bp = Blueprint("audit", __name__, url_prefix="/audit")
bp.before_request(auditors_only)


@bp.get("")
def room() -> Answer:
    """An auditor starts from the exceptions."""
    return see_other("exceptions.show")


@bp.get("/cases")
def index() -> Answer:
    """Every case, the latest first: to replay, to prove, to compare."""
    after = request.args.get("after", "")
    cursor = int(after) if after.isascii() and after.isdigit() and len(after) < 12 else None
    with database().read() as session:
        page = cases.list_cases(session, me(), status=None, cursor=cursor)
        masks = masking.masks_for(session, me(), [case.id for case in page.rows], now())
        return render(
            "audit/cases.html",
            page=page,
            titles={case.id: masks[case.id].text(case.title) for case in page.rows},
            cursor=cursor,
            summaries=summaries(session, page.rows),
        )


@bp.get("/cases/choose")
def choose() -> Answer:
    """On to the two cases ticked, side by side."""
    ticked = list(dict.fromkeys(request.args.getlist("case", type=row_number)))
    if len(ticked) != 2:
        say(_("请勾选两件事件。"), "warning")
        return see_other("audit.index")
    return see_other("replaying.compare", a=ticked[0], b=ticked[1])


def tabs(here: str) -> list[NavigationItem]:
    """The rooms within the room."""
    rooms = [
        ("exceptions", "exceptions.show", _("例外清单"), "alert-circle"),
        ("cases", "audit.index", _("回放"), "player-play"),
        ("search", "searching.show", _("检索"), "search"),
        ("compliance", "compliance.show", _("时限情况"), "chart-bar"),
        ("clauses", "clauses.index", _("各条款"), "list-check"),
        ("proof", "proof.heads", _("校验与存证"), "shield-check"),
        ("exports", "exporting.index", _("导出"), "download"),
        ("log", "audit_log.show", _("查阅记录"), "eye"),
    ]
    return [
        NavigationItem(text, url_for(endpoint), icon, key == here)
        for key, endpoint, text, icon in rooms
        if endpoint in current_app.view_functions
    ]


def init_app(app: Flask) -> None:
    """Give the templates the tabs."""
    app.jinja_env.globals["audit_tabs"] = tabs
