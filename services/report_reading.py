"""Reading a report (信息报送): its recipients, what was entered for each, whether it is made.

A line is *done* at the moment the recipient confirmed receipt: a call nobody answered, or a fax
nobody has seen, has reported nothing. The report is made, and its limit met or missed, when the
last line is done, by the times at which things really happened. `services.reports` enters them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import ReportLine
from services import manifest

#: Written down later than this after the fact counts as 补录 and shows its lag.
LATE_ENTRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient of one report. ``line`` is None until something is entered. ``done_at`` is
    when the recipient confirmed; ``lag`` how much later than the fact it was written down (None
    when at once); ``late`` whether it is done after the task's limit."""

    recipient: manifest.Recipient
    line: ReportLine | None
    done_at: datetime | None
    lag: timedelta | None
    late: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A report-up task's lines. ``last_at`` is the last line's ``done_at`` once all are done;
    ``met`` whether that is within the limit (True where the plan sets none)."""

    rows: tuple[Row, ...]
    due_at: datetime | None
    last_at: datetime | None
    met: bool

    @property
    def complete(self) -> bool:
        """Whether every recipient has confirmed."""
        return self.last_at is not None

    @property
    def missing(self) -> list[manifest.Recipient]:
        """Recipients without anything entered."""
        return [row.recipient for row in self.rows if row.line is None]

    @property
    def unconfirmed(self) -> list[manifest.Recipient]:
        """Recipients who have been reported to and have not confirmed."""
        return [r.recipient for r in self.rows if r.line is not None and r.done_at is None]


def overview(session: Session, task: UserTask, case: Case) -> Report:
    """The recipients the plan names for the case's tier, with what was entered for each."""
    plan = manifest.manifest_of(session, case)
    found = select(ReportLine).where(ReportLine.task_id == task.id)
    lines = {line.recipient: line for line in session.scalars(found)}
    asked = manifest.recipients(plan, case.tier, task.element_path)
    # A line entered before the tier changed stays, even where the new tier does not ask for it.
    known = {recipient.key for recipient in asked}
    asked += [
        manifest.Recipient(line.recipient, line.name, line.name_en, "")
        for line in lines.values()
        if line.recipient not in known
    ]
    rows = tuple(_row(recipient, lines.get(recipient.key), task.due_at) for recipient in asked)
    done = [row.done_at for row in rows if row.done_at is not None]
    last = max(done) if done and len(done) == len(rows) else None
    met = task.due_at is None or (last is not None and last <= task.due_at)
    return Report(rows, task.due_at, last, met)


def _row(recipient: manifest.Recipient, line: ReportLine | None, due: datetime | None) -> Row:
    if line is None:
        return Row(recipient, None, None, None, False)
    done = line.acknowledged_at
    late = due is not None and done is not None and done > due
    return Row(recipient, line, done, lag_of(line), late)


def lag_of(line: ReportLine) -> timedelta | None:
    """How much later than the fact a line was written down; None when that was at once."""
    if line.entered_at is None or line.happened_at is None:
        return None
    behind = line.entered_at - line.happened_at
    return behind if behind > LATE_ENTRY else None


def open_lines(session: Session, case_id: int) -> list[ReportLine]:
    """Lines of a case that nobody has confirmed yet, also of reports whose task is over."""
    return list(
        session.scalars(
            select(ReportLine)
            .where(ReportLine.case_id == case_id, ReportLine.acknowledged_at.is_(None))
            .order_by(ReportLine.id)
        )
    )
