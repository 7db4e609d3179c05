"""Which of a plan's clocks differ: limits, reminders, escalations, and what happens on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.plan_diff_changes import Change, Key, PlanText, key_of, pair, subject_of
from services.plan_text import WrittenPlan
from services.plan_text_moments import Moment
from services.plan_text_steps import Limit, Step
from workflows.contract import Element

#: (who calls, None for a step of the plan's own process) and what holds there, in its order.
_ByCaller = dict[Key | None, list[Limit]]


def limit_changes(before: PlanText, after: PlanText) -> tuple[list[Change], frozenset[Key]]:
    """Changed clocks of the steps both versions have. A clock of a shared process is told once,
    at its own step, where it was written anew and changed alike in every call; else at each call
    it changed in. Also gives the calls in which one changed: what they hand in is told thereby."""
    found: list[Change] = []
    called: set[Key] = set()
    old_steps, new_steps = before.steps, after.steps
    for key, new in new_steps.items():
        old = old_steps.get(key)
        if old is None:
            continue
        olds, news = _by_caller(before.plan, old), _by_caller(after.plan, new)
        callers = [one for one in news if one in olds]
        told = {one: _differing(before.plan, after.plan, olds[one], news[one]) for one in callers}
        # A call that hands in no limit has no clock: it is not asked.
        alike = {tuple(_signature(pairs)) for one, pairs in told.items() if olds[one] or news[one]}
        watching = _watching(before, after, old, new)
        called |= {one for one in callers if one is not None and told[one]}
        own = None in news or _written(before, old) != _written(after, new)
        if own and len(alike) == 1 and set(olds) == set(news):
            pairs = next((pairs for pairs in told.values() if pairs), [])
            found += _told(after, new, new, pairs, watching)
            continue
        for caller in callers:
            by = new_steps.get(caller) if caller is not None else new
            if by is not None:
                found += _told(after, by, new, told[caller], watching)
    return found, frozenset(called)


def same_limit(
    before: WrittenPlan, after: WrittenPlan, old: Limit | None, new: Limit | None
) -> bool:
    """Whether the two clocks say the same, whatever they are called and lead to."""
    if old is None or new is None:
        return old is new
    return _essence(old) == _essence(new)


def _essence(limit: Limit) -> tuple[object, ...]:
    moment = limit.beyond if limit.beyond is not None else limit.moment
    return limit.kind, moment, limit.escalate_to, limit.interrupting


def _by_caller(plan: WrittenPlan, step: Step) -> _ByCaller:
    """A step's limits by the calls they hold for."""
    letter = step.number.rstrip("0123456789.")
    part = plan.by_letter.get(letter)
    callers = part.callers if part is not None and letter else ()
    if not callers:
        return {None: list(step.limits)}
    found: _ByCaller = {key_of(plan.by_number[number].element): [] for number in callers}
    for limit in step.limits:
        for number in limit.calls or callers:
            found[key_of(plan.by_number[number].element)].append(replace(limit, calls=()))
    return found


def _differing(
    before: WrittenPlan, after: WrittenPlan, old: list[Limit], new: list[Limit]
) -> list[tuple[Limit | None, Limit | None]]:
    pairs = pair(
        old, new,
        lambda one: (one.kind, one.name, _essence(one)),
        lambda one: (one.kind, one.name),
        lambda one: one.kind,
    )  # fmt: skip
    return [(b, a) for b, a in pairs if not same_limit(before, after, b, a)]


def _signature(
    pairs: list[tuple[Limit | None, Limit | None]],
) -> Iterator[tuple[object, object]]:
    for old, new in pairs:
        yield _essence(old) if old else None, _essence(new) if new else None


def _watching(before: PlanText, after: PlanText, old: Step, new: Step) -> frozenset[Key]:
    """The clock elements that stand on the step in either version."""
    return frozenset(
        key_of(element)
        for text, step in ((before, old), (after, new))
        for element in _on(text, step.paths[0])
    )


def _on(text: PlanText, path: str) -> Iterator[Element]:
    for element in text.read.elements.values():
        if element.attached_to == path and element.timer_kind:
            yield element
    own = text.read.elements[path]
    if own.timer_kind:
        yield own


def _written(text: PlanText, step: Step) -> list[tuple[str, str, str, bool]]:
    """The clocks on a step as the file has them, without what calls hand in."""
    return sorted(
        (one.id, one.timer, one.properties.get("escalateTo", ""), one.interrupting)
        for one in _on(text, step.paths[0])
    )


def _told(
    after: PlanText,
    by: Step,
    step: Step,
    pairs: list[tuple[Limit | None, Limit | None]],
    watching: frozenset[Key],
) -> Iterator[Change]:
    """``by`` is where it is told: the step itself, or the one that calls its part."""
    for old, new in pairs:
        limit = new or old
        assert limit is not None
        elements = {*watching, key_of(by.element), key_of(step.element)}
        yield Change(
            "changed" if old and new else "added" if new else "removed",
            "limits",
            subject_of(after, by.element),
            limit.kind or "timer",
            old,
            new,
            detail=None if by is step else subject_of(after, step.element),
            clauses=by.element.clauses,
            importance=3 if limit.kind in ("due", "escalate") else 2,
            elements=frozenset(elements),
        )


def only_length(old: Moment, new: Moment) -> bool:
    """Whether two moments count from the same and differ in nothing but how long."""
    bare = replace(old, terms=()), replace(new, terms=())
    return bare[0] == bare[1] and len(old.terms) == len(new.terms) == 1 and not old.text
