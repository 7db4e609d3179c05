"""The written plan: what a deployed version says, told from its diagram and ``plan.toml``.

Nothing is written by hand here; a changed diagram is a changed text. Everything stays in both
languages: the pages choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from services.plan_text_steps import Part, Step, every
from services.plan_text_walk import parts
from workflows.catalogue import Catalogue
from workflows.contract import DeploymentError, Finding
from workflows.decision_model import DecisionTable, Table

#: Sections of ``[[provisions]]`` in the order a plan is written; duties stand with the roles.
SECTIONS: Final = ("purpose", "basis", "scope", "principle")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlanRole:
    """A role of the plan: ``key`` in ``[roles]``, ``role`` the organisation's it is bound to;
    ``duties`` are its provisions."""

    key: str
    role: str
    name: str
    name_en: str
    duties: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class CriteriaRule:
    """A rule of a tier table: what it says, and the tier it proposes (``tier`` {} where the
    output is no tier; ``outputs`` are the cells as written)."""

    id: str
    text: str
    tier: Row
    outputs: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """A decision table of the plan. ``inputs`` are the labels of its questions; ``step`` the
    number of the step that asks it, "" for none."""

    id: str
    name: str
    hit_policy: str
    inputs: tuple[str, ...]
    rules: tuple[CriteriaRule, ...]
    step: str


@dataclass(frozen=True)
class WrittenPlan:
    """``parts``: the plan's own process first, then those it calls. ``step_of`` gives for every
    element path the number of the step that tells it; ``by_number`` the step itself."""

    manifest: Row
    parts: tuple[Part, ...]
    step_of: Mapping[str, str]
    roles: tuple[PlanRole, ...]
    criteria: tuple[Criteria, ...]

    @cached_property
    def by_number(self) -> dict[str, Step]:
        """Every step of all parts, by its number."""
        return {step.number: step for part in self.parts for step in every(part.steps)}

    @cached_property
    def by_letter(self) -> dict[str, Part]:
        """The parts by their letter."""
        return {part.letter: part for part in self.parts}

    @cached_property
    def role_named(self) -> dict[str, PlanRole]:
        """The plan's roles by their key."""
        return {role.key: role for role in self.roles}

    @cached_property
    def tasks(self) -> list[Step]:
        """The steps people do, in reading order."""
        return [step for step in self.by_number.values() if step.kind == "task"]

    def tasks_of(self, role: str) -> list[Step]:
        """The steps a role of the plan (its key) may do."""
        return [step for step in self.tasks if role in step.roles]

    def provisions(self, *sections: str) -> list[Row]:
        """Rows of these sections, in their order."""
        rows = self.manifest.get("provisions", [])
        return [row for section in sections for row in rows if row.get("section") == section]

    def of_path(self, path: str) -> Step | None:
        """The step that tells the element at a path."""
        return self.by_number.get(self.step_of.get(path, ""))

    def clocks_of(self, step: Step) -> list[Row]:
        """The clocks (``[[clocks]]``) that a step carries."""
        return [
            clock
            for clock in self.manifest.get("clocks", [])
            if self.step_of.get(clock.get("element", "")) == step.number
        ]


def too_long(read: Catalogue) -> DeploymentError:
    """As `workflows.definition` has it: what follows the flows does so by recursion."""
    file = read.processes[read.process_id].file
    return DeploymentError([Finding("too_many_elements", "error", file, args={"limit": "480"})])


def written_plan(
    read: Catalogue, manifest: Row, tables: Mapping[str, DecisionTable]
) -> WrittenPlan:
    """The plan of a version. ``tables`` are its decisions by id. Raises DeploymentError for a
    draft with more in one row than can be followed."""
    try:
        told, step_of = parts(read, manifest)
    except RecursionError:
        raise too_long(read) from None
    return WrittenPlan(
        manifest=manifest,
        parts=tuple(told),
        step_of=step_of,
        roles=_roles(manifest),
        criteria=tuple(_criteria(read, manifest, tables, step_of)),
    )


def _roles(manifest: Row) -> tuple[PlanRole, ...]:
    duties: Sequence[Row] = [row for row in manifest.get("provisions", []) if row.get("role")]
    found = []
    for key, value in manifest.get("roles", {}).items():
        row = value if isinstance(value, Mapping) else {"role": value}
        own = tuple(duty for duty in duties if duty["role"] == key)
        name = str(row.get("name") or key)
        found.append(
            PlanRole(key, str(row.get("role", key)), name, str(row.get("name_en", "")), own)
        )
    return tuple(found)


def _criteria(
    read: Catalogue,
    manifest: Row,
    tables: Mapping[str, DecisionTable],
    step_of: Mapping[str, str],
) -> list[Criteria]:
    tiers = {row["key"]: row for row in manifest.get("tiers", [])}
    asked = {
        element.decision_ref: step_of.get(path, "")
        for path, element in reversed(read.elements.items())
        if element.decision_ref
    }
    found = []
    for id, table in tables.items():
        logic = table.logic
        if not isinstance(logic, Table):
            continue
        rules = tuple(
            CriteriaRule(rule.id, rule.text, _tier(rule.outputs, tiers), rule.outputs, rule.tests)
            for rule in logic.rules
        )
        inputs = tuple(one.label or one.text for one in logic.inputs)
        found.append(
            Criteria(id, table.name or id, logic.hit_policy, inputs, rules, asked.get(id, ""))
        )
    return found


def _tier(outputs: Sequence[str], tiers: Mapping[str, Row]) -> Row:
    for cell in outputs:
        if cell.strip().strip('"') in tiers:
            return tiers[cell.strip().strip('"')]
    return {}
