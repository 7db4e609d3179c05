"""Files of a case for an auditor: a photograph cannot be masked in part, so that a file is handed
out only where the case, or the signal, is unmasked for them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.intake import Attachment, Signal
from models.people import Person
from services import files, masking, signals
from services.errors import Refusal
from services.files import Download


def download(
    session: Session, data_dir: Path, attachment_id: int, person: Person, now: datetime
) -> Download:
    """As `services.files.download`. Raises its refusals, and ``file_masked`` 403 with ``case`` or
    ``signal`` (what is to be unmasked) where the person sees it masked only."""
    found = files.download(session, data_dir, attachment_id, person, signals.may_see)
    row = session.get_one(Attachment, attachment_id)
    signal = session.get(Signal, row.signal_id) if row.signal_id is not None else None
    case_id = row.case_id if row.case_id is not None else signal.case_id if signal else None
    if signal is not None and row.case_id is None:
        mask = masking.masks_for_signals(session, person, [signal], now)[signal.id]
    else:
        mask = masking.mask_for(session, person, case_id, now)
    if mask.on:
        if case_id is None and signal is not None:
            raise Refusal("file_masked", 403, signal=signal.id)
        raise Refusal("file_masked", 403, case=case_id)
    return found
