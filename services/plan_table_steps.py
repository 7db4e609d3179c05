"""Steps added to a plan's table, taken out of it and moved within it; the drawing follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.actor import Actor
from services.plan_table import PlanTable, TableRow
from services.plan_table_draft import Draft, Told, Words, saved
from services.plan_table_limits import LimitChange, set_limit
from services.plan_table_roles import written_role
from services.uow import UnitOfWork
from workflows.catalogue import Place
from workflows.diagram import Flow
from workflows.edits import cut, insert, manifest, swap
from workflows.edits.new_text import Field, NewTask
from workflows.edits.refusal import CannotEdit
from workflows.edits.steps import fresh
from workflows.edits.tree import Source

_NOTE: Final = ("办理情况", "What was done")
_DONE: Final = ("是否办成", "Done?")


@dataclass(frozen=True, slots=True)
class NewStep:
    """``form`` is ``note`` (a text), ``done`` (yes or no, and a text) or a special page's key;
    ``returns``: a review of kind ``kind`` that sends the text back unless it agrees."""

    name: str
    name_en: str
    role: str
    form: str
    kind: str = ""
    returns: bool = False
    limit: LimitChange | None = None


def add_step(
    uow: UnitOfWork, draft_id: int, path: str, step: NewStep, actor: Actor, now: datetime,
    *, words: Words, revision: int | None = None,
) -> list[Told]:  # fmt: skip
    """A step after the row ``path`` (a review of a text to be signed: before the signature).
    Raises as `services.plan_table_draft.saved`."""
    return saved(uow, draft_id, actor, now, revision, words, lambda draft: add(draft, path, step))


def add(draft: Draft, path: str, step: NewStep) -> str:
    """`add_step` in the draft's files; returns the new step's path. Raises CannotEdit."""
    row = draft.row(path)
    place = draft.table.place_of(path)
    role = written_role(draft, place, step.role)
    before = step.returns and row.element.form_key == "planroom:statement-approve"
    flow = _flow_to(place, row) if before else _flow_from(place, row)
    taken = _taken(draft)
    id = fresh(taken, "unit_review" if step.returns else "unit_step")
    source_draft = _draft_step(place, row) if step.returns else ""
    task = NewTask(
        id, step.name, step.name_en, role,
        form_key=step.form if step.form.startswith("planroom:") else "",
        fields=_fields(step.form, taken | {id}), kind=step.kind, not_same_as=source_draft,
    )  # fmt: skip
    body = draft.files[row.file]
    if step.returns:
        _require_free_kind(draft, step.kind)
        gateway = fresh(taken | {id}, f"gw_{id}")
        made = insert.add_review(
            body, row.file, flow.id, task, source_draft, gateway, "审核意见", "Decision"
        )
    else:
        made = insert.add_task(body, row.file, flow.id, task)
    draft.put_file(row.file, made.data)
    new = place.path_of(id)
    added = draft.row(new)
    if step.returns:
        _approval_row(draft, step, added)
        draft.tell("review_added", added, role=step.role)
    else:
        draft.tell(
            "added", added, after=row.element.name, after_en=row.element.name_en, role=step.role
        )
    if step.limit is not None and step.limit.span is not None:
        set_limit(draft, new, step.limit)
        added = draft.row(new)
    if made.lane:
        draft.tell("lane_role", added, lane=made.lane, role=step.role)
    if added.shared:
        draft.tell("shared", added, n=len(added.shared) + 1)
    return new


def _flow_from(place: Place, row: TableRow) -> Flow:
    """The flow behind a step. Of a review whose gateway only asks how it was decided: the way
    on when it was agreed."""
    flows = place.scope.outgoing(row.element.id)
    if len(flows) != 1:
        raise CannotEdit("in_diagram")
    flow = flows[0]
    gate = place.scope.nodes.get(flow.target)
    if gate is None or gate.kind != "exclusiveGateway" or len(place.scope.incoming(gate.id)) != 1:
        return flow
    agreed = [
        one for one in place.scope.outgoing(gate.id)
        if f'{row.element.id}.decision = "approve"' in one.condition
    ]  # fmt: skip
    return agreed[0] if len(agreed) == 1 else flow


def _flow_to(place: Place, row: TableRow) -> Flow:
    flows = place.scope.incoming(row.element.id)
    if len(flows) != 1:
        raise CannotEdit("in_diagram")
    return flows[0]


def _draft_step(place: Place, row: TableRow) -> str:
    """The task that drafts the text under review."""
    drafts = [
        node.id for node in place.scope.nodes.values()
        if node.kind == "userTask"
        and node.node.get("{http://camunda.org/schema/1.0/bpmn}formKey")
        == "planroom:statement-draft"
    ]  # fmt: skip
    if len(drafts) != 1:
        raise CannotEdit("no_draft_step")
    return drafts[0]


def _require_free_kind(draft: Draft, kind: str) -> None:
    """One step a kind: an approval given twice would count once."""
    if any(
        row.element.properties.get("approvalKind") == kind
        for row in draft.table.rows
        if row.kind == "task"
    ):
        raise CannotEdit("kind_taken", "kind")


def _approval_row(draft: Draft, step: NewStep, added: TableRow) -> None:
    body = draft.files[manifest.FILE]
    rows = manifest.rows(body, "approvals")
    if any(row.get("kind") == step.kind for row in rows):
        return
    values = {"kind": step.kind, "role": step.role, "name": step.name, "name_en": step.name_en}
    last = next((str(row["kind"]) for row in rows if row.get("kind") == "final"), "")
    draft.put_file(manifest.FILE, manifest.add_row(body, "approvals", values, before=last))


def _fields(form: str, taken: set[str]) -> tuple[Field, ...]:
    if form not in ("note", "done"):
        return ()
    note = Field(fresh(taken, "note"), *_NOTE, "string", long=True, required=form == "note")
    if form == "note":
        return (note,)
    return (Field(fresh(taken, "done"), *_DONE, "boolean"), note)


def _taken(draft: Draft) -> set[str]:
    """Names that mean something in the plan already."""
    found = set(draft.table.manifest.get("variables", {}))
    for name, body in draft.files.items():
        if name.endswith(".bpmn"):
            found |= Source(body, name).names
    return found


def moves(table: PlanTable, row: TableRow) -> tuple[str, ...]:
    """Which ways a step can be moved: ``up``, ``down``."""
    if row.kind != "task":
        return ()
    place = table.place_of(row.path)
    found = [way for way in ("up", "down") if _neighbour(place, row.element.id, way == "up")]
    return tuple(found)


def _neighbour(place: Place, id: str, up: bool) -> str:
    """The step right before or after in a plain chain, "" for none."""
    scope = place.scope
    flows = scope.incoming(id) if up else scope.outgoing(id)
    if len(flows) != 1 or flows[0].condition or flows[0].default:
        return ""
    other = flows[0].source if up else flows[0].target
    node = scope.nodes.get(other)
    if node is None or node.kind != "userTask":
        return ""
    chain = all(
        len(scope.incoming(one)) == 1 and len(scope.outgoing(one)) == 1 for one in (id, other)
    )
    return other if chain else ""


def remove_step(
    uow: UnitOfWork, draft_id: int, path: str, actor: Actor, now: datetime,
    *, words: Words, revision: int | None = None,
) -> list[Told]:  # fmt: skip
    """Take a step out: what led to it leads on to what followed. Raises as `add_step`."""
    return saved(uow, draft_id, actor, now, revision, words, lambda draft: remove(draft, path))


def remove(draft: Draft, path: str) -> None:
    """`remove_step` in the draft's files. Raises CannotEdit."""
    row = draft.row(path)
    if row.kind != "task" or row.element.form_key == "planroom:grade":
        raise CannotEdit("in_diagram")
    _require_unasked(draft, row)
    body = cut.remove_step(draft.files[row.file], row.file, row.element.id)
    draft.tell("removed", row)
    if row.shared:
        draft.tell("shared", row, n=len(row.shared) + 1)
    draft.put_file(row.file, body)
    kind = row.element.properties.get("approvalKind", "")
    rows = manifest.rows(draft.files[manifest.FILE], "approvals")
    left = [one for one in draft.table.rows if one.element.properties.get("approvalKind") == kind]
    if kind and not left and any(one.get("kind") == kind for one in rows):
        text = manifest.remove_row(draft.files[manifest.FILE], "approvals", kind)
        draft.put_file(manifest.FILE, text)


