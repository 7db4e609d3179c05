"""The library as an organisation sees it: the fifteen texts, each with the plan in use here
counted as `make plans` counts it, and the plans in use that are of no text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services import plans
from services.definitions import catalogue_for
from services.library import Figures, book_faults, figures
from services.library_book import Book, open_book, open_bundle
from services.library_faults import Fault
from services.library_shelf import Shelf, SourceText, read_shelf
from services.plan_folder import MANIFEST, read_folder
from workflows.contract import DeploymentError


@dataclass(frozen=True, slots=True)
class Counted:
    """A plan counted and checked, names of people left aside (that is a matter of files)."""

    alias: str
    kinds: tuple[str, ...]
    figures: Figures
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """``text`` is None for a plan in use that is of no source text; ``version`` is the one in
    force, None where the plan is not in use here (then the library's own folder is counted);
    ``counted`` is None where there is nothing to count."""

    text: SourceText | None
    version: PlanVersion | None
    counted: Counted | None


def entries(session: Session, library: Path) -> list[Entry]:
    """The texts by number, then the other plans in use by key. ``library`` is the folder that
    came with the program; raises what `read_shelf` raises."""
    shelf = read_shelf(library)
    in_use = {
        plan.key: plans.current_version(session, plan.key) for plan in plans.deployed_plans(session)
    }
    found = [
        Entry(text, version, _of_version(session, version, shelf))
        if (version := in_use.pop(text.key, None)) is not None
        else Entry(text, None, _of_folder(library, shelf, text))
        for text in shelf.texts
    ]
    return found + [
        Entry(None, version, _of_version(session, version, shelf)) for version in in_use.values()
    ]


def fits(entry: Entry, kind: str) -> bool:
    """Whether the plan is for that kind of organisation."""
    return entry.counted is not None and kind in entry.counted.kinds


def _of_version(session: Session, version: PlanVersion, shelf: Shelf) -> Counted:
    def opened() -> Book:
        return open_book(
            version.plan_key, version.manifest, catalogue_for(session, version), version.clauses
        )

    return _counted(version.content_hash, shelf, opened)


def _of_folder(library: Path, shelf: Shelf, text: SourceText) -> Counted | None:
    folder = library / text.folder
    if not text.folder or not (folder / MANIFEST).is_file():
        return None
    try:
        bundle = read_folder(folder)
        return _counted(bundle.content_hash, shelf, lambda: open_bundle(text.key, bundle))
    except DeploymentError:
        return None


#: The counts of a version never change; more versions than a library shows at once.
_KEPT = 64
_cache: OrderedDict[tuple[str, int], Counted] = OrderedDict()
_lock = Lock()


def _counted(content_hash: str, shelf: Shelf, opened: Callable[[], Book]) -> Counted:
    """The counts under a content hash, worked out once a process for each state of the shelf."""
    key = (content_hash, shelf.stamp)
    with _lock:
        found = _cache.get(key)
        if found is not None:
            _cache.move_to_end(key)
            return found
    book = opened()
    wrong = book_faults(book, shelf)
    counted = Counted(
        alias=book.alias,
        kinds=tuple(str(kind) for kind in book.manifest.get("kinds", ())),
        figures=figures(book, shelf.text_of(book.key), wrong),
        faults=tuple(wrong),
    )
    with _lock:
        _cache[key] = counted
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return counted
