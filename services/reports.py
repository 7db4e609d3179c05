"""Reporting up (信息报送): one line for each recipient the plan names.

A line is *entered* when somebody writes down how, to whom and when it was reported. It is *done*
at the moment the recipient confirmed receipt, and stays open to correction, with a reason on
record, also after the report was made. What a report comes to is read in
`services.report_reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import ReportLine
from services import access, history, manifest
from services.actor import Actor
from services.anchors import DISCOVERED
from services.context import anchors_of
from services.errors import Refusal
from services.report_reading import Row, lag_of, overview
from services.stamps import touch_case
from services.submission import Submission
from services.uow import UnitOfWork
from workflows.answers import REPORT_UP

METHODS = ("phone", "fax", "document", "system", "in_person")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down of one report. ``happened_at`` and ``acknowledged_at`` are case time;
    the latter stays None until the recipient has confirmed."""

    method: str
    to_whom: str
    happened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_how: str = ""
    note: str = ""


def enter_line(
    uow: UnitOfWork, task_id: str, recipient: str, entry: Entry, actor: Actor, now: datetime
) -> ReportLine:
    """Write down one report made. ``now`` is wall time.

    Raises `Refusal`: ``task_unknown`` (404), ``task_done`` and ``case_archived`` (409),
    ``not_your_task`` (403), ``recipient_unknown`` (404), ``line_entered`` (409: correct it
    instead), ``form_invalid`` (422)."""
    session = uow.session
    task, case, acting = _open_task(session, task_id, actor)
    at = case.at(now)
    touch_case(uow, case)
    row = _row_of(session, task, case, recipient)
    if row.line is not None:
        raise Refusal("line_entered", 409, name=row.recipient.name)
    _check(session, case, entry, at)
    line = ReportLine(
        case_id=case.id,
        task_id=task.id,
        recipient=recipient,
        name=row.recipient.name,
        name_en=row.recipient.name_en,
        method=entry.method,
        to_whom=entry.to_whom.strip(),
        happened_at=entry.happened_at,
        entered_at=at,
        entered_by=actor.person_id,
        acknowledged_at=entry.acknowledged_at,
        acknowledged_how=entry.acknowledged_how.strip(),
        note=entry.note.strip(),
    )
    session.add(line)
    session.flush()
    lag = lag_of(line)
    extra = {"lag": int(lag.total_seconds())} if lag else {}
    history.append(
        uow,
        "report.line_entered",
        case=case,
        actor=acting,
        occurred_at=entry.happened_at,
        now=at,
        element_path=task.element_path,
        payload={"recipient": recipient, "id": line.id, "task": task.id}
        | {"method": entry.method, "happened": entry.happened_at}
        | extra,
        personal={"to_whom": line.to_whom, "note": line.note},
    )
    if entry.acknowledged_at is not None:
        _acknowledged(uow, case, task, line, acting, at)
    return line


def acknowledge_line(
    uow: UnitOfWork,
    task_id: str,
    recipient: str,
    how: str,
    actor: Actor,
    now: datetime,
    *,
    acknowledged_at: datetime,
) -> ReportLine:
    """Write down that the recipient confirmed receipt at ``acknowledged_at`` (case time).

    Raises `Refusal` as `enter_line`, ``line_missing`` (409) before anything was entered, and
    ``line_acknowledged`` (409)."""
    session = uow.session
    task, case, acting = _open_task(session, task_id, actor)
    at = case.at(now)
    touch_case(uow, case)
    line = _line(_row_of(session, task, case, recipient))
    if line.acknowledged_at is not None:
        raise Refusal("line_acknowledged", 409, name=line.name)
    _check_receipt(line.happened_at, acknowledged_at, at)
    line.acknowledged_at = acknowledged_at
    line.acknowledged_how = how.strip()[:200]
    _acknowledged(uow, case, task, line, acting, at)
    return line


