"""The row of a signal, for whoever changes it: one after the other."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.intake import Signal


def locked(session: Session, signal_id: int) -> Signal | None:
    """The signal as it stands, its row locked for the rest of the unit: of two people who take it,
    or of one who holds it and one who destroys it, the second sees what the first did."""
    return session.scalar(
        select(Signal)
        .where(Signal.id == signal_id)
        .with_for_update()
        .execution_options(planroom_lock=True, populate_existing=True)
    )


def reports_of(session: Session, signal: Signal) -> list[Signal]:
    """What was marked as one more report of the signal, of one of these, and so on, and belongs to
    no case; locked before the case is opened, so that nothing of it is destroyed meanwhile."""
    found: list[Signal] = []
    ids = [signal.id]
    while ids:
        rows = session.scalars(
            select(Signal)
            .where(
                Signal.duplicate_of.in_(ids),
                Signal.case_id.is_(None),
                Signal.destroyed_at.is_(None),
            )
            .order_by(Signal.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        more = rows.all()
        found += more
        ids = [one.id for one in more]
    return found
