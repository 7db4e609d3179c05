"""What the replay reads of a record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """An event of a case's record. ``path`` is its element path; ``task`` the task's id, ``round``
    its round; ``chosen`` the flows a gateway's decision names (None: no such decision);
    ``version`` the content hash a case starts on or moves to."""

    seq: int
    type: str
    path: str = ""
    steps: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    task: str = ""
    round: int = 1
    chosen: tuple[str, ...] | None = None
    version: str = ""
