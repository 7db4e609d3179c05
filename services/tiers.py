"""The tiers a plan knows, as its ``plan.toml`` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tier:
    """``level`` counts from 1, the highest last."""

    key: str
    level: int
    name: str
    name_en: str
    origin: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the grading table answered."""

    tier: Tier
    rules: tuple[str, ...]
    texts: tuple[str, ...]
    inputs: Mapping[str, Any]


def tiers_of(manifest: Mapping[str, Any]) -> list[Tier]:
    """The plan's tiers, lowest level first."""
    tiers = [
        Tier(
            str(row["key"]),
            int(row["level"]),
            str(row.get("name", row["key"])),
            str(row.get("name_en", "")),
            str(row.get("origin", "text")),
        )
        for row in manifest.get("tiers", [])
    ]
    return sorted(tiers, key=lambda tier: tier.level)


def tier_named(manifest: Mapping[str, Any], key: str | None) -> Tier | None:
    """The tier with this key."""
    return next((tier for tier in tiers_of(manifest) if tier.key == key), None)


def proposed_tier(manifest: Mapping[str, Any], output: Any) -> Tier | None:
    """The tier a decision's output names: a tier's key itself, or a context with ``tier`` (its
    key) or ``level``. None when the decision is about something else."""
    if isinstance(output, str):
        return tier_named(manifest, output)
    if isinstance(output, Mapping):
        found = output.get("tier")
        if isinstance(found, str) and (named := tier_named(manifest, found)) is not None:
            return named
        level = output.get("level")
        if isinstance(level, int | float) and ("tier" in output or len(output) == 1):
            return next((tier for tier in tiers_of(manifest) if tier.level == level), None)
    return None
