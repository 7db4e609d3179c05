"""What people fill in when a story says no more: each form answered as it asks to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import Channel
from services import archive, reports
from services.actor import Actor
from services.report_reading import overview
from services.statement_reading import drafted_before, latest, require_statement_of
from services.statement_text import parts_of
from services.uow import Database
from workflows.answers import untouched_field
from workflows.contract import Element


@dataclass(frozen=True, slots=True)
class Answers:
    """The form of one open task, as ``actor`` meets it at ``now``."""

    db: Database
    manifest: Mapping[str, Any]
    task_id: str
    actor: Actor
    now: datetime

    def fill(self, element: Element, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the form is sent with: ``data`` over what it takes at least."""
        form = element.form_key
        if not form:
            if element.id == "follow" and any(f.id == "next" for f in element.form_fields):
                data = {"next": "calm", **data}
            unknown = set(data) - {field.id for field in element.form_fields}
            assert not unknown, (element.path, "has no fields", unknown)
            filled = {field.id: untouched_field(field, self.now) for field in element.form_fields}
            return filled | dict(data)
        if form == "planroom:report-up":
            self._report()
        given = _FORMS[form]
        with self.db.read() as session:
            return given(session, self._task(session), self.now) | dict(data)

    def _task(self, session: Session) -> UserTask:
        return session.get_one(UserTask, self.task_id)

    def _report(self) -> None:
        """Tell every recipient, who confirms at once."""
        with self.db.read() as session:
            task = self._task(session)
            case = session.get_one(Case, task.case_id)
            missing = [row.recipient.key for row in overview(session, task, case).rows]
        for recipient in missing:
            entry = reports.Entry("phone", "值班室", self.now, self.now, "电话中复述并确认")
            self.db.run(
                lambda uow, r=recipient, e=entry: reports.enter_line(  # type: ignore[misc]
                    uow, self.task_id, r, e, self.actor, self.now
                )
            )


Form = Callable[[Session, UserTask, datetime], dict[str, Any]]


def _draft(session: Session, task: UserTask, now: datetime) -> dict[str, Any]:
    statement = drafted_before(session, task)
    if statement is not None:
        # Returned: the drafter hands the text in again, with a word added.
        text = latest(session, statement)
        parts = parts_of(text)
        values = {name: getattr(parts, name) for name in parts.__slots__}
        return values | {"known": parts.known + "(已核对)", "digest": text.digest}
    return {
        "kind": "first_facts",
        "title": "情况通报",
        "known": "桁架一段脱落,两人轻伤,已送医。",
        "unknown": "原因正在调查。",
        "doing": "停用场地,逐一检查。",
        "next_word_at": now + timedelta(hours=4),
        "contact": "办公室 0000-0000000",
    }


def _decide(session: Session, task: UserTask, now: datetime) -> dict[str, Any]:
    text = latest(session, require_statement_of(session, task))
    return {"decision": "approve", "digest": text.digest, "comment": "已核对"}


def _release(session: Session, task: UserTask, now: datetime) -> dict[str, Any]:
    text = latest(session, require_statement_of(session, task))
    channel = session.scalars(select(Channel.id)).first()
    return {
        "channel_id": channel,
        "link": f"https://www.lanpu.example/notices/{text.id}",
        "digest": text.digest,
    }


def _archive(session: Session, task: UserTask, now: datetime) -> dict[str, Any]:
    case = session.get_one(Case, task.case_id)
    rows = archive.holdings(session, case)
    return {"items": {row.rule.key: {"present": True, "where": "卷内"} for row in rows}}


_FORMS: Mapping[str, Form] = {
    "planroom:grade": lambda *_: {"reason": "按当时掌握的情况核定"},
    "planroom:statement-draft": _draft,
    "planroom:statement-review": _decide,
    "planroom:statement-approve": _decide,
    "planroom:statement-release": _release,
    "planroom:report-up": lambda *_: {},
    "planroom:closing": lambda *_: {
        "criterion_met": True, "note": "", "open_work_reason": "余项随后办结",
    },
    "planroom:archive": _archive,
    "planroom:destroy": lambda *_: {"confirmed": True, "reason": "purpose_over"},
}  # fmt: skip
