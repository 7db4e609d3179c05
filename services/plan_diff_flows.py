"""Which of a plan's ways differ: where each step leads, on what condition, what may happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.plan_diff_changes import (
    Both,
    Change,
    Key,
    Kind,
    PlanText,
    Subject,
    ends,
    key_of,
    pair,
    part_subject,
    subject_of,
)
from services.plan_text_steps import Happening, Limit, Route, Start, Step

_CHOICES = ("choice", "any", "first", "together")
#: Routes looked at to tell where one leads, and choices behind one another on the way.
MOST_WAYS = 1_000
MOST_DEEP = 40


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where the routes of one version lead, said so that the other's can be compared: numbers
    become keys, and steps only this version has (``alone``) are passed through."""

    text: PlanText
    alone: frozenset[Key]
    #: Names of ends and questions as the other version has them: a new name is told as such.
    renamed: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def named(self, route: Route) -> tuple[str, str]:
        names = route.name, route.name_en
        return self.renamed.get(names, names)

    def key(self, number: str) -> Key:
        return key_of(self.text.plan.by_number[number].element)

    def of(self, route: Route | None) -> tuple[Any, ...]:
        return self._of(route, frozenset(), [MOST_WAYS])

    def _of(
        self, route: Route | None, passed: frozenset[Key], left: list[int], depth: int = 0
    ) -> tuple[Any, ...]:
        """``left`` counts down what is still looked at: through new steps, ways multiply."""
        while route is not None and route.kind == "step":
            key = self.key(route.number)
            left[0] -= 1
            if key not in self.alone or key in passed or left[0] < 0:
                return "step", key
            passed |= {key}
            route = self.text.plan.by_number[route.number].to
        if route is None:
            return ("end", "", "", False)
        if route.kind == "end":
            return "end", *self.named(route), route.stops
        left[0] -= 1
        if left[0] < 0 or depth > MOST_DEEP:
            return ("far",)
        if route.kind == "join":
            return "join", self._of(route.branches[0].to, passed, left, depth + 1)
        ways = tuple(
            (one.name, one.name_en, one.condition, one.default,
             self._of(one.to, passed, left, depth + 1))
            for one in route.branches
        )  # fmt: skip
        return route.kind, *self.named(route), ways


def flow_changes(before: PlanText, after: PlanText) -> tuple[list[Change], frozenset[str]]:
    """Ways that lead elsewhere or on another condition; a way that only passes through a step
    that is new (or no longer goes through one that is gone) is not told: the step is. Also gives
    the processes in which a way was told."""
    old_steps, new_steps = before.steps, after.steps
    olds = _Ways(before, frozenset(set(old_steps) - set(new_steps)), _renamed(before, after))
    news = _Ways(after, frozenset(set(new_steps) - set(old_steps)))
    found: list[Change] = []
    for key, new in new_steps.items():
        old = old_steps.get(key)
        if old is not None:
            found += _of_step(olds, news, old, new)
    for part in after.plan.parts:
        was = next((one for one in before.plan.parts if one.key == part.key), None)
        if was is not None:
            found += _starts(olds, news, part_subject(part), was.starts, part.starts)
    return found, frozenset(change.subject.process_id for change in found)


def _renamed(before: PlanText, after: PlanText) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (old.name, old.name_en): (new.name, new.name_en)
        for key, old in before.elements.items()
        if old.name and (new := after.elements.get(key)) is not None
        if (old.name, old.name_en) != (new.name, new.name_en)
    }


def _of_step(olds: _Ways, news: _Ways, old: Step, new: Step) -> Iterator[Change]:
    subject = subject_of(news.text, new.element)
    clauses, told = new.element.clauses, frozenset({key_of(new.element)})
    if olds.of(old.to) != news.of(new.to):
        yield from _route(olds, news, subject, "route", (old.to, new.to), clauses, told)
    for was, now in pair(old.limits, new.limits, lambda one: (one.kind, one.name)):
        if was and now and _leads(olds, was) != _leads(news, now):
            detail = Subject("limit", now.kind or "timer", now.name, now.name_en)
            yield from _route(
                olds, news, subject, "then", (was.to, now.to), clauses, told, detail=detail
            )
    for one, other in pair(old.happenings, new.happenings, _happening, lambda h: h.event):
        yield from _happens(olds, news, subject, one, other, clauses, told)
    yield from _starts(olds, news, subject, old.starts, new.starts)


