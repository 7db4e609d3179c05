"""The rows of a case, or of a signal, that hold typed words, made blank; its files removed; the
engine's memory of them cleared. The other half of `services.destruction`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from models.audit import ExportJob
from models.cases import Anchor, Case, Incident, ProcessInstance
from models.history import HistoryEvent
from models.intake import ArchiveItem, Attachment, Signal, StoredFile
from models.recusals import Recusal
from models.retention import LegalHold
from models.tasks import Outbox, UserTask
from models.words import ReportLine
from services import files, history
from services.definitions import definition_for, element_in
from services.errors import Stale
from services.rows import affected, portions, settle
from services.statement_reading import WORDS_FORMS
from services.typed_words import DESTROYED, free_fields, is_destroyed
from services.uow import UnitOfWork
from workflows.definition import Definition
from workflows.forgetting import forget

#: Tables whose freed space is cleared afterwards.
TABLES: Final = (
    "personal_value", "user_task", "process_instance", "case", "signal", "attachment",
    "report_line", "anchor", "archive_item", "outbox", "incident", "recusal", "legal_hold",
    "export_job",
)  # fmt: skip

#: Key of `Case.settings`: its summary and link have been destroyed.
CLEARED: Final = "destroyed"

#: Columns of typed words in rows that carry the case's id.
_BLANKED: Final[tuple[tuple[Any, tuple[str, ...]], ...]] = (
    (ReportLine, ("to_whom", "acknowledged_how", "note")),
    (Anchor, ("how", "reason")),
    (ArchiveItem, ("where", "note")),
    (Incident, ("resolution",)),
    (Recusal, ("reason", "lift_reason")),
    (LegalHold, ("reason", "lift_reason")),
)
#: Events of signals, in the organisation's chain, that commit to words.
_SIGNAL_TYPES: Final = (
    "signal.recorded", "signal.dismissed", "signal.duplicate", "file.added", "hold.placed",
    "hold.lifted",
)  # fmt: skip
#: Where exports lie, below the data folder.
EXPORTS: Final = "exports"
#: `ExportJob.error` of an export that went with a case it may have held.
EXPORT_DESTROYED: Final = "destroyed"


def blank(uow: UnitOfWork, case: Case, now: datetime) -> set[str]:
    """Typed words out of the case's rows; returns those that were there. ``now`` is wall time."""
    session, typed = uow.session, set[str]()
    for model, columns in _BLANKED:
        for row in session.scalars(select(model).where(model.case_id == case.id)):
            typed |= {str(getattr(row, name)) for name in columns if getattr(row, name)}
            for name in columns:
                setattr(row, name, "")
    for task in session.scalars(select(UserTask).where(UserTask.case_id == case.id)):
        typed |= _blank_task(session, task)
    for signal in signals(session, case.id):
        typed |= blank_signal(session, signal, now)
    typed |= {case.summary, case.link}
    case.summary, case.link = "", ""
    kept = {key: value for key, value in case.settings.items() if key != "extra"}
    case.settings = {**kept, CLEARED: True}
    for row in session.scalars(select(Outbox).where(Outbox.case_id == case.id)):
        row.payload = {key: value for key, value in row.payload.items() if key != "variables"}
    session.flush()
    return typed - {""}


def blank_signal(session: Session, signal: Signal, now: datetime) -> set[str]:
    """Typed words out of a signal's row and the holds on it, and the fingerprint, by which a guess
    at the text could be confirmed; what was there. ``now`` is wall time."""
    typed = {signal.text, signal.link}
    signal.text, signal.link, signal.fingerprint, signal.extra = "", "", "", {}
    signal.destroyed_at = signal.destroyed_at or now
    for hold in session.scalars(select(LegalHold).where(LegalHold.signal_id == signal.id)):
        typed |= {hold.reason, hold.lift_reason}
        hold.reason, hold.lift_reason = "", ""
    return typed


def _blank_task(session: Session, task: UserTask) -> set[str]:
    """A task's draft, and the words of its result; what was there."""
    typed = {value for value in (task.draft or {}).values() if isinstance(value, str)}
    task.draft, task.draft_at = None, None
    if task.result and task.form_key not in WORDS_FORMS:
        instance = session.get_one(ProcessInstance, task.instance_id)
        element = element_in(session, task, instance.content_hash)
        gone = {name for name in free_fields(element) if name in task.result}
        typed |= {task.result[name] for name in gone if isinstance(task.result[name], str)}
        task.result = {
            name: DESTROYED if name in gone and not is_destroyed(value) else value
            for name, value in task.result.items()
        }
    return typed


def forget_in_engine(uow: UnitOfWork, case: Case, typed: Collection[str]) -> None:
    """Typed words out of the state of the case's instances, by compare-and-set. The step that
    completes the task goes on from the state written here."""
    session = uow.session
    rows = select(ProcessInstance).where(
        ProcessInstance.case_id == case.id, ProcessInstance.state.is_not(None)
    )
    for instance in session.scalars(rows).all():
        assert instance.state is not None
        definition = definition_for(session, instance.content_hash)
        state = forget(definition, instance.state, typed, _fields(definition))
        saved = session.execute(
            update(ProcessInstance)
            .where(ProcessInstance.id == instance.id, ProcessInstance.revision == instance.revision)
            .values(state=state, revision=instance.revision + 1)
            .execution_options(synchronize_session=False)
        )
        if affected(saved) != 1:
            raise Stale(f"instance {instance.id} moved past revision {instance.revision}")
        settle(instance, {"state": state, "revision": instance.revision + 1})


