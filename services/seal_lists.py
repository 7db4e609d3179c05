"""Lists of heads as seals store them: not the whole list, but what changed since the seal before.

What a seal's digest was made of is always the whole list (`HeadList.text`), rebuilt by following
the changes from the last list that was stored whole. A whole list is stored again as soon as the
changes since would come to `PILE` times its size: so the changes and the whole lists together take
at most 1 + 1/`PILE` of what the changes alone take, and rebuilding a list reads at most
1 + `PILE` whole ones, however many chains, changes and years there are.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import HeadSeal

PILE: Final = 2


class Head(NamedTuple):
    """A chain's last event when it was sealed."""

    seq: int
    hash: str


#: By chain, in order of name: its new head, None where the list no longer has the chain.
Changes = dict[str, Head | None]

#: A row as it is written: ``["case:12",7,"<hash>"]``; ``["case:12",0,""]`` for one that is gone.
_ROW: Final = re.compile(r'\["([^"\\\x00-\x1f]+)",(?:0,""|([1-9][0-9]{0,17}),"([0-9a-f]{64})")\]')


def written(changes: Mapping[str, Head | None]) -> str:
    """Changes as a seal stores them: the canonical JSON of their rows."""
    return "[" + ",".join(_row(chain, head) for chain, head in sorted(changes.items())) + "]"


def read(text: str) -> Changes:
    """The reverse of `written`. Raises ValueError for anything `written` would not have written:
    rows in another order, a chain twice, a space."""
    found: Changes = {
        chain: Head(int(seq), hash_) if seq else None for chain, seq, hash_ in _ROW.findall(text)
    }
    if written(found) != text:
        raise ValueError("these are no rows of a seal")
    return found


def _row(chain: str, head: Head | None) -> str:
    return f'["{chain}",{head.seq},"{head.hash}"]' if head is not None else f'["{chain}",0,""]'


def difference(before: Mapping[str, Head], after: Mapping[str, Head]) -> Changes:
    """What makes one list of the other."""
    found: Changes = {chain: head for chain, head in after.items() if before.get(chain) != head}
    found |= dict.fromkeys(before.keys() - after.keys())
    return dict(sorted(found.items()))


class HeadList:
    """All heads of a day. Changes are put in where they belong: a day costs what changed on it, and
    joining the rows."""

    def __init__(self, heads: Mapping[str, Head] | None = None) -> None:
        self.heads = dict(heads or {})
        self._chains = sorted(self.heads)
        self._rows = [_row(chain, self.heads[chain]).encode() for chain in self._chains]

    def take(self, changes: Mapping[str, Head | None]) -> bool:
        """Make the next seal's list of this one. False where a row of ``changes`` changes nothing:
        no seal of ours has such a row."""
        real = True
        for chain, head in changes.items():
            at = bisect_left(self._chains, chain)
            real = real and self.heads.get(chain) != head
            row = _row(chain, head).encode()
            if chain in self.heads:
                if head is None:
                    del self._chains[at], self._rows[at], self.heads[chain]
                    continue
                self._rows[at] = row
            elif head is None:
                continue
            else:
                self._chains.insert(at, chain)
                self._rows.insert(at, row)
            self.heads[chain] = head
        return real

    def text(self, day: date) -> bytes:
        """What is digested: the canonical JSON of the whole list and its day."""
        return b"".join(self._parts(day))

    def digest(self, day: date) -> str:
        """SHA-256 of `text`, in hex."""
        found = hashlib.sha256()
        for part in self._parts(day):
            found.update(part)
        return found.hexdigest()

    def _parts(self, day: date) -> tuple[bytes, bytes, bytes]:
        return b'{"chains":[', b",".join(self._rows), f'],"day":"{day.isoformat()}"}}'.encode()


def rebuilt(session: Session, day: date, leniently: bool = False) -> HeadList:
    """The list of a day's seal, from the last whole one on; whether it meets the seal's digest is
    for the caller to ask. Raises ValueError where rows on the way cannot be read; ``leniently``
    goes on without them."""
    return _followed(_stored(session, day), leniently)


def changes_now(
    session: Session, before: HeadSeal | None, day: date, heads: HeadList
) -> tuple[date | None, str]:
    """What a day's new seal stores, ``before`` being the last one: ``since`` and ``changes`` of
    `HeadSeal`. A whole list where there is nothing sound before it."""
    whole = written(heads.heads)
    if before is None or before.day >= day:
        return None, whole
    stored = _stored(session, before.day)
    try:
        last = _followed(stored)
    except ValueError:
        return None, whole
    changes = written(difference(last.heads, heads.heads))
    piled = len(changes) + sum(len(text) for since, text in stored if since is not None)
    if piled > PILE * len(whole) or last.digest(before.day) != before.digest:
        return None, whole
    return before.day, changes


def _stored(session: Session, day: date) -> list[tuple[date | None, str]]:
    """``since`` and ``changes`` of the last whole list up to a day, and of all seals behind it."""
    whole = (
        select(HeadSeal.day)
        .where(HeadSeal.since.is_(None), HeadSeal.day <= day)
        .order_by(HeadSeal.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = select(HeadSeal.since, HeadSeal.changes).where(HeadSeal.day.between(whole, day))
    return [(since, text) for since, text in session.execute(rows.order_by(HeadSeal.day))]


def _followed(stored: Iterable[tuple[date | None, str]], leniently: bool = False) -> HeadList:
    found: dict[str, Head] = {}
    for _since, text in stored:
        try:
            changes = read(text)
        except ValueError:
            if leniently:
                continue
            raise
        for chain, head in changes.items():
            if head is None:
                found.pop(chain, None)
            else:
                found[chain] = head
    return HeadList(found)
