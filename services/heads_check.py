"""Whether the chains still are what seals, and lists lodged elsewhere, say they were.

A seal names, for each chain, a number and the hash of the event that had it. That event must still
be there with that hash: if it is gone, the chain's end was cut off; if its hash is another, the
chain was written anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from models.history import HistoryEvent
from services import heads
from services.canonical import canonical
from services.errors import Refusal
from services.heads import Head
from services.history import HEADS, payload_of
from services.rows import dialect_of

Reason = Literal[
    "list",  # the list of a seal is not what its digest was made of, or cannot be read
    "event",  # the seal's event is gone, or says another digest, or has another hash
    "removed",  # an event says that the day was sealed; the seal itself is gone
    "back",  # a later seal knows less of a chain than an earlier one, or another hash
    "cut_off",  # the chain no longer has the event
    "rewritten",  # the event has another hash
    "seal",  # what was lodged is not the seal kept here
]
_BATCH: Final = 400
_CHAIN: Final = re.compile(r"[a-z]{1,20}(?::[0-9]{1,18})?")
#: How the list of a seal begins, and what stands in it after a chain's name.
_BEGIN: Final = '{"chains":['
_ROW: Final = re.compile(r'([0-9]{1,18}),"([0-9a-f]{64})"\]')
_END: Final = '],"day":"'
_WHOLE_ROW: Final = re.compile(r'"([^"\\]+)",([0-9]{1,18}),"([0-9a-f]{64})"')
_LINE: Final = re.compile(r"planroom (\d{4}-\d\d-\d\d) (\d{1,9}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Break:
    """What does not hold: by the seal of ``day``, at ``seq`` of ``chain`` ("" and 0 where it is the
    seal itself)."""

    day: str
    reason: Reason
    chain: str = ""
    seq: int = 0


@dataclass(slots=True)
class Outcome:
    """``seals`` and ``heads`` (different ones) looked at, and all that does not hold."""

    seals: int = 0
    heads: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.breaks


def check_seals(session: Session) -> Outcome:
    """Hold every seal against its own event and against the chains. An unchanged head is looked up
    once, however many seals name it."""
    outcome, known = Outcome(), dict[str, Head]()
    days, before = set[str](), frozenset[str]()
    for seal in heads.every(session):
        outcome.seals += 1
        day = seal.day.isoformat()
        days.add(day)
        outcome.breaks += _of_itself(session, seal)
        try:
            rows = _rows_in(seal.body)
            fresh = dict(_row_read(row) for row in rows - before)
            gone = {_row_read(row)[0] for row in before - rows} - fresh.keys()
        except ValueError:
            outcome.breaks.append(Break(day, "list"))
            continue
        before = rows
        outcome.breaks += [Break(day, "back", chain) for chain in sorted(gone)]
        _hold(session, outcome, day, fresh, known)
    for event in session.scalars(
        select(HistoryEvent).where(HistoryEvent.chain == HEADS, HistoryEvent.type == "heads.sealed")
    ):
        day = str(payload_of(event)["day"])
        if day not in days:
            outcome.breaks.append(Break(day, "removed", HEADS, event.seq))
    return outcome


def check_chain(session: Session, chain: str) -> list[Break]:
    """Hold what every seal says of one chain against it."""
    outcome, known = Outcome(), dict[str, Head]()
    for day, listed in _of_chain(session, chain):
        if listed is None:
            outcome.breaks.append(Break(day, "list"))
            continue
        if known and not listed:
            outcome.breaks.append(Break(day, "back", chain))
        _hold(session, outcome, day, listed, known)
    return outcome.breaks


def _rows_in(body: str) -> frozenset[str]:
    """The rows of a seal's list as they are written: from one day to the next few of them change,
    and only those are read. Raises ValueError for what is no list of ours."""
    end = body.rfind(_END)
    if not body.startswith(_BEGIN) or end < len(_BEGIN):
        raise ValueError
    rows = body[len(_BEGIN) : end]
    if not rows:
        return frozenset()
    if not (rows.startswith("[") and rows.endswith("]")):
        raise ValueError
    return frozenset(rows[1:-1].split("],["))


def _row_read(row: str) -> tuple[str, Head]:
    """Raises ValueError for what is no row of ours."""
    found = _WHOLE_ROW.fullmatch(row)
    if found is None:
        raise ValueError
    return found[1], Head(int(found[2]), found[3])


def _of_chain(session: Session, chain: str) -> Iterator[tuple[str, dict[str, Head] | None]]:
    """Day by day what its seal says of one chain, None for a list that cannot be read. The database
    cuts it out: a list has as many rows as there are cases, and there is one for every day."""
    named = f'["{chain}",'
    find = func.instr if dialect_of(session) == "sqlite" else func.strpos
    place = find(HeadSeal.body, named)
    rows = select(
        HeadSeal.day,
        func.substr(HeadSeal.body, 1, len(_BEGIN)),
        case((place > 0, func.substr(HeadSeal.body, place, len(named) + 100)), else_=""),
    )
    for day, begin, row in session.execute(rows.order_by(HeadSeal.day)):
        told = _ROW.match(row, len(named)) if row else None
        if begin != _BEGIN or (row and told is None):
            yield day.isoformat(), None
        else:
            yield day.isoformat(), {chain: Head(int(told[1]), told[2])} if told else {}


def check_lodged(session: Session, content: bytes) -> Outcome:
    """Hold a list or lines lodged elsewhere against seals and chains. ``content`` is a file of
    `heads.lodged_file`, or text with lines of `heads.line`. Raises `Refusal`
    ``lodged_unreadable`` (422) where it is neither."""
    outcome = Outcome()
    for day, seq, hash_ in _lines_in(content):
        outcome.seals += 1
        seal = session.get(HeadSeal, date.fromisoformat(day))
        if seal is None or (seal.seq, seal.hash) != (seq, hash_):
            outcome.breaks.append(Break(day, "seal"))
        _hold(session, outcome, day, {HEADS: Head(seq, hash_)}, {})
    listed = _list_in(content)
    if listed is not None:
        day, chains = listed
        _hold(session, outcome, day, chains, {})
    if not outcome.seals:
        raise Refusal("lodged_unreadable", 422)
    return outcome


def _of_itself(session: Session, seal: HeadSeal) -> Iterator[Break]:
    day = seal.day.isoformat()
    if hashlib.sha256(seal.body.encode()).hexdigest() != seal.digest:
        yield Break(day, "list")
    event = session.scalar(
        select(HistoryEvent).where(HistoryEvent.chain == HEADS, HistoryEvent.seq == seal.seq)
    )
    told = payload_of(event) if event is not None else {}
    if event is None or event.hash != seal.hash or told.get("digest") != seal.digest:
        yield Break(day, "event", HEADS, seal.seq)


def _hold(
    session: Session,
    outcome: Outcome,
    day: str,
    listed: Mapping[str, Head],
    known: dict[str, Head],
) -> None:
    """Look up the heads that are not ``known``, and make them known."""
    fresh = {chain: head for chain, head in listed.items() if known.get(chain) != head}
    for chain, head in fresh.items():
        before = known.get(chain)
        if before is not None and head.seq <= before.seq:
            outcome.breaks.append(Break(day, "back", chain, head.seq))
    outcome.heads += len(fresh)
    there = _hashes(session, ((chain, head.seq) for chain, head in fresh.items()))
    for chain, head in sorted(fresh.items()):
        found = there.get((chain, head.seq))
        if found is None:
            outcome.breaks.append(Break(day, "cut_off", chain, head.seq))
        elif found != head.hash:
            outcome.breaks.append(Break(day, "rewritten", chain, head.seq))
    known.update(listed)


def _hashes(session: Session, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    places, found = list(wanted), dict[tuple[str, int], str]()
    for start in range(0, len(places), _BATCH):
        rows = session.execute(
            select(HistoryEvent.chain, HistoryEvent.seq, HistoryEvent.hash).where(
                tuple_(HistoryEvent.chain, HistoryEvent.seq).in_(places[start : start + _BATCH])
            )
        )
        found |= {(row.chain, row.seq): row.hash for row in rows}
    return found


def _lines_in(content: bytes) -> Iterator[tuple[str, int, str]]:
    for day, seq, hash_ in _LINE.findall(content.decode("utf-8", "replace")):
        try:
            date.fromisoformat(day)
        except ValueError:
            continue
        yield day, int(seq), hash_


def _list_in(content: bytes) -> tuple[str, dict[str, Head]] | None:
    """Day and heads of a lodged file, None for text. Raises Refusal ``lodged_unreadable`` for a
    file that was changed since it was made."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    try:
        body = canonical({"chains": told["chains"], "day": told["day"]})
        chains = {str(chain): Head(int(seq), str(hash_)) for chain, seq, hash_ in told["chains"]}
        if not all(_CHAIN.fullmatch(name) and 0 < h.seq < 2**31 for name, h in chains.items()):
            raise ValueError
        whole = hashlib.sha256(body.encode()).hexdigest() == told["digest"]
        known = told["format"] == heads.FORMAT
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Refusal("lodged_unreadable", 422) from error
    if not (whole and known):
        raise Refusal("lodged_unreadable", 422)
    return str(told["day"]), chains
