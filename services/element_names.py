"""What the elements of a draft are called, also where the draft cannot be read as a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows.contract import DeploymentError, Finding
from workflows.edits.extension import property_of
from workflows.edits.refusal import CannotEdit
from workflows.edits.tree import Source


def names_of(
    files: Mapping[str, bytes], findings: Iterable[Finding]
) -> dict[tuple[str, str], tuple[str, str]]:
    """The Chinese and English names ("" where there is none) of what findings point at, by file
    and element; without those whose file cannot be read or that have no name."""
    sources: dict[str, Source | None] = {}
    found = {}
    for one in findings:
        if not one.element or not one.file.endswith(".bpmn"):
            continue
        if one.file not in sources:
            sources[one.file] = _read(files.get(one.file, b""), one.file)
        source = sources[one.file]
        node = source.by_id.get(one.element.rpartition("/")[2]) if source is not None else None
        if node is not None and node.get("name"):
            names = (node.get("name"), property_of(node, "name.en"))
            found[one.file, one.element] = names
    return found


def _read(data: bytes, file: str) -> Source | None:
    try:
        return Source(data, file)
    except (CannotEdit, DeploymentError):
        return None
