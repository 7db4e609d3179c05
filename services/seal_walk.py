"""All seals, one after another: each held against its own event, against the list its digest was
made of, and against the chains.

Lists are rebuilt from changes, so one that was tampered with spoils those behind it, until a seal's
digest is met again (at the next whole list at the latest). That is told as two things: where it
begins (``list``, or ``removed``), and how far the seals behind it cannot be judged (``lost``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from models.history import HistoryEvent
from services import seal_lists
from services.heads_check import Break, Outcome, hold
from services.history import HEADS
from services.seal_lists import Changes, Head, HeadList

_BATCH: Final = 10


class _Seal(NamedTuple):
    day: date
    seq: int
    since: date | None
    digest: str
    hash: str
    changes: str


class _Event(NamedTuple):
    seq: int
    hash: str
    content: str


def check_seals(
    session: Session, after: date | None = None, more: Callable[[], bool] = lambda: True
) -> Outcome:
    """Hold every seal behind a day (all, without one) for as long as there is ``more`` time, asked
    after each few; `Outcome.last` is where to go on. An unchanged head is looked up once, however
    many seals stand for it."""
    walk = _Walk(session, after)
    while batch := _behind(session, walk.at, _BATCH):
        events = _events(session, batch)
        for seal in batch:
            walk.take(seal, events.get(seal.seq))
        if not more():
            break
    return walk.end()


class _Walk:
    """The list as the seals taken so far have it. ``sound``: it met the last one's digest."""

    def __init__(self, session: Session, after: date | None) -> None:
        self.session, self.after = session, after
        self.outcome = Outcome()
        self.at: date | None = None
        self.list, self.sound = HeadList(), True
        self._lost: list[str] = []
        if after is not None:
            self._go_on(after)
        self.known: dict[str, Head] = dict(self.list.heads) if self.sound else {}

    def _go_on(self, after: date) -> None:
        last = self.session.execute(
            select(HeadSeal.day, HeadSeal.digest)
            .where(HeadSeal.day <= after)
            .order_by(HeadSeal.day.desc())
            .limit(1)
        ).one_or_none()
        if last is None:
            return
        self.at = last.day
        self.list = seal_lists.rebuilt(self.session, last.day, leniently=True)
        self.sound = self.list.digest(last.day) == last.digest

    def take(self, seal: _Seal, event: _Event | None) -> None:
        """The next seal, and the event it names."""
        day, outcome = seal.day.isoformat(), self.outcome
        outcome.seals += 1
        if event is None or event.hash != seal.hash or _told(event).get("digest") != seal.digest:
            outcome.tell(Break(day, "event", HEADS, seal.seq))
        strange = self._does_not_follow(seal)
        was_sound = self.sound
        moved, real = self._moved(seal)
        met = real is not None and self.list.digest(seal.day) == seal.digest
        if strange or (was_sound and not (met and real)):
            outcome.tell(Break(day, "list"))
        elif not met:
            self._lost.append(day)
        self._hold(day, seal, moved, met, was_sound)
        if met and not was_sound:
            self._tell_lost()
            self.known.update(self.list.heads)
        self.at, self.sound = seal.day, met

    def _does_not_follow(self, seal: _Seal) -> bool:
        """Whether it says that it follows another seal than it does. One that is gone leaves the
        list unsound instead."""
        if seal.since is None or seal.since == self.at:
            return False
        if self.session.scalar(select(HeadSeal.day).where(HeadSeal.day == seal.since)) is not None:
            return True
        self.sound = False
        return False

    def _moved(self, seal: _Seal) -> tuple[Changes, bool | None]:
        """What differs from the list before, which is made this seal's; whether all of it is a
        difference, None for what cannot be read."""
        try:
            rows = seal_lists.read(seal.changes)
        except ValueError:
            return {}, None
        if seal.since is not None:
            return rows, self.list.take(rows)
        whole = {chain: head for chain, head in rows.items() if head is not None}
        moved = seal_lists.difference(self.list.heads, whole)
        self.list.take(moved)
        return moved, len(whole) == len(rows)

    def _hold(self, day: str, seal: _Seal, moved: Changes, met: bool, was_sound: bool) -> None:
        # That a whole list lacks a chain says something only if it, and the one before, are sound.
        if seal.since is not None or (met and was_sound):
            for chain in [chain for chain, head in moved.items() if head is None]:
                if chain in self.known:
                    self.outcome.tell(Break(day, "back", chain))
        listed = {chain: head for chain, head in moved.items() if head is not None}
        hold(self.session, self.outcome, day, listed, self.known)
        if met:
            self.known.update(listed)

    def _tell_lost(self) -> None:
        if self._lost:
            self.outcome.tell(Break(self._lost[0], "lost", until=self._lost[-1]))
            self._lost = []

    def end(self) -> Outcome:
        """What was found, in order of days."""
        self._tell_lost()
        outcome = self.outcome
        outcome.last = self.at if _behind(self.session, self.at, 1) else None
        for found in _removed(self.session, self.after, outcome.last):
            outcome.tell(found)
        outcome.breaks.sort(key=lambda one: one.day)
        return outcome


def _behind(session: Session, day: date | None, limit: int) -> list[_Seal]:
    query = select(
        HeadSeal.day, HeadSeal.seq, HeadSeal.since, HeadSeal.digest, HeadSeal.hash, HeadSeal.changes
    )
    if day is not None:
        query = query.where(HeadSeal.day > day)
    return [_Seal(*row) for row in session.execute(query.order_by(HeadSeal.day).limit(limit))]


def _events(session: Session, seals: Sequence[_Seal]) -> dict[int, _Event]:
    rows = select(HistoryEvent.seq, HistoryEvent.hash, HistoryEvent.content).where(
        HistoryEvent.chain == HEADS, HistoryEvent.seq.in_([seal.seq for seal in seals])
    )
    return {row.seq: _Event(*row) for row in session.execute(rows)}


def _told(event: _Event) -> dict[str, Any]:
    """The payload of an event; nothing for one that cannot be read."""
    try:
        told = orjson.loads(event.content)["data"]
    except (KeyError, TypeError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _removed(session: Session, after: date | None, last: date | None) -> Iterator[Break]:
    """Days behind one up to another whose seal is gone: an event, or the seal that followed it,
    still tells of it."""
    kept = set[str]()
    told = dict[str, int]()
    for day, since in session.execute(select(HeadSeal.day, HeadSeal.since)):
        kept.add(day.isoformat())
        if since is not None:
            told[since.isoformat()] = 0
    events = select(HistoryEvent.seq, HistoryEvent.hash, HistoryEvent.content).where(
        HistoryEvent.chain == HEADS,
        HistoryEvent.type == "heads.sealed",
        HistoryEvent.seq.not_in(select(HeadSeal.seq)),
    )
    for event in (_Event(*row) for row in session.execute(events)):
        told[str(_told(event).get("day", ""))] = event.seq
    begin, end = after.isoformat() if after else "", last.isoformat() if last else "~"
    for name in sorted(told.keys() - kept - {""}):
        if begin < name <= end:
            yield Break(name, "removed", HEADS if told[name] else "", told[name])
