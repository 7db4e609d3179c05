"""The drawings of a version as a replay opens them: the plan's own, and one for every place a
process is called from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.definitions import static_path
from workflows.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Sheet:
    """``prefix`` is the path of the call activity whose inside this is ("" for the plan's own
    process); ``parent`` the index of the sheet that call is drawn on, -1 for the first."""

    prefix: str
    process_id: str
    file: str
    parent: int


def sheets_of(read: Catalogue) -> list[Sheet]:
    """The plan's own process first, then every call, the outer before the inner."""
    main = read.processes[read.process_id]
    found = [Sheet("", main.id, main.file, -1)]
    for path in sorted(read.calls, key=lambda one: one.count("/")):
        process = read.processes.get(read.calls[path].process_id)
        if process is not None:
            found.append(Sheet(path, process.id, process.file, sheet_of(path, found)))
    return found


def sheet_of(path: str, sheets: Sequence[Sheet]) -> int:
    """The sheet an element at this (static) path is drawn on: the innermost call around it."""
    best = 0
    for n, sheet in enumerate(sheets):
        inside = path.startswith(f"{sheet.prefix}/")
        if inside and len(sheet.prefix) > len(sheets[best].prefix):
            best = n
    return best


def place_of(path: str, read: Catalogue, sheets: Sequence[Sheet]) -> int:
    """As `sheet_of`, for any path of a record; -1 where the version has no such element."""
    static = static_path(path)
    return sheet_of(static, sheets) if static in read.elements else -1
