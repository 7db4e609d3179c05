"""What people do with tasks: claim, release, reassign, save a draft, complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from workflows.definition import Definition

from models.cases import Case, ProcessInstance
from models.people import Person
from models.tasks import TaskQueue, UserTask
from services import access, anchors, deadlines, forms, four_eyes, grading, history, notifications
from services.actor import Actor
from services.context import anchors_of, context_of
from services.definitions import definition_for, element_of
from services.errors import Refusal, Stale
from services.instances import Done, record, retime_case, settle
from services.queues import (
    affected,
    dequeue,
    enqueue,
    person_owner,
    queue_owner,
    tally,
)
from services.submission import Submission
from services.uow import UnitOfWork
from services.values import jsonable
from workflows import engine
from workflows.contract import Advance, Element, EngineRefusal, IncidentRaised
from workflows.feel import default_feel

#: Parts of a special form's result that are words, perhaps about people.
WORDS = frozenset({"reason", "comment", "note", "text"})

REPORT_UP = "planroom:report-up"


@dataclass(frozen=True, slots=True)
class TaskInHand:
    """A task with all that deciding about it needs. ``role`` is the role the actor acts in."""

    task: UserTask
    case: Case
    instance: ProcessInstance
    definition: Definition
    element: Element
    person: Person
    role: str


@dataclass(frozen=True, slots=True)
class CompletedTask:
    """``met`` says whether the due date was kept, None without one. ``next_task_id`` is this
    person's next task of the same case. ``incidents`` is not empty when the engine could not
    take the step: then the task stays open and what was given is kept as its draft."""

    task: UserTask
    case: Case
    met: bool | None = None
    next_task_id: str | None = None
    incidents: tuple[IncidentRaised, ...] = ()


class _Faulted(Exception):
    """Leaves the savepoint of a special form whose step could not be taken."""

    def __init__(self, advance: Advance) -> None:
        self.advance = advance
        super().__init__("the step raised an incident")


# ------------------------------------------------------------------------------- claiming


def claim_task(uow: UnitOfWork, task_id: str, actor: Actor, now: datetime) -> UserTask:
    """Take a task from a queue. Claiming one's own again changes nothing. Raises Refusal
    ``task_unknown`` 404, ``read_only``/``not_your_task``/``four_eyes`` 403, ``task_done`` 409,
    ``task_cancelled`` 409, ``task_claimed`` 409 with who and when."""
    hand = _in_hand(uow, task_id, actor, now)
    task = hand.task
    if task.assignee_id == actor.person_id:
        return task
    _require_free(uow.session, task, actor)
    _require_other_person(uow, hand)
    _take(uow, hand, actor, case_time=hand.case.at(now))
    return task


def unclaim_task(
    uow: UnitOfWork, task_id: str, actor: Actor, now: datetime, reason: str = ""
) -> UserTask:
    """Give a claimed task back to its queues; a draft stays with it. Raises Refusal as
    `claim_task`, and ``task_not_yours`` 409 when somebody else holds it."""
    hand = _in_hand(uow, task_id, actor, now)
    task = hand.task
    if task.assignee_id is None:
        return task
    if task.assignee_id != actor.person_id:
        raise _claimed(uow.session, task, "task_not_yours")
    keys = access.candidate_keys(hand.element)
    _move(uow, task, {"assignee_id": None, "claimed_at": None})
    enqueue(uow.session, [(task.id, keys, task.sort_due)])
    tally(uow.session, Counter({person_owner(actor.person_id or 0): -1, queue_owner(keys): 1}))
    _write(uow, hand, actor, now, "task.unclaimed", {}, {"reason": reason})
    return task


def reassign_task(
    uow: UnitOfWork, task_id: str, to_person_id: int, actor: Actor, now: datetime, reason: str = ""
) -> UserTask:
    """Give a task to a person who may take it (转办): by who holds it, by anybody of the task's
    roles while it waits, or by a holder of the superior role. Raises Refusal as `claim_task`,
    ``task_not_yours`` 409, and ``form_invalid`` 422 when the other may not take it."""
    hand = _in_hand(uow, task_id, actor, now, superior=True)
    task, before = hand.task, hand.task.assignee_id
    is_superior = access.role_for([four_eyes.superior(uow.session, task)], hand.person)
    if before is not None and before != actor.person_id and is_superior is None:
        raise _claimed(uow.session, task, "task_not_yours")
    other = uow.session.get(Person, to_person_id)
    keys = access.candidate_keys(hand.element)
    if other is None or not other.active or access.role_for(keys, other) is None:
        raise Refusal("form_invalid", 422, errors={"person": "not_a_candidate"})
    if four_eyes.barred(uow.session, task, hand.element, other.id) is not None:
        raise Refusal("form_invalid", 422, errors={"person": "four_eyes"})
    if before == other.id:
        return task
    _move(uow, task, {"assignee_id": other.id, "claimed_at": hand.case.at(now)})
    dequeue(uow.session, [task.id] if before is None else [])
    gone = person_owner(before) if before is not None else queue_owner(keys)
    tally(uow.session, Counter({gone: -1, person_owner(other.id): 1}))
    payload = {"to": other.id, "from": before}
    _write(uow, hand, actor, now, "task.reassigned", payload, {"reason": reason})
    return task


def save_draft(
    uow: UnitOfWork, task_id: str, actor: Actor, data: Mapping[str, Any], now: datetime
) -> UserTask:
    """Keep what was typed so far (JSON values by field id), unchecked but for its size. A waiting
    task is claimed with it, so that no two people write in one draft. Raises Refusal as
    `claim_task`, and ``form_invalid`` 422 for a field over the size limit."""
    hand = _in_hand(uow, task_id, actor, now)
    forms.check_sizes(data)
    task, at = hand.task, hand.case.at(now)
    _require_free(uow.session, task, actor)
    if task.assignee_id is None:
        _require_other_person(uow, hand)
        _take(uow, hand, actor, case_time=at)
    _move(uow, task, {"draft": jsonable(data), "draft_at": at})
    return task


# ------------------------------------------------------------------------------ completing


def complete_task(
    uow: UnitOfWork,
    task_id: str,
    actor: Actor,
    data: Mapping[str, Any],
    now: datetime,
    *,
    occurred_at: datetime | None = None,
) -> CompletedTask:
    """Complete a task; one that waits for the actor's role is claimed in the same step.

    ``data`` are the form's values by field id, ``occurred_at`` when the work was really done
    (case time; now, if not given). Raises Refusal ``task_unknown`` 404, ``read_only`` /
    ``not_your_task`` / ``four_eyes`` 403, ``task_done`` / ``task_claimed`` / ``task_cancelled``
    409 (with ``who`` and ``when``), ``form_invalid`` 422 with ``errors`` = {field: code}.
    """
    hand = _in_hand(uow, task_id, actor, now)
    task, case, session = hand.task, hand.case, uow.session
    _require_free(session, task, actor)
    _require_other_person(uow, hand)
    forms.check_sizes(data)
    at = case.at(now)
    occurred = occurred_at or at
    anchors.require_moment(occurred, at, anchors_of(session, case.id).get(anchors.DISCOVERED))
    actor = Actor(actor.person_id, hand.role, actor.on_behalf_of)
    submission = Submission(task, case, hand.element, actor, data, at, occurred)
    try:
        if task.form_key:
            # A special form writes before the step is known to succeed: undone if it does not.
            with uow.savepoint():
                advance, result, occurred = _step(uow, hand, submission, now)
                if advance.status == "incident":
                    raise _Faulted(advance)
        else:
            advance, result, occurred = _step(uow, hand, submission, now)
            if advance.status == "incident":
                raise _Faulted(advance)
    except _Faulted as fault:
        return _keep(uow, hand, actor, data, fault.advance, now)
    figures, words = _sorted_out(hand.element, result)
    record(
        uow,
        hand.instance,
        case,
        hand.definition,
        advance,
        actor,
        now,
        done=Done(task, figures, words, occurred),
    )
    met = deadlines.judge(uow, case, task, actor, occurred, at)
    _set_anchors(uow, hand, actor, occurred, advance, now)
    following = next_task(session, case.id, hand.person)
    return CompletedTask(task, case, met, following.id if following is not None else None)


def _step(
    uow: UnitOfWork, hand: TaskInHand, submission: Submission, now: datetime
) -> tuple[Advance, dict[str, Any], datetime]:
    """The form's own work and the engine's step; the moment the act counts from."""
    result = forms.handler_for(hand.task.form_key)(uow, submission)
    occurred = submission.occurred_at
    if hand.task.form_key == REPORT_UP and isinstance(result.get("last_at"), datetime):
        # The limit is met when the last recipient was told, not when the page was filled in.
        occurred = result["last_at"]
    context = context_of(
        uow.session, hand.case, now, dict.fromkeys(_anchor_names(hand.element), occurred)
    )
    assert hand.instance.state is not None
    try:
        advance = engine.complete(
            hand.definition, hand.instance.state, hand.task.id, result, context, default_feel()
        )
    except EngineRefusal as refusal:
        # The row says open, the state says not: one of them was read before somebody's commit.
        raise Stale(f"task {hand.task.id}: {refusal.code}") from refusal
    return advance, result, occurred


def _anchor_names(element: Element) -> list[str]:
    named = element.properties.get("setsAnchor", "")
    own = grading.ANCHORS.get(element.form_key, "")
    return list(dict.fromkeys(name for name in (own, named) if name))


def _set_anchors(
    uow: UnitOfWork,
    hand: TaskInHand,
    actor: Actor,
    occurred: datetime,
    advance: Advance,
    now: datetime,
) -> None:
    names = _anchor_names(hand.element)
    for name in names:
        anchors.record_anchor(uow, hand.case, name, occurred, actor, now, task_id=hand.task.id)
    if names and advance.status == "running":
        retime_case(uow, hand.case, actor, now)


def _keep(
    uow: UnitOfWork,
    hand: TaskInHand,
    actor: Actor,
    data: Mapping[str, Any],
    advance: Advance,
    now: datetime,
) -> CompletedTask:
    """The engine could not take the step: the task stays, with what was given as its draft."""
    task, at = hand.task, hand.case.at(now)
    uow.session.refresh(hand.case)
    record(uow, hand.instance, hand.case, hand.definition, advance, actor, now)
    if task.assignee_id is None:
        _take(uow, hand, actor, case_time=at)
    _move(uow, task, {"draft": jsonable(data), "draft_at": at})
    return CompletedTask(task, hand.case, incidents=advance.incidents)


def _sorted_out(
    element: Element, result: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choices and figures, which history states; and words, to which it only commits."""
    plain: dict[str, Any] = jsonable(result)
    if element.form_key:
        free = WORDS
    else:
        free = frozenset(f.id for f in element.form_fields if f.type in ("string", "text"))
    plain = {key: value for key, value in plain.items() if value is not None and value != ""}
    return (
        {key: value for key, value in plain.items() if key not in free},
        {key: value for key, value in plain.items() if key in free},
    )


