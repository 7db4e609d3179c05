"""Whether a chain of history still says what was written.

Found here: a changed body, hash or column, an event removed, inserted or moved, an end cut off,
a personal value altered, put under another event, or gone without an event that says it was
destroyed: in a case's chain one after it; for what the organisation's events and the audit room's
held of a signal or of a case, ``signal.destroyed`` in the organisation's chain, or
``personal.destroyed`` in that of the case. Not found here: a chain that somebody with
full access to the database rewrote whole, head and all; against that stand the hashes handed out
(evidence bundles carry the head's), which such a chain no longer meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent, PersonalValue
from models.intake import Signal
from services.canonical import canonical, commitment_of, link_hash
from services.history import ORG, body_of, chain_of, content_of, events_of_chain
from services.rows import portions

Reason = Literal[
    "",
    "gap",  # a sequence number is missing or comes twice
    "hash",  # column or content is not what was hashed after the event before
    "content",  # the content is not the canonical JSON of what belongs there
    "columns",  # a column that is not hashed says something else than those that are
    "personal",  # a personal value is not the one committed to
    "stray",  # a personal value that no event commits to
    "untold",  # a personal value is gone, and nothing says that it was destroyed
    "cut_off",  # the head knows of later events
    "head",  # the head's hash is not the last event's, or there is no head
    "missing",  # a case without any history
]

_BATCH = 500
_DESTROYED = "personal.destroyed"
_SIGNAL_DESTROYED = "signal.destroyed"


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The outcome for one chain.

    ``length`` is the number of events there are; ``first_break`` the sequence number at which
    the first thing wrong was found (None when nothing is, or it lies in no event); ``head`` the
    last event's hash; ``erased`` how many personal values retention has deleted.
    """

    chain: str
    ok: bool
    length: int
    first_break: int | None = None
    reason: Reason = ""
    head: str = ""
    erased: int = 0


class _Broken(Exception):
    def __init__(self, reason: Reason, seq: int | None) -> None:
        self.reason: Reason = reason
        self.seq = seq
        super().__init__(f"{reason} at {seq}")


def verify_chain(session: Session, chain: str) -> ChainReport:
    """Recompute the chain (``case:ID`` or ``org``) and report the first thing wrong with it."""
    length = session.scalar(
        select(func.count()).select_from(HistoryEvent).where(HistoryEvent.chain == chain)
    )
    assert length is not None
    try:
        last, erased, committed, untold = _walk(session, chain)
        _check_head(session, chain, length, last)
        _check_stray(session, chain, committed)
        if untold and _case_of(chain) is None:
            untold = _unexplained(session, chain, untold)
        if untold:
            raise _Broken("untold", min(untold))
    except _Broken as broken:
        return ChainReport(chain, False, length, broken.seq, broken.reason)
    return ChainReport(chain, True, length, head=last, erased=erased)


def verify_all(session: Session) -> Iterator[ChainReport]:
    """A report for each chain: the organisation's, every case's, and any other that is there."""
    chains = {ORG}
    chains |= {chain_of(case_id) for case_id in session.scalars(select(Case.id))}
    chains |= set(session.scalars(select(ChainHead.chain)))
    chains |= set(session.scalars(select(HistoryEvent.chain).distinct()))
    for chain in sorted(chains, key=lambda name: (len(name), name)):
        yield verify_chain(session, chain)


def _walk(session: Session, chain: str) -> tuple[str, int, set[str], list[int]]:
    """Check event after event; the last hash, the number of erased personal values, all
    commitments, and the events with a value that is gone and no destruction after them."""
    previous, seq, erased, destroyed = "", 0, 0, 0
    committed: set[str] = set()
    untold: list[int] = []
    while events := _fetch(session, chain, seq):
        bodies = []
        for event in events:
            seq += 1
            bodies.append((seq, _check_event(event, seq, previous)))
            previous = event.hash
        gone = _check_personal(session, chain, bodies, committed)
        erased += len(gone)
        destroyed = max([seq_ for seq_, b in bodies if b["type"] == _DESTROYED], default=destroyed)
        untold = [one for one in (*untold, *gone) if one > destroyed]
        session.expunge_all()
    return previous, erased, committed, untold


