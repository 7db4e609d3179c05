"""What a case's plan asks for outside its diagram, read from its pinned ``plan.toml``."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models.cases import Case
from models.plans import PlanVersion
from services.errors import Refusal


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """``role`` is the organisation's role that gives this kind of approval."""

    kind: str
    role: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Recipient:
    key: str
    name: str
    name_en: str
    clause: str


@dataclass(frozen=True, slots=True)
class ClosingRule:
    criterion: str
    criterion_en: str
    clause: str
    origin: str


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """``holds`` names what of the case answers to the item (``statements``, ``reports``,
    ``files``, ``task:<element id>``); empty where the key itself says it, or a person must."""

    key: str
    name: str
    name_en: str
    required: bool
    origin: str
    holds: str


def manifest_of(session: Session, case: Case) -> Mapping[str, Any]:
    """``plan.toml`` of the version the case is pinned to."""
    version = session.get(PlanVersion, case.plan_version_id)
    if version is None:
        raise Refusal("plan_not_found", 404)
    return version.manifest


#: Key of `Case.settings` with what the unit had set for the plan when the case was opened.
PLAN_SETTINGS = "plan"


def switched_off(case: Case) -> frozenset[str]:
    """Keys of the plan's settings the unit had switched off when the case was opened. Rows that
    name one of them as their ``setting`` are not asked of this case."""
    chosen = (case.settings or {}).get(PLAN_SETTINGS, {})
    return frozenset(key for key, value in chosen.items() if value is False)


def _for_tier(
    rows: object, tier: str | None, off: Container[str] = frozenset()
) -> list[Mapping[str, Any]]:
    """Rows that name no tiers, and those that name this one. Before grading (``tier`` None)
    only the former: what the plan asks of every case. Rows of a setting in ``off`` are left
    out."""
    if not isinstance(rows, list):
        return []
    return [
        row
        for row in rows
        if (not row.get("tiers") or tier in row["tiers"]) and row.get("setting") not in off
    ]


def bound_role(manifest: Mapping[str, Any], key: str) -> str:
    """The organisation's role an abstract key of the plan is bound to (itself, if unbound)."""
    binding = manifest.get("roles", {}).get(key)
    if isinstance(binding, str):
        return binding
    return str(binding["role"]) if binding and binding.get("role") else key


def approvals(
    manifest: Mapping[str, Any], tier: str | None, off: Container[str] = frozenset()
) -> list[ApprovalRule]:
    """The approvals a statement of a case of this tier needs before release, in order. A row
    marked ``once_asked`` is not among them: a step of the plan asks for it or does not."""
    rows = _for_tier(manifest.get("approvals"), tier, off)
    return [_approval(manifest, row) for row in rows if row.get("once_asked") is not True]


def once_asked(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Kinds of approval that a statement needs once a step of the plan has asked for them."""
    rows = manifest.get("approvals") or []
    return frozenset(str(row["kind"]) for row in rows if row.get("once_asked") is True)


def every_approval(manifest: Mapping[str, Any]) -> list[ApprovalRule]:
    """The approvals of all tiers: what a kind is called, whichever tier asked for it."""
    return [_approval(manifest, row) for row in manifest.get("approvals") or []]


def _approval(manifest: Mapping[str, Any], row: Mapping[str, Any]) -> ApprovalRule:
    return ApprovalRule(
        row["kind"],
        bound_role(manifest, row.get("role", "")),
        row.get("name", row["kind"]),
        row.get("name_en", ""),
    )


def recipients(
    manifest: Mapping[str, Any], tier: str | None, element_path: str = ""
) -> list[Recipient]:
    """Whom the plan has a case of this tier reported to, in order. A row that names ``elements``
    (paths of steps, or of what they stand in) counts for the reports made there only."""
    return [
        Recipient(
            row["key"], row.get("name", row["key"]), row.get("name_en", ""), row.get("clause", "")
        )
        for row in _for_tier(manifest.get("recipients"), tier)
        if not row.get("elements") or _stands_in(element_path, row["elements"])
    ]


def _stands_in(element_path: str, elements: Iterable[str]) -> bool:
    return any(element_path == one or element_path.startswith(f"{one}/") for one in elements)


def closing(manifest: Mapping[str, Any]) -> ClosingRule:
    """When a case may be closed, in the plan's own words."""
    row = manifest.get("closing", {})
    return ClosingRule(
        row.get("criterion", ""),
        row.get("criterion_en", ""),
        row.get("clause", ""),
        row.get("origin", "text"),
    )


def archive_items(
    manifest: Mapping[str, Any], tier: str | None, off: Container[str] = frozenset()
) -> list[ArchiveRule]:
    """The table of contents the plan asks for, in order."""
    return [
        ArchiveRule(
            row["key"],
            row.get("name", row["key"]),
            row.get("name_en", ""),
            bool(row.get("required", True)),
            row.get("origin", "text"),
            row.get("holds", ""),
        )
        for row in _for_tier(manifest.get("archive"), tier, off)
    ]
