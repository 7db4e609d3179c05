"""What an author changes in a step of a plan's table, written into the draft's files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.actor import Actor
from services.plan_table_draft import Draft, Told, Words, saved
from services.plan_table_limits import LimitChange, set_limit
from services.plan_table_roles import set_role
from services.plan_table_tiers import set_tiers
from services.uow import UnitOfWork
from workflows.edits import steps
from workflows.edits.refusal import CannotEdit


@dataclass(frozen=True, slots=True)
class StepChange:
    """What a row is to be; None leaves as it is."""

    name: str | None = None
    name_en: str | None = None
    role: str | None = None
    tiers: frozenset[str] | None = None
    limit: LimitChange | None = None


def change_step(
    uow: UnitOfWork,
    draft_id: int,
    path: str,
    wanted: StepChange,
    actor: Actor,
    now: datetime,
    *,
    words: Words,
    revision: int | None = None,
) -> list[Told]:
    """Change what a row says. Raises as `services.plan_table_draft.saved`, and ``step_unknown``
    404."""
    return saved(
        uow, draft_id, actor, now, revision, words, lambda draft: make(draft, path, wanted)
    )


def make(draft: Draft, path: str, wanted: StepChange) -> None:
    """The change of a row, made in the draft's files. Raises CannotEdit."""
    _rename(draft, path, wanted)
    if wanted.role is not None:
        set_role(draft, path, wanted.role)
    if wanted.tiers is not None:
        set_tiers(draft, path, wanted.tiers)
    if wanted.limit is not None:
        set_limit(draft, path, wanted.limit)


def _rename(draft: Draft, path: str, wanted: StepChange) -> None:
    row = draft.row(path)
    old, old_en = row.element.name, row.element.name_en
    name = old if wanted.name is None else wanted.name.strip()
    english = old_en if wanted.name_en is None else wanted.name_en.strip()
    if (name, english) == (old, old_en):
        return
    if not name:
        raise CannotEdit("required", "name")
    draft.tell("renamed", row, old=old, old_en=old_en, new=name, new_en=english)
    body = steps.rename(draft.files[row.file], row.file, row.element.id, name, english)
    draft.put_file(row.file, body)