def _leads(ways: _Ways, limit: Limit) -> tuple[Any, ...]:
    return ways.of(limit.to) if limit.to is not None else ()


def _route(
    olds: _Ways,
    news: _Ways,
    subject: Subject,
    field: str,
    routes: tuple[Route | None, Route | None],
    clauses: tuple[str, ...],
    told: frozenset[Key],
    detail: Subject | None = None,
) -> Iterator[Change]:
    """Branch by branch where it stays the same kind of choice, else the whole."""
    old, new = routes
    common: dict[str, Any] = {"clauses": clauses, "elements": told}
    if old is None or new is None or old.kind != new.kind or old.kind not in _CHOICES:
        yield Change("changed", "steps", subject, field, old, new, detail, **common)
        return
    if olds.named(old) != news.named(new):
        names = Both(old.name, old.name_en), Both(new.name, new.name_en)
        yield Change("changed", "steps", subject, "question", *names, detail, **common)
    pairs = pair(
        old.branches, new.branches,
        lambda one: (one.name, one.condition, one.default),
        lambda one: one.name or one.condition,
    )  # fmt: skip
    for was, now in pairs:
        if was is None or now is None:
            kind: Kind = "added" if now else "removed"
            yield Change(kind, "steps", subject, "branch", was, now, detail, **common)
            continue
        one = Subject("branch", "", now.name or now.condition, now.name_en)
        if (was.condition, was.default) != (now.condition, now.default):
            yield Change("changed", "steps", subject, "condition", was, now, one, **common)
        if (was.name, was.name_en) != (now.name, now.name_en):
            names = Both(was.name, was.name_en), Both(now.name, now.name_en)
            yield Change("changed", "steps", subject, "way_name", *names, one, **common)
        if olds.of(was.to) != news.of(now.to):
            yield Change("changed", "steps", subject, "route", was.to, now.to, one, **common)


def _happening(one: Happening) -> tuple[str, str]:
    return one.event, one.name


def _happens(
    olds: _Ways,
    news: _Ways,
    subject: Subject,
    old: Happening | None,
    new: Happening | None,
    clauses: tuple[str, ...],
    told: frozenset[Key],
) -> Iterator[Change]:
    common: dict[str, Any] = {"clauses": clauses, "elements": told}
    if old is None or new is None:
        kind: Kind = "added" if new else "removed"
        yield Change(kind, "steps", subject, "happening", old, new, **common)
        return
    if _happening(old) != _happening(new) or old.interrupting != new.interrupting:
        yield Change("changed", "steps", subject, "happening", old, new, **common)
    if olds.of(old.to) != news.of(new.to):
        detail = Subject("happening", new.event, new.name, new.name_en)
        yield from _route(
            olds, news, subject, "then", (old.to, new.to), clauses, told, detail=detail
        )


def _starts(
    olds: _Ways,
    news: _Ways,
    subject: Subject,
    before: tuple[Start, ...],
    after: tuple[Start, ...],
) -> Iterator[Change]:
    for was, now in pair(before, after, lambda one: one.element.id):
        if was is None or now is None:
            one = now or was
            assert one is not None
            names = Both(one.element.name, one.element.name_en)
            told = frozenset({key_of(one.element)})
            kind: Kind = "added" if now else "removed"
            yield Change(kind, "steps", subject, "start", *ends(kind, names), elements=told)
        elif olds.of(was.to) != news.of(now.to):
            detail = Subject("start", now.element.id, now.element.name, now.element.name_en)
            told = frozenset({key_of(now.element)})
            yield from _route(olds, news, subject, "first", (was.to, now.to), (), told, detail)
