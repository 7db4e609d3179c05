"""Whether ``plan.toml`` has the shape docs/developers.md gives it, before anything reads it.

Only the kind of each value is judged here; what the values mean (roles, FEEL types, anchors) is
the work of `workflows.checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.contract import DeploymentError, Finding

FILE: Final = "plan.toml"
_TEXTS: Final = ("key", "title", "title_en", "process", "business_prefix")
_TABLES: Final = ("roles", "variables", "closing", "retention", "source")
#: Lists of tables, and the texts each row must have.
_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "tiers": ("key",), "anchors": ("key",), "recipients": ("key",), "approvals": ("kind",),
    "archive": ("key",), "clocks": ("id",),
}  # fmt: skip
_LISTS: Final = ("calls", "kinds")


def require_shape(manifest: Mapping[str, Any]) -> None:
    """Raises DeploymentError with one ``manifest_shape`` for each value of the wrong kind; its
    ``args`` are ``name`` (where) and ``expected`` (TOML as it should be)."""
    findings = [
        Finding("manifest_shape", "error", FILE, args={"name": name, "expected": expected})
        for name, expected in _faults(manifest)
    ]
    if findings:
        raise DeploymentError(findings)


def _faults(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        if not isinstance(manifest.get(name, ""), str):
            yield name, f'{name} = "..."'
    for name in _TABLES:
        if not isinstance(manifest.get(name, {}), Mapping):
            yield name, f"[{name}]"
    for name in _LISTS:
        given = manifest.get(name, [])
        if not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
            yield name, f'{name} = ["...", "..."]'
    roles = manifest.get("roles", {})
    for key, role in roles.items() if isinstance(roles, Mapping) else ():
        bound = role.get("role", "") if isinstance(role, Mapping) else role
        if not isinstance(bound, str):
            yield f"roles.{key}", f'{key} = {{ role = "..." }}'
    for name, texts in _ROWS.items():
        rows = manifest.get(name, [])
        if not (isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows)):
            yield name, f"[[{name}]]"
            continue
        for number, row in enumerate(rows, 1):
            for text in texts:
                if not (isinstance(row.get(text), str) and row[text]):
                    yield f"{name} {number}", f'{text} = "..."'
            tiers = row.get("tiers", [])
            if not (isinstance(tiers, list) and all(isinstance(tier, str) for tier in tiers)):
                yield f"{name} {number}", 'tiers = ["..."]'
    for number, tier in enumerate(_mappings(manifest.get("tiers")), 1):
        if not isinstance(tier.get("level", 0), int) or isinstance(tier.get("level"), bool):
            yield f"tiers {number}", "level = 1"


def _mappings(rows: object) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