def correct_line(
    uow: UnitOfWork,
    task_id: str,
    recipient: str,
    entry: Entry,
    reason: str,
    actor: Actor,
    now: datetime,
) -> ReportLine:
    """Put a line right, also after the report was made. What it said before, and why it was
    changed, stay on record.

    Raises `Refusal` as `enter_line` (``reason`` is required) and ``line_missing`` (409)."""
    session = uow.session
    task, case, acting = _open_task(session, task_id, actor, or_done=True)
    at = case.at(now)
    touch_case(uow, case)
    line = _line(_row_of(session, task, case, recipient))
    if not reason.strip():
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    _check(session, case, entry, at)
    new = {
        "method": entry.method,
        "to_whom": entry.to_whom.strip(),
        "happened_at": entry.happened_at,
        "acknowledged_at": entry.acknowledged_at,
        "acknowledged_how": entry.acknowledged_how.strip(),
        "note": entry.note.strip(),
    }
    was = {name: getattr(line, name) for name in new}
    changed = [name for name in new if was[name] != new[name]]
    for name in changed:
        setattr(line, name, new[name])
    history.append(
        uow,
        "report.line_corrected",
        case=case,
        actor=acting,
        occurred_at=at,
        now=at,
        element_path=task.element_path,
        payload={
            "recipient": recipient,
            "id": line.id,
            "task": task.id,
            "fields": changed,
            "happened": entry.happened_at,
        },
        personal={"was": {name: was[name] for name in changed}, "reason": reason.strip()},
    )
    return line


def handle_report_up(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:report-up``: the report is made once every recipient has confirmed.

    Raises `Refusal` ``report_incomplete`` (409) with ``missing`` and ``unconfirmed`` (names)."""
    report = overview(uow.session, s.task, s.case)
    if not report.complete:
        raise Refusal(
            "report_incomplete",
            409,
            missing=_names(report.missing),
            unconfirmed=_names(report.unconfirmed),
        )
    return {"complete": True, "last_at": report.last_at, "met": report.met}


def _names(recipients: Sequence[manifest.Recipient]) -> list[str]:
    return [recipient.name for recipient in recipients]


def _acknowledged(
    uow: UnitOfWork, case: Case, task: UserTask, line: ReportLine, actor: Actor, at: datetime
) -> None:
    moment = line.acknowledged_at
    if moment is None:
        return
    limit: dict[str, Any] = {}
    if task.due_at is not None:
        limit = {"due": task.due_at, "met": moment <= task.due_at}
        if moment > task.due_at:
            limit["late"] = int((moment - task.due_at).total_seconds())
    history.append(
        uow,
        "report.line_acknowledged",
        case=case,
        actor=actor,
        occurred_at=moment,
        now=at,
        element_path=task.element_path,
        payload={"recipient": line.recipient, "id": line.id, "task": task.id} | limit,
        personal={"acknowledged_how": line.acknowledged_how},
    )


def _check(session: Session, case: Case, entry: Entry, at: datetime) -> None:
    discovered = anchors_of(session, case.id).get(DISCOVERED)
    wrong: dict[str, str] = {}
    if entry.method not in METHODS:
        wrong["method"] = "not_an_option"
    if not entry.to_whom.strip():
        wrong["to_whom"] = "required"
    elif len(entry.to_whom) > 200:
        wrong["to_whom"] = "too_long"
    if len(entry.acknowledged_how) > 200:
        wrong["acknowledged_how"] = "too_long"
    if entry.happened_at > at:
        wrong["happened_at"] = "in_future"
    # Moments are typed to the minute: the minute of the discovery is not before it.
    elif discovered and entry.happened_at < discovered.replace(second=0, microsecond=0):
        wrong["happened_at"] = "before_discovery"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    if entry.acknowledged_at is not None:
        _check_receipt(entry.happened_at, entry.acknowledged_at, at)


def _check_receipt(sent: datetime | None, receipt: datetime, at: datetime) -> None:
    wrong = ""
    if receipt > at:
        wrong = "in_future"
    elif sent is not None and receipt < sent:
        wrong = "before_report"
    if wrong:
        raise Refusal("form_invalid", 422, errors={"acknowledged_at": wrong})


def _open_task(
    session: Session, task_id: str, actor: Actor, *, or_done: bool = False
) -> tuple[UserTask, Case, Actor]:
    person = access.writer(session, actor)
    task = session.get(UserTask, task_id)
    if task is None or task.form_key != REPORT_UP:
        raise Refusal("task_unknown", 404)
    case = access.require_part_in_case(session, person, session.get(Case, task.case_id))
    role = access.can_work_task(session, person, task)
    if role is None:
        raise Refusal("not_your_task", 403)
    if case.status == "archived":
        raise Refusal("case_archived", 409)
    if task.status != "open" and not or_done:
        raise Refusal("task_done", 409, who=task.completed_by, when=task.completed_at)
    return task, case, Actor(person.id, role, actor.on_behalf_of)


def _row_of(session: Session, task: UserTask, case: Case, recipient: str) -> Row:
    for row in overview(session, task, case).rows:
        if row.recipient.key == recipient:
            return row
    raise Refusal("recipient_unknown", 404)


def _line(row: Row) -> ReportLine:
    if row.line is None:
        raise Refusal("line_missing", 409, name=row.recipient.name)
    return row.line
