"""Keeping and destroying cases and signals (保管与销毁): what is due, and the lists that decide on
it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from models.plans import Plan
from services import (
    access,
    destruction_lists,
    destruction_notices,
    destruction_reading,
    destruction_run,
    keepers,
    masked_rows,
    masking,
    retention,
    retention_signals,
    retention_table,
)
from services.directory import people_by_id
from services.errors import Refusal
from views.forms import Mistakes, Reader
from views.gates import keepers_only
from views.kit import (
    Answer,
    NavigationItem,
    actor,
    database,
    me,
    now,
    render,
    row_number,
    run,
    say,
    see_other,
    settings,
    wants_fragment,
)
from views.refusals import field_errors, sentence
from views.signal_rows import rows_of

bp = Blueprint("archive_room", __name__, url_prefix="/archive")
bp.before_request(keepers_only)

#: How a list stands: words and colour.
LIST_STATES = {
    "open": (_l("等人审批"), "orange"),
    "approved": (_l("已批准,待执行"), "blue"),
    "refused": (_l("未批准"), "red"),
    "withdrawn": (_l("已撤回"), "secondary"),
    "carried_out": (_l("已执行"), "green"),
}
OUTCOMES = {"": _l("未执行"), "destroyed": _l("已销毁"), "held": _l("暂缓,未销毁")}


@bp.get("")
def index() -> Answer:
    """What is due, year by year; the lists."""
    return _index()


@bp.post("/lists")
def draw_up() -> Answer:
    """Draw up a list of the ticked cases and signals."""
    ticked = request.form.getlist("case", type=row_number)
    ticked_signals = request.form.getlist("signal", type=row_number)
    note = request.form.get("note", "")[:20_000]
    try:
        made = run(
            lambda uow: (
                destruction_lists.draw_up(
                    uow, ticked, note, actor(keepers.ARCHIVE), now(), signal_ids=ticked_signals
                ).id
            )
        )
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        return _index(refusal, set(ticked), set(ticked_signals))
    say(_("销毁清册第 %(n)s 号已拟定,请另外两人审批。", n=made))
    return see_other("archive_room.show_list", list_id=made)


@bp.get("/lists/<int:list_id>")
def show_list(list_id: int) -> Answer:
    """A list with its cases, signals and votes."""
    return _list(list_id)


@bp.post("/lists/<int:list_id>/vote")
def vote(list_id: int) -> Answer:
    """Agree to the list as shown, or refuse it."""

    def work() -> Answer:
        read = Reader(request.form)
        decision = read.choice("decision", ("approve", "refuse"), required=True)
        comment = read.text("comment", limit=destruction_lists.NOTE_LIMIT)
        read.finish()
        digest = request.form.get("digest", "")[:64]
        role = access.require_role(me(), *destruction_lists.DECIDERS)
        found = run(
            lambda uow: (
                destruction_lists.vote(
                    uow, list_id, cast(Any, decision), digest, comment, actor(role), now()
                ).status
            )
        )
        said = {
            "approved": _("已同意。两人都已同意,可由档案人员执行。"),
            "refused": _("已登记不同意,清册关闭。"),
        }
        say(said.get(found, _("已同意,还需另一人同意。")))
        return see_other("archive_room.show_list", list_id=list_id)

    return _attempt(list_id, work)


@bp.post("/lists/<int:list_id>/withdraw")
def withdraw(list_id: int) -> Answer:
    """Take the list back."""

    def work() -> Answer:
        run(lambda uow: destruction_lists.withdraw(uow, list_id, actor(keepers.ARCHIVE), now()))
        say(_("清册已撤回,其中未销毁的可另行列入。"))
        return see_other("archive_room.show_list", list_id=list_id)

    return _attempt(list_id, work)


@bp.post("/lists/<int:list_id>/carry-out")
def carry_out(list_id: int) -> Answer:
    """Destroy some of what both have agreed to, and say how to go on; htmx goes on by itself."""

    def work() -> Answer:
        read = Reader(request.form)
        if not read.flag("confirmed"):
            read.wrong("confirmed", _("请确认:销毁后不能恢复。"))
        read.finish()
        portion = destruction_run.carry_out(
            database(), list_id, actor(keepers.ARCHIVE), now(), settings().data_dir
        )
        done = portion.outcome
        if done is None:
            if wants_fragment():
                return render("archive_room/_carrying_out.html", list_id=list_id, portion=portion)
            return _list(list_id, portion=portion)
        say(
            _(
                "已销毁 %(n)s 件(文字 %(values)s 处,文件 %(files)s 个),暂缓 %(held)s 件。",
                n=len(done.destroyed) + len(done.signals),
                values=done.values,
                files=done.files,
                held=len(done.held) + len(done.signals_held),
            )
        )
        return see_other("archive_room.show_list", list_id=list_id)

    try:
        return _attempt(list_id, work)
    except Refusal as refusal:
        if not wants_fragment():
            raise
        say(sentence(refusal), "error")
        return see_other("archive_room.show_list", list_id=list_id)


# ------------------------------------------------------------------------------ the pages


def _attempt(list_id: int, work: Any) -> Answer:
    """Do it; refused, the list comes again with the reason and what was typed."""
    try:
        answer: Answer = work()
    except Mistakes as mistakes:
        return _list(list_id, 422, mistakes.errors)
    except Refusal as refusal:
        if refusal.status in {403, 404} or wants_fragment():
            raise
        errors = field_errors(refusal)
        return _list(list_id, refusal.status, errors, "" if errors else sentence(refusal))
    return answer


def _index(
    refusal: Refusal | None = None,
    ticked: Iterable[int] = (),
    ticked_signals: Iterable[int] = (),
) -> Answer:
    errors = field_errors(refusal) if refusal is not None else {}
    with database().read() as session:
        due = retention.due(session, now(), limit=destruction_lists.MOST)
        due_signals = retention_signals.due(session, now(), limit=destruction_lists.MOST)
        lists = destruction_reading.lists(session)
        page = render(
            "archive_room/index.html",
            due=due,
            shown=_cases(session, [one.case for one in due]),
            due_signals=due_signals,
            shown_signals=rows_of(session, [one.signal for one in due_signals]),
            years=_years(retention.by_year(session), retention_signals.by_year(session)),
            lists=lists,
            states=LIST_STATES,
            plans=plan_names(session),
            people=people_by_id(session, [one.drawn_by for one in lists]),
            may_draw_up=may(keepers.ARCHIVE),
            errors=errors,
            refused="" if refusal is None or errors else sentence(refusal),
            values=request.form if refusal is not None else {},
            ticked=set(ticked),
            ticked_signals=set(ticked_signals),
            most=destruction_lists.MOST,
        )
    return page if refusal is None else (page, refusal.status)


def _list(
    list_id: int,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    portion: destruction_run.Portion | None = None,
) -> Answer:
    with database().read() as session:
        found = destruction_reading.get_list(session, list_id)
        rows = destruction_reading.items_of(session, found, now())
        page = render(
            "archive_room/list.html",
            found=found,
            rows=rows,
            shown=_cases(session, [row.case for row in rows if row.case is not None]),
            shown_signals=rows_of(session, [one.signal for one in rows if one.signal is not None]),
            states=LIST_STATES,
            outcomes=OUTCOMES,
            terms={term.key: term for term in retention_table.terms(session)},
            people=people_by_id(
                session,
                [found.drawn_by, found.carried_out_by, *(v.person_id for v in found.votes)],
            ),
            words=masking.mask_for(session, me(), None, now()),
            needed=destruction_reading.NEEDED,
            may_vote=destruction_lists.may_vote(found, me()),
            own=found.drawn_by == me().id,
            may_keep=may(keepers.ARCHIVE),
            asked=len(destruction_notices.deciders(session, found, destruction_lists.DECIDERS)),
            portion=portion,
            errors=errors or {},
            values=request.form if request.method == "POST" else {},
            refused=refused,
        )
    return page if status == 200 else (page, status)


def _cases(session: Session, cases: list[Any]) -> dict[int, Any]:
    """The cases as the person may read them, by id."""
    masks = masking.masks_for(session, me(), [case.id for case in cases], now())
    return {case.id: masked_rows.case(masks[case.id], case) for case in cases}


def _years(cases: Mapping[int, int], signals: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """How many cases and signals fall due, by year."""
    years = sorted(cases.keys() | signals.keys())
    return {year: (cases.get(year, 0), signals.get(year, 0)) for year in years}


def plan_names(session: Session) -> dict[str, Plan]:
    """Every plan by its key."""
    return {one.plan.key: one.plan for one in retention.plan_terms(session)}


def may(*roles: str) -> bool:
    """Whether the person signed in holds one of the roles."""
    return not set(roles).isdisjoint(me().role_keys)


@bp.app_template_global("archive_tabs")
def tabs(here: str) -> list[NavigationItem]:
    """The pages of the room."""
    pages = [
        ("due", "archive_room.index", _("到期与销毁"), "clipboard-list"),
        ("files", "archive_files.index", _("案卷"), "archive"),
        ("signals", "archive_signals.index", _("未立案线索"), "radar-2"),
        ("holds", "archive_files.holds", _("暂缓销毁"), "hourglass"),
        ("terms", "archive_terms.show", _("保管期限设定"), "calendar"),
    ]
    return [
        NavigationItem(text, url_for(endpoint), icon, key == here)
        for key, endpoint, text, icon in pages
    ]
