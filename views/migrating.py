"""Which cases run on which version of a plan, and moving them to another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from services import access, case_migration, case_moves, masking, plans
from services.case_list import summaries
from services.case_migration import Outcome
from services.case_moves import CaseMove
from services.directory import roles
from services.errors import Refusal
from services.plan_reading import version_by_id, version_by_number, versions_of
from views import migration_words
from views.kit import Answer, actor, database, me, now, render, row_number, run, say, see_other
from views.refusals import field_errors

bp = Blueprint("migrating", __name__, url_prefix="/plans")

#: Cases looked at on one page; more are moved in several goes.
MOST = 100


@bp.get("/<key>/migrate")
@login_required
def show(key: str) -> Answer:
    """Cases by version; with ``case`` (ids) what moving each to version ``to`` (its number, else
    the one in force) would do."""
    return _page(key, request.args.getlist("case", type=int))


@bp.post("/<key>/migrate")
@login_required
def move(key: str) -> Answer:
    """Move the chosen cases, each by itself: one that cannot be moved keeps no other."""
    wanted, reason = request.form.getlist("case", type=int)[:MOST], request.form.get("reason", "")
    to_id = request.form.get("to_version", 0, type=row_number)
    if not case_moves.may_move(me()):
        raise Refusal("not_your_role", 403)
    outcomes: list[Outcome] = []
    passed: list[str] = []
    with database().read() as session:
        to = version_by_id(session, to_id)
        known = {case.id: case for case, _version in case_moves.running_cases(session, key)}
    for case_id in wanted:
        case = known.get(case_id)
        if case is None:
            passed.append(_("其中一件已不在运行"))
            continue
        try:
            outcomes.append(_move(case_id, to_id, reason))
        except Refusal as refusal:
            if refusal.code == "form_invalid":
                return _page(key, wanted, 422, field_errors(refusal), reason, to)
            if refusal.code not in ("same_version", "case_not_running"):
                raise
            passed.append(_("%(number)s 已在这一版或已不在运行", number=case.number))
    run(lambda uow: case_migration.note_batch(uow, to_id, outcomes, reason, actor(), now()))
    moved = [one for one in outcomes if one.moved]
    if moved:
        numbers = _("、").join(one.move.case.number for one in moved)
        say(_("已把 %(numbers)s 迁到第 %(n)s 版。", numbers=numbers, n=to.number))
    for one in outcomes:
        if not one.moved:
            say(_stays(one.move), "warning")
    for words in passed:
        say(words, "warning")
    stayed = [one.move.case.id for one in outcomes if not one.moved]
    return see_other("migrating.show", key=key, to=to.number, case=stayed)


def _move(case_id: int, to_id: int, reason: str) -> Outcome:
    return run(lambda uow: case_migration.migrate_case(uow, case_id, to_id, reason, actor(), now()))


def _stays(move: CaseMove) -> str:
    why = _(";").join(migration_words.reason_of(move, reason) for reason in move.reasons)
    return _("%(number)s 留在第 %(n)s 版:%(why)s。", number=move.case.number, n=move.was.number,
             why=why)  # fmt: skip


def _page(
    key: str,
    wanted: list[int],
    status: int = 200,
    errors: dict[str, str] | None = None,
    reason: str = "",
    chosen: PlanVersion | None = None,
) -> Answer:
    person = me()
    if not case_moves.may_read(person):
        raise Refusal("not_your_role", 403)
    with database().read() as session:
        current = plans.current_version(session, key)
        target = chosen or _target(session, key, current)
        rows = case_moves.running_cases(session, key)
        moves = [
            case_moves.look(session, case, target, now())
            for case, version in rows
            if case.id in set(wanted[:MOST]) and version.id != target.id
        ]
        masks = masking.masks_for(session, me(), [case.id for case, _version in rows], now())
        page = render(
            "migrating/show.html",
            plan_key=key,
            titles={case.id: masks[case.id].text(case.title) for case, _version in rows},
            plan=current,
            current=current,
            target=target,
            versions=versions_of(session, key),
            rows=rows,
            summaries=summaries(session, [case for case, _version in rows]),
            seen=_seen(session, [case for case, _version in rows]),
            wanted=set(wanted),
            moves=moves,
            details={one.case.id: _details(session, one) for one in moves},
            role_names={role.key: role for role in roles(session)},
            movable=[one for one in moves if not one.reasons],
            may_move=case_moves.may_move(person),
            words=migration_words,
            errors=errors or {},
            values={"reason": reason},
        )
    return (page, status)


def _target(session: Session, key: str, current: PlanVersion) -> PlanVersion:
    number = request.args.get("to", "")
    if number.isascii() and number.isdigit() and len(number) < 9:
        return version_by_number(session, key, int(number))
    return current


def _seen(session: Session, cases: list[Case]) -> set[int]:
    """Those the reader may open; of the others only number, tier and state are shown."""
    return {case.id for case in cases if access.can_see_case(session, me(), case)}


def _details(session: Session, move: CaseMove) -> dict[str, Any]:
    """What the preview shows beside the migration itself; ``at`` is the case's own time."""
    return {"tasks": case_moves.task_changes(session, move), "at": move.case.at(now())}
