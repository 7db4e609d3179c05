"""A plan's folder as it lies on disk, read into a bundle.

An **alias** is a plan whose text is another plan's, with parts of it lost (plan 5 is a cut-off
copy of plan 1). Its folder holds only ``plan.toml`` (with ``alias = "p01"``) and
``clauses.toml``: diagram and tables are those of the folder named, and what its ``plan.toml``
says goes over what the other says: tables key by key, lists as a whole. Its steps cite its own
clauses, as ``clauses.toml`` has them carry (``by``), in place of the other's: ``cites`` in the
manifest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.manifest_shape import require_shape
from workflows.bundle import Bundle
from workflows.contract import DeploymentError, Finding

MANIFEST: Final = "plan.toml"
CLAUSES: Final = "clauses.toml"
#: The folder of shared called processes, beside the plans' own folders and in a bundle.
SHARED: Final = "shared"
#: What an alias's bundle holds of the other plan's ``plan.toml``: it is part of what the plan
#: says, so the content hash has to cover it.
ALIASED_MANIFEST: Final = "alias/plan.toml"
_DRAWN: Final = (".bpmn", ".dmn")
#: Of a TOML file; no plan comes near them.
_MOST_DOTS: Final = 500
_MOST_DEPTH: Final = 20


def read_folder(path: Path) -> Bundle:
    """The bundle of a plan's folder: its diagram, decision tables, ``plan.toml`` and
    ``clauses.toml`` (of an alias: the other plan's diagram and tables), and the shared processes
    the manifest's ``calls`` names (as ``shared/<name>.bpmn``), so that the content hash covers
    them. Raises DeploymentError for a manifest that is missing or no TOML, for an alias of
    nothing, and for a shared process that is not there."""
    files = _files(path)
    manifest = read_toml(files, MANIFEST, required=True)
    if isinstance(manifest.get("alias"), str) and manifest["alias"]:
        files = _with_alias(path, files, str(manifest["alias"]))
        manifest = dict(bundle_of(files).manifest)
    require_shape(manifest)
    missing: list[Finding] = []
    for name in manifest.get("calls", []):
        called = path.parent / SHARED / f"{name}.bpmn"
        if Path(name).name == name and called.is_file():
            files[f"{SHARED}/{name}.bpmn"] = called.read_bytes()
        else:
            missing.append(_finding("called_process_missing", process=str(name)))
    if missing:
        raise DeploymentError(missing)
    return Bundle(files=files, manifest=manifest)


def bundle_of(files: Mapping[str, bytes]) -> Bundle:
    """A bundle from its files alone, as they are stored with a version or a draft. Raises
    DeploymentError for a manifest that is missing, no TOML or of the wrong shape."""
    manifest = read_toml(files, MANIFEST, required=True)
    name = manifest.get("alias")
    if isinstance(name, str) and name:
        below = read_toml(files, ALIASED_MANIFEST, required=True)
        require_shape(below)
        if below.get("alias"):
            raise DeploymentError([_finding("alias_of_alias", plan=name)])
        below.setdefault("process", below.get("key", ""))
        manifest = _over(below, manifest)
        manifest["cites"] = _cites(read_toml(files, CLAUSES))
    require_shape(manifest)
    return Bundle(files=dict(files), manifest=manifest)


def read_toml(files: Mapping[str, bytes], name: str, *, required: bool = False) -> dict[str, Any]:
    """A TOML file of a bundle as data, {} when absent and not ``required``. Raises
    DeploymentError (``file_missing``, ``toml_invalid``)."""
    body = files.get(name)
    if body is None:
        if required:
            raise DeploymentError([Finding("file_missing", "error", name)])
        return {}
    try:
        # The parser copies a dotted key anew at each dot, and goes into brackets by recursion.
        if any(line.count(b".") > _MOST_DOTS for line in body.splitlines()):
            raise ValueError(f"more than {_MOST_DOTS} dots in a line")
        found = tomllib.loads(body.decode("utf-8"))
        if _deep(found):
            raise ValueError(f"more than {_MOST_DEPTH} levels")
    except (ValueError, RecursionError) as wrong:  # bytes and TOML that cannot be read, too
        finding = Finding("toml_invalid", "error", name, args={"message": str(wrong)})
        raise DeploymentError([finding]) from wrong
    return found


def _deep(data: dict[str, Any]) -> bool:
    """Whether tables and lists lie in one another more than `_MOST_DEPTH` deep."""
    level: list[Any] = [data]
    for _ in range(_MOST_DEPTH):
        level = [
            one
            for value in level
            for one in (value.values() if isinstance(value, dict) else value)
            if isinstance(one, dict | list)
        ]
        if not level:
            return False
    return True


def plan_folders(library: Path) -> list[Path]:
    """The folders of a library that hold a plan, by name."""
    return sorted(manifest.parent for manifest in library.glob(f"*/{MANIFEST}"))


def _files(path: Path) -> dict[str, bytes]:
    return {
        entry.name: entry.read_bytes()
        for entry in sorted(path.iterdir())
        if entry.is_file() and entry.suffix in (*_DRAWN, ".toml")
    }


def _with_alias(path: Path, files: dict[str, bytes], name: str) -> dict[str, bytes]:
    """The files of an alias with the other plan's beside its own."""
    other = path.parent / name
    if Path(name).name != name or name == path.name or not (other / MANIFEST).is_file():
        raise DeploymentError([_finding("alias_unknown", plan=name)])
    drawn = [file for file in files if file.endswith(_DRAWN)]
    if drawn:
        raise DeploymentError([_finding("alias_has_files", files=", ".join(drawn))])
    found = _files(other)
    files |= {file: body for file, body in found.items() if file.endswith(_DRAWN)}
    files[ALIASED_MANIFEST] = found[MANIFEST]
    return files


def _cites(clauses: Mapping[str, Any]) -> dict[str, list[str]]:
    """The ids of the clauses that each element is to carry, by element path."""
    found: dict[str, list[str]] = {}
    rows = clauses.get("clause")
    for row in rows if isinstance(rows, list) else ():
        by = row.get("by") if isinstance(row, Mapping) else None
        for name in by if isinstance(by, list) else ():
            ids = found.setdefault(str(name).partition("#")[0], [])
            if row.get("id") not in ids:
                ids.append(str(row.get("id")))
    return found


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping):
            merged[key] = {**below[key], **value}
    return merged


def _finding(code: str, **args: str) -> Finding:
    return Finding(code, "error", MANIFEST, args=args)
