"""Cases: opened, graded again, their clock moved, listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from models.cases import Case, CaseNumber
from models.intake import Signal
from models.people import Organization, Person
from services import (
    access,
    anchors,
    history,
    instances,
    manifest,
    plan_settings,
    plans,
    timer_rows,
)
from services.actor import Actor
from services.calendar import zone_of
from services.case_titles import title_of
from services.errors import Refusal
from services.rows import dialect_of, upsert
from services.uow import UnitOfWork
from workflows.contract import FeelValue

#: What ``extra`` may say of the signal a case was opened from.
SIGNAL_FIELDS = ("medium", "reads", "comments", "reposts")
RETIER = "retier"


@dataclass(frozen=True, slots=True)
class CasePage:
    """``next_cursor`` asks for the cases after these (an id), None at the end."""

    rows: list[Case]
    next_cursor: int | None


def open_case(
    uow: UnitOfWork,
    *,
    plan_key: str,
    title: str,
    summary: str,
    link: str = "",
    signal: Signal | None = None,
    discovered_at: datetime | None = None,
    actor: Actor,
    now: datetime,
    extra: Mapping[str, Any] | None = None,
) -> Case:
    """Open a case under a plan's current version and start its process.

    ``discovered_at`` is when it was really noticed (now, if not given). ``extra`` may hold
    ``medium``, ``reads``, ``comments``, ``reposts`` (else the signal's), ``is_drill``,
    ``clock_offset`` (seconds the case's time is ahead of the wall; drills and the demonstration
    only) and values of variables the plan declares; the rest is kept in the case's settings.

    Raises Refusal ``read_only`` 403, ``not_your_role`` 403 (the plan names who may start it),
    ``clock_real`` 403 (an offset for any other case), ``plan_unknown`` 404, ``signal_taken`` 409,
    ``form_invalid`` 422, ``plan_cannot_start`` 422.
    """
    session = uow.session
    person = access.writer(session, actor)
    version = plans.current_version(session, plan_key)
    starters = plans.starter_roles(session, version)
    role = access.require_role(person, *starters) if starters else actor.role
    actor = Actor(actor.person_id, role, actor.on_behalf_of)
    extra = dict(extra or {})
    words = title_of(title, summary)
    if not words:
        raise Refusal("form_invalid", 422, errors={"summary": "required"})
    if signal is not None and signal.status != "new":
        raise Refusal("signal_taken", 409, case=signal.case_id)
    is_drill, offset = bool(extra.pop("is_drill", False)), int(extra.pop("clock_offset", 0))
    if offset:
        _require_unreal(session, is_drill)
    case = Case(
        number=_next_number(uow, now),
        title=words,
        summary=summary.strip(),
        link=link.strip(),
        plan_version_id=version.id,
        is_drill=is_drill,
        clock_offset=offset,
        opened_at=now,
        opened_by=person.id,
    )
    at = case.at(now) if offset else now
    case.opened_at = at
    discovered = discovered_at or at
    anchors.require_moment(discovered, at, None, "discovered_at")
    seen = _signal_variables(case, signal, extra)
    declared = version.manifest.get("variables", {})
    variables = {key: extra.pop(key) for key in list(extra) if key in declared}
    # What the unit has set stands for the case from its first step to its last.
    chosen = plan_settings.rows(session, version.plan_key, version.manifest)
    if chosen or "settings" in declared:
        variables["settings"] = plan_settings.as_values(chosen)
    case.settings = {"extra": extra} if extra else {}
    if chosen:
        case.settings[manifest.PLAN_SETTINGS] = {row.setting.key: row.value for row in chosen}
    session.add(case)
    session.flush()
    payload: dict[str, Any] = {
        "number": case.number,
        "plan": version.plan_key,
        "plan_version": version.number,
    }
    if signal is not None:
        payload["signal"] = signal.id
    if is_drill:
        payload["drill"] = True
    if chosen:
        payload["settings"] = {row.setting.key: row.value for row in chosen}
    history.append(
        uow,
        "case.opened",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload=payload,
        personal={"title": case.title, "summary": case.summary, "link": case.link},
    )
    if signal is not None:
        signal.status, signal.case_id = "taken", case.id
        history.append(
            uow,
            "signal.taken",
            actor=actor,
            occurred_at=now,
            now=now,
            payload={"signal": signal.id, "case": case.id, "number": case.number},
        )
    anchors.record_anchor(uow, case, anchors.DISCOVERED, discovered, actor, now)
    anchors.record_anchor(uow, case, anchors.OPENED, at, actor, now)
    instances.start_instance(
        uow,
        case,
        version,
        {
            **variables,
            "signal": seen,
            "case": {"number": case.number, "title": case.title, "tier": None},
        },
        actor,
        now,
    )
    session.flush()
    return case


def move_clock(uow: UnitOfWork, case_id: int, seconds: int, actor: Actor, now: datetime) -> Case:
    """Put a case's own time ``seconds`` further ahead of the wall, with its waiting timers and
    due dates. Raises Refusal ``case_unknown`` 404, ``read_only`` 403, ``case_over`` 409,
    ``clock_real`` 403 for a case that is neither a drill nor of the demonstration,
    ``form_invalid`` 422 for going back: what is on record has happened."""
    case = _case_to_write(uow, case_id, actor)
    _require_unreal(uow.session, case.is_drill)
    if seconds <= 0:
        raise Refusal("form_invalid", 422, errors={"seconds": "too_small"})
    case.clock_offset += seconds
    case.stamp += 1
    uow.session.flush()
    timer_rows.shift(uow, case)
    at = case.at(now)
    history.append(
        uow,
        "case.clock_moved",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload={"seconds": seconds, "offset": case.clock_offset},
    )
    return case


def retier(uow: UnitOfWork, case_id: int, reason: str, actor: Actor, now: datetime) -> Case:
    """Ask for a case to be graded again (提级, 降级): the response stops where it is and grading
    comes anew. Raises Refusal ``case_unknown`` 404, ``read_only`` 403, ``case_over`` 409,
    ``form_invalid`` 422 without a reason, ``message_not_expected`` 409 when the plan is not at a
    point for it."""
    case = _case_to_write(uow, case_id, actor)
    if not reason.strip():
        raise Refusal("form_invalid", 422, errors={"reason": "required"})
    at = case.at(now)
    payload = {"from": case.tier} if case.tier is not None else {}
    history.append(
        uow,
        "tier.retier_requested",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload=payload,
        personal={"reason": reason.strip()},
    )
    instances.send_message(uow, case, RETIER, {"reason": reason.strip()}, actor, now)
    return case


def list_cases(
    session: Session,
    person: Person,
    *,
    status: str | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> CasePage:
    """Cases the person may see, the latest opened first; ``status`` open, closed or archived."""
    query = (
        select(Case)
        .where(access.visible_cases(person))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(limit + 1)
    )
    if status is not None:
        query = query.where(Case.status == status)
    if cursor is not None:
        last = session.get(Case, cursor)
        if last is not None:
            query = query.where(tuple_(Case.opened_at, Case.id) < (last.opened_at, last.id))
    rows = list(session.scalars(query))
    return CasePage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


# ------------------------------------------------------------------------------ the parts


def _case_to_write(uow: UnitOfWork, case_id: int, actor: Actor) -> Case:
    person = access.writer(uow.session, actor)
    case = access.require_part_in_case(uow.session, person, uow.session.get(Case, case_id))
    if case.status == "archived":
        raise Refusal("case_over", 409)
    return case


def _require_unreal(session: Session, is_drill: bool) -> None:
    if is_drill:
        return
    if session.scalar(select(Organization.is_demo).limit(1)) is not True:
        raise Refusal("clock_real", 403)


def _next_number(uow: UnitOfWork, now: datetime) -> str:
    """The next number of the year in the organisation's zone. The counter's row is locked until
    the commit, so numbers are unique and without gaps."""
    year = now.astimezone(zone_of(uow.session)).year
    statement = upsert(dialect_of(uow.session), CaseNumber).values(year=year, last=1)
    last = uow.session.scalar(
        statement.on_conflict_do_update(
            index_elements=[CaseNumber.year], set_={"last": CaseNumber.last + 1}
        ).returning(CaseNumber.last)
    )
    return f"{year}-{last:04d}"


def _signal_variables(
    case: Case, signal: Signal | None, extra: dict[str, Any]
) -> dict[str, FeelValue]:
    """The start variable ``signal``. What a person typed at intake outweighs the signal's own."""
    seen: dict[str, FeelValue] = {"text": case.summary or case.title, "link": case.link}
    for name in SIGNAL_FIELDS:
        given = extra.pop(name, None)
        if given in (None, "") and signal is not None:
            given = getattr(signal, name)
        seen[name] = given if given != "" else None
    return seen
