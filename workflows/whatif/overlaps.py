"""Who holds two tasks at once: a role with more open tasks than people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from workflows.whatif.play import Job


@dataclass(frozen=True, slots=True)
class Overlap:
    """From ``since`` for ``minutes``, the role's ``people`` had these tasks (paths) open."""

    role: str
    people: int
    paths: tuple[str, ...]
    since: datetime
    minutes: int


def overlaps(jobs: Sequence[Job], members: Mapping[str, int], end: datetime) -> list[Overlap]:
    """Every stretch in which a role had two tasks or more open and fewer people than tasks, in
    the order they began."""
    found: list[Overlap] = []
    for role in dict.fromkeys(job.role for job in jobs):
        people = max(1, members.get(role, 1))
        own = [job for job in jobs if job.role == role]
        moments = sorted({m for job in own for m in (job.opened, job.done or end)})
        for since, until in pairwise(moments):
            held = tuple(j.path for j in own if j.opened <= since and (j.done or end) >= until)
            if len(held) > max(people, 1):
                minutes = int((until - since).total_seconds() // 60)
                _add(found, Overlap(role, people, held, since, minutes))
    return sorted(found, key=lambda one: one.since)


def _add(found: list[Overlap], one: Overlap) -> None:
    """Put it to the last where it only goes on."""
    last = found[-1] if found else None
    if last is not None and (last.role, last.paths) == (one.role, one.paths):
        found[-1] = Overlap(
            last.role, last.people, last.paths, last.since, last.minutes + one.minutes
        )
    else:
        found.append(one)
