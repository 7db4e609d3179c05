"""What a case's page shows, from rows and history only: the engine is never loaded for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Anchor, Case, Incident
from models.history import HistoryEvent
from models.intake import Attachment
from models.people import Person
from models.plans import PlanVersion
from models.tasks import Timer, UserTask
from models.words import Statement
from services import access, four_eyes, history, recused
from services.case_diagrams import DiagramView, and_around, diagrams
from services.definitions import catalogue_for, static_path
from services.directory import people_by_id
from services.errors import Refusal
from services.tiers import Tier, tier_named
from workflows.catalogue import Catalogue
from workflows.contract import Element


@dataclass(frozen=True, slots=True)
class Step:
    """An open task: whose turn it is. ``seconds_left`` counts to the due date in case time,
    negative when overdue, None without one. ``role`` is the role in which the reader may work it,
    None if not; ``barred_by`` names the task that keeps them from it (four eyes). ``clauses`` are
    those of the task and of the calls it stands in."""

    task: UserTask
    element: Element
    roles: tuple[str, ...]
    assignee: Person | None
    seconds_left: int | None
    role: str | None
    barred_by: UserTask | None
    recused: bool
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """A due date, running or judged.

    ``status``: running, overdue, met, missed, or cancelled with its task. ``late`` is seconds
    after (negative: before) the due date once it is known when the work was really done.
    ``clauses`` are those of the timer, its task and the calls it stands in; ``rule`` is the
    plan's own entry for it (``[[clocks]]``), if it has one.
    """

    task: UserTask
    due_at: datetime
    status: Literal["running", "overdue", "met", "missed", "cancelled"]
    late: int | None
    anchor: str
    clauses: tuple[str, ...]
    rule: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """``payload`` is the event's, ``personal`` the personal values still kept, ``erased`` the
    fields whose values have been destroyed. ``lag`` is seconds between the act and its entry (补录
    when it is more than a moment)."""

    event: HistoryEvent
    payload: Mapping[str, Any]
    personal: Mapping[str, Any]
    person: Person | None
    on_behalf_of: Person | None
    lag: int
    erased: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseOverview:
    """``at`` is the case's own time at the reading. ``steps`` are the open tasks, the earliest
    due first; ``tasks`` all of them in order; ``diagrams`` the plan's own process first, then the
    called ones."""

    case: Case
    version: PlanVersion
    tier: Tier | None
    at: datetime
    steps: Sequence[Step]
    tasks: Sequence[UserTask]
    people: Mapping[int, Person]
    clocks: Sequence[Clock]
    timers: Sequence[Timer]
    timeline: Sequence[TimelineEvent]
    diagrams: Sequence[DiagramView]
    anchors: Sequence[Anchor]
    statements: Sequence[Statement]
    files: Sequence[Attachment]
    incidents: Sequence[Incident]


def overview(session: Session, case_id: int, person: Person, now: datetime) -> CaseOverview:
    """All of a case that the person may see; ``now`` is wall time. Raises Refusal
    ``case_unknown`` 404 for a case that is not there or not theirs to see."""
    case = access.case_seen_by(session, person, case_id)
    return overview_of(session, case, person, now)


def overview_of(session: Session, case: Case, person: Person, now: datetime) -> CaseOverview:
    """As `overview`, of a case whose reading has been allowed already: the archive takes over
    records of cases it had no part in (`services.archive_package.taker`). Raises Refusal
    ``plan_unknown`` 404 where the case's version is not there any more."""
    version = session.get(PlanVersion, case.plan_version_id)
    if version is None:
        raise Refusal("plan_unknown", 404)
    at, read = case.at(now), catalogue_for(session, version)
    tasks = _all(session, UserTask, case.id, UserTask.created_at, UserTask.id)
    timers = session.scalars(
        select(Timer)
        .where(Timer.case_id == case.id, Timer.status == "waiting")
        .order_by(Timer.due_at, Timer.id)
    ).all()
    events = case_events(session, case.id)
    payloads = [history.payload_of(event) for event in events]
    people = people_by_id(
        session,
        [case.opened_by]
        + [id_ for task in tasks for id_ in (task.assignee_id, task.completed_by)]
        + [id_ for event in events for id_ in (event.person_id, event.on_behalf_of)],
    )
    return CaseOverview(
        case=case,
        version=version,
        tier=tier_named(version.manifest, case.tier),
        at=at,
        steps=_steps(session, read, tasks, people, person, at),
        tasks=tasks,
        people=people,
        clocks=_clocks(read, version.manifest, tasks, timers, at),
        timers=timers,
        timeline=_timeline(session, events, payloads, people),
        diagrams=diagrams(read, payloads, tasks, at),
        anchors=session.scalars(
            select(Anchor).where(Anchor.case_id == case.id).order_by(Anchor.occurred_at, Anchor.id)
        ).all(),
        statements=_all(session, Statement, case.id, Statement.id),
        files=_all(session, Attachment, case.id, Attachment.id),
        incidents=_all(session, Incident, case.id, Incident.id),
    )


