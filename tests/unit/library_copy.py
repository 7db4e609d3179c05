"""The library with one real plan, copied to be broken."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from services.library import faults
from services.library_faults import Fault
from tests.unit.plan_driver import LIBRARY

PLAN = "p13"
SHARED = "shared/approve_release.bpmn"
CLAUSES, MANIFEST, DIAGRAM = f"{PLAN}/clauses.toml", f"{PLAN}/plan.toml", f"{PLAN}/plan.bpmn"


_at_first: list[Fault] = []


def at_first(folder: Path) -> list[Fault]:
    """The faults of a copy before it is broken: the same of each, and only of other plans."""
    if not _at_first:
        _at_first.extend(faults(folder))
        codes = {fault.code for fault in _at_first}
        assert codes == {"folder_missing"}, "the real plan has no fault"
    return _at_first


class Copy:
    """A library of one plan, to be broken. ``new()`` are the faults it has more than at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in LIBRARY.glob("*.toml"):
            shutil.copy(path, folder / path.name)
        for name in ("shared", PLAN):
            shutil.copytree(LIBRARY / name, folder / name)
        self.before = set(at_first(folder))

    def text(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces the first ``old``, which has to be there."""
        text = self.text(file)
        assert old in text, (file, old)
        (self.folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def row(self, file: str, table: str, id: str) -> str:
        """The text of the row of an array of tables that has that id or key."""
        for block in re.split(r"(?m)^(?=\[)", self.text(file)):
            if block.startswith(f"[[{table}]]") and re.search(rf'(?m)^(id|key) = "{id}"$', block):
                return block
        raise AssertionError((file, table, id))

    def change(self, file: str, table: str, id: str, key: str, value: str) -> None:
        """Sets one key of a row; ``value`` is TOML, "" takes the key out."""
        block = self.row(file, table, id)
        line = f"{key} = {value}\n" if value else ""
        changed, count = re.subn(rf"(?m)^{key} = .*\n", lambda _: line, block, count=1)
        assert count, (id, key)
        self.edit(file, block, changed)

    def clause(self, id: str, key: str, value: str) -> None:
        self.change(CLAUSES, "clause", id, key, value)

    def node(self, id: str, file: str = DIAGRAM) -> str:
        """An element of a diagram as written, up to its end tag."""
        found = re.search(
            rf'<bpmn:(\w+) (?:[^<>]* )?id="{id}".*?</bpmn:\1>', self.text(file), flags=re.DOTALL
        )
        assert found, id
        return found[0]

    def in_node(self, id: str, old: str, new: str, file: str = DIAGRAM) -> None:
        node = self.node(id, file)
        assert old in node, (id, old)
        self.edit(file, node, node.replace(old, new, 1))

    def new(self) -> list[Fault]:
        return sorted(set(faults(self.folder)) - self.before)


#: Breaks a copy in one way.
Break = Callable[[Copy], None]


def without_row(copy: Copy, file: str, table: str, id: str) -> None:
    copy.edit(file, copy.row(file, table, id), "")
