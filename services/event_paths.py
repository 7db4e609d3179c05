"""The places of the diagrams that a filter of the history means, as the record writes them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.plans import Plan, PlanVersion
from services.definitions import catalogue_for, static_path
from services.errors import Refusal
from services.event_filter import EventFilter
from services.event_streams import element_paths


def paths_meant(session: Session, flt: EventFilter) -> set[str] | None:
    """The element paths of the record that are meant; None where any is. Raises as `covered_by`."""
    if not (flt.element or flt.clause):
        return None
    found = set(element_paths(session))
    if flt.element:
        found = {path for path in found if _is_at(static_path(path), flt.element)}
    if flt.clause:
        covered = covered_by(session, flt.plan, flt.clause)
        found = {path for path in found if static_path(path) in covered}
    return found


def covered_by(session: Session, plan: str, clause: str) -> set[str]:
    """The static paths a clause of a plan stands for, in any of its versions: of the elements that
    name it, of what stands inside those, and of what is attached to either. Raises Refusal
    ``clause_needs_plan``, ``plan_unknown`` or ``clause_unknown``."""
    if not plan:
        raise Refusal("clause_needs_plan", 422)
    if session.get(Plan, plan) is None:
        raise Refusal("plan_unknown", 404)
    covered: set[str] = set()
    for version in session.scalars(select(PlanVersion).where(PlanVersion.plan_key == plan)):
        elements = catalogue_for(session, version).elements
        own = {path for path, element in elements.items() if clause in element.clauses}
        inside = {path for path in elements if any(around in own for around in _around(path))}
        covered |= inside
        covered |= {path for path, element in elements.items() if element.attached_to in inside}
    if not covered:
        raise Refusal("clause_unknown", 422, clause=clause)
    return covered


def _around(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _is_at(path: str, element: str) -> bool:
    return path == element or ("/" not in element and element in path.split("/"))
