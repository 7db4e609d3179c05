"""Which of a plan's steps differ: added, gone, and what each says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.plan_diff_changes import (
    NOTHING,
    Both,
    Change,
    Group,
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
from services.plan_diff_forms import NOBODY, field_changes
from services.plan_text_steps import Step, every
from workflows.catalogue import DataMapping
from workflows.contract import Element
from workflows.diagram import FlowNode, camunda

#: Properties that are told as what they mean, not as such.
_KNOWN: Final = frozenset(
    {"name.en", "clause", "origin", "notSameAs", "deadlineKind", "escalateTo", "anchor"}
)
_RECUSAL: Final = frozenset({"notRecused", "recusalRecorded"})
#: What an element says of itself, one to one: (field, group, importance).
_PLAIN: Final[tuple[tuple[str, Group, int], ...]] = (
    ("kind", "steps", 3),
    ("candidate_users", "roles", 3),
    ("assignee", "roles", 3),
    ("form_key", "steps", 2),
    ("decision_ref", "tables", 2),
    ("topic", "steps", 2),
    ("priority", "other", 1),
    ("follow_up", "other", 1),
    ("origin", "other", 1),
    ("clauses", "other", 1),
)


def step_changes(before: PlanText, after: PlanText, limits_in: Collection[Key]) -> list[Change]:
    """Steps added and gone, and what every element both versions have says of itself.
    ``limits_in`` are the calls whose handed-in limits are told already."""
    found = [
        *_come_and_gone("added", after, before),
        *_come_and_gone("removed", before, after),
    ]
    rebound = _rebound(before, after)
    for key, new in after.elements.items():
        old = before.elements.get(key)
        if old is None or key not in before.nodes or key not in after.nodes:
            continue
        here = [*_says(old, new), *field_changes(old.form_fields, new.form_fields)]
        here += _properties(before.nodes[key], after.nodes[key])
        here += _calls(before, after, old, new, told=key in limits_in)
        if key in before.steps and key in after.steps:
            here += _who(before, after, key, rebound)
        subject = subject_of(after, new)
        found += [
            replace(one, subject=subject, clauses=new.clauses, elements=frozenset({key}))
            for one in here
        ]
    return found


def _come_and_gone(kind: Kind, here: PlanText, there: PlanText) -> Iterator[Change]:
    """Steps only ``here`` has, and shared processes as a whole. What stands in a process or
    group that is new or gone is told with that."""
    parts = {part.key for part in there.plan.parts}
    alone = {key for key in here.steps if key not in there.steps}
    for part in here.plan.parts:
        if part.key not in parts:
            yield Change(kind, "steps", part_subject(part), "part", *ends(kind, part), importance=3)
    for key in alone:
        if key[0] not in parts or here.host(key) in alone:
            continue
        step = here.steps[key]
        inner = {key_of(one.element) for one in every(step.steps)}
        yield Change(
            kind, "steps", subject_of(here, step.element), "step", *ends(kind, step),
            clauses=step.element.clauses, importance=3, elements=frozenset({key, *inner}),
        )  # fmt: skip


def _says(old: Element, new: Element) -> Iterator[Change]:
    names = Both(old.name, old.name_en), Both(new.name, new.name_en)
    if names[0] != names[1]:
        yield Change("changed", "steps", NOBODY, "name", *names)
    texts = (
        Both(old.documentation, old.documentation_en),
        Both(new.documentation, new.documentation_en),
    )
    if texts[0] != texts[1]:
        yield Change("changed", "other", NOBODY, "documentation", *texts, importance=1)
    for field, group, importance in _PLAIN:
        was, now = getattr(old, field), getattr(new, field)
        if was != now:
            yield Change("changed", group, NOBODY, field, was, now, importance=importance)


def _properties(old: FlowNode, new: FlowNode) -> Iterator[Change]:
    """Properties as written at the element itself, not those handed down to it."""
    was, now = old.properties, new.properties
    for name in dict.fromkeys((*now, *was)):
        before, after = was.get(name, ""), now.get(name, "")
        if before == after or name in _KNOWN:
            continue
        detail = Subject("property", name, name)
        if name.startswith("role."):
            role = Subject("role", name.removeprefix("role."), name.removeprefix("role."))
            yield Change("changed", "roles", NOBODY, "role_for", before, after, role, importance=3)
        elif name == "to" and new.kind == "serviceTask":
            yield Change("changed", "roles", NOBODY, "notified", before, after)
        elif name in _RECUSAL:
            yield Change(
                "changed", "approvals", NOBODY, "recusal", before, after, detail, importance=3
            )
        else:
            yield Change("changed", "other", NOBODY, "property", before, after, detail)


def _calls(
    before: PlanText, after: PlanText, old: Element, new: Element, *, told: bool
) -> Iterator[Change]:
    was, now = before.read.calls.get(old.path), after.read.calls.get(new.path)
    if was is None or now is None:
        return
    if was.process_id != now.process_id:
        names = _process(before, was.process_id), _process(after, now.process_id)
        yield Change("changed", "steps", NOBODY, "called", *names, importance=3)
    for field, olds, news in (("handed_in", was.ins, now.ins), ("handed_out", was.outs, now.outs)):
        for one, other in pair(olds, news, lambda m: m.target):
            if one == other:
                continue
            target = (other or one or DataMapping()).target
            if told and _in_a_timer(after, now.process_id, target):
                continue
            detail = Subject("variable", target, target)
            kind: Kind = "changed" if one and other else "added" if other else "removed"
            yield Change(kind, "steps", NOBODY, field, _source(one), _source(other), detail)


def _source(mapping: DataMapping | None) -> str | None:
    return (mapping.expression or mapping.source) if mapping is not None else None


def _process(text: PlanText, key: str) -> Both:
    part = next((one for one in text.plan.parts if one.key == key), None)
    return Both(part.name, part.name_en) if part is not None else Both(key)


def _in_a_timer(text: PlanText, process_id: str, variable: str) -> bool:
    """Whether a clock of the called process is counted with what is handed in."""
    return any(
        variable in node.timer[1].replace("(", " ").replace(")", " ").split()
        for key, node in text.nodes.items()
        if key[0] == process_id
    )


def _rebound(before: PlanText, after: PlanText) -> frozenset[str]:
    """Processes in whose calls a role was bound to another: told there, not at every step."""

    def bound(text: PlanText) -> Mapping[Key, list[tuple[str, str]]]:
        return {
            key: sorted(one for one in node.properties.items() if one[0].startswith("role."))
            for key, node in text.nodes.items()
            if node.kind == "callActivity"
        }

    olds, news = bound(before), bound(after)
    return frozenset(
        str(after.nodes[key].node.get("calledElement") or "")
        for key, roles in news.items()
        if olds.get(key, []) != roles
    )


def _who(before: PlanText, after: PlanText, key: Key, rebound: Collection[str]) -> Iterator[Change]:
    old, new = before.steps[key], after.steps[key]
    own = camunda(before.nodes[key].node, "candidateGroups") != camunda(
        after.nodes[key].node, "candidateGroups"
    )
    same_callers = before.read.calls.keys() == after.read.calls.keys()
    if old.roles != new.roles and (own or (key[0] not in rebound and same_callers)):
        yield Change("changed", "roles", NOBODY, "roles", old.roles, new.roles, importance=3)
    others = _steps(before, old.not_same_as), _steps(after, new.not_same_as)
    if {key_of(one.element) for one in others[0]} != {key_of(one.element) for one in others[1]}:
        yield Change("changed", "approvals", NOBODY, "not_same_as", *others, importance=3)
    if old.repeat != new.repeat:
        yield Change("changed", "steps", NOBODY, "repeat", old.repeat, new.repeat)
    hosts = before.host(key), after.host(key)
    if hosts[0] != hosts[1]:
        yield Change(
            "moved", "steps", NOBODY, "host", _host(before, hosts[0]), _host(after, hosts[1])
        )


def _host(text: PlanText, key: Key | None) -> Both:
    element = text.elements.get(key) if key is not None else None
    return Both(element.name, element.name_en) if element is not None else NOTHING


def _steps(text: PlanText, numbers: Sequence[str]) -> tuple[Step, ...]:
    return tuple(text.plan.by_number[one] for one in numbers if one in text.plan.by_number)
