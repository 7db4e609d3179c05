"""Two versions of a plan compared: what an author changed, in the order the plan is read.

Nothing here needs the engine: a draft that does not run yet can be compared as long as its
files can be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.plan_diff_changes import (
    GROUPS,
    Change,
    Group,
    Key,
    PlanText,
    Subject,
    ranks,
)
from services.plan_diff_drawing import lane_changes, process_changes, untold_changes
from services.plan_diff_elements import step_changes
from services.plan_diff_flows import flow_changes
from services.plan_diff_limits import limit_changes
from services.plan_diff_papers import clause_changes, paper_changes
from services.plan_diff_tables import TableDiff, table_changes, table_diffs
from services.plan_folder import CLAUSES, read_toml
from services.plan_text import written_plan
from workflows import catalogue, decision_table
from workflows.bundle import Bundle
from workflows.contract import DeploymentError, Finding
from workflows.decision_model import DecisionTable


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """``changes`` by group, then in the reading order of the newer version. ``tables`` are all
    decision tables of both, also those nothing differs in."""

    before: PlanText
    after: PlanText
    changes: tuple[Change, ...]
    tables: tuple[TableDiff, ...]

    def of_group(self, group: Group) -> tuple[Change, ...]:
        """The changes of one group."""
        return tuple(one for one in self.changes if one.group == group)

    @property
    def counts(self) -> dict[Group, int]:
        """How many changes a group has; groups without any are left out."""
        counts = {group: len(self.of_group(group)) for group in GROUPS}
        return {group: count for group, count in counts.items() if count}


def plan_text(bundle: Bundle) -> PlanText:
    """A bundle read for comparing and printing. A decision table that cannot be read is left
    out and named in ``unread``. Raises DeploymentError when a diagram or ``clauses.toml``
    cannot be read, or the plan's process is missing."""
    read = catalogue.read(bundle.files, bundle.manifest)
    tables: dict[str, DecisionTable] = {}
    unread: list[Finding] = []
    for name, body in bundle.of_type(".dmn"):
        try:
            tables.update(decision_table.parse(body, name))
        except DeploymentError as wrong:
            unread += wrong.findings
    rows = read_toml(bundle.files, CLAUSES).get("clause", [])
    clauses = [row for row in rows if isinstance(row, Mapping)]
    plan = written_plan(read, bundle.manifest, tables)
    return PlanText(bundle, read, plan, tables, clauses, tuple(unread))


def diff(before: PlanText, after: PlanText) -> PlanDiff:
    """What differs. Equal files differ in nothing; files written otherwise that say the same
    give one change that says so."""
    tables = table_diffs(before.tables, after.tables)
    if before.bundle.files == after.bundle.files:
        return PlanDiff(before, after, (), tuple(tables))
    limits, limits_in = limit_changes(before, after)
    steps = step_changes(before, after, limits_in)
    flows, led = flow_changes(before, after)
    found = [*limits, *steps, *flows, *lane_changes(before, after)]
    found += process_changes(before, after)
    told: set[Key] = {key for change in found for key in change.elements}
    processes = {change.subject.process_id for change in found} | led
    found += untold_changes(before, after, told, processes | {key[0] for key in told})
    found += table_changes(tables)
    found += paper_changes(before.bundle.manifest, after.bundle.manifest)
    found += clause_changes(before.clauses, after.clauses)
    if not found:
        found = [Change("changed", "other", Subject("plan", "", ""), "formatting", importance=1)]
    return PlanDiff(before, after, _in_order(before, after, found), tuple(tables))


def _in_order(before: PlanText, after: PlanText, found: list[Change]) -> tuple[Change, ...]:
    places = ranks(before.steps, after.steps)
    groups = {group: at for at, group in enumerate(GROUPS)}

    def place(change: Change) -> float:
        subject = change.subject
        if (subject.process_id, subject.key) in places:
            return places[subject.process_id, subject.key]
        for text in (after, before):
            element = text.elements.get((subject.process_id, subject.key))
            step = text.plan.of_path(element.path) if element is not None else None
            if step is not None:
                return places[step.element.process_id, step.element.id] + 0.0001
        # A process as a whole before its steps; what stands in no diagram behind them all.
        inside = [rank for key, rank in places.items() if key[0] == subject.process_id]
        return min(inside) - 0.5 if inside else float(len(places))

    placed = [replace(change, rank=place(change)) for change in found]
    return tuple(sorted(placed, key=lambda one: (groups[one.group], one.rank)))
