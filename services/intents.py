"""What the engine wants done outside, put into the outbox with the step that asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from models.cases import Case, ProcessInstance
from models.tasks import Outbox
from services import history, wake
from services.actor import Actor
from services.uow import UnitOfWork
from services.values import jsonable
from workflows.contract import Intent


def store_intents(
    uow: UnitOfWork,
    case: Case,
    instance: ProcessInstance,
    intents: Sequence[Intent],
    actor: Actor,
    now: datetime,
) -> None:
    """Outbox rows for a step's intents, delivered after the commit. ``now`` is wall time."""
    if not intents:
        return
    at = case.at(now)
    for intent in intents:
        row = Outbox(
            topic=intent.topic,
            payload=jsonable(intent.payload),
            case_id=case.id,
            instance_id=instance.id,
            engine_task_id=intent.task_id,
            created_at=now,
            not_before=now,
        )
        uow.session.add(row)
        uow.session.flush()
        history.append(
            uow,
            "intent.created",
            case=case,
            actor=actor,
            occurred_at=at,
            now=at,
            element_path=intent.path,
            payload={"topic": intent.topic, "id": row.id},
        )
    uow.after_commit(lambda: wake.at(now))
