"""The time limit of a step of a plan's table: its deadline, its reminder, its escalation and the
clocks of ``plan.toml`` that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.plan_table import TableRow
from services.plan_table_draft import Draft
from services.plan_table_roles import written_role
from workflows.catalogue import Place
from workflows.edits import cut, deadlines, hang, manifest, timers
from workflows.edits.hang import Clock
from workflows.edits.refusal import CannotEdit
from workflows.edits.spans import Span


@dataclass(frozen=True, slots=True)
class LimitChange:
    """``span`` counted from ``anchor`` ("" the step's opening, None as before); ``remind`` minutes
    before, ``escalate`` minutes after to the role ``escalate_to`` (None, "": as before)."""

    span: Span | None
    anchor: str | None = None
    remind: int | None = None
    escalate: int | None = None
    escalate_to: str = ""


def set_limit(draft: Draft, path: str, wanted: LimitChange) -> None:
    """Give the step the limit wanted, or take it away (``span`` None). Raises CannotEdit
    ``in_diagram`` where the limit is handed in by a caller, or as `written_role`."""
    row = draft.row(path)
    place, now = draft.table.place_of(path), row.deadline
    if now is None:
        if wanted.span is not None:
            _add_clocks(draft, row, place, wanted, ("due", "remind", "escalate"))
            draft.tell("limit_added", row, new=wanted.span)
            _move_clocks(draft, row, wanted.span, wanted.anchor or "")
        return
    if wanted.span is None:
        _clear_limit(draft, row)
        return
    if wanted.escalate_to and now.escalate_id:
        _set_escalation(draft, path, wanted.escalate_to)
        row, place = draft.row(path), draft.table.place_of(path)
        now = row.deadline
        assert now is not None
    new = [
        kind
        for kind, there, asked in (
            ("remind", now.remind_id, wanted.remind), ("escalate", now.escalate_id, wanted.escalate)
        )
        if asked is not None and not there
    ]  # fmt: skip
    if new and now.handed is not None:
        raise CannotEdit("in_diagram", "limit")
    _change_limit(draft, path, wanted)
    if new:
        row = draft.row(path)
        _add_clocks(draft, row, draft.table.place_of(path), wanted, new)
        for kind in new:
            draft.tell(kind, row, old=None, new=getattr(wanted, kind))


def _change_limit(draft: Draft, path: str, wanted: LimitChange) -> None:
    """What is there already, changed."""
    row = draft.row(path)
    place, now = draft.table.place_of(path), row.deadline
    assert now is not None and wanted.span is not None
    head = now.head if wanted.anchor is None else wanted.anchor
    same = wanted.span == now.span and head == now.head
    remind = wanted.remind if now.remind_id and wanted.remind != now.remind else None
    escalate = wanted.escalate if now.escalate_id and wanted.escalate != now.escalate else None
    if same and remind is None and escalate is None:
        return
    anchor = None if head == now.head else wanted.anchor
    files, also = deadlines.change(
        draft.files, place, row.element.id, wanted.span,
        anchor=anchor, remind=remind, escalate=escalate,
    )  # fmt: skip
    draft.put(files)
    if wanted.span != now.span or head != now.head:
        draft.tell(
            "limit", row, old=now.span, new=wanted.span, old_head=now.head, new_head=head,
            anchor_moved=head != now.head,
        )  # fmt: skip
        _move_clocks(draft, row, wanted.span, anchor)
        if now.span is not None and _says(row.element.name, now.span):
            draft.tell("name_says", row, old=now.span)
    if remind is not None:
        draft.tell("remind", row, old=now.remind, new=remind)
    if escalate is not None:
        draft.tell("escalate", row, old=now.escalate, new=escalate)
    for code in also:
        draft.tell(code, row, span=wanted.span)


def _add_clocks(
    draft: Draft, row: TableRow, place: Place, wanted: LimitChange, kinds: Sequence[str]
) -> None:
    """Hang a deadline, a reminder or an escalation on the step."""
    now = row.deadline
    head = wanted.anchor if wanted.anchor is not None else (now.head if now is not None else "")
    assert wanted.span is not None
    kind, text = timers.write(head, wanted.span)
    due = timers.Written(kind, text, head, wanted.span)
    anchor = head if head.replace("_", "").isalnum() else ""
    clocks = [Clock("due", (kind, text), anchor)] if "due" in kinds else []
    if wanted.remind is not None and "remind" in kinds:
        clocks.append(Clock("remind", timers.beside(due, -wanted.remind), anchor))
    if wanted.escalate is not None and "escalate" in kinds:
        to = written_role(draft, place, wanted.escalate_to)
        clocks.append(Clock("escalate", timers.beside(due, wanted.escalate), anchor, to))
    draft.put_file(row.file, hang.add(draft.files[row.file], row.file, row.element.id, clocks))


def _clear_limit(draft: Draft, row: TableRow) -> None:
    if row.deadline is not None and row.deadline.handed is not None:
        raise CannotEdit("in_diagram", "amount")
    draft.put_file(row.file, cut.remove_clocks(draft.files[row.file], row.file, row.element.id))
    draft.tell("limit_removed", row)
    _move_clocks(draft, row, None, None)


def _move_clocks(draft: Draft, row: TableRow, span: Span | None, anchor: str | None) -> None:
    """The clocks of ``plan.toml`` that the step carries, in every place its limit holds for."""
    deadline = row.deadline
    handed = deadline is not None and deadline.handed is not None
    name = manifest.FILE
    for path in (row.path,) if handed else (row.path, *row.shared):
        body, found = manifest.change_clocks(draft.files[name], path, span, anchor)
        if found:
            draft.put_file(name, body)
            draft.tell("clock", row, n=found)


def _says(name: str, span: Span) -> bool:
    """Whether a step's name still gives the old length: ``1小时内信息报送``."""
    units = {"minutes": "分钟", "hours": "小时", "days": "天"}
    unit = units.get(span.unit, "日")
    return f"{span.amount}{unit}" in name.replace(" ", "")


def _set_escalation(draft: Draft, path: str, role: str) -> None:
    row = draft.row(path)
    place = draft.table.place_of(path)
    old = next((one.escalate_to for one in row.limits if one.kind == "escalate"), "")
    if old == role:
        return
    key = written_role(draft, place, role)
    draft.put(deadlines.escalate_to(draft.files, place, row.element.id, key))
    draft.tell("escalate_to", row, old=old, new=role)
