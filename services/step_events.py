"""The events one engine step leaves in a case's history.

They are few on purpose: what a step walked through stands in the event of the act that caused
it, a task's opening names its own clocks, and a finished case of seven tasks stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models.cases import Case
from models.plans import PlanVersion
from models.tasks import UserTask
from services import history
from services.access import candidate_keys
from services.actor import Actor
from services.tiers import proposed_tier
from services.uow import UnitOfWork
from services.values import jsonable
from workflows.contract import (
    Advance,
    DecisionTaken,
    DueMoved,
    Element,
    ElementPassed,
    TaskClosed,
    TaskOpened,
)


@dataclass(frozen=True, slots=True)
class Done:
    """How a person ended a task: what stands on its row and in its event. ``result`` and ``text``
    are JSON values (choices and figures; words that may be about people); ``occurred_at`` is case
    time."""

    task: UserTask
    result: Mapping[str, Any]
    text: Mapping[str, Any]
    occurred_at: datetime


def steps_of(advance: Advance) -> dict[str, list[str]]:
    """``steps`` and ``flows`` as events hold them: ``path`` for an element completed, ``+path``
    entered and waiting, ``-path`` cancelled, ``path#2`` in its second round; the ids of the
    sequence flows taken, in order. Empty lists are left out."""
    ended = {(p.path, p.round) for p in advance.passed if p.state != "entered"}
    steps: list[str] = []
    flows: list[str] = []
    for passed in advance.passed:
        if passed.flow and (passed.state == "entered" or passed.flow not in flows):
            flows.append(passed.flow)
        if passed.state == "entered" and (passed.path, passed.round) in ended:
            continue
        steps.append(_step(passed))
    found = {"steps": steps, "flows": flows}
    return {key: value for key, value in found.items() if value}


def _step(passed: ElementPassed) -> str:
    sign = {"entered": "+", "cancelled": "-", "completed": ""}[passed.state]
    return f"{sign}{passed.path}" + (f"#{passed.round}" if passed.round > 1 else "")


def write_step(
    uow: UnitOfWork, case: Case, advance: Advance, actor: Actor, at: datetime, *, done: Done | None
) -> None:
    """The event of the act: ``task.completed``, or ``element.passed`` for a step without one."""
    steps = steps_of(advance)
    if done is None:
        if steps.get("steps"):
            history.append(
                uow, "element.passed", case=case, actor=actor, occurred_at=at, now=at, payload=steps
            )
        return
    task = done.task
    payload: dict[str, Any] = {"task": task.id, **steps}
    if task.round > 1:
        payload["round"] = task.round
    if done.result:
        payload["result"] = dict(done.result)
    if lag := int((at - done.occurred_at).total_seconds()):
        payload["lag"] = lag
    history.append(
        uow,
        "task.completed",
        case=case,
        actor=actor,
        occurred_at=done.occurred_at,
        now=at,
        element_path=task.element_path,
        payload=payload,
        personal={"text": dict(done.text)} if done.text else None,
    )


def write_opened(
    uow: UnitOfWork,
    case: Case,
    task: TaskOpened,
    element: Element,
    assignee: int | None,
    advance: Advance,
    actor: Actor,
    at: datetime,
) -> None:
    """``task.opened``, with the clocks that run on it besides its due date."""
    payload: dict[str, Any] = {"task": task.id, "name": element.name or task.element_id}
    keys = candidate_keys(element)
    if len(keys) == 1:
        payload["role"] = keys[0]
    elif keys:
        payload["roles"] = list(keys)
    if task.round > 1:
        payload["round"] = task.round
    if task.due_at is not None:
        payload["due"] = task.due_at
    if task.follow_up_at is not None:
        payload["follow_up"] = task.follow_up_at
    if assignee is not None:
        payload["assignee"] = assignee
    timers = [
        {"kind": timer.deadline_kind or "", "due": timer.due_at}
        for timer in advance.timers_set
        if timer.task_id == task.id and timer.deadline_kind != "due"
    ]
    if timers:
        payload["timers"] = timers
    history.append(
        uow,
        "task.opened",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        element_path=task.path,
        payload=payload,
    )


def write_cancelled(
    uow: UnitOfWork, case: Case, row: UserTask, task: TaskClosed, actor: Actor, at: datetime
) -> None:
    """``task.cancelled`` with what cancelled it."""
    if task.outcome != "cancelled":
        return
    payload: dict[str, Any] = {"task": task.id}
    if task.by:
        payload["by"] = task.by
    if row.round > 1:
        payload["round"] = row.round
    history.append(
        uow,
        "task.cancelled",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        element_path=task.path,
        payload=payload,
    )


def write_due_moved(
    uow: UnitOfWork, case: Case, moved: DueMoved, reason: str, actor: Actor, at: datetime
) -> None:
    """``deadline.set`` for a due date that has no waiting timer of its own: it has fired, or
    stands on what the task is part of."""
    payload: dict[str, Any] = {
        "task": moved.id,
        "kind": "due",
        "due": moved.due_at,
        "was": moved.was,
    }
    if reason:
        payload["reason"] = reason
    history.append(
        uow,
        "deadline.set",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        element_path=moved.path,
        payload=payload,
    )


def write_decisions(
    uow: UnitOfWork, case: Case, advance: Advance, actor: Actor, at: datetime
) -> None:
    """``tier.proposed`` for a decision that names one of the plan's tiers, ``decision.taken`` for
    every other and for gateways."""
    if not advance.decisions:
        return
    manifest: Mapping[str, Any] = {}
    if any(decision.decision for decision in advance.decisions):
        manifest = (
            uow.session.scalar(
                select(PlanVersion.manifest).where(PlanVersion.id == case.plan_version_id)
            )
            or {}
        )
    for decision in advance.decisions:
        type_, payload = _decision(decision, manifest)
        history.append(
            uow,
            type_,
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            element_path=decision.path,
            payload=payload,
        )


def _decision(
    decision: DecisionTaken, manifest: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    inputs = jsonable(decision.inputs)
    tier = proposed_tier(manifest, decision.output) if decision.decision else None
    if tier is not None:
        return "tier.proposed", {
            "tier": tier.key,
            "level": tier.level,
            "rules": list(decision.matched),
            "texts": _texts(decision.rule_texts),
            "inputs": inputs,
            "decision": decision.decision,
        }
    payload: dict[str, Any] = {"matched": list(decision.matched)}
    if inputs:
        payload["inputs"] = inputs
    if decision.decision:
        payload |= {
            "decision": decision.decision,
            "output": jsonable(decision.output),
            "texts": _texts(decision.rule_texts),
        }
    return "decision.taken", payload


def _texts(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text]
