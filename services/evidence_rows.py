"""What a case's evidence holds besides its chain: plan versions, statements, files, the archive's
table of contents. Each is canonical JSON or exact bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from models.intake import ArchiveItem
from models.plans import PlanFile, PlanVersion
from models.words import Approval, Channel, Release, Statement, StatementVersion
from services.archive import holdings
from services.canonical import canonical, plain
from services.files import attachments, path_of
from services.history import chain_of, payload_of
from services.masked_rows import published
from services.statement_reading import of_case
from services.statement_text import digest_body, parts_of

_CHUNK = 1 << 20


def _json(value: Any) -> bytes:
    return canonical(plain(value)).encode()


# ------------------------------------------------------------------------------ plan versions


def versions_of(session: Session, case: Case) -> list[PlanVersion]:
    """Every version the case has run on, in order of number: the one it is pinned to and those
    its events name."""
    rows = select(HistoryEvent).where(
        HistoryEvent.chain == chain_of(case.id),
        HistoryEvent.type.in_(("instance.started", "instance.migrated")),
    )
    payloads = [payload_of(event) for event in session.scalars(rows)]
    names = ("plan_version", "from_version", "to_version")
    ids = {payload[name] for payload in payloads for name in names if name in payload}
    wanted = PlanVersion.id.in_(ids | {case.plan_version_id})
    return list(session.scalars(select(PlanVersion).where(wanted).order_by(PlanVersion.number)))


def plan_files(session: Session, case: Case) -> Iterator[tuple[str, bytes]]:
    """``plan/plans.json`` (plan, number, content hash and files of each version the case ran on),
    then the exact files, as ``plan/<number>/<name>``, shared processes under ``shared/``."""
    versions = versions_of(session, case)
    names = {
        version.id: list(
            session.scalars(
                select(PlanFile.name)
                .where(PlanFile.version_id == version.id)
                .order_by(PlanFile.name)
            )
        )
        for version in versions
    }
    told = [
        {
            "id": version.id,
            "plan": version.plan_key,
            "number": version.number,
            "hash": version.content_hash,
            "deployed_at": version.deployed_at,
            "document_number": version.document_number,
            "files": sorted(names[version.id]),
        }
        for version in versions
    ]
    yield "plan/plans.json", _json(told)
    for version in versions:
        for name in sorted(names[version.id]):
            content = session.scalar(
                select(PlanFile.content).where(
                    PlanFile.version_id == version.id, PlanFile.name == name
                )
            )
            yield f"plan/{version.number}/{name}", content or b""


# --------------------------------------------------------------------------------- statements


def statements(
    session: Session, case_id: int, masked: bool, hide: Callable[[str], str]
) -> Iterator[tuple[str, bytes]]:
    """``statements/<id>.json`` for each statement: every version's text and digest, every approval
    and release with the digest it was given to.

    Masked: notes and comments are null, and a text is given as ``hide`` leaves it, with the parts
    it changed under ``masked``; such a text no longer meets its digest. What is out is public and
    stays as it is; what was withdrawn is not out any more."""
    for statement in of_case(session, case_id):
        out = published(_of(session, Release, statement, Release.id))
        told = {
            "id": statement.id,
            "kind": statement.kind,
            "status": statement.status,
            "corrects": statement.corrects_id,
            "approvals_needed": statement.approvals_needed,
            "created_at": statement.created_at,
            "created_by": statement.created_by,
            "versions": [
                _version(row, masked, hide if masked and row.id not in out else None)
                for row in _of(session, StatementVersion, statement, StatementVersion.number)
            ],
            "approvals": [
                _approval(row, masked) for row in _of(session, Approval, statement, Approval.id)
            ],
            "releases": [
                _release(session, row, masked)
                for row in _of(session, Release, statement, Release.id)
            ],
        }
        yield f"statements/{statement.id}.json", _json(told)


def _of(session: Session, model: Any, statement: Statement, order: Any) -> Sequence[Any]:
    rows = select(model).where(model.statement_id == statement.id).order_by(order)
    return session.scalars(rows).all()


def _version(
    row: StatementVersion, masked: bool, hide: Callable[[str], str] | None
) -> dict[str, Any]:
    text = digest_body(parts_of(row))
    shown = {k: hide(v) if hide and v and k != "next_word_at" else v for k, v in text.items()}
    return {
        "id": row.id,
        "number": row.number,
        "digest": row.digest,
        "text": shown,
        "masked": sorted(k for k, v in text.items() if shown[k] != v),
        "author": row.author_id,
        "role": row.role_key,
        "created_at": row.created_at,
        "note": None if masked else row.note,
    }


def _approval(row: Approval, masked: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version_id,
        "digest": row.digest,
        "kind": row.kind,
        "decision": row.decision,
        "oral": row.oral,
        "person": row.person_id,
        "role": row.role_key,
        "for": row.on_behalf_of,
        "entered_by": row.entered_by,
        "task": row.task_id,
        "happened": row.occurred_at,
        "recorded": row.recorded_at,
        "countersigned_at": row.countersigned_at,
        "voided_at": row.voided_at,
        "voided_by_version": row.voided_by_version,
        "comment": None if masked else row.comment,
    }


def _release(session: Session, row: Release, masked: bool) -> dict[str, Any]:
    channel = session.get(Channel, row.channel_id)
    return {
        "id": row.id,
        "version": row.version_id,
        "digest": row.digest,
        "channel": row.channel_id,
        "channel_name": channel.name if channel is not None else "",
        "account": row.account,
        "link": row.link,
        "person": row.person_id,
        "role": row.role_key,
        "task": row.task_id,
        "happened": row.occurred_at,
        "recorded": row.recorded_at,
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_by": row.withdrawn_by,
        "withdrawal_reason": None if masked else row.withdrawal_reason,
    }


# -------------------------------------------------------------------------------------- files


def files(
    session: Session, case_id: int, data_dir: Path, masked: bool
) -> tuple[bytes, list[tuple[str, Path]]]:
    """The list of the case's files, and (name in the bundle, where it lies) of those whose content
    goes in, each once. ``state`` of a listed file: ``held``; ``withheld`` (masked: nobody can tell
    what a picture or a recording shows of whom); ``lost`` (not on disk); ``damaged`` (what is on
    disk is not what was stored). Masked, names and notes are null."""
    told: list[dict[str, Any]] = []
    held: dict[str, Path] = {}
    states: dict[str, str] = {}
    for row, stored in attachments(session, case_id):
        path = path_of(data_dir, stored.sha256)
        if stored.sha256 not in states:
            states[stored.sha256] = "withheld" if masked else _state(path, stored.sha256)
        if states[stored.sha256] == "held":
            held[f"files/{stored.sha256}"] = path
        told.append(
            {
                "id": row.id,
                "sha256": stored.sha256,
                "size": stored.size,
                "mime": stored.mime,
                "state": states[stored.sha256],
                "task": row.task_id,
                "signal": row.signal_id,
                "added_at": row.added_at,
                "added_by": row.added_by,
                "name": None if masked else row.name,
                "note": None if masked else row.note,
            }
        )
    return _json(told), sorted(held.items())


def _state(path: Path, sha256: str) -> str:
    if not path.is_file():
        return "lost"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return "held" if digest.hexdigest() == sha256 else "damaged"


# ------------------------------------------------------------------------------------ archive


def archive(session: Session, case: Case, masked: bool) -> bytes:
    """The plan's table of contents (卷内目录) for this case: what it asks for, what Planroom holds
    of it, and what was entered when the case was archived (``recorded``, null before)."""
    asked = holdings(session, case)
    rows = {item.key: item for item in _recorded(session, case)}
    told = [
        {
            "key": one.rule.key,
            "name": one.rule.name,
            "name_en": one.rule.name_en,
            "required": one.rule.required,
            "found": one.found,
            "recorded": _item(rows.pop(one.rule.key, None), masked),
        }
        for one in asked
    ]
    # Entered when another tier, or another version of the plan, asked for it.
    told += [{"key": key, "name": row.name, "recorded": _item(row, masked)}
             for key, row in rows.items()]  # fmt: skip
    status = {
        "status": case.status,
        "closed_at": case.closed_at,
        "archived_at": case.archived_at,
        "items": told,
    }
    return _json(status)


def _recorded(session: Session, case: Case) -> Sequence[ArchiveItem]:
    rows = select(ArchiveItem).where(ArchiveItem.case_id == case.id).order_by(ArchiveItem.id)
    return session.scalars(rows).all()


def _item(row: ArchiveItem | None, masked: bool) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "present": row.present,
        "where": None if masked else row.where,
        "note": None if masked else row.note,
        "recorded_at": row.recorded_at,
        "recorded_by": row.recorded_by,
    }
