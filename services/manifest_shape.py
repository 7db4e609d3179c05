"""Whether ``plan.toml`` has the shape docs/developers.md gives it, before anything reads it.

Only the kind of each value is judged here; what the values mean (roles, FEEL types, anchors) is
the work of `workflows.checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.plan_settings import read_value
from workflows.contract import DeploymentError, Finding

FILE: Final = "plan.toml"
_TEXTS: Final = ("key", "title", "title_en", "process", "business_prefix", "alias")
_TABLES: Final = ("roles", "variables", "closing", "retention", "source", "origins", "cites")
#: Lists of tables, and the texts each row must have.
_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "tiers": ("key",), "anchors": ("key",), "recipients": ("key",), "approvals": ("kind",),
    "archive": ("key",), "clocks": ("id",), "provisions": ("key", "section", "text"),
    "settings": ("key", "type", "name"),
}  # fmt: skip
_LISTS: Final = ("calls", "kinds")
#: Where a part of a plan may come from (docs/developers.md).
_ORIGINS: Final = ("text", "lost", "baseline", "replaced", "overlay", "unit")
#: Where a setting may come from.
_SETTING_ORIGINS: Final = ("overlay", "baseline", "external", "text", "unit")
_SECTIONS: Final = (
    "purpose", "basis", "scope", "principle", "duty", "support", "accountability", "watch",
)  # fmt: skip
#: A setting is written in FEEL as ``settings.KEY``.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


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
        if not _is_texts(given):
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
            for listed in ("tiers", "elements"):
                if not _is_texts(row.get(listed, [])):
                    yield f"{name} {number}", f'{listed} = ["..."]'
            if not isinstance(row.get("once_asked", True), bool):
                yield f"{name} {number}", "once_asked = true"
    for number, tier in enumerate(_mappings(manifest.get("tiers")), 1):
        if not isinstance(tier.get("level", 0), int) or isinstance(tier.get("level"), bool):
            yield f"tiers {number}", "level = 1"
    number = manifest.get("number", 1)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        yield "number", "number = 1"
    yield from _origins(manifest)
    yield from _provisions(manifest)
    yield from _settings(manifest)


def _origins(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``[origins]``: an element's path to where it comes from in this plan; ``[cites]``: to the
    clauses it carries."""
    cites = manifest.get("cites", {})
    for path, ids in cites.items() if isinstance(cites, Mapping) else ():
        if not _is_texts(ids):
            yield f"cites.{path}", f'"{path}" = ["..."]'
    given = manifest.get("origins", {})
    for path, origin in given.items() if isinstance(given, Mapping) else ():
        if origin not in _ORIGINS:
            yield f"origins.{path}", f'"{path}" = "lost"'


def _provisions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    roles = manifest.get("roles", {})
    seen: set[str] = set()
    for row in _mappings(manifest.get("provisions")):
        where = f"provisions.{row.get('key', '')}"
        if row.get("section") not in _SECTIONS:
            yield where, f'section = "{" | ".join(_SECTIONS)}"'
        if row.get("origin", "text") not in _ORIGINS:
            yield where, f'origin = "{" | ".join(_ORIGINS)}"'
        role = row.get("role", "")
        if role and not (isinstance(roles, Mapping) and isinstance(role, str) and role in roles):
            yield where, 'role = "..." ([roles])'
        if str(row.get("key")) in seen:
            yield where, 'key = "..." (1)'
        seen.add(str(row.get("key")))


def _settings(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for row in _mappings(manifest.get("settings")):
        key, type_, default = row.get("key"), row.get("type"), row.get("default")
        where = f"settings.{key}"
        if not (isinstance(key, str) and _NAME.fullmatch(key)):
            yield where, 'key = "baseline_review"'
        if str(key) in seen:
            yield where, 'key = "..." (1)'
        seen.add(str(key))
        if row.get("origin", "text") not in _SETTING_ORIGINS:
            yield where, f'origin = "{" | ".join(_SETTING_ORIGINS)}"'
        if type_ == "boolean":
            if not isinstance(default, bool):
                yield where, "default = false"
        elif type_ not in ("duration", "date"):
            yield where, 'type = "boolean | duration | date"'
        elif not isinstance(default, str) or read_value(str(type_), default)[1]:
            yield where, 'default = "" | "PT12H"' if type_ == "duration" else 'default = ""'


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _mappings(rows: object) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
