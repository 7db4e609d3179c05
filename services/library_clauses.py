"""Whether every clause of a plan's text has become something, and what it names is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from services.library_book import DONE, EXPLAINED, FATES, Book, Clause
from services.library_faults import Fault, fault
from services.library_named import asks, named
from services.library_shelf import Shelf, SourceText, whole
from services.plan_folder import CLAUSES, MANIFEST

_LISTS: Final = ("provisions", "settings", "recipients", "archive", "approvals", "tiers")


def clause_faults(book: Book, shelf: Shelf) -> Iterator[Fault]:
    """What is wrong with ``clauses.toml``, taken by itself and against the text it is of."""
    file = book.file(CLAUSES)
    seen: set[str] = set()
    for clause in book.clauses:
        if clause.id in seen:
            yield fault("clause_twice", file, clause=clause.id)
        seen.add(clause.id)
        yield from _clause(book, shelf, clause, file)
    text = shelf.text_of(book.key)
    if text is not None:
        yield from _against_text(book, shelf, text, file)
    yield from _cited_by_settings(book)


def _clause(book: Book, shelf: Shelf, clause: Clause, file: str) -> Iterator[Fault]:
    prefix = str(book.manifest.get("business_prefix") or book.key.upper())
    if not clause.id.startswith(f"{prefix}-"):
        yield fault("clause_foreign", file, clause=clause.id, prefix=prefix)
    for name in ("text", "text_en", "fate"):
        if not getattr(clause, name):
            yield fault("clause_shape", file, clause=clause.id, name=name)
    if not clause.lines:
        yield fault("clause_shape", file, clause=clause.id, name="line")
    for name in clause.by:
        if not named(book, name):
            yield fault("by_unknown", file, element=name, clause=clause.id, name=name)
    if clause.fate in EXPLAINED:
        yield from _explained(shelf, clause, file)
    elif clause.fate not in FATES or not clause.by:
        yield fault("clause_unclaimed", file, clause=clause.id)
    else:
        yield from _claimed(book, clause, file)


def _explained(shelf: Shelf, clause: Clause, file: str) -> Iterator[Fault]:
    listed = shelf.explanation_of(clause.id)
    if listed is None:
        yield fault("explanation_unlisted", file, clause=clause.id, fate=clause.fate)
    elif listed.fate != clause.fate:
        yield fault(
            "explanation_other_fate", file, clause=clause.id, fate=clause.fate, listed=listed.fate
        )
    if not (clause.why and clause.why_en):
        yield fault("clause_unexplained", file, clause=clause.id)
    if clause.fate == "replaced" and not clause.by:
        yield fault("clause_unclaimed", file, clause=clause.id)


def _claimed(book: Book, clause: Clause, file: str) -> Iterator[Fault]:
    kinds = {named(book, name) for name in clause.by}
    if clause.fate == "element":
        if "element" not in kinds:
            yield fault("by_no_element", file, clause=clause.id)
        for name in clause.by:
            if name in book.elements and not book.alias and not _cites(book, name, clause.id):
                yield fault("not_cited", file, element=name, clause=clause.id)
    elif clause.fate == "field" and not any(asks(book, name) for name in clause.by):
        yield fault("by_no_field", file, clause=clause.id)
    elif clause.fate == "setting" and "setting" not in kinds:
        yield fault("by_no_setting", file, clause=clause.id)


def _cites(book: Book, path: str, clause: str) -> bool:
    """Whether the element, or the call or sub-process it is reached through, cites the clause."""
    while path:
        if clause in book.elements[path].clauses:
            return True
        path = path.rpartition("/")[0]
    return False


def _against_text(book: Book, shelf: Shelf, text: SourceText, file: str) -> Iterator[Fault]:
    first, last = text.lines
    number = book.manifest.get("number")
    if number != text.number:
        yield fault(
            "number_wrong", book.file(MANIFEST), element="number", number=number, right=text.number
        )
    source = book.manifest.get("source") or {}
    if tuple(source.get("lines", ())) != text.lines:
        yield fault(
            "lines_wrong", book.file(MANIFEST), element="source.lines", first=first, last=last
        )
    for clause in book.clauses:
        for line in clause.lines:
            if not first <= line <= last:
                yield fault(
                    "clause_outside", file, clause=clause.id, line=line, first=first, last=last
                )
    for line in book.headings:
        if line not in text.text_lines:
            yield fault("heading_unknown", file, element=f"L{line}", line=line)
        elif line in text.long_lines:
            yield fault("heading_long", file, element=f"L{line}", line=line)
    for line in bare_lines(book, text):
        yield fault("line_bare", file, element=f"L{line}", line=line)
    asked = [*text.ids]
    asked += [
        one.id for one in shelf.explanations.values() if one.plan == book.key and not one.optional
    ]
    found = {*book.ids, *(whole(id) for id in book.ids)}
    for id in dict.fromkeys(asked):
        if id not in found:
            yield fault("id_missing", file, clause=id)


def bare_lines(book: Book, text: SourceText) -> list[int]:
    """Lines of the text that no clause speaks for and that are no heading."""
    spoken_for = {line for clause in book.clauses for line in clause.lines} | set(book.headings)
    return [line for line in text.text_lines if line not in spoken_for]


def _cited_by_settings(book: Book) -> Iterator[Fault]:
    """Clauses that ``plan.toml`` itself cites."""
    file = book.file(MANIFEST)
    for table in _LISTS:
        for row in book.rows(table):
            where = f"{table}.{row.get('key', row.get('kind', ''))}"
            yield from _cited(book, file, where, row.get("clause"))
    for table in ("closing", "retention"):
        whole_row = book.manifest.get(table)
        if isinstance(whole_row, Mapping):
            yield from _cited(book, file, table, whole_row.get("clause"))
    for row in book.rows("clocks"):
        yield from _cited(book, file, f"clocks.{row.get('id')}", row.get("id"))


def _cited(book: Book, file: str, where: str, clause: object) -> Iterator[Fault]:
    for id in str(clause or "").split():
        # What an alias takes over from the other plan cites the other's clauses.
        taken_over = bool(book.alias) and id.startswith(f"{book.alias.upper()}-")
        if id not in book.ids and not taken_over:
            yield fault("clause_unknown", file, element=where, clause=id)


def coverage(book: Book, faults: list[Fault]) -> dict[str, int]:
    """How many clauses each fate covers: a clause named by a fault of ``clauses.toml`` is not
    covered, and counts under ``uncovered``."""
    faulty = {one.clause for one in faults if one.clause and one.file == book.file(CLAUSES)}
    counts = dict.fromkeys((*DONE, *EXPLAINED, "uncovered"), 0)
    for clause in book.clauses:
        covered = clause.fate in FATES and clause.id not in faulty
        counts[clause.fate if covered else "uncovered"] += 1
    return counts
