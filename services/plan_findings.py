"""All that is wrong or doubtful with a plan, in one report: for drafts, uploads and proposals."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from workflows.bundle import Bundle
from workflows.contract import DeploymentError, Finding
from workflows.definition import compile_bundle
from workflows.feel import default_feel


@dataclass(frozen=True, slots=True)
class FindingReport:
    """``deployable``: nothing in ``findings`` is an error."""

    findings: tuple[Finding, ...]
    deployable: bool


def findings_of(
    session: Session, bundle: Bundle, *, in_force: PlanVersion | None = None
) -> FindingReport:
    """Never raises for what an author wrote."""
    try:
        found = compile_bundle(bundle, default_feel()).findings
    except DeploymentError as error:
        found = error.findings
    return FindingReport(tuple(found), not any(one.severity == "error" for one in found))
