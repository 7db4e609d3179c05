"""What is issued on paper: a version or draft, and the marks it is issued under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.plan_diff import PlanDiff
from services.plan_diff_changes import PlanText
from services.plan_text_clauses import Coverage
from services.plan_text_people import UnitRole
from views.i18n import loc


@dataclass(frozen=True, slots=True)
class Issue:
    """What is issued and under which marks. ``version`` names it in words; ``in_force`` is since
    when, "" for a draft; ``changes`` is what it changed in the version ``earlier``, ``reasons``
    why (None where it is the first)."""

    text: PlanText
    unit: str
    unit_roles: Mapping[str, UnitRole]
    version: str
    in_force: str
    made_at: datetime
    document_number: str
    review_on: date | None
    coverage: Coverage
    changes: PlanDiff | None = None
    earlier: str = ""
    reasons: str = ""

    @property
    def title(self) -> str:
        return loc(self.text.bundle.manifest, "title") or self.text.read.process_id
