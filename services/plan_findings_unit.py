"""What a plan asks of the unit that the unit, as it is today, cannot give: roles nobody holds,
escalation to somebody who is not more senior, two roles of one pair of eyes in one hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Membership, Person, Role
from services import plan_reach
from services.manifest import bound_role
from services.plan_folder import MANIFEST
from workflows import check_release
from workflows.catalogue import Catalogue
from workflows.check_walk import named
from workflows.contract import Element
from workflows.findings import Findings


@dataclass(frozen=True, slots=True)
class _Unit:
    """``ranks`` and ``names`` by role key; ``holders`` the active people of each role."""

    ranks: Mapping[str, int]
    names: Mapping[str, str]
    holders: Mapping[str, frozenset[int]]

    def name(self, key: str) -> str:
        return self.names.get(key, key)


def unit_findings(
    session: Session, read: Catalogue, manifest: Mapping[str, Any], found: Findings
) -> None:
    """Adds ``unknown_org_role`` (error) and, as warnings, ``role_without_member``,
    ``escalation_to_junior``, ``escalation_to_equal`` and ``drafter_holds_approver``."""
    unit = _unit(session)
    for key in manifest.get("roles", {}):
        role = bound_role(manifest, str(key))
        if role not in unit.ranks:
            found.error("unknown_org_role", MANIFEST, key=str(key), role=role)
    reached = plan_reach.paths(read)
    elements = [element for element in read.elements.values() if element.path in reached]
    _members(elements, read, unit, found)
    for element in elements:
        if element.deadline_kind == "escalate" and element.escalate_to in unit.ranks:
            _escalation(read, element, unit, found)
    for pair in check_release.pairs(read):
        _one_hand(read, pair, unit, found)


def _unit(session: Session) -> _Unit:
    roles = session.execute(select(Role.key, Role.name, Role.rank)).all()
    holders: dict[str, set[int]] = defaultdict(set)
    held = (
        select(Membership.role_key, Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.until.is_(None), Person.active)
    )
    for key, person in session.execute(held):
        holders[key].add(person)
    return _Unit(
        {row.key: row.rank for row in roles},
        {row.key: row.name for row in roles},
        {key: frozenset(people) for key, people in holders.items()},
    )


def _members(elements: Iterable[Element], read: Catalogue, unit: _Unit, found: Findings) -> None:
    """One finding for each set of roles nobody holds, at the first task that is for them."""
    empty: dict[tuple[str, ...], list[Element]] = {}
    for element in elements:
        roles = element.candidate_groups
        known = bool(roles) and all(role in unit.ranks for role in roles)
        reached = element.candidate_users or element.assignee
        if known and not reached and not any(unit.holders.get(role) for role in roles):
            empty.setdefault(roles, []).append(element)
    for roles, tasks in empty.items():
        args = {"role": _list(map(unit.name, roles)), "count": str(len(tasks))}
        found.warning(
            "role_without_member", read.file_of(tasks[0]), tasks[0].id,
            **named("task", tasks[0]), **args,
        )  # fmt: skip


def _escalation(read: Catalogue, timer: Element, unit: _Unit, found: Findings) -> None:
    """Whoever an overdue task goes to has to stand above those who let it lie. Of a sub-process
    with tasks of many roles: above at least one of them."""
    host = read.elements.get(timer.attached_to)
    if host is None:
        return
    tasks = [host] if host.kind == "userTask" else list(_within(read, host.path))
    ranks = [
        max(unit.ranks[role] for role in task.candidate_groups if role in unit.ranks)
        for task in tasks
        if any(role in unit.ranks for role in task.candidate_groups)
    ]
    above = unit.ranks[timer.escalate_to]
    if not ranks or above > min(ranks):
        return
    # A task the topmost may take as well as others has nobody further up.
    shared = host.kind == "userTask" and len(host.candidate_groups) > 1
    if above == min(ranks) and shared and above == max(unit.ranks.values()):
        return
    roles = dict.fromkeys(unit.name(role) for task in tasks for role in task.candidate_groups)
    args = {
        **named("task", host), "to": unit.name(timer.escalate_to), "roles": _list(list(roles)[:4])
    }  # fmt: skip
    if above < min(ranks):
        found.warning("escalation_to_junior", read.file_of(timer), timer.id, **args)
    else:
        found.warning("escalation_to_equal", read.file_of(timer), timer.id, **args)


def _list(names: Iterable[str]) -> str:
    return " / ".join(names)


def _within(read: Catalogue, path: str) -> Iterator[Element]:
    for element in read.elements.values():
        if element.kind == "userTask" and element.path.startswith(f"{path}/"):
            yield element


def _one_hand(read: Catalogue, pair: check_release.Pair, unit: _Unit, found: Findings) -> None:
    """The plan keeps the two apart by role only, and somebody holds both."""
    if pair.apart:
        return
    drafters = _people(pair.draft, unit)
    if drafters & _people(pair.approval, unit):
        found.warning(
            "drafter_holds_approver", read.file_of(pair.approval), pair.approval.id,
            **named("task", pair.approval), **named("draft", pair.draft), draft_id=pair.draft.id,
        )  # fmt: skip


def _people(task: Element, unit: _Unit) -> set[int]:
    return {person for role in task.candidate_groups for person in unit.holders.get(role, ())}
