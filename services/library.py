"""The plan library checked and counted: one row a source text, and everything wrong with it.

Reads the library's folder only; the same functions count a plan as deployed
(`services.library_page`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.library_book import Book, open_folder
from services.library_clauses import bare_lines, clause_faults, coverage
from services.library_clocks import TIMED, clock_faults
from services.library_elements import element_faults
from services.library_faults import Fault, fault
from services.library_people import name_faults
from services.library_shelf import Shelf, SourceText, read_shelf
from services.plan_folder import MANIFEST, plan_folders
from workflows.contract import DeploymentError


@dataclass(frozen=True, slots=True)
class Figures:
    """A plan counted. ``elements`` stand in its own diagram, ``called`` in the processes it calls;
    ``clocks`` are the time limits of its text, ``timed`` those that run on a timer; ``approvals``
    those the text asks for, ``statement_approvals`` the kinds a statement needs before release.
    ``covered`` maps a clause's fate (element, field, setting, lost, replaced, external) to how
    many clauses it covers; ``uncovered`` are clauses with a fault and lines without a clause."""

    elements: int
    called: int
    clocks: int
    timed: int
    approvals: int
    statement_approvals: int
    clauses: int
    covered: Mapping[str, int]
    uncovered: int

    @property
    def coverage(self) -> float:
        """The share of the text that is covered, 0 to 1; 1 where it has no clause."""
        everything = self.clauses_covered + self.uncovered
        return self.clauses_covered / everything if everything else 1.0

    @property
    def clauses_covered(self) -> int:
        return sum(self.covered.values())


@dataclass(frozen=True, slots=True)
class Row:
    """A source text. ``figures`` is None where nothing runs (plan 12, or a folder that is
    missing or cannot be read)."""

    text: SourceText
    alias: str
    kinds: tuple[str, ...]
    figures: Figures | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """A library folder read once: ``rows`` are the fifteen texts by number, ``faults`` everything
    wrong with its plans, of the texts or not, sorted by file."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def survey(folder: Path) -> Survey:
    """Raises what `read_shelf` raises; what is wrong with a plan is a fault, never an error."""
    shelf = read_shelf(folder)
    named = list(name_faults(folder, shelf.names))
    found: dict[str, Row] = {}
    every = set(named)
    for path in plan_folders(folder):
        text = next((one for one in shelf.texts if one.folder == path.name), None)
        book, wrong = _checked(path, shelf)
        every.update(wrong)
        if text is not None:
            wrong += [one for one in named if one.file.startswith(f"{path.name}/")]
            found[text.folder] = _row(text, book, wrong)
    for text in shelf.texts:
        if text.folder and text.folder not in found:
            missing = fault("folder_missing", f"{text.folder}/{MANIFEST}")
            every.add(missing)
            found[text.folder] = _row(text, None, [missing])
    return Survey(
        rows=tuple(found.get(text.folder) or _row(text, None, []) for text in shelf.texts),
        faults=tuple(sorted(every)),
    )


def rows(folder: Path) -> list[Row]:
    """The fifteen texts by number, each with its plan of ``folder`` counted and checked."""
    return list(survey(folder).rows)


def faults(folder: Path) -> list[Fault]:
    """Everything wrong with the plans of a library folder, sorted by file."""
    return list(survey(folder).faults)


def book_faults(book: Book, shelf: Shelf) -> list[Fault]:
    """What is wrong with one plan, names of people left aside; sorted, each once."""
    parts = (clause_faults, element_faults, clock_faults)
    return sorted({one for part in parts for one in part(book, shelf)})


def figures(book: Book, text: SourceText | None, wrong: Iterable[Fault]) -> Figures:
    """The plan counted; ``wrong`` are its faults, ``text`` its source text if it has one."""
    counts = coverage(book, list(wrong))
    uncovered = counts.pop("uncovered")
    if text is not None:
        uncovered += len(bare_lines(book, text))
    clocks = book.rows("clocks")
    return Figures(
        elements=len(book.own),
        called=len(book.elements) - len(book.own),
        clocks=len(clocks),
        timed=sum(row.get("kind") in TIMED for row in clocks),
        approvals=sum("-A" in clause.id for clause in book.clauses),
        statement_approvals=len({row.get("kind") for row in book.rows("approvals")}),
        clauses=len(book.clauses),
        covered=counts,
        uncovered=uncovered,
    )


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    text, counted = row.text, row.figures
    return {
        "number": text.number,
        "key": text.key,
        "title": text.title,
        "verdict": text.verdict,
        "subject": text.subject,
        "note": text.note,
        "lines": list(text.lines),
        "start_from": list(text.start_from),
        "alias": row.alias,
        "kinds": list(row.kinds),
        "elements": counted.elements if counted else 0,
        "called_elements": counted.called if counted else 0,
        "clocks": counted.clocks if counted else 0,
        "timed_clocks": counted.timed if counted else 0,
        "approvals": counted.approvals if counted else 0,
        "statement_approvals": counted.statement_approvals if counted else 0,
        "clauses": counted.clauses if counted else 0,
        "covered": dict(counted.covered) if counted else {},
        "uncovered": counted.uncovered if counted else 0,
        "coverage": round(counted.coverage, 4) if counted else None,
        "faults": [
            {
                "file": one.file,
                "element": one.element,
                "clause": one.clause,
                "code": one.code,
                "words": one.words,
                "words_en": one.words_en,
            }
            for one in row.faults
        ],
    }


def _row(text: SourceText, book: Book | None, wrong: list[Fault]) -> Row:
    if book is None:
        return Row(text, "", (), None, tuple(wrong))
    kinds = tuple(str(kind) for kind in book.manifest.get("kinds", ()))
    return Row(text, book.alias, kinds, figures(book, text, wrong), tuple(wrong))


def _checked(path: Path, shelf: Shelf) -> tuple[Book | None, list[Fault]]:
    """The plan of a folder, None where it cannot be read, and what is wrong with it."""
    book, wrong = _open(path)
    return book, wrong if book is None else [*wrong, *book_faults(book, shelf)]


def _open(path: Path) -> tuple[Book | None, list[Fault]]:
    """The plan of a folder, or why it cannot be read."""
    try:
        book = open_folder(path)
    except DeploymentError as error:
        return None, [
            fault(
                "unreadable",
                f"{path.name}/{finding.file}",
                element=finding.element,
                why=" ".join([finding.code, *finding.args.values()]),
            )
            for finding in error.findings
        ]
    return book, [
        fault(
            "unreadable", book.file(one.file), element=one.element,
            why=" ".join([one.code, *one.args.values()]),
        )
        for one in book.catalogue.findings
        # Said by `services.library_elements` in words of its own.
        if one.severity == "error" and one.code != "origin_path_unknown"
    ]  # fmt: skip
