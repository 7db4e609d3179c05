"""Where a case would have gone otherwise: two courses of the same record, set side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.tiers import proposed_tier
from services.values import jsonable
from workflows.definition import Definition
from workflows.past_course import Choice, Course, Step, targets

#: ``tier``: a table proposes another tier. ``table``: a table answers otherwise. ``choice``: a
#: gateway takes other flows. ``more``, ``less``: a step only the other version, only its own asks
#: for. ``deadline``: its due date, or whether it was kept. ``fields``: its form asks for what
#: nobody was asked. ``unheard``: a message nobody waits for. ``end``, ``stuck``, ``open``: it ends
#: elsewhere, stops at a fault, does not end.
Kind = Literal[
    "tier", "table", "choice", "more", "less", "deadline", "fields", "unheard", "end", "stuck",
    "open",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """``was`` and ``now`` are what the kind compares: tier keys, answers, target paths, end
    paths, due dates. ``late_was`` and ``late`` are seconds after the due date (negative: before).
    ``assumed``: the step was answered with what its form holds untouched."""

    kind: Kind
    path: str
    round: int = 1
    was: Any = None
    now: Any = None
    late_was: int | None = None
    late: int | None = None
    names: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def verdict_changed(self) -> bool:
        """Whether a deadline kept is now missed, or the other way round."""
        kept_was = None if self.late_was is None else self.late_was <= 0
        kept = None if self.late is None else self.late <= 0
        return kept_was != kept


def differences(
    own: Definition,
    other: Definition,
    before: Course,
    after: Course,
    manifest: Mapping[str, Any],
) -> Iterator[Difference]:
    """What the other version does otherwise, decisions first, then steps in order, then the end.
    ``manifest`` is the other version's."""
    yield from _choices(own, other, before, after, manifest)
    yield from _steps(before, after)
    for name, count in (Counter(after.unheard) - Counter(before.unheard)).items():
        yield Difference("unheard", name, count)
    if after.stuck is not None:
        yield Difference("stuck", after.stuck.path, now=after.stuck.code)
    elif after.status != "completed":
        left = tuple(step.path for step in after.steps if step.how == "open")
        yield Difference("open", left[0] if left else "", names=left)
    elif after.ends != before.ends:
        yield Difference("end", after.ends[0], was=before.ends, now=after.ends)


def _choices(
    own: Definition,
    other: Definition,
    before: Course,
    after: Course,
    manifest: Mapping[str, Any],
) -> Iterator[Difference]:
    """The k-th decision of an element with its k-th on the other version."""
    then = _numbered(before)
    for key, now in _numbered(after).items():
        was = then.get(key)
        path, _decision, n = key
        if was is None:
            continue
        if now.decision:
            one, two = jsonable(was.output), jsonable(now.output)
            if one == two:
                continue
            tiers = proposed_tier(manifest, was.output), proposed_tier(manifest, now.output)
            if tiers[0] is not None and tiers[1] is not None:
                yield Difference("tier", path, n, tiers[0].key, tiers[1].key)
            else:
                yield Difference("table", path, n, one, two)
            continue
        one, two = targets(own, path, was.matched), targets(other, path, now.matched)
        if one != two:
            yield Difference("choice", path, n, one, two)


def _numbered(course: Course) -> dict[tuple[str, str, int], Choice]:
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for choice in course.choices:
        seen[choice.path, choice.decision] += 1
        found[choice.path, choice.decision, seen[choice.path, choice.decision]] = choice
    return found


def _steps(before: Course, after: Course) -> Iterator[Difference]:
    then = {(s.path, s.round): s for s in before.steps if s.completed is not None}
    now = {(s.path, s.round): s for s in after.steps if s.completed is not None}
    order = list(dict.fromkeys([*now, *then]))
    for key in order:
        was, is_ = then.get(key), now.get(key)
        path, round_ = key
        if was is None and is_ is not None:
            yield Difference(
                "more", path, round_, now=is_.due, late=is_.late, assumed=is_.how == "default"
            )
        elif was is not None and is_ is None:
            yield Difference("less", path, round_, was=was.due, late_was=was.late)
        elif was is not None and is_ is not None:
            yield from _same(was, is_)


def _same(was: Step, now: Step) -> Iterator[Difference]:
    due: tuple[datetime | None, datetime | None] = (was.due, now.due)
    if due[0] != due[1] or was.late != now.late:
        yield Difference("deadline", was.path, was.round, *due, late_was=was.late, late=now.late)
    if now.filled:
        yield Difference("fields", was.path, was.round, names=now.filled)
