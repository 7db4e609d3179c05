"""What people do with tasks: claim, release, reassign, save a draft, complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.people import Person
from models.tasks import TaskQueue, UserTask
from services import (
    access,
    anchors,
    deadlines,
    forms,
    four_eyes,
    grading,
    notifications,
    recused,
)
from services.actor import Actor
from services.context import anchors_of, context_of
from services.definitions import definition_for, element_of
from services.errors import Refusal, Stale
from services.instances import record, retime_case
from services.queues import dequeue, enqueue, person_owner, queue_owner, tally
from services.step_events import Done
from services.submission import Submission
from services.task_hand import (
    TaskInHand,
    claimed,
    require_free,
    require_other_person,
    take,
    take_in_hand,
    write,
)
from services.task_rows import move
from services.typed_words import free_fields
from services.uow import UnitOfWork
from services.values import jsonable
from workflows import engine
from workflows.answers import REPORT_UP
from workflows.contract import Advance, Element, EngineRefusal, IncidentRaised
from workflows.feel import default_feel


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
    ``task_unknown`` 404, ``read_only``/``not_your_task``/``four_eyes``/``recused`` 403,
    ``task_done`` 409, ``task_cancelled`` 409, ``task_claimed`` 409 with who and when."""
    hand = take_in_hand(uow, task_id, actor, now)
    if hand.task.assignee_id == hand.person.id:
        return hand.task
    require_free(uow.session, hand)
    require_other_person(uow.session, hand)
    take(uow, hand, hand.case.at(now))
    return hand.task


def unclaim_task(
    uow: UnitOfWork, task_id: str, actor: Actor, now: datetime, reason: str = ""
) -> UserTask:
    """Give a claimed task back to its queues; a draft stays with it. Raises Refusal as
    `claim_task`, and ``task_not_yours`` 409 when somebody else holds it."""
    hand = take_in_hand(uow, task_id, actor, now)
    task = hand.task
    if task.assignee_id is None:
        return task
    if task.assignee_id != hand.person.id:
        raise claimed(uow.session, task, "task_not_yours")
    move(uow, task, {"assignee_id": None, "claimed_at": None})
    enqueue(uow.session, [(task.id, hand.keys, task.sort_due)])
    tally(uow.session, Counter({person_owner(hand.person.id): -1, queue_owner(hand.keys): 1}))
    write(uow, hand, hand.case.at(now), "task.unclaimed", personal={"reason": reason})
    return task


def reassign_task(
    uow: UnitOfWork, task_id: str, to_person_id: int, actor: Actor, now: datetime, reason: str = ""
) -> UserTask:
    """Give a task to a person who may take it (转办): by who holds it, by anybody of the task's
    roles while it waits, or by a holder of the superior role who sees the case. Raises Refusal as
    `claim_task`, ``task_not_yours`` 409, and ``form_invalid`` 422 when the other may not."""
    hand = take_in_hand(uow, task_id, actor, now, superior=True)
    session, task, before = uow.session, hand.task, hand.task.assignee_id
    is_superior = access.role_for([four_eyes.superior(session, task)], hand.person)
    if before is not None and before != hand.person.id and is_superior is None:
        raise claimed(session, task, "task_not_yours")
    other = access.person_of(session, to_person_id)
    if other is None or not other.active or access.role_for(hand.keys, other) is None:
        raise Refusal("form_invalid", 422, errors={"person": "not_a_candidate"})
    if four_eyes.barred(session, task, hand.element, other.id) is not None:
        raise Refusal("form_invalid", 422, errors={"person": "four_eyes"})
    if recused.keeps_out(session, task, hand.element, other.id):
        raise Refusal("form_invalid", 422, errors={"person": "recused"})
    if before == other.id:
        return task
    at = hand.case.at(now)
    move(uow, task, {"assignee_id": other.id, "claimed_at": at})
    dequeue(session, [task.id] if before is None else [])
    gone = person_owner(before) if before is not None else queue_owner(hand.keys)
    tally(session, Counter({gone: -1, person_owner(other.id): 1}))
    payload = {"to": other.id, "from": before}
    write(uow, hand, at, "task.reassigned", payload, {"reason": reason})
    args = {"case": hand.case.number, "task": task.name, "task_en": task.name_en}
    notifications.notify_people(
        uow, [other.id], "task_reassigned", args, now, case=hand.case, task_id=task.id
    )
    return task


