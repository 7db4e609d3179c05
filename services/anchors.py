"""The recorded moments clocks count from: when something really happened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from models.cases import Anchor, Case
from services import access, history
from services.actor import Actor
from services.context import anchors_of
from services.errors import Refusal
from services.instances import retime_case
from services.stamps import touch_case
from services.uow import UnitOfWork

#: Anchors every case may have beside those its plan names with ``setsAnchor``.
DISCOVERED, OPENED, GRADED = "discovered_at", "opened_at", "graded_at"


def require_moment(
    occurred_at: datetime,
    at: datetime,
    discovered_at: datetime | None,
    field: str = "occurred_at",
) -> None:
    """Raises Refusal ``form_invalid`` 422 when an act is said to lie in the future of the case's
    own time ``at`` (``in_future``) or before the incident was discovered
    (``before_discovery``)."""
    if occurred_at > at:
        raise Refusal("form_invalid", 422, errors={field: "in_future"})
    if discovered_at is not None and occurred_at < discovered_at:
        raise Refusal("form_invalid", 422, errors={field: "before_discovery"})


def record_anchor(
    uow: UnitOfWork,
    case: Case,
    name: str,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
    *,
    how: str = "",
    task_id: str = "",
) -> Anchor:
    """Record a moment (case time). One already recorded under the name is superseded: a case
    graded again is counted from its last grading. Does not count the clocks again; whoever takes
    the step does. ``now`` is wall time."""
    return _add(uow, case, name, occurred_at, actor, now, how=how, task_id=task_id)


def correct_anchor(
    uow: UnitOfWork,
    case_id: int,
    name: str,
    occurred_at: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    how: str = "",
) -> Anchor:
    """Correct when something really happened (``occurred_at`` in case time) and count every clock
    that depends on it again. The older row stays, superseded. Raises Refusal ``case_unknown``
    404, ``read_only`` 403, ``anchor_unknown`` 404, ``case_over`` 409, ``form_invalid`` 422
    (``reason`` missing, moment in the future or before discovery)."""
    person = access.writer(uow.session, actor)
    case = access.require_part_in_case(uow.session, person, uow.session.get(Case, case_id))
    if case.status == "archived":
        raise Refusal("case_over", 409)
    # Of two who correct at once the second waits here, and sees what the first has written.
    touch_case(uow, case)
    standing = anchors_of(uow.session, case.id)
    if name not in standing:
        raise Refusal("anchor_unknown", 404, anchor=name)
    if not reason.strip():
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    require_moment(
        occurred_at, case.at(now), None if name == DISCOVERED else standing.get(DISCOVERED)
    )
    row = _add(
        uow,
        case,
        name,
        occurred_at,
        actor,
        now,
        how=how,
        reason=reason.strip(),
        was=standing[name],
    )
    retime_case(uow, case, actor, now, reason="anchor_corrected")
    return row


def _add(
    uow: UnitOfWork,
    case: Case,
    name: str,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
    *,
    how: str = "",
    reason: str = "",
    task_id: str = "",
    was: datetime | None = None,
) -> Anchor:
    at = case.at(now)
    uow.session.execute(
        update(Anchor)
        .where(Anchor.case_id == case.id, Anchor.name == name, Anchor.superseded.is_(False))
        .values(superseded=True)
    )
    row = Anchor(
        case_id=case.id,
        name=name,
        occurred_at=occurred_at,
        recorded_at=at,
        person_id=actor.person_id,
        role_key=actor.role,
        how=how,
        reason=reason,
    )
    uow.session.add(row)
    uow.session.flush()
    payload: dict[str, object] = {"name": name}
    if task_id:
        payload["task"] = task_id
    if was is not None:
        payload["was"] = was
    history.append(
        uow,
        "anchor.corrected" if reason else "anchor.recorded",
        case=case,
        actor=actor,
        occurred_at=occurred_at,
        now=at,
        payload=payload,
        personal={"how": how, "reason": reason},
    )
    return row
