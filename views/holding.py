"""Holds (暂缓销毁) from the page of what is held, a case or a signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.retention import LegalHold
from services import access, legal_holds, masked_rows
from services.actor import Actor
from services.directory import people_by_id
from services.errors import Refusal
from services.masking import Mask
from services.uow import UnitOfWork
from views.kit import Answer, actor, me, now, run, say
from views.refusals import field_errors, sentence

#: Places the hold, for a reason.
Place = Callable[[UnitOfWork, str, Actor, datetime], object]


class Page(Protocol):
    """The page of what is held, with what was wrong by field, or the sentence of a refusal."""

    def __call__(self, status: int, errors: Mapping[str, str], refused: str) -> Answer: ...


def placed(place: Place, page: Page, there: Callable[[], Answer]) -> Answer:
    """Hold it, then go ``there``; or ``page`` with what is wrong, what was typed kept."""

    def work() -> str:
        role, reason = _role(), request.form.get("reason", "")
        run(lambda uow: place(uow, reason, actor(role), now()))
        return _("已暂缓销毁,解除前不会被销毁。")

    return _attempt("reason", work, page, there)


def lifted(hold_id: int, page: Page, there: Callable[[], Answer]) -> Answer:
    """Lift a hold, with a word why; as `placed`."""
    field = f"lift_{hold_id}"

    def work() -> str:
        role, reason = _role(), request.form.get(field, "")
        run(lambda uow: legal_holds.lift(uow, hold_id, reason, actor(role), now()))
        return _("已解除暂缓。")

    return _attempt(field, work, page, there)


def shown(session: Session, holds: Sequence[LegalHold], mask: Mask) -> dict[str, Any]:
    """What `archive_room/_holds.html` shows, but for where its forms go."""
    return {
        "holds": [masked_rows.text_of(mask, hold, "reason", "lift_reason") for hold in holds],
        "people": people_by_id(
            session, [one for hold in holds for one in (hold.placed_by, hold.lifted_by)]
        ),
        "may_hold": legal_holds.may_hold(me()),
        "values": request.form if request.method == "POST" else {},
    }


def _role() -> str:
    return access.require_role(me(), *legal_holds.HOLDERS)


def _attempt(
    field: str, work: Callable[[], str], page: Page, there: Callable[[], Answer]
) -> Answer:
    try:
        said = work()
    except Refusal as refusal:
        if refusal.status in {403, 404} or refusal.code == "signal_taken":
            raise
        wrong = " ".join(field_errors(refusal).values())
        return page(
            refusal.status, {field: wrong} if wrong else {}, "" if wrong else sentence(refusal)
        )
    say(said)
    return there()
