"""The kinds of unit (``bpmn/kinds.toml``) and the standard roles (``bpmn/roles.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import Refusal

RoleRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """``about`` says which units are meant."""

    key: str
    name: str
    name_en: str
    about: str
    about_en: str


def kinds(library: Path) -> list[Kind]:
    """Every kind, in the file's order."""
    rows = tomllib.loads((library / "kinds.toml").read_text("utf-8"))["kind"]
    return [Kind(**row) for row in rows]


def kind_named(library: Path, key: str) -> Kind:
    """Raises Refusal ``kind_unknown`` 422."""
    for kind in kinds(library):
        if kind.key == key:
            return kind
    raise Refusal("kind_unknown", 422, kind=key)


def role_rows(library: Path) -> list[RoleRow]:
    """The standard roles, each after the one above it."""
    rows: list[RoleRow] = tomllib.loads((library / "roles.toml").read_text("utf-8"))["role"]
    return rows


def standing(rows: Sequence[RoleRow]) -> set[str]:
    """Keys of the roles every organisation has."""
    return {str(row["key"]) for row in rows if row.get("standing")}


def with_superiors(keys: Iterable[str], rows: Sequence[RoleRow]) -> list[RoleRow]:
    """The rows of these roles and of those above them, in the file's order. Keys without a row
    are left out."""
    above = {str(row["key"]): row.get("superior") for row in rows}
    wanted: set[str] = set()
    for key in keys:
        step: str | None = key
        while step is not None and step in above and step not in wanted:
            wanted.add(step)
            step = above[step]
    return [row for row in rows if row["key"] in wanted]
