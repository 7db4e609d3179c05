"""The parts of a case's evidence, one after another: what a bundle and an archive package hold.

Each is a file with a name of its own. Everything is made from rows, history and stored files; the
engine is never loaded. What is about members of the public goes through the mask: with it on,
personal values, notes, names and contents of files are left out, and the commitments to them stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from models.cases import Case
from services import evidence_events, evidence_heads, evidence_rows

_CHUNK = 1 << 16


class Mask(Protocol):
    """What is asked of a mask here (`services.masking.Mask`)."""

    @property
    def on(self) -> bool:
        """Whether personal data is hidden."""

    def unpublished(self, text: str) -> str:
        """A statement's text that is not out, with what names members of the public hidden."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the bundle: its name (``events.jsonl``, ``files/<sha256>``) and what it holds: all
    of it, where it lies, or its pieces, to be read once while the session is open."""

    name: str
    content: bytes | Path | Iterator[bytes]

    def chunks(self) -> Iterator[bytes]:
        """The content, a piece at a time."""
        if isinstance(self.content, bytes):
            yield self.content
        elif isinstance(self.content, Path):
            with self.content.open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        else:
            yield from self.content


#: Writes the papers to read (``report.html``, ``report.docx``) in the asker's words: given by a
#: view, since no words stand in services.
Papers = Callable[[Session, Case, Mask], Iterable[tuple[str, bytes]]]


def case_parts(
    session: Session, case: Case, data_dir: Path, mask: Mask, papers: Papers
) -> Iterator[Part]:
    """All parts of a case's evidence, in the order they are written: ``events.jsonl``,
    ``personal.jsonl`` (only with the mask off), ``people.json``, ``plan/``, ``statements/``,
    ``files.json``, ``files/``, ``archive.json``, ``heads/``, then what ``papers`` writes.

    Take them one by one in one read session: pieces are read from it as they are asked for.
    Raises `Refusal` ``chain_unreadable`` (409, with ``seq``) where an event's row holds nothing
    that could have been written by us."""
    yield Part("events.jsonl", evidence_events.lines(session, case.id))
    if not mask.on:
        yield Part("personal.jsonl", evidence_events.personal_lines(session, case.id))
    yield Part("people.json", evidence_events.people(session, case.id))
    for name, content in evidence_rows.plan_files(session, case):
        yield Part(name, content)
    for name, content in evidence_rows.statements(session, case.id, mask.on, mask.unpublished):
        yield Part(name, content)
    listing, held = evidence_rows.files(session, case.id, data_dir, mask.on)
    yield Part("files.json", listing)
    for name, path in held:
        yield Part(name, path)
    yield Part("archive.json", evidence_rows.archive(session, case, mask.on))
    for name, content in evidence_heads.covering(session, case.id):
        yield Part(name, content)
    for name, content in papers(session, case, mask):
        yield Part(name, content)
