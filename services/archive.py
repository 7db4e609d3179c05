"""The archive (归档): the table of contents (卷内目录) the plan asks for, against what there is.

Planroom keeps its own part (statements, reports, history, files) by itself; what lies elsewhere
(minutes on paper, a signed original) is entered with where it lies. What is required and missing
needs a word why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.intake import ArchiveItem, Attachment, Signal
from models.tasks import UserTask
from models.words import Approval, Release, ReportLine, Statement
from services import history, manifest
from services.errors import Refusal
from services.submission import Submission
from services.uow import UnitOfWork

WHERE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of the table of contents. ``found`` is how many Planroom itself holds of it, None
    where it cannot know. ``recorded`` is the line as archived, if it was."""

    rule: manifest.ArchiveRule
    found: int | None
    recorded: ArchiveItem | None


def _count(column: Any, *where: Any) -> Callable[[Session, int], int]:
    def count(session: Session, case_id: int) -> int:
        clauses = [condition(case_id) for condition in where]
        return session.scalar(select(func.count()).select_from(column).where(*clauses)) or 0

    return count


#: What Planroom holds of a case, by the word a plan's archive item says in ``holds`` (or its key).
_HELD: Mapping[str, Callable[[Session, int], int]] = {
    "statements": _count(Statement, lambda c: Statement.case_id == c),
    "reports": _count(
        ReportLine,
        lambda c: ReportLine.case_id == c,
    ),
    "approvals": _count(
        Approval,
        lambda c: Approval.statement_id.in_(select(Statement.id).where(Statement.case_id == c)),
    ),
    "releases": _count(
        Release,
        lambda c: Release.statement_id.in_(select(Statement.id).where(Statement.case_id == c)),
    ),
    "files": _count(Attachment, lambda c: Attachment.case_id == c),
    "signals": _count(Signal, lambda c: Signal.case_id == c),
    "history": _count(HistoryEvent, lambda c: HistoryEvent.chain == history.chain_of(c)),
}


def holdings(session: Session, case: Case) -> list[Holding]:
    """The plan's table of contents for the case's tier, with what there is of each item."""
    plan = manifest.manifest_of(session, case)
    rules = manifest.archive_items(plan, case.tier, manifest.switched_off(case))
    recorded = {
        item.key: item
        for item in session.scalars(select(ArchiveItem).where(ArchiveItem.case_id == case.id))
    }
    return [Holding(r, _found(session, case, r), recorded.get(r.key)) for r in rules]


def _found(session: Session, case: Case, rule: manifest.ArchiveRule) -> int | None:
    word = rule.holds or rule.key
    if word.startswith("task:"):
        done = select(func.count()).where(
            UserTask.case_id == case.id,
            UserTask.status == "completed",
            UserTask.element_id == word.removeprefix("task:"),
        )
        return session.scalar(done) or 0
    count = _HELD.get(word)
    return count(session, case.id) if count is not None else None


def handle_archive(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:archive``. ``s.data["items"]``: key -> ``{present, where, note}`` for each item
    of the plan; an item left out counts as missing. Done, the case is archived.

    Raises `Refusal`: ``form_invalid`` (422, with errors under ``items.KEY.note`` where something
    required is missing without a word why, ``items.KEY.where`` too long or not said), and
    ``case_archived`` (409)."""
    session = uow.session
    if s.case.status == "archived":
        raise Refusal("case_archived", 409)
    given = s.data.get("items")
    items: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    lines: list[tuple[Holding, bool, str, str]] = []
    wrong: dict[str, str] = {}
    for holding in holdings(session, s.case):
        key = holding.rule.key
        item = items.get(key)
        item = item if isinstance(item, Mapping) else {}
        present = item.get("present") is True
        where = str(item.get("where") or "").strip()
        note = str(item.get("note") or "").strip()
        if not present and holding.rule.required and not note:
            wrong[f"items.{key}.note"] = "required"
        if present and not where and not holding.found:
            wrong[f"items.{key}.where"] = "required"
        if len(where) > WHERE_LIMIT:
            wrong[f"items.{key}.where"] = "too_long"
        lines.append((holding, present, where, note))
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    for holding, present, where, note in lines:
        row = holding.recorded
        if row is None:
            row = ArchiveItem(case_id=s.case.id, key=holding.rule.key, name=holding.rule.name)
            session.add(row)
        row.present, row.where, row.note = present, where, note
        row.recorded_at, row.recorded_by = s.now, s.actor.person_id
        session.flush()
        history.append(
            uow,
            "archive.item_recorded",
            case=s.case,
            actor=s.actor,
            element_path=s.task.element_path,
            payload={
                "key": row.key,
                "name": row.name,
                "present": present,
                "id": row.id,
                "task": s.task.id,
            },
            personal={"where": where, "note": note},
            occurred_at=s.occurred_at,
            now=s.now,
        )
    missing = sum(1 for _, present, _, _ in lines if not present)
    s.case.status = "archived"
    s.case.archived_at = s.occurred_at
    result = {"items": len(lines), "missing": missing}
    history.append(
        uow,
        "case.archived",
        case=s.case,
        actor=s.actor,
        element_path=s.task.element_path,
        payload=result,
        occurred_at=s.occurred_at,
        now=s.now,
    )
    return result