def _fields(definition: Definition) -> dict[str, frozenset[str]]:
    """Variable -> the fields of it that are typed words."""
    found: dict[str, frozenset[str]] = {"signal": frozenset({"text", "link"})}
    for element in definition.elements.values():
        if element.kind == "userTask":
            found[element.id] = found.get(element.id, frozenset()) | free_fields(element)
    return found


def statement_paths(session: Session, case_id: int) -> set[str]:
    """Where the case's statements were worded, reviewed, approved and released: what was typed
    there stands in the guarded tables of statements and is kept with them."""
    rows = select(UserTask.element_path).where(
        UserTask.case_id == case_id, UserTask.form_key.in_(WORDS_FORMS)
    )
    return set(session.scalars(rows))


# ------------------------------------------------------------------------- signals and files


def signals(session: Session, case_id: int) -> Sequence[Signal]:
    """The signals the case took."""
    return session.scalars(select(Signal).where(Signal.case_id == case_id)).all()


def signal_events(session: Session, ids: Sequence[int]) -> list[HistoryEvent]:
    """The organisation's events about these signals that may hold words: recording them, setting
    them aside, files put on them, holds."""
    return _events(session, history.ORG, _SIGNAL_TYPES, "signal", ids)


def unmaskings(
    session: Session, case_ids: Sequence[int], signal_ids: Sequence[int]
) -> list[HistoryEvent]:
    """The events that unmasked one of these cases or signals for an auditor, with a word why."""
    types = ("audit.unmasked",)
    found = _events(session, history.AUDIT, types, "case", case_ids)
    return found + _events(session, history.AUDIT, types, "signal", signal_ids)


def _events(
    session: Session, chain: str, types: Sequence[str], name: str, ids: Sequence[int]
) -> list[HistoryEvent]:
    """The events of the chain whose payload names one of the rows."""
    found = []
    for some in portions(sorted(ids), 50):
        rows = select(HistoryEvent).where(
            HistoryEvent.chain == chain, HistoryEvent.type.in_(types), _naming(name, some)
        )
        found += [e for e in session.scalars(rows) if history.payload_of(e).get(name) in some]
    return found


def _naming(name: str, ids: Sequence[int]) -> ColumnElement[bool]:
    """A condition on events: their payload may name one of the rows. The database looks, so that
    the events of everybody else's signals are not made into objects while the lock is held."""
    return or_(*(HistoryEvent.content.like(f'%"{name}":{id_}%') for id_ in ids))


def attachments(session: Session, case_id: int) -> Sequence[Attachment]:
    """What is attached to the case or to its signals."""
    taken = select(Signal.id).where(Signal.case_id == case_id)
    return session.scalars(
        select(Attachment).where((Attachment.case_id == case_id) | Attachment.signal_id.in_(taken))
    ).all()


def attachments_of_signal(session: Session, signal_id: int) -> Sequence[Attachment]:
    """What is attached to a signal."""
    return session.scalars(select(Attachment).where(Attachment.signal_id == signal_id)).all()


def remove_files(uow: UnitOfWork, rows: Sequence[Attachment], data_dir: Path | None) -> None:
    """Files: their rows at once, their bytes after the commit, where nothing else has the same
    content attached. Without ``data_dir`` the sweep finds the bytes."""
    session = uow.session
    hashes = {row.sha256 for row in rows}
    for row in rows:
        session.delete(row)
    session.flush()
    if hashes:
        used = set(session.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(hashes))))
        gone = hashes - used
        session.execute(
            delete(StoredFile)
            .where(StoredFile.sha256.in_(gone))
            .execution_options(synchronize_session=False)
        )
        if data_dir is not None:
            for sha256 in sorted(gone):
                path = files.path_of(data_dir, sha256)
                uow.after_commit(partial(path.unlink, missing_ok=True))


def remove_exports(
    uow: UnitOfWork, case: Case | None, data_dir: Path | None, now: datetime
) -> None:
    """Exports that may hold the case: all that were not for another case alone; without a case,
    those that may hold a signal of none: all that were for no case in particular. Those under way
    are stopped, those made are taken away; each can be asked for again. ``now`` is wall time."""
    of = case.id if case is not None else 0
    # Locked: an export that ends in this moment is seen as made, or stopped before it is.
    rows = select(ExportJob).where(ExportJob.error != EXPORT_DESTROYED).with_for_update()
    for job in uow.session.scalars(rows.execution_options(populate_existing=True)):
        if of not in _cases_of(job.query, of):
            continue
        if data_dir is not None and job.file_name:
            path = data_dir / EXPORTS / Path(job.file_name).name
            uow.after_commit(partial(path.unlink, missing_ok=True))
        job.status, job.error = "stopped", EXPORT_DESTROYED
        job.file_name, job.size, job.digest = "", None, ""
        job.finished_at = job.finished_at or now
    uow.session.flush()


def _cases_of(query: Any, otherwise: int) -> set[int]:
    """The cases a job's question is for; ``otherwise`` where it names none, and so takes all."""
    found: set[int] = set()
    waiting = [query]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            one = part.get("case")
            if isinstance(one, int):
                found.add(one)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found or {otherwise}