def save_draft(
    uow: UnitOfWork, task_id: str, actor: Actor, data: Mapping[str, Any], now: datetime
) -> UserTask:
    """Keep what was typed so far (JSON values by field id), unchecked but for its size. A waiting
    task is claimed with it, so that no two people write in one draft. Raises Refusal as
    `claim_task`, and ``form_invalid`` 422 for a field over the size limit."""
    hand = take_in_hand(uow, task_id, actor, now)
    forms.check_sizes(data)
    at = hand.case.at(now)
    require_free(uow.session, hand)
    if hand.task.assignee_id is None:
        require_other_person(uow.session, hand)
        take(uow, hand, at)
    move(uow, hand.task, {"draft": jsonable(data), "draft_at": at})
    return hand.task


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
    ``not_your_task`` / ``four_eyes`` / ``recused`` 403, ``recusal_missing`` / ``task_done`` /
    ``task_claimed`` / ``task_cancelled`` 409 (with ``who`` and ``when``), ``form_invalid`` 422
    with ``errors`` = {field: code}.
    """
    hand = take_in_hand(uow, task_id, actor, now)
    task, case, session = hand.task, hand.case, uow.session
    require_free(session, hand)
    require_other_person(session, hand)
    recused.require_recorded(session, case.id, hand.element)
    forms.check_sizes(data)
    at, known = case.at(now), anchors_of(session, case.id)
    occurred = occurred_at or at
    anchors.require_moment(occurred, at, known.get(anchors.DISCOVERED))
    actor = hand.actor
    submission = Submission(task, case, hand.element, actor, data, at, occurred)
    try:
        if task.form_key:
            # A special form writes before the step is known to succeed: undone if it does not.
            with uow.savepoint():
                advance, result, occurred = _step(uow, hand, submission, known, now)
                if advance.status == "incident":
                    raise _Faulted(advance)
        else:
            advance, result, occurred = _step(uow, hand, submission, known, now)
            if advance.status == "incident":
                raise _Faulted(advance)
    except _Faulted as fault:
        return _keep(uow, hand, data, fault.advance, now)
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
    _set_anchors(uow, hand, _anchor_names(hand.element, result), occurred, advance, now)
    following = next_task(session, case.id, hand.person)
    return CompletedTask(task, case, met, following.id if following is not None else None)


def _step(
    uow: UnitOfWork,
    hand: TaskInHand,
    submission: Submission,
    known: Mapping[str, datetime],
    now: datetime,
) -> tuple[Advance, dict[str, Any], datetime]:
    """The form's own work and the engine's step; the moment the act counts from."""
    result = forms.handler_for(hand.task.form_key)(uow, submission)
    occurred = submission.occurred_at
    if hand.task.form_key == REPORT_UP and isinstance(result.get("last_at"), datetime):
        # The limit is met when the last recipient was told, not when the page was filled in.
        occurred = result["last_at"]
    more = dict.fromkeys(_anchor_names(hand.element, result), occurred)
    context = context_of(uow.session, hand.case, now, more, known=known)
    assert hand.instance.state is not None
    try:
        advance = engine.complete(
            hand.definition, hand.instance.state, hand.task.id, result, context, default_feel()
        )
    except EngineRefusal as refusal:
        # The row says open, the state says not: one of them was read before somebody's commit.
        raise Stale(f"task {hand.task.id}: {refusal.code}") from refusal
    return advance, result, occurred


def _anchor_names(element: Element, result: Mapping[str, Any]) -> list[str]:
    """The moments that completing the task records: none that a closing's unmet criterion says
    has not come."""
    met = result.get("criterion_met") is not False
    named = element.properties.get("setsAnchor", "") if met else ""
    own = grading.ANCHORS.get(element.form_key, "")
    return list(dict.fromkeys(name for name in (own, named) if name))


def _set_anchors(
    uow: UnitOfWork,
    hand: TaskInHand,
    names: Sequence[str],
    occurred: datetime,
    advance: Advance,
    now: datetime,
) -> None:
    for name in names:
        anchors.record_anchor(uow, hand.case, name, occurred, hand.actor, now, task_id=hand.task.id)
    if names and advance.status == "running":
        retime_case(uow, hand.case, hand.actor, now)


def _keep(
    uow: UnitOfWork,
    hand: TaskInHand,
    data: Mapping[str, Any],
    advance: Advance,
    now: datetime,
) -> CompletedTask:
    """The engine could not take the step: the task stays, with what was given as its draft."""
    task, at = hand.task, hand.case.at(now)
    uow.session.refresh(hand.case)
    record(uow, hand.instance, hand.case, hand.definition, advance, hand.actor, now)
    if task.assignee_id is None:
        take(uow, hand, at)
    move(uow, task, {"draft": jsonable(data), "draft_at": at})
    return CompletedTask(task, hand.case, incidents=advance.incidents)


def _sorted_out(
    element: Element, result: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Choices and figures, which history states; and words, to which it only commits."""
    plain: dict[str, Any] = jsonable(result)
    free = free_fields(element)
    plain = {key: value for key, value in plain.items() if value is not None and value != ""}
    return (
        {key: value for key, value in plain.items() if key not in free},
        {key: value for key, value in plain.items() if key in free},
    )


_QUEUED = exists().where(
    TaskQueue.task_id == UserTask.id,
    TaskQueue.role_key.in_(bindparam("b_keys", expanding=True)),
)
_NEXT = (
    select(UserTask, ProcessInstance.content_hash)
    .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
    .where(
        UserTask.case_id == bindparam("b_case"),
        UserTask.status == "open",
        or_(
            UserTask.assignee_id == bindparam("b_person"),
            and_(UserTask.assignee_id.is_(None), _QUEUED),
        ),
    )
    .order_by(UserTask.sort_due, UserTask.created_at, UserTask.id)
)


def next_task(session: Session, case_id: int, person: Person) -> UserTask | None:
    """The person's next open task of a case: one they hold, else one that waits for them and
    that no four-eyes rule or recusal keeps from them; the earliest due first."""
    wanted = {"b_case": case_id, "b_person": person.id, "b_keys": access.queue_keys(person)}
    found = session.execute(_NEXT, wanted).all()
    for row, content_hash in sorted(found, key=lambda pair: pair[0].assignee_id is None):
        element = definition_for(session, content_hash).element(row.element_path)
        if four_eyes.barred(session, row, element, person.id) is None and not (
            recused.keeps_out(session, row, element, person.id)
        ):
            return row
    return None


def candidates(session: Session, task: UserTask) -> list[Person]:
    """The people a task may be given to: who holds one of its roles now and is kept from it by no
    four-eyes rule or recusal, by name."""
    element = element_of(session, task)
    ids = notifications.holders(session, access.candidate_keys(element))
    people = session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.name))
    return [
        p
        for p in people
        if four_eyes.barred(session, task, element, p.id) is None
        and not recused.keeps_out(session, task, element, p.id)
    ]
