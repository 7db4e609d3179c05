"""A draft while its table is changed: its files, what was changed in them, saved as one step that
can be undone.

What was changed is told as codes (`Told`); ``words`` puts them into the words that stay on record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services import draft_reading, drafts
from services.actor import Actor
from services.errors import Refusal
from services.plan_folder import bundle_of
from services.plan_table import PlanTable, TableRow, plan_table
from services.uow import UnitOfWork
from workflows.edits.refusal import CannotEdit


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was changed. ``step`` is the row's element's name, "" for rows of
    ``plan.toml``; ``args`` fill the sentence of ``code`` (values of the plan, spans, keys)."""

    code: str
    step: str = ""
    step_en: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)


#: What was changed, and the table it made, as the words that stay on record.
Words = Callable[[Sequence[Told], PlanTable], str]


class Draft:
    """The files of a draft while they are changed, and the table they make. ``told``: what was
    changed, in order."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.before = dict(files)
        self.files = dict(files)
        self.told: list[Told] = []
        self._table: PlanTable | None = None

    @property
    def table(self) -> PlanTable:
        """Of the files as they are now. Raises DeploymentError where they make none."""
        if self._table is None:
            self._table = plan_table(bundle_of(self.files))
        return self._table

    def put(self, changed: Mapping[str, bytes]) -> None:
        """Put changed files in place of the old ones."""
        self.files.update(changed)
        self._table = None

    def put_file(self, name: str, body: bytes) -> None:
        """Put one changed file in place of the old one."""
        self.put({name: body})

    def row(self, path: str) -> TableRow:
        """Raises Refusal ``step_unknown`` 404."""
        found = self.table.row(path)
        if found is None:
            raise Refusal("step_unknown", 404)
        return found

    def tell(self, code: str, row: TableRow | None = None, **args: Any) -> None:
        """Note a change of the row's step, or of ``plan.toml`` (None)."""
        name = row.element.name if row is not None else ""
        english = row.element.name_en if row is not None else ""
        self.told.append(Told(code, name, english, args))

    @property
    def changes(self) -> dict[str, bytes]:
        """The files that are not as they were, by name."""
        return {n: body for n, body in self.files.items() if self.before.get(n) != body}


def saved(
    uow: UnitOfWork,
    draft_id: int,
    actor: Actor,
    now: datetime,
    revision: int | None,
    words: Words,
    work: Callable[[Draft], object],
) -> list[Told]:
    """Make one change of a draft and save it. Raises Refusal as `services.drafts.save_files`, and
    ``form_invalid`` 422 with the code of what cannot be done, by field ("form": of no field)."""
    # Who may, and on which revision, before anything is said of the plan.
    row = drafts.save_files(uow, draft_id, {}, actor, now, revision=revision)
    draft = Draft(draft_reading.files_of(uow.session, row))
    try:
        work(draft)
    except CannotEdit as cannot:
        field_ = cannot.field or "form"
        raise Refusal(
            "form_invalid", 422, errors={field_: cannot.code}, args=dict(cannot.args_)
        ) from cannot
    what = words(draft.told, draft.table)
    drafts.save_files(uow, draft_id, draft.changes, actor, now, revision=revision, what=what)
    return draft.told
