"""What became of each clause of a plan's text: which element, field or setting does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from workflows.catalogue import Catalogue
from workflows.contract import Element

Row = Mapping[str, Any]
DoerKind = Literal["element", "field", "setting", "unknown"]

FATES: Final = ("element", "field", "setting", "lost", "replaced", "external")
#: Tables of ``plan.toml`` a clause may name, and how a row of each is told from the others.
_TABLES: Final[Mapping[str, str]] = {
    "provisions": "key", "settings": "key", "tiers": "key", "recipients": "key",
    "archive": "key", "anchors": "key", "approvals": "kind", "clocks": "id",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doer:
    """What does a clause: an element (``path``), a field of its form, or a row of ``plan.toml``
    (``table``: provisions, settings, roles, tiers, ...; ``key`` "" for the whole table).
    ``name`` is what people see of it."""

    kind: DoerKind
    by: str
    name: str
    name_en: str
    path: str = ""
    table: str = ""
    key: str = ""
    element_kind: str = ""


@dataclass(frozen=True, slots=True)
class Covered:
    """A clause and what does it, or stands in its place."""

    clause: Row
    doers: tuple[Doer, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """``counts`` by fate, in the order of `FATES`, none left out."""

    clauses: tuple[Covered, ...]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return len(self.clauses)


def coverage(read: Catalogue, manifest: Row, clauses: Sequence[Row]) -> Coverage:
    """The clauses of ``clauses.toml`` with what ``by`` names looked up."""
    found = tuple(
        Covered(
            row,
            tuple(
                doer(read, manifest, by, setting=row.get("fate") == "setting")
                for by in row.get("by", [])
            ),
        )
        for row in clauses
    )
    counts = {fate: sum(1 for row in clauses if row.get("fate") == fate) for fate in FATES}
    return Coverage(found, counts)


def doer(read: Catalogue, manifest: Row, by: str, *, setting: bool = False) -> Doer:
    """What one entry of ``by`` (or a clock's ``element``) names; ``unknown`` when nothing of the
    plan has that name. With ``setting`` a row of ``plan.toml`` comes before an element of the
    same name (``closing``)."""
    path, _, field = by.partition("#")
    element = read.elements.get(path)
    if element is not None and not (setting and path == "closing" and path in manifest):
        return _of_element(by, element, field)
    table, _, key = by.partition(".")
    if table == "closing" and table in manifest:
        row: Row = manifest["closing"]
        return _setting(by, table, "", row.get("criterion", ""), row.get("criterion_en", ""))
    if table == "roles":
        role = manifest.get("roles", {}).get(key)
        if key and isinstance(role, Mapping):
            return _setting(by, table, key, role.get("name", key), role.get("name_en", ""))
    elif table in _TABLES and table in manifest and not key:
        return _setting(by, table, "", "", "")
    elif table in _TABLES:
        for row in manifest.get(table, []):
            if row.get(_TABLES[table]) == key:
                shown = "name" if row.get("name") else "text"
                return _setting(by, table, key, row.get(shown, key), row.get(f"{shown}_en", ""))
    elif table == "retention":
        return _setting(by, table, "", "", "")
    return Doer("unknown", by, by, "")


def _of_element(by: str, element: Element, field: str) -> Doer:
    name, english = element.name, element.name_en
    if not field:
        return Doer(
            "element", by, name or english or element.id, english, element.path,
            element_kind=element.kind,
        )  # fmt: skip
    asked = next((one for one in element.form_fields if one.id == field), None)
    label = asked.label if asked is not None else field
    label_en = asked.label_en if asked is not None else ""
    return Doer(
        "field", by, f"{name}:{label}", f"{english or name}: {label_en or label}", element.path,
        key=field, element_kind=element.kind,
    )  # fmt: skip


def _setting(by: str, table: str, key: str, name: Any, name_en: Any) -> Doer:
    return Doer("setting", by, str(name), str(name_en), table=table, key=key)
