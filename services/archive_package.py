"""The archive package of a case (归档包): one file to be put away or handed over.

A bundle as `services.evidence` makes it, with its manifest of hashes, signed, and checked by the
same ``tools/planroom_verify.py``; and before it the table of contents (卷内目录, HTML and DOCX)
and, under ``items/``, what Planroom holds of each item of the plan's own list, to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from services import access, keepers, masking, signing
from services.actor import Actor
from services.archive_dossier import Dossier, dossier
from services.errors import Refusal
from services.evidence import Made, about, note, write
from services.evidence_parts import Papers, Part, case_parts
from services.uow import Database, UnitOfWork

#: Who may take a package away, in the role that counts first.
TAKERS: Final = (keepers.ARCHIVE, "office", access.AUDITOR)

#: Writes the table of contents and the pieces in the asker's words: given by a view.
Contents = Callable[[Session, Dossier], Iterable[tuple[str, bytes]]]


def make_package(
    db: Database,
    data_dir: Path,
    case_id: int,
    contents: Contents,
    papers: Papers,
    actor: Actor,
    now: datetime,
    out: BinaryIO,
) -> Made:
    """Write a case's package to ``out`` (empty, seekable) and put that on record. What is masked
    for the person is left out. ``papers`` writes the report: whoever takes a package away gets it
    with the record it is made from, masked as that is; the archive also of a case it had no part
    in. ``now`` is wall time.

    Raises `Refusal` as `taker`, `signing.key_of`, `case_parts` and `ZipWriter.add` do; then
    nothing is on record."""

    def begin(uow: UnitOfWork) -> signing.Key:
        taker(uow.session, actor, case_id)
        return signing.key_of(uow, data_dir, now)

    key = db.run(begin)
    with db.read() as session:
        person, case, role = taker(session, actor, case_id)
        mask = masking.mask_for(session, person, case_id, now)
        told = about(session, case, mask, role, now)
        found = dossier(session, case, data_dir, mask, now)
        parts = chain(
            (Part(name, content) for name, content in contents(session, found)),
            _files(found),
            case_parts(session, case, data_dir, mask, papers),
        )
        made = write(out, parts, told, key)
    as_ = Actor(actor.person_id, role, actor.on_behalf_of)
    db.run(lambda uow: note(uow, case_id, made, as_, now, package=True))
    return made


def taker(session: Session, actor: Actor, case_id: int) -> tuple[Person, Case, str]:
    """Who asks, for which case, in which role: the archive for every closed or archived case, the
    office and auditors for those they see. Raises Refusal ``not_a_person``, ``not_active``,
    ``not_your_role`` 403, ``case_unknown`` 404."""
    person = access.person_of(session, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise Refusal("not_a_person", 403)
    if not person.active:
        raise Refusal("not_active", 403)
    role = access.require_role(person, *TAKERS)
    if role == keepers.ARCHIVE:
        return person, keepers.require_case(session, person, case_id), role
    return person, access.case_seen_by(session, person, case_id), role


def may_take(session: Session, person: Person, case: Case) -> bool:
    """Whether the person may take this case's package away."""
    try:
        taker(session, Actor(person.id, ""), case.id)
    except Refusal:
        return False
    return True


def _files(found: Dossier) -> Iterator[Part]:
    for piece in found.pieces:
        if piece.path is not None:
            yield Part(piece.name, piece.path)
