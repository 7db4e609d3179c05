"""Rows of ``plan.toml`` changed in their place: comments, order and spacing stay.

A row's own lines are taken out, changed with tomlkit and put back; nothing else is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomlkit

from workflows.edits.refusal import CannotEdit
from workflows.edits.spans import Span

FILE: Final = "plan.toml"
#: The tables an author keeps here, and what tells their rows apart.
KEYS: Final[Mapping[str, str]] = {
    "recipients": "key", "approvals": "kind", "archive": "key", "clocks": "id",
}  # fmt: skip


#: Entries that say something also when they are empty.
_KEPT: Final = frozenset({"iso", "anchor"})


def change_clocks(
    body: bytes, path: str, span: Span | None, anchor: str | None
) -> tuple[bytes, int]:
    """Give the clocks that the element at ``path`` carries another length (None: none any more):
    their number is the unit's own from now on, their words stay the source's. Returns how many
    there were."""
    lines = _lines(body)
    found = 0
    for start, end, row in reversed(list(_rows(lines, "clocks"))):
        if row.get("element") != path or row.get("kind") == "cover":
            continue
        found += 1
        values = {"iso": span.clock if span is not None else "", "origin": "unit"}
        if anchor is not None:
            values["anchor"] = anchor
        lines[start:end] = _filled(lines[start:end], "clocks", values)
    return _bytes(lines) if found else body, found


def rows(body: bytes, table: str) -> list[dict[str, Any]]:
    """The rows of ``[[table]]`` as data."""
    return [dict(row) for _, _, row in _rows(_lines(body), table)]


def set_row(body: bytes, table: str, key: str, values: Mapping[str, Any]) -> bytes:
    """Change the row ``key`` of ``[[table]]``; a value of "" or () takes the entry away. Raises
    CannotEdit ``not_found``."""
    lines = _lines(body)
    start, end = _place(lines, table, key)
    lines[start:end] = _filled(lines[start:end], table, values)
    return _bytes(lines)


def add_row(body: bytes, table: str, values: Mapping[str, Any], *, before: str = "") -> bytes:
    """A new row at the end of ``[[table]]`` (before the row ``before``), marked the unit's
    own. Raises CannotEdit ``twice`` where its key is taken."""
    lines = _lines(body)
    there = list(_rows(lines, table))
    name = KEYS[table]
    if any(row.get(name) == values[name] for _, _, row in there):
        raise CannotEdit("twice", name)
    made = _filled([f"[[{table}]]"], table, {**values, "origin": "unit"})
    if not there:
        gap = [""] if lines and lines[-1].strip() else []
        return _bytes([*lines, *gap, *made])
    for start, _, row in there:
        if before and row.get(name) == before:
            lines[start:start] = [*made, ""]
            return _bytes(lines)
    end = there[-1][1]
    lines[end:end] = ["", *made]
    return _bytes(lines)


def remove_row(body: bytes, table: str, key: str) -> bytes:
    """Take a row out, with the blank lines after it."""
    lines = _lines(body)
    start, end = _place(lines, table, key)
    while end < len(lines) and not lines[end].strip():
        end += 1
    del lines[start:end]
    return _bytes(lines)


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8")
    return text.removesuffix("\n").split("\n")


def _bytes(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8")


def _rows(lines: Sequence[str], table: str) -> list[tuple[int, int, Mapping[str, Any]]]:
    """First line, the line after the last entry, and the data of each row."""
    found = []
    for start, line in enumerate(lines):
        if line.partition("#")[0].strip() != f"[[{table}]]":
            continue
        end = start + 1
        while end < len(lines) and not lines[end].startswith("["):
            end += 1
        while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        text = "\n".join(lines[start:end])
        found.append((start, end, tomlkit.parse(text).unwrap()[table][0]))
    return found


def _place(lines: Sequence[str], table: str, key: str) -> tuple[int, int]:
    for start, end, row in _rows(lines, table):
        if row.get(KEYS[table]) == key:
            return start, end
    raise CannotEdit("not_found", table=table, key=key)


def _filled(lines: Sequence[str], table: str, values: Mapping[str, Any]) -> list[str]:
    document: Any = tomlkit.parse("\n".join(lines) + "\n")
    row = document[table][0]
    for name, value in values.items():
        if value is None or (value == "" and name not in _KEPT) or value == () or value == []:
            if name in row:
                del row[name]
        elif row.get(name) != value:
            row[name] = list(value) if isinstance(value, tuple | list) else value
    return tomlkit.dumps(document).removesuffix("\n").split("\n")
