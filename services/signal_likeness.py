"""Which signals may be the same thing: suggested, and a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.intake import Signal
from services.fingerprints import likeness

#: What looks like a signal is sought among those discovered this long before or after it...
NEARBY = timedelta(hours=72)
#: ...and no more of them than this; alike from this share of their text on.
MOST = 300
ALIKE = 0.55


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A signal that may be the same thing. ``likeness`` is 1.0 for the same link or text."""

    signal: Signal
    likeness: float


def duplicates(session: Session, signal: Signal) -> list[Suggestion]:
    """Signals that look like the same thing, the likeliest first: the same fingerprint at any
    time, or much the same text within `NEARBY`. A person decides. Nothing looks like what was
    destroyed."""
    if signal.destroyed_at is not None:
        return []
    here = Signal.destroyed_at.is_(None)
    same = session.scalars(
        select(Signal)
        .where(Signal.fingerprint == signal.fingerprint, Signal.id != signal.id, here)
        .order_by(Signal.id)
        .limit(MOST)
    )
    found = {other.id: Suggestion(other, 1.0) for other in same}
    near = session.scalars(
        select(Signal)
        .where(
            Signal.status.in_(("new", "taken")),
            Signal.discovered_at.between(
                signal.discovered_at - NEARBY, signal.discovered_at + NEARBY
            ),
            Signal.id != signal.id,
            here,
        )
        .order_by(Signal.discovered_at.desc())
        .limit(MOST)
    )
    for other in near:
        share = likeness(signal.text, other.text)
        if other.id not in found and share >= ALIKE:
            found[other.id] = Suggestion(other, share)
    return sorted(found.values(), key=lambda s: (-s.likeness, s.signal.id))
