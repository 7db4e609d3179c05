"""Destroying what a case holds about people, once it is no longer needed (销毁个人信息).

突发事件应对法 (2024), article 85: personal information obtained in responding to an emergency may
serve that response only and is destroyed when it is over. 个人信息保护法, article 47: what has
served its purpose is erased. So every word a person typed into a case goes: from its record (where
the event keeps a commitment, so that the chain still verifies), from its tasks, drafts, rows and
files, from the signals it took, from exports that may hold it, and from what the engine remembers.
Figures and choices stay, and so do the unit's public statements with their approvals, which name
nobody by rule and are guarded against change.

Two ways lead here: a task of the plan (``planroom:destroy``), while the case is handled; and, when
its term is over, a list that two people have agreed to (`services.destruction_lists`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent, PersonalValue
from models.tasks import UserTask
from services import destruction_rows, free_space, history, legal_holds
from services.actor import Actor
from services.case_reading import case_events
from services.errors import Refusal
from services.history_types import event_type
from services.submission import Submission
from services.uow import UnitOfWork

FORM: Final = "planroom:destroy"
#: Why it is time. A closed list: the reason itself must not be typed words.
REASONS: Final = ("purpose_over", "period_over", "asked")
#: What the law says, as it stands in the record.
BASIS: Final = ("突发事件应对法(2024)第八十五条", "个人信息保护法第四十七条")
#: Events whose words stay: the public statements and their approvals, and the case's own name.
_KEPT_CATEGORY: Final = "statement"
_KEPT_FIELDS: Final = frozenset({("case.opened", "title")})
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Held:
    """``count`` values of one kind: of a form's field (``path`` and ``field``), or of an event of
    ``type`` (``field`` of it)."""

    type: str
    path: str
    field: str
    count: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What destroying would remove: values by where they were typed, tasks with a draft, files,
    signals taken."""

    held: tuple[Held, ...]
    drafts: int
    files: int
    signals: int

    @property
    def values(self) -> int:
        return sum(one.count for one in self.held)


@dataclass(frozen=True, slots=True)
class Act:
    """Who destroys, when it happened and is recorded (case time), for which of `REASONS`, and
    what it belongs to: ``{"task": id}`` or ``{"list": id}``."""

    actor: Actor
    occurred_at: datetime
    at: datetime
    reason: str
    of: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A personal value that is to go, and where it was typed."""

    commitment: str
    type: str
    path: str
    field: str
    value: Any


def inventory(session: Session, case: Case) -> Inventory:
    """What the case holds of typed words now."""
    return Inventory(
        held=_counted(_values(session, case)),
        drafts=_count(session, UserTask.case_id == case.id, UserTask.draft.is_not(None)),
        files=len(destruction_rows.attachments(session, case.id)),
        signals=len(destruction_rows.signals(session, case.id)),
    )


def handle_destroy(uow: UnitOfWork, s: Submission) -> dict[str, Any]:
    """``planroom:destroy``. ``s.data``: ``confirmed`` (True), ``reason`` (one of `REASONS`), and
    ``data_dir``, where the files lie: given by the view; without it their bytes are left to the
    sweep (`services.files.sweep`). Records ``personal.destroyed`` and returns the counts.

    Raises `Refusal` ``form_invalid`` (422) when it is not confirmed or no reason is given,
    ``case_archived`` (409): an archived case is closed to all work, and ``case_held`` (409) while a
    hold on the case stands."""
    wrong = {}
    if s.data.get("confirmed") is not True:
        wrong["confirmed"] = "required"
    if s.data.get("reason") not in REASONS:
        wrong["reason"] = "not_an_option" if s.data.get("reason") else "required"
    if wrong:
        raise Refusal("form_invalid", 422, errors=wrong)
    if s.case.status == "archived":
        raise Refusal("case_archived", 409)
    if legal_holds.is_held(uow.session, legal_holds.locked_case(uow, s.case.id).id):
        raise Refusal("case_held", 409, number=s.case.number)
    folder = s.data.get("data_dir")
    found = destroy(
        uow,
        s.case,
        Act(s.actor, s.occurred_at, s.now, s.data["reason"], {"task": s.task.id}),
        Path(folder) if folder else None,
        element_path=s.task.element_path,
    )
    clear_freed(uow)
    return {"values": found.values, "drafts": found.drafts, "files": found.files}


def destroy(
    uow: UnitOfWork, case: Case, act: Act, data_dir: Path | None, *, element_path: str = ""
) -> Inventory:
    """Take every typed word out of a case, in whatever state it is, and record
    ``personal.destroyed``; returns what there was. ``data_dir`` is where files and exports lie:
    theirs go after the commit, without it they are left to the sweeps.

    The space freed is cleared by `clear_freed`: the caller's, once for all cases."""
    session = uow.session
    uow.flush()  # what this unit has written so far is part of what is destroyed
    values = list(_values(session, case))
    found = inventory(session, case)
    typed = {text for one in values for text in _texts(one.value)}
    delete_values(session, values)
    wall = case.wall(act.at)
    attached = destruction_rows.attachments(session, case.id)
    typed |= destruction_rows.blank(uow, case, wall)
    destruction_rows.forget_in_engine(uow, case, typed)
    destruction_rows.remove_files(uow, attached, data_dir)
    destruction_rows.remove_exports(uow, case, data_dir, wall)
    history.append(
        uow,
        "personal.destroyed",
        case=case,
        actor=act.actor,
        element_path=element_path,
        payload={
            "values": found.values,
            "drafts": found.drafts,
            "files": found.files,
            "signals": found.signals,
            "reason": act.reason,
            "basis": list(BASIS),
            "by": [
                {"type": one.type, "path": one.path, "field": one.field, "n": one.count}
                for one in found.held
            ],
            **act.of,
        },
        occurred_at=act.occurred_at,
        now=act.at,
    )
    return found