def _require_unasked(draft: Draft, row: TableRow) -> None:
    """What a step says may be asked in its own process only, and `cut.remove_step` looks there;
    a decision table, a clock or the table of contents may name it, too."""
    asked = re.compile(rf"(?<![\w.]){re.escape(row.element.id)}\s*\.")
    for name, body in draft.files.items():
        if name.endswith(".dmn") and asked.search(body.decode("utf-8", "replace")):
            raise CannotEdit("asked_elsewhere")
    paths = (row.path, *row.shared)
    for one in draft.table.manifest.get("clocks", []):
        if one.get("element") in paths:
            raise CannotEdit("clock_on_it", clock=str(one.get("id", "")))
    for one in draft.table.manifest.get("archive", []):
        if one.get("holds") == f"task:{row.element.id}":
            raise CannotEdit("kept_in_archive", name=str(one.get("name", "")))


def move_step(
    uow: UnitOfWork, draft_id: int, path: str, up: bool, actor: Actor, now: datetime,
    *, words: Words, revision: int | None = None,
) -> list[Told]:  # fmt: skip
    """Change a step's place with the one before or after it. Raises as `add_step`."""
    return saved(uow, draft_id, actor, now, revision, words, lambda draft: move(draft, path, up))


def move(draft: Draft, path: str, up: bool) -> None:
    """`move_step` in the draft's files. Raises CannotEdit."""
    row = draft.row(path)
    place = draft.table.place_of(path)
    other = _neighbour(place, row.element.id, up)
    if not other:
        raise CannotEdit("in_diagram")
    pair = (other, row.element.id) if up else (row.element.id, other)
    body = swap.swap(draft.files[row.file], row.file, *pair)
    passed = draft.row(place.path_of(other)).element
    draft.put_file(row.file, body)
    draft.tell("moved", row, other=passed.name, other_en=passed.name_en, up=up)
    if row.shared:
        draft.tell("shared", row, n=len(row.shared) + 1)
