"""The three lists of a person: mine, my roles' queue, done. Each is read by keyset from an index
made for it, so that a page costs the same with a thousand open tasks or a million."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, tuple_, union_all
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.people import Person
from models.tasks import Notification, QueueCount, TaskQueue, UserTask
from services import access, four_eyes, recused
from services.definitions import definition_for
from services.errors import Refusal
from services.queues import person_owner

PAGE = 50
#: How far a number beside a list is counted before it becomes "99+".
COUNTED = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One task in a list. ``due_at``, ``overdue_at``, ``completed_at`` are case time, ``wall_due``
    is the wall moment the due date falls on, None without one. ``roles`` are the queues it waits
    in; ``barred_by`` names the task whose completion keeps this person from taking it (four
    eyes), None when nothing does; ``recused`` says that they stand back from the case."""

    task: UserTask
    case: Case
    wall_due: datetime | None
    roles: tuple[str, ...] = ()
    barred_by: UserTask | None = None
    recused: bool = False

    def seconds_left(self, now: datetime) -> int | None:
        """Seconds to the due date at the wall moment, negative when it has passed."""
        if self.task.due_at is None:
            return None
        return int((self.task.due_at - self.case.at(now)).total_seconds())


@dataclass(frozen=True, slots=True)
class Page:
    """``next_cursor`` asks for the rows after these, None at the end."""

    rows: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """``queue`` counts each waiting task once, whatever number of its roles the person holds.
    ``mine_overdue`` and ``queue_overdue`` stop at `COUNTED`."""

    mine: int
    queue: int
    mine_overdue: int = 0
    queue_overdue: int = 0


