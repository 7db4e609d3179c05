"""Reading statements: their versions, the difference of two, and which one a task is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.people import Person
from models.tasks import UserTask
from models.words import Statement, StatementVersion
from services import access, history, manifest
from services.calendar import zone_of
from services.errors import Refusal
from services.statement_text import PartDifference, difference, parts_of

DRAFT_FORM = "planroom:statement-draft"
#: Forms of tasks whose roles work on a case's statements.
WORDS_FORMS = (
    DRAFT_FORM,
    "planroom:statement-review",
    "planroom:statement-approve",
    "planroom:statement-release",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one statement and what changed between them, part by part."""

    older: StatementVersion
    newer: StatementVersion
    parts: tuple[PartDifference, ...]


def find(session: Session, statement_id: int | None) -> Statement | None:
    """The statement, where there is one."""
    return session.get(Statement, statement_id) if statement_id is not None else None


def get(session: Session, statement_id: int) -> Statement:
    """The statement. Raises `Refusal` ``statement_unknown`` (404)."""
    statement = find(session, statement_id)
    if statement is None:
        raise Refusal("statement_unknown", 404)
    return statement


def seen_by(session: Session, person: Person, statement_id: int) -> tuple[Statement, Case]:
    """The statement and its case, for whoever may read that. Raises `Refusal`
    ``statement_unknown`` (404): an outsider does not learn which there are."""
    statement = get(session, statement_id)
    case = session.get_one(Case, statement.case_id)
    if not access.can_see_case(session, person, case):
        raise Refusal("statement_unknown", 404)
    return statement, case


def of_case(session: Session, case_id: int) -> list[Statement]:
    """A case's statements, oldest first."""
    found = select(Statement).where(Statement.case_id == case_id).order_by(Statement.id)
    return list(session.scalars(found))


def versions(session: Session, statement_id: int) -> list[StatementVersion]:
    """All versions, first to latest."""
    return list(
        session.scalars(
            select(StatementVersion)
            .where(StatementVersion.statement_id == statement_id)
            .order_by(StatementVersion.number)
        )
    )


def version(session: Session, statement_id: int, number: int) -> StatementVersion:
    """One version. Raises `Refusal` ``version_unknown`` (404)."""
    found = session.scalar(
        select(StatementVersion).where(
            StatementVersion.statement_id == statement_id, StatementVersion.number == number
        )
    )
    if found is None:
        raise Refusal("version_unknown", 404, number=number)
    return found


def latest(session: Session, statement: Statement) -> StatementVersion:
    """The text as it stands now."""
    return version(session, statement.id, statement.latest_number)


def compare(session: Session, statement_id: int, one: int, other: int) -> Comparison:
    """The difference between any two versions, the lower number first."""
    older, newer = (version(session, statement_id, n) for n in sorted((one, other)))
    return Comparison(older, newer, difference(parts_of(older), parts_of(newer), zone_of(session)))


def drafting_roles(session: Session, case: Case) -> set[str]:
    """Roles that may word this case's statements: those of its statement tasks so far, and
    those whose approval its plan asks for."""
    tasks = select(UserTask.role_key).where(
        UserTask.case_id == case.id, UserTask.form_key.in_(WORDS_FORMS)
    )
    plan = manifest.manifest_of(session, case)
    rules = manifest.approvals(plan, case.tier, manifest.switched_off(case))
    return (set(session.scalars(tasks)) | {rule.role for rule in rules}) - {""}


def role_for_wording(session: Session, person: Person, case: Case) -> str | None:
    """The role in which the person may word this case's statements, or None."""
    if not access.has_part_in_case(session, person, case):
        return None
    roles = drafting_roles(session, case)
    return next((role for role in person.role_keys if role in roles), None)


def require_digest(session: Session, statement: Statement, digest: object) -> StatementVersion:
    """The latest version, if it is the text with ``digest``. Raises `Refusal` ``text_changed``
    (409) with ``shown`` (the number seen, None if never a version) and ``latest``."""
    current = latest(session, statement)
    if digest != current.digest:
        seen = session.scalar(
            select(StatementVersion.number)
            .where(
                StatementVersion.statement_id == statement.id,
                StatementVersion.digest == str(digest or ""),
            )
            .order_by(StatementVersion.number.desc())
            .limit(1)
        )
        raise Refusal(
            "text_changed", 409, statement=statement.id, shown=seen, latest=current.number
        )
    return current


def written_at(session: Session, text: StatementVersion) -> datetime:
    """When a version was really written (case time): earlier than it was entered, perhaps."""
    statement = session.get_one(Statement, text.statement_id)
    added = select(HistoryEvent).where(
        HistoryEvent.chain == history.chain_of(statement.case_id),
        HistoryEvent.type == "statement.version_added",
        HistoryEvent.recorded_at == text.created_at,
    )
    events = session.scalars(added)
    told = (event.occurred_at for event in events if history.payload_of(event)["id"] == text.id)
    return next(told, text.created_at)


def scope_of(element_path: str) -> str:
    """The called process or sub-process an element stands in ("" for the plan itself)."""
    return element_path.rpartition("/")[0]


def statement_of(session: Session, task: UserTask) -> Statement | None:
    """The statement a task is about: the one last drafted in the task's own scope (called
    process, or one turn of a multi-instance), else in the nearest scope around it."""
    drafts: Sequence[UserTask] = session.scalars(
        select(UserTask)
        .where(
            UserTask.instance_id == task.instance_id,
            UserTask.form_key == DRAFT_FORM,
            UserTask.status == "completed",
        )
        .order_by(UserTask.completed_at.desc(), UserTask.round.desc())
    ).all()
    scope = scope_of(task.element_path)
    while True:
        for draft in drafts:
            if draft.id != task.id and scope_of(draft.element_path) == scope and draft.result:
                return session.get(Statement, int(draft.result["statement_id"]))
        if not scope:
            return None
        scope = scope_of(scope)


def require_statement_of(session: Session, task: UserTask) -> Statement:
    """As `statement_of`. Raises `Refusal` ``no_statement`` (409) where nothing was drafted."""
    statement = statement_of(session, task)
    if statement is None:
        raise Refusal("no_statement", 409)
    return statement


def drafted_before(session: Session, task: UserTask) -> Statement | None:
    """For a draft task: the statement it goes on with, None when it starts a new one. A text
    that is out, or withdrawn, is finished: drafting again in the same place is the next word."""
    same_place = select(UserTask).where(
        UserTask.instance_id == task.instance_id,
        UserTask.element_path == task.element_path,
        UserTask.status == "completed",
        UserTask.id != task.id,
    )
    for earlier in session.scalars(
        same_place.order_by(UserTask.completed_at.desc(), UserTask.round.desc())
    ):
        if earlier.result and "statement_id" in earlier.result:
            statement = session.get(Statement, int(earlier.result["statement_id"]))
            return statement if statement is not None and statement.status == "draft" else None
    return None
