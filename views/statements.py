"""A statement's page: its versions and any two compared, approvals, what blocks its release,
releases; and the acts that happen there rather than in a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, make_response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.cases import Case
from models.words import Statement
from services import (
    approvals,
    masked_rows,
    masking,
    oral_approvals,
    release_reading,
    releases,
    statement_reading,
    statements,
)
from services.approval_needs import awaits_page
from services.approvals import Decision
from services.directory import people_in_roles
from services.errors import Refusal
from services.statement_text import Parts
from views import statement_terms
from views.forms import Mistakes, Reader
from views.forms.parts import read_parts
from views.forms.statement_release import channel_options, read_release
from views.i18n import loc
from views.kit import Answer, actor, database, me, now, render, row_number, run, say, see_other
from views.refusals import field_errors, sentence
from views.statement_page import compared, frame, text_values
from views.unmasking import panel

bp = Blueprint("statements", __name__, url_prefix="/statements")


# ----------------------------------------------------------------------------- reading


@bp.get("/<int:statement_id>")
@login_required
def show(statement_id: int) -> Answer:
    """The statement; ``?a=1&b=3`` compares two versions."""
    return _page(statement_id)


@bp.get("/<int:statement_id>/text")
@login_required
def printable(statement_id: int) -> Answer:
    """One version (the latest, or ``?version=``) to copy or print, with its hash."""
    with database().read() as session:
        statement, case = statement_reading.seen_by(session, me(), statement_id)
        mask = masking.mask_for(session, me(), case.id, now())
        number = request.args.get("version", type=row_number) or statement.latest_number
        out = masked_rows.published(release_reading.of_statement(session, statement.id))
        text = statement_reading.version(session, statement.id, number)
        return render(
            "statements/text.html",
            version=masked_rows.version(mask, text, out),
            statement=statement,
            case=masked_rows.case(mask, case),
            words=statement_terms,
            unmask=panel(case, mask),
        )


def _page(
    statement_id: int,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    failed: str = "",
) -> Answer:
    with database().read() as session:
        statement, case = statement_reading.seen_by(session, me(), statement_id)
        mask = masking.mask_for(session, me(), case.id, now())
        shown = masked_rows.statement_frame(mask, frame(session, statement, case.at(now())))
        text = render(
            "statements/show.html",
            **shown,
            **_comparison(session, statement, shown),
            **_acts(session, statement, case, shown),
            case=masked_rows.case(mask, case),
            demo_case=case,
            unmask=panel(case, mask),
            defaults=text_values(shown["current"]),
            corrected=statement_reading.find(session, statement.corrects_id),
            values=request.form if failed else {},
            errors=errors or {},
            failed=failed,
            refused=refused,
        )
    return make_response(text, status)


def _comparison(session: Session, statement: Statement, shown: dict[str, Any]) -> dict[str, Any]:
    """The two versions asked for; without asking, the latest against the one before it."""
    last = statement.latest_number
    one = request.args.get("a", type=row_number) or max(1, last - 1)
    other = request.args.get("b", type=row_number) or last
    if one == other:
        return {"comparison": None, "one": one, "other": other}
    found = statement_reading.compare(session, statement.id, one, other)
    # What is compared is what is shown: a part that is masked is the same masked twice.
    texts = {version.number: version for version in shown["versions"]}
    parts = compared(texts[found.older.number], texts[found.newer.number])
    return {"comparison": parts, "one": found.older.number, "other": found.newer.number}


def _acts(
    session: Session, statement: Statement, case: Case, shown: dict[str, Any]
) -> dict[str, Any]:
    """What this person may do here."""
    person = me()
    over = case.status == "archived"
    words_role = statement_reading.role_for_wording(session, person, case)
    may_word = words_role is not None and not over
    needs = shown["needs"]
    due = [n for n in needs if not over and awaits_page(session, statement, n, needs)]
    deputies = {n.kind: people_in_roles(session, [n.role]) for n in due}
    own_text = shown["current"].author_id == person.id
    waits = release_reading.release_task(session, statement)
    may_release = (
        not over and release_reading.may_release(session, person.role_keys, case) is not None
    )
    return {
        "may_edit": may_word and statement.status == "draft",
        "may_correct": may_word and statement.status != "draft",
        "tap": [n for n in due if n.role in person.role_keys],
        "oral_needs": [n for n in due if may_word and deputies[n.kind] and not own_text],
        "approvers": deputies,
        "release_task": waits,
        "may_release": may_release,
        "may_release_here": may_release
        and statement.status != "withdrawn"
        and (statement.status == "released" or waits is None),
        "channels": channel_options(session),
        "loc": loc,
    }


# ------------------------------------------------------------------------------ acting


def _attempt(statement_id: int, failed: str, work: Callable[[], str]) -> Answer:
    """Do it and show the page anew; refused, it comes again with what was typed in form
    ``failed``."""
    try:
        said = work()
    except Mistakes as mistakes:
        return _page(statement_id, 422, mistakes.errors, failed=failed)
    except Refusal as refusal:
        if refusal.status == 404 or refusal.code in {"read_only", "not_active", "not_your_role"}:
            raise
        errors = field_errors(refusal)
        words = "" if errors else sentence(refusal)
        return _page(statement_id, refusal.status, errors, words, failed)
    say(said)
    return see_other("statements.show", statement_id=statement_id)


@bp.post("/<int:statement_id>/versions")
@login_required
def edit(statement_id: int) -> Answer:
    """A new version; every approval of the older text is voided."""

    def work() -> str:
        read = Reader(request.form)
        data, note = read_parts(read), read.text("note", limit=1_000)
        base = read.text("digest", limit=64)
        read.finish()
        parts = Parts.read(data)
        made = run(
            lambda uow: statements.add_version(
                uow, statement_id, parts, actor(), now(), base_digest=base, note=note
            )
        )
        return str(_("已存为第 %(n)s 版,此前的同意已失效,须重新审签。", n=made.number))

    return _attempt(statement_id, "edit", work)


@bp.post("/<int:statement_id>/approve/<kind>")
@login_required
def approve(statement_id: int, kind: str) -> Answer:
    """One tap: approve the latest text again."""

    def work() -> str:
        digest = request.form.get("digest", "")
        run(lambda uow: approvals.approve_again(uow, statement_id, kind, digest, actor(), now()))
        return str(_("已同意最新版。"))

    return _attempt(statement_id, "approve", work)


@bp.post("/<int:statement_id>/oral/<kind>")
@login_required
def oral(statement_id: int, kind: str) -> Answer:
    """Enter what an approver said by telephone."""

    def work() -> str:
        read = Reader(request.form)
        by = read.whole("oral_by", required=True)
        occurred_at = read.moment("occurred_at", required=True)
        digest = read.text("digest", limit=64)
        comment = read.text("comment", limit=2_000)
        read.finish()
        assert occurred_at is not None
        given = Decision(kind, "approve", digest, comment, oral_by=by)
        run(
            lambda uow: oral_approvals.enter_oral(
                uow, statement_id, given, actor(), now(), occurred_at=occurred_at
            )
        )
        return str(_("已录入电话请示的意见,请本人之后补签。"))

    return _attempt(statement_id, f"oral-{kind}", work)


@bp.post("/<int:statement_id>/approvals/<int:approval_id>/countersign")
@login_required
def countersign(statement_id: int, approval_id: int) -> Answer:
    """The approver signs what they had said by telephone."""

    def work() -> str:
        run(lambda uow: oral_approvals.countersign(uow, approval_id, actor(), now()))
        return str(_("已补签。"))

    return _attempt(statement_id, "countersign", work)


@bp.post("/<int:statement_id>/releases")
@login_required
def release(statement_id: int) -> Answer:
    """Release outside a task: a correction, or a further channel."""

    def work() -> str:
        read = Reader(request.form)
        data, occurred_at = read_release(read), read.moment("occurred_at")
        read.finish()
        run(
            lambda uow: releases.release_from_page(
                uow, statement_id, actor=actor(), now=now(), occurred_at=occurred_at, **data
            )
        )
        return str(_("发布已登记。"))

    return _attempt(statement_id, "release", work)


@bp.post("/<int:statement_id>/releases/<int:release_id>/link")
@login_required
def link(statement_id: int, release_id: int) -> Answer:
    """Add the public address, or put it right."""

    def work() -> str:
        address = request.form.get("link", "")
        run(lambda uow: releases.add_link(uow, release_id, address, actor(), now()))
        return str(_("链接已登记。"))

    return _attempt(statement_id, f"link-{release_id}", work)


@bp.post("/<int:statement_id>/releases/<int:release_id>/withdraw")
@login_required
def withdraw(statement_id: int, release_id: int) -> Answer:
    """Record that it was taken back, and why."""

    def work() -> str:
        read = Reader(request.form)
        reason = read.text("reason", required=True, limit=2_000)
        occurred_at = read.moment("occurred_at")
        read.finish()
        run(
            lambda uow: releases.withdraw(
                uow, release_id, reason, actor(), now(), occurred_at=occurred_at
            )
        )
        return str(_("撤回已登记。"))

    return _attempt(statement_id, f"withdraw-{release_id}", work)
