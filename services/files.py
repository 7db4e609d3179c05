"""Files: kept by their content under a folder of their own, outside the database.

The bytes are on disk before the row that names them is committed; what a failed unit of work
leaves behind, the sweep removes. A file is what its bytes say, never what its name claims, and
pictures are stored without their metadata (place, device, owner).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import Attachment, Signal, StoredFile
from models.people import Person
from models.tasks import UserTask
from services import access, history
from services.actor import Actor
from services.errors import Refusal
from services.file_kinds import clean_picture, kind_of
from services.stamps import touch_case
from services.uow import UnitOfWork

MAX_BYTES = 20 * 1024 * 1024
#: A file no row names is left alone this long: its unit of work may still be under way.
SWEEP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Download:
    """A stored file under the name it was attached with."""

    path: Path
    name: str
    mime: str
    size: int


def path_of(data_dir: Path, sha256: str) -> Path:
    """Where content of this hash lies."""
    return data_dir / "files" / sha256[:2] / sha256


def safe_name(claimed: str) -> str:
    """A file name without folders and control characters, at most 255 characters, its ending
    kept."""
    name = unicodedata.normalize("NFC", claimed).replace("\\", "/").rpartition("/")[2]
    # Cf holds the marks that make "exe.fdp" read as "pdf.exe" backwards.
    name = "".join(c for c in name if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > 255:
        name = stem[: 255 - len(ending) - 1] + dot + ending if dot else name[:255]
    return name or "file"


def store(
    uow: UnitOfWork, data_dir: Path, claimed_name: str, content: bytes, now: datetime
) -> StoredFile:
    """Keep ``content`` under ``data_dir``; the same content is kept once.

    Raises `Refusal`: ``file_empty`` (422), ``file_too_large`` (413, ``limit`` in bytes),
    ``file_kind`` (422, not on the list), ``file_mismatch`` (422, not what its name claims, with
    ``claimed`` and ``found``), ``picture_broken`` and ``picture_too_large`` (422)."""
    if not content:
        raise Refusal("file_empty", 422)
    if len(content) > MAX_BYTES:
        raise Refusal("file_too_large", 413, limit=MAX_BYTES)
    kind = kind_of(claimed_name, content)
    if kind.picture:
        content = clean_picture(content, kind)
    digest = hashlib.sha256(content).hexdigest()
    _write(path_of(data_dir, digest), content)
    stored = uow.session.get(StoredFile, digest)
    if stored is None:
        stored = StoredFile(sha256=digest, size=len(content), mime=kind.mime, created_at=now)
        uow.session.add(stored)
        uow.session.flush()
    return stored


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        os.utime(path)  # younger than the sweep looks for, until the row is committed
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def attach(
    uow: UnitOfWork,
    stored: StoredFile,
    name: str,
    actor: Actor,
    now: datetime,
    *,
    case: Case | None = None,
    signal: Signal | None = None,
    task_id: str | None = None,
    note: str = "",
) -> Attachment:
    """Put a stored file on a case (perhaps for a task of it) or a signal. ``now`` is wall time."""
    at = case.at(now) if case is not None else now
    row = Attachment(
        sha256=stored.sha256,
        name=safe_name(name),
        case_id=case.id if case is not None else None,
        signal_id=signal.id if signal is not None else None,
        task_id=task_id,
        added_at=at,
        added_by=actor.person_id,
        note=note.strip()[:300],
    )
    uow.session.add(row)
    uow.session.flush()
    history.append(
        uow,
        "file.added",
        case=case,
        actor=actor,
        occurred_at=at,
        now=at,
        payload={
            "sha256": stored.sha256,
            "id": row.id,
            "mime": stored.mime,
            "size": stored.size,
            "task": task_id,
            "signal": row.signal_id,
        },
        personal={"name": row.name, "note": row.note},
    )
    if case is not None:
        touch_case(uow, case)
    return row


def add_to_case(
    uow: UnitOfWork,
    data_dir: Path,
    case_id: int,
    name: str,
    content: bytes,
    actor: Actor,
    now: datetime,
    *,
    task_id: str | None = None,
    note: str = "",
) -> Attachment:
    """Store a file and put it on a case the actor sees. Raises `Refusal` as `store`, and
    ``case_unknown`` (404), ``case_archived`` (409), ``task_unknown`` (404: not of this case)."""
    session = uow.session
    person = access.writer(session, actor)
    case = access.require_part_in_case(session, person, session.get(Case, case_id))
    if case.status == "archived":
        raise Refusal("case_archived", 409)
    task = session.get(UserTask, task_id) if task_id else None
    if task_id and (task is None or task.case_id != case.id):
        raise Refusal("task_unknown", 404)
    stored = store(uow, data_dir, name, content, now)
    return attach(uow, stored, name, actor, now, case=case, task_id=task_id, note=note)


def attachments(session: Session, case_id: int) -> list[tuple[Attachment, StoredFile]]:
    """A case's files, those of the signals it took included, oldest first."""
    signals = select(Signal.id).where(Signal.case_id == case_id)
    found = (
        select(Attachment, StoredFile)
        .join(StoredFile, StoredFile.sha256 == Attachment.sha256)
        .where((Attachment.case_id == case_id) | Attachment.signal_id.in_(signals))
        .order_by(Attachment.id)
    )
    return [(row[0], row[1]) for row in session.execute(found)]