def mine(session: Session, person: Person, cursor: str | None = None, limit: int = PAGE) -> Page:
    """Open tasks the person holds, the earliest due first."""
    query = (
        select(UserTask.id, UserTask.sort_due)
        .where(UserTask.assignee_id == person.id, UserTask.status == "open")
        .order_by(UserTask.sort_due, UserTask.id)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(tuple_(UserTask.sort_due, UserTask.id) > _after(cursor))
    return _page(session, person, session.execute(query).all(), limit)


def queue(session: Session, person: Person, cursor: str | None = None, limit: int = PAGE) -> Page:
    """Open tasks that wait for one of the person's roles, the earliest due first.

    Each role's index is read for one page only and the pages are merged: a role with a hundred
    thousand waiting tasks costs what one with fifty does.
    """
    after = _after(cursor) if cursor else None
    parts: list[Select[str, datetime]] = []
    for key in access.queue_keys(person):
        part = select(TaskQueue.task_id, TaskQueue.sort_due).where(TaskQueue.role_key == key)
        if after is not None:
            part = part.where(tuple_(TaskQueue.sort_due, TaskQueue.task_id) > after)
        one = part.order_by(TaskQueue.sort_due, TaskQueue.task_id).limit(limit + 1).subquery()
        parts.append(select(one.c.task_id, one.c.sort_due))
    found = session.execute(union_all(*parts))
    # A task of two of the person's roles comes twice, with the same due date.
    merged = sorted(set(found), key=lambda pair: (pair[1], pair[0]))
    return _page(session, person, merged[: limit + 1], limit)


def done(session: Session, person: Person, cursor: str | None = None, limit: int = PAGE) -> Page:
    """Tasks the person completed, the latest first."""
    query = (
        select(UserTask.id, UserTask.completed_at)
        .where(UserTask.completed_by == person.id)
        .order_by(UserTask.completed_at.desc(), UserTask.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(tuple_(UserTask.completed_at, UserTask.id) < _after(cursor))
    pairs = [(id_, at) for id_, at in session.execute(query) if at is not None]
    return _page(session, person, pairs, limit)


def counts(session: Session, person: Person, now: datetime | None = None) -> Counts:
    """The numbers beside the lists, from the counts kept with every act. With ``now`` (wall time)
    also how many are overdue."""
    keys = set(access.queue_keys(person))
    own = person_owner(person.id)
    in_hand = waiting = 0
    rows = session.execute(
        select(QueueCount.owner, QueueCount.n).where(
            (QueueCount.owner == own) | QueueCount.owner.startswith("role:")
        )
    )
    for owner, n in rows:
        if owner == own:
            in_hand = n
        elif keys & set(owner.removeprefix("role:").split("|")):
            waiting += n
    if now is None:
        return Counts(in_hand, waiting)
    late_mine = select(UserTask.id).where(
        UserTask.assignee_id == person.id, UserTask.status == "open", UserTask.sort_due <= now
    )
    late_queue = (
        select(TaskQueue.task_id)
        .where(TaskQueue.role_key == key, TaskQueue.sort_due <= now)
        .limit(COUNTED)
        .subquery()
        for key in access.queue_keys(person)
    )
    both = union_all(*(select(part.c.task_id) for part in late_queue)).subquery()
    overdue = session.scalar(select(func.count(both.c.task_id.distinct()))) or 0
    some = late_mine.limit(COUNTED).subquery()
    return Counts(
        in_hand,
        waiting,
        session.scalar(select(func.count()).select_from(some)) or 0,
        min(overdue, COUNTED),
    )


def stamp(session: Session, person: Person) -> str:
    """Changes whenever the first pages, the counts or the unread words change: what a page asks
    for again and again to know whether it must reload. Reads indexes only."""
    held = session.execute(
        select(UserTask.id, UserTask.sort_due)
        .where(UserTask.assignee_id == person.id, UserTask.status == "open")
        .order_by(UserTask.sort_due, UserTask.id)
        .limit(PAGE)
    )
    parts = [
        select(
            select(TaskQueue.task_id, TaskQueue.sort_due)
            .where(TaskQueue.role_key == key)
            .order_by(TaskQueue.sort_due, TaskQueue.task_id)
            .limit(PAGE)
            .subquery()
        )
        for key in access.queue_keys(person)
    ]
    waiting = session.execute(union_all(*parts))
    word = session.scalar(
        select(func.max(Notification.id)).where(
            Notification.person_id == person.id, Notification.read_at.is_(None)
        )
    )
    seen = [list(held), sorted(waiting), counts(session, person), word]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


# ------------------------------------------------------------------------------ the parts


def _page(
    session: Session, person: Person, pairs: Sequence[tuple[str, datetime]], limit: int
) -> Page:
    shown = pairs[:limit]
    more = len(pairs) > limit
    cursor = _cursor(shown[-1][1], shown[-1][0]) if more and shown else None
    return Page(_rows(session, person, [id_ for id_, _ in shown]), cursor)


def _rows(session: Session, person: Person, ids: Sequence[str]) -> list[Row]:
    """The tasks with these ids, in this order, with what the list shows of them."""
    if not ids:
        return []
    found = session.execute(
        select(UserTask, Case, ProcessInstance.content_hash)
        .join(Case, Case.id == UserTask.case_id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.id.in_(ids))
    )
    by_id = {task.id: (task, case, content_hash) for task, case, content_hash in found}
    elements = {
        id_: definition_for(session, content_hash).element(task.element_path)
        for id_, (task, _, content_hash) in by_id.items()
        if task.status == "open"
    }
    wanted = [
        (by_id[id_][0].instance_id, path)
        for id_, element in elements.items()
        for path in four_eyes.other_paths(by_id[id_][0], element)
    ]
    others = {
        (other.instance_id, other.element_path): other
        for other in four_eyes.last_completed(session, wanted)
        if other.completed_by == person.id
    }
    kept_from = recused.cases_recused(session, person.id)
    rows = []
    for id_ in ids:
        if id_ not in by_id:
            continue  # ended between the two reads, on a database that allows it
        task, case, _ = by_id[id_]
        element = elements.get(id_)
        paths = four_eyes.other_paths(task, element) if element is not None else []
        barred = (others.get((task.instance_id, path)) for path in paths)
        rows.append(
            Row(
                task=task,
                case=case,
                wall_due=task.sort_due if task.due_at is not None else None,
                roles=access.candidate_keys(element) if element is not None else (),
                barred_by=next((other for other in barred if other is not None), None),
                recused=element is not None and recused.guarded(element) and case.id in kept_from,
            )
        )
    return rows


def _cursor(moment: datetime, id_: str) -> str:
    text = json.dumps([moment.isoformat(), id_])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str) -> tuple[datetime, str]:
    """Raises Refusal ``cursor_invalid`` 422 for a cursor that is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, id_ = json.loads(text)
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or not isinstance(id_, str):
            raise ValueError
    except (ValueError, TypeError) as wrong:
        raise Refusal("cursor_invalid", 422) from wrong
    return at, id_
