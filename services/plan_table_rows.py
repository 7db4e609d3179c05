"""Rows of ``plan.toml`` that an author keeps in the table: whom the plan tells, which approvals a
text needs, what is kept at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.actor import Actor
from services.plan_table_draft import Draft, Told, Words, saved
from services.plan_table_roles import set_role
from services.plan_table_tiers import set_tiers
from services.uow import UnitOfWork
from workflows.edits import manifest
from workflows.edits.refusal import CannotEdit
from workflows.edits.steps import fresh
from workflows.edits.tiers import Tiers

TABLES: Final = ("recipients", "approvals", "archive")


def save_row(
    uow: UnitOfWork,
    draft_id: int,
    table: str,
    key: str,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    *,
    words: Words,
    revision: int | None = None,
) -> list[Told]:
    """Change the row ``key`` of ``[[table]]``, or add one (``key`` ""). ``values`` are ``name``,
    ``name_en``, ``tiers`` (none: all), of an approval ``role``, of the archive ``required``
    ("true"). Raises as `services.plan_table_draft.saved`."""
    return saved(
        uow, draft_id, actor, now, revision, words, lambda draft: put(draft, table, key, values)
    )


def remove_row(
    uow: UnitOfWork, draft_id: int, table: str, key: str, actor: Actor, now: datetime,
    *, words: Words, revision: int | None = None,
) -> list[Told]:  # fmt: skip
    """Take a row out. An approval goes with the step that gives it (`plan_table_steps`)."""
    return saved(uow, draft_id, actor, now, revision, words, lambda draft: drop(draft, table, key))


def put(draft: Draft, table: str, key: str, values: Mapping[str, Any]) -> None:
    """`save_row` in the draft's files. Raises CannotEdit."""
    _require_own(draft, table)
    name = str(values.get("name", "")).strip()
    if not name:
        raise CannotEdit("required", "name")
    if max(len(name), len(str(values.get("name_en", "")))) > 200:
        raise CannotEdit("too_long", "name")
    body = draft.files[manifest.FILE]
    tiers = _tiers(draft, values)
    wanted: dict[str, Any] = {
        "name": name, "name_en": str(values.get("name_en", "")).strip(), "tiers": tiers,
    }  # fmt: skip
    if table == "archive":
        wanted["required"] = values.get("required") == "true"
    if not key:
        if table == "approvals":  # it needs a step that gives it
            raise CannotEdit("in_diagram", "name")
        taken = {str(row.get("key")) for row in manifest.rows(body, table)}
        made = fresh(taken, "unit")
        draft.put_file(manifest.FILE, manifest.add_row(body, table, {"key": made, **wanted}))
        draft.tell("row_added", table=table, name=name)
        return
    if table == "approvals":
        _approval(draft, key, str(values.get("role", "")), tiers)
    draft.put_file(manifest.FILE, manifest.set_row(draft.files[manifest.FILE], table, key, wanted))
    if draft.changes:
        draft.tell("row_changed", table=table, name=name)


def _approval(draft: Draft, kind: str, role: str, tiers: list[str]) -> None:
    """The steps that give an approval go with its row: else a text would wait for an approval
    nobody is asked for."""
    paths = [
        row.path
        for row in draft.table.rows
        if row.element.properties.get("approvalKind") == kind and row.kind == "task"
    ]
    if role and role not in draft.table.plan.role_named:
        raise CannotEdit("unknown_role", "role")
    every = Tiers.of(draft.table.manifest).all
    wanted = frozenset(tiers) or every
    before = next(
        row for row in manifest.rows(draft.files[manifest.FILE], "approvals")
        if row.get("kind") == kind
    )  # fmt: skip
    if role:
        for path in paths:
            set_role(draft, path, role)
        body = draft.files[manifest.FILE]
        draft.put_file(manifest.FILE, manifest.set_row(body, "approvals", kind, {"role": role}))
    if wanted - (frozenset(before.get("tiers", [])) or every):
        for path in paths:
            row = draft.row(path)
            if row.tiers is not None and not wanted <= row.tiers:
                set_tiers(draft, path, wanted)


def drop(draft: Draft, table: str, key: str) -> None:
    """`remove_row` in the draft's files. Raises CannotEdit ``not_found``, ``in_diagram``,
    ``last_recipient``."""
    _require_own(draft, table)
    body = draft.files[manifest.FILE]
    rows = manifest.rows(body, table)
    row = next((one for one in rows if one.get(manifest.KEYS[table]) == key), None)
    if row is None:
        raise CannotEdit("not_found")
    if table == "approvals":
        raise CannotEdit("in_diagram")
    if table == "recipients" and len(rows) == 1:
        raise CannotEdit("last_recipient")
    draft.put_file(manifest.FILE, manifest.remove_row(body, table, key))
    draft.tell("row_removed", table=table, name=str(row.get("name", key)))


def _tiers(draft: Draft, values: Mapping[str, Any]) -> list[str]:
    """In the plan's order; none where all were chosen."""
    given = set(values.get("tiers") or ())
    keys = [str(row["key"]) for row in draft.table.manifest.get("tiers", [])]
    found = [key for key in keys if key in given]
    return [] if len(found) == len(keys) else found


def _require_own(draft: Draft, table: str) -> None:
    """An alias takes a table it does not have from the other plan: that one is not written in."""
    body = draft.files.get(manifest.FILE, b"")
    if draft.table.manifest.get("alias") and not manifest.rows(body, table):
        raise CannotEdit("in_diagram")
