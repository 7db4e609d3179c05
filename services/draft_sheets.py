"""The drawings of a draft, by what they hold. Reads files that may be broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workflows import diagram
from workflows.contract import DeploymentError

_NAME_EN: Final = (
    f"{{*}}extensionElements/{{{diagram.CAMUNDA}}}properties/"
    f"{{{diagram.CAMUNDA}}}property[@name='name.en']"
)
#: The plan's own drawing, shown first.
MAIN: Final = "plan.bpmn"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A BPMN file and the process in it; ``process_id`` is "" and ``name`` the file's own where
    it cannot be read or holds none."""

    file: str
    process_id: str
    name: str
    name_en: str


def sheets_of(files: Mapping[str, bytes]) -> list[Sheet]:
    """One for each ``*.bpmn``: the plan's own, then its further processes, then the shared ones.
    Each is read by itself, so that a broken one hides no other."""
    drawn = [name for name in files if name.lower().endswith(".bpmn")]
    drawn.sort(key=lambda name: (name != MAIN, "/" in name, name))
    return [_sheet(name, files[name]) for name in drawn]


def _sheet(name: str, body: bytes) -> Sheet:
    try:
        processes = diagram.read({name: body}).processes
    except DeploymentError:
        return Sheet(name, "", name, name)
    for process in processes.values():
        english = process.node.find(_NAME_EN)
        value = english.get("value") if english is not None else None
        return Sheet(name, process.id, process.name or process.id, str(value or ""))
    return Sheet(name, "", name, name)
