"""All that must be true of a plan before it may be deployed.

Each finding has a stable code, the file and the element's id. What is checked, and why, stands
in `workflows.check_shape` (kinds, events, flows), `workflows.check_people` (roles, forms,
deadlines, four-eyes), `workflows.check_expressions` (conditions, timers, mappings) and
`workflows.check_policy` (the rules of the house).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows import check_expressions, check_people, check_policy, check_shape, xml
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.contract import DeploymentError, Finding
from workflows.feel import Feel
from workflows.findings import Findings


def check(bundle: Bundle, catalogue: Catalogue, feel: Feel) -> list[Finding]:
    """Everything wrong or doubtful with a bundle, errors first; empty when all is well.

    Never raises for what an author wrote (`workflows.catalogue.read` does, for files that cannot
    be read at all).
    """
    found = Findings()
    for finding in catalogue.findings:
        found.add(finding)
    decisions = _decisions(bundle, found)
    _manifest(bundle.manifest, found)
    check_shape.check(catalogue, decisions, found)
    check_people.check(catalogue, bundle.manifest, found)
    anchors = check_people.anchors(catalogue, bundle.manifest)
    check_expressions.check(catalogue, bundle.manifest, anchors, feel, found)
    check_policy.check(bundle, catalogue, found)
    return found.all()


def _decisions(bundle: Bundle, found: Findings) -> frozenset[str]:
    """The ids of all decisions; a DMN file that cannot be read is a finding."""
    ids: set[str] = set()
    for file in sorted(name for name in bundle.files if name.lower().endswith(".dmn")):
        try:
            root = xml.parse_dmn(bundle.files[file], file)
        except DeploymentError as error:
            for finding in error.findings:
                found.add(finding)
            continue
        for node in root:
            if not isinstance(node.tag, str) or not node.tag.endswith("}decision"):
                continue
            id = node.get("id") or ""
            if id in ids:
                found.error("duplicate_decision", file, id)
            ids.add(id)
    return frozenset(ids)


#: The FEEL types a variable may be declared with (docs/developers.md).
_TYPES = frozenset(
    {"string", "number", "boolean", "date", "time", "date and time",
     "days and time duration", "years and months duration", "context", "list"}
)  # fmt: skip


def _manifest(manifest: Mapping[str, Any], found: Findings) -> None:
    file = "plan.toml"
    if not manifest.get("roles"):
        found.error("no_roles", file)
    for name, kind in (manifest.get("variables") or {}).items():
        if kind not in _TYPES:
            found.error("unknown_variable_type", file, str(name), type=str(kind))
        elif not check_shape.FEEL_NAME.fullmatch(str(name)) or name in check_shape.RESERVED:
            found.error("bad_variable_name", file, str(name), name=str(name))
