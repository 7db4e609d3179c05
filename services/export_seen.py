"""Which objects occur in an export: more than memory holds, so they are kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Objects known without looking, at most.
MOST_KNOWN = 50_000
_AT_ONCE = 500


class Seen:
    """Which objects occur, on disk; those named of late are known without looking."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE seen (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")
        self._known: set[str] = set()
        self._new: list[str] = []

    def add(self, ids: Iterable[str]) -> None:
        """Take ``kind:id`` for seen."""
        for id_ in ids:
            if id_ not in self._known:
                self._known.add(id_)
                self._new.append(id_)
        if len(self._known) > MOST_KNOWN:
            self._keep()
            self._known.clear()

    def _keep(self) -> None:
        rows = (id_.partition(":")[::2] for id_ in sorted(self._new))
        self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        self._new.clear()

    def batches(self, kind: str) -> Iterator[list[str]]:
        """Ids of a kind, a batch at a time; what is added meanwhile may come too."""
        after = ""
        while True:
            self._keep()
            rows = self._db.execute(
                "SELECT id FROM seen WHERE kind = ? AND id > ? ORDER BY id LIMIT ?",
                (kind, after, _AT_ONCE),
            ).fetchall()
            if not rows:
                return
            ids = [str(row[0]) for row in rows]
            yield ids
            after = ids[-1]

    def close(self) -> None:
        """What was seen is forgotten with its database."""
        self._db.close()
