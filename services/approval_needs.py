"""What a statement needs before it may go out, and what of it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import Approval, Statement
from services import access, manifest
from services.actor import Actor
from services.errors import Refusal
from services.statement_reading import DRAFT_FORM, get, latest

FINAL = "final"
YES = ("approve", "approve_with_edits")


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of approval a statement needs. ``standing`` is the approval that fulfils it for
    the latest text; ``voided`` the newest one that a later change took away."""

    kind: str
    role: str
    name: str
    name_en: str
    standing: Approval | None
    voided: Approval | None


def of_statement(session: Session, statement_id: int) -> list[Approval]:
    """Every decision taken on it, oldest first."""
    found = select(Approval).where(Approval.statement_id == statement_id).order_by(Approval.id)
    return list(session.scalars(found))


def needs(session: Session, statement: Statement) -> list[Need]:
    """What stands between the latest text and its release, in the plan's order: the kinds asked
    for when the statement was begun, those the case's tier asks for since, and those a step of the
    plan has asked for and got for this statement or the one it corrects: a later change takes
    such an approval away as any other."""
    case = session.get_one(Case, statement.case_id)
    plan = manifest.manifest_of(session, case)
    now_asked = manifest.approvals(plan, case.tier, manifest.switched_off(case))
    known = {rule.kind: rule for rule in manifest.every_approval(plan)}
    current = latest(session, statement)
    decisions = of_statement(session, statement.id)
    asked = [*statement.approvals_needed, *(rule.kind for rule in now_asked)]
    if by_step := manifest.once_asked(plan):
        of_step = [a for a in decisions if a.kind in by_step]
        if statement.corrects_id is not None:
            corrected = of_statement(session, statement.corrects_id)
            of_step += [a for a in corrected if a.kind in by_step]
        asked += [a.kind for a in of_step if a.decision in YES]
    kinds = dict.fromkeys(asked)
    found = []
    for kind in kinds:
        of_kind = [decision for decision in decisions if decision.kind == kind]
        newest = of_kind[-1] if of_kind else None
        stands = (
            newest is not None
            and newest.decision in YES
            and newest.voided_at is None
            and newest.digest == current.digest
        )
        voided = [a for a in of_kind if a.decision in YES and a.voided_at is not None]
        rule = known.get(kind) or manifest.ApprovalRule(kind, "", kind, "")
        found.append(
            Need(
                kind,
                rule.role,
                rule.name,
                rule.name_en,
                newest if stands else None,
                voided[-1] if voided else None,
            )
        )
    return found


def require_standing(session: Session, statement: Statement) -> list[Approval]:
    """The approvals the latest text stands on. Raises `Refusal` ``approval_missing`` (409) with
    ``kinds``, ``names`` and ``names_en`` of what is missing."""
    every = needs(session, statement)
    missing = [need for need in every if need.standing is None]
    if missing:
        raise Refusal(
            "approval_missing",
            409,
            statement=statement.id,
            kinds=[need.kind for need in missing],
            names=[need.name for need in missing],
            names_en=[need.name_en or need.kind for need in missing],
        )
    return [need.standing for need in every if need.standing is not None]


def awaits_page(session: Session, statement: Statement, need: Need, every: Sequence[Need]) -> bool:
    """Whether this approval is given on the statement's page rather than in a task: it was given
    and a later change voided it; or no task drafted the statement, so none will ask; or the final
    decision has been taken and the tasks that ask for approvals are over."""
    if statement.status != "draft" or need.standing is not None:
        return False
    if need.voided is not None or not _drafted_in_task(session, statement):
        return True
    final = next((other for other in every if other.kind == FINAL), None)
    return final is not None and (final.standing is not None or final.voided is not None)


def require_awaited(
    session: Session, statement_id: int, kind: str, actor: Actor
) -> tuple[Statement, Case, Need]:
    """The statement, its case and the approval of ``kind`` that its page awaits (`awaits_page`).

    Raises `Refusal`: ``statement_unknown`` (404), those of `access.writer` and of
    `access.require_part_in_case`, and ``approval_not_due`` (409)."""
    person = access.writer(session, actor)
    statement = get(session, statement_id)
    case = access.require_part_in_case(session, person, session.get(Case, statement.case_id))
    every = needs(session, statement)
    need = next((need for need in every if need.kind == kind), None)
    if need is None or not awaits_page(session, statement, need, every):
        raise Refusal("approval_not_due", 409)
    return statement, case, need


def _drafted_in_task(session: Session, statement: Statement) -> bool:
    results = session.scalars(
        select(UserTask.result).where(
            UserTask.case_id == statement.case_id,
            UserTask.form_key == DRAFT_FORM,
            UserTask.status == "completed",
        )
    )
    return any(result and result.get("statement_id") == statement.id for result in results)
