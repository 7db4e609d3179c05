"""What a task's page shows. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person, Role
from models.plans import PlanVersion
from models.tasks import UserTask
from services.access import can_see_case, can_work_task
from services.definitions import element_of
from services.errors import Refusal
from services.manifest import manifest_of
from services.tiers import Tier, tier_named
from workflows.contract import Element


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the source plan that the element carries out."""

    id: str
    text: str
    text_en: str
    line: int | None
    fate: str


@dataclass(frozen=True, slots=True)
class TaskPage:
    """``role`` is the role in which the person may work the task, None when they may only
    read. ``mine`` is whether they have claimed it (or were given it)."""

    task: UserTask
    case: Case
    element: Element
    version: PlanVersion
    role: str | None
    mine: bool
    tier: Tier | None
    clauses: tuple[Clause, ...]
    assignee: Person | None
    completer: Person | None
    waits_for: Role | None

    @property
    def may_work(self) -> bool:
        """Whether the form is offered: open, and theirs or still nobody's."""
        return (
            self.task.status == "open"
            and self.role is not None
            and (self.mine or self.task.assignee_id is None)
        )


def clauses_of(version: PlanVersion, ids: tuple[str, ...]) -> tuple[Clause, ...]:
    """The clauses with these ids, as ``clauses.toml`` has them; one it lacks has only its id."""
    rows: Mapping[str, Mapping[str, Any]] = {
        str(row.get("id")): row for row in version.clauses.get("clause", [])
    }
    found = []
    for id_ in ids:
        row = rows.get(id_, {})
        line = row.get("line")
        found.append(
            Clause(
                id_,
                str(row.get("text", "")),
                str(row.get("text_en", "")),
                line if isinstance(line, int) else None,
                str(row.get("fate", "")),
            )
        )
    return tuple(found)


def task_page(session: Session, task_id: str, person: Person) -> TaskPage:
    """The page of one task. Raises Refusal ``task_unknown`` 404 when there is none or the
    person may neither see its case nor work it."""
    task = session.get(UserTask, task_id)
    case = session.get(Case, task.case_id) if task is not None else None
    if task is None or case is None:
        raise Refusal("task_unknown", 404)
    role = can_work_task(session, person, task)
    if role is None and not can_see_case(session, person, case):
        raise Refusal("task_unknown", 404)
    version = session.get(PlanVersion, case.plan_version_id)
    if version is None:
        raise Refusal("plan_not_found", 404)
    element = element_of(session, task)
    return TaskPage(
        task=task,
        case=case,
        element=element,
        version=version,
        role=role,
        mine=task.assignee_id == person.id,
        tier=tier_named(manifest_of(session, case), case.tier),
        clauses=clauses_of(version, element.clauses),
        assignee=session.get(Person, task.assignee_id) if task.assignee_id else None,
        completer=session.get(Person, task.completed_by) if task.completed_by else None,
        waits_for=session.get(Role, task.role_key) if task.role_key else None,
    )
