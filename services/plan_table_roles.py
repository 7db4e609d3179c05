"""Who does a step of a plan's table: the role on it, in its lane and in its approval's row."""

from __future__ import annotations

from collections.abc import Sequence

from services.plan_table import TableRow
from services.plan_table_draft import Draft
from workflows.catalogue import Place
from workflows.edits import manifest, roles, swap
from workflows.edits.drawing import Drawing
from workflows.edits.refusal import CannotEdit
from workflows.edits.tree import Source


def set_role(draft: Draft, path: str, role: str) -> None:
    """Let another role of the plan do the step; an approval's row in ``plan.toml`` goes with
    it."""
    row = draft.row(path)
    if row.roles == (role,):
        return
    place = draft.table.place_of(path)
    key = written_role(draft, place, role)
    source = Source(draft.files[row.file], row.file)
    roles.assign(source, row.element.id, key)
    draft.tell("role", row, old=list(row.roles), new=[role])
    _set_lane(draft, row, source, key, role)
    kind = row.element.properties.get("approvalKind", "")
    draft.put_file(row.file, source.done())
    _approval_role(draft, kind, row.roles, role)


def _set_lane(draft: Draft, row: TableRow, source: Source, key: str, role: str) -> None:
    """Into a lane of the role's steps where there is one and it can be drawn; else the lane it
    is in has the role from now on."""
    id = row.element.id
    lane = roles.lane_of(source, id)
    if lane is None or not lane.roles or key in lane.roles:
        return
    drawing = Drawing(source)
    for other in roles.lanes(source):
        if key in other.roles and id in lane.holds:
            made = swap.relane(source, drawing, id, other.node.id)
            if made is not None:
                made.write(source)
                draft.tell("lane", row, lane=other.node.get("name"))
                return
    if roles.admit(source, lane, key):
        draft.tell("lane_role", row, lane=lane.node.get("name"), role=role)


def _approval_role(draft: Draft, kind: str, old: Sequence[str], new: str) -> None:
    body = draft.files.get(manifest.FILE, b"")
    for one in manifest.rows(body, "approvals"):
        if kind and one.get("kind") == kind and one.get("role") in old:
            draft.put_file(manifest.FILE, manifest.set_row(body, "approvals", kind, {"role": new}))


def written_role(draft: Draft, place: Place, role: str) -> str:
    """The key that means the plan's role where the place's process is written. Raises CannotEdit
    ``unknown_role``, ``in_diagram`` where the call binds that key to another."""
    bound = draft.table.plan.role_named.get(role)
    if bound is None:
        raise CannotEdit("unknown_role", "role")
    if place.roles.get(role) != bound.role:
        raise CannotEdit("in_diagram", "role")
    return role
