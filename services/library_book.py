"""One plan of the library as it is read for the checks: what it says (``plan.toml``), what it
draws (a catalogue, called processes in place) and what became of each clause of its text.

Nothing is compiled: no FEEL, no engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from services.plan_folder import CLAUSES, MANIFEST, read_folder, read_toml
from workflows import catalogue
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.contract import Element

#: What can become of a clause. The first three carry it out; the others explain why not.
DONE: Final = ("element", "field", "setting")
EXPLAINED: Final = ("lost", "replaced", "external")
FATES: Final = (*DONE, *EXPLAINED)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the text, paraphrased. ``lines`` are the source lines it speaks for; ``by`` what
    carries it out or stands instead (see `services.library_named`)."""

    id: str
    lines: tuple[int, ...]
    text: str
    text_en: str
    fate: str
    by: tuple[str, ...]
    why: str
    why_en: str


@dataclass(frozen=True)
class Book:
    """``key`` is the folder's name; file names in faults start with it."""

    key: str
    manifest: Mapping[str, Any]
    catalogue: Catalogue
    clauses: tuple[Clause, ...]
    headings: tuple[int, ...]

    @property
    def alias(self) -> str:
        """The key of the plan this is an alias of, else ""."""
        return str(self.manifest.get("alias") or "")

    @property
    def elements(self) -> Mapping[str, Element]:
        return self.catalogue.elements

    @cached_property
    def own(self) -> tuple[Element, ...]:
        """The elements of the plan's own diagrams, shared processes left out."""
        return tuple(e for e in self.elements.values() if not self.is_shared(e))

    def is_shared(self, element: Element) -> bool:
        """Whether it stands in a process of the library's shared folder."""
        return self.catalogue.processes[element.process_id].file.startswith("shared/")

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(clause.id for clause in self.clauses)

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """The rows of a list of ``plan.toml``; [] where there is none."""
        found = self.manifest.get(name)
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    def file(self, name: str) -> str:
        """A file of the plan as faults name it; of an alias the diagram is the other's."""
        if name.startswith("shared/"):
            return name
        drawn = name not in (MANIFEST, CLAUSES)
        return f"{self.alias if self.alias and drawn else self.key}/{name}"


def open_folder(folder: Path) -> Book:
    """Raises DeploymentError for a folder that cannot be read as a plan."""
    return open_bundle(folder.name, read_folder(folder))


def open_bundle(key: str, bundle: Bundle) -> Book:
    """Raises DeploymentError for a bundle that cannot be read as a plan."""
    read = catalogue.read(bundle.files, bundle.manifest)
    return open_book(key, bundle.manifest, read, read_toml(bundle.files, CLAUSES))


def open_book(
    key: str, manifest: Mapping[str, Any], read: Catalogue, clauses: Mapping[str, Any]
) -> Book:
    """A plan from its parts: ``clauses`` is ``clauses.toml`` as data."""
    rows = clauses.get("clause")
    headings = clauses.get("headings")
    return Book(
        key=key,
        manifest=manifest,
        catalogue=read,
        clauses=tuple(
            _clause(row)
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, Mapping)
        ),
        headings=_numbers(headings),
    )


def _clause(row: Mapping[str, Any]) -> Clause:
    by = row.get("by")
    return Clause(
        id=str(row.get("id", "")),
        lines=tuple(dict.fromkeys((*_numbers([row.get("line")]), *_numbers(row.get("lines"))))),
        text=str(row.get("text", "")),
        text_en=str(row.get("text_en", "")),
        fate=str(row.get("fate", "")),
        by=tuple(str(name) for name in by) if isinstance(by, list) else (),
        why=str(row.get("why", "")),
        why_en=str(row.get("why_en", "")),
    )


def _numbers(given: object) -> tuple[int, ...]:
    return tuple(n for n in given if isinstance(n, int)) if isinstance(given, list) else ()