def clear_freed(uow: UnitOfWork) -> None:
    """After the commit, clear the space that destroyed words took."""
    engine = uow.session.get_bind().engine
    uow.after_commit(lambda: free_space.wipe(engine, destruction_rows.TABLES))


# ------------------------------------------------------------------------------- the values


def _values(session: Session, case: Case) -> Iterator[Value]:
    """Every personal value still kept that is to go: of the case's chain, of the events that
    recorded its signals, and of those that unmasked it for an auditor."""
    statements = destruction_rows.statement_paths(session, case.id)
    signals = [signal.id for signal in destruction_rows.signals(session, case.id)]
    events = case_events(session, case.id)
    events += destruction_rows.signal_events(session, signals)
    events += destruction_rows.unmaskings(session, [case.id], signals)
    wanted = {
        commitment: (event, name)
        for event in events
        if event_type(event.type).category != _KEPT_CATEGORY
        and (event.type != "task.completed" or event.element_path not in statements)
        for name, commitment in history.content_of(event).get("personal", {}).items()
        if (event.type, name) not in _KEPT_FIELDS
    }
    return values_of(session, wanted)


def values_of(session: Session, wanted: Mapping[str, tuple[HistoryEvent, str]]) -> Iterator[Value]:
    """The personal values that are still there, of commitment -> (event, field)."""
    keys = list(wanted)
    for start in range(0, len(keys), _BATCH):
        some = keys[start : start + _BATCH]
        rows = select(PersonalValue).where(PersonalValue.commitment.in_(some))
        for row in session.scalars(rows):
            event, name = wanted[row.commitment]
            yield Value(row.commitment, event.type, event.element_path, name, json.loads(row.value))


def _counted(values: Iterable[Value]) -> tuple[Held, ...]:
    """By where they were typed: the fields of a form each for itself."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in values:
        if one.type == "task.completed" and isinstance(one.value, Mapping):
            counts.update((one.type, one.path, str(field)) for field in one.value)
        else:
            counts[one.type, "", one.field] += 1
    return tuple(Held(*key, n) for key, n in counts.items())


def _texts(value: Any) -> Iterator[str]:
    """All text inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def delete_values(session: Session, values: list[Value]) -> None:
    """Delete the values with their salts; what commits to them stays."""
    for start in range(0, len(values), _BATCH):
        some = [one.commitment for one in values[start : start + _BATCH]]
        session.execute(
            delete(PersonalValue)
            .where(PersonalValue.commitment.in_(some))
            .execution_options(synchronize_session=False)
        )


def _count(session: Session, *where: Any) -> int:
    return session.scalar(select(func.count()).where(*where)) or 0