def next_task(session: Session, case_id: int, person: Person) -> UserTask | None:
    """The person's next open task of a case: one they hold, else one that waits for them and
    that no four-eyes rule keeps from them; the earliest due first."""
    queued = select(TaskQueue.task_id).where(TaskQueue.role_key.in_(access.queue_keys(person)))
    rows = session.scalars(
        select(UserTask)
        .where(
            UserTask.case_id == case_id,
            UserTask.status == "open",
            (UserTask.assignee_id == person.id)
            | (UserTask.assignee_id.is_(None) & UserTask.id.in_(queued)),
        )
        .order_by(UserTask.sort_due, UserTask.created_at, UserTask.id)
    ).all()
    for row in sorted(rows, key=lambda row: row.assignee_id is None):
        if four_eyes.barred(session, row, element_of(session, row), person.id) is None:
            return row
    return None


# --------------------------------------------------------------------------------- shared


def task_in_hand(
    session: Session, task_id: str, person: Person
) -> tuple[UserTask, Case, ProcessInstance, Definition, Element]:
    """A task that the person may see, with its case, instance and element. Raises Refusal
    ``task_unknown`` 404, also for a case that is not theirs to see."""
    found = session.execute(
        select(UserTask, Case, ProcessInstance)
        .join(Case, Case.id == UserTask.case_id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .where(UserTask.id == task_id)
    ).one_or_none()
    if found is None:
        raise Refusal("task_unknown", 404)
    task, case, instance = found
    definition = definition_for(session, instance.content_hash)
    element = definition.element(task.element_path)
    # Whoever may work a task may see its case: the roles of tasks are what opens a case.
    if access.role_for(access.candidate_keys(element), person) is None and not (
        access.can_see_case(session, person, case)
    ):
        raise Refusal("task_unknown", 404)
    return task, case, instance, definition, element


def _in_hand(
    uow: UnitOfWork, task_id: str, actor: Actor, now: datetime, *, superior: bool = False
) -> TaskInHand:
    session = uow.session
    person = access.writer(session, actor)
    task, case, instance, definition, element = task_in_hand(session, task_id, person)
    role = _role(session, task, element, person, actor, now)
    if role is None and superior:
        role = access.role_for([four_eyes.superior(session, task)], person)
    if role is None:
        raise Refusal("not_your_task", 403)
    if task.status == "completed":
        raise Refusal("task_done", 409, **_who(session, task.completed_by, task.completed_at))
    if task.status == "cancelled":
        raise Refusal("task_cancelled", 409, by=task.ended_by, when=task.completed_at)
    if instance.state is None:
        raise Stale(f"instance {instance.id} has ended")
    return TaskInHand(task, case, instance, definition, element, person, role)


def _role(
    session: Session,
    task: UserTask,
    element: Element,
    person: Person,
    actor: Actor,
    now: datetime,
) -> str | None:
    """The role acted in: the one asked for, if it may, else the first that may."""
    keys = access.candidate_keys(element)
    if actor.on_behalf_of is not None:
        lent = access.deputised_roles(session, person.id, actor.on_behalf_of, now)
        return next((key for key in keys if key in lent), None)
    if actor.role and actor.role in keys and actor.role in person.role_keys:
        return actor.role
    found = access.role_for(keys, person)
    if found is None and task.assignee_id == person.id:
        return task.role_key
    return found


def _require_free(session: Session, task: UserTask, actor: Actor) -> None:
    if task.assignee_id is not None and task.assignee_id != actor.person_id:
        raise _claimed(session, task, "task_claimed")


def _require_other_person(uow: UnitOfWork, hand: TaskInHand) -> None:
    other = four_eyes.barred(uow.session, hand.task, hand.element, hand.person.id)
    if other is not None:
        raise Refusal("four_eyes", 403, task=other.name, task_en=other.name_en)


def _claimed(session: Session, task: UserTask, code: str) -> Refusal:
    return Refusal(code, 409, **_who(session, task.assignee_id, task.claimed_at))


def _who(session: Session, person_id: int | None, when: datetime | None) -> dict[str, object]:
    person = session.get(Person, person_id) if person_id is not None else None
    return {
        "who": person.name if person is not None else "",
        "who_en": person.name_en if person is not None else "",
        "who_id": person_id,
        "when": when,
    }


def _move(uow: UnitOfWork, task: UserTask, values: Mapping[str, Any]) -> None:
    """Change an open task, proving that nobody has taken or ended it since it was read."""
    held = UserTask.assignee_id
    moved = uow.session.execute(
        update(UserTask)
        .where(
            UserTask.id == task.id,
            UserTask.status == "open",
            held.is_(None) if task.assignee_id is None else held == task.assignee_id,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if affected(moved) != 1:
        raise Stale(f"task {task.id} moved")  # run again, the loser is told who and when
    settle(task, values)


def _take(uow: UnitOfWork, hand: TaskInHand, actor: Actor, *, case_time: datetime) -> None:
    task, keys = hand.task, access.candidate_keys(hand.element)
    _move(uow, task, {"assignee_id": actor.person_id, "claimed_at": case_time})
    dequeue(uow.session, [task.id])
    tally(
        uow.session,
        Counter({queue_owner(keys): -1, person_owner(actor.person_id or 0): 1}),
    )
    history.append(
        uow,
        "task.claimed",
        case=hand.case,
        actor=Actor(actor.person_id, hand.role, actor.on_behalf_of),
        occurred_at=case_time,
        now=case_time,
        element_path=task.element_path,
        payload={"task": task.id},
    )


def _write(
    uow: UnitOfWork,
    hand: TaskInHand,
    actor: Actor,
    now: datetime,
    type_: str,
    payload: Mapping[str, Any],
    personal: Mapping[str, Any],
) -> None:
    at = hand.case.at(now)
    history.append(
        uow,
        type_,
        case=hand.case,
        actor=Actor(actor.person_id, hand.role, actor.on_behalf_of),
        occurred_at=at,
        now=at,
        element_path=hand.task.element_path,
        payload={"task": hand.task.id, **payload},
        personal=personal,
    )


def candidates(session: Session, task: UserTask) -> list[Person]:
    """The people a task may be given to: who holds one of its roles now and is kept from it by no
    four-eyes rule, by name."""
    element = element_of(session, task)
    ids = notifications.holders(session, access.candidate_keys(element))
    people = session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.name))
    return [p for p in people if four_eyes.barred(session, task, element, p.id) is None]
