"""What is known of the members of the public in a case: the words that stand in its personal
fields, to be masked wherever else they stand. A few queries for many cases together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.intake import Signal
from models.plans import PlanVersion
from models.tasks import UserTask
from services import history
from services.definitions import static_path
from services.destruction_rows import CLEARED
from services.masking_fields import Fields, fields_of_version
from services.masking_text import known_words
from services.rows import portions
from services.typed_words import is_destroyed


@dataclass(frozen=True, slots=True)
class Known:
    """Of one case: the personal fields of its forms, the words known from them (word -> kind), and
    whether its personal data has been destroyed."""

    fields: Fields
    words: Mapping[str, str]
    destroyed: bool


def known_of_cases(session: Session, case_ids: Sequence[int]) -> dict[int, Known]:
    """What is known, by case id."""
    found: dict[int, Known] = {}
    for some in portions(case_ids):
        cases = session.execute(select(Case.id, Case.title, Case.settings).where(Case.id.in_(some)))
        fields = _fields(session, some)
        known: dict[int, dict[str, str]] = defaultdict(dict)
        _from_events(session, some, known)
        _from_signals(session, some, known)
        _from_tasks(session, some, fields, known)
        for one, title, kept in cases:
            destroyed = bool(kept.get(CLEARED))
            if destroyed:
                # Kept as the case's name, it may be what somebody first wrote of it.
                known[one][title] = "other"
            found[one] = Known(fields.get(one, {}), known[one], destroyed)
    return found


def _fields(session: Session, case_ids: Sequence[int]) -> dict[int, Fields]:
    """The personal fields of each case's forms, in all versions it ran on."""
    runs = select(Case.id, Case.plan_version_id).where(Case.id.in_(case_ids))
    versions = {row.id: row.plan_version_id for row in session.execute(runs)}
    wanted = select(PlanVersion).where(PlanVersion.id.in_(set(versions.values())))
    of_version = {one.id: fields_of_version(session, one) for one in session.scalars(wanted)}
    found = {case_id: dict(of_version[version]) for case_id, version in versions.items()}
    moved = select(HistoryEvent).where(
        HistoryEvent.type == "instance.migrated",
        HistoryEvent.chain.in_([history.chain_of(one) for one in case_ids]),
    )
    for event in session.scalars(moved.order_by(HistoryEvent.seq)):
        before = session.get(PlanVersion, history.payload_of(event)["from_version"])
        if before is not None and event.case_id in found:
            for path, kinds in fields_of_version(session, before).items():
                found[event.case_id][path] = {**kinds, **found[event.case_id].get(path, {})}
    return dict(found)


def _learn(known: dict[str, str], value: Any, kind: str) -> None:
    """Take the words of a field's value for known ones."""
    if isinstance(value, Mapping):
        for one in value.values():
            _learn(known, one, kind)
    elif isinstance(value, list | tuple):
        for one in value:
            _learn(known, one, kind)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        for word in known_words(str(value), apart=kind not in ("address", "other")):
            known.setdefault(word, kind)


def _from_events(
    session: Session, case_ids: Sequence[int], known: dict[int, dict[str, str]]
) -> None:
    """Who told us, as the first event of the case has it."""
    chains = [history.chain_of(one) for one in case_ids]
    events = list(
        session.scalars(
            select(HistoryEvent).where(HistoryEvent.chain.in_(chains), HistoryEvent.seq == 1)
        )
    )
    values = history.personal_by_event(session, events)
    for event in events:
        given = values.get(event.id, {})
        for name, kind in (("reporter", "name"), ("phone", "phone")):
            if event.case_id is not None:
                _learn(known[event.case_id], given.get(name), kind)


def _from_signals(
    session: Session, case_ids: Sequence[int], known: dict[int, dict[str, str]]
) -> None:
    signals = list(session.scalars(select(Signal).where(Signal.case_id.in_(case_ids))))
    contacts = known_of_signals(session, signals)
    for signal in signals:
        if signal.case_id is not None:
            known[signal.case_id] |= contacts.get(signal.id, {})


def known_of_signals(session: Session, signals: Sequence[Signal]) -> dict[int, dict[str, str]]:
    """Signal id -> words known of who told us."""
    by_seq = {s.extra["contact_seq"]: s.id for s in signals if s.extra.get("contact_seq")}
    if not by_seq:
        return {}
    events = list(
        session.scalars(
            select(HistoryEvent).where(
                HistoryEvent.chain == history.ORG, HistoryEvent.seq.in_(by_seq)
            )
        )
    )
    values = history.personal_by_event(session, events)
    found: dict[int, dict[str, str]] = {}
    for event in events:
        contact = values.get(event.id, {}).get("extra") or {}
        words = found.setdefault(by_seq[event.seq], {})
        _learn(words, contact.get("name"), "name")
        _learn(words, contact.get("phone"), "phone")
    return found


def _from_tasks(
    session: Session,
    case_ids: Sequence[int],
    fields: Mapping[int, Fields],
    known: dict[int, dict[str, str]],
) -> None:
    """What finished tasks say in their personal fields."""
    ids = {path.rpartition("/")[2] for one in fields.values() for path in one}
    if not ids:
        return
    rows = session.execute(
        select(UserTask.case_id, UserTask.element_path, UserTask.result).where(
            UserTask.case_id.in_(case_ids),
            UserTask.status == "completed",
            UserTask.element_id.in_(ids),
        )
    )
    for case_id, path, result in rows:
        for name, kind in fields.get(case_id, {}).get(static_path(path), {}).items():
            value = (result or {}).get(name)
            if value is not None and not is_destroyed(value):
                _learn(known[case_id], value, kind)
