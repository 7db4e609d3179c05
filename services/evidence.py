"""The evidence bundle (佐证材料包): all there is about a case in one signed file, to be checked by
somebody who trusts neither our server nor us (``tools/planroom_verify.py``).

A zip (`services.evidence_zip`) of the parts (`services.evidence_parts`), then ``manifest.json``
(canonical JSON: every part's size and SHA-256, the chain's length and head), ``manifest.sig`` (its
Ed25519 signature, 64 bytes) and ``key.pub`` (PEM). The same case, key, moment and reader give the
same bytes. Parts go straight to the file: memory does not grow with the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.cases import Case
from models.history import HistoryEvent
from services import access, auditing, evidence_events, history, masking, signing
from services.actor import Actor
from services.canonical import canonical
from services.directory import organization
from services.evidence_parts import Mask, Papers, Part, case_parts
from services.evidence_zip import ZipWriter
from services.moments import utc_text
from services.uow import Database, UnitOfWork

FORMAT: Final = "planroom-evidence/1"


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that was written. ``length`` and ``head`` are the chain's, ``files`` counts the
    parts, ``size`` is the whole file's in bytes, ``manifest`` the SHA-256 of ``manifest.json``."""

    number: str
    length: int
    head: str
    masked: bool
    files: int
    size: int
    manifest: str


def make_bundle(
    db: Database,
    data_dir: Path,
    case_id: int,
    papers: Papers,
    actor: Actor,
    now: datetime,
    out: BinaryIO,
) -> Made:
    """Write a case's bundle to ``out`` (empty, seekable) for an auditor and put that on record.
    What about members of the public is masked for them is left out. ``now`` is wall time.

    Raises `Refusal` as `auditing.auditor`, `access.require_see_case`, `signing.key_of`,
    `case_parts` and `ZipWriter.add` do; then nothing is on record."""

    def begin(uow: UnitOfWork) -> signing.Key:
        person = auditing.auditor(uow.session, actor)
        access.case_seen_by(uow.session, person, case_id)
        return signing.key_of(uow, data_dir, now)

    key = db.run(begin)
    with db.read() as session:
        person = auditing.auditor(session, actor)
        case = access.case_seen_by(session, person, case_id)
        mask = masking.mask_for(session, person, case_id, now)
        told = about(session, case, mask, access.AUDITOR, now)
        parts = case_parts(session, case, data_dir, mask, papers)
        made = write(out, parts, told, key)
    db.run(lambda uow: note(uow, case_id, made, actor, now))
    return made


def about(session: Session, case: Case, mask: Mask, role: str, now: datetime) -> dict[str, Any]:
    """What a manifest says besides its list of files: whose case, how long its chain is and where
    it ends, who made it when, and what is not in it."""
    unit = organization(session)
    chain = history.chain_of(case.id)
    here = HistoryEvent.chain == chain
    length = session.scalar(select(func.count()).select_from(HistoryEvent).where(here)) or 0
    last = select(HistoryEvent.hash).where(here).order_by(HistoryEvent.seq.desc()).limit(1)
    return {
        "format": FORMAT,
        "installation": {
            "name": unit.name if unit is not None else "",
            "name_en": unit.name_en if unit is not None else "",
        },
        "case": {"id": case.id, "number": case.number},
        "chain": chain,
        "length": length,
        "head": session.scalar(last) or "",
        "erased": evidence_events.erased(session, case.id),
        "masked": mask.on,
        "made_at": utc_text(now),
        "made_by": {"role": role},
    }


def write(out: BinaryIO, parts: Iterable[Part], told: Mapping[str, Any], key: signing.Key) -> Made:
    """Write parts, then the manifest that says ``told`` of them, signed. Raises as `ZipWriter`."""
    writer = ZipWriter(out)
    for part in parts:
        writer.add(part.name, part.chunks())
    files = [{"name": e.name, "sha256": e.sha256, "size": e.size} for e in writer.entries]
    manifest = canonical({**told, "files": files, "key": key.fingerprint}).encode()
    writer.add("manifest.json", [manifest])
    writer.add("manifest.sig", [key.sign(manifest)])
    writer.add("key.pub", [key.public_pem])
    return Made(
        number=told["case"]["number"],
        length=told["length"],
        head=told["head"],
        masked=told["masked"],
        files=len(files),
        size=writer.close(),
        manifest=sha256(manifest).hexdigest(),
    )


def note(
    uow: UnitOfWork, case_id: int, made: Made, actor: Actor, now: datetime, *, package: bool = False
) -> None:
    """Put a bundle (``package``: an archive package) on record, in the audit room's chain."""
    history.append(
        uow,
        "audit.bundle_made",
        actor=actor,
        occurred_at=now,
        now=now,
        payload={
            "case": case_id,
            "seq": made.length,
            "head": made.head,
            "manifest": made.manifest,
            "masked": made.masked,
            "size": made.size,
            "files": made.files,
            "package": package,
        },
        chain=history.AUDIT,
    )
