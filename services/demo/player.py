"""Plays a case through the services, act by act, at moments of its own choosing.

Nothing is written past the services: a preloaded case is what the same acts by people would
have left, timers and notices included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.tasks import UserTask
from models.words import Channel, Statement, StatementVersion
from services import outbox, people, reports, tasks, timers
from services.actor import Actor
from services.errors import Refusal
from services.uow import Database

#: What a form needs to know of the case as it stands: an approver's page shows a digest.
Answer = Mapping[str, Any] | Callable[[Session, Case], Mapping[str, Any]]


@dataclass
class Player:
    """``start`` is the wall moment from which minutes count."""

    db: Database
    start: datetime
    ids: dict[str, int] = field(default_factory=dict)

    def at(self, minutes: float) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def actor(self, username: str, role: str = "") -> Actor:
        if username not in self.ids:
            with self.db.read() as session:
                person = people.person_by_username(session, username)
                if person is None:
                    raise LookupError(username)
                self.ids[username] = person.id
        return Actor(self.ids[username], role or username)

    def pass_time(self, minutes: float) -> None:
        """Let everything due by then happen when it is due: deadlines fire, notices go out."""
        moment = self.at(minutes)
        while True:
            while outbox.deliver_next(self.db, moment):
                pass
            with self.db.read() as session:
                due = timers.next_due(session)
            if due is None or due > moment or not timers.fire_next(self.db, due):
                return

    def open_task(self, session: Session, case_id: int, element: str) -> UserTask:
        """The open task of an element (its path's last part). Raises LookupError."""
        for task in session.scalars(
            select(UserTask).where(UserTask.case_id == case_id, UserTask.status == "open")
        ):
            if task.element_id == element or task.element_path == element:
                return task
        raise LookupError(f"no open task {element!r} in case {case_id}")

    def act(
        self,
        minutes: float,
        case_id: int,
        element: str,
        username: str,
        answer: Answer,
        *,
        happened: float | None = None,
    ) -> None:
        """Complete the open task of ``element`` as ``username``; ``happened`` is the minute it
        was really done, when it is entered later."""
        self.pass_time(minutes)
        with self.db.read() as session:
            task_id = self.open_task(session, case_id, element).id
            case = session.get_one(Case, case_id)
            data = answer(session, case) if callable(answer) else answer
        occurred = None if happened is None else self.at(happened)
        done = self.db.run(
            lambda uow: tasks.complete_task(
                uow, task_id, self.actor(username), data, self.at(minutes), occurred_at=occurred
            )
        )
        if done.incidents:
            raise RuntimeError(f"{element}: {done.incidents}")
        self.pass_time(minutes)

    def claim(self, minutes: float, case_id: int, element: str, username: str) -> None:
        self.pass_time(minutes)
        with self.db.read() as session:
            task_id = self.open_task(session, case_id, element).id
        self.db.run(
            lambda uow: tasks.claim_task(uow, task_id, self.actor(username), self.at(minutes))
        )

    def draft(
        self, minutes: float, case_id: int, element: str, username: str, data: Mapping[str, Any]
    ) -> None:
        self.pass_time(minutes)
        with self.db.read() as session:
            task_id = self.open_task(session, case_id, element).id
        self.db.run(
            lambda uow: tasks.save_draft(uow, task_id, self.actor(username), data, self.at(minutes))
        )

    def report(
        self,
        minutes: float,
        case_id: int,
        element: str,
        recipient: str,
        to_whom: str,
        *,
        happened: float,
        confirmed: float | None,
        method: str = "phone",
    ) -> None:
        """Write down one call of a report up."""
        self.pass_time(minutes)
        with self.db.read() as session:
            task_id = self.open_task(session, case_id, element).id
        entry = reports.Entry(
            method,
            to_whom,
            self.at(happened),
            None if confirmed is None else self.at(confirmed),
            "" if confirmed is None else "电话中复述并确认",
        )
        self.db.run(
            lambda uow: reports.enter_line(
                uow, task_id, recipient, entry, self.actor("duty"), self.at(minutes)
            )
        )


# ------------------------------------------------------------------ answers that read the case


def latest_digest(session: Session, case_id: int) -> tuple[Statement, StatementVersion]:
    """The case's last statement and its last version. Raises Refusal ``no_statement``."""
    found = session.execute(
        select(Statement, StatementVersion)
        .join(StatementVersion, StatementVersion.statement_id == Statement.id)
        .where(Statement.case_id == case_id)
        .order_by(Statement.id.desc(), StatementVersion.number.desc())
        .limit(1)
    ).first()
    if found is None:
        raise Refusal("no_statement", 409)
    return found[0], found[1]


def approve(comment: str = "") -> Answer:
    """Approve the text as it stands."""

    def answer(session: Session, case: Case) -> Mapping[str, Any]:
        _, text = latest_digest(session, case.id)
        return {"decision": "approve", "digest": text.digest, "comment": comment}

    return answer


def release(channel: str, link: str) -> Answer:
    """Release the text as it stands through the channel of that name."""

    def answer(session: Session, case: Case) -> Mapping[str, Any]:
        _, text = latest_digest(session, case.id)
        found = session.scalar(select(Channel).where(Channel.name == channel))
        if found is None:
            raise LookupError(channel)
        return {"channel_id": found.id, "link": link, "digest": text.digest}

    return answer
