"""Bare chains sealed day by day, for tests of the seals: quick to make, easy to spoil."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text

from migrations import guards
from models.audit import HeadSeal
from models.history import ChainHead, HistoryEvent
from services import heads, seal_lists
from services.heads_check import Outcome
from services.seal_lists import Head
from services.seal_walk import check_seals
from services.uow import Database, UnitOfWork

DAY = timedelta(days=1)
CHAINS = [f"case:{id_}" for id_ in range(1, 7)]
Told = dict[str, Head]


class Record:
    """Chains that grow by bare events, sealed day by day, in a database without its guards."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db, self.now = db, now
        self.days = list[date]()
        self.change("DELETE FROM history_event", "DELETE FROM chain_head", "DELETE FROM head_seal")

    def change(self, *statements: str, **params: object) -> None:
        with self.db.engine.begin() as connection:
            guards.remove(connection)
            for statement in statements:
                connection.execute(text(statement), params)

    def grow(self, *chains: str) -> None:
        """One more event in each of the chains."""

        def work(uow: UnitOfWork) -> None:
            for chain in chains:
                self._grow(uow, chain)

        self.db.run(work)

    def _grow(self, uow: UnitOfWork, chain: str) -> None:
        session = uow.session
        head = session.get(ChainHead, chain)
        seq = head.seq + 1 if head is not None else 1
        hash_ = "0" + hashlib.sha256(f"{chain} {seq}".encode()).hexdigest()[1:]
        session.execute(
            insert(HistoryEvent).values(
                chain=chain, seq=seq, type="x", occurred_at=self.now, recorded_at=self.now,
                element_path="", role_key="", content="{}", hash=hash_,
            )
        )  # fmt: skip
        if head is None:
            session.execute(insert(ChainHead).values(chain=chain, seq=seq, hash=hash_))
        else:
            head.seq, head.hash = seq, hash_

    def seal(self, later: int = 1) -> tuple[HeadSeal, Told]:
        """Seal some days later; the seal, and the heads there were."""
        self.now += later * DAY
        with self.db.read() as session:
            rows = session.execute(select(ChainHead.chain, ChainHead.seq, ChainHead.hash))
            there = {chain: Head(seq, hash_) for chain, seq, hash_ in rows}
        made = self.db.run(lambda uow: heads.seal(uow, self.now))
        self.days.append(made.day)
        return made, there

    def check(self) -> Outcome:
        with self.db.read() as session:
            return check_seals(session)

    def told(self) -> list[tuple[str, str, str]]:
        """What does not hold: day by number (from 0; ``3…9`` for several), reason, chain."""
        number = {day.isoformat(): str(at) for at, day in enumerate(self.days)}
        return [
            (f"{number[one.day]}…{number[one.until]}" if one.until else number[one.day],
             one.reason, one.chain)
            for one in self.check().breaks
        ]  # fmt: skip


def ten_days(record: Record, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Ten seals, all but the first of changes. Case 1 grows each day, case 2 on days 0, 3 and 7,
    case 3 begins on day 4, case 4 ends on day 0."""
    monkeypatch.setattr(seal_lists, "PILE", 1_000)
    record.grow(CHAINS[3])
    for at in range(10):
        record.grow(CHAINS[0])
        if at in (0, 3, 7):
            record.grow(CHAINS[1])
        if at == 4:
            record.grow(CHAINS[2])
        record.seal()
    return record


@pytest.fixture
def bare(sqlite_url: str, now: datetime) -> Iterator[Record]:
    db = Database(sqlite_url)
    yield Record(db, now)
    db.dispose()


@pytest.fixture
def ten(bare: Record, monkeypatch: pytest.MonkeyPatch) -> Record:
    return ten_days(bare, monkeypatch)
