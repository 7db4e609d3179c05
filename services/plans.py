"""The plan library: versions deployed, each pinned by its content hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.people import Role
from models.plans import Definition as DefinitionRow
from models.plans import Plan, PlanFile, PlanVersion, VersionIssue
from models.studio import PlanProposal
from services import access, history
from services.actor import Actor
from services.definitions import catalogue_for
from services.errors import Refusal
from services.manifest import bound_role
from services.manifest_shape import require_shape
from services.plan_folder import CLAUSES, MANIFEST, read_toml
from services.plan_reading import version_if_any, version_in_force
from services.uow import UnitOfWork
from services.values import jsonable
from workflows import diagram
from workflows.contract import DeploymentError, Finding
from workflows.definition import Bundle, compile_bundle
from workflows.feel import default_feel


@dataclass(frozen=True, slots=True)
class Issue:
    """How a version comes into force from the studio: which proposal, who made it, who agreed
    (``approved_by`` None and ``alone``: the unit has switched the second person off)."""

    proposal: int
    proposed_by: int
    approved_by: int | None
    alone: bool
    document_number: str = ""
    review_on: date | None = None


def deploy_plan(
    uow: UnitOfWork,
    bundle: Bundle,
    note: str,
    actor: Actor,
    now: datetime,
    *,
    issue: Issue | None = None,
) -> PlanVersion:
    """Deploy a bundle as the plan's next version and make it current. The same content as the
    current version's gives that one back and writes nothing. Cases already open keep theirs.

    Raises DeploymentError with every finding, Refusal ``not_your_role`` / ``read_only`` 403 for
    a person who is neither plan author nor administrator.
    """
    require_deployer(uow, actor)
    session, manifest = uow.session, bundle.manifest
    require_shape(manifest)
    plan = session.get(Plan, _key(manifest))
    current = version_if_any(session, plan.current_version_id) if plan is not None else None
    if current is not None and current.content_hash == bundle.content_hash:
        return current
    unknown = _unknown_roles(session, manifest)
    try:
        definition = compile_bundle(bundle, default_feel())
    except DeploymentError as error:
        raise DeploymentError([*error.findings, *unknown]) from error
    if unknown:
        raise DeploymentError([*unknown, *definition.findings])
    if plan is None:
        plan = Plan(key=_key(manifest), title="", title_en="")
        session.add(plan)
    plan.title = str(manifest.get("title", plan.key))
    plan.title_en = str(manifest.get("title_en", ""))
    session.flush()
    last = session.scalar(
        select(func.max(PlanVersion.number)).where(PlanVersion.plan_key == plan.key)
    )
    version = PlanVersion(
        plan_key=plan.key,
        number=(last or 0) + 1,
        content_hash=bundle.content_hash,
        manifest=_plain(manifest),
        clauses=_plain(read_toml(bundle.files, CLAUSES)),
        note=note,
        deployed_at=now,
        deployed_by=issue.proposed_by if issue is not None else actor.person_id,
        files=[
            PlanFile(name=name, content=content) for name, content in sorted(bundle.files.items())
        ],
    )
    session.add(version)
    session.flush()
    if issue is not None:
        session.add(_issue(version, issue))
    plan.current_version_id = version.id
    if session.get(DefinitionRow, bundle.content_hash) is None:
        session.add(
            DefinitionRow(content_hash=bundle.content_hash, format=FORMAT, body=definition.dump())
        )
    session.flush()
    history.append(
        uow,
        "org.plan_deployed",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "plan": plan.key,
            "version": version.number,
            "hash": version.content_hash,
            "id": version.id,
            "files": len(bundle.files),
            "note": note,
            "warnings": len(definition.findings),
            "was": current.id if current is not None else None,
            **(agreed(issue) if issue is not None else {}),
        },
    )
    return version


def put_in_force(
    uow: UnitOfWork, version: PlanVersion, note: str, actor: Actor, now: datetime, issue: Issue
) -> PlanVersion:
    """Make an earlier version current again (roll back). The version itself is what it was, under
    its own number. Cases already open keep theirs. One that is current already writes nothing.
    Raises as `deploy_plan`, DeploymentError too where the unit no longer has a role it needs."""
    require_deployer(uow, actor)
    plan = uow.session.get(Plan, version.plan_key)
    assert plan is not None
    if plan.current_version_id == version.id:
        return version
    unknown = _unknown_roles(uow.session, version.manifest)
    if unknown:
        raise DeploymentError(unknown)
    was = plan.current_version_id
    plan.current_version_id = version.id
    plan.title = str(version.manifest.get("title", plan.key))
    plan.title_en = str(version.manifest.get("title_en", ""))
    payload = {
        "plan": plan.key,
        "version": version.number,
        "hash": version.content_hash,
        "was": was,
        "note": note,
        **agreed(issue),
    }
    for name in ("document_number", "review_on"):
        payload.pop(name)
    history.append(
        uow, "org.plan_rolled_back", actor=actor, occurred_at=now, now=now, payload=payload
    )
    return version


def agreed(issue: Issue) -> dict[str, Any]:
    """Who wanted and who agreed, as events say it."""
    return {
        "proposal": issue.proposal,
        "proposed_by": issue.proposed_by,
        "approved_by": issue.approved_by,
        "alone": issue.alone,
        "document_number": issue.document_number,
        "review_on": issue.review_on.isoformat() if issue.review_on else "",
    }


def _issue(version: PlanVersion, issue: Issue) -> VersionIssue:
    return VersionIssue(
        version_id=version.id,
        document_number=issue.document_number,
        review_on=issue.review_on,
        approved_by=issue.approved_by,
        alone=issue.alone,
    )


def is_own(session: Session, plan_key: str) -> bool:
    """Whether the unit has put a version of the plan in force from the studio."""
    agreed_to = select(PlanProposal.id).where(
        PlanProposal.plan_key == plan_key, PlanProposal.status == "approved"
    )
    return session.scalar(agreed_to.limit(1)) is not None


def require_deployer(uow: UnitOfWork, actor: Actor) -> None:
    """Raises Refusal ``not_your_role`` / ``read_only`` 403 for a person who is neither plan author
    nor administrator."""
    if actor.kind == "person":
        access.require_role(access.writer(uow.session, actor), access.AUTHOR, access.ADMIN)


#: Names how `Definition.dump` writes; a row of another format is compiled anew from its files.
FORMAT = "1"


def current_version(session: Session, plan_key: str) -> PlanVersion:
    """The version new cases run under. Raises Refusal ``plan_unknown`` 404."""
    version = version_in_force(session, plan_key)
    if version is None:
        raise Refusal("plan_unknown", 404, plan=plan_key)
    return version


def deployed_plans(session: Session) -> list[Plan]:
    """Plans with a current version, by key."""
    query = select(Plan).where(Plan.current_version_id.is_not(None)).order_by(Plan.key)
    return list(session.scalars(query))


def file_of(session: Session, version_id: int, name: str) -> bytes:
    """A file as deployed. Raises Refusal ``file_unknown`` 404."""
    row = session.get(PlanFile, (version_id, name))
    if row is None:
        raise Refusal("file_unknown", 404)
    return row.content


def starter_roles(session: Session, version: PlanVersion) -> tuple[str, ...]:
    """The organisation's roles that may open a case under the version
    (``camunda:candidateStarterGroups`` of its process); empty when anybody may."""
    read = catalogue_for(session, version)
    named = diagram.camunda(read.processes[read.process_id].node, "candidateStarterGroups")
    return tuple(bound_role(version.manifest, key) for key in diagram.words(named))


def _key(manifest: Mapping[str, Any]) -> str:
    key = manifest.get("key")
    if not isinstance(key, str) or not key:
        raise DeploymentError([Finding("key_missing", "error", MANIFEST)])
    return key


def _unknown_roles(session: Session, manifest: Mapping[str, Any]) -> list[Finding]:
    known = set(session.scalars(select(Role.key)))
    return [
        Finding("unknown_org_role", "error", MANIFEST, args={"key": str(key), "role": role})
        for key in manifest.get("roles", {})
        if (role := bound_role(manifest, str(key))) not in known
    ]


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """TOML knows dates; a JSON column does not."""
    plain: dict[str, Any] = jsonable(data)
    return plain
