"""Past cases as tests: the decisions of finished cases played on another version of their plan.

A case is first played on the version it ran on. Only if that gives the steps, due dates and end on
record is what the other version gives set beside it; else the case is named as one that cannot be
played again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Literal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.history import HistoryEvent
from models.plans import PlanVersion
from models.tasks import UserTask
from services import history
from services.answering_times import answering_times
from services.definitions import definition_for
from services.past_differences import Difference, differences
from services.past_record import record_of, tasks_of, was_destroyed
from workflows.bundle import Bundle
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel
from workflows.past_course import Course
from workflows.past_record import Record
from workflows.past_run import play

#: The newest finished cases that are looked at.
MOST: Final = 50

#: Why a case cannot be compared: it changed version on its way; played again on its own version
#: it takes other steps, other due dates or another end than on record.
Doubt = Literal["", "migrated", "steps", "due", "end", "fault"]


@dataclass(frozen=True, slots=True)
class Replay:
    """One finished case on the other version. ``doubt`` says why nothing is compared (``at`` the
    element where its own version departs from the record); ``destroyed``: typed words are gone,
    empty ones stand for them. ``differences`` in the order of the case."""

    case: Case
    version: PlanVersion
    doubt: Doubt = ""
    at: str = ""
    destroyed: bool = False
    before: Course | None = None
    after: Course | None = None
    differences: tuple[Difference, ...] = ()


def finished_cases(session: Session, plan_key: str, limit: int = MOST) -> list[Case]:
    """The plan's cases whose process has come to its end, the latest first."""
    return list(
        session.scalars(
            select(Case)
            .join(PlanVersion, PlanVersion.id == Case.plan_version_id)
            .join(ProcessInstance, ProcessInstance.id == Case.primary_instance_id)
            .where(PlanVersion.plan_key == plan_key, ProcessInstance.status == "completed")
            .order_by(ProcessInstance.ended_at.desc(), Case.id.desc())
            .limit(limit)
        )
    )


def compiled(session: Session, bundle: Bundle) -> Definition:
    """A bundle's definition, kept by content hash. Raises DeploymentError while it has errors."""
    with _lock:
        found = _kept.get(bundle.content_hash)
    if found is None:
        try:
            found = definition_for(session, bundle.content_hash)
        except LookupError:
            found = compile_bundle(bundle, default_feel())
    with _lock:
        _kept[bundle.content_hash] = found
        _kept.move_to_end(bundle.content_hash)
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def replay(
    session: Session, cases: Sequence[Case], definition: Definition, manifest: Mapping[str, Any]
) -> list[Replay]:
    """Each of the cases on a version; what that gives beside what its own version gave."""
    usual = {role: float(time.median) for role, time in answering_times(session).items()}
    return [_replay(session, case, definition, manifest, usual) for case in cases]


_KEPT: Final = 8
_kept: OrderedDict[str, Definition] = OrderedDict()
_lock = Lock()


def _replay(
    session: Session,
    case: Case,
    definition: Definition,
    manifest: Mapping[str, Any],
    usual: Mapping[str, float],
) -> Replay:
    version = session.get_one(PlanVersion, case.plan_version_id)
    if _was_migrated(session, case):
        return Replay(case, version, "migrated")
    own = definition_for(session, version.content_hash)
    tasks = tasks_of(session, case)
    record = record_of(session, case, own, [version.manifest, manifest], tasks, usual)
    destroyed = was_destroyed(case, tasks)
    before = play(own, record, default_feel(), fill=False)
    doubt, at = _check(session, case, record, before, tasks)
    if doubt:
        return Replay(case, version, doubt, at, destroyed, before)
    after = play(definition, record, default_feel(), fill=True)
    found = differences(own, definition, before, after, manifest)
    return Replay(case, version, "", "", destroyed, before, after, tuple(found))


def _was_migrated(session: Session, case: Case) -> bool:
    moved = exists().where(
        HistoryEvent.chain == history.chain_of(case.id), HistoryEvent.type == "instance.migrated"
    )
    return bool(session.scalar(select(moved)))


def _check(
    session: Session, case: Case, record: Record, course: Course, tasks: Sequence[UserTask]
) -> tuple[Doubt, str]:
    """Whether the case's own version takes it the way that is on record; if not, where it first
    goes another way."""
    if course.stuck is not None:
        return "fault", course.stuck.path
    recorded = [(answer.path, answer.round) for answer in record.answers]
    for was, now in zip(recorded, course.done, strict=False):
        if was != now:
            return "steps", was[0]
    if len(recorded) != len(course.done):
        longer = max(recorded, course.done, key=len)
        return "steps", longer[min(len(recorded), len(course.done))][0]
    due = {(task.element_path, task.round): task.due_at for task in tasks}
    for step in course.steps:
        if step.completed is not None and due.get((step.path, step.round)) != step.due:
            return "due", step.path
    ends = session.scalars(
        select(HistoryEvent)
        .where(
            HistoryEvent.chain == history.chain_of(case.id),
            HistoryEvent.type == "instance.completed",
        )
        .order_by(HistoryEvent.seq.desc())
        .limit(1)
    ).first()
    if ends is None or tuple(history.payload_of(ends)["ends"]) != course.ends:
        return "end", ", ".join(course.ends)
    return "", ""
