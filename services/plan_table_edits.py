"""What an author changes in a plan's table, written into the draft's files.

Each verb reads the draft, makes the change in a copy of its files and saves them as one step that
can be undone. What was changed is told as codes (`Told`); ``words`` puts them into the words that
stay on record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from models.studio import PlanDraft
from services import drafts
from services.actor import Actor
from services.errors import Refusal
from services.plan_folder import bundle_of
from services.plan_table import PlanTable, TableRow, given_in, plan_table
from services.uow import UnitOfWork
from workflows.catalogue import Place
from workflows.edits import cut, deadlines, hang, manifest, roles, skip, steps, swap, tiers, timers
from workflows.edits.drawing import Drawing
from workflows.edits.extension import given
from workflows.edits.hang import Clock
from workflows.edits.refusal import CannotEdit
from workflows.edits.skip import Names
from workflows.edits.spans import Span
from workflows.edits.tiers import Tiers
from workflows.edits.tree import Source

Files = dict[str, bytes]
_CHOICES: Final = ("exclusiveGateway", "inclusiveGateway")


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


@dataclass(frozen=True, slots=True)
class LimitChange:
    """``span`` counted from ``anchor`` ("" the step's opening, None as before); ``remind`` minutes
    before, ``escalate`` minutes after to the role ``escalate_to`` (None, "": as before)."""

    span: Span | None
    anchor: str | None = None
    remind: int | None = None
    escalate: int | None = None
    escalate_to: str = ""


@dataclass(frozen=True, slots=True)
class StepChange:
    """What a row is to be; None leaves as it is."""

    name: str | None = None
    name_en: str | None = None
    role: str | None = None
    tiers: frozenset[str] | None = None
    limit: LimitChange | None = None


class Draft:
    """The files of a draft while they are changed, and the table they make."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.before = dict(files)
        self.files = dict(files)
        self.told: list[Told] = []
        self._table: PlanTable | None = None

    @property
    def table(self) -> PlanTable:
        if self._table is None:
            self._table = plan_table(bundle_of(self.files))
        return self._table

    def put(self, changed: Mapping[str, bytes]) -> None:
        self.files.update(changed)
        self._table = None

    def put_file(self, name: str, body: bytes) -> None:
        self.put({name: body})

    def row(self, path: str) -> TableRow:
        """Raises Refusal ``step_unknown`` 404."""
        found = self.table.row(path)
        if found is None:
            raise Refusal("step_unknown", 404)
        return found

    def tell(self, code: str, row: TableRow | None = None, **args: Any) -> None:
        name = row.element.name if row is not None else ""
        english = row.element.name_en if row is not None else ""
        self.told.append(Told(code, name, english, args))

    @property
    def changes(self) -> dict[str, bytes]:
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
    ``form_invalid`` 422 with the code of what cannot be done, by field."""
    row: PlanDraft = drafts.get_draft(uow.session, draft_id)
    draft = Draft(drafts.files_of(uow.session, row))
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
    """Change what a row says. Raises as `saved`, and ``step_unknown`` 404."""
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


# ----------------------------------------------------------------------------- the parts


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


def set_limit(draft: Draft, path: str, wanted: LimitChange) -> None:
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


def set_tiers(draft: Draft, path: str, wanted: frozenset[str]) -> None:
    """Let the step come for these tiers only, by the condition it hangs on. Raises CannotEdit
    ``in_diagram`` where it hangs on none of the tier, ``tier_taken``."""
    row = draft.row(path)
    if row.tiers == wanted:
        return
    every = Tiers.of(draft.table.manifest)
    if not wanted or not wanted <= every.all:
        raise CannotEdit("no_tiers", "tiers")
    place = draft.table.place_of(path)
    flows = place.scope.incoming(row.element.id)
    gate = place.scope.nodes.get(flows[0].source) if len(flows) == 1 else None
    flow = flows[0] if len(flows) == 1 else None
    known = flow is not None and (
        tiers.splits(flow.condition, every)
        or tiers.admitted(flow.condition, every, given_in(place)) != every.all
    )
    if gate is None or gate.kind not in _CHOICES or flow is None or not known:
        _wrap(draft, row, place, wanted, every)
        draft.tell("tiers", row, old=row.tiers, new=wanted)
        return
    others = [one for one in place.scope.outgoing(gate.id) if one is not flow]
    if tiers.splits(flow.condition, every):
        if gate.kind == "exclusiveGateway":
            _require_free(flow.condition, [one.condition for one in others], wanted, every)
        text = tiers.rewritten(flow.condition, wanted, every, grading(draft))
        if not text:  # for every tier: a condition that always holds
            lowest = min(every.levels.values())
            text = f"{grading(draft)}.level >= {lowest}"
        source = Source(draft.files[row.file], row.file)
        node = source.node(flow.id).first("conditionExpression")
        assert node is not None
        source.set_text(node, text)
        draft.put_file(row.file, source.done())
    else:
        _set_handed(draft, place, flow.condition, wanted, every)
    left = next((one for one in others if one.default), None)
    draft.tell("tiers", row, old=row.tiers, new=wanted)
    if left is not None and row.tiers is not None and row.tiers - wanted and left.name:
        draft.tell("tiers_left", row, tiers=row.tiers - wanted, way=left.name, way_en=left.name_en)


def _wrap(draft: Draft, row: TableRow, place: Place, wanted: frozenset[str], every: Tiers) -> None:
    """A choice by tier around a step that comes for all: only where the grading is known, in the
    plan's own process and after it."""
    grade = grading(draft)
    numbers = [one.path for one in draft.table.rows]
    inner = place
    while inner.parent is not None and inner.call is None:
        inner = inner.parent
    around = set(row.path.split("/")[:-1])
    if inner.call is not None or grade in around or numbers.index(grade) >= numbers.index(row.path):
        raise CannotEdit("in_diagram", "tiers")
    if row.tiers is not None and wanted - row.tiers:  # another choice before it decides
        raise CannotEdit("in_diagram", "tiers")
    shown = [one for one in draft.table.manifest.get("tiers", []) if one["key"] in wanted]
    taken = Names(
        "、".join(str(one.get("name", one["key"])) for one in shown),
        ", ".join(str(one.get("name_en") or one["key"]) for one in shown),
    )
    body = skip.wrap(
        draft.files[row.file], row.file, row.element.id, tiers.written(wanted, every, grade),
        Names("按等级?", "By tier?"), taken, Names("其他等级", "Other tiers"),
    )  # fmt: skip
    draft.put_file(row.file, body)


def _require_free(
    condition: str, others: Sequence[str], wanted: frozenset[str], every: Tiers
) -> None:
    """No other way of the same choice may take a tier under the same further condition."""
    rest = tiers.rest(condition, every)
    for other in others:
        if other and tiers.splits(other, every) and tiers.rest(other, every) == rest:
            both = wanted & tiers.admitted(other, every)
            if both:
                raise CannotEdit("tier_taken", "tiers", tiers=" ".join(sorted(both)))


def _set_handed(
    draft: Draft, place: Place, condition: str, wanted: frozenset[str], every: Tiers
) -> None:
    """The condition is a flag its caller hands in: change what is handed in by this call."""
    name = tiers.flag(condition)
    around: Place | None = place
    while around is not None and around.call is None:
        around = around.parent
    if not name or around is None or around.call is None or around.parent is None:
        raise CannotEdit("in_diagram", "tiers")
    mapping = next((one for one in around.call.ins if one.target == name), None)
    if mapping is not None and mapping.source:  # handed on: look where it is said
        _set_handed(draft, around.parent, mapping.source, wanted, every)
        return
    if mapping is None or any(one.call is not None for one in around.parent.up()):
        raise CannotEdit("in_diagram", "tiers")
    text = tiers.rewritten(mapping.expression, wanted, every, grading(draft)) or "true"
    file = around.parent.scope.process.file
    source = Source(draft.files[file], file)
    item = given(source.node(around.path.rpartition("/")[2]), name)
    assert item is not None
    source.set(item, "sourceExpression", text)
    draft.put_file(file, source.done())


def grading(draft: Draft) -> str:
    """The id of the plan's grading task, whose result conditions ask. Raises CannotEdit
    ``in_diagram`` where it has none of its own."""
    root = draft.table.read.root
    for node in root.scope.nodes.values():
        if draft.table.read.elements[node.id].form_key == "planroom:grade":
            return node.id
    raise CannotEdit("in_diagram", "tiers")