def of_signal(session: Session, signal_id: int) -> list[tuple[Attachment, StoredFile]]:
    """A signal's files, oldest first."""
    found = (
        select(Attachment, StoredFile)
        .join(StoredFile, StoredFile.sha256 == Attachment.sha256)
        .where(Attachment.signal_id == signal_id)
        .order_by(Attachment.id)
    )
    return [(row[0], row[1]) for row in session.execute(found)]


def download(
    session: Session,
    data_dir: Path,
    attachment_id: int,
    person: Person,
    may_see_signal: Callable[[Person, Signal], bool],
) -> Download:
    """A file, for someone who may see the case or the signal it is on.

    Raises `Refusal` ``file_unknown`` (404) also where they may not: an outsider does not learn
    which files exist; ``file_lost`` (404) when the content is not on disk."""
    row = session.get(Attachment, attachment_id)
    stored = session.get(StoredFile, row.sha256) if row is not None else None
    if row is None or stored is None or not _may_read(session, row, person, may_see_signal):
        raise Refusal("file_unknown", 404)
    path = path_of(data_dir, stored.sha256)
    if not path.is_file():
        raise Refusal("file_lost", 404)
    return Download(path, row.name, stored.mime, stored.size)


def _may_read(
    session: Session,
    row: Attachment,
    person: Person,
    may_see_signal: Callable[[Person, Signal], bool],
) -> bool:
    signal = session.get(Signal, row.signal_id) if row.signal_id is not None else None
    case_id = row.case_id if row.case_id is not None else signal.case_id if signal else None
    case = session.get(Case, case_id) if case_id is not None else None
    if case is not None and access.can_see_case(session, person, case):
        return True
    return signal is not None and may_see_signal(person, signal)


def sweep(uow: UnitOfWork, data_dir: Path, now: datetime) -> int:
    """Remove content nothing is attached to and that is older than `SWEEP_AFTER`: rows without an
    attachment, then files without a row. Returns how many files went. ``now`` is wall time."""
    session = uow.session
    limit = now - SWEEP_AFTER
    unused = ~select(Attachment.id).where(Attachment.sha256 == StoredFile.sha256).exists()
    session.execute(
        delete(StoredFile)
        .where(StoredFile.created_at < limit, unused)
        .execution_options(synchronize_session=False)
    )
    root = data_dir / "files"
    doomed = []
    for path in root.glob("*/*") if root.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < limit.timestamp():
            doomed.append(path)
    kept: set[str] = set()
    for start in range(0, len(doomed), 500):
        names = [path.name for path in doomed[start : start + 500]]
        kept |= set(session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(names))))
    gone = [path for path in doomed if path.name not in kept]

    def remove() -> None:
        for path in gone:
            # `_write` makes a file young again when the same content comes once more.
            if path.exists() and path.stat().st_mtime < limit.timestamp():
                path.unlink(missing_ok=True)

    # Only once the rows are gone for good: a file without a row is swept next time, a row
    # without its file would be a loss.
    uow.after_commit(remove)
    return len(gone)
