"""Signals as the archive's pages name them: by number to everybody who decides on them, by their
words only to those who see signals anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.intake import Signal
from services import masked_rows, masking, signals
from views.kit import me, now
from views.terms import MEDIA, SIGNAL_STATUSES, named

#: Characters of a signal's text in a list.
_WORDS = 60


@dataclass(frozen=True, slots=True)
class SignalRow:
    """``words`` is the beginning of the text as the person may read it, "" for whoever sees no
    signals, and says so where it has been destroyed. ``may_see`` leads to the signal's own page."""

    id: int
    name: str
    words: str
    status: str
    medium: str
    recorded_at: datetime
    settled_at: datetime | None
    destroyed: bool
    may_see: bool


def rows_of(session: Session, found: Sequence[Signal]) -> dict[int, SignalRow]:
    """By id."""
    masks = masking.masks_for_signals(session, me(), found, now())
    return {row.id: _row(masks[row.id], row) for row in found}


def _row(mask: masking.Mask, row: Signal) -> SignalRow:
    may_see = signals.may_see(me(), row)
    gone = row.destroyed_at is not None
    text = masked_rows.signal(mask, row).text if may_see else ""
    if gone:
        text = _("(已销毁)")
    return SignalRow(
        id=row.id,
        name=_("舆情线索 #%(n)s", n=row.id),
        words=text if len(text) <= _WORDS else f"{text[:_WORDS]}…",
        status=_("没有处理")
        if gone and row.status == "new"
        else named(SIGNAL_STATUSES, row.status),
        medium=named(MEDIA, row.medium) if row.medium else "",
        recorded_at=row.recorded_at,
        settled_at=row.settled_at,
        destroyed=gone,
        may_see=may_see,
    )
