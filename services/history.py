"""The record. The one writer of history events, and how they are read back.

An event's body is the RFC 8785 canonical JSON of all that matters about it:

``{"actor": 3 | "clock" | "system", "at": recorded, "chain": "case:12", "data": payload,
"for": on behalf of, "happened": when it really happened, "path": element path,
"personal": {field: commitment}, "role": role key, "seq": n, "type": name, "v": version}``

``for``, ``path``, ``personal`` and ``role`` are left out when empty, ``happened`` when it is
``at``. The event's hash is the SHA-256 (hex) of the previous event's hash followed by the body, in
UTF-8; the first event of a chain follows the empty string. A personal value's commitment is the
SHA-256 of its 16 bytes of salt followed by its canonical JSON.

A row holds the body's parts once: in columns those that are searched, in ``content`` (canonical
JSON too) ``data``, ``personal``, ``v`` and, for an actor that is no person, ``by``.

Events are gathered in the unit of work and written once before it commits: the chain's head is
locked, read and moved once, however many events there are.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import ChainHead, HistoryEvent, PersonalValue
from services.actor import Actor
from services.canonical import canonical, commitment_of, link_hash, plain
from services.errors import Stale
from services.history_types import event_type
from services.moments import utc_text
from services.uow import UnitOfWork

ORG = "org"
AUDIT = "audit"  # what was opened, searched, exported and unmasked
HEADS = "heads"  # the daily seals of all other chains

# Plain Core statements, made once: the way through the ORM costs three times as much.
_EVENTS = cast(Table, HistoryEvent.__table__)
_VALUES = cast(Table, PersonalValue.__table__)
_HEADS = cast(Table, ChainHead.__table__)
_COLUMNS = tuple(column.name for column in _EVENTS.c if column.name != "id")
_READ_HEAD = (
    select(_HEADS.c.seq, _HEADS.c.hash)
    .where(_HEADS.c.chain == bindparam("of_chain"))
    .with_for_update()
    .execution_options(planroom_lock=True)
)
_MOVE_HEAD = update(_HEADS).where(
    _HEADS.c.chain == bindparam("of_chain"), _HEADS.c.seq == bindparam("from_seq")
)


def append(
    uow: UnitOfWork,
    type_: str,
    *,
    case: Case | None = None,
    actor: Actor,
    occurred_at: datetime,
    now: datetime,
    payload: Mapping[str, Any],
    element_path: str = "",
    personal: Mapping[str, Any] | None = None,
    chain: str = ORG,
) -> HistoryEvent:
    """Add an event to the case's chain, or when ``case`` is None to ``chain`` (`ORG`, `AUDIT`,
    `HEADS`).

    ``occurred_at`` is when it happened, ``now`` when it is recorded; both in case time for an
    event of a case. Datetimes, dates, durations and decimals in the payload become text and
    numbers. A personal value that is None or "" is left out. The event returned stands outside the
    session and gets its ``seq`` and ``hash`` (never its ``id``) when the unit of work is
    flushed (`UnitOfWork.flush`, at the latest before the commit). Raises `PayloadError` for an
    unknown type, a payload that is not of its schema, or a value that JSON cannot carry.
    """
    spec = event_type(type_)
    data = cast(dict[str, Any], plain(payload))
    private = {k: plain(v) for k, v in (personal or {}).items() if v is not None and v != ""}
    spec.check(data, private)
    if case is not None and case.id is None:
        uow.session.flush()
    event = HistoryEvent(
        chain=chain if case is None else chain_of(case.id),
        case_id=None if case is None else case.id,
        type=type_,
        person_id=actor.person_id,
        role_key=actor.role,
        on_behalf_of=actor.on_behalf_of,
        element_path=element_path,
        occurred_at=occurred_at,
        recorded_at=now,
    )
    values = [_sealed(event.chain, name, value) for name, value in private.items()]
    content = {"data": canonical(data), "v": str(spec.version)}
    if actor.kind != "person":
        content["by"] = canonical(actor.kind)
    if values:
        content["personal"] = canonical({v["field"]: v["commitment"] for v in values})
    event.content = _joined(content)
    uow.participant(_Pending, lambda: _Pending(uow.session)).add(event, content, values)
    return event


def chain_of(case_id: int) -> str:
    """The chain of a case."""
    return f"case:{case_id}"


def events_of_case(
    session: Session, case_id: int, after: int = 0, limit: int = 500
) -> list[HistoryEvent]:
    """The case's events in order, those with ``seq`` above ``after``, at most ``limit``."""
    return events_of_chain(session, chain_of(case_id), after, limit)


def events_of_chain(
    session: Session, chain: str, after: int = 0, limit: int = 500
) -> list[HistoryEvent]:
    """A chain's events in order, those with ``seq`` above ``after``, at most ``limit``."""
    query = (
        select(HistoryEvent)
        .where(HistoryEvent.chain == chain, HistoryEvent.seq > after)
        .order_by(HistoryEvent.seq)
        .limit(limit)
    )
    return list(session.scalars(query))


def body_of(event: HistoryEvent) -> dict[str, Any]:
    """The event's body as data (keys as in this module's docstring)."""
    content = content_of(event)
    body: dict[str, Any] = _columns(event)
    body["actor"] = content.pop("by", event.person_id)
    return body | content


