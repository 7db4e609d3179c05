"""A case's chain as lines of JSON, as it was hashed; the personal values it commits to; and the
names behind the numbers in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.history import HistoryEvent, PersonalValue
from services.canonical import canonical
from services.directory import people_by_id
from services.errors import Refusal
from services.history import body_of, chain_of, events_of_case

_BATCH = 500


def batches(session: Session, case_id: int) -> Iterator[list[HistoryEvent]]:
    """The chain's events, some at a time, each forgotten by the session when the next come. Raises
    Refusal ``chain_unreadable`` 409 (``seq``) where somebody wrote past us what cannot be read."""
    after = 0
    while True:
        try:
            events = events_of_case(session, case_id, after=after, limit=_BATCH)
        except (ValueError, TypeError) as error:  # a moment that is none: somebody wrote past us
            raise Refusal("chain_unreadable", 409, seq=after + 1) from error
        if not events:
            return
        after = events[-1].seq
        yield events
        for event in events:
            session.expunge(event)


def lines(session: Session, case_id: int) -> Iterator[bytes]:
    """``{"body": BODY, "hash": HASH}`` for each event, canonical JSON (RFC 8785), one a line.
    Raises Refusal as `batches`."""
    for events in batches(session, case_id):
        yield b"".join(_line(event) for event in events)


def _line(event: HistoryEvent) -> bytes:
    try:
        body = canonical(body_of(event))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refusal("chain_unreadable", 409, seq=event.seq) from error
    return f'{{"body":{body},"hash":"{event.hash}"}}\n'.encode()


def _commitments(session: Session, case_id: int) -> Iterator[list[tuple[int, str, str]]]:
    """Sequence number, field and commitment of every personal value, in the events' order, some
    at a time."""
    after = 0
    while True:
        rows = session.execute(
            select(HistoryEvent.seq, HistoryEvent.content)
            .where(HistoryEvent.chain == chain_of(case_id), HistoryEvent.seq > after)
            .order_by(HistoryEvent.seq)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        after = rows[-1].seq
        found = []
        for seq, content in rows:
            try:
                fields = json.loads(content).get("personal", {})
                found += [(seq, name, str(fields[name])) for name in sorted(fields)]
            except (TypeError, ValueError, AttributeError) as error:
                raise Refusal("chain_unreadable", 409, seq=seq) from error
        yield found


def personal_lines(session: Session, case_id: int) -> Iterator[bytes]:
    """``{"commitment", "field", "salt", "seq", "value"}`` for each personal value still kept, in
    the order of the events, canonical JSON, one a line. Raises Refusal as `batches`."""
    for wanted in _commitments(session, case_id):
        kept = _kept(session, [commitment for _seq, _name, commitment in wanted])
        yield b"".join(
            _personal(seq, *kept[commitment])
            for seq, _name, commitment in wanted
            if commitment in kept
        )


def _kept(session: Session, wanted: list[str]) -> dict[str, tuple[str, str, str, str]]:
    columns = (PersonalValue.commitment, PersonalValue.field, PersonalValue.salt)
    kept = {}
    for start in range(0, len(wanted), _BATCH):
        some = PersonalValue.commitment.in_(wanted[start : start + _BATCH])
        for row in session.execute(select(*columns, PersonalValue.value).where(some)):
            kept[row[0]] = (row[0], row[1], row[2], row[3])
    return kept


def _personal(seq: int, commitment: str, field: str, salt: str, value: str) -> bytes:
    try:
        told = json.loads(value)
    except ValueError as error:
        raise Refusal("chain_unreadable", 409, seq=seq) from error
    line = {"commitment": commitment, "field": field, "salt": salt, "seq": seq, "value": told}
    return f"{canonical(line)}\n".encode()


def erased(session: Session, case_id: int) -> int:
    """How many personal values the chain commits to that are no longer kept. Raises Refusal as
    `batches`."""
    committed = {one[2] for some in _commitments(session, case_id) for one in some}
    rows = select(PersonalValue.commitment).where(PersonalValue.event_chain == chain_of(case_id))
    return len(committed - set(session.scalars(rows)))


def people(session: Session, case_id: int) -> bytes:
    """Who stands behind the numbers in events (``actor``, ``for``): id -> names, as they are now.
    These are people of the unit, never members of the public."""
    ids = select(HistoryEvent.person_id, HistoryEvent.on_behalf_of).where(
        HistoryEvent.chain == chain_of(case_id)
    )
    wanted = {found for row in session.execute(ids.distinct()) for found in row}
    named = people_by_id(session, wanted)
    told = {str(one.id): {"name": one.name, "name_en": one.name_en} for one in named.values()}
    return canonical(told).encode()
