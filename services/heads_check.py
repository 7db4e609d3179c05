"""Whether the chains still are what seals, and lists lodged elsewhere, say they were.

A seal names, for each chain, a number and the hash of the event that had it. That event must still
be there with that hash: if it is gone, the chain's end was cut off; if its hash is another, the
chain was written anew. All seals one after another: `seal_walk`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from sqlalchemy import case, func, or_, select, text
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from services import heads
from services.canonical import canonical
from services.errors import Refusal
from services.history import HEADS
from services.rows import dialect_of
from services.seal_lists import Head

Reason = Literal[
    "list",  # the list of a seal is not what its digest was made of, or cannot be read
    "lost",  # seals behind such a one, or behind one that is gone: their lists cannot be rebuilt
    "event",  # the seal's event is gone, or says another digest, or has another hash
    "removed",  # an event says that the day was sealed; the seal itself is gone
    "back",  # a later seal knows less of a chain than an earlier one, or another hash
    "cut_off",  # the chain no longer has the event
    "rewritten",  # the event has another hash
    "seal",  # what was lodged is not the seal kept here
]
#: Told once of a chain.
_ONCE: Final = frozenset[Reason]({"back", "cut_off", "rewritten"})
#: Hashes of events by chain and number, each found by the index: a list of pairs in a condition
#: lets SQLite read every event there is.
_LOOK_UP: Final = {
    "sqlite": text(
        "SELECT e.chain, e.seq, e.hash FROM json_each(:wanted) AS w JOIN history_event AS e"
        " ON e.chain = json_extract(w.value, '$[0]') AND e.seq = json_extract(w.value, '$[1]')"
    ),
    "postgresql": text(
        "SELECT e.chain, e.seq, e.hash FROM json_array_elements(CAST(:wanted AS json)) AS w"
        " JOIN history_event AS e"
        " ON e.chain = w.value ->> 0 AND e.seq = CAST(w.value ->> 1 AS bigint)"
    ),
}
_CHAIN: Final = re.compile(r"[a-z]{1,20}(?::[0-9]{1,18})?")
#: What stands in a row of a seal after the chain's name.
_ROW: Final = re.compile(r'(?:0,""|([1-9][0-9]{0,17}),"([0-9a-f]{64})")\]')
_LINE: Final = re.compile(r"planroom (\d{4}-\d\d-\d\d) (\d{1,9}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Break:
    """What does not hold: by the seal of ``day`` (by those up to ``until``), at ``seq`` of
    ``chain`` ("" and 0 where it is the seal itself)."""

    day: str
    reason: Reason
    chain: str = ""
    seq: int = 0
    until: str = ""


@dataclass(slots=True)
class Outcome:
    """``seals`` and ``heads`` (different ones) looked at, and what does not hold: of a chain only
    the first break of each kind. ``last`` is the last day looked at while there are later ones."""

    seals: int = 0
    heads: int = 0
    breaks: list[Break] = field(default_factory=list)
    last: date | None = None
    _told: set[tuple[str, Reason]] = field(default_factory=set)

    @property
    def ok(self) -> bool:
        return not self.breaks

    def tell(self, found: Break) -> None:
        """Add a break; what every later seal says of a chain once broken is no news."""
        if found.chain and found.reason in _ONCE:
            if (found.chain, found.reason) in self._told:
                return
            self._told.add((found.chain, found.reason))
        self.breaks.append(found)


def check_chain(session: Session, chain: str) -> list[Break]:
    """Hold what every seal says of one chain against it."""
    outcome, known = Outcome(), dict[str, Head]()
    for day, listed in _of_chain(session, chain):
        if listed is None:
            outcome.tell(Break(day, "list"))
            continue
        if known and not listed:
            outcome.tell(Break(day, "back", chain))
        hold(session, outcome, day, listed, known)
        known.update(listed)
    return outcome.breaks


def last_head(session: Session, chain: str) -> Head | None:
    """What the latest seal knows of a chain. Raises ValueError where that cannot be read."""
    for day, listed in _of_chain(session, chain, backwards=True):
        if listed is None:
            raise ValueError(f"the seal of {day} cannot be read")
        return listed.get(chain)
    return None


def _of_chain(
    session: Session, chain: str, backwards: bool = False
) -> Iterator[tuple[str, dict[str, Head] | None]]:
    """Day by day what its seal says of one chain where it says anything: nothing for a chain that
    is not listed, None for what cannot be read. The database cuts the chain's row out: a year's
    changes have a hundred thousand. ``backwards`` gives the latest only."""
    named = f'["{chain}",'
    find = func.instr if dialect_of(session) == "sqlite" else func.strpos
    place = find(HeadSeal.changes, named)
    begin = func.substr(HeadSeal.changes, 1, 1)
    rows = select(
        HeadSeal.day,
        begin.label("begin"),
        case((place > 0, func.substr(HeadSeal.changes, place, len(named) + 100)), else_="").label(
            "row"
        ),
    ).where(or_(place > 0, HeadSeal.since.is_(None), begin != "["))
    rows = rows.order_by(HeadSeal.day.desc()).limit(1) if backwards else rows.order_by(HeadSeal.day)
    for day, begun, row in session.execute(rows):
        told = _ROW.match(row, len(named)) if row else None
        if begun != "[" or (row and told is None):
            yield day.isoformat(), None
        else:
            yield day.isoformat(), {chain: Head(int(told[1]), told[2])} if told and told[1] else {}


def check_lodged(session: Session, content: bytes) -> Outcome:
    """Hold a list or lines lodged elsewhere against seals and chains. ``content`` is a file of
    `heads.lodged_file`, or text with lines of `heads.line`. Raises `Refusal`
    ``lodged_unreadable`` (422) where it is neither."""
    outcome = Outcome()
    for day, seq, hash_ in _lines_in(content):
        outcome.seals += 1
        seal = session.get(HeadSeal, date.fromisoformat(day))
        if seal is None or (seal.seq, seal.hash) != (seq, hash_):
            outcome.tell(Break(day, "seal"))
        hold(session, outcome, day, {HEADS: Head(seq, hash_)}, {})
    listed = _list_in(content)
    if listed is not None:
        day, chains = listed
        hold(session, outcome, day, chains, {})
    if not outcome.seals:
        raise Refusal("lodged_unreadable", 422)
    return outcome


def hold(
    session: Session,
    outcome: Outcome,
    day: str,
    listed: Mapping[str, Head],
    known: Mapping[str, Head],
) -> None:
    """Look up the heads a seal lists that are not ``known`` from the seals before it."""
    fresh = {chain: head for chain, head in listed.items() if known.get(chain) != head}
    for chain, head in fresh.items():
        before = known.get(chain)
        if before is not None and head.seq <= before.seq:
            outcome.tell(Break(day, "back", chain, head.seq))
    outcome.heads += len(fresh)
    there = _hashes(session, ((chain, head.seq) for chain, head in fresh.items()))
    for chain, head in sorted(fresh.items()):
        found = there.get((chain, head.seq))
        if found is None:
            outcome.tell(Break(day, "cut_off", chain, head.seq))
        elif found != head.hash:
            outcome.tell(Break(day, "rewritten", chain, head.seq))


def _hashes(session: Session, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    query = _LOOK_UP[dialect_of(session)]
    rows = session.execute(query, {"wanted": json.dumps(list(wanted))}).all()
    return {(chain, seq): hash_ for chain, seq, hash_ in rows}


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
