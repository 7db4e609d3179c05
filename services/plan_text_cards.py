"""A card for each role of a plan: what it answers for, what it does, and what it may never do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.plan_text import PlanRole, WrittenPlan
from services.plan_text_onwards import after
from services.plan_text_steps import Limit, Step, ends

Row = Mapping[str, Any]

#: The special pages on which words for the public are written, judged or let out.
VOICE: Final = frozenset(
    {"planroom:statement-draft", "planroom:statement-review", "planroom:statement-approve",
     "planroom:statement-release"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardStep:
    """A task of the role. ``hands_to`` are keys of the roles that do what follows, ``last``
    when the case may end with it; ``not_same_as`` are the steps whoever did may not do it."""

    step: Step
    hands_to: tuple[str, ...]
    last: bool
    not_same_as: tuple[Step, ...]
    clocks: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """Another's step whose limit, when it passes, is brought to this role."""

    step: Step
    limit: Limit


@dataclass(frozen=True, slots=True)
class RoleCard:
    """``watches`` are the limits escalated to the role; ``approvals`` the kinds it gives;
    ``standing`` clocks no task carries but a duty of this role does (watches, 24 h cover);
    ``replaced`` are clauses of the text that its tasks do otherwise; ``speaks`` when it has a
    hand in words for the public."""

    role: PlanRole
    steps: tuple[CardStep, ...]
    watches: tuple[Watch, ...]
    approvals: tuple[Row, ...]
    standing: tuple[Row, ...]
    replaced: tuple[Row, ...]
    speaks: bool


def role_cards(plan: WrittenPlan, clauses: Sequence[Row]) -> list[RoleCard]:
    """One card a role that has a task, a duty or something to watch, in the plan's order."""
    cards = [_card(plan, role, clauses) for role in plan.roles]
    return [
        card
        for card in cards
        if card.steps or card.watches or card.role.duties or card.approvals or card.standing
    ]


def _card(plan: WrittenPlan, role: PlanRole, clauses: Sequence[Row]) -> RoleCard:
    own = plan.tasks_of(role.key)
    numbers = {step.number for step in own}
    manifest = plan.manifest
    duties = {f"provisions.{row.get('key')}" for row in role.duties}
    return RoleCard(
        role=role,
        steps=tuple(_step(plan, step) for step in own),
        watches=tuple(
            Watch(step, limit)
            for step in plan.by_number.values()
            for limit in step.limits
            if limit.escalate_to == role.key
        ),
        approvals=tuple(r for r in manifest.get("approvals", []) if r.get("role") == role.key),
        standing=tuple(c for c in manifest.get("clocks", []) if c.get("element") in duties),
        replaced=tuple(
            row
            for row in clauses
            if row.get("fate") == "replaced"
            and any(plan.step_of.get(_path(by)) in numbers for by in row.get("by", []))
        ),
        speaks=any(step.element.form_key in VOICE for step in own),
    )


def _step(plan: WrittenPlan, step: Step) -> CardStep:
    following = after(plan.by_number, plan.by_letter, step)
    handed = dict.fromkeys(role for one in following for role in one.roles)
    return CardStep(
        step,
        tuple(handed),
        not following and ends(step.to),
        tuple(plan.by_number[n] for n in step.not_same_as if n in plan.by_number),
        tuple(plan.clocks_of(step)),
    )


def _path(by: str) -> str:
    return by.partition("#")[0]
