"""What was decided in a finished case, gathered from its rows and its history for a replay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case, ProcessInstance
from models.history import HistoryEvent
from models.intake import Signal
from models.tasks import UserTask
from services import history, plan_settings
from services.calendar import calendar_of
from services.case_reading import case_events
from services.cases import SIGNAL_FIELDS
from services.plan_settings import SettingRow
from services.typed_words import is_destroyed
from workflows.contract import FeelValue
from workflows.decision_model import Table
from workflows.definition import Definition
from workflows.past_record import Answer, Corrected, Record, Sent

_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def tasks_of(session: Session, case: Case) -> list[UserTask]:
    """The tasks of the case's own process, by opening."""
    return list(
        session.scalars(
            select(UserTask)
            .where(UserTask.instance_id == case.primary_instance_id)
            .order_by(UserTask.created_at, UserTask.id)
        )
    )


def record_of(
    session: Session,
    case: Case,
    definition: Definition,
    manifests: Sequence[Mapping[str, Any]],
    tasks: Sequence[UserTask],
    usual: Mapping[str, float],
) -> Record:
    """The record of a finished case. ``definition`` is the version it ran on; ``manifests`` are
    its ``plan.toml`` and those of the versions it is to be played on, whose further settings are
    taken as the unit has them now; ``usual`` is how long a role takes, in minutes."""
    events = case_events(session, case.id)
    payloads = {event.seq: history.payload_of(event) for event in events}
    started = next(event for event in events if event.type == "instance.started")
    instance = session.get_one(ProcessInstance, case.primary_instance_id)
    personal = history.personal_by_event(
        session, [event for event in events if event.type == "message.sent"]
    )
    return Record(
        started=started.recorded_at,
        finished=instance.ended_at or events[-1].recorded_at,
        variables=_variables(session, case, definition, manifests, events, payloads),
        anchors=_anchors(events, payloads, started.seq),
        calendar=calendar_of(session),
        answers=tuple(_answers(events, payloads, tasks)),
        messages=tuple(
            Sent(
                payloads[event.seq]["name"],
                personal.get(event.id, {}).get("payload") or {"reason": ""},
                event.recorded_at,
                event.seq,
            )
            for event in events
            if event.type == "message.sent"
        ),
        corrections=tuple(
            Corrected(payloads[event.seq]["name"], event.occurred_at, event.recorded_at, event.seq)
            for event in events
            if event.type == "anchor.corrected"
        ),
        cancelled=frozenset(
            (task.element_path, task.round) for task in tasks if task.status == "cancelled"
        ),
        fields={
            path: frozenset(field.id for field in element.form_fields)
            for path, element in definition.elements.items()
            if element.form_fields
        },
        usual=usual,
    )


def was_destroyed(case: Case, tasks: Sequence[UserTask]) -> bool:
    """Whether typed words of the case have been destroyed: they cannot be given again."""
    return any(is_destroyed(value) for task in tasks for value in (task.result or {}).values())


def _answers(
    events: Sequence[HistoryEvent],
    payloads: Mapping[int, Mapping[str, Any]],
    tasks: Sequence[UserTask],
) -> Iterator[Answer]:
    rows = {task.id: task for task in tasks}
    for event in events:
        if event.type != "task.completed":
            continue
        row = rows.get(payloads[event.seq]["task"])
        if row is None:
            continue
        yield Answer(
            row.element_path,
            row.round,
            row.created_at,
            event.recorded_at,
            event.occurred_at,
            row.result or {},
            event.seq,
        )


def _anchors(
    events: Sequence[HistoryEvent], payloads: Mapping[int, Mapping[str, Any]], before: int
) -> dict[str, datetime]:
    """The moments recorded before the process began; later ones come with tasks."""
    return {
        payloads[event.seq]["name"]: event.occurred_at
        for event in events
        if event.type == "anchor.recorded" and event.seq < before
    }


def _variables(
    session: Session,
    case: Case,
    definition: Definition,
    manifests: Sequence[Mapping[str, Any]],
    events: Sequence[HistoryEvent],
    payloads: Mapping[int, Mapping[str, Any]],
) -> dict[str, FeelValue]:
    opened = next(payloads[event.seq] for event in events if event.type == "case.opened")
    row = session.get(Signal, opened["signal"]) if opened.get("signal") else None
    signal: dict[str, FeelValue] = {"text": case.summary or case.title, "link": case.link}
    for name in SIGNAL_FIELDS:
        given = getattr(row, name) if row is not None else None
        signal[name] = given if given != "" else None
    variables: dict[str, FeelValue] = {
        "signal": signal,
        "case": {"number": case.number, "title": case.title, "tier": None},
    }
    settings = _settings(session, str(opened["plan"]), manifests, opened.get("settings") or {})
    if settings or any("settings" in one.get("variables", {}) for one in manifests):
        variables["settings"] = settings
    # What was typed at the intake is in no row: the decisions taken on it say what it was.
    results = {element.id for element in definition.elements.values()}
    for event in events:
        if event.type in ("decision.taken", "tier.proposed"):
            _recover(variables, results, definition, payloads[event.seq])
    return variables


def _settings(
    session: Session,
    plan_key: str,
    manifests: Sequence[Mapping[str, Any]],
    stored: Mapping[str, Any],
) -> dict[str, FeelValue]:
    found: dict[str, FeelValue] = {}
    for manifest in manifests:
        standing = plan_settings.rows(session, plan_key, manifest)
        rows = [
            SettingRow(row.setting, stored.get(row.setting.key, row.value), row.chosen)
            for row in standing
        ]
        found = {**plan_settings.as_values(rows), **found}
    return found


def _recover(
    variables: dict[str, FeelValue],
    results: set[str],
    definition: Definition,
    payload: Mapping[str, Any],
) -> None:
    """Values of start variables that a decision was taken on, where no row holds them."""
    table = definition.tables.get(payload.get("decision", ""))
    columns = table.logic.inputs if table is not None and isinstance(table.logic, Table) else ()
    texts = {column.label: column.text for column in columns}
    for label, value in payload.get("inputs", {}).items():
        name = texts.get(label, label)
        if value is None or not _DOTTED.fullmatch(name):
            continue
        root, _, part = name.partition(".")
        if root in results or root in ("settings", "case") or "." in part:
            continue
        if not part:
            if root in variables or root in definition.anchors:
                continue
            variables[root] = value
        else:
            there = variables.setdefault(root, {})
            if isinstance(there, dict) and there.get(part) is None:
                there[part] = value
