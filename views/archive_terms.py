"""The unit's retention table (保管期限表), and how long the cases of each plan, and signals of no
case, are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, request
from flask_babel import gettext as _

from services import access, retention, retention_signals, retention_table
from services.errors import Refusal
from views.archive_room import may
from views.forms import Mistakes, Reader
from views.gates import keepers_only
from views.i18n import loc
from views.kit import Answer, actor, database, me, now, render, run, say, see_other
from views.refusals import field_errors, sentence

bp = Blueprint("archive_terms", __name__, url_prefix="/archive/terms")
bp.before_request(keepers_only)


@bp.get("")
def show() -> Answer:
    """The table, and the plans' terms."""
    return _page()


@bp.post("")
def add() -> Answer:
    """Add a term of the unit's own."""

    def work() -> str:
        read = Reader(request.form)
        name = read.text("name", required=True, limit=retention_table.NAME_LIMIT)
        name_en = read.text("name_en", limit=retention_table.NAME_LIMIT)
        ends = read.choice("ends", ("permanent", "years"), required=True)
        years = read.whole("years", required=ends == "years")
        read.finish()
        term = run(
            lambda uow: retention_table.add_term(
                uow, name, name_en, years if ends == "years" else None, actor(_role()), now()
            )
        )
        return _("已增加:%(name)s。", name=loc(term))

    return _attempt(work)


@bp.post("/<key>")
def change(key: str) -> Answer:
    """Rename a term, switch it off or on."""

    def work() -> str:
        read = Reader(request.form)
        name = read.text(f"name_{key}", required=True, limit=retention_table.NAME_LIMIT)
        name_en = read.text(f"name_en_{key}", limit=retention_table.NAME_LIMIT)
        read.finish()
        active = read.flag(f"active_{key}")
        run(
            lambda uow: retention_table.change_term(
                uow, key, actor(_role()), now(), name=name, name_en=name_en, active=active
            )
        )
        return _("已保存:%(name)s。", name=name)

    return _attempt(work, key)


@bp.post("/plans/<plan_key>")
def set_plan(plan_key: str) -> Answer:
    """Say how long a plan's cases are kept."""

    def work() -> str:
        term = request.form.get("term", "")[:40]
        run(lambda uow: retention.set_plan_term(uow, plan_key, term, actor(_role()), now()))
        return _("已设定,已归档的事件也按新期限计算。")

    return _attempt(work)


@bp.post("/signals")
def set_signals() -> Answer:
    """Say how long signals that never became a case are kept."""

    def work() -> str:
        term = request.form.get("term", "")[:40]
        run(lambda uow: retention_signals.set_signal_term(uow, term, actor(_role()), now()))
        return _("已设定,已登记的线索也按新期限计算。")

    return _attempt(work)


def _role() -> str:
    """The role in which the person sets terms. Raises Refusal ``not_your_role`` 403."""
    return access.require_role(me(), *retention_table.SETTERS)


def _attempt(work: Callable[[], str], key: str = "") -> Answer:
    try:
        said = work()
    except Mistakes as mistakes:
        return _page(422, mistakes.errors)
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        found = field_errors(refusal)
        errors = {f"{name}_{key}" if key else name: text for name, text in found.items()}
        return _page(refusal.status, errors, "" if errors else sentence(refusal))
    say(said)
    return see_other("archive_terms.show")


def _page(status: int = 200, errors: Mapping[str, str] | None = None, refused: str = "") -> Answer:
    with database().read() as session:
        terms = retention_table.terms(session)
        labels = {
            "name": _("名称"),
            "name_en": _("英文名称"),
            "years": _("年数"),
            "ends": _("期限"),
        }
        page = render(
            "archive_room/terms.html",
            terms=terms,
            plans=retention.plan_terms(session),
            signals=retention_signals.signal_term(session),
            may_set=may(*retention_table.SETTERS),
            permanent=retention_table.PERMANENT,
            labels=labels | {f"{f}_{t.key}": loc(t) for t in terms for f in ("name", "name_en")},
            errors=errors or {},
            values=request.form if request.method == "POST" else {},
            refused=refused,
        )
    return page if status == 200 else (page, status)