def _unexplained(session: Session, chain: str, seqs: list[int]) -> list[int]:
    """Those of a chain's events with a value that is gone whose signal or case has not been
    destroyed by the record. One that is about neither never loses any."""
    about: dict[int, tuple[int, int]] = {}
    for some in portions(sorted(set(seqs))):
        rows = select(HistoryEvent).where(HistoryEvent.chain == chain, HistoryEvent.seq.in_(some))
        for event in session.scalars(rows):
            data = content_of(event)["data"]
            about[event.seq] = (_id(data.get("signal")), _id(data.get("case")))
    told = select(HistoryEvent).where(HistoryEvent.type == _SIGNAL_DESTROYED)
    signals = {
        _id(content_of(event)["data"].get("signal"))
        for event in session.scalars(told.where(HistoryEvent.chain == ORG))
    }
    of_case: dict[int, int] = {}
    for some in portions(sorted({signal for signal, _ in about.values()} - signals)):
        found = select(Signal.id, Signal.case_id).where(
            Signal.id.in_(some), Signal.case_id.is_not(None)
        )
        of_case |= {row[0]: row[1] or 0 for row in session.execute(found)}
    cases = set(
        session.scalars(select(HistoryEvent.case_id).where(HistoryEvent.type == _DESTROYED))
    )
    return [
        seq
        for seq, (signal, case) in about.items()
        if signal not in signals and of_case.get(signal, case) not in cases
    ]


def _id(value: object) -> int:
    return value if isinstance(value, int) else 0


def _fetch(session: Session, chain: str, after: int) -> list[HistoryEvent]:
    try:
        return events_of_chain(session, chain, after=after, limit=_BATCH)
    except (ValueError, TypeError) as error:  # a moment that is none: somebody wrote past us
        raise _Broken("columns", after + 1) from error


def _check_event(event: HistoryEvent, seq: int, previous: str) -> dict[str, Any]:
    """The event's body, when it is what stands ``seq``-th after ``previous``."""
    if event.seq != seq:
        raise _Broken("gap", seq)
    content = _content(event, seq)
    try:
        body = body_of(event)
        told = link_hash(previous, canonical(body))
    except (TypeError, ValueError) as error:
        raise _Broken("columns", seq) from error
    if event.hash != told:
        raise _Broken("hash", seq)
    if event.case_id != _case_of(event.chain) or ("by" in content and event.person_id is not None):
        raise _Broken("columns", seq)
    return body


def _content(event: HistoryEvent, seq: int) -> dict[str, Any]:
    try:
        content = content_of(event)
        if (
            isinstance(content, dict)
            and canonical(content) == event.content
            and {"data", "v"} <= content.keys() <= {"by", "data", "personal", "v"}
        ):
            return content
    except (TypeError, ValueError):
        pass
    raise _Broken("content", seq)


def _case_of(chain: str) -> int | None:
    number = chain.removeprefix("case:")
    return int(number) if number != chain and number.isascii() and number.isdigit() else None


def _check_personal(
    session: Session, chain: str, bodies: list[tuple[int, dict[str, Any]]], committed: set[str]
) -> list[int]:
    """For each value that is gone, the event that commits to it."""
    wanted = {
        commitment: (seq, name)
        for seq, body in bodies
        for name, commitment in body.get("personal", {}).items()
    }
    committed.update(wanted)
    gone = dict(wanted)
    broken: list[int] = []
    keys = list(wanted)
    for start in range(0, len(keys), _BATCH):
        query = select(PersonalValue).where(
            PersonalValue.commitment.in_(keys[start : start + _BATCH])
        )
        for row in session.scalars(query):
            seq, name = wanted[row.commitment]
            gone.pop(row.commitment, None)
            if (
                row.field != name
                or row.event_chain != chain
                or not _commits(row.commitment, row.salt, row.value)
            ):
                broken.append(seq)
    if broken:
        raise _Broken("personal", min(broken))
    return [seq for seq, _name in gone.values()]


def _commits(commitment: str, salt: str, value: str) -> bool:
    try:
        return commitment_of(salt, value) == commitment
    except ValueError:  # a salt that is no hex
        return False


def _check_stray(session: Session, chain: str, committed: set[str]) -> None:
    query = select(PersonalValue.commitment).where(PersonalValue.event_chain == chain)
    for commitment in session.scalars(query):
        if commitment not in committed:
            raise _Broken("stray", None)


def _check_head(session: Session, chain: str, length: int, last: str) -> None:
    head = session.execute(
        select(ChainHead.seq, ChainHead.hash).where(ChainHead.chain == chain)
    ).one_or_none()
    if head is None:
        if length:
            raise _Broken("head", length)
        case_id = _case_of(chain)
        if case_id is not None and session.get(Case, case_id) is not None:
            raise _Broken("missing", None)
        return
    if head.seq > length:
        raise _Broken("cut_off", length + 1)
    if head.seq != length or head.hash != last:
        raise _Broken("head", head.seq)
