"""Destroying what was recorded of a signal that never became a case (销毁线索), when its term is
over and two people have agreed to a list it stands on.

Text, link, who told us, why it was set aside, files, why it was held, why an auditor saw it: all of
it goes, with the salts; the events stay, and the organisation's chain still verifies. What stays of
the signal: its number, when it was noticed and recorded and by whom, medium, source and counts,
what became of it. Its fingerprint goes too: it is a plain hash of the link or the text, by which
whoever guesses them could tell that the guess is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.intake import Signal
from services import destruction, destruction_rows, history
from services.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Gone:
    """How many values and files there were."""

    values: int
    files: int


def destroy(uow: UnitOfWork, signal: Signal, act: destruction.Act, data_dir: Path | None) -> Gone:
    """Take every typed word out of a signal that is no case's, its row locked by the caller, and
    record ``signal.destroyed`` in the organisation's chain; ``act``'s moments are wall time. As
    `services.destruction.destroy`, the space freed is cleared by `clear_freed`."""
    session = uow.session
    uow.flush()
    events = destruction_rows.signal_events(session, [signal.id])
    events += destruction_rows.unmaskings(session, [], [signal.id])
    wanted = {
        commitment: (event, name)
        for event in events
        for name, commitment in history.content_of(event).get("personal", {}).items()
    }
    values = list(destruction.values_of(session, wanted))
    attached = destruction_rows.attachments_of_signal(session, signal.id)
    destruction.delete_values(session, values)
    destruction_rows.blank_signal(session, signal, act.at)
    destruction_rows.remove_files(uow, attached, data_dir)
    destruction_rows.remove_exports(uow, None, data_dir, act.at)
    history.append(
        uow,
        "signal.destroyed",
        actor=act.actor,
        payload={
            "signal": signal.id,
            "values": len(values),
            "files": len(attached),
            "reason": act.reason,
            "basis": list(destruction.BASIS),
            **act.of,
        },
        occurred_at=act.occurred_at,
        now=act.at,
    )
    return Gone(len(values), len(attached))
