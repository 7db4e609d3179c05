"""Words of a plan that its pages show as links, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from services.plan_text import WrittenPlan
from services.plan_text_clauses import Doer
from views import plan_terms, plan_words
from views.i18n import loc
from views.plan_route_words import step_named

Row = Mapping[str, Any]


def only_tiers(manifest: Row, row: Row) -> str:
    """For which tiers a row counts, "" for all."""
    if not row.get("tiers"):
        return ""
    return " " + _("(限%(tiers)s)", tiers=plan_words.tiers_words(manifest, row["tiers"]))


def doers_words(plan: WrittenPlan, doers: Sequence[Doer]) -> str:
    """What does a clause: steps by number, then what stands outside the diagram, each once."""
    found = dict.fromkeys(_doer(plan, one) for one in doers)
    return _("、").join(found) or "—"


def _doer(plan: WrittenPlan, one: Doer) -> str:
    number = plan.step_of.get(one.path, "") if one.path else ""
    if number in plan.by_number:
        return step_named(plan, number)
    if one.kind == "setting":
        table = plan_words.named(plan_terms.TABLES, one.table)
        return f"{table} {_('“%(name)s”', name=loc(one))}" if loc(one) else table
    return one.by
