"""What a step of the engine may know of the world: a case's time, its anchors, the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.cases import Anchor, Case
from services.calendar import calendar_of
from workflows.contract import Context

_ANCHORS = (
    select(Anchor.name, Anchor.occurred_at)
    .where(Anchor.case_id == bindparam("b_case"), Anchor.superseded.is_(False))
    .order_by(Anchor.id)
)


def anchors_of(session: Session, case_id: int) -> dict[str, datetime]:
    """The case's recorded moments that stand: name -> when it really happened."""
    return dict(session.execute(_ANCHORS, {"b_case": case_id}).all())


def context_of(
    session: Session,
    case: Case,
    now: datetime,
    more: Mapping[str, datetime] | None = None,
    *,
    known: Mapping[str, datetime] | None = None,
) -> Context:
    """The context of a step at the wall moment ``now``; ``more`` are anchors about to be
    recorded with it, ``known`` those already read."""
    anchors = anchors_of(session, case.id) if known is None else known
    return Context(
        now=case.at(now), anchors={**anchors, **(more or {})}, calendar=calendar_of(session)
    )