def content_of(event: HistoryEvent) -> dict[str, Any]:
    """What the columns do not hold: ``data``, ``v`` and perhaps ``by`` and ``personal``."""
    return cast(dict[str, Any], json.loads(event.content))


def payload_of(event: HistoryEvent) -> dict[str, Any]:
    """The event's payload. Moments in it are ISO 8601 text in UTC."""
    return cast(dict[str, Any], content_of(event)["data"])


def personal_of(session: Session, *events: HistoryEvent) -> dict[str, Any]:
    """The personal values of an event, by field; those that retention deleted are absent.

    Given several events, the values of later ones win; use `personal_by_event` to keep them apart.
    """
    merged: dict[str, Any] = {}
    found = personal_by_event(session, events)
    for event in events:
        merged |= found.get(event.id, {})
    return merged


def personal_by_event(
    session: Session, events: list[HistoryEvent] | tuple[HistoryEvent, ...]
) -> dict[int, dict[str, Any]]:
    """Personal values of many events: event id -> field -> value, in few queries."""
    wanted: dict[str, tuple[int, str]] = {}
    for event in events:
        for name, commitment in content_of(event).get("personal", {}).items():
            wanted[commitment] = (event.id, name)
    out: dict[int, dict[str, Any]] = {}
    keys = list(wanted)
    for start in range(0, len(keys), 500):
        query = select(PersonalValue).where(PersonalValue.commitment.in_(keys[start : start + 500]))
        for row in session.scalars(query):
            event_id, name = wanted[row.commitment]
            out.setdefault(event_id, {})[name] = json.loads(row.value)
    return out


def erased_fields(event: HistoryEvent, kept: Mapping[str, Any]) -> tuple[str, ...]:
    """The personal fields of an event that are no longer held; ``kept`` are those that are."""
    return tuple(name for name in content_of(event).get("personal", {}) if name not in kept)


def _columns(event: HistoryEvent) -> dict[str, Any]:
    """The parts of the body that columns hold, but for the actor."""
    parts: dict[str, Any] = {
        "at": utc_text(event.recorded_at),
        "chain": event.chain,
        "seq": event.seq,
        "type": event.type,
    }
    if event.on_behalf_of is not None:
        parts["for"] = event.on_behalf_of
    if event.occurred_at != event.recorded_at:
        parts["happened"] = utc_text(event.occurred_at)
    if event.element_path:
        parts["path"] = event.element_path
    if event.role_key:
        parts["role"] = event.role_key
    return parts


def _joined(parts: Mapping[str, str]) -> str:
    """The canonical JSON of an object whose members are canonical JSON already (ASCII names)."""
    return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"


def _sealed(chain: str, name: str, value: Any) -> dict[str, str]:
    salt, text = secrets.token_hex(16), canonical(value)
    return {
        "commitment": commitment_of(salt, text),
        "event_chain": chain,
        "field": name,
        "salt": salt,
        "value": text,
    }


@dataclass
class _Entry:
    event: HistoryEvent
    content: dict[str, str]
    values: list[dict[str, str]]

    def body(self) -> str:
        """The event's body, once it has its ``seq``."""
        parts = {name: canonical(value) for name, value in _columns(self.event).items()}
        parts |= self.content
        parts["actor"] = parts.pop("by", canonical(self.event.person_id))
        return _joined(parts)


@dataclass
class _Pending:
    """The events of a unit of work, until it is flushed."""

    session: Session
    entries: list[_Entry] = field(default_factory=list)

    def add(
        self, event: HistoryEvent, content: dict[str, str], values: list[dict[str, str]]
    ) -> None:
        self.entries.append(_Entry(event, content, values))

    def mark(self) -> object:
        return len(self.entries)

    def reset(self, mark: object) -> None:
        del self.entries[cast(int, mark) :]

    def flush(self) -> None:
        if not self.entries:
            return
        entries, self.entries = self.entries, []
        by_chain: dict[str, list[_Entry]] = {}
        for entry in entries:
            by_chain.setdefault(entry.event.chain, []).append(entry)
        # Heads are always locked in the same order: two units never wait for each other.
        for chain in sorted(by_chain):
            self._link(chain, by_chain[chain])
        connection = self.session.connection()
        connection.execute(
            insert(_EVENTS),
            [{name: getattr(entry.event, name) for name in _COLUMNS} for entry in entries],
        )
        values = [value for entry in entries for value in entry.values]
        if values:
            connection.execute(insert(_VALUES), values)

    def _link(self, chain: str, entries: list[_Entry]) -> None:
        connection = self.session.connection()
        head = connection.execute(_READ_HEAD, {"of_chain": chain}).one_or_none()
        first, previous = (head.seq, head.hash) if head is not None else (0, "")
        seq = first
        for entry in entries:
            seq += 1
            entry.event.seq = seq
            entry.event.hash = previous = link_hash(previous, entry.body())
        if head is None:
            # Two units that begin the same chain: the second breaks the primary key, is rerun.
            connection.execute(insert(_HEADS), {"chain": chain, "seq": seq, "hash": previous})
            return
        moved = connection.execute(
            _MOVE_HEAD,
            {"of_chain": chain, "from_seq": first, "seq": seq, "hash": previous},
        )
        if moved.rowcount != 1:
            raise Stale(f"the head of chain {chain} moved")
