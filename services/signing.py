"""The installation's key: Ed25519 (RFC 8032), signs what leaves the house as evidence.

It lies in ``DATA_DIR/keys`` and is readable by the service's account only. Which key it is stands
in the organisation's record (``org.signing_key_made``), by fingerprint: the SHA-256 of the 32 bytes
of the public key. A key that is gone, cannot be read, or is not the one on record is refused; a new
one is made by an administrator's word only (``flask history new-key``), and that is on record too.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.history import ChainHead, HistoryEvent
from services import history
from services.actor import SYSTEM, Actor
from services.errors import Refusal
from services.uow import UnitOfWork

FILE: Final = "signing.pem"
#: A key made to take another's place, until its event is committed.
COMING: Final = "signing.new.pem"


@dataclass(frozen=True, slots=True)
class Key:
    """A key to sign with. ``fingerprint``: SHA-256 (hex) of the raw public key."""

    private: Ed25519PrivateKey

    @property
    def raw(self) -> bytes:
        """The public key's 32 bytes."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the raw public key: what people compare."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM (SubjectPublicKeyInfo), as ``key.pub`` of a bundle holds it."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, content: bytes) -> bytes:
        """The signature's 64 bytes; the same content gives the same ones."""
        return self.private.sign(content)


def on_record(session: Session) -> str | None:
    """The fingerprint of the key the record names last, None before there is one."""
    event = session.scalar(
        select(HistoryEvent)
        .where(HistoryEvent.type == "org.signing_key_made", HistoryEvent.chain == history.ORG)
        .order_by(HistoryEvent.seq.desc())
        .limit(1)
    )
    return str(history.payload_of(event)["fingerprint"]) if event is not None else None


def key_of(uow: UnitOfWork, data_dir: Path, now: datetime, actor: Actor = SYSTEM) -> Key:
    """The installation's key, made and put on record on first use.

    Raises `Refusal` (409, with ``fingerprint``, the one on record): ``signing_key_missing``,
    ``signing_key_unreadable`` (no Ed25519 key in PEM, or no right to read it),
    ``signing_key_replaced`` (another key lies there), ``signing_key_unwritable`` (with ``path``:
    none there yet, and none can be put there)."""
    # Two first uses at once take turns, and the second finds what the first has written.
    lock = select(ChainHead.seq).where(ChainHead.chain == history.ORG).with_for_update()
    known = on_record(uow.session)
    if known is None:
        uow.session.execute(lock.execution_options(planroom_lock=True))
        known = on_record(uow.session)
    folder = data_dir / "keys"
    if known is None:
        key = _read(folder / FILE, None) if (folder / FILE).exists() else _make(folder / FILE)
        _note(uow, key, None, actor, now)
        return key
    return _known(folder, known)


def look(session: Session, data_dir: Path) -> str | None:
    """The fingerprint of the key that would sign now, None before the first one is made; makes
    none. Raises `Refusal` as `key_of`."""
    known = on_record(session)
    return _known(data_dir / "keys", known).fingerprint if known is not None else None


def renew(uow: UnitOfWork, data_dir: Path, now: datetime, actor: Actor = SYSTEM) -> Key:
    """Make a new key in the place of the one on record, and say so there. The old file is kept
    beside it. What the old key signed stays as it is, and verifies by its fingerprint. Raises
    `Refusal` ``signing_key_unwritable`` (409)."""
    folder, was = data_dir / "keys", on_record(uow.session)
    (folder / COMING).unlink(missing_ok=True)
    key = _make(folder / COMING)
    _note(uow, key, was, actor, now)
    uow.after_commit(lambda: _take_over(folder, was or "none"))
    return key


def _known(folder: Path, known: str) -> Key:
    coming = folder / COMING
    if coming.exists() and _read(coming, known).fingerprint == known:
        # The process ended between the commit and the new key taking its place.
        _take_over(folder, "before")
    path = folder / FILE
    if not path.exists():
        raise Refusal("signing_key_missing", 409, fingerprint=known)
    key = _read(path, known)
    if key.fingerprint != known:
        raise Refusal("signing_key_replaced", 409, fingerprint=known, found=key.fingerprint)
    return key


def _take_over(folder: Path, was: str) -> None:
    if (folder / FILE).exists():
        (folder / FILE).replace(folder / f"retired-{was[:16]}.pem")
    (folder / COMING).replace(folder / FILE)


def _read(path: Path, known: str | None) -> Key:
    try:
        key: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refusal("signing_key_unreadable", 409, fingerprint=known or "") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refusal("signing_key_unreadable", 409, fingerprint=known or "")
    return Key(key)


def _make(path: Path) -> Key:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        # Never there with other rights, not even for a moment; never over another key.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Refusal("signing_key_unwritable", 409, path=str(path)) from error
    return Key(key)


def _note(uow: UnitOfWork, key: Key, was: str | None, actor: Actor, now: datetime) -> None:
    payload = {"fingerprint": key.fingerprint, "public": key.raw.hex()}
    if was is not None:
        payload["was"] = was
    history.append(
        uow, "org.signing_key_made", actor=actor, occurred_at=now, now=now, payload=payload
    )
