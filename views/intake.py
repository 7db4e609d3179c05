"""Reporting what was noticed, and the list of signals that wait for somebody to decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from services import files, intake, masked_rows, masking, signal_likeness, signals
from services.directory import people_by_id
from services.errors import Refusal
from services.signals import Contact, Noticed
from views.forms import Mistakes, Reader
from views.i18n import loc
from views.kit import (
    Answer,
    actor,
    database,
    me,
    now,
    only_auditor,
    render,
    run,
    say,
    see_other,
    settings,
)
from views.refusals import field_errors, sentence
from views.unmasking import panel, signal_panel

bp = Blueprint("intake", __name__)

PAGE = 50


# ------------------------------------------------------------------------------- reporting


@bp.get("/report")
@login_required
def report() -> Answer:
    """The report form: is it classified, then one sentence and a link or screenshot."""
    _require_reporter()
    return _report_page({"classified": "", "discovered_at": None})


@bp.post("/report")
@login_required
def send_report() -> Answer:
    """Record it and open the case. Classified matters stop here: nothing of them is kept."""
    _require_reporter()
    if "yes" in request.form.getlist("classified"):
        return render("intake/classified.html")
    try:
        noticed, plan_key = _noticed()
        uploads = [
            (sent.filename or "", sent.read())
            for sent in request.files.getlist("files")
            if sent.filename
        ]
        moment = now()
        done = run(
            lambda uow: intake.report(
                uow,
                noticed,
                uploads,
                settings().data_dir,
                plan_key=plan_key,
                actor=actor(),
                now=moment,
            )
        )
    except Mistakes as mistakes:
        return _report_page(request.form, mistakes.errors, status=422)
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        about = "files" if refusal.code.startswith(("file", "picture")) else ""
        errors = field_errors(refusal) or {about: sentence(refusal)}
        return _report_page(request.form, errors, status=refusal.status)
    if done.case is None:
        say(_("线索已登记,值班员会处理。"))
        return see_other("intake.report")
    say(_("已报告,事件 %(number)s 已按预案启动。", number=done.case.number))
    return see_other("cases.show", case_id=done.case.id)


def _require_reporter() -> None:
    if only_auditor(me()):
        raise Refusal("read_only", 403)


def _noticed() -> tuple[Noticed, str]:
    read = Reader(request.form)
    read.choice("classified", {"no"}, required=True)
    noticed = Noticed(
        text=read.text("text", required=True, limit=signals.TEXT_LIMIT),
        link=read.text("link", limit=signals.LINK_LIMIT),
        medium=read.choice("medium", signals.MEDIA),
        reads=read.whole("reads"),
        comments=read.whole("comments"),
        reposts=read.whole("reposts"),
        discovered_at=read.moment("discovered_at"),
        contact=Contact(read.text("contact_name", limit=120), read.text("contact_phone", limit=40)),
    )
    plan_key = read.text("plan", limit=60)
    read.finish()
    return noticed, plan_key


Choices = list[tuple[str, str]]


def _plans(session: Session) -> tuple[Choices, Choices]:
    """The plans one may start, as choices: those that fit the unit, and the others; all in one
    list where none is made for its kind."""
    fitting: Choices = []
    others: Choices = []
    for one in intake.startable(session, me()):
        (fitting if one.fits else others).append((one.plan.key, loc(one.plan, "title")))
    return (fitting, others) if fitting else (others, [])


def _report_page(
    values: Mapping[str, Any], errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    with database().read() as session:
        plans, others = _plans(session)
    page = render(
        "intake/report.html",
        values=values,
        errors=errors or {},
        plans=plans,
        others=others,
        labels=_labels(),
    )
    return make_response(page, status)


def _labels() -> dict[str, str]:
    return {
        "classified": _("是否涉密"),
        "text": _("一句话说明"),
        "link": _("链接"),
        "files": _("截图"),
        "medium": _("载体"),
        "reads": _("阅读量"),
        "comments": _("评论量"),
        "reposts": _("转发量"),
        "discovered_at": _("发现时间"),
    }


# --------------------------------------------------------------------------------- signals


@bp.get("/signals")
@login_required
def signals_list() -> Answer:
    """New signals, the latest discovered first."""
    before = request.args.get("before", "")
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 12 else None
    with database().read() as session:
        rows = signals.waiting(session, limit=PAGE + 1, before=cursor)
        shown = [row for row in rows[:PAGE] if signals.may_see(me(), row)]
        same = Counter(row.fingerprint for row in shown if row.fingerprint)
        masks = masking.masks_for_signals(session, me(), shown, now())
        return render(
            "intake/signals.html",
            rows=[masked_rows.signal(masks[row.id], row) for row in shown],
            same=same,
            more=rows[PAGE - 1].id if len(rows) > PAGE else None,
            first=cursor is None,
        )


@bp.get("/signals/<int:signal_id>")
@login_required
def signal(signal_id: int) -> Answer:
    """One signal: what it says, what it resembles, what can be done with it."""
    return _signal_page(signal_id)


def _signal_page(
    signal_id: int,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    refused: str = "",
) -> Response:
    with database().read() as session:
        row = signals.get(session, signal_id)
        if not signals.may_see(me(), row):
            raise Refusal("signal_unknown", 404)
        plans, others = _plans(session)
        alike = signal_likeness.duplicates(session, row)[:10]
        masks = masking.masks_for_signals(
            session, me(), [row, *(found.signal for found in alike)], now()
        )
        mask = masks[row.id]
        case = signals.case_of(session, row)
        page = render(
            "intake/signal.html",
            signal=masked_rows.signal(mask, row),
            contact=masked_rows.contact(mask, signals.contact_of(session, row)),
            recorder=people_by_id(session, [row.recorded_by]).get(row.recorded_by or 0),
            attachments=[
                (masked_rows.attachment(mask, one), stored)
                for one, stored in files.of_signal(session, row.id)
            ],
            duplicates=[
                replace(found, signal=masked_rows.signal(masks[found.signal.id], found.signal))
                for found in alike
            ],
            unmask=panel(case, mask) if case is not None else signal_panel(row, mask),
            plans=plans,
            others=others,
            errors=errors or {},
            values=request.form if request.method == "POST" else {},
            refused=refused,
        )
    return make_response(page, status)


def _attempt(signal_id: int, work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except Mistakes as mistakes:
        return _signal_page(signal_id, mistakes.errors, 422)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        errors = field_errors(refusal)
        return _signal_page(signal_id, errors, refusal.status, "" if errors else sentence(refusal))


@bp.post("/signals/<int:signal_id>/take")
@login_required
def take(signal_id: int) -> Answer:
    """Open a case from it, under a plan."""

    def work() -> Answer:
        read = Reader(request.form)
        plan = read.text("plan", required=True, limit=60)
        title = read.text("title", limit=60)
        read.finish()
        moment = now()
        case = run(
            lambda uow: signals.take(
                uow, signal_id, plan_key=plan, title=title, summary="", actor=actor(), now=moment
            )
        )
        say(_("事件 %(number)s 已按预案启动。", number=case.number))
        return see_other("cases.show", case_id=case.id)

    return _attempt(signal_id, work)


@bp.post("/signals/<int:signal_id>/dismiss")
@login_required
def dismiss(signal_id: int) -> Answer:
    """Set it aside, with a reason."""

    def work() -> Answer:
        read = Reader(request.form)
        reason = read.text("reason", required=True, limit=1000)
        read.finish()
        run(lambda uow: signals.dismiss(uow, signal_id, reason, actor(), now()))
        say(_("线索已作不予处理。"), "info")
        return see_other("intake.signals_list")

    return _attempt(signal_id, work)


@bp.post("/signals/<int:signal_id>/duplicate")
@login_required
def duplicate(signal_id: int) -> Answer:
    """Mark it as one more report of another."""

    def work() -> Answer:
        read = Reader(request.form)
        of = read.whole("of", required=True)
        read.finish()
        assert of is not None
        run(lambda uow: signals.mark_duplicate(uow, signal_id, of, actor(), now()))
        say(_("已标为重复线索。"), "info")
        return see_other("intake.signals_list")

    return _attempt(signal_id, work)
