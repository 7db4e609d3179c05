"""A plan and its versions. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import Plan, PlanVersion
from services.errors import Refusal
from workflows.catalogue import Catalogue

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"


@dataclass(frozen=True, slots=True)
class ProcessName:
    """What a process is called, in both languages ("" where the plan gives none)."""

    name: str
    name_en: str


def process_names(read: Catalogue) -> dict[str, ProcessName]:
    """By process id. English is the process's own property ``name.en``."""
    found = {}
    for key, process in read.processes.items():
        english = process.node.find(
            f"{_BPMN}extensionElements/{_CAMUNDA}properties/{_CAMUNDA}property[@name='name.en']"
        )
        value = english.get("value") if english is not None else None
        found[key] = ProcessName(process.name or key, str(value or ""))
    return found


def plan_by_key(session: Session, key: str) -> Plan | None:
    """The plan, where one of that key has ever been in force."""
    return session.get(Plan, key)


def version_if_any(session: Session, version_id: int | None) -> PlanVersion | None:
    """What a row's ``..._version_id`` points to; None for None."""
    return session.get(PlanVersion, version_id) if version_id is not None else None


def version_in_force(session: Session, plan_key: str) -> PlanVersion | None:
    """The version new cases run under; None for a plan that is not in force."""
    plan = plan_by_key(session, plan_key)
    return version_if_any(session, plan.current_version_id) if plan is not None else None


def version_by_id(session: Session, version_id: int) -> PlanVersion:
    """Raises Refusal ``plan_unknown`` 404."""
    found = session.get(PlanVersion, version_id)
    if found is None:
        raise Refusal("plan_unknown", 404)
    return found


def version_by_number(session: Session, plan_key: str, number: int) -> PlanVersion:
    """Raises Refusal ``plan_unknown`` 404."""
    found = session.scalar(
        select(PlanVersion).where(PlanVersion.plan_key == plan_key, PlanVersion.number == number)
    )
    if found is None:
        raise Refusal("plan_unknown", 404, plan=plan_key)
    return found


def versions_of(session: Session, plan_key: str) -> list[PlanVersion]:
    """All of a plan's versions, the newest first."""
    return list(
        session.scalars(
            select(PlanVersion)
            .where(PlanVersion.plan_key == plan_key)
            .order_by(PlanVersion.number.desc())
        )
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """How many cases run on a version, and how many have ended on it."""

    open: int = 0
    ended: int = 0


def usage(session: Session, plan_key: str) -> dict[int, Usage]:
    """By version id; versions without a case are left out."""
    rows = session.execute(
        select(Case.plan_version_id, Case.status == "open", func.count())
        .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
        .where(PlanVersion.plan_key == plan_key)
        .group_by(Case.plan_version_id, Case.status == "open")
    )
    found: dict[int, Usage] = {}
    for version_id, is_open, count in rows:
        was = found.get(version_id, Usage())
        found[version_id] = (
            Usage(was.open + count, was.ended) if is_open else Usage(was.open, was.ended + count)
        )
    return found