def case_events(session: Session, case_id: int) -> list[HistoryEvent]:
    """The whole chain of a case, in order."""
    events: list[HistoryEvent] = []
    while True:
        after = events[-1].seq if events else 0
        some = history.events_of_case(session, case_id, after=after)
        if not some:
            return events
        events += some


def _all(session: Session, model: Any, case_id: int, *order: Any) -> Sequence[Any]:
    return session.scalars(select(model).where(model.case_id == case_id).order_by(*order)).all()


def _steps(
    session: Session,
    read: Catalogue,
    tasks: Sequence[UserTask],
    people: Mapping[int, Person],
    reader: Person,
    at: datetime,
) -> list[Step]:
    steps = []
    for task in sorted((t for t in tasks if t.status == "open"), key=lambda t: t.sort_due):
        element = read.elements[static_path(task.element_path)]
        keys = access.candidate_keys(element)
        role = access.role_for(keys, reader)
        if role is None and task.assignee_id == reader.id:
            role = task.role_key
        steps.append(
            Step(
                task=task,
                element=element,
                roles=keys,
                assignee=people.get(task.assignee_id) if task.assignee_id else None,
                seconds_left=int((task.due_at - at).total_seconds()) if task.due_at else None,
                role=role,
                barred_by=four_eyes.barred(session, task, element, reader.id),
                recused=recused.keeps_out(session, task, element, reader.id),
                clauses=_clauses(read, element.path, None),
            )
        )
    return steps


def _clocks(
    read: Catalogue,
    manifest: Mapping[str, Any],
    tasks: Sequence[UserTask],
    timers: Sequence[Timer],
    at: datetime,
) -> list[Clock]:
    rules = {rule.get("element"): rule for rule in manifest.get("clocks", [])}
    waiting = {timer.task_id: timer for timer in timers if timer.deadline_kind == "due"}
    clocks = []
    for task in tasks:
        if task.due_at is None:
            continue
        path = static_path(task.element_path)
        mark = next(
            (
                e
                for e in read.elements.values()
                if e.attached_to == path and e.deadline_kind == "due"
            ),
            None,
        )
        late: int | None = None
        status: Literal["running", "overdue", "met", "missed", "cancelled"]
        if task.status == "completed" and task.occurred_at is not None:
            late = int((task.occurred_at - task.due_at).total_seconds())
            status = "met" if late <= 0 else "missed"
        elif task.status != "open":
            status = "cancelled"
        else:
            status = "overdue" if task.due_at < at else "running"
        timer = waiting.get(task.id)
        clocks.append(
            Clock(
                task=task,
                due_at=task.due_at,
                status=status,
                late=late,
                anchor=timer.anchor if timer is not None else mark.anchor if mark else "",
                clauses=_clauses(read, path, mark),
                rule=rules.get(path),
            )
        )
    return clocks


def _clauses(read: Catalogue, path: str, mark: Element | None) -> tuple[str, ...]:
    """Clauses of a due date: its timer's, its task's, and of every call and sub-process around."""
    around = [read.elements.get(one) for one in and_around(path)]
    return tuple(
        dict.fromkeys(
            clause for element in (mark, *around) if element for clause in element.clauses
        )
    )


def _timeline(
    session: Session,
    events: list[HistoryEvent],
    payloads: Sequence[Mapping[str, Any]],
    people: Mapping[int, Person],
) -> list[TimelineEvent]:
    personal = history.personal_by_event(session, events)
    return [
        TimelineEvent(
            event=event,
            payload=payload,
            personal=personal.get(event.id, {}),
            person=people.get(event.person_id) if event.person_id else None,
            on_behalf_of=people.get(event.on_behalf_of) if event.on_behalf_of else None,
            lag=int((event.recorded_at - event.occurred_at).total_seconds()),
            erased=history.erased_fields(event, personal.get(event.id, {})),
        )
        for event, payload in zip(events, payloads, strict=True)
    ]
